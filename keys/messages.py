"""What passes between a signer process and those who ask it, over a Unix socket.

    frame     4 octets: how many follow
    header    2 octets: how many follow; a JSON object: what is asked, or what the answer is
    body      the rest: what is to be signed, a signature, or JSON

Every length is bounded before anything is read or built; whatever is not this form is a `ValueError`.
"""

import json
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, cast

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from keys import errors
from keys.errors import KeyCustodyError, KeyUnavailable
from keys.forms import MAX_OCTETS
from keys.keyring import KeyRecord, KeyState, LogHead
from keys.signer import Algorithm, PublicKey, Purpose

MAX_HEADER = 4096
MAX_FRAME = max(MAX_OCTETS.values()) + MAX_HEADER + 2
MAX_FACT = 200
_LENGTH = struct.Struct(">I")
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Message:
    """One frame."""

    header: Mapping[str, Any]
    body: bytes = b""


def encode_frame(message: Message) -> bytes:
    """The frame of a message.

    Raises:
        ValueError: more than a frame may hold.
    """
    header = json.dumps(message.header, separators=(",", ":")).encode()
    length = 2 + len(header) + len(message.body)
    if len(header) > MAX_HEADER or length > MAX_FRAME:
        msg = f"a message of {length} octets"
        raise ValueError(msg)
    return struct.pack(">IH", length, len(header)) + header + message.body


def parse_frame(data: bytes) -> Message:
    """The message in a frame whose length was taken off.

    Raises:
        ValueError: anything else.
    """
    if len(data) < 2:  # noqa: PLR2004  (the octets of the header's length)
        msg = "a frame without a header"
        raise ValueError(msg)
    (length,) = struct.unpack_from(">H", data)
    if length > MAX_HEADER or 2 + length > len(data):
        msg = "a header longer than its frame, or than allowed"
        raise ValueError(msg)
    try:
        header = json.loads(data[2 : 2 + length])
    except RecursionError as error:
        msg = "a header nested too deeply"
        raise ValueError(msg) from error
    if not isinstance(header, dict):
        msg = "a header that is no object"
        raise ValueError(msg)  # noqa: TRY004  (a wrong form, not a wrong type)
    return Message(header, data[2 + length :])


