"""Payments, refunds, cash receipts and received webhooks: types and tables.

    created ──► pending ──► paid
       │           │  ├───► failed
       │           │  ├───► expired
       ▼           ▼  └───► disputed   paid, but not what was asked, or a second time
    unknown ◄──────┘ ──────► any of the above, once the provider answers

A row is `created` before the provider is called. A timeout makes it `unknown`,
never `failed`. A late `paid` is believed even after `failed` or `expired`: the
money is there. `paid` and `disputed` are final.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from issuance.database import Json, UtcDateTime, metadata
from issuance.money import Money


class PaymentState(StrEnum):
    """What is known of a payment."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    DISPUTED = "disputed"


UNFINISHED = frozenset({PaymentState.CREATED, PaymentState.PENDING, PaymentState.UNKNOWN})
"""States in which a sync may bring news; with PAID, at most one such payment a request."""


class RefundState(StrEnum):
    """What is known of a refund."""

    CREATED = "created"
    PENDING = "pending"
    REFUNDED = "refunded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DISPUTED = "disputed"  # given back, but not what was ordered


UNFINISHED_REFUND = frozenset({RefundState.CREATED, RefundState.PENDING, RefundState.UNKNOWN})


class DisputeReason(StrEnum):
    """Why money that came was not accepted for the request."""

    WRONG_AMOUNT = "wrong-amount"
    WRONG_CURRENCY = "wrong-currency"
    SECOND_PAYMENT = "second-payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """One component of what a service costs, as its definition says."""

    component: str
    beneficiary: str  # agency
    amount: Money
    refundable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One attempt to pay a request's fees."""

    id: str  # our reference at the provider
    request_number: str
    attempt: int
    provider: str
    at_desk: bool
    state: PaymentState
    amount: Money  # asked: the sum of the fees, rounded to the provider's step
    fees: tuple[Fee, ...]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    pay_url: str | None
    provider_reference: str | None
    dispute: DisputeReason | None
    seen_minor: int | None  # what the provider says was paid
    seen_currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One attempt to give money back."""

    id: str  # our reference at the provider
    payment_id: str
    request_number: str
    attempt: int
    provider: str
    state: RefundState
    amount: Money
    components: tuple[str, ...]  # empty: the money of a disputed payment
    reason: str
    created_at: datetime
    finished_at: datetime | None


class CashKind(StrEnum):
    """Which way cash went over the counter."""

    RECEIVED = "received"
    PAID_OUT = "paid-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class CashReceipt:
    """Proof that a clerk received or paid out cash."""

    number: str  # office, year, serial without gaps: `damascus-1/2026/000017`
    kind: CashKind
    our_reference: str  # a payment or a refund
    amount: Money
    actor: str
    office: str
    at: datetime


_STANDING = "state IN ('created', 'pending', 'unknown', 'paid')"
_STANDING_REFUND = "state <> 'failed'"

payments = Table(
    "payments",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("request_number", String(32), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("provider", String(64), nullable=False),
    Column("at_desk", Boolean, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("provider_reference", String(120)),
    Column("pay_url", Text),
    Column("dispute", String(24)),
    Column("seen_minor", BigInteger),
    Column("seen_currency", String(16)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("paid_at", UtcDateTime),
    CheckConstraint("minor > 0", name="minor_positive"),
    UniqueConstraint("request_number", "attempt"),
    # However many times, and from wherever, "pay" is pressed: one standing payment a request.
    Index(
        "uq_payments_standing",
        "request_number",
        unique=True,
        sqlite_where=text(_STANDING),
        postgresql_where=text(_STANDING),
    ),
)

payment_fees = Table(
    "payment_fees",
    metadata,
    Column("payment_id", String(40), ForeignKey("payments.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("component", String(64), nullable=False),
    Column("beneficiary", String(64), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("refundable", Boolean, nullable=False),
    CheckConstraint("minor > 0", name="minor_positive"),
    UniqueConstraint("payment_id", "component", "beneficiary"),
)

payment_refunds = Table(
    "payment_refunds",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("payment_id", String(40), ForeignKey("payments.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("components", Json, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    CheckConstraint("minor > 0", name="minor_positive"),
    UniqueConstraint("payment_id", "attempt"),
    Index(
        "uq_payment_refunds_standing",
        "payment_id",
        unique=True,
        sqlite_where=text(_STANDING_REFUND),
        postgresql_where=text(_STANDING_REFUND),
    ),
)

payment_webhooks = Table(
    "payment_webhooks",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("webhook_id", String(128), primary_key=True),
    Column("our_reference", String(120), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("handled_at", UtcDateTime),
)

cash_receipts = Table(
    "cash_receipts",
    metadata,
    Column("office", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("our_reference", String(40), nullable=False, unique=True),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    CheckConstraint("minor > 0", name="minor_positive"),
    sqlite_with_rowid=False,  # a rowid would be a second key for INSERT OR REPLACE to overwrite by
)
