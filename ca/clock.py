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
    return whole_seconds(at).strftime("%Y%m%d%H%M%SZ").encode("ascii")


def fractional_time(at: datetime) -> bytes:
    """`YYYYMMDDHHMMSS[.f…]Z` with as many digits as the instant has (X.690 §11.7, RFC 3161 §2.4.2).

    Raises:
        ValueError: a naive instant.
    """
    whole = generalized_time(at)
    if not at.microsecond:
        return whole
    return whole[:-1] + b"." + f"{at.microsecond:06d}".rstrip("0").encode("ascii") + b"Z"
