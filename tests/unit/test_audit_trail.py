"""The trail: append-only, chained, and honest about tampering beneath the database."""

import hashlib
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from issuance.audit import trail
from issuance.audit.errors import ChainBroken
from issuance.audit.trail import AuditObject, Head
from issuance.database import metadata, open_database
from issuance.identity.actors import Actor, ActorKind, system_actor

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORKER = system_actor("worker")
CLERK = Actor(kind=ActorKind.STAFF, id="c1e0", permissions=frozenset())
REQUEST = AuditObject(kind="request", id="R-26-00000000A")
COUNT = 9


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = open_database(f"sqlite:///{tmp_path / 'audit.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def written(engine: Engine) -> Any:
    """Nine entries; the engine."""
    for number in range(COUNT):
        with engine.begin() as connection:
            trail.record(
                connection,
                CLERK,
                "request.submit",
                AuditObject(kind="request", id=f"R-{number}"),
                at=NOON + timedelta(seconds=number),
                facts={"fee": number, "كلمة": "قيمة"},
            )
    return engine


def _edit_beneath(engine: Engine, *statements: Any) -> Any:
    """Change the file as somebody with the file could: triggers dropped first."""
    engine.dispose()
    with sqlite3.connect(engine.url.database) as connection:
        for name in ("no_update", "no_delete", "chained"):
            connection.execute(f"DROP TRIGGER audit_entries_{name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def _verify(engine: Engine, *known: Any) -> Any:
    with engine.begin() as connection:
        return trail.verify_chain(connection, known_heads=known)


def test_a_whole_chain_verifies_and_ends_at_its_head(written: Any) -> None:
    head = _verify(written)

    assert head.sequence == COUNT
    with written.begin() as connection:
        assert trail.head(connection) == head


def test_an_empty_chain_is_whole(engine: Engine) -> None:
    assert _verify(engine) == Head(sequence=0, hash="0" * 64)


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("UPDATE audit_entries SET actor_id = 'somebody' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET actor_kind = 'citizen' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET action = 'request.refuse' WHERE sequence = 1", 1),
        ("UPDATE audit_entries SET object_kind = 'document' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET object_id = 'R-0' WHERE sequence = 9", 9),
        ("UPDATE audit_entries SET facts = replace(facts, ':3', ':0') WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET facts = facts || ' ' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET at = '2026-11-22 11:59:59.000000' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET hash = replace(hash, 'a', 'b') WHERE sequence = 9", 9),
        ("UPDATE audit_entries SET previous = hash WHERE sequence = 4", 4),
        ("DELETE FROM audit_entries WHERE sequence = 4", 4),
        ("DELETE FROM audit_entries WHERE sequence = 1", 1),
        ("UPDATE audit_entries SET sequence = sequence + 1000 WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET actor_id = x'ff' WHERE sequence = 4", 4),
        ("UPDATE audit_entries SET at = 'yesterday' WHERE sequence = 1", 1),
    ],
    ids=[
        "who",
        "kind of who",
        "what",
        "on what kind",
        "on what",
        "facts",
        "a space in the facts",
        "when",
        "its hash",
        "its link",
        "removed",
        "first removed",
        "moved to the end",
        "not text",
        "not a time",
    ],
)
def test_an_edit_beneath_the_database_is_found(written: Any, statement: Any, at: Any) -> None:
    _edit_beneath(written, statement)

    with pytest.raises(ChainBroken) as caught:
        _verify(written)
    assert caught.value.facts["sequence"] == at


def test_two_entries_exchanged_are_found(written: Any) -> None:
    _edit_beneath(
        written,
        "UPDATE audit_entries SET sequence = 100 WHERE sequence = 4",
        "UPDATE audit_entries SET sequence = 4 WHERE sequence = 5",
        "UPDATE audit_entries SET sequence = 5 WHERE sequence = 100",
    )

    with pytest.raises(ChainBroken):
        _verify(written)


def test_the_newest_entries_removed_are_found_with_an_exported_head(written: Any) -> None:
    exported = _verify(written)
    _edit_beneath(written, "DELETE FROM audit_entries WHERE sequence > 6")

    assert _verify(written).sequence == 6, "the rest alone looks whole"
    with pytest.raises(ChainBroken, match="missing"):
        _verify(written, exported)


