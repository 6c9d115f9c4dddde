from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from issuance.catalogue.models import DocumentKind as Kind
from issuance.registries.answers import Ambiguous, Incomplete, NotFound, Record
from issuance.registries.civil_registry import CivilRegistry
from issuance.registries.errors import InvalidNationalNumber, NotServed


def test_a_record_says_where_it_comes_from(civil: CivilRegistry, who: SimpleNamespace) -> None:
    record = civil.lookup(Kind.BIRTH, who.JAD)

    assert isinstance(record, Record)
    assert (record.kind, record.registry, record.reference) == (
        Kind.BIRTH,
        "civil-registry",
        "births/1201000002",
    )
    assert record.as_of == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_a_birth_names_child_and_both_parents(civil: CivilRegistry, who: SimpleNamespace) -> None:
    data = civil.lookup(Kind.BIRTH, who.JAD).data

    assert [data[role]["national_number"] for role in ("child", "father", "mother")] == [
        who.JAD,
        who.KARIM,
        who.RIMA,
    ]
    assert data["event"]["date"] == "1999-09-09"
    assert "time" not in data["event"]
    assert data["event"]["remarks"] == []


def test_twins_have_their_times_and_a_remark(civil: CivilRegistry, who: SimpleNamespace) -> None:
    events = [civil.lookup(Kind.BIRTH, twin).data["event"] for twin in (who.TALA, who.TAIM)]

    assert [event["time"] for event in events] == ["09:05", "09:12"]
    assert all(event["remarks"] == [{"ar": "توأم", "en": "Twin"}] for event in events)


def test_a_person_older_than_the_register_has_no_birth_event(
    civil: CivilRegistry, who: SimpleNamespace
) -> None:
    answer = civil.lookup(Kind.BIRTH, who.OMAR)

    assert isinstance(answer, NotFound)
    assert answer.reason.code == "birth-not-found"


def test_a_single_marriage_needs_no_naming(civil: CivilRegistry, who: SimpleNamespace) -> None:
    data = civil.lookup(Kind.MARRIAGE, who.RIMA).data

    assert (data["husband"]["national_number"], data["wife"]["national_number"]) == (who.KARIM, who.RIMA)
    assert data["event"]["registration_number"] == "2199700001"


def test_several_marriages_must_be_told_apart(civil: CivilRegistry, who: SimpleNamespace) -> None:
    answer = civil.lookup(Kind.MARRIAGE, who.KARIM)

    assert isinstance(answer, Ambiguous)
    assert [candidate.event for candidate in answer.candidates] == ["2199700001", "2200800001"]
    assert [candidate.date for candidate in answer.candidates] == ["1997-06-01", "2008-06-01"]


def test_a_named_marriage_is_found_for_either_spouse(civil: CivilRegistry, who: SimpleNamespace) -> None:
    for subject in (who.LAMIA, who.SAMI):
        record = civil.lookup(Kind.MARRIAGE, subject, event="2199600001")
        assert record.reference == "marriages/2199600001"


def test_another_persons_event_is_not_found_by_its_number(civil: CivilRegistry, who: SimpleNamespace) -> None:
    """Knowing a registration number does not open somebody else's record."""
    answer = civil.lookup(Kind.MARRIAGE, who.HUDA, event="2199600001")

    assert isinstance(answer, NotFound)
    assert answer.reason.code == "marriage-not-found"


def test_a_complete_divorce_names_its_marriage_and_type(civil: CivilRegistry, who: SimpleNamespace) -> None:
    event = civil.lookup(Kind.DIVORCE, who.RIMA).data["event"]

    assert (event["date"], event["marriage_date"]) == ("2005-06-01", "1997-06-01")
    assert event["type"] == {"ar": "مخالعة", "en": "By consent"}


@pytest.mark.parametrize("event", [None, "3202500001"])
def test_an_unfinished_divorce_is_incomplete_not_missing(
    civil: CivilRegistry, who: SimpleNamespace, event: str | None
) -> None:
    answer = civil.lookup(Kind.DIVORCE, who.HUDA, event=event)

    assert isinstance(answer, Incomplete)
    assert answer.reason.code == "divorce-awaits-judgment"
    assert answer.reason.text.ar
    assert answer.reason.text.en


def test_a_death_leaves_out_what_was_not_recorded(civil: CivilRegistry, who: SimpleNamespace) -> None:
    data = civil.lookup(Kind.DEATH, who.OMAR).data

    assert data["person"]["death_date"] == "2001-02-02"
    assert "time" not in data["event"]
    assert "cause" not in data["event"]


