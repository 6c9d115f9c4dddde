"""Instants as certificates count them."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present instant, aware, in UTC. Raises when the time is not known to be right."""


def aware(at: datetime) -> datetime:
    """The instant in UTC.

    Raises:
        ValueError: a naive instant.
    """
    if at.tzinfo is None:
        msg = "a naive datetime says no instant"
        raise ValueError(msg)
    return at.astimezone(UTC)


def whole_seconds(at: datetime) -> datetime:
    """The instant in UTC without its fraction (RFC 5280 §4.1.2.5: whole seconds).

    Raises:
        ValueError: a naive instant.
    """
    return aware(at).replace(microsecond=0)


def generalized_time(at: datetime) -> bytes:
    """`YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5.2)."""
    at = aware(at)
    parts = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    return b"%04d%02d%02d%02d%02d%02dZ" % parts


def fractional_time(at: datetime) -> bytes:
    """`YYYYMMDDHHMMSS[.f…]Z` with as many digits as the instant has (X.690 §11.7, RFC 3161 §2.4.2).

    Raises:
        ValueError: a naive instant.
    """
    whole = generalized_time(at)
    if not at.microsecond:
        return whole
    return whole[:-1] + b"." + f"{at.microsecond:06d}".rstrip("0").encode("ascii") + b"Z"
