from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from issuance.catalogue.models import DocumentKind as Kind
from issuance.registries.answers import Pending, Record
from issuance.registries.civil_registry import CivilRegistry
from issuance.registries.errors import InvalidNationalNumber, NotServed, RegistryUnavailable
from issuance.registries.slow_agency import SlowAgency
from issuance.registries.tables import open_register
from issuance.registries.workers_register import WorkersRegister

LATE_EVENING = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
TWO_DAYS = timedelta(days=2)


class Hands:
    """A clock set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def workers(register: Engine) -> WorkersRegister:
    return WorkersRegister(register, clock=lambda: LATE_EVENING)


@pytest.mark.parametrize("name", ["BASEL", "DIMA"])
def test_whoever_never_worked_or_works_no_more_is_not_employed(
    workers: WorkersRegister, who: SimpleNamespace, name: str
) -> None:
    answer = workers.lookup(Kind.NON_EMPLOYMENT, getattr(who, name))

    assert isinstance(answer, Record)
    assert answer.data["statement"]["result"] == "not-employed"


def test_the_statement_is_dated_by_the_day_in_damascus(
    workers: WorkersRegister, who: SimpleNamespace
) -> None:
    """Half past ten in the evening UTC is the next day there."""
    data = workers.lookup(Kind.NON_EMPLOYMENT, who.BASEL).data

    assert data["statement"]["as_of"] == "2026-11-22"


@pytest.mark.parametrize(("name", "code"), [("KARIM", "employed"), ("OMAR", "person-deceased")])
def test_what_the_register_contradicts_is_not_certified(
    workers: WorkersRegister, who: SimpleNamespace, name: str, code: str
) -> None:
    answer = workers.lookup(Kind.NON_EMPLOYMENT, getattr(who, name))

    assert answer.reason.code == code


def test_silence_about_an_unknown_person_is_not_a_certificate(workers: WorkersRegister) -> None:
    assert workers.lookup(Kind.NON_EMPLOYMENT, "99999999999").reason.code == "person-not-found"


def test_the_workers_register_keeps_no_births(workers: WorkersRegister, who: SimpleNamespace) -> None:
    with pytest.raises(NotServed):
        workers.lookup(Kind.BIRTH, who.JAD)


def test_a_slow_agency_answers_when_its_time_has_come(register: Engine, who: SimpleNamespace) -> None:
    clock = Hands(LATE_EVENING)
    agency = SlowAgency(CivilRegistry(register, clock=clock), delay=TWO_DAYS, clock=clock)

    pending = agency.lookup(Kind.BIRTH, who.JAD)
    clock.at += TWO_DAYS - timedelta(seconds=1)
    early = agency.collect(pending.question)
    clock.at += timedelta(seconds=1)
    answer = agency.collect(pending.question)

    assert pending.expected_by == LATE_EVENING + TWO_DAYS
    assert early == pending
    assert isinstance(answer, Record)
    assert answer.as_of == LATE_EVENING + TWO_DAYS


def test_a_slow_answer_survives_a_restart_and_may_be_collected_twice(
    register: Engine, who: SimpleNamespace
) -> None:
    clock = Hands(LATE_EVENING)
    question = (
        SlowAgency(CivilRegistry(register, clock=clock), delay=TWO_DAYS, clock=clock)
        .lookup(Kind.MARRIAGE, who.KARIM, event="2199700001")
        .question
    )
    clock.at += TWO_DAYS
    restarted = SlowAgency(CivilRegistry(register, clock=clock), delay=TWO_DAYS, clock=clock)

    first, second = restarted.collect(question), restarted.collect(question)

    assert isinstance(first, Record)
    assert first == second


def test_the_same_question_at_the_same_instant_is_the_same_message(
    register: Engine, who: SimpleNamespace
) -> None:
    agency = SlowAgency(
        CivilRegistry(register, clock=lambda: LATE_EVENING), delay=TWO_DAYS, clock=lambda: LATE_EVENING
    )
    asked = [agency.lookup(Kind.BIRTH, who.JAD).question, agency.lookup(Kind.BIRTH, who.JAD).question]

    assert asked[0] == asked[1]
    assert asked[0] != agency.lookup(Kind.BIRTH, who.TALA).question


def test_a_slow_agency_refuses_what_is_no_national_number_at_once(register: Engine) -> None:
    agency = SlowAgency(
        CivilRegistry(register, clock=lambda: LATE_EVENING), delay=TWO_DAYS, clock=lambda: LATE_EVENING
    )

    with pytest.raises(InvalidNationalNumber):
        agency.lookup(Kind.BIRTH, "12")


def test_pending_is_no_refusal(register: Engine, who: SimpleNamespace) -> None:
    agency = SlowAgency(
        CivilRegistry(register, clock=lambda: LATE_EVENING), delay=TWO_DAYS, clock=lambda: LATE_EVENING
    )

    answer = agency.lookup(Kind.BIRTH, who.JAD)

    assert isinstance(answer, Pending)
    assert not hasattr(answer, "reason")


@pytest.mark.parametrize("content", [None, b"", b"this is not a database" * 100])
def test_a_register_that_cannot_be_read_is_unavailable_and_is_not_created(
    tmp_path: Path, who: SimpleNamespace, content: bytes | None
) -> None:
    path = tmp_path / "register.sqlite"
    if content is not None:
        path.write_bytes(content)
    engine = open_register(path)

    with pytest.raises(RegistryUnavailable):
        CivilRegistry(engine, clock=lambda: LATE_EVENING).lookup(Kind.BIRTH, who.JAD)

    assert path.exists() is (content is not None)
    engine.dispose()
