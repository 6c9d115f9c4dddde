"""A keyring that holds no key: it asks the signer processes.

Each class of keys is behind a socket of its own. Connections are kept and shared by threads;
a signer that is gone is looked for again for a few seconds, after which the answer is
`KeyUnavailable`: the same may be asked again. Everything has a time limit.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from keys.classes import KeyClass, class_of
from keys.custody import check_key_id
from keys.errors import KeyNotFound, KeyUnavailable
from keys.keyring import KeyRecord, LogHead
from keys.messages import Channel, Message, parse_head, parse_record, raise_error, socket_address
from keys.signer import Algorithm, PublicKey, Purpose, Signer, require_purpose

ANSWER_WITHIN_SECONDS = 30.0  # a token makes an RSA key meanwhile
LOOK_FOR_SECONDS = 10.0  # a signer that ended is started anew within a few
LOOK_EVERY_SECONDS = 0.05
MAX_CONNECTIONS = 32
ATTEMPTS = 5  # few: what is asked may be what ends the signer
# Asked twice, these do no more than once. A use that is logged twice is a use that was begun twice.
_REPEATABLE = frozenset(
    {"ping", "sign", "obtain", "load", "record", "key_ids", "records", "generations", "heads", "reconcile"}
)

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class _Connection:
    end: socket.socket
    channel: Channel


class SignerLink:
    """The way to one signer process. May be shared by threads; at most `MAX_CONNECTIONS` ask at once."""

    def __init__(self, path: Path, *, look_for_seconds: float = LOOK_FOR_SECONDS) -> None:
        """`path` is the signer's socket; nothing is opened before something is asked."""
        self.name, self._path, self._look_for = path.stem, path, look_for_seconds
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def ask(self, act: str, body: bytes = b"", **header: str) -> Message:
        """Ask, and wait for the answer.

        Raises:
            KeyUnavailable: the signer is not there, did not answer in time, or answered nonsense.
            KeyCustodyError: what it answered.
        """
        question = Message({"act": act, **header}, body)
        if not self._turns.acquire(timeout=ANSWER_WITHIN_SECONDS):
            raise KeyUnavailable(key_id=self.name, reason="the signer has too much to do")
        try:
            answer = self._ask(question, is_repeatable=act in _REPEATABLE)
        except (OSError, ValueError) as error:
            raise KeyUnavailable(key_id=self.name, reason=f"the signer: {error}") from error
        finally:
            self._turns.release()
        raise_error(answer.header)
        return answer

    def is_there(self) -> bool:
        """Whether a signer answers at this moment."""
        try:
            connection = self._connect()
        except OSError:
            return False
        try:
            connection.channel.ask(Message({"act": "ping"}))
        except (OSError, ValueError):
            return False
        finally:
            connection.end.close()
        return True

    def close(self) -> None:
        """Close what is kept open; a question begins anew."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.end.close()

    def _ask(self, question: Message, *, is_repeatable: bool) -> Message:
        """Ask by a connection that is kept, or by new ones while a signer is being started anew."""
        give_up = time.monotonic() + self._look_for
        kept = self._take()
        if kept is not None:
            try:
                return self._converse(kept, question)
            except ConnectionError:
                # It ended since it was last asked, as all that is kept open did.
                self.close()
                if not is_repeatable:
                    raise
        for left in reversed(range(ATTEMPTS)):
            try:
                return self._converse(self._look_for_it(give_up), question)
            except ConnectionError:
                # A process that is being killed still takes connections, and drops them.
                if not (is_repeatable and left and time.monotonic() < give_up):
                    raise
                time.sleep(LOOK_EVERY_SECONDS)
        raise AssertionError  # the last attempt answered or raised

    def _converse(self, connection: _Connection, question: Message) -> Message:
        try:
            answer = connection.channel.ask(question)
        except BaseException:
            # Half an answer may be in it.
            connection.end.close()
            raise
        with self._lock:
            self._idle.append(connection)
        return answer

    def _take(self) -> _Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _look_for_it(self, give_up: float) -> _Connection:
        while True:
            try:
                return self._connect()
            except (FileNotFoundError, ConnectionError):
                if time.monotonic() >= give_up:
                    raise
                time.sleep(LOOK_EVERY_SECONDS)

    def _connect(self) -> _Connection:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(ANSWER_WITHIN_SECONDS)
            with socket_address(self._path) as address:
                connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return _Connection(connection, Channel(connection))


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """A key that a signer process holds; a `keys.signer.Signer`."""

    key_id: str
    purpose: Purpose
    algorithm: Algorithm
    public_key: PublicKey
    _link: SignerLink

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Have `data` signed; see `keys.gates.GuardedSigner.sign` for what may be refused.

        Raises:
            WrongPurpose: the key is for something else.
            KeyUnavailable: no signer answers; safe to retry.
            KeyCustodyError: what the signer refused.
        """
        require_purpose(self, purpose)
        return self._link.ask("sign", data, key_id=self.key_id, purpose=purpose.value).body


