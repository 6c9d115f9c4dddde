"""The lease of "the clock is right" (ETSI EN 319 421 §7.7.2), without which nothing is dated.

A `LeasedClock` answers the time only under a lease. An attestor grants one for minutes, after
it has looked for a reason to believe the clock; before the end it is asked again. A lease is void
at once when the wall clock has been moved (it no longer agrees with the clock that counts since
the machine was started, which nobody can set) or when the machine has slept. It is kept in memory:
each process has its own, and a restart begins without.

What is promised is kept together by a budget: what the attestor cannot exclude, what a clock may
drift while the lease lasts, and what a step may be before it is noticed stay within `ACCURACY`.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ca.auditing import AuditRecorder
from ca.errors import ClockNotTrusted

ACCURACY = timedelta(seconds=1)
"""Every instant that we sign is within this of UTC (EN 319 421 §7.7.1: a second or better)."""
LASTS = timedelta(minutes=5)
STEP_TOLERANCE = ACCURACY / 4
# RFC 5905 §7.2: a clock that is left alone drifts by less than 500 parts in a million.
DRIFT = LASTS * 500 / 1_000_000
MAX_ERROR = ACCURACY - STEP_TOLERANCE - DRIFT
RENEW_AFTER = LASTS / 2
RETRY_AFTER = timedelta(seconds=5)
# What takes something out of force never waits for a clock: it is booked and told at once.
SIGN_NOTHING = frozenset(
    {"certificate-revoke", "certificate-suspend", "certificate-release", "code-key-withdraw"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Three clocks, read together."""

    wall: datetime  # aware; can be set
    elapsed: timedelta  # since the machine was started, sleep included; cannot be set
    awake: timedelta  # the same without sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Why the clock is believed."""

    words: str
    error: timedelta  # it is wrong by no more than this


class Attestor(Protocol):
    """Looks for a reason to believe the clock."""

    @property
    def name(self) -> str:
        """What the setting calls it."""
        ...

    @property
    def survives_steps(self) -> bool:
        """Whether it may be asked again after the clock was moved: who only said so once may not."""
        ...

    def __call__(self) -> Attestation:
        """The reason.

        Raises:
            ClockNotTrusted: there is none now.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorStatement:
    """The operator has said that the clock is right: for demonstrations and development.

    Good for one run of the process, and only until the clock is moved.
    """

    name: str = "operator"
    survives_steps: bool = False

    def __call__(self) -> Attestation:
        """The statement stands in the settings."""
        return Attestation(words="the operator says so; nothing was measured", error=timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """From when on the clock is believed, and why."""

    granted: Reading
    attestation: Attestation
    believed: Reading  # when the attestation was made; of one that is not made anew, the first reading of all

    def fault(self, now: Reading) -> str | None:
        """Why it is void; None while it holds."""
        elapsed = now.elapsed - self.believed.elapsed
        moved = (now.wall - self.believed.wall) - elapsed
        if abs(moved) > STEP_TOLERANCE:
            return f"the clock was set {'forward' if moved > timedelta(0) else 'back'}"
        if abs(elapsed - (now.awake - self.believed.awake)) > STEP_TOLERANCE:
            return "the machine has slept"
        return None

    def is_over(self, now: Reading) -> bool:
        """Whether it has run out."""
        return not timedelta(0) <= now.elapsed - self.granted.elapsed < LASTS

    def is_due(self, now: Reading) -> bool:
        """Whether it should be renewed, so that it does not run out."""
        return now.elapsed - self.granted.elapsed >= RENEW_AFTER


def read_clocks() -> Reading:
    """The machine's clocks. Where none counts sleep, suspension shows as a wall clock set forward."""
    elapsed = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Reading(
        wall=datetime.now(UTC),
        elapsed=timedelta(microseconds=time.clock_gettime_ns(elapsed) // 1000),
        awake=timedelta(microseconds=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000),
    )


class LeasedClock:
    """A `ca.clock.Clock` that answers under a lease, and raises without. Safe for many threads."""

    def __init__(self, attestor: Attestor, *, read: Callable[[], Reading] = read_clocks) -> None:
        """No lease yet: the first question asks the attestor."""
        self.attestor, self._read = attestor, read
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._refused: tuple[timedelta, ClockNotTrusted] | None = None
        self._moved: str | None = None
        self._first: Reading | None = None  # at the first lease

    def __call__(self) -> datetime:
        """The time.

        Raises:
            ClockNotTrusted: no lease holds, and none is granted.
        """
        now, lease = self._read(), self._lease
        if lease is not None and not lease.is_due(now) and not lease.is_over(now) and not lease.fault(now):
            return now.wall
        with self._lock:
            return self._renewed().wall

    def lease(self) -> Lease:
        """The lease that holds now.

        Raises:
            ClockNotTrusted: as for the time.
        """
        with self._lock:
            self._renewed()
            assert self._lease is not None  # noqa: S101  (`_renewed` raises otherwise)
            return self._lease

    def _renewed(self) -> Reading:
        now = self._read()
        self._let_go(now)
        if self._lease is None or self._lease.is_due(now):
            self._ask(now)
        if self._lease is None:
            assert self._refused is not None  # noqa: S101  (`_ask` leaves one of the two)
            raise ClockNotTrusted(**self._refused[1].facts)
        return now

    def _let_go(self, now: Reading) -> None:
        """Drop a lease that is void or has run out."""
        if self._lease is None:
            return
        fault = self._lease.fault(now)
        if fault is not None:
            self._moved = fault
            # What was refused before the clock was moved says nothing of the clock as it is now.
            self._refused = None
        if fault is not None or self._lease.is_over(now):
            self._lease = None

    def _ask(self, before: Reading) -> None:
        """Ask for a lease, unless that was refused a moment ago; a lease that still holds is kept."""
        if self._refused is not None and timedelta(0) <= before.elapsed - self._refused[0] < RETRY_AFTER:
            return
        try:
            self._lease = self._granted(before)
        except ClockNotTrusted as error:
            self._refused = (before.elapsed, error)
        else:
            self._refused = self._moved = None

    def _granted(self, before: Reading) -> Lease:
        if self._moved is not None and not self.attestor.survives_steps:
            raise ClockNotTrusted(reason=f"{self._moved}; start again when it is right")
        attestation = self.attestor()
        if not timedelta(0) <= attestation.error <= MAX_ERROR:
            raise ClockNotTrusted(reason=f"it may be wrong by {attestation.error.total_seconds():.3f} s")
        # A clock that nobody measures is compared with what it was when somebody spoke for it: steps that
        # are each within the tolerance add up otherwise, one with every lease.
        if self._first is None or self.attestor.survives_steps:
            self._first = before
        lease = Lease(granted=before, attestation=attestation, believed=self._first)
        # What was attested is a clock that nobody moved meanwhile.
        fault = lease.fault(self._read())
        if fault is not None:
            raise ClockNotTrusted(reason=fault)
        return lease


def signs_under_lease(audit: AuditRecorder, clock: Callable[[], datetime]) -> AuditRecorder:
    """An audit that refuses every act which dates and signs something, while the clock is not trusted.

    The authority tells its audit before it uses a key, and uses none when that raises.
    """

    def record(act: str, facts: Mapping[str, str], at: datetime) -> None:
        if act not in SIGN_NOTHING:
            clock()
        audit(act, facts, at)

    return record
