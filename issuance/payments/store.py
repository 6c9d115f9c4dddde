"""Rows of payments and refunds, read as values.

Whoever reads a row in order to change it, or to decide by it, *holds* it: until the
transaction ends, nobody else holds any payment or refund of the same request.
"""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.engine import Connection

from issuance.locks import take_turn
from issuance.money import Currency, Money
from issuance.payments.errors import PaymentNotFound, RefundNotFound
from issuance.payments.models import (
    UNFINISHED,
    UNFINISHED_REFUND,
    DisputeReason,
    Fee,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    payment_fees,
    payment_refunds,
    payments,
)

STANDING = UNFINISHED | {PaymentState.PAID}


def hold_money(connection: Connection, request_number: str) -> None:
    """Hold every payment and refund of a request, those that are not there yet as well."""
    take_turn(connection, f"money of {request_number}")


def hold_payment(connection: Connection, payment_id: str) -> Payment:
    """The payment with this id, held.

    Raises:
        PaymentNotFound: there is none.
    """
    _hold(connection, select(payments.c.request_number).where(payments.c.id == payment_id))
    return load_payment(connection, payment_id)


def hold_refund(connection: Connection, refund_id: str) -> Refund:
    """The refund with this id, held.

    Raises:
        RefundNotFound: there is none.
    """
    query = select(payments.c.request_number).join(payment_refunds)
    _hold(connection, query.where(payment_refunds.c.id == refund_id))
    return load_refund(connection, refund_id)


def insert_payment(connection: Connection, payment: Payment) -> None:
    """Store a new payment with its fees."""
    connection.execute(
        insert(payments).values(
            id=payment.id,
            request_number=payment.request_number,
            attempt=payment.attempt,
            provider=payment.provider,
            at_desk=payment.at_desk,
            state=payment.state,
            minor=payment.amount.minor,
            currency=payment.amount.currency,
            created_at=payment.created_at,
            expires_at=payment.expires_at,
            updated_at=payment.created_at,
        )
    )
    connection.execute(
        insert(payment_fees),
        [
            {
                "payment_id": payment.id,
                "position": position,
                "component": fee.component,
                "beneficiary": fee.beneficiary,
                "minor": fee.amount.minor,
                "refundable": fee.refundable,
            }
            for position, fee in enumerate(payment.fees)
        ],
    )


def update_payment(connection: Connection, payment_id: str, *, at: datetime, **values: object) -> Payment:
    """Change columns of a payment and read it anew."""
    connection.execute(update(payments).where(payments.c.id == payment_id).values(updated_at=at, **values))
    return load_payment(connection, payment_id)


def load_payment(connection: Connection, payment_id: str) -> Payment:
    """The payment with this id.

    Raises:
        PaymentNotFound: there is none.
    """
    row = connection.execute(select(payments).where(payments.c.id == payment_id)).one_or_none()
    if row is None:
        raise PaymentNotFound(payment=payment_id)
    return _payment(connection, row)


def payments_of(connection: Connection, request_number: str) -> tuple[Payment, ...]:
    """Every payment of a request, first attempt first."""
    rows = connection.execute(
        select(payments).where(payments.c.request_number == request_number).order_by(payments.c.attempt)
    ).all()
    return tuple(_payment(connection, row) for row in rows)


def unfinished_payments(connection: Connection, *, before: datetime, limit: int) -> tuple[str, ...]:
    """Ids of payments waiting for news since `before`, the longest waiting first."""
    return tuple(
        connection.scalars(
            select(payments.c.id)
            .where(payments.c.state.in_(UNFINISHED), payments.c.updated_at < before)
            .order_by(payments.c.updated_at)
            .limit(limit)
        )
    )


def insert_refund(connection: Connection, refund: Refund) -> None:
    """Store a new refund."""
    connection.execute(
        insert(payment_refunds).values(
            id=refund.id,
            payment_id=refund.payment_id,
            attempt=refund.attempt,
            state=refund.state,
            minor=refund.amount.minor,
            currency=refund.amount.currency,
            components=list(refund.components),
            reason=refund.reason,
            created_at=refund.created_at,
            updated_at=refund.created_at,
        )
    )