class RemoteKeyring:
    """A `keys.keyring.Keyring` over signer processes. May be shared by threads."""

    def __init__(self, links: Mapping[KeyClass, SignerLink]) -> None:
        """`links` has one link for each class that is to be used."""
        self._links = dict(links)

    def close(self) -> None:
        """Close the connections."""
        for link in self._links.values():
            link.close()

    def generate(self, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256) -> Signer:
        """Have a key made; see `keys.keyring.Keyring`."""
        check_key_id(key_id)
        link = self._link(purpose)
        asked = {"key_id": key_id, "purpose": purpose.value, "algorithm": algorithm.value}
        return self._signer(_record(link.ask("generate", b"", **asked)), link)

    def load(self, key_id: str) -> Signer:
        """A key that a signer lends; see `keys.keyring.Keyring`."""
        check_key_id(key_id)
        return self._first(lambda link: self._signer(_record(link.ask("load", key_id=key_id)), link), key_id)

    def key_ids(self) -> list[str]:
        """The identifiers of all keys that signers lend, sorted."""
        return sorted(key_id for link in self._links.values() for key_id in _texts(link.ask("key_ids")))

    def obtain(
        self, line: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256, at: datetime
    ) -> Signer:
        """The newest active generation of a line; the signer's clock says which that is, not `at`."""
        del at
        link = self._link(purpose)
        asked = {"line": line, "purpose": purpose.value, "algorithm": algorithm.value}
        return self._signer(_record(link.ask("obtain", b"", **asked)), link)

    def generations(self, line: str) -> tuple[KeyRecord, ...]:
        """All generations of a line, oldest first."""
        return tuple(
            each for link in self._links.values() for each in _records(link.ask("generations", line=line))
        )

    def record(self, key_id: str) -> KeyRecord:
        """What is known of one key; see `keys.keyring.Keyring`."""
        return self._first(lambda link: _record(link.ask("record", key_id=key_id)), key_id)

    def records(self) -> tuple[KeyRecord, ...]:
        """What is known of every key."""
        found = [each for link in self._links.values() for each in _records(link.ask("records"))]
        return tuple(sorted(found, key=lambda each: (each.line, each.generation)))

    def rotate(self, line: str, *, at: datetime, active_from: datetime) -> KeyRecord:
        """Have the next generation made; `at` is the signer's own time."""
        del at
        when = active_from.isoformat()
        return self._first(lambda link: _record(link.ask("rotate", line=line, active_from=when)), line)

    def replace(self, line: str, *, at: datetime) -> KeyRecord:
        """Have the next generation made at once and the older ones retired; `at` is the signer's own time."""
        del at
        return self._first(lambda link: _record(link.ask("replace", line=line)), line)

    def suspend(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Have a key stopped."""
        del at
        return self._first(lambda link: _record(link.ask("suspend", key_id=key_id)), key_id)

    def resume(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Refused by every signer.

        Raises:
            ActRefused: always.
        """
        del at
        return self._first(lambda link: _record(link.ask("resume", key_id=key_id)), key_id)

    def retire(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Have a key stopped for good."""
        del at
        return self._first(lambda link: _record(link.ask("retire", key_id=key_id)), key_id)

    def destroy(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Refused by every signer.

        Raises:
            ActRefused: always.
        """
        del at
        return self._first(lambda link: _record(link.ask("destroy", key_id=key_id)), key_id)

    def limit(self, key_id: str, *, max_uses: int | None, retires_at: datetime | None) -> KeyRecord:
        """Refused by every signer.

        Raises:
            ActRefused: always.
        """
        del max_uses, retires_at
        return self._first(lambda link: _record(link.ask("limit", key_id=key_id)), key_id)

    def heads(self) -> tuple[LogHead, ...]:
        """Where the logs of uses stand."""
        return tuple(each for link in self._links.values() for each in _heads(link.ask("heads")))

    def reconcile(self) -> None:
        """Have the backends' counts compared with the logs; see `keys.guard.GuardedKeyring`."""
        for link in self._links.values():
            link.ask("reconcile")

    def _link(self, purpose: Purpose) -> SignerLink:
        key_class = class_of(purpose)
        link = self._links.get(key_class)
        if link is None:
            raise KeyUnavailable(key_id=key_class.value, reason="no signer for this class is known here")
        return link

    def _first(self, ask: Callable[[SignerLink], _Found], key_id: str) -> _Found:
        """What the signer answers that holds the key: the others know no such key."""
        for link in self._links.values():
            with suppress(KeyNotFound):
                return ask(link)
        raise KeyNotFound(key_id=key_id)

    @staticmethod
    def _signer(record: KeyRecord, link: SignerLink) -> RemoteSigner:
        return RemoteSigner(record.key_id, record.purpose, record.algorithm, record.public_key, link)


def _record(answer: Message) -> KeyRecord:
    with _understood():
        return parse_record(json.loads(answer.body))


def _records(answer: Message) -> list[KeyRecord]:
    with _understood():
        return [parse_record(each) for each in json.loads(answer.body)]


def _heads(answer: Message) -> list[LogHead]:
    with _understood():
        return [parse_head(each) for each in json.loads(answer.body)]


def _texts(answer: Message) -> list[str]:
    with _understood():
        return [str(each) for each in json.loads(answer.body)]


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        raise KeyUnavailable(key_id="signer", reason=f"it answered nonsense: {error}") from error
