"""Do the payments and the ledger tell the same story, and does a provider agree?

`find_discrepancies` compares our own books; `match_statement` compares them with
a provider's statement of a day. Both only read, and report instead of mending.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.engine import Connection

from issuance.ledger import transfers
from issuance.ledger.balances import trial_balance
from issuance.ledger.days import day_bounds
from issuance.ledger.models import TransferKind, clearing, ledger_entries, ledger_transfers
from issuance.payments import bookings, store
from issuance.payments.models import (
    Payment,
    PaymentState,
    Refund,
    RefundState,
    payment_refunds,
    payments,
)
from issuance.payments.provider import StatementKind, StatementLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One thing that does not agree; `about` names the row, `what` is kebab-case."""

    what: str
    about: str


def find_discrepancies(connection: Connection) -> tuple[Discrepancy, ...]:
    """Every disagreement inside the ledger and between it and the payments; empty when all is well."""
    return (
        *_ledger_faults(connection),
        *_payment_faults(connection),
        *_refund_faults(connection),
        *_strays(connection),
    )


def match_statement(
    connection: Connection, provider: str, day: date, lines: Iterable[StatementLine]
) -> tuple[Discrepancy, ...]:
    """Every movement of a day that only one side knows, or that differs in amount or currency."""
    theirs = Counter(
        (
            bookings.capture_id(line.our_reference)
            if line.kind is StatementKind.PAYMENT
            else bookings.refund_sent_id(line.our_reference),
            line.minor if line.kind is StatementKind.PAYMENT else -line.minor,
            line.currency,
        )
        for line in lines
    )
    ours = Counter(_clearing_moves(connection, provider, day))
    only_theirs = [
        Discrepancy(what="only-in-statement", about=move[0]) for move in (theirs - ours).elements()
    ]
    only_ours = [Discrepancy(what="only-in-ledger", about=move[0]) for move in (ours - theirs).elements()]
    return tuple(sorted([*only_theirs, *only_ours], key=lambda found: (found.about, found.what)))


def _ledger_faults(connection: Connection) -> Iterator[Discrepancy]:
    sums = Counter[str]()
    for line in trial_balance(connection):
        sums[line.account.currency] += line.balance.minor
    yield from (
        Discrepancy(what="ledger-not-zero", about=currency) for currency, total in sums.items() if total
    )
    stored = connection.execute(select(ledger_transfers.c.id, ledger_transfers.c.fingerprint)).all()
    for row in stored:
        transfer = transfers.load_transfer(connection, row.id)
        if sum(entry.minor for entry in transfer.entries) != 0:
            yield Discrepancy(what="transfer-not-zero", about=row.id)
        if transfers.fingerprint(transfer) != row.fingerprint:
            yield Discrepancy(what="transfer-altered", about=row.id)


def _payment_faults(connection: Connection) -> Iterator[Discrepancy]:
    for payment_id in connection.scalars(select(payments.c.id)).all():
        payment = store.load_payment(connection, payment_id)
        booked = _clearing_minor(connection, payment, bookings.capture_id(payment_id))
        yield from _payment_fault(payment, booked)


def _payment_fault(payment: Payment, booked: int | None) -> Iterator[Discrepancy]:
    match payment.state:
        case PaymentState.PAID:
            expected: int | None = payment.amount.minor
        case PaymentState.DISPUTED:
            amount = bookings.held_amount(payment)
            if amount is None:
                yield Discrepancy(what="disputed-and-not-bookable", about=payment.id)
            expected = None if amount is None else amount.minor
        case _:
            expected = None
    if booked != expected:
        what = (
            "paid-not-booked"
            if booked is None
            else "booked-not-paid"
            if expected is None
            else "amounts-differ"
        )
        yield Discrepancy(what=what, about=payment.id)


def _refund_faults(connection: Connection) -> Iterator[Discrepancy]:
    for refund_id in connection.scalars(select(payment_refunds.c.id)).all():
        refund = store.load_refund(connection, refund_id)
        if refund.state is RefundState.DISPUTED:
            yield Discrepancy(what="refund-disputed", about=refund.id)
        if _resolution(connection, refund) != _expected_resolution(refund):
            yield Discrepancy(what="refund-booked-otherwise", about=refund.id)


def _strays(connection: Connection) -> Iterator[Discrepancy]:
    """Captures and refunds in the ledger behind which there is no row."""
    known = {bookings.capture_id(payment_id) for payment_id in connection.scalars(select(payments.c.id))}
    known |= {
        bookings.refund_sent_id(refund_id) for refund_id in connection.scalars(select(payment_refunds.c.id))
    }
    booked = connection.scalars(
        select(ledger_transfers.c.id).where(
            ledger_transfers.c.reason.in_(("payment-captured", "payment-disputed", "refund-sent")),
            ledger_transfers.c.kind.in_((TransferKind.POSTED, TransferKind.PENDING)),
        )
    )
    yield from (
        Discrepancy(what="booked-without-payment", about=stray) for stray in booked if stray not in known
    )


def _clearing_minor(connection: Connection, payment: Payment, transfer_id: str) -> int | None:
    """What a transfer brought to the provider's clearing account; None without one, or when reversed."""
    transfer = transfers.find_transfer(connection, transfer_id)
    if transfer is None or transfers.find_transfer(connection, f"{transfer_id}/reversal") is not None:
        return None
    account = clearing(payment.provider, transfer.currency)
    return sum(entry.minor for entry in transfer.entries if entry.account == account)


def _expected_resolution(refund: Refund) -> TransferKind | None:
    match refund.state:
        case RefundState.REFUNDED:
            return TransferKind.POST_PENDING
        case RefundState.FAILED:
            return TransferKind.VOID_PENDING
        case _:
            return TransferKind.PENDING


def _resolution(connection: Connection, refund: Refund) -> TransferKind | None:
    pending = transfers.find_transfer(connection, bookings.refund_sent_id(refund.id))
    if pending is None:
        return None
    resolved_by = connection.scalar(
        select(ledger_transfers.c.kind).where(ledger_transfers.c.refers_to == pending.id)
    )
    return TransferKind.PENDING if resolved_by is None else TransferKind(resolved_by)


def _clearing_moves(connection: Connection, provider: str, day: date) -> Iterator[tuple[str, int, str]]:
    start, end = day_bounds(day)
    rows = connection.execute(
        select(
            ledger_transfers.c.id,
            ledger_transfers.c.refers_to,
            ledger_transfers.c.kind,
            ledger_entries.c.minor,
            ledger_transfers.c.currency,
            ledger_entries.c.account_id,
        )
        .join(ledger_entries, ledger_entries.c.transfer_id == ledger_transfers.c.id)
        .where(
            ledger_transfers.c.kind.in_((TransferKind.POSTED, TransferKind.POST_PENDING)),
            ledger_transfers.c.at >= start,
            ledger_transfers.c.at < end,
            ledger_entries.c.account_id.like(f"clearing:{provider}:%"),
        )
    )
    for row in rows:
        move_id = row.refers_to if row.kind == TransferKind.POST_PENDING else row.id
        yield move_id, row.minor, row.currency
