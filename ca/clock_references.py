"""Asking time servers how far the clock is off (SNTP: RFC 5905 §14).

For sites where nothing reports to the kernel. Most of the configured servers must answer
and agree; what they say is not authenticated, so several of different owners are asked, and the
answer only decides whether the clock is believed: it never sets it.
"""

import secrets
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ca.clock_lease import MAX_ERROR, Attestation
from ca.errors import ClockNotTrusted

PORT = 123
TIMEOUT_SECONDS = 1.0
MIN_REFERENCES = 3  # one that errs is outvoted by two
_PACKET = struct.Struct("!BBbb11I")  # RFC 5905 §7.3
_ERA = datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC)  # §6: when the seconds begin anew
_ERA_SECONDS = 1 << 32
_CLIENT, _SERVER, _UNSYNCHRONISED = 3, 4, 3
_MAX_STRATUM = 15
VERSION = 4

Exchange = Callable[[str, bytes], bytes]
"""Sends a packet to a server and answers what came back; raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """How far a server's clock is ahead of ours, and how exactly that is known."""

    ahead: timedelta
    error: timedelta


def exchange_udp(server: str, packet: bytes) -> bytes:
    """One datagram there, one back.

    Raises:
        OSError: no answer in time.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(server, PORT, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as channel:
        channel.settimeout(TIMEOUT_SECONDS)
        channel.connect(address)
        channel.send(packet)
        return channel.recv(1024)


def ask_server(server: str, *, clock: Callable[[], datetime], exchange: Exchange = exchange_udp) -> Offset:
    """Ask one server.

    Raises:
        OSError: it does not answer.
        ValueError: its answer is not one to our question, or it does not know the time itself.
    """
    # §14: a random stamp instead of the time tells nobody our clock, and proves the answer ours.
    cookie = secrets.randbits(64)
    request = _PACKET.pack(
        VERSION << 3 | _CLIENT, 0, 0, 0, *(0,) * 9, cookie >> 32, cookie & (_ERA_SECONDS - 1)
    )
    left = clock()
    answer = exchange(server, request)
    came = clock()
    if len(answer) < _PACKET.size:
        raise ValueError(f"{server}: answer cut short")
    head, stratum, _, _, delay, dispersion, _, *stamps = _PACKET.unpack_from(answer)
    if head & 7 != _SERVER or (stamps[2] << 32 | stamps[3]) != cookie:
        raise ValueError(f"{server}: no answer to our question")
    if head >> 6 == _UNSYNCHRONISED or not 1 <= stratum <= _MAX_STRATUM:
        raise ValueError(f"{server}: does not know the time")
    received, sent = _instant(stamps[4], stamps[5]), _instant(stamps[6], stamps[7])
    # §8: the offset, and the round trip without the time that the server took.
    ahead = ((received - left) + (sent - came)) / 2
    round_trip = (came - left) - (sent - received)
    distance = timedelta(seconds=(delay / 2 + dispersion) / (1 << 16))
    return Offset(ahead=ahead, error=max(round_trip, timedelta(0)) / 2 + distance)


class ReferenceAttestor:
    """Believes the clock while most of the configured servers agree with it."""

    name = "references"
    survives_steps = True

    def __init__(self, servers: Sequence[str], ask: Callable[[str], Offset]) -> None:
        """`ask` asks one server.

        Raises:
            ClockNotTrusted: fewer servers than can outvote one that errs.
        """
        if len(set(servers)) < MIN_REFERENCES:
            raise ClockNotTrusted(reason=f"name at least {MIN_REFERENCES} references")
        self._servers, self._ask = tuple(dict.fromkeys(servers)), ask

    def __call__(self) -> Attestation:
        """The error that most servers' answers leave.

        Raises:
            ClockNotTrusted: too few answered, or too few agree with the clock.
        """
        errors = sorted(self._errors())
        needed = len(self._servers) // 2 + 1
        agreeing = [error for error in errors if error <= MAX_ERROR]
        if len(agreeing) < needed:
            raise ClockNotTrusted(
                reason=f"{len(agreeing)} of {len(self._servers)} references agree with it, {needed} must"
            )
        return Attestation(words=f"{len(agreeing)} references agree with it", error=agreeing[needed - 1])

    def _errors(self) -> list[timedelta]:
        found = []
        for server in self._servers:
            try:
                offset = self._ask(server)
            except (OSError, ValueError):
                continue
            found.append(abs(offset.ahead) + offset.error)
        return found


def _instant(seconds: int, fraction: int) -> datetime:
    """An NTP stamp of the era that is nearest to this century's years (§6)."""
    era = _ERA if seconds < _ERA_SECONDS // 2 else _ERA - timedelta(seconds=_ERA_SECONDS)
    return era + timedelta(seconds=seconds, microseconds=fraction * 1_000_000 // _ERA_SECONDS)
