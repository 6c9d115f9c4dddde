"""The trail and idempotency keep their promises on PostgreSQL too.

Runs where `WATHIQA_TEST_POSTGRESQL` names an empty database
(`postgresql+psycopg://…`); a schema of its own is made and dropped.
"""

import os
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from issuance.audit import trail
from issuance.audit.models import audit_entries
from issuance.audit.trail import AuditObject
from issuance.http.idempotency import Answer, idempotent_answers, json_answer, make_call, once
from issuance.identity.actors import system_actor
from issuance.identity.errors import TooManyAttempts
from issuance.identity.models import attempt_counts
from issuance.identity.rates import Rate, count_attempt

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORKER = system_actor("worker")
REQUEST = AuditObject(kind="request", id="R-1")
URL = os.environ.get("WATHIQA_TEST_POSTGRESQL")

pytestmark = pytest.mark.skipif(URL is None, reason="WATHIQA_TEST_POSTGRESQL names no database")


@pytest.fixture
def engine() -> Iterator[Engine]:
    schema = f"ground_{secrets.token_hex(4)}"
    owner = create_engine(str(URL))
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    engine = create_engine(str(URL), connect_args={"options": f"-csearch_path={schema}"})
    for table in (audit_entries, idempotent_answers, attempt_counts):
        table.create(engine)
    yield engine
    engine.dispose()
    with owner.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    owner.dispose()


def test_concurrent_writers_make_one_chain(engine: Engine) -> None:
    def write(number: int) -> None:
        with engine.begin() as connection:
            trail.record(connection, WORKER, "x.y", REQUEST, at=NOON, facts={"number": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))

    with engine.begin() as connection:
        assert trail.verify_chain(connection).sequence == 80


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor_id = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        (
            "INSERT INTO audit_entries SELECT 3, at, actor_kind, actor_id, action, object_kind, object_id,"
            " facts, hash, 'f' FROM audit_entries"
        ),
        (
            "INSERT INTO audit_entries SELECT 2, at, actor_kind, actor_id, action, object_kind, object_id,"
            " facts, previous, 'f' FROM audit_entries"
        ),
    ],
    ids=["update", "delete", "truncate", "a gap", "a fork"],
)
def test_the_database_itself_refuses_changes(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        trail.record(connection, WORKER, "x.y", REQUEST, at=NOON)

    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_racing_calls_have_one_effect_and_one_answer(engine: Engine) -> None:
    call = make_call(WORKER, "POST /requests", "k1", b"{}")
    start = threading.Barrier(8)
    effects: list[int] = []

    def effect() -> Answer:
        effects.append(1)
        return json_answer(201, {"number": len(effects)})

    def race(_: int) -> Answer:
        start.wait()
        with engine.begin() as connection:
            return once(connection, call, effect, at=NOON)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(8)))

    assert len({answer.body for answer in answers}) == 1
    assert len(effects) == 1


def test_simultaneous_attempts_are_all_counted(engine: Engine) -> None:
    rate = Rate(name="test", most=5, window=timedelta(minutes=1))

    def attempt(_: int) -> bool:
        try:
            with engine.begin() as connection:
                count_attempt(connection, rate, "somebody", at=NOON)
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == 5
    with engine.begin() as connection:
        assert connection.execute(text("SELECT hits FROM attempt_counts")).scalar_one() == 5
