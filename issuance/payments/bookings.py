"""How payments and refunds are booked in the ledger.

    captured        clearing(provider)  →  payable(agency, component)…   (± rounding)
    disputed        clearing(provider)  →  held(provider)
    refund decided  payable(…)… or held →  refunds(provider)             (± rounding)
    refund sent     refunds(provider)   →  clearing(provider)            pending
    refund done     the pending transfer is posted; failed: voided

The transfer's id is made of the payment's or refund's, so booking again after a
crash books nothing.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.engine import Connection

from issuance.ledger import transfers
from issuance.ledger.models import (
    MAX_MINOR,
    Account,
    Entry,
    clearing,
    credit,
    debit,
    held,
    payable,
    refunds,
    rounding,
)
from issuance.money import Currency, Money
from issuance.payments.models import Fee, Payment, Refund


def book_capture(connection: Connection, payment: Payment, *, at: datetime) -> None:
    """The asked amount came; each component is owed to its beneficiary."""
    entries = [debit(clearing(payment.provider, payment.amount.currency), payment.amount)]
    entries += [Entry(account=account, minor=-minor) for account, minor in _payables(payment.fees)]
    transfers.post_transfer(
        connection,
        capture_id(payment.id),
        [*entries, *_rounding(entries, payment.amount.currency)],
        reason="payment-captured",
        request_number=payment.request_number,
        at=at,
    )


def book_dispute(connection: Connection, payment: Payment, *, at: datetime) -> None:
    """Something else came: it is held.

    What cannot be booked (unknown currency, no amount) is left to a person;
    `discrepancies.py` names it.
    """
    amount = held_amount(payment)
    if amount is None:
        return
    transfers.post_transfer(
        connection,
        capture_id(payment.id),
        [
            debit(clearing(payment.provider, amount.currency), amount),
            credit(held(payment.provider, amount.currency), amount),
        ],
        reason="payment-disputed",
        request_number=payment.request_number,
        at=at,
    )


def held_amount(payment: Payment) -> Money | None:
    """What a disputed payment brought, where it is an amount we can keep books on."""
    if payment.seen_minor is None or not 0 < payment.seen_minor <= MAX_MINOR:
        return None
    if payment.seen_currency not in set(Currency):
        return None
    return Money(minor=payment.seen_minor, currency=Currency(payment.seen_currency))


def book_refund_decided(connection: Connection, payment: Payment, refund: Refund, *, at: datetime) -> None:
    """The payer is owed the amount, and its beneficiaries that much less; it is about to be sent."""
    currency = refund.amount.currency
    owed = refunds(payment.provider, currency)
    if refund.components:
        given_back = [fee for fee in payment.fees if fee.component in refund.components]
        entries = [Entry(account=account, minor=minor) for account, minor in _payables(given_back)]
    else:
        entries = [debit(held(payment.provider, currency), refund.amount)]
    entries.append(credit(owed, refund.amount))
    transfers.post_transfer(
        connection,
        refund_decided_id(payment.id),
        [*entries, *_rounding(entries, currency)],
        reason="refund-decided",
        request_number=payment.request_number,
        at=at,
    )
    transfers.hold_transfer(
        connection,
        refund_sent_id(refund.id),
        [debit(owed, refund.amount), credit(clearing(payment.provider, currency), refund.amount)],
        reason="refund-sent",
        request_number=payment.request_number,
        at=at,
    )


def book_refund_done(connection: Connection, refund: Refund, *, at: datetime) -> None:
    """The payer has the money."""
    transfers.post_pending(connection, refund_sent_id(refund.id), at=at)


def book_refund_failed(connection: Connection, refund: Refund, *, at: datetime) -> None:
    """The payer did not get the money and is still owed it."""
    transfers.void_pending(connection, refund_sent_id(refund.id), at=at)


def capture_id(payment_id: str) -> str:
    """The transfer that books what a payment brought."""
    return f"capture:{payment_id}"


def refund_decided_id(payment_id: str) -> str:
    """The transfer that books what is owed back of a payment."""
    return f"refund-decided:{payment_id}"


def refund_sent_id(refund_id: str) -> str:
    """The pending transfer that books a refund on its way."""
    return f"refund-sent:{refund_id}"


def _payables(fees: Iterable[Fee]) -> list[tuple[Account, int]]:
    return [(payable(fee.beneficiary, fee.component, fee.amount.currency), fee.amount.minor) for fee in fees]


def _rounding(entries: Iterable[Entry], currency: Currency) -> list[Entry]:
    """The entry that closes the difference between the fees and what a provider can move, if there is one."""
    difference = sum(entry.minor for entry in entries)
    return [Entry(account=rounding(currency), minor=-difference)] if difference else []
