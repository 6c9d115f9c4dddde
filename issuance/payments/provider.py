"""What the service asks of any payment provider, electronic or a cash desk.

A provider is told *our* reference with every order; the same reference again is
the same order, so an order may be repeated after a timeout. What a provider
reports is its word, not yet ours: `service.py` compares amount and currency with
what was asked before anything is confirmed.

Calls may block on the network and are never made inside a database transaction.
Each raises ProviderUnavailable when the outcome is not known (timeout, broken
connection, unreadable answer) and ProviderRefused on a definite no.

The protocol on the wire is docs/formats/payment-provider.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from issuance.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do; asked before a payment is opened."""

    currencies: frozenset[Currency]
    max_minor: int  # largest single payment
    step_minor: int = 1  # smallest unit it can move; amounts asked are rounded to it
    at_desk: bool = False  # money passes over a counter: a clerk confirms, no page, no webhook
    time_to_pay: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentOrder:
    """The order to collect an amount once, until an instant."""

    our_reference: str
    amount: Money
    request_number: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """The order to give part or all of a paid intent back, once."""

    our_reference: str
    intent_reference: str  # ours, of the intent to refund
    amount: Money


class SeenState(StrEnum):
    """What a provider says of an intent or a refund."""

    PENDING = "pending"
    PAID = "paid"  # of a refund: given back
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A provider's word about an intent or a refund.

    The currency is the provider's own spelling: it may be one we do not know.
    """

    state: SeenState
    minor: int
    currency: str
    provider_reference: str
    pay_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotice:
    """A genuine webhook, reduced to what may be believed: something happened to this reference."""

    webhook_id: str
    our_reference: str


class StatementKind(StrEnum):
    """The two kinds of lines in a provider's statement."""

    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement in a provider's statement of a day; `minor` is positive for both kinds."""

    kind: StatementKind
    our_reference: str
    provider_reference: str
    minor: int
    currency: str
    at: datetime


class Provider(Protocol):
    """A payment provider."""

    @property
    def name(self) -> str:
        """Its name in addresses, accounts and rows: `[a-z0-9-]`."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def create_intent(self, order: IntentOrder) -> Seen:
        """Order an amount; the same reference again answers with the same intent."""

    def sync_by_our_reference(self, our_reference: str) -> Seen | None:
        """Ask what became of an intent; None: the provider never received it."""

    def refund(self, order: RefundOrder) -> Seen:
        """Order a refund; the same reference again answers with the same refund."""

    def sync_refund(self, our_reference: str) -> Seen | None:
        """Ask what became of a refund; None: the provider never received it."""

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> WebhookNotice:
        """Check a webhook's signatures and age.

        Raises:
            WebhookRefused: forged, too old, from the future, or unreadable.
        """

    def fetch_statement(self, day: date) -> tuple[StatementLine, ...]:
        """Every movement of one day, in the provider's order."""
