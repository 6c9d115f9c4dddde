"""How many documents a client may have verified in a day.

Days are those of UTC. A call is counted as a whole, before anything is judged, so that calls at the same
time are all counted; one that the quota does not cover is refused as a whole and not counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, ForeignKey, Integer, Table, select

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.database import metadata, upsert
from issuance.identity.actors import Actor
from issuance.identity.errors import ClientUnknown, TooManyAttempts
from issuance.identity.models import clients
from issuance.identity.rates import Rate, count_attempt
from issuance.verification.errors import QuotaSpent

DEFAULT_A_DAY = 10_000
MAX_A_DAY = 10_000_000
DAY = timedelta(days=1)

# Who is not named here has the default.
verification_quotas = Table(
    "verification_quotas",
    metadata,
    Column("client_id", ForeignKey(clients.c.id), primary_key=True),
    Column("a_day", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a client has, and what is left of it after a call."""

    a_day: int
    left: int
    renews_in_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """As clients read it (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"day";q={self.a_day};w={int(DAY.total_seconds())}',
            "RateLimit": f'"day";r={self.left};t={self.renews_in_seconds}',
        }


def set_quota(connection: Connection, client_id: str, a_day: int, *, by: Actor, at: datetime) -> None:
    """Give a client another quota, from now on.

    Raises:
        ClientUnknown: there is no such client.
    """
    if connection.scalar(select(clients.c.id).where(clients.c.id == client_id)) is None:
        raise ClientUnknown
    given = upsert(connection, verification_quotas).values(client_id=client_id, a_day=a_day)
    connection.execute(given.on_conflict_do_update(index_elements=["client_id"], set_={"a_day": a_day}))
    about = AuditObject(kind="client", id=client_id)
    trail.record(connection, by, "client.quota", about, at=at, facts={"a_day": a_day})


def spend(connection: Connection, client_id: str, count: int, *, at: datetime) -> Quota:
    """Count `count` verifications.

    Raises:
        QuotaSpent: the day's quota does not cover them; nothing is counted when the transaction is undone.
    """
    a_day = _a_day(connection, client_id)
    try:
        spent = count_attempt(connection, _rate(a_day), client_id, at=at, times=count)
    except TooManyAttempts as error:
        raise QuotaSpent(most=a_day, **error.facts) from error
    seconds = int(DAY.total_seconds())
    return Quota(a_day=a_day, left=a_day - spent, renews_in_seconds=seconds - int(at.timestamp()) % seconds)


def give_back(connection: Connection, client_id: str, count: int, *, at: datetime) -> None:
    """What was spent at `at` and came to nothing, also where the quota has been lowered since."""
    count_attempt(connection, _rate(MAX_A_DAY), client_id, at=at, times=-count)


def _a_day(connection: Connection, client_id: str) -> int:
    query = select(verification_quotas.c.a_day).where(verification_quotas.c.client_id == client_id)
    found = connection.scalar(query)
    return DEFAULT_A_DAY if found is None else found


def _rate(a_day: int) -> Rate:
    return Rate(name="verifications of client", most=a_day, window=DAY)
