"""The sandbox's books: intents, refunds and the statement of a day, in a database of its own.

Knows nothing of the service it collects for. All functions take a `Connection`
and never commit.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, Row, String, Table, func, insert, select, update
from sqlalchemy.engine import Connection

from issuance.database import UtcDateTime
from issuance.ledger.days import day_bounds
from issuance.payments.sandbox.faults import Fault, sandbox_metadata, take_fault

MAX_AMOUNT_MINOR = 100_000_000_00
CURRENCIES = frozenset({"SYP", "USD", "EUR"})


class BankState(StrEnum):
    """The state of an intent or a refund, as the protocol spells it."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class BankRefusal(Exception):
    """A definite no, with the protocol's code and its HTTP status."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One intent or refund; the amount is what was collected once it is paid, what is asked before."""

    id: str
    reference: str
    state: BankState
    minor: int
    currency: str
    request_number: str
    token: str  # unguessable part of the pay page's address; empty for a refund
    expires_at: datetime | None


sandbox_intents = Table(
    "sandbox_intents",
    sandbox_metadata,
    Column("id", String(40), primary_key=True),
    Column("reference", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("collected_minor", BigInteger),
    Column("collected_currency", String(8)),
    Column("request_number", String(32), nullable=False),
    Column("token", String(64), nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("paid_at", UtcDateTime),
)

sandbox_refunds = Table(
    "sandbox_refunds",
    sandbox_metadata,
    Column("id", String(40), primary_key=True),
    Column("reference", String(64), nullable=False, unique=True),
    Column("intent_id", String(40), ForeignKey("sandbox_intents.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("paid_at", UtcDateTime),
)


def create_intent(
    connection: Connection,
    *,
    reference: str,
    minor: int,
    currency: str,
    request_number: str,
    expires_at: datetime,
    at: datetime,
) -> Order:
    """Take an order to collect; the same again is the same order.

    Raises:
        BankRefusal: another order under this reference, an expired one, or an amount we do not take.
    """
    existing = find_intent(connection, reference, at=at)
    if existing is not None:
        row = _intent_row(connection, reference)
        if (row.minor, row.currency, row.request_number) != (minor, currency, request_number):
            raise BankRefusal("reference-used", 409)
        return existing
    if expires_at <= at:
        raise BankRefusal("order-expired", 410)
    if not 0 < minor <= MAX_AMOUNT_MINOR or currency not in CURRENCIES:
        raise BankRefusal("amount-refused", 422)
    connection.execute(
        insert(sandbox_intents).values(
            id=f"in_{secrets.token_hex(8)}",
            reference=reference,
            state=BankState.PENDING,
            minor=minor,
            currency=currency,
            request_number=request_number,
            token=secrets.token_urlsafe(24),
            expires_at=expires_at,
        )
    )
    return _intent(_intent_row(connection, reference))


def find_intent(connection: Connection, reference: str, *, at: datetime) -> Order | None:
    """The intent of this reference; one whose time is over is expired first."""
    connection.execute(
        update(sandbox_intents)
        .where(sandbox_intents.c.state == BankState.PENDING, sandbox_intents.c.expires_at <= at)
        .values(state=BankState.EXPIRED)
    )
    row = connection.execute(
        select(sandbox_intents).where(sandbox_intents.c.reference == reference)
    ).one_or_none()
    return None if row is None else _intent(row)


def find_by_token(connection: Connection, token: str, *, at: datetime) -> Order | None:
    """The intent whose pay page this is."""
    reference = connection.scalar(select(sandbox_intents.c.reference).where(sandbox_intents.c.token == token))
    return None if reference is None else find_intent(connection, reference, at=at)


def decide_intent(connection: Connection, reference: str, *, approve: bool, at: datetime) -> Order:
    """The payer approves or declines; deciding what is decided changes nothing.

    Raises:
        BankRefusal: no intent of this reference.
    """
    intent = find_intent(connection, reference, at=at)
    if intent is None:
        raise BankRefusal("reference-unknown", 404)
    if intent.state is not BankState.PENDING:
        return intent
    values: dict[str, object] = {"state": BankState.FAILED}
    if approve:
        too_much = 1 if take_fault(connection, Fault.WRONG_AMOUNT) else 0
        currency = "USD" if take_fault(connection, Fault.WRONG_CURRENCY) else intent.currency
        values = {
            "state": BankState.PAID,
            "collected_minor": intent.minor + too_much,
            "collected_currency": currency,
            "paid_at": at,
        }
    connection.execute(
        update(sandbox_intents).where(sandbox_intents.c.reference == reference).values(**values)
    )
    return _intent(_intent_row(connection, reference))


def create_refund(
    connection: Connection, *, reference: str, intent_reference: str, minor: int, currency: str, at: datetime
) -> Order:
    """Give back part or all of a paid intent at once; the same again is the same refund.

    Raises:
        BankRefusal: another refund under this reference, nothing paid, or more than what is left of it.
    """
    existing = find_refund(connection, reference)
    if existing is not None:
        if (existing.minor, existing.currency) != (minor, currency):
            raise BankRefusal("reference-used", 409)
        return existing
    intent = find_intent(connection, intent_reference, at=at)
    if intent is None or intent.state is not BankState.PAID or intent.currency != currency:
        raise BankRefusal("nothing-to-refund", 422)
    returned = connection.scalar(
        select(func.coalesce(func.sum(sandbox_refunds.c.minor), 0)).where(
            sandbox_refunds.c.intent_id == intent.id, sandbox_refunds.c.state == BankState.PAID
        )
    )
    if not 0 < minor <= intent.minor - int(returned or 0):
        raise BankRefusal("more-than-paid", 422)
    fails = take_fault(connection, Fault.REFUND_FAILS)
    connection.execute(
        insert(sandbox_refunds).values(
            id=f"re_{secrets.token_hex(8)}",
            reference=reference,
            intent_id=intent.id,
            state=BankState.FAILED if fails else BankState.PAID,
            minor=minor,
            currency=currency,
            paid_at=None if fails else at,
        )
    )
    return _refund(
        connection.execute(select(sandbox_refunds).where(sandbox_refunds.c.reference == reference)).one()
    )


def find_refund(connection: Connection, reference: str) -> Order | None:
    """The refund of this reference."""
    row = connection.execute(
        select(sandbox_refunds).where(sandbox_refunds.c.reference == reference)
    ).one_or_none()
    return None if row is None else _refund(row)


def statement(connection: Connection, day: date) -> list[tuple[str, Order, datetime]]:
    """Kind, order and instant of every movement of a local day, in order of time."""
    start, end = day_bounds(day)
    intents = connection.execute(
        select(sandbox_intents).where(sandbox_intents.c.paid_at >= start, sandbox_intents.c.paid_at < end)
    )
    returned = connection.execute(
        select(sandbox_refunds).where(sandbox_refunds.c.paid_at >= start, sandbox_refunds.c.paid_at < end)
    )
    lines = [("payment", _intent(row), row.paid_at) for row in intents]
    lines += [("refund", _refund(row), row.paid_at) for row in returned]
    return sorted(lines, key=lambda line: (line[2], line[1].id))


def _intent_row(connection: Connection, reference: str) -> Row[tuple[object, ...]]:
    return connection.execute(select(sandbox_intents).where(sandbox_intents.c.reference == reference)).one()


def _intent(row: Row[tuple[object, ...]]) -> Order:
    return Order(
        id=row.id,
        reference=row.reference,
        state=BankState(row.state),
        minor=row.minor if row.collected_minor is None else row.collected_minor,
        currency=row.collected_currency or row.currency,
        request_number=row.request_number,
        token=row.token,
        expires_at=row.expires_at,
    )


def _refund(row: Row[tuple[object, ...]]) -> Order:
    return Order(
        id=row.id,
        reference=row.reference,
        state=BankState(row.state),
        minor=row.minor,
        currency=row.currency,
        request_number="",
        token="",
        expires_at=None,
    )
