"""The service's database: one metadata, one way to open it, two column types.

SQLite is opened in WAL mode with synchronous FULL, and every transaction takes
its write lock at BEGIN: a deferred transaction that reads, then writes, loses
updates to a concurrent one. The engine that DBOS keeps on the same file is its
own and is not opened here.

Functions of the domain take a `Connection` and never commit: only the edges
(HTTP handlers, workflow steps, commands) open a transaction, so that what must
happen together does.
"""

import json
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import DateTime, Dialect, Engine, MetaData, Text, TypeDecorator, create_engine, event
from sqlalchemy.engine import Connection, make_url

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


def reading(engine: Engine) -> Connection:
    """A connection that takes no write lock: for questions whose answer leads to no write of ours."""
    return engine.connect().execution_options(**{READS_ONLY: True})


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC without its zone (SQLite has none)."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a naive datetime cannot be stored"
            raise ValueError(msg)
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


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
    """Open the database at `url` (`sqlite:///…` or `postgresql+psycopg://…`)."""
    engine = create_engine(url)
    if make_url(url).get_backend_name() == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _configure_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401  (the DBAPI's own type)
    del record
    connection.isolation_level = None  # BEGIN is ours, below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get(READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
