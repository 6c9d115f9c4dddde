"""Instants as certificates count them."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present instant, aware, in UTC. Raises when the time is not known to be right."""


def whole_seconds(at: datetime) -> datetime:
    """The instant in UTC without its fraction (RFC 5280 §4.1.2.5: whole seconds).

    Raises:
        ValueError: a naive instant.
    """
    if at.tzinfo is None:
        msg = "a naive datetime says no instant"
        raise ValueError(msg)
    return at.astimezone(UTC).replace(microsecond=0)


def generalized_time(at: datetime) -> bytes:
    """`YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5.2)."""
    return whole_seconds(at).strftime("%Y%m%d%H%M%SZ").encode("ascii")
