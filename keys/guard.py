"""A custody under guard, in the process that holds the keys: a `keys.keyring.Keyring`.

What may be used, how often and until when is in the register; each use is in the log of its
class; what a key signs goes through the gates of `keys.gates`.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.adoption import place_of
from keys.classes import PURPOSES, KeyClass, class_of
from keys.custody import Custody, ErasingCustody, check_key_id
from keys.errors import (
    KeyExists,
    KeyNotActive,
    KeyNotFound,
    KeyNotRegistered,
    KeyRefused,
    UnsupportedUse,
    WrongPurpose,
)
from keys.gates import CountsUses, GuardedSigner
from keys.keyring import KeyRecord, KeyState, LogHead, generation_key_id
from keys.register import Register, RegisteredKey
from keys.signer import Algorithm, PublicKey, Purpose, Signer
from keys.states import OVERLAP
from keys.use_log import UseLog


class GuardedKeyring:
    """Keys of a custody in this process. May be shared by threads."""

    def __init__(
        self,
        custody: Custody,
        *,
        register: Register,
        logs: Mapping[KeyClass, UseLog],
        clock: Callable[[], datetime],
        backend: str,
    ) -> None:
        """Stand before a custody.

        Args:
            custody: holds the keys.
            register: says what they are; shared with other processes.
            logs: where uses are written. Keys of any other class are as if they were not there.
            clock: the time by which states count.
            backend: the custody's kind, for the register: "software", "pkcs11", "kms".
        """
        self._custody, self._register, self._logs = custody, register, dict(logs)
        self._clock, self._backend = clock, backend
        self._purposes = frozenset[Purpose]().union(*(PURPOSES[each] for each in logs))
        self._lent: dict[str, GuardedSigner] = {}
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the register and the logs."""
        self._register.close()
        for log in self._logs.values():
            log.close()

    # As a custody.

    def generate(self, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256) -> Signer:
        """Make a key that is active at once; see `keys.keyring.Keyring`.

        Raises:
            KeyExists: the identifier is taken.
            KeyNotRegistered: the backend holds a key of this name that the register does not know.
            WrongPurpose: keys of this purpose are not held here.
        """
        check_key_id(key_id)
        known = self._register.entries()
        if key_id in known:
            raise KeyExists(key_id=key_id)
        line, generation = place_of(key_id, known)
        if any(key.purpose is not purpose for key in self._register.generations(line)):
            line, generation = key_id, 1
        at = self._clock()
        return self._lend(self._make(line, generation, key_id, purpose, algorithm, at=at, active_from=at))

    def load(self, key_id: str) -> Signer:
        """Lend a registered key, whatever its state but destroyed.

        Raises:
            KeyNotFound: there is no such key, or it is destroyed, or not of a class held here.
            KeyNotRegistered: the backend holds it, the register does not know it.
            KeyRefused: the backend's key is not the registered one.
        """
        check_key_id(key_id)
        key = self._register.entries().get(key_id)
        if key is None and key_id in self._custody.key_ids():
            raise KeyNotRegistered(key_id=key_id)
        if key is None or not self._is_lent(key):
            raise KeyNotFound(key_id=key_id)
        return self._lend(key)

    def key_ids(self) -> list[str]:
        """The identifiers of all registered keys that `load` lends, sorted."""
        return sorted(key.key_id for key in self._register.entries().values() if self._is_lent(key))

    # As a keyring.

    def obtain(
        self, line: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256, at: datetime
    ) -> Signer:
        """The newest active generation of a line, the first made where there is none.

        Raises:
            WrongPurpose: the line is for something else, or keys of this purpose are not held here.
            KeyNotActive: no generation is active.
        """
        self._register.settle(at=at)
        known = self._register.generations(line)
        if not known:
            return self._lend(self._make(line, 1, line, purpose, algorithm, at=at, active_from=at))
        if known[0].purpose is not purpose:
            raise WrongPurpose(key_id=line, purpose=known[0].purpose.value, asked=purpose.value)
        for key in reversed(known):
            if key.state_at(at) is KeyState.ACTIVE:
                return self._lend(key)
        raise KeyNotActive(key_id=known[-1].key_id, state=known[-1].state_at(at).value)

    def generations(self, line: str) -> tuple[KeyRecord, ...]:
        """All generations of a line of a class held here, oldest first."""
        keys = self._register.generations(line)
        return tuple(self._record(key) for key in keys if key.purpose in self._purposes)

    def record(self, key_id: str) -> KeyRecord:
        """What is known of one key.

        Raises:
            KeyNotFound: the register does not know it, or it is not of a class held here.
        """
        return self._record(self._held(key_id))

    def records(self) -> tuple[KeyRecord, ...]:
        """What is known of every key of the classes held here."""
        keys = self._register.entries().values()
        return tuple(self._record(key) for key in keys if key.purpose in self._purposes)

    def rotate(self, line: str, *, at: datetime, active_from: datetime) -> KeyRecord:
        """Make the next generation, or answer the one that waits already.

        Raises:
            KeyNotFound: there is no such line.
        """
        self._register.settle(at=at)
        newest = self._newest(line)
        if newest.state_at(at) is KeyState.PRE_ACTIVE:
            return self._record(newest)
        active_from = max(at, active_from)
        overlap = OVERLAP[newest.purpose]
        older_end_at = None if overlap is None else active_from + overlap
        return self._record(
            self._make_next(newest, at=at, active_from=active_from, older_end_at=older_end_at)
        )

    def replace(self, line: str, *, at: datetime) -> KeyRecord:
        """The next generation at once; all older ones are retired at once.

        Raises:
            KeyNotFound: there is no such line.
        """
        self._register.settle(at=at)
        return self._record(self._make_next(self._newest(line), at=at, active_from=at, older_end_at=at))

    def suspend(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Stop a key; see `keys.keyring.Keyring`."""
        return self._move(key_id, KeyState.SUSPENDED, at=at, why="suspended")

    def resume(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Let a suspended key sign again; see `keys.keyring.Keyring`."""
        return self._move(key_id, KeyState.ACTIVE, at=at, why="resumed", only_from=KeyState.SUSPENDED)

    def retire(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Stop a key for good; see `keys.keyring.Keyring`."""
        return self._move(key_id, KeyState.RETIRED, at=at, why="retired")

    def destroy(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Have the backend forget a key; see `keys.keyring.Keyring`.

        The state is written first: a process that dies in between leaves a key that nobody may use,
        and destroying it again completes the work.
        """
        key = self._held(key_id)
        if not isinstance(self._custody, ErasingCustody):
            raise UnsupportedUse(key_id=key_id, reason="this key store cannot destroy keys")
        if key.stored_state is not KeyState.DESTROYED:
            self._register.move(key_id, KeyState.DESTROYED, at=at, why="destroyed")
        with self._lock:
            self._lent.pop(key_id, None)
        with suppress(KeyNotFound):  # gone already, which is what was wanted
            self._custody.erase(key_id)
        return self.record(key_id)

    def limit(self, key_id: str, *, max_uses: int | None, retires_at: datetime | None) -> KeyRecord:
        """Set both limits; see `keys.keyring.Keyring`."""
        self._held(key_id)
        at = self._clock()
        return self._record(self._register.limit(key_id, max_uses=max_uses, retires_at=retires_at, at=at))

    # What auditors ask.

    def heads(self) -> tuple[LogHead, ...]:
        """Where the logs of uses stand; up to there they are on the disk."""
        return tuple(log.head() for log in self._logs.values())

    def reconcile(self) -> None:
        """Compare the backend's counts with the log's, for every key that is in use here.

        Raises:
            UnloggedUse: the backend signed more often than the log says.
        """
        with self._lock:
            lent = list(self._lent.values())
        for signer in lent:
            signer.reconcile()

    # Inside.

    def _is_lent(self, key: RegisteredKey) -> bool:
        return key.purpose in self._purposes and key.stored_state is not KeyState.DESTROYED

    def _held(self, key_id: str) -> RegisteredKey:
        key = self._register.find(key_id)
        if key.purpose not in self._purposes:
            raise KeyNotFound(key_id=key_id)
        return key

    def _newest(self, line: str) -> RegisteredKey:
        known = self._register.generations(line)
        if not known or known[-1].purpose not in self._purposes:
            raise KeyNotFound(key_id=line)
        return known[-1]

    def _record(self, key: RegisteredKey) -> KeyRecord:
        uses = self._logs[class_of(key.purpose)].uses(key.key_id)
        return key.as_record(at=self._clock(), uses=uses)

    def _move(
        self, key_id: str, to: KeyState, *, at: datetime, why: str, only_from: KeyState | None = None
    ) -> KeyRecord:
        self._held(key_id)
        return self._record(self._register.move(key_id, to, at=at, why=why, only_from=only_from))

    def _lend(self, key: RegisteredKey) -> GuardedSigner:
        with self._lock:
            if key.key_id not in self._lent:
                backend = self._custody.load(key.key_id)
                _require_same(backend, key)
                self._lent[key.key_id] = GuardedSigner(
                    key,
                    backend,
                    register=self._register,
                    log=self._logs[class_of(key.purpose)],
                    clock=self._clock,
                    counter=self._custody if isinstance(self._custody, CountsUses) else None,
                )
            return self._lent[key.key_id]

    def _make_next(
        self, newest: RegisteredKey, *, at: datetime, active_from: datetime, older_end_at: datetime | None
    ) -> RegisteredKey:
        generation = newest.generation + 1
        return self._make(
            newest.line,
            generation,
            generation_key_id(newest.line, generation),
            newest.purpose,
            newest.algorithm,
            at=at,
            active_from=active_from,
            older_end_at=older_end_at,
        )

    def _make(
        self,
        line: str,
        generation: int,
        key_id: str,
        purpose: Purpose,
        algorithm: Algorithm,
        *,
        at: datetime,
        active_from: datetime,
        older_end_at: datetime | None = None,
    ) -> RegisteredKey:
        """Make a key and register it, or take up what another process made, or this one before it died."""
        check_key_id(key_id)
        if purpose not in self._purposes:
            raise WrongPurpose(key_id=key_id, purpose="not held here", asked=purpose.value)
        if not self._register.is_intended(key_id) and key_id in self._custody.key_ids():
            if key_id in self._register.entries():
                return self._register.find(key_id)
            raise KeyNotRegistered(key_id=key_id)
        self._register.intend(key_id, at=at)
        try:
            signer = self._custody.generate(key_id, purpose=purpose, algorithm=algorithm)
        except KeyExists:
            signer = self._custody.load(key_id)
        if signer.purpose is not purpose:
            raise WrongPurpose(key_id=key_id, purpose=signer.purpose.value, asked=purpose.value)
        key = RegisteredKey(
            key_id=key_id,
            line=line,
            generation=generation,
            purpose=purpose,
            algorithm=signer.algorithm,
            backend=self._backend,
            public_key=signer.public_key,
            stored_state=KeyState.ACTIVE if active_from <= at else KeyState.PRE_ACTIVE,
            created_at=at,
            active_from=active_from,
            retires_at=None,
            max_uses=None,
        )
        return self._register.add(key, at=at, why="made", older_end_at=older_end_at)


def _require_same(signer: Signer, key: RegisteredKey) -> None:
    is_same = _spki(signer.public_key) == _spki(key.public_key)
    if not is_same or signer.purpose is not key.purpose or signer.algorithm is not key.algorithm:
        raise KeyRefused(key_id=key.key_id, reason="the key store holds another key than the registered one")


def _spki(public_key: PublicKey) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
