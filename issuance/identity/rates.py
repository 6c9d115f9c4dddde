"""How often something may be tried.

Fixed windows, counted in the database so that all processes count together. A subject
(a national number, a client address, a login) is counted whether or not it exists, so a
refusal tells nothing about it, and is stored as a hash.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, text

from issuance.identity.errors import TooManyAttempts
from issuance.identity.models import attempt_counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `most` times in a window; `name` keeps the counts of different rates apart."""

    name: str
    most: int
    window: timedelta


_COUNT = text(
    "INSERT INTO attempt_counts (subject, window_start, hits, window_end)"
    " VALUES (:subject, :start, :times, :end)"
    " ON CONFLICT (subject, window_start) DO UPDATE SET hits = attempt_counts.hits + excluded.hits"
    " RETURNING hits"
)


def count_attempt(connection: Connection, rate: Rate, subject: str, *, at: datetime, times: int = 1) -> int:
    """Count one attempt, or several; how many there were in this window.

    Counting comes before trying, so that simultaneous tries are all counted.

    Raises:
        TooManyAttempts: the window is full; `retry_after_seconds` says when the next begins.
    """
    seconds = int(rate.window.total_seconds())
    now = int(at.timestamp())
    start = now - now % seconds
    hits = connection.execute(
        _COUNT,
        {"subject": _hashed(rate, subject), "start": start, "end": start + seconds, "times": times},
    ).scalar_one()
    if hits > rate.most:
        raise TooManyAttempts(retry_after_seconds=start + seconds - now)
    return int(hits)


def clear_attempts(connection: Connection, rate: Rate, subject: str) -> None:
    """Forget the attempts of a subject that has just proven itself."""
    connection.execute(delete(attempt_counts).where(attempt_counts.c.subject == _hashed(rate, subject)))


def forget_attempts(connection: Connection, *, at: datetime) -> int:
    """Remove windows that are over; how many there were."""
    over = attempt_counts.c.window_end <= int(at.timestamp())
    return connection.execute(delete(attempt_counts).where(over)).rowcount


def _hashed(rate: Rate, subject: str) -> str:
    return hashlib.sha256(f"{rate.name}\0{subject}".encode()).hexdigest()
