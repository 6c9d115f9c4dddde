"""What every connector promises to those who render, seal and embed its records."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.embedded_json import schema_address, validate_embedded_json
from issuance.catalogue.models import DocumentKind, Relation
from issuance.registries.answers import Ambiguous, Contradicted, Incomplete, NotFound, Record
from issuance.registries.civil_registry import CivilRegistry
from issuance.registries.connector import Connector
from issuance.registries.kinship import FIRST_DEGREE, prove_relation
from issuance.registries.registrars import registrar_kin
from issuance.registries.sample_register import build_register
from issuance.registries.samples import granted_cases, sample_subjects, unfinished_divorces
from issuance.registries.tables import open_register, persons
from issuance.registries.workers_register import WorkersRegister
from signing.formats.canonical_json import JsonValue, encode_canonical_json

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KINDS = [kind for kind in DocumentKind if kind is not DocumentKind.REFUSAL_NOTICE]
Make = Callable[[Engine], Connector]
CONNECTORS: dict[str, Make] = {
    "civil-registry": lambda register: CivilRegistry(register, clock=lambda: AT),
    "workers-register": lambda register: WorkersRegister(register, clock=lambda: AT),
}
DOCUMENT: dict[str, JsonValue] = {
    "number": "260000000017",
    "issued_on": "2026-11-22",
    "valid_until": "2027-02-20",
    "agency": "civil-registry",
    "service": "birth",
    "service_version": 1,
    "issued_at_office": {"ar": "مركز خدمة المواطن في حمص", "en": "Citizen Service Centre of Homs"},
    "request_number": "R-26-0000000017",
    "purpose": None,
    "template": "0" * 64,
    "check_code": "7KQ2M9XA4RTB",
}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("sample") / "register.sqlite"
    build_register(path, persons=8_000)
    engine = open_register(path)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def connectors(register: Engine) -> dict[DocumentKind, Connector]:
    """For each kind, the connector that its service definition names."""
    return {service.kind: CONNECTORS[service.registry](register) for service in Catalogue.load()}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_answered_follows_the_schema_of_its_kind(
    register: Engine, connectors: dict[DocumentKind, Connector], kind: DocumentKind
) -> None:
    with register.connect() as connection:
        everybody = list(connection.execute(select(persons.c.national_number)).scalars())
        cases = [case.subject for case in granted_cases(connection, kind, limit=40)]
    subjects = cases + everybody[:: len(everybody) // 160]
    answers = [connectors[kind].lookup(kind, subject) for subject in subjects]
    records = [answer for answer in answers if isinstance(answer, Record)]

    assert len(records) >= 40
    for record in records:
        embedded: dict[str, JsonValue] = {
            "$schema": schema_address(kind, "https://verify.wathiqa.example"),
            "kind": record.kind.value,
            "document": DOCUMENT,
            "record": record.data,
        }
        validate_embedded_json(embedded)
        encode_canonical_json(embedded)
    for answer in answers:
        assert isinstance(answer, Record | NotFound | Incomplete | Contradicted | Ambiguous)


@pytest.mark.parametrize("kind", KINDS)
def test_granted_cases_are_granted_and_their_applicants_are_kin(
    register: Engine, connectors: dict[DocumentKind, Connector], kind: DocumentKind
) -> None:
    who = Catalogue.load().find(kind.value).who
    with register.connect() as connection:
        cases = granted_cases(connection, kind, limit=25)
        for case in cases:
            assert isinstance(connectors[kind].lookup(kind, case.subject), Record)
            assert prove_relation(connection, case.applicant, case.subject, accepted=who) is not None

    assert len(cases) == 25


def test_each_sample_situation_is_what_it_says(
    register: Engine, connectors: dict[DocumentKind, Connector]
) -> None:
    with register.connect() as connection:
        samples = sample_subjects(connection)
        again = sample_subjects(connection)
        stranger = prove_relation(
            connection, samples.stranger.applicant, samples.stranger.subject, accepted=frozenset(Relation)
        )
        unfinished = unfinished_divorces(connection, limit=3)
    answers = {
        name: connectors[case.service].lookup(case.service, case.subject)
        for name, case in [
            ("unfinished", samples.unfinished_divorce),
            ("employed", samples.employed),
            ("several", samples.several_marriages),
            ("twin", samples.twin),
        ]
    }

    assert samples == again
    assert stranger is None
    assert unfinished[0] == samples.unfinished_divorce
    assert isinstance(answers["unfinished"], Incomplete)
    assert isinstance(answers["employed"], Contradicted)
    assert isinstance(answers["several"], Ambiguous)
    assert isinstance(answers["twin"], Record)
    assert answers["twin"].data["event"]["time"]  # type: ignore[index,call-overload]


def test_each_candidate_of_an_ambiguous_answer_leads_to_one_record(
    register: Engine, connectors: dict[DocumentKind, Connector]
) -> None:
    with register.connect() as connection:
        case = sample_subjects(connection).several_marriages
    answer = connectors[case.service].lookup(case.service, case.subject)

    assert isinstance(answer, Ambiguous)
    for candidate in answer.candidates:
        record = connectors[case.service].lookup(case.service, case.subject, event=candidate.event)
        assert isinstance(record, Record)
        assert record.reference == f"marriages/{candidate.event}"


def test_spouse_parent_and_child_mirror_each_other_and_bind_the_registrar(register: Engine) -> None:
    """What one proves of the other, the other proves in return, and neither may act for the other."""
    mirror = {
        Relation.SELF: Relation.SELF,
        Relation.PARENT: Relation.CHILD,
        Relation.CHILD: Relation.PARENT,
        Relation.SPOUSE: Relation.SPOUSE,
    }
    with register.connect() as connection:
        cases = [
            case
            for kind in (DocumentKind.BIRTH, DocumentKind.MARRIAGE)
            for case in granted_cases(connection, kind, limit=40)
        ]
        for case in cases:
            proof = prove_relation(connection, case.applicant, case.subject)
            back = prove_relation(connection, case.subject, case.applicant)
            assert proof is not None
            assert back is not None
            assert {proof.relation, back.relation} <= FIRST_DEGREE
            assert back.relation is mirror[proof.relation]
            assert registrar_kin(connection, case.applicant, case.subject) is not None
