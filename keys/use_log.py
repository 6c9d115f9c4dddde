"""The log of key uses: one entry for each use of a private key, written before the signature is made.

An entry says which key was used for what, the SHA-256 of what was signed, when, and for whom.
It means that a use was *begun*: a process that dies right after it leaves an entry without a signature,
never a signature without an entry. Entries are numbered without a gap, and each carries the
hash of itself and of the one before; triggers refuse changes. Whoever can edit the file beneath
SQLite passes the triggers; the chain, and its heads kept elsewhere, are for them.

How lasting an entry is follows from what it costs to lose it (docs/adr/0014): see `DURABLE`.
"""

import hashlib
import sqlite3
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from keys.errors import KeyUsedUp, UseLogBroken, UseLogFailed
from keys.keyring import LogHead
from keys.signer import Purpose
from keys.sqlite_file import open_sqlite

GENESIS = bytes(32)
"""What the first entry names as the hash of its predecessor."""

# Entries of these are on the disk before the signature is released: each signature counts for years and there
# are few. The others outlive the process, not a power failure: there are thousands a second, each says
# nothing by itself that the published lists do not say again, or goes into a document whose seal is here.
DURABLE = frozenset({Purpose.ISSUING, Purpose.TRUST_LIST, Purpose.SEAL, Purpose.OFFICER})

MAX_CALLER = 120
caller: ContextVar[str] = ContextVar("caller", default="in-process")
"""For whom keys are used in this thread."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    sequence INTEGER PRIMARY KEY, key_id TEXT NOT NULL, purpose TEXT NOT NULL, digest BLOB NOT NULL,
    at TEXT NOT NULL, caller TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS uses (key_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS entries_no_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_no_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_in_order BEFORE INSERT ON entries
    WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM entries)
    BEGIN SELECT RAISE(ABORT, 'an entry follows the last one'); END;
CREATE TRIGGER IF NOT EXISTS entries_counted AFTER INSERT ON entries
    BEGIN INSERT INTO uses VALUES (NEW.key_id, 1) ON CONFLICT DO UPDATE SET count = count + 1; END;
CREATE TRIGGER IF NOT EXISTS uses_no_delete BEFORE DELETE ON uses
    BEGIN SELECT RAISE(ABORT, 'uses are counted up'); END;
"""
_COLUMNS = "sequence, key_id, purpose, digest, at, caller, hash"
_BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class UseEntry:
    """One use, as logged."""

    sequence: int  # from 1
    key_id: str
    purpose: Purpose
    digest: bytes  # SHA-256 of what was signed
    at: datetime
    caller: str
    hash: bytes  # of this entry and the one before


class UseLog:
    """The log in one file. Safe for many threads; several processes may write it, and keep one chain."""

    def __init__(self, path: Path) -> None:
        """Open the log, making it if need be; its last entries are checked.

        Raises:
            UseLogFailed: it cannot be opened, or is no log.
            UseLogBroken: its end is not what was written.
        """
        self.name, self._path = path.stem, path
        self._lock = threading.Lock()
        with self._guarded():
            self._connection = open_sqlite(path, durable=True)
            self._connection.executescript(_SCHEMA)
        self._is_durable = True
        self._check_end()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def append(
        self, key_id: str, purpose: Purpose, digest: bytes, *, at: datetime, max_uses: int | None = None
    ) -> int:
        """Write the next entry and answer its number; when this returns, it is kept as `DURABLE` says.

        Raises:
            KeyUsedUp: the key was used `max_uses` times; nothing was written.
            UseLogFailed: nothing was written, or nobody knows; the key must not be used.
        """
        values = (key_id, purpose.value, digest, _text(at), caller.get()[:MAX_CALLER])
        with self._guarded():
            connection = self._connection
            self._be_durable(purpose in DURABLE)
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._require_uses_left(key_id, max_uses)
                sequence, previous = self._last()
                sequence += 1
                row = (sequence, *values, _hash(previous, sequence, values))
                connection.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES (?,?,?,?,?,?,?)", row)  # noqa: S608  (constants)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return sequence

    def uses(self, key_id: str) -> int:
        """How many uses of a key were begun."""
        with self._guarded():
            return self._count(key_id)

    def head(self) -> LogHead:
        """Where the log stands; up to there it is on the disk when this returns.

        Raises:
            UseLogFailed: it cannot be read or brought to the disk.
        """
        with self._guarded():
            sequence, digest = self._last()
            # Whoever keeps this head must never find the log shorter after a power failure.
            self._be_durable(True)  # noqa: FBT003  (the state itself)
            # Syncs the log before anything is moved out of it; busy: a reader stands in the way.
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        if busy:
            raise UseLogFailed(place=str(self._path), reason="somebody reads it all the time")
        return LogHead(log=self.name, sequence=sequence, hash=digest)

    def _require_uses_left(self, key_id: str, max_uses: int | None) -> None:
        if max_uses is not None and self._count(key_id) >= max_uses:
            raise KeyUsedUp(key_id=key_id, max_uses=max_uses)

    def _count(self, key_id: str) -> int:
        found = self._connection.execute("SELECT count FROM uses WHERE key_id = ?", (key_id,)).fetchone()
        return 0 if found is None else int(found[0])

    def _last(self) -> tuple[int, bytes]:
        found = self._connection.execute(
            "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return (0, GENESIS) if found is None else (int(found[0]), bytes(found[1]))

    def _be_durable(self, wanted: bool) -> None:  # noqa: FBT001  (the state itself)
        if self._is_durable is not wanted:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if wanted else 'NORMAL'}")
            self._is_durable = wanted

    def _check_end(self) -> None:
        with self._guarded():
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM entries ORDER BY sequence DESC LIMIT 2"  # noqa: S608  (constants)
            ).fetchall()
        if not rows:
            return
        last = rows[0]
        previous = GENESIS if len(rows) == 1 else rows[1][-1]
        if last[0] != (rows[1][0] if len(rows) > 1 else 0) + 1:
            raise UseLogBroken(place=str(self._path), sequence=last[0], what="follows no other")
        if last[-1] != _hash(previous, last[0], last[1:-1]):
            raise UseLogBroken(place=str(self._path), sequence=last[0], what="was changed")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise UseLogFailed(place=str(self._path), reason=str(error)) from error


