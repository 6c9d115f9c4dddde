from types import SimpleNamespace

import pytest
from sqlalchemy import Connection

from issuance.catalogue.models import Relation
from issuance.registries.errors import InvalidNationalNumber
from issuance.registries.kinship import FIRST_DEGREE, prove_relation
from issuance.registries.registrars import registrar_kin


@pytest.mark.parametrize(
    ("applicant", "subject", "relation"),
    [
        ("KARIM", "KARIM", "self"),
        ("KARIM", "JAD", "parent"),
        ("RIMA", "JAD", "parent"),
        ("JAD", "KARIM", "child"),
        ("HUDA", "OMAR", "child"),
        ("KARIM", "DIMA", "spouse"),
        ("DIMA", "KARIM", "spouse"),
        ("SALMA", "OMAR", "spouse"),
        ("BASEL", "HUDA", "spouse"),
    ],
)
def test_first_degree_is_proven(
    connection: Connection, who: SimpleNamespace, applicant: str, subject: str, relation: str
) -> None:
    proof = prove_relation(connection, getattr(who, applicant), getattr(who, subject))

    assert proof is not None
    assert proof.relation == relation
    assert proof.facts


@pytest.mark.parametrize(
    ("applicant", "subject"),
    [
        pytest.param("RIMA", "KARIM", id="divorced"),
        pytest.param("OMAR", "KARIM", id="a dead applicant"),
        pytest.param("JAD", "OMAR", id="grandchild"),
        pytest.param("DIMA", "JAD", id="stepmother"),
        pytest.param("JAD", "TALA", id="half-brother, where siblings are not accepted"),
        pytest.param("NIZAR", "SAMI", id="stranger"),
    ],
)
def test_others_are_not_first_degree(
    connection: Connection, who: SimpleNamespace, applicant: str, subject: str
) -> None:
    assert prove_relation(connection, getattr(who, applicant), getattr(who, subject)) is None


@pytest.mark.parametrize("pair", [("99999999999", "JAD"), ("JAD", "99999999999"), ("99999999999",) * 2])
def test_an_unknown_person_proves_nothing_and_tells_nothing(
    connection: Connection, who: SimpleNamespace, pair: tuple[str, str]
) -> None:
    applicant, subject = (getattr(who, name, name) for name in pair)

    assert prove_relation(connection, applicant, subject) is None


def test_siblings_count_where_the_service_accepts_them(connection: Connection, who: SimpleNamespace) -> None:
    accepted = FIRST_DEGREE | {Relation.SIBLING}

    for applicant, subject in ((who.KARIM, who.HUDA), (who.JAD, who.TALA), (who.TALA, who.TAIM)):
        proof = prove_relation(connection, applicant, subject, accepted=accepted)
        assert proof is not None
        assert proof.relation is Relation.SIBLING


def test_only_what_the_service_accepts_is_proven(connection: Connection, who: SimpleNamespace) -> None:
    assert prove_relation(connection, who.KARIM, who.JAD, accepted={Relation.SELF}) is None
    assert prove_relation(connection, who.KARIM, who.KARIM, accepted={Relation.PARENT}) is None


def test_a_proof_names_the_rows_that_prove_it(connection: Connection, who: SimpleNamespace) -> None:
    proof = prove_relation(connection, who.KARIM, who.JAD)

    assert proof is not None
    assert proof.to_json() == {
        "relation": "parent",
        "applicant": who.KARIM,
        "subject": who.JAD,
        "registry": "civil-registry",
        "facts": [
            {"reference": f"persons/{who.JAD}", "says": f"father={who.KARIM}"},
            {"reference": "births/1201000002", "says": f"child={who.JAD}"},
        ],
    }


def test_a_marriage_with_an_unfinished_divorce_is_proven_with_that_divorce_named(
    connection: Connection, who: SimpleNamespace
) -> None:
    proof = prove_relation(connection, who.BASEL, who.HUDA)

    assert proof is not None
    assert [fact.reference for fact in proof.facts] == ["marriages/2199500001", "divorces/3202500001"]


@pytest.mark.parametrize(
    ("registrar", "person", "expected"),
    [
        ("JAD", "JAD", ("self", 0)),
        ("JAD", "KARIM", ("ascendant", 1)),
        ("JAD", "OMAR", ("ascendant", 2)),
        ("SALMA", "TALA", ("descendant", 2)),
        ("DIMA", "KARIM", ("spouse", 0)),
        ("HUDA", "BASEL", ("spouse", 0)),
        ("RIMA", "KARIM", None),
        ("JAD", "TALA", None),
        ("HUDA", "KARIM", None),
        ("NIZAR", "JAD", None),
    ],
)
def test_a_registrar_may_not_act_for_the_direct_line_or_a_spouse(
    connection: Connection,
    who: SimpleNamespace,
    registrar: str,
    person: str,
    expected: tuple[str, int] | None,
) -> None:
    """Law 376/1957; siblings are not in it."""
    kin = registrar_kin(connection, getattr(who, registrar), getattr(who, person))

    assert (None if kin is None else (kin.relation, kin.degree)) == expected


def test_kinship_is_asked_of_national_numbers_only(connection: Connection, who: SimpleNamespace) -> None:
    for ask in (prove_relation, registrar_kin):
        with pytest.raises(InvalidNationalNumber):
            ask(connection, who.JAD, "' OR 1=1 --")
