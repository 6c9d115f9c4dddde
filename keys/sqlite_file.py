"""A SQLite file of this package's own: write-ahead log, private to its owner, shared by processes.

`durable` decides what a commit means. True: it is on the disk (`synchronous=FULL`, one fsync a
commit). False: it is with the operating system (`synchronous=NORMAL`), so it outlives this
process but may be lost, whole commits from the end, when the machine loses power.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

BUSY_SECONDS = 10.0


def open_sqlite(path: Path, *, durable: bool) -> sqlite3.Connection:
    """A connection that begins and ends transactions only when told to; shared by threads under a lock.

    Raises:
        sqlite3.Error: the file is not a database, or cannot be opened.
        OSError: the directory or the file cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made here, so that it never exists with wider rights; SQLite gives the files beside it the same ones.
    # Never opened again beside SQLite: closing any descriptor of a file gives up the process's locks on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection
