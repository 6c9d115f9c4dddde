"""A client that asks again as soon as it is answered, over a few connections kept open (HTTP/1.1).

Plain sockets in one thread, so that what is measured is the server: it reads each answer to its
end, by its Content-Length, and checks how it begins. It never sends two requests at once
on a connection.
"""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
TIMEOUT_SECONDS = 30.0
_CHUNK = 65_536
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a load found."""

    answers: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


class NotAnswered(Exception):
    """The server closed a connection, or answered otherwise than expected."""


@dataclass(slots=True)
class _Connection:
    channel: socket.socket
    received: bytearray = field(default_factory=bytearray)

    def answer(self) -> bytes | None:
        """The answer's body, when it is there to its end."""
        head, mark, rest = bytes(self.received).partition(b"\r\n\r\n")
        if not mark:
            return None
        if not head.startswith(b"HTTP/1.1 200 "):
            raise NotAnswered(head.partition(b"\r\n")[0].decode("latin-1"))
        length = next(
            int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)
        )
        if len(rest) < length:
            return None
        self.received.clear()
        return rest


def post(path: str, media_type: str, body: bytes) -> bytes:
    """A request, as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    """A request, as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def wait_for(port: int, *, within_seconds: float = 120.0) -> None:
    """Return when somebody listens there.

    Raises:
        NotAnswered: nobody did in time.
    """
    give_up = time.monotonic() + within_seconds
    while time.monotonic() < give_up:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise NotAnswered(f"nobody listens at port {port}")


def put_load(
    port: int, requests: Sequence[bytes], *, expected: bytes, connections: int, seconds: float
) -> Load:
    """Ask for so long, one request after the other in turn; each answer's body begins with `expected`.

    Raises:
        NotAnswered: an answer is another, or none.
    """
    with selectors.DefaultSelector() as selector:
        for number in range(connections):
            channel = socket.create_connection((LOOPBACK, port), timeout=TIMEOUT_SECONDS)
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(channel, selectors.EVENT_READ, _Connection(channel))
            channel.sendall(requests[number % len(requests)])
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            for key, _ in selector.select(TIMEOUT_SECONDS):
                connection: _Connection = key.data
                chunk = connection.channel.recv(_CHUNK)
                if not chunk:
                    raise NotAnswered("the connection was closed")
                connection.received += chunk
                body = connection.answer()
                if body is None:
                    continue
                if not body.startswith(expected):
                    raise NotAnswered(body[:40].hex())
                done += 1
                connection.channel.sendall(requests[done % len(requests)])
        taken = time.perf_counter() - began
        for key in list(selector.get_map().values()):
            key.data.channel.close()
    return Load(answers=done, seconds=taken)
