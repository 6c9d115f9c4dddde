"""Status answers at hand: what was signed beforehand, kept in memory in front of the books.

An answer from here costs a look into a dictionary. Each process keeps its own copy and looks into
the books every few seconds for a change of any status or answer, by whichever process: what the
books contradict is dropped, and signed live until it is signed beforehand anew.
An answer that is a day old is not given out either.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from ca.ocsp_request import StatusRequest
from ca.presigning import PresignedAnswer, load_presigned
from ca.store import count_revocations
from ca.tables import ocsp_answers

LOOK_EVERY_SECONDS = 5.0
MAX_AGE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What was in the books at one look."""

    looked_at: float  # seconds of the clock that counts
    state: tuple[int, int] = (-1, -1)
    answers: Mapping[tuple[str, int], PresignedAnswer] = field(default_factory=dict)


class PresignedAnswers:
    """The answers of one authority's books. May be shared by threads."""

    def __init__(self, engine: Engine, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        """`elapsed` counts seconds."""
        self._engine, self._elapsed = engine, elapsed
        self._lock = threading.Lock()
        self._kept = _Kept(looked_at=float("-inf"))

    @property
    def is_due(self) -> bool:
        """Whether it is time to look into the books; until `look` has done so, nothing is found."""
        return not 0 <= self._elapsed() - self._kept.looked_at < LOOK_EVERY_SECONDS

    def distrust(self) -> None:
        """Find nothing before the next look: this process knows that something has changed."""
        with self._lock:
            self._kept = replace(self._kept, looked_at=float("-inf"))

    def look(self) -> None:
        """Look into the books for what has changed; several threads at once look once."""
        with self._lock:
            if not self.is_due:
                return
            looked_at, before = self._elapsed(), self._kept
            with self._engine.connect() as connection:
                state = _state(connection)
                answers = before.answers if state == before.state else _load(connection)
            self._kept = _Kept(looked_at=looked_at, state=state, answers=answers)

    def find(self, request: StatusRequest, *, at: datetime) -> PresignedAnswer | None:
        """The answer about one certificate, asked without a nonce; the caller has checked the issuer."""
        kept = self._kept
        if request.nonce is not None or len(request.asked) != 1 or self.is_due:
            return None
        asked = request.asked[0]
        found = kept.answers.get((asked.hash_name or "", asked.serial_number))
        if found is None or not found.this_update <= at < min(found.next_update, found.this_update + MAX_AGE):
            return None
        return found


def _load(connection: Connection) -> dict[tuple[str, int], PresignedAnswer]:
    return {(each.hash_name, each.serial_number): each for each in load_presigned(connection)}


def _state(connection: Connection) -> tuple[int, int]:
    """Differs after every change of a status and after every answer that was stored."""
    last = connection.execute(select(func.max(ocsp_answers.c.number))).scalar_one()
    return count_revocations(connection), last or 0