def test_a_chain_recomputed_after_an_edit_is_found_with_an_exported_head(
    written: Any, tmp_path: Path
) -> None:
    """Whoever can edit can also hash; not what was exported before."""
    exported = _verify(written)
    forged = open_database(f"sqlite:///{tmp_path / 'forged.db'}")
    metadata.create_all(forged)
    with forged.begin() as connection:
        for number in range(COUNT):
            on = AuditObject(kind="request", id=f"F-{number}")
            trail.record(connection, CLERK, "request.submit", on, at=NOON)
        assert trail.verify_chain(connection).sequence == COUNT
        with pytest.raises(ChainBroken, match="exported head"):
            trail.verify_chain(connection, known_heads=[exported])
    forged.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor_id = 'x' WHERE sequence = 1",
        "DELETE FROM audit_entries WHERE sequence = 9",
        "DELETE FROM audit_entries",
        (
            "INSERT INTO audit_entries SELECT 11, at, actor_kind, actor_id, action, object_kind, object_id,"
            " facts, hash, 'f' FROM audit_entries WHERE sequence = 9"
        ),
        (
            "INSERT INTO audit_entries SELECT 10, at, actor_kind, actor_id, action, object_kind, object_id,"
            " facts, previous, 'f' FROM audit_entries WHERE sequence = 9"
        ),
        (
            "INSERT OR REPLACE INTO audit_entries SELECT 9, at, actor_kind, 'x', action, object_kind,"
            " object_id, facts, previous, hash FROM audit_entries WHERE sequence = 9"
        ),
        "REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 1",
    ],
    ids=["update", "delete", "delete all", "a gap", "a fork", "insert or replace", "replace"],
)
def test_the_database_itself_refuses_changes(written: Any, statement: Any) -> None:
    with pytest.raises(DBAPIError), written.begin() as connection:
        connection.exec_driver_sql(statement)

    assert _verify(written).sequence == COUNT


def test_an_entry_of_a_failed_transaction_leaves_no_gap(written: Any) -> None:
    with written.connect() as connection, connection.begin() as transaction:
        trail.record(connection, WORKER, "document.seal", REQUEST, at=NOON)
        transaction.rollback()
    with written.begin() as connection:
        trail.record(connection, WORKER, "document.seal", REQUEST, at=NOON)

    assert _verify(written).sequence == COUNT + 1


def test_concurrent_writers_make_one_chain(engine: Engine) -> None:
    def write(number: Any) -> Any:
        with engine.begin() as connection:
            trail.record(connection, WORKER, "x.y", AuditObject(kind="request", id=str(number)), at=NOON)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(80)))

    assert _verify(engine).sequence == 80


def test_what_is_not_canonical_json_is_not_recorded(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="float"):
        trail.record(connection, WORKER, "x.y", REQUEST, at=NOON, facts={"fee": 0.1})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    facts=st.dictionaries(
        st.text(max_size=8),
        st.one_of(st.text(max_size=20), st.integers(-(2**53) + 1, 2**53 - 1), st.booleans(), st.none()),
        max_size=4,
    ).filter(lambda facts: "\ud800" not in repr(facts))
)
def test_any_facts_come_back_and_verify(engine: Engine, facts: Any) -> None:
    with engine.begin() as connection:
        head = trail.record(connection, WORKER, "x.y", REQUEST, at=NOON, facts=facts)
        newest = trail.entries(connection, after=head.sequence - 1)[0]

    assert newest.facts == facts
    assert _verify(engine) == head


def test_an_export_can_be_recomputed_without_this_code(written: Any) -> None:
    """An auditor's own few lines: hash over the line without `hash`, and each link."""
    previous = "0" * 64
    lines = list(trail.each_line(written, batch=2))

    for line in lines:
        entry = json.loads(line)
        claimed = entry.pop("hash")
        content = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(content.encode()).hexdigest() == claimed
        assert entry["previous"] == previous
        previous = claimed
    assert len(lines) == COUNT


def test_entries_are_found_by_object_and_by_actor(written: Any) -> None:
    with written.begin() as connection:
        trail.record(connection, WORKER, "document.seal", REQUEST, at=NOON)
        trail.record_read(connection, CLERK, "99010000017", reason="request R-1", at=NOON)

        assert [entry.action for entry in trail.entries(connection, on=REQUEST)] == ["document.seal"]
        assert len(trail.entries(connection, by=CLERK)) == COUNT + 1
        assert len(trail.entries(connection, by=CLERK, after=3, limit=2)) == 2
        looked = trail.entries(connection, on=trail.person("99010000017"))
        assert [(entry.action, entry.facts) for entry in looked] == [
            ("record.read", {"reason": "request R-1"})
        ]