def test_the_living_have_no_death_record(civil: CivilRegistry, who: SimpleNamespace) -> None:
    assert civil.lookup(Kind.DEATH, who.JAD).reason.code == "death-not-found"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("JAD", "single"),
        ("KARIM", "married"),
        ("RIMA", "divorced"),
        ("SALMA", "widowed"),
        ("NIZAR", "divorced"),
        ("LAMIA", "married"),
    ],
)
def test_marital_status_follows_from_events(
    civil: CivilRegistry, who: SimpleNamespace, name: str, status: str
) -> None:
    data = civil.lookup(Kind.INDIVIDUAL_EXTRACT, getattr(who, name)).data

    assert data["marital_status"] == status


def test_an_unfinished_divorce_leaves_both_married(civil: CivilRegistry, who: SimpleNamespace) -> None:
    for name in (who.HUDA, who.BASEL):
        assert civil.lookup(Kind.INDIVIDUAL_EXTRACT, name).data["marital_status"] == "married"


def test_the_dead_keep_the_marital_status_they_died_with(civil: CivilRegistry, who: SimpleNamespace) -> None:
    data = civil.lookup(Kind.INDIVIDUAL_EXTRACT, who.OMAR).data

    assert data["marital_status"] == "married"
    assert data["remarks"] == [{"ar": "توفي بتاريخ 2001-02-02", "en": "Died on 2001-02-02"}]


def test_a_family_is_its_head_present_wives_and_living_children(
    civil: CivilRegistry, who: SimpleNamespace
) -> None:
    data = civil.lookup(Kind.FAMILY_EXTRACT, who.KARIM).data

    assert data["head"]["national_number"] == who.KARIM
    assert [(wife["national_number"], wife["marriage_date"]) for wife in data["spouses"]] == [
        (who.DIMA, "2008-06-01")
    ]
    assert [child["national_number"] for child in data["children"]] == [who.JAD, who.TALA, who.TAIM]
    assert data["children"][0]["marital_status"] == "single"


@pytest.mark.parametrize(
    ("member", "head"),
    [("DIMA", "KARIM"), ("TAIM", "KARIM"), ("SALMA", "OMAR"), ("HUDA", "BASEL"), ("LAMIA", "SAMI")],
)
def test_each_member_is_found_in_the_family_they_stand_in(
    civil: CivilRegistry, who: SimpleNamespace, member: str, head: str
) -> None:
    data = civil.lookup(Kind.FAMILY_EXTRACT, getattr(who, member)).data

    assert data["head"]["national_number"] == getattr(who, head)


def test_a_dead_head_is_marked_as_dead(civil: CivilRegistry, who: SimpleNamespace) -> None:
    data = civil.lookup(Kind.FAMILY_EXTRACT, who.SALMA).data

    assert data["head"]["death_date"] == "2001-02-02"
    assert [wife["national_number"] for wife in data["spouses"]] == [who.SALMA]


def test_a_divorced_woman_without_a_father_in_the_register_has_no_family(
    civil: CivilRegistry, who: SimpleNamespace
) -> None:
    assert civil.lookup(Kind.FAMILY_EXTRACT, who.RIMA).reason.code == "family-not-found"


@pytest.mark.parametrize(
    "kind", [kind for kind in Kind if kind not in {Kind.NON_EMPLOYMENT, Kind.REFUSAL_NOTICE}]
)
def test_an_unknown_person_is_not_found_in_any_kind(civil: CivilRegistry, kind: Kind) -> None:
    assert civil.lookup(kind, "99999999999").reason.code == "person-not-found"


@pytest.mark.parametrize("subject", ["", "123", "990100000011", "9901000000x", "99010000001\n1", "١" * 200])
def test_what_is_no_national_number_is_refused_before_the_register_is_asked(
    civil: CivilRegistry, subject: str
) -> None:
    with pytest.raises(InvalidNationalNumber):
        civil.lookup(Kind.BIRTH, subject)


def test_the_civil_register_does_not_answer_for_the_workers_register(
    civil: CivilRegistry, who: SimpleNamespace
) -> None:
    with pytest.raises(NotServed) as caught:
        civil.lookup(Kind.NON_EMPLOYMENT, who.JAD)

    assert caught.value.facts == {"registry": "civil-registry", "service": "non-employment"}
