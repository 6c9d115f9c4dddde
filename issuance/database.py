"""The service's database: one metadata, one way to open it, two column types.

SQLite is opened in WAL mode with synchronous FULL, and every transaction takes
its write lock at BEGIN: a deferred transaction that reads, then writes, loses
updates to a concurrent one. PostgreSQL runs transactions side by side, READ
COMMITTED; who must not meet whom stands in `locks.py`. The engine that DBOS keeps
on the same database is its own and is not opened here.

Functions of the domain take a `Connection` and never commit: only the edges
(HTTP handlers, workflow steps, commands) open a transaction, so that what must
happen together does.
"""

import json
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    URL,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.types import TypeEngine

from issuance.write_lock import begin_immediate
from signing.formats.canonical_json import JsonValue

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BUSY_TIMEOUT_MILLISECONDS = 30_000
READS_ONLY = "wathiqa_reads_only"

# As patient as with SQLite's write lock, and no lock outlives a process that hangs.
_POSTGRESQL_SETTINGS = {
    "timezone": "UTC",
    "lock_timeout": f"{BUSY_TIMEOUT_MILLISECONDS}ms",
    "idle_in_transaction_session_timeout": "60s",
}
# The web framework answers on at most 40 threads; none should wait for a connection.
_POSTGRESQL_POOL = {"pool_size": 10, "max_overflow": 40, "pool_pre_ping": True}
_CONNECT_WITHIN_SECONDS = 10


class DatabaseNotSupported(Exception):
    """The address names a database that this service does not run on."""


def reading(engine: Engine) -> Connection:
    """A connection that sees one instant and takes no write lock: for questions that lead to no write.

    PostgreSQL refuses writing through it.
    """
    connection = engine.connect().execution_options(**{READS_ONLY: True})
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens when the row is there already (ON CONFLICT)."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; a naive one is refused.

    PostgreSQL keeps it as `timestamptz`; SQLite has no zones and keeps UTC without one.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a naive datetime cannot be stored"
            raise ValueError(msg)
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[JsonValue]):
    """A JSON value, kept as text with sorted keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: JsonValue, dialect: Dialect) -> str | None:
        """Write compactly and in one order, Arabic as itself."""
        del dialect
        if value is None:
            return None
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> JsonValue:
        """Read it back."""
        del dialect
        return None if value is None else cast("JsonValue", json.loads(value))


def open_database(url: str) -> Engine:
    """Open the database at `url` (`sqlite:///…` or `postgresql+psycopg://…`).

    What goes wrong there is logged as the statement, never with its values: they name people and documents.

    Raises:
        DatabaseNotSupported: another kind of database.
    """
    address = make_url(url)
    match address.get_backend_name():
        case "sqlite":
            engine = create_engine(address, hide_parameters=True)
            event.listen(engine, "connect", _configure_sqlite)
            event.listen(engine, "begin", _begin)
            return engine
        case "postgresql":
            return _open_postgresql(address)
        case other:
            raise DatabaseNotSupported(f"{other}: the service runs on SQLite and on PostgreSQL")


def _open_postgresql(address: URL) -> Engine:
    settings = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL_SETTINGS.items())
    # What the address itself sets comes later and goes before ours.
    asked = address.query.get("options", "")
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        connect_args={
            "options": f"{settings} {asked if isinstance(asked, str) else ' '.join(asked)}".strip(),
            "application_name": "wathiqa",
            "connect_timeout": _CONNECT_WITHIN_SECONDS,
        },
        **_POSTGRESQL_POOL,
    )


def _configure_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401  (the DBAPI's own type)
    del record
    connection.isolation_level = None  # BEGIN is ours, below
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",  # before whatever may have to wait
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(READS_ONLY, False):
        connection.exec_driver_sql("BEGIN")
    else:
        begin_immediate(connection, patience_milliseconds=BUSY_TIMEOUT_MILLISECONDS)
