"""Messages between the two processes: a head in JSON and a body of octets, each with its length before it."""

import struct
from typing import IO

_LENGTHS = struct.Struct(">II")


class BrokenFrame(Exception):
    """The other side ended, or sent more than it may."""


def write_frame(stream: IO[bytes], head: bytes, body: bytes = b"") -> None:
    """Sends one message.

    Raises:
        OSError: the other side is gone.
    """
    stream.write(_LENGTHS.pack(len(head), len(body)))
    stream.write(head)
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes], *, max_octets: int) -> tuple[bytes, bytes]:
    """Takes one message.

    Raises:
        BrokenFrame: it is not whole, or longer than `max_octets`.
    """
    head, body = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if head + body > max_octets:
        raise BrokenFrame("longer than it may be")
    return _exactly(stream, head), _exactly(stream, body)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise BrokenFrame("ended early")
    return data