def each_entry(path: Path, *, after: int = 0) -> Iterator[UseEntry]:
    """The entries of a log from the one behind `after` on, read without the means to change it.

    Raises:
        UseLogBroken: an entry cannot be read as one.
        UseLogFailed: the file cannot be read.
    """
    try:
        connection = sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True, timeout=10)
        try:
            while rows := connection.execute(
                f"SELECT {_COLUMNS} FROM entries WHERE sequence > ? ORDER BY sequence LIMIT {_BATCH}",  # noqa: S608  (constants)
                (after,),
            ).fetchall():
                for row in rows:
                    yield _entry(path, row)
                after = rows[-1][0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise UseLogFailed(place=str(path), reason=str(error)) from error


def verify_log(path: Path, *, heads: Mapping[int, bytes] | None = None) -> LogHead:
    """Recompute the whole chain, and compare it with heads that were kept elsewhere.

    Args:
        path: the log's file.
        heads: hashes by sequence number, as `UseLog.head` gave them.

    Raises:
        UseLogBroken: the first entry that was altered, removed, added or moved; or counts that differ.
        UseLogFailed: the file cannot be read.
    """
    waiting = {sequence: digest for sequence, digest in (heads or {}).items() if sequence}
    sequence, previous, counted = 0, GENESIS, dict[str, int]()
    for entry in each_entry(path):
        sequence += 1
        if entry.sequence != sequence:
            raise UseLogBroken(place=str(path), sequence=sequence, what="is missing")
        values = (entry.key_id, entry.purpose.value, entry.digest, _text(entry.at), entry.caller)
        if entry.hash != _hash(previous, sequence, values):
            raise UseLogBroken(place=str(path), sequence=sequence, what="was changed")
        if waiting.pop(sequence, entry.hash) != entry.hash:
            raise UseLogBroken(
                place=str(path), sequence=sequence, what="differs from the head that was kept elsewhere"
            )
        previous = entry.hash
        counted[entry.key_id] = counted.get(entry.key_id, 0) + 1
    if waiting:
        raise UseLogBroken(
            place=str(path), sequence=min(waiting), what="is missing; its head was kept elsewhere"
        )
    _compare_counts(path, counted)
    return LogHead(log=path.stem, sequence=sequence, hash=previous)


def _compare_counts(path: Path, counted: Mapping[str, int]) -> None:
    """The log may have grown since it was read: a count may be higher, never lower."""
    connection = sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True, timeout=10)
    try:
        kept = {str(row[0]): int(row[1]) for row in connection.execute("SELECT key_id, count FROM uses")}
        (last,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM entries").fetchone()
    finally:
        connection.close()
    total, grown = sum(counted.values()), sum(kept.values())
    if grown != last or any(kept.get(key_id, 0) < count for key_id, count in counted.items()):
        raise UseLogBroken(place=str(path), sequence=total, what="is the last, and the counts of uses differ")


def _entry(path: Path, row: tuple[object, ...]) -> UseEntry:
    try:
        sequence, key_id, purpose, digest, at, by, chained = cast(
            "tuple[int, str, str, bytes, str, str, bytes]", row
        )
        return UseEntry(
            sequence=sequence,
            key_id=key_id,
            purpose=Purpose(purpose),
            digest=digest,
            at=datetime.fromisoformat(at),
            caller=by,
            hash=chained,
        )
    except (ValueError, TypeError) as error:
        raise UseLogBroken(place=str(path), sequence=row[0], what="cannot be read") from error


def _hash(previous: bytes, sequence: int, values: tuple[str, str, bytes, str, str]) -> bytes:
    """SHA-256 over everything in an entry, each part preceded by its length: no two entries read alike."""
    encoded = (value if isinstance(value, bytes) else value.encode() for value in values)
    parts = (b"wathiqa key use 1", previous, *encoded)
    framed = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return hashlib.sha256(struct.pack(">Q", sequence) + framed).digest()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
