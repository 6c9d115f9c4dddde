"""The register of keys: which there are, in which state, within which limits; and every change of state.

A SQLite file of its own, shared by processes: each reads what another wrote before its next
signature. It holds no secret. It keeps each public key, so that a key which was swapped in the
backend is noticed, and nothing leaves the history.

What is about to be made is written down first (`intend`): a process that dies between
making a key and registering it leaves one that the next attempt takes up.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from keys.errors import IllegalTransition, KeyExists, KeyNotFound, KeyUnavailable
from keys.keyring import KeyRecord, KeyState
from keys.signer import Algorithm, PublicKey, Purpose
from keys.sqlite_file import open_sqlite
from keys.states import require_transition, state_at

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    key_id TEXT PRIMARY KEY, line TEXT NOT NULL, generation INTEGER NOT NULL CHECK (generation >= 1),
    purpose TEXT NOT NULL, algorithm TEXT NOT NULL, backend TEXT NOT NULL, public_key BLOB NOT NULL,
    state TEXT NOT NULL, created_at TEXT NOT NULL, active_from TEXT NOT NULL, retires_at TEXT,
    max_uses INTEGER CHECK (max_uses >= 0), UNIQUE (line, generation)) STRICT;
CREATE TABLE IF NOT EXISTS changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, key_id TEXT NOT NULL REFERENCES keys, at TEXT NOT NULL,
    before TEXT, after TEXT NOT NULL, why TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS intents (key_id TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS keys_stay BEFORE DELETE ON keys
    BEGIN SELECT RAISE(ABORT, 'a key stays in the register'); END;
CREATE TRIGGER IF NOT EXISTS keys_keep_what_they_are BEFORE UPDATE ON keys
    WHEN NEW.key_id IS NOT OLD.key_id OR NEW.line IS NOT OLD.line OR NEW.generation IS NOT OLD.generation
      OR NEW.purpose IS NOT OLD.purpose OR NEW.algorithm IS NOT OLD.algorithm
      OR NEW.public_key IS NOT OLD.public_key
    BEGIN SELECT RAISE(ABORT, 'what a key is does not change'); END;
CREATE TRIGGER IF NOT EXISTS changes_no_update BEFORE UPDATE ON changes
    BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS changes_no_delete BEFORE DELETE ON changes
    BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
"""
_COLUMNS = (
    "key_id, line, generation, purpose, algorithm, backend, public_key, state, created_at, active_from,"
    " retires_at, max_uses"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredKey:
    """One key as it stands in the register; its state changes by itself as time passes."""

    key_id: str
    line: str
    generation: int
    purpose: Purpose
    algorithm: Algorithm
    backend: str
    public_key: PublicKey
    stored_state: KeyState  # as last written
    created_at: datetime
    active_from: datetime
    retires_at: datetime | None
    max_uses: int | None

    def state_at(self, at: datetime) -> KeyState:
        """The state at an instant."""
        return state_at(self.stored_state, active_from=self.active_from, retires_at=self.retires_at, at=at)

    def as_record(self, *, at: datetime, uses: int) -> KeyRecord:
        """What others are told of it."""
        return KeyRecord(
            key_id=self.key_id,
            line=self.line,
            generation=self.generation,
            purpose=self.purpose,
            algorithm=self.algorithm,
            state=self.state_at(at),
            created_at=self.created_at,
            active_from=self.active_from,
            retires_at=self.retires_at,
            max_uses=self.max_uses,
            uses=uses,
            public_key=self.public_key,
            backend=self.backend,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """One line of a key's history."""

    key_id: str
    at: datetime
    before: KeyState | None  # None: it was made, or adopted
    after: KeyState
    why: str


class Register:
    """The register in one file. Safe for many threads; several processes may have it open."""

    def __init__(self, path: Path) -> None:
        """Open the register, making it if need be.

        Raises:
            KeyUnavailable: it cannot be opened, or is something else.
        """
        self._path = path
        self._lock = threading.RLock()
        self._seen: tuple[int, Mapping[str, RegisteredKey]] | None = None
        with self._guarded():
            self._connection = open_sqlite(path, durable=True)
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def entries(self) -> Mapping[str, RegisteredKey]:
        """Every key by its identifier; what another process has changed is seen.

        Raises:
            KeyUnavailable: the register cannot be read.
        """
        with self._guarded():
            # Changes when another connection commits; our own writes forget what was seen.
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if self._seen is None or self._seen[0] != version:
                rows = self._connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY line, generation")  # noqa: S608  (constants)
                self._seen = version, {row[0]: _key(row) for row in rows}
            return self._seen[1]

    def find(self, key_id: str) -> RegisteredKey:
        """One key.

        Raises:
            KeyNotFound: the register does not know it.
        """
        found = self.entries().get(key_id)
        if found is None:
            raise KeyNotFound(key_id=key_id)
        return found

    def generations(self, line: str) -> tuple[RegisteredKey, ...]:
        """The keys of a line, oldest first."""
        return tuple(key for key in self.entries().values() if key.line == line)

    def history(self, key_id: str) -> tuple[StateChange, ...]:
        """Every change of a key's state, oldest first."""
        with self._guarded():
            rows = self._connection.execute(
                "SELECT key_id, at, before, after, why FROM changes WHERE key_id = ? ORDER BY sequence",
                (key_id,),
            ).fetchall()
        return tuple(
            StateChange(
                key_id=row[0],
                at=_instant(row[1]),
                before=None if row[2] is None else KeyState(row[2]),
                after=KeyState(row[3]),
                why=row[4],
            )
            for row in rows
        )

    def intend(self, key_id: str, *, at: datetime) -> None:
        """Write down that this key is about to be made; `add` takes that back."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO intents VALUES (?, ?)", (key_id, _text(at)))

    def is_intended(self, key_id: str) -> bool:
        """Whether making this key was begun, and not finished."""
        with self._guarded():
            found = self._connection.execute("SELECT 1 FROM intents WHERE key_id = ?", (key_id,))
            return found.fetchone() is not None

    def add(
        self, key: RegisteredKey, *, at: datetime, why: str, older_end_at: datetime | None = None
    ) -> RegisteredKey:
        """Enter a new key, and with it the end of the older ones of its line; all of it or nothing.

        Entering the same key again changes nothing.

        Args:
            key: what is entered.
            at: now.
            why: for its history.
            older_end_at: when the generations before it stop; not after `at`: at once. None: they go on.

        Raises:
            KeyExists: another key has this identifier, or is this generation of the line.
        """
        with self._writing() as connection:
            known = self._read(connection, key.key_id)
            if known is None:
                self._insert(connection, key, at=at, why=why)
                if older_end_at is not None:
                    self._end_older(connection, key, at=at, end_at=older_end_at)
            elif _spki(known.public_key) != _spki(key.public_key) or known.purpose is not key.purpose:
                raise KeyExists(key_id=key.key_id)
            connection.execute("DELETE FROM intents WHERE key_id = ?", (key.key_id,))
        return self.find(key.key_id)

    def move(
        self, key_id: str, to: KeyState, *, at: datetime, why: str, only_from: KeyState | None = None
    ) -> RegisteredKey:
        """Change a key's state as the table of `keys.states` allows, or from one state only.

        Raises:
            KeyNotFound: the register does not know it.
            IllegalTransition: that state does not follow.
        """
        with self._writing() as connection:
            before = self._settle(connection, key_id, at)
            require_transition(key_id, before.stored_state, to, only_from=only_from)
            self._set_state(connection, before, to, at=at, why=why)
        return self.find(key_id)

    def settle(self, *, at: datetime) -> None:
        """Write down the changes that time has made, so that no clock set back undoes them."""
        if any(key.state_at(at) is not key.stored_state for key in self.entries().values()):
            with self._writing() as connection:
                for key_id in [row[0] for row in connection.execute("SELECT key_id FROM keys")]:
                    self._settle(connection, key_id, at)

    def limit(
        self, key_id: str, *, max_uses: int | None, retires_at: datetime | None, at: datetime
    ) -> RegisteredKey:
        """Set both limits.

        Raises:
            KeyNotFound: the register does not know it.
            IllegalTransition: it is retired or destroyed.
        """
        with self._writing() as connection:
            key = self._settle(connection, key_id, at)
            if key.stored_state in {KeyState.RETIRED, KeyState.DESTROYED}:
                raise IllegalTransition(
                    key_id=key_id, state=key.stored_state.value, asked=KeyState.ACTIVE.value
                )
            connection.execute(
                "UPDATE keys SET max_uses = ?, retires_at = ? WHERE key_id = ?",
                (max_uses, None if retires_at is None else _text(retires_at), key_id),
            )
            why = f"limited: uses {max_uses}, until {None if retires_at is None else _text(retires_at)}"
            self._note(connection, key, key.stored_state, at=at, why=why)
        return self.find(key_id)

    def fact(self, name: str) -> str | None:
        """Something remembered of the installation, such as that its keys were adopted."""
        with self._guarded():
            found = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def remember(self, name: str, value: str) -> None:
        """Remember something, in place of what was remembered before."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def _settle(self, connection: sqlite3.Connection, key_id: str, at: datetime) -> RegisteredKey:
        key = self._read(connection, key_id)
        if key is None:
            raise KeyNotFound(key_id=key_id)
        due = key.state_at(at)
        if due is KeyState.RETIRED and key.stored_state is KeyState.PRE_ACTIVE:
            self._set_state(connection, key, KeyState.ACTIVE, at=key.active_from, why="its day came")
            key = cast("RegisteredKey", self._read(connection, key_id))
        if due is not key.stored_state:
            why = "its day came" if due is KeyState.ACTIVE else "its last day has passed"
            self._set_state(connection, key, due, at=at, why=why)
            key = cast("RegisteredKey", self._read(connection, key_id))
        return key

    def _end_older(
        self, connection: sqlite3.Connection, key: RegisteredKey, *, at: datetime, end_at: datetime
    ) -> None:
        rows = connection.execute(
            "SELECT key_id FROM keys WHERE line = ? AND generation < ?", (key.line, key.generation)
        ).fetchall()
        for (key_id,) in rows:
            older = self._settle(connection, key_id, at)
            if older.stored_state in {KeyState.RETIRED, KeyState.DESTROYED}:
                continue
            if end_at <= at:
                # One that waited goes too: whoever knows its line may know it.
                self._set_state(connection, older, KeyState.RETIRED, at=at, why=f"replaced by {key.key_id}")
                continue
            connection.execute(
                "UPDATE keys SET retires_at = min(coalesce(retires_at, ?1), ?1) WHERE key_id = ?2",
                (_text(end_at), key_id),
            )

    def _set_state(
        self, connection: sqlite3.Connection, key: RegisteredKey, to: KeyState, *, at: datetime, why: str
    ) -> None:
        connection.execute("UPDATE keys SET state = ? WHERE key_id = ?", (to.value, key.key_id))
        self._note(connection, key, to, at=at, why=why)

    @staticmethod
    def _note(
        connection: sqlite3.Connection, key: RegisteredKey, after: KeyState, *, at: datetime, why: str
    ) -> None:
        connection.execute(
            "INSERT INTO changes (key_id, at, before, after, why) VALUES (?, ?, ?, ?, ?)",
            (key.key_id, _text(at), key.stored_state.value, after.value, why),
        )

    @staticmethod
    def _insert(connection: sqlite3.Connection, key: RegisteredKey, *, at: datetime, why: str) -> None:
        values = (
            key.key_id,
            key.line,
            key.generation,
            key.purpose.value,
            key.algorithm.value,
            key.backend,
            _spki(key.public_key),
            key.stored_state.value,
            _text(key.created_at),
            _text(key.active_from),
            None if key.retires_at is None else _text(key.retires_at),
            key.max_uses,
        )
        try:
            connection.execute(f"INSERT INTO keys ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", values)  # noqa: S608  (constants)
        except sqlite3.IntegrityError as error:
            raise KeyExists(key_id=key.key_id) from error
        connection.execute(
            "INSERT INTO changes (key_id, at, before, after, why) VALUES (?, ?, NULL, ?, ?)",
            (key.key_id, _text(at), key.stored_state.value, why),
        )

    @staticmethod
    def _read(connection: sqlite3.Connection, key_id: str) -> RegisteredKey | None:
        found = connection.execute(f"SELECT {_COLUMNS} FROM keys WHERE key_id = ?", (key_id,)).fetchone()  # noqa: S608  (constants)
        return None if found is None else _key(found)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._seen = None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError, ValueError) as error:
                # ValueError: a column that no longer holds what its type says.
                raise KeyUnavailable(key_id=self._path.name, reason=f"the register: {error}") from error


def _key(row: tuple[object, ...]) -> RegisteredKey:
    values = cast("tuple[str, str, int, str, str, str, bytes, str, str, str, str | None, int | None]", row)
    return RegisteredKey(
        key_id=values[0],
        line=values[1],
        generation=values[2],
        purpose=Purpose(values[3]),
        algorithm=Algorithm(values[4]),
        backend=values[5],
        public_key=cast("PublicKey", load_der_public_key(values[6])),
        stored_state=KeyState(values[7]),
        created_at=_instant(values[8]),
        active_from=_instant(values[9]),
        retires_at=None if values[10] is None else _instant(values[10]),
        max_uses=values[11],
    )


def _spki(public_key: PublicKey) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(at: datetime) -> str:
    # One spelling, so that the database may compare.
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
