"""The time-stamping policies: what a token promises (RFC 3161 §2.4.2, ETSI EN 319 421 §6.1).

    policy     accuracy  imprints              ordered  offered
    …760.2.1   1 s       SHA-256, -384, -512   no       by every unit; the one where none is named
    …760.2.2   1 s       SHA-256, -384, -512   yes      by a unit that alone stamps with its key

`ordering` TRUE promises that any two tokens of the authority can be put in order by their
time alone (RFC 3161 §2.4.2). Only a unit that nobody shares its key with can keep that; several
processes with one key cannot, so what a service of several processes issues leaves it out,
as EN 319 422 §5.2.2 would have it. An ordered token says its time in microseconds, each later
than the one before, whatever threads ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ca.algorithms import DIGEST_OIDS
from ca.clock_lease import ACCURACY
from ca.errors import ProfileViolation
from ca.profiles import POLICY_ARC, TIMESTAMP_POLICY

ORDERED_POLICY = f"{POLICY_ARC}.2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampPolicy:
    """One row of the table."""

    oid: str
    accuracy: timedelta
    hash_names: tuple[str, ...]
    ordering: bool

    @property
    def resolution(self) -> timedelta:
        """The smallest difference between two times that tokens of this policy show."""
        return timedelta(microseconds=1) if self.ordering else timedelta(milliseconds=1)


SHARED = TimeStampPolicy(
    oid=TIMESTAMP_POLICY, accuracy=ACCURACY, hash_names=tuple(DIGEST_OIDS), ordering=False
)
ORDERED = TimeStampPolicy(oid=ORDERED_POLICY, accuracy=ACCURACY, hash_names=tuple(DIGEST_OIDS), ordering=True)
OFFERED = (SHARED,)


def check_policies(policies: Sequence[TimeStampPolicy], *, alone: bool) -> None:
    """Whether a unit can keep what these promise.

    Raises:
        ProfileViolation: it cannot.
    """
    if not policies:
        raise ProfileViolation(field="policy", rule="at least one, the default first")
    if any(policy.ordering for policy in policies) and not alone:
        raise ProfileViolation(field="ordering", rule="promised only where nobody shares the unit's key")
    if any(policy.accuracy < ACCURACY for policy in policies):
        raise ProfileViolation(field="accuracy", rule="no better than the clock's lease keeps")
