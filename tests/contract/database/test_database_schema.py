"""The revisions make exactly the tables, indexes and triggers that the program declares."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from issuance import schema
from issuance.database import DatabaseNotSupported, open_database, reading
from issuance.migrations.tables import EVERY_TABLE
from issuance.schema import REVISIONS, DatabaseNotReady, check_schema, upgrade_schema

ROOT = Path(__file__).parents[3]

# What PostgreSQL itself says that it holds.
_CATALOGUE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
}


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    """As Alembic compares: tables, columns, types, defaults, indexes, unique and foreign keys."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, EVERY_TABLE) == []


def test_the_database_itself_sees_no_difference(new_database: Callable[[], str]) -> None:
    """Also in what Alembic does not compare: triggers, functions, checks, conditions of indexes."""
    declared, migrated = open_database(new_database()), open_database(new_database())
    EVERY_TABLE.create_all(declared)
    upgrade_schema(migrated)

    with declared.connect() as by_declaration, migrated.connect() as by_revisions:
        assert _held(by_revisions) == _held(by_declaration)
    declared.dispose()
    migrated.dispose()


def test_the_program_knows_every_revision_in_its_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "issuance/migrations"))
    walked = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([revision.revision for revision in walked])) == REVISIONS


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO document_sequences (year, last) VALUES (2026, 7)"))
        before = _held(connection)

    upgrade_schema(engine)

    check_schema(engine)
    with engine.connect() as connection:
        assert _held(connection) == before
        assert connection.scalar(text("SELECT last FROM document_sequences")) == 7


def test_of_two_that_upgrade_at_once_one_does_the_work(empty_url: str) -> None:
    engines = [open_database(empty_url) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade_schema, engines))

    for engine in engines:
        check_schema(engine)
        engine.dispose()


_KILLED = """
    import os, sys
    from sqlalchemy import event
    from issuance.database import open_database
    from issuance.schema import upgrade_schema

    engine, left = open_database(sys.argv[1]), int(sys.argv[2])

    @event.listens_for(engine, "before_cursor_execute")
    def die_soon(connection, cursor, statement, *_):
        global left
        if statement.lstrip(" -\\n").startswith(("CREATE", "Revision", "INSERT")):
            left -= 1
        if left < 0:
            os._exit(9)

    upgrade_schema(engine)
"""


@pytest.mark.parametrize(
    "statements_done", [1, 30, 60], ids=["at its beginning", "in the middle", "near its end"]
)
def test_an_upgrade_that_was_killed_left_nothing_and_is_run_again(
    empty_url: str, statements_done: int
) -> None:
    program = textwrap.dedent(_KILLED)
    killed = subprocess.run(
        [sys.executable, "-c", program, empty_url, str(statements_done)], check=False, cwd=ROOT, timeout=60
    )
    assert killed.returncode == 9

    engine = open_database(empty_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    upgrade_schema(engine)
    check_schema(engine)
    engine.dispose()


def test_an_empty_database_says_how_it_is_made_and_stays_empty(empty_url: str) -> None:
    assert "wathiqa upgrade" in _told(empty_url)
    engine = open_database(empty_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()


def test_an_older_database_says_to_upgrade_it(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "9999"))
    told = _told(database_url)
    assert f"revision {REVISIONS[-1]}" in told
    assert "needs 9999" in told
    assert told.endswith("make a backup, then run: wathiqa upgrade")


def test_a_newer_database_says_to_start_the_newer_program(database_url: str) -> None:
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert "start the newer program" in _told(database_url)
    with pytest.raises(DatabaseNotReady, match="9999"):
        upgrade_schema(engine)
    engine.dispose()


def test_a_database_that_no_revision_made_is_left_alone(empty_url: str) -> None:
    engine = open_database(empty_url)
    EVERY_TABLE.create_all(engine)

    with pytest.raises(DatabaseNotReady, match="make a new one"):
        upgrade_schema(engine)
    engine.dispose()


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    told = _told("postgresql+psycopg://wathiqa:secret@127.0.0.1:1/wathiqa")
    assert "does not answer" in told
    assert "secret" not in told


def test_other_databases_are_refused() -> None:
    with pytest.raises(DatabaseNotSupported, match="SQLite and on PostgreSQL"):
        open_database("mysql://localhost/x")


def test_who_only_reads_cannot_write_on_postgresql(postgresql: Engine) -> None:
    """On SQLite the promise is the caller's: there it is a matter of who waits for whom."""
    with reading(postgresql) as connection, pytest.raises(Exception, match="read-only"):
        connection.execute(text("INSERT INTO document_sequences (year, last) VALUES (2026, 7)"))
    with postgresql.begin() as connection:  # the same connection, back from the pool
        connection.execute(text("INSERT INTO document_sequences (year, last) VALUES (2026, 7)"))


def test_who_reads_sees_one_instant(engine: Engine) -> None:
    """A balance and the entries it is the sum of are asked for in two statements."""
    with reading(engine) as reader:
        assert _years(reader) == []
        with engine.begin() as writer:
            writer.execute(text("INSERT INTO document_sequences (year, last) VALUES (2026, 7)"))
        assert _years(reader) == []
    with reading(engine) as reader:
        assert _years(reader) == [2026]


def _told(url: str) -> str:
    engine = open_database(url)
    with pytest.raises(DatabaseNotReady) as refused:
        check_schema(engine)
    engine.dispose()
    return str(refused.value)


def _years(connection: Connection) -> list[Any]:
    return list(connection.scalars(text("SELECT year FROM document_sequences")))


def _held(connection: Connection) -> dict[str, list[tuple[str, ...]]]:
    """Everything that the database says of its own tables, in one order."""
    if connection.dialect.name == "sqlite":
        query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
        found = {"sqlite_master": connection.execute(text(query)).all()}
    else:
        found = {name: connection.execute(text(query)).all() for name, query in _CATALOGUE.items()}
    return {
        name: sorted(
            tuple(
                re.sub(r"\s*([(),])\s*|\s+", lambda gap: gap[1] or " ", str(value)).strip() for value in row
            )
            for row in rows
            if "alembic_version" not in str(row)
        )
        for name, rows in found.items()
    }
