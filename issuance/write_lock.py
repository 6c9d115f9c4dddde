"""Waiting for SQLite's write lock.

SQLite itself waits in sleeps that grow to a tenth of a second. Between two of them a lock
that was given back lies idle, and whoever has just come takes it first: with eight
threads writing, one in a hundred waited a quarter of a second and the unluckiest two
seconds. Here everybody asks again after a millisecond, which serves them nearly in turn:
a fifth more transactions, one in a hundred waits 40 ms.
"""

import sqlite3
import time
from typing import cast

from sqlalchemy.engine import Connection

ASK_AGAIN_SECONDS = 0.001
_PRIMARY_CODE = 0xFF  # of an extended error code


def begin_immediate(connection: Connection, *, patience_milliseconds: int) -> None:
    """Begin a transaction that holds the write lock.

    Raises:
        OperationalError: SQLAlchemy's; somebody held it all the while, or the disk fails.
    """
    database = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    give_up = time.monotonic() + patience_milliseconds / 1000
    database.execute("PRAGMA busy_timeout=0")
    try:
        while (refusal := _refusal(database)) is not None:
            if refusal != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # so that the error is SQLAlchemy's
                return
            time.sleep(ASK_AGAIN_SECONDS)
    finally:
        database.execute(f"PRAGMA busy_timeout={patience_milliseconds}")


def _refusal(database: sqlite3.Connection) -> int | None:
    """Begin; where that fails, why (SQLite's primary result code)."""
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & _PRIMARY_CODE
    return None
