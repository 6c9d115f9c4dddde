"""The authority's database knows which version of the program made it; older ones are brought to this one."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, select
from sqlalchemy.exc import IntegrityError

from ca.errors import BooksOfAnotherVersion
from ca.list_entries import reserve_crl_number
from ca.reasons import RevocationReason
from ca.store import (
    Change,
    find_certificates,
    find_status_changes,
    load_last_crl,
    prepare_books,
)
from ca.tables import certificates, metadata
from ca.upgrades import BOOKS_VERSION
from issuance.database import open_database

# Made by the program of version 1: an authority with one agency, whose seal was revoked and followed by
# another; one serial number reserved and left, one whose signing was begun.
FIRST = Path(__file__).with_name("books_of_version_1.sql").read_text()
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def book(path: Path, *, marked: bool = True) -> Path:
    database = sqlite3.connect(path)
    database.executescript(FIRST)
    if not marked:
        database.execute("PRAGMA user_version = 0")
    database.close()
    return path


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{book(tmp_path / 'authority.db')}")
    yield engine
    engine.dispose()


def version(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def shape(engine: Engine) -> dict[str, Any]:
    """Tables, their columns and keys, indexes and triggers, whatever the order and the blanks."""
    found = inspect(engine)
    with engine.connect() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).all()
    return {
        "triggers": {name: re.sub(r"\s+", " ", sql) for name, sql in triggers},
        **{
            table: {
                "columns": {
                    each["name"]: (str(each["type"]), each["nullable"]) for each in found.get_columns(table)
                },
                "key": found.get_pk_constraint(table)["constrained_columns"],
                "refers": sorted(
                    (each["constrained_columns"], each["referred_table"], each["referred_columns"])
                    for each in found.get_foreign_keys(table)
                ),
                "indexes": {
                    each["name"]: (each["column_names"], each["unique"]) for each in found.get_indexes(table)
                },
                "unique": sorted(each["column_names"] for each in found.get_unique_constraints(table)),
            }
            for table in found.get_table_names()
        },
    }


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "made before marks"])
def test_books_are_made_once_and_kept(tmp_path: Path, marked: bool) -> None:  # noqa: FBT001  (a case)
    engine = create_engine(f"sqlite:///{tmp_path / 'authority.db'}")
    if not marked:
        metadata.create_all(engine)

    prepare_books(engine)
    prepare_books(engine)

    assert version(engine) == BOOKS_VERSION
    assert set(inspect(engine).get_table_names()) == set(metadata.tables)
    engine.dispose()


def test_books_of_a_later_version_are_left_alone(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'authority.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version = {BOOKS_VERSION + 1}")

    with pytest.raises(BooksOfAnotherVersion, match=str(BOOKS_VERSION + 1)):
        prepare_books(engine)

    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "made before marks"])
def test_older_books_become_what_new_ones_are(tmp_path: Path, marked: bool) -> None:  # noqa: FBT001  (a case)
    old = open_database(f"sqlite:///{book(tmp_path / 'old.db', marked=marked)}")
    new = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    prepare_books(old)
    prepare_books(new)

    assert shape(old) == shape(new)
    assert version(old) == version(new) == BOOKS_VERSION
    for engine in (old, new):
        engine.dispose()


def test_nothing_of_older_books_is_lost_or_changed(first: Engine) -> None:
    def rows() -> list[Any]:
        with first.connect() as connection:
            return [
                connection.exec_driver_sql(query).all()
                for query in (
                    "SELECT serial_number, issuer, reserved_at FROM ca_serials ORDER BY 1",
                    """SELECT serial_number, issuer, name, profile, key_id, not_before, not_after,
                        to_be_signed, state, der, revoked_at, reason FROM ca_certificates ORDER BY 1""",
                    "SELECT issuer, number, this_update, next_update, der FROM ca_crls ORDER BY 1, 2",
                )
            ]

    before = rows()
    assert len(before[0]) == 9
    prepare_books(first)

    assert rows() == before


def test_older_books_go_on_where_they_stopped(first: Engine) -> None:
    prepare_books(first)
    with first.begin() as connection:
        found = find_certificates(connection, name="seal-civil-registry")
        revoked = [each for each in found if each.is_revoked]
        history = find_status_changes(connection)
        last = load_last_crl(connection, "issuing")
        assert last is not None
        following = reserve_crl_number(connection, "issuing", this_update=LATER)
        keys = {
            row.serial_number: row.key_digest
            for row in connection.execute(select(certificates.c.serial_number, certificates.c.key_digest))
        }

    assert (len(found), len(revoked)) == (2, 1)
    assert [(each.change, each.reason, each.serial_number) for each in history] == [
        (Change.REVOKED, RevocationReason.KEY_COMPROMISE, revoked[0].serial_number)
    ]
    assert history[0].changed_at == revoked[0].revoked_at
    assert following == last.number + 1
    assert len(keys) == 8
    assert all(keys.values()), "those too whose signing was begun"


def test_books_are_brought_here_wholly_or_not_at_all(first: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shape(first)
    dialect = first.dialect
    commit = dialect.do_commit

    def full_disk(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dialect, "do_commit", full_disk)
    with pytest.raises(OSError, match="No space"):
        prepare_books(first)
    monkeypatch.setattr(dialect, "do_commit", commit)
    assert version(first) == 1
    assert shape(first) == before

    prepare_books(first)
    assert version(first) == BOOKS_VERSION


def test_processes_that_open_older_books_at_once_bring_them_here_once(tmp_path: Path) -> None:
    path = book(tmp_path / "authority.db")
    script = (
        "import sys; from ca.store import prepare_books; from issuance.database import open_database\n"
        "engine = open_database(sys.argv[1]); prepare_books(engine); engine.dispose()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, f"sqlite:///{path}"], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[1] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0], said
    engine = open_database(f"sqlite:///{path}")
    assert version(engine) == BOOKS_VERSION
    with engine.connect() as connection:
        assert len(find_status_changes(connection)) == 1
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ca_serials",
        "UPDATE ca_serials SET issuer = 'x'",
        "DELETE FROM ca_certificates",
        "UPDATE ca_certificates SET to_be_signed = x'00'",
        "UPDATE ca_certificates SET key_id = 'x'",
        "UPDATE ca_certificates SET der = x'00' WHERE der IS NOT NULL",
        "UPDATE ca_certificates SET state = 'intended' WHERE state = 'signing'",
        "UPDATE ca_certificates SET revoked_at = NULL, reason = NULL WHERE reason = 'keyCompromise'",
        "UPDATE ca_certificates SET reason = 'unspecified' WHERE reason = 'keyCompromise'",
        "DELETE FROM ca_status_changes",
        "UPDATE ca_status_changes SET changed_by = 'x'",
        "DELETE FROM ca_crls",
        "UPDATE ca_crls SET der = x'00'",
        "DELETE FROM ca_crl_numbers",
        "UPDATE ca_crl_numbers SET number = number + 1",
        "UPDATE ca_intents SET to_be_signed = x'00'",
        "UPDATE ca_intents SET state = 'intended'",
        "UPDATE ca_intents SET state = 'signed' WHERE state = 'intended'",
        "DELETE FROM ca_intents WHERE state = 'signing'",
    ],
)
@pytest.mark.parametrize("old", [True, False], ids=["brought here", "new"])
def test_the_database_itself_keeps_what_was_written(tmp_path: Path, statement: str, *, old: bool) -> None:
    path = tmp_path / "authority.db"
    if old:
        book(path)
    engine = open_database(f"sqlite:///{path}")
    prepare_books(engine)
    if not old:
        rows = sqlite3.connect(":memory:")
        rows.executescript(FIRST)
        kept = [line for line in rows.iterdump() if line.startswith('INSERT INTO "ca_')]
        rows.close()
        _fill(path, kept)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO ca_intents VALUES ('crl', 'a', 'k', x'01', 'intended', '2026-11-22'), "
            "('crl', 'b', 'k', x'01', 'signing', '2026-11-22')"
        )

    with pytest.raises(IntegrityError), engine.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount != 0
    engine.dispose()


def _fill(path: Path, inserts: list[str]) -> None:
    """The rows of version 1 into tables of this version, with what it would have known of them."""
    database = sqlite3.connect(path)
    for line in sorted(inserts, key=lambda line: "ca_serials" not in line):
        more = ", NULL, NULL)" if "ca_certificates" in line else ")"
        database.execute(line.rstrip(";").removesuffix(")") + more)
    database.execute("INSERT INTO ca_crl_numbers SELECT issuer, number, this_update FROM ca_crls")
    database.execute(
        "INSERT INTO ca_status_changes SELECT 1, serial_number, 'revoked', revoked_at, reason, NULL, 'x' "
        "FROM ca_certificates WHERE revoked_at IS NOT NULL"
    )
    database.commit()
    database.close()
