"""The trail, idempotency keys and counted attempts, many writing at once."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from database_racing import race
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from issuance.audit import trail
from issuance.audit.errors import ChainBroken
from issuance.audit.trail import AuditObject
from issuance.database import reading
from issuance.http.idempotency import Answer, json_answer, make_call, once
from issuance.identity.actors import system_actor
from issuance.identity.errors import TooManyAttempts
from issuance.identity.rates import Rate, count_attempt

NOON = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)
WORKER = system_actor("worker")
REQUEST = AuditObject(kind="request", id="R-1")


def write(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        trail.record(connection, WORKER, "x.y", REQUEST, at=NOON, facts={"number": number, "اسم": "ليلى"})


def test_concurrent_writers_make_one_chain(engine: Engine) -> None:
    def write_ten(writer: int) -> None:
        for number in range(10):
            write(engine, 10 * writer + number)

    race([partial(write_ten, writer) for writer in range(8)])

    with reading(engine) as connection:
        assert trail.verify_chain(connection).sequence == 80
        facts = [entry.facts["number"] for entry in trail.entries(connection)]
        assert sorted(facts) == list(range(80))  # type: ignore[type-var]


def test_an_entry_of_a_transaction_that_failed_leaves_no_gap(engine: Engine) -> None:
    write(engine, 1)
    with engine.connect() as connection:
        trail.record(connection, WORKER, "x.y", REQUEST, at=NOON)
        connection.rollback()
    write(engine, 2)

    with reading(engine) as connection:
        assert trail.verify_chain(connection).sequence == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor_id = 'x'",
        "DELETE FROM audit_entries",
        (
            "INSERT INTO audit_entries SELECT 3, at, actor_kind, actor_id, action, object_kind, object_id,"
            " facts, hash, 'f' FROM audit_entries"
        ),
        (
            "INSERT INTO audit_entries SELECT 2, at, actor_kind, actor_id, action, object_kind, object_id,"
            " facts, previous, 'f' FROM audit_entries"
        ),
    ],
    ids=["update", "delete", "a gap", "a fork"],
)
def test_the_database_itself_refuses_changes(engine: Engine, statement: str) -> None:
    write(engine, 1)

    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("table", ["audit_entries", "ledger_transfers", "ledger_entries", "cash_receipts"])
def test_postgresql_refuses_to_empty_what_only_grows(postgresql: Engine, table: str) -> None:
    """SQLite has no TRUNCATE."""
    with pytest.raises(IntegrityError), postgresql.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")


def test_an_entry_changed_beneath_the_triggers_is_found(engine: Engine) -> None:
    for number in range(3):
        write(engine, number)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE audit_entries DISABLE TRIGGER USER")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_entries_no_update")
        connection.exec_driver_sql("UPDATE audit_entries SET actor_id = 'somebody' WHERE sequence = 2")

    with reading(engine) as connection, pytest.raises(ChainBroken) as broken:
        trail.verify_chain(connection)
    assert broken.value.facts["sequence"] == 2


def test_what_is_exported_can_be_recomputed_elsewhere(engine: Engine) -> None:
    """Microseconds, Arabic, the order of keys: the same bytes from both databases."""
    for number in range(3):
        write(engine, number)

    lines = list(trail.each_line(engine, batch=2))

    assert len(lines) == 3
    assert b'"at":"2026-11-22T12:00:00.123456+00:00"' in lines[0]
    assert "ليلى".encode() in lines[0]
    for line in lines:
        said = json.loads(line)
        digest = said.pop("hash")
        again = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(again.encode()).hexdigest() == digest


def test_racing_calls_have_one_effect_and_one_answer(engine: Engine) -> None:
    call = make_call(WORKER, "POST /requests", "k1", b"{}")
    effects: list[int] = []

    def effect() -> Answer:
        effects.append(1)
        return json_answer(201, {"number": len(effects), "name": "ليلى"})

    def ask() -> Answer:
        with engine.begin() as connection:
            return once(connection, call, effect, at=NOON)

    answers = race([ask] * 8)

    assert {answer.body for answer in answers} == {answers[0].body}
    assert len(effects) == 1


def test_a_call_whose_effect_failed_may_be_made_again_by_those_who_waited(engine: Engine) -> None:
    call = make_call(WORKER, "POST /requests", "k1", b"{}")
    effects: list[int] = []

    def effect() -> Answer:
        effects.append(1)
        if len(effects) == 1:
            raise ZeroDivisionError
        return json_answer(201, {})

    def ask() -> int:
        try:
            with engine.begin() as connection:
                return once(connection, call, effect, at=NOON).status
        except ZeroDivisionError:
            return 500

    assert sorted(race([ask] * 4)) == [201, 201, 201, 500]
    assert len(effects) == 2


def test_simultaneous_attempts_are_all_counted(engine: Engine) -> None:
    rate = Rate(name="test", most=5, window=timedelta(minutes=1))

    def attempt() -> bool:
        try:
            with engine.begin() as connection:
                count_attempt(connection, rate, "somebody", at=NOON)
        except TooManyAttempts:
            return False
        return True

    assert sum(race([attempt] * 16)) == 5
    with engine.begin() as connection:
        assert connection.execute(text("SELECT hits FROM attempt_counts")).scalar_one() == 5