def update_refund(
    connection: Connection,
    refund_id: str,
    state: RefundState,
    *,
    at: datetime,
    finished_at: datetime | None = None,
) -> Refund:
    """Change the state of a refund and read it anew."""
    connection.execute(
        update(payment_refunds)
        .where(payment_refunds.c.id == refund_id)
        .values(state=state, updated_at=at, finished_at=finished_at)
    )
    return load_refund(connection, refund_id)


def load_refund(connection: Connection, refund_id: str) -> Refund:
    """The refund with this id.

    Raises:
        RefundNotFound: there is none.
    """
    found = _refunds(connection, ids=(refund_id,))
    if not found:
        raise RefundNotFound(refund=refund_id)
    return found[0]


def refunds_of(connection: Connection, payment_id: str) -> tuple[Refund, ...]:
    """Every refund of a payment, first attempt first."""
    ids = connection.scalars(
        select(payment_refunds.c.id).where(payment_refunds.c.payment_id == payment_id)
    ).all()
    return _refunds(connection, ids=ids)


def find_reference(connection: Connection, provider: str, our_reference: str) -> Payment | Refund | None:
    """The payment or refund that a provider calls by our reference, or None."""
    row = connection.execute(
        select(payments).where(payments.c.id == our_reference, payments.c.provider == provider)
    ).one_or_none()
    if row is not None:
        return _payment(connection, row)
    found = _refunds(connection, ids=(our_reference,))
    return found[0] if found and found[0].provider == provider else None


def unfinished_refunds(connection: Connection, *, before: datetime, limit: int) -> tuple[str, ...]:
    """Ids of refunds waiting for news since `before`, the longest waiting first."""
    return tuple(
        connection.scalars(
            select(payment_refunds.c.id)
            .where(payment_refunds.c.state.in_(UNFINISHED_REFUND), payment_refunds.c.updated_at < before)
            .order_by(payment_refunds.c.updated_at)
            .limit(limit)
        )
    )


def _hold(connection: Connection, query: Select[str]) -> None:
    request_number = connection.scalar(query)
    if request_number is not None:
        hold_money(connection, request_number)


def _payment(connection: Connection, row: Row[tuple[object, ...]]) -> Payment:
    currency = Currency(row.currency)
    fees = connection.execute(
        select(payment_fees).where(payment_fees.c.payment_id == row.id).order_by(payment_fees.c.position)
    )
    return Payment(
        id=row.id,
        request_number=row.request_number,
        attempt=row.attempt,
        provider=row.provider,
        at_desk=row.at_desk,
        state=PaymentState(row.state),
        amount=Money(minor=row.minor, currency=currency),
        fees=tuple(
            Fee(
                component=fee.component,
                beneficiary=fee.beneficiary,
                amount=Money(minor=fee.minor, currency=currency),
                refundable=fee.refundable,
            )
            for fee in fees
        ),
        created_at=row.created_at,
        expires_at=row.expires_at,
        paid_at=row.paid_at,
        pay_url=row.pay_url,
        provider_reference=row.provider_reference,
        dispute=None if row.dispute is None else DisputeReason(row.dispute),
        seen_minor=row.seen_minor,
        seen_currency=row.seen_currency,
    )


def _refunds(connection: Connection, *, ids: Collection[str]) -> tuple[Refund, ...]:
    rows = connection.execute(
        select(payment_refunds, payments.c.request_number, payments.c.provider)
        .join(payments, payments.c.id == payment_refunds.c.payment_id)
        .where(payment_refunds.c.id.in_(ids))
        .order_by(payment_refunds.c.attempt)
    )
    return tuple(
        Refund(
            id=row.id,
            payment_id=row.payment_id,
            request_number=row.request_number,
            attempt=row.attempt,
            provider=row.provider,
            state=RefundState(row.state),
            amount=Money(minor=row.minor, currency=Currency(row.currency)),
            components=tuple(cast("list[str]", row.components)),
            reason=row.reason,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )
        for row in rows
    )
