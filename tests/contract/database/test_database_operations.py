"""What docs/operations/database.md tells an administrator to do, done."""

import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crash_site import Errand, Site
from database_servers import SERVER_VARIABLE, PostgresqlServer, programs
from invariants import check_books, check_end
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ProgrammingError

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.catalogue.models import DocumentKind
from issuance.database import open_database, reading
from issuance.identity.actors import system_actor
from issuance.installation import upgrade
from issuance.requests.lifecycle import FINAL, State
from issuance.requests.workflow import Worker
from issuance.settings import Layout, Settings, write_settings

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/operations/database.md"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SERVICE_ROLE = "wathiqa_service"


def sql_of_the_page(*, containing: str) -> list[str]:
    """The statements of the page's SQL block in which something stands."""
    blocks = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return [statement.strip() for statement in found.split(";") if statement.strip()]


@pytest.fixture
def two_roles(server: PostgresqlServer, untouched: Path, tmp_path: Path) -> Iterator[tuple[Site, Engine]]:
    """An installation whose service owns nothing; and the service's own connection to the database."""
    if server.is_borrowed:
        pytest.skip(f"roles are made only on a server of our own, not on that of {SERVER_VARIABLE}")
    layout = Layout(root=tmp_path / "site")
    shutil.copytree(untouched, layout.root)
    owned = server.new_database()
    write_settings(layout, Settings(database_url=owned))
    upgrade(layout)
    owner = create_engine(owned)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {SERVICE_ROLE} LOGIN")
        for statement in sql_of_the_page(containing="GRANT USAGE ON SCHEMA public"):
            connection.exec_driver_sql(statement)
    served = make_url(owned).set(username=SERVICE_ROLE).render_as_string(hide_password=False)
    write_settings(layout, Settings(database_url=served))
    site, service = Site(layout.root), create_engine(served)
    yield site, service
    site.close()
    service.dispose()
    owner.dispose()
    server.drop_database(owned)
    server.administer(f"DROP ROLE {SERVICE_ROLE}")


def test_the_service_works_as_a_role_that_owns_nothing(two_roles: tuple[Site, Engine]) -> None:
    site, service = two_roles
    errand = Errand(site, site.case(DocumentKind.BIRTH))
    number = errand.go(until=frozenset({State.FETCHING_RECORD})).number
    worker = Worker(
        site.layout.database_url(site.settings), executor_id="one", fulfilment=site.service.fulfilment
    )
    worker.start()
    give_up = time.monotonic() + 60
    while site.load(number).state not in FINAL and time.monotonic() < give_up:
        time.sleep(0.05)
    worker.stop()
    site.housekeeping()
    check_end(site.service, number)
    check_books(site.service)

    for forbidden in (
        "ALTER TABLE audit_entries DISABLE TRIGGER USER",
        "DROP TRIGGER ledger_transfers_frozen ON ledger_transfers",
        "TRUNCATE ledger_entries",
        "UPDATE audit_entries SET actor_id = 'x'",
        "DELETE FROM request_events",
        "UPDATE alembic_version SET version_num = '9999'",
        "CREATE TABLE mine (x integer)",
        "CREATE OR REPLACE FUNCTION ledger_frozen() RETURNS trigger LANGUAGE sql AS ''",
    ):
        with (
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
            service.begin() as denied,
        ):
            denied.exec_driver_sql(forbidden)


def test_a_dump_of_postgresql_restores_the_whole_chain(postgresql: Engine, server: PostgresqlServer) -> None:
    if server.is_borrowed:
        pytest.skip(f"pg_dump of here may not fit the server of {SERVER_VARIABLE}")
    for number in range(3):
        _write(postgresql, number)
    restored = server.new_database()
    source = postgresql.url.render_as_string(hide_password=False)
    dump = subprocess.run(
        [programs() / "pg_dump", "--format=custom", _plain(source)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    subprocess.run(
        [programs() / "pg_restore", "--clean", "--if-exists", "--no-owner", "--dbname", _plain(restored)],
        input=dump.stdout,
        check=True,
        capture_output=True,
        timeout=60,
    )

    _goes_on(restored)
    server.drop_database(restored)


def test_a_copy_of_a_running_sqlite_restores_the_whole_chain(blank_sqlite: Path, tmp_path: Path) -> None:
    file, copy = tmp_path / "wathiqa.db", tmp_path / "copy.db"
    shutil.copy(blank_sqlite, file)
    engine = open_database(f"sqlite:///{file}")
    for number in range(3):
        _write(engine, number)
    with engine.connect() as running:  # a transaction under way is not in the copy
        trail.record(running, system_actor("worker"), "x.y", AuditObject(kind="x", id="1"), at=NOON)
        source, target = sqlite3.connect(file), sqlite3.connect(copy)
        source.backup(target)
        source.close()
        target.close()
    engine.dispose()

    _goes_on(f"sqlite:///{copy}")


def _write(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        about = AuditObject(kind="request", id=f"R-{number}")
        trail.record(connection, system_actor("worker"), "x.y", about, at=NOON, facts={"اسم": "ليلى"})


def _goes_on(url: str) -> None:
    """What was written is whole, what may not be changed is kept, and the next entry follows."""
    engine = open_database(url)
    with reading(engine) as connection:
        assert trail.verify_chain(connection).sequence == 3
    with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_entries")
    _write(engine, 4)
    with reading(engine) as connection:
        assert trail.verify_chain(connection).sequence == 4
    engine.dispose()


def _plain(url: str) -> str:
    """As PostgreSQL's own programs write addresses: without the driver's name."""
    return url.replace("postgresql+psycopg://", "postgresql://")
