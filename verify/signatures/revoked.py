"""A revocation, as whoever revoked tells it."""

from dataclasses import dataclass
from datetime import datetime

MAX_ANSWER_OCTETS = 4 * 1024 * 1024
NOT_SAID = "not said"  # RFC 3161 §4 takes no reason for the worst, and "unspecified" for harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Since when, compromise dated back where the authority says so (RFC 5280 §5.3.2)."""

    since: datetime
    reason: str  # as RFC 5280 spells it; `NOT_SAID` where the answer says none