class Channel:
    """One side of a connection: whole messages out of what arrives in pieces."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._arrived = b""
        self._ends: float | None = (
            None  # when the message under way must have arrived, by the clock that counts
        )

    def receive(self, *, within_seconds: float) -> Message | None:
        """The next message, waited for as long as it takes to begin; None where the other side has closed.

        Once it has begun all of it arrives `within_seconds`, however small the pieces.

        Raises:
            ValueError: a frame that is too long, cut short, or not one.
            TimeoutError: it began and did not end in time.
        """
        if not self._arrived:
            # Most messages arrive whole: one call, and no clock.
            self._connection.settimeout(None)
            self._arrived = self._connection.recv(_PIECE)
            if not self._arrived:
                return None
        if self._is_whole():
            return self._take()
        self._ends = monotonic() + within_seconds
        try:
            return self._take()
        finally:
            self._ends = None

    def ask(self, question: Message) -> Message:
        """Send, and wait for the answer as long as the connection's timeout allows, each time it waits.

        Raises:
            OSError: the other side is gone, or did not answer in time.
            ValueError: what it answered is no frame.
        """
        self._connection.sendall(encode_frame(question))
        return self._take()

    def send(self, message: Message) -> None:
        """Send.

        Raises:
            OSError: the other side is gone, or does not take it in time.
        """
        self._connection.sendall(encode_frame(message))

    def _is_whole(self) -> bool:
        arrived = self._arrived
        return len(arrived) >= _LENGTH.size and len(arrived) >= _LENGTH.size + _LENGTH.unpack_from(arrived)[0]

    def _take(self) -> Message:
        arrived = self._at_least(_LENGTH.size)
        (length,) = _LENGTH.unpack_from(arrived)
        if length > MAX_FRAME:
            msg = f"a frame of {length} octets"
            raise ValueError(msg)
        end = _LENGTH.size + length
        arrived = self._at_least(end)
        self._arrived = arrived[end:]
        return parse_frame(arrived[_LENGTH.size : end])

    def _hurry(self) -> None:
        """Wait for the next piece no longer than the message has left."""
        if self._ends is None:
            return
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)

    def _at_least(self, count: int) -> bytes:
        if len(self._arrived) < count:
            pieces, missing = [self._arrived], count - len(self._arrived)
            while missing > 0:
                self._hurry()
                piece = self._connection.recv(_PIECE)
                if not piece:
                    raise ConnectionResetError("closed in the middle of a message")
                pieces.append(piece)
                missing -= len(piece)
            self._arrived = b"".join(pieces)
        return self._arrived


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """A name for a socket file that fits where long paths do not (108 octets, unix(7)).

    Raises:
        OSError: its directory is not there.
    """
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def encode_error(error: KeyCustodyError) -> Message:
    """An answer that says what went wrong."""
    facts = {name: _fact(value) for name, value in error.facts.items()}
    return Message({"error": error.code, "facts": facts})


def raise_error(header: Mapping[str, Any]) -> None:
    """Raise what an answer says went wrong; nothing where it went well.

    Raises:
        KeyCustodyError: the class of the answer's code; KeyUnavailable for a code that is unknown here.
    """
    code = header.get("error")
    if code is None:
        return
    facts = header.get("facts")
    kind = _ERRORS.get(code) if isinstance(code, str) else None
    if kind is None or not isinstance(facts, dict):
        raise KeyUnavailable(key_id="signer", reason=f"it answered {code}")
    try:
        raise kind(**facts)
    except (KeyError, TypeError) as error:
        raise KeyUnavailable(key_id="signer", reason=f"it answered {code} without its facts") from error


def record_json(record: KeyRecord) -> dict[str, Any]:
    """A record as it travels."""
    return {
        "key_id": record.key_id,
        "line": record.line,
        "generation": record.generation,
        "purpose": record.purpose.value,
        "algorithm": record.algorithm.value,
        "state": record.state.value,
        "created_at": record.created_at.isoformat(),
        "active_from": record.active_from.isoformat(),
        "retires_at": None if record.retires_at is None else record.retires_at.isoformat(),
        "max_uses": record.max_uses,
        "uses": record.uses,
        "public_key": record.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(),
        "backend": record.backend,
    }


def parse_record(value: Mapping[str, Any]) -> KeyRecord:
    """A record that travelled.

    Raises:
        ValueError: something else.
    """
    try:
        retires_at = value["retires_at"]
        return KeyRecord(
            key_id=value["key_id"],
            line=value["line"],
            generation=value["generation"],
            purpose=Purpose(value["purpose"]),
            algorithm=Algorithm(value["algorithm"]),
            state=KeyState(value["state"]),
            created_at=datetime.fromisoformat(value["created_at"]),
            active_from=datetime.fromisoformat(value["active_from"]),
            retires_at=None if retires_at is None else datetime.fromisoformat(retires_at),
            max_uses=value["max_uses"],
            uses=value["uses"],
            public_key=cast("PublicKey", load_der_public_key(bytes.fromhex(value["public_key"]))),
            backend=value["backend"],
        )
    except (KeyError, TypeError) as error:
        msg = f"not a record: {error}"
        raise ValueError(msg) from error


def head_json(head: LogHead) -> dict[str, Any]:
    """A head as it travels."""
    return {"log": head.log, "sequence": head.sequence, "hash": head.hash.hex()}


def parse_head(value: Mapping[str, Any]) -> LogHead:
    """A head that travelled.

    Raises:
        ValueError: something else.
    """
    try:
        return LogHead(log=value["log"], sequence=value["sequence"], hash=bytes.fromhex(value["hash"]))
    except (KeyError, TypeError) as error:
        msg = f"not a head: {error}"
        raise ValueError(msg) from error


def _fact(value: object) -> str | int:
    return value if isinstance(value, int) else str(value)[:MAX_FACT]


_ERRORS: Mapping[str, type[KeyCustodyError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, KeyCustodyError)
}
