"""Giving money back: what a refund returns, and what became of it.

One decision a payment: all its refundable components, or those a rule names. An
attempt that failed may be followed by another for the same components; the
payer is owed the money all the while (`bookings.py`).

A component may be owed to several beneficiaries; naming it gives back all of them.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.engine import Connection

from issuance.money import Money
from issuance.payments import bookings, store
from issuance.payments.errors import FeeNotRefundable, NotPaid, RefundConflict
from issuance.payments.models import (
    UNFINISHED_REFUND,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from issuance.payments.provider import Provider, Seen, SeenState
from issuance.payments.service import RequestHook, round_to_step


def open_refund(
    connection: Connection,
    *,
    refund_id: str,
    request_number: str,
    provider: Provider,
    components: Collection[str] | None = None,
    reason: str,
    at: datetime,
) -> Refund | None:
    """Decide the refund of a paid request and book it as owed; None: nothing of it is refundable.

    `components` None gives back every refundable one. Asked again, the same
    refund is found; after a failed attempt a new one is opened.

    Raises:
        NotPaid: no payment of this request was confirmed.
        FeeNotRefundable: a named component is kept by rule, or is not part of the payment.
        RefundConflict: another refund was decided before.
    """
    store.hold_money(connection, request_number)
    payment = paid_payment(connection, request_number)
    chosen = _chosen(payment, components)
    total = sum(fee.amount.minor for fee in payment.fees if fee.component in chosen)
    amount = round_to_step(
        Money(minor=total, currency=payment.amount.currency), provider.capabilities.step_minor
    )
    if amount.minor == 0:
        return None
    # Rounding up component by component must not give back more than was paid.
    amount = min(amount, payment.amount, key=lambda money: money.minor)
    return _open(
        connection, payment, refund_id=refund_id, amount=amount, components=chosen, reason=reason, at=at
    )


def open_held_refund(
    connection: Connection, *, refund_id: str, payment_id: str, reason: str, at: datetime
) -> Refund:
    """Decide to give back all that a disputed payment brought.

    Raises:
        PaymentNotFound: no such payment.
        NotPaid: it is not disputed, or brought nothing the ledger could hold.
    """
    payment = store.hold_payment(connection, payment_id)
    amount = bookings.held_amount(payment)
    if payment.state is not PaymentState.DISPUTED or amount is None:
        raise NotPaid(request=payment.request_number)
    return _open(connection, payment, refund_id=refund_id, amount=amount, components=(), reason=reason, at=at)


def record_refund_seen(
    connection: Connection, refund_id: str, seen: Seen, *, at: datetime, on_refunded: RequestHook
) -> Refund:
    """Write what the provider says of a refund; `on_refunded` runs once, when the payer has the money.

    The hook does not run for the money of a disputed payment: it was never the request's.
    """
    refund = store.hold_refund(connection, refund_id)
    if refund.state not in UNFINISHED_REFUND:
        return refund
    match seen.state:
        case SeenState.PENDING:
            return store.update_refund(connection, refund_id, RefundState.PENDING, at=at)
        case SeenState.FAILED | SeenState.EXPIRED:
            return record_refund_failed(connection, refund_id, at=at)
        case SeenState.PAID:
            return _record_refunded(connection, refund, seen, at=at, on_refunded=on_refunded)


def record_refund_unknown(connection: Connection, refund_id: str, *, at: datetime) -> Refund:
    """Write that the provider did not answer."""
    refund = store.hold_refund(connection, refund_id)
    if refund.state not in UNFINISHED_REFUND:
        return refund
    return store.update_refund(connection, refund_id, RefundState.UNKNOWN, at=at)


def record_refund_failed(connection: Connection, refund_id: str, *, at: datetime) -> Refund:
    """Write that the provider gave nothing back; the payer is still owed."""
    refund = store.hold_refund(connection, refund_id)
    if refund.state not in UNFINISHED_REFUND:
        return refund
    bookings.book_refund_failed(connection, refund, at=at)
    return store.update_refund(connection, refund_id, RefundState.FAILED, at=at, finished_at=at)


def paid_payment(connection: Connection, request_number: str) -> Payment:
    """The confirmed payment of a request.

    Raises:
        NotPaid: there is none.
    """
    for payment in store.payments_of(connection, request_number):
        if payment.state is PaymentState.PAID:
            return payment
    raise NotPaid(request=request_number)


def refundable_amount(payment: Payment) -> Money:
    """What a refund of everything refundable gives back, before a provider's rounding."""
    chosen = _chosen(payment, None)
    total = sum(fee.amount.minor for fee in payment.fees if fee.component in chosen)
    return Money(minor=total, currency=payment.amount.currency)


def latest_refund(connection: Connection, request_number: str) -> Refund | None:
    """The last attempt to give a request's fees back, or None before one was decided."""
    for payment in store.payments_of(connection, request_number):
        if payment.state is PaymentState.PAID:
            return next(reversed(store.refunds_of(connection, payment.id)), None)
    return None


def _chosen(payment: Payment, components: Collection[str] | None) -> tuple[str, ...]:
    refundable = {fee.component for fee in payment.fees if fee.refundable}
    kept = {fee.component for fee in payment.fees if not fee.refundable}
    if components is None:
        return tuple(sorted(refundable - kept))
    for component in components:
        if component not in refundable or component in kept:
            raise FeeNotRefundable(component=component)
    return tuple(sorted(components))


def _open(
    connection: Connection,
    payment: Payment,
    *,
    refund_id: str,
    amount: Money,
    components: tuple[str, ...],
    reason: str,
    at: datetime,
) -> Refund:
    # The payment is held: nobody else decides at the same time.
    earlier = store.refunds_of(connection, payment.id)
    for refund in earlier:
        if refund.components != components:
            raise RefundConflict(payment=payment.id)
        if refund.state is not RefundState.FAILED:
            return refund
    refund = Refund(
        id=refund_id,
        payment_id=payment.id,
        request_number=payment.request_number,
        attempt=len(earlier) + 1,
        provider=payment.provider,
        state=RefundState.CREATED,
        amount=amount,
        components=components,
        reason=reason,
        created_at=at,
        finished_at=None,
    )
    store.insert_refund(connection, refund)
    bookings.book_refund_decided(connection, payment, refund, at=at)
    return refund


def _record_refunded(
    connection: Connection, refund: Refund, seen: Seen, *, at: datetime, on_refunded: RequestHook
) -> Refund:
    if (seen.minor, seen.currency) != (refund.amount.minor, refund.amount.currency):
        # Money left, but not as ordered: the transfer stays pending until a person looks.
        return store.update_refund(connection, refund.id, RefundState.DISPUTED, at=at, finished_at=at)
    bookings.book_refund_done(connection, refund, at=at)
    done = store.update_refund(connection, refund.id, RefundState.REFUNDED, at=at, finished_at=at)
    if refund.components:
        on_refunded(connection, refund.request_number)
    return done
