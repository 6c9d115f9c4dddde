"""Messages between the two processes: a head in JSON and a body of octets, each with its length before it."""

import struct
from typing import Protocol

_LENGTHS = struct.Struct(">II")


class BrokenFrame(Exception):
    """The other side ended, or sent more than it may."""


class _Taking(Protocol):
    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


class _Giving(Protocol):
    def read(self, count: int, /) -> bytes: ...


def write_frame(stream: _Taking, head: bytes, body: bytes = b"") -> None:
    """Sends one message.

    Raises:
        OSError: the other side is gone.
    """
    stream.write(_LENGTHS.pack(len(head), len(body)))
    stream.write(head)
    stream.write(body)
    stream.flush()


def read_frame(stream: _Giving, *, max_octets: int) -> tuple[bytes, bytes]:
    """Takes one message.

    Raises:
        BrokenFrame: it is not whole, or longer than `max_octets`.
    """
    head, body = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if head + body > max_octets:
        raise BrokenFrame("longer than it may be")
    return _exactly(stream, head), _exactly(stream, body)


def _exactly(stream: _Giving, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise BrokenFrame("ended early")
    return data
