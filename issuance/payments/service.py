"""What can be done with a payment, inside one transaction and without any network.

`open_payment` writes the intent before a provider is called; `record_seen`
writes what the provider said, after it. `exchange.py` makes the call between
the two. Whatever crashes in between leaves a row that a sync resolves.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from issuance.ledger.models import MAX_MINOR, payable
from issuance.locks import take_turn
from issuance.money import Money
from issuance.payments import bookings, store
from issuance.payments.errors import (
    CurrencyNotAccepted,
    FeeAmountInvalid,
    FeesInvalid,
    PaymentNotFound,
    PaymentStillOpen,
)
from issuance.payments.models import (
    UNFINISHED,
    DisputeReason,
    Fee,
    Payment,
    PaymentState,
    payment_webhooks,
)
from issuance.payments.provider import Capabilities, Provider, Seen, SeenState, WebhookNotice

RequestHook = Callable[[Connection, str], None]
"""Called with the request's number, in the transaction that made the change."""


def open_payment(
    connection: Connection,
    *,
    payment_id: str,
    request_number: str,
    fees: Sequence[Fee],
    provider: Provider,
    at: datetime,
) -> Payment:
    """Write the intent to collect a request's fees, or find the one that stands.

    Pressing "pay" again gives the same payment; so does paying what is paid. A
    payment waiting at a desk gives way to another provider, since no money can
    come without our clerk; one that a provider may still collect does not.

    Raises:
        FeesInvalid, FeeAmountInvalid, CurrencyNotAccepted, AccountNameInvalid: not fees to be asked.
        PaymentStillOpen: another payment of this request may still succeed.
    """
    amount = amount_due(fees, provider.capabilities, provider_name=provider.name)
    store.hold_money(connection, request_number)
    earlier = store.payments_of(connection, request_number)
    for payment in earlier:
        if payment.state is PaymentState.PAID:
            return payment
        if payment.state in UNFINISHED:
            if payment.provider == provider.name and payment.fees == tuple(fees):
                return payment
            if not payment.at_desk:
                raise PaymentStillOpen(payment=payment.id, expires_at=payment.expires_at.isoformat())
            store.update_payment(connection, payment.id, at=at, state=PaymentState.EXPIRED)
    payment = Payment(
        id=payment_id,
        request_number=request_number,
        attempt=len(earlier) + 1,
        provider=provider.name,
        at_desk=provider.capabilities.at_desk,
        state=PaymentState.CREATED,
        amount=amount,
        fees=tuple(fees),
        created_at=at,
        expires_at=at + provider.capabilities.time_to_pay,
        paid_at=None,
        pay_url=None,
        provider_reference=None,
        dispute=None,
        seen_minor=None,
        seen_currency=None,
    )
    store.insert_payment(connection, payment)
    return payment


def amount_due(fees: Sequence[Fee], capabilities: Capabilities, *, provider_name: str) -> Money:
    """The sum of the fees, rounded half up to the provider's smallest unit.

    Raises:
        FeesInvalid: none, one named twice for the same beneficiary, or several currencies.
        FeeAmountInvalid: an amount that is not positive, or a sum beyond the limit.
        CurrencyNotAccepted: the provider does not take this currency.
    """
    for fee in fees:
        # A bool is an int to Python and not to us.
        if type(fee.amount.minor) is not int or not 0 < fee.amount.minor <= MAX_MINOR:
            raise FeeAmountInvalid(minor=fee.amount.minor)
        payable(fee.beneficiary, fee.component, fee.amount.currency)  # can be booked later
    if len({fee.amount.currency for fee in fees}) != 1:
        raise FeesInvalid(rule="one currency, at least one fee")
    if len({(fee.component, fee.beneficiary) for fee in fees}) != len(fees):
        raise FeesInvalid(rule="each fee once")
    currency = fees[0].amount.currency
    if currency not in capabilities.currencies:
        raise CurrencyNotAccepted(provider=provider_name, currency=str(currency))
    amount = round_to_step(
        Money(minor=sum(fee.amount.minor for fee in fees), currency=currency), capabilities.step_minor
    )
    if not 0 < amount.minor <= min(capabilities.max_minor, MAX_MINOR):
        raise FeeAmountInvalid(minor=amount.minor)
    return amount


def round_to_step(amount: Money, step_minor: int) -> Money:
    """`amount` rounded half up to a multiple of `step_minor`."""
    return replace(amount, minor=(amount.minor + step_minor // 2) // step_minor * step_minor)


def record_seen(
    connection: Connection, payment_id: str, seen: Seen, *, at: datetime, on_paid: RequestHook
) -> Payment:
    """Write what the provider says of a payment; `on_paid` runs once, when it becomes paid.

    What was paid or disputed stays so. News that a payment is pending or over
    changes only one that is unfinished; `paid` is believed late, too.
    """
    payment = store.hold_payment(connection, payment_id)
    if payment.state in {PaymentState.PAID, PaymentState.DISPUTED}:
        return payment
    if seen.state is SeenState.PAID:
        return _record_paid(connection, payment, seen, at=at, on_paid=on_paid)
    if payment.state not in UNFINISHED:
        return payment
    return store.update_payment(
        connection,
        payment_id,
        at=at,
        state=PaymentState(seen.state.value),
        provider_reference=seen.provider_reference,
        pay_url=seen.pay_url if seen.state is SeenState.PENDING else None,
    )


def record_without_news(
    connection: Connection, payment_id: str, state: PaymentState, *, at: datetime
) -> Payment:
    """Write what an unfinished payment is without the provider's word.

    `unknown` when it did not answer, `failed` when it refused, `expired` when it
    never received the order and the time to pay is over.
    """
    payment = store.hold_payment(connection, payment_id)
    if payment.state not in UNFINISHED:
        return payment
    return store.update_payment(connection, payment_id, at=at, state=state)


def find_payment(connection: Connection, request_number: str, payment_id: str) -> Payment:
    """The payment of this request with this id.

    Raises:
        PaymentNotFound: there is none, or it is of another request.
    """
    payment = store.load_payment(connection, payment_id)
    if payment.request_number != request_number:
        raise PaymentNotFound(payment=payment_id)
    return payment


def note_webhook(connection: Connection, provider: str, notice: WebhookNotice, *, at: datetime) -> bool:
    """Remember a webhook by its id; False when it was handled before.

    One that was received but not handled (a crash, a provider that did not
    answer the sync) is handled when it is delivered again.
    """
    take_turn(connection, f"webhook {provider} {notice.webhook_id}")
    key = (
        payment_webhooks.c.provider == provider,
        payment_webhooks.c.webhook_id == notice.webhook_id,
    )
    row = connection.execute(select(payment_webhooks.c.handled_at).where(*key)).one_or_none()
    if row is not None:
        return row.handled_at is None
    connection.execute(
        insert(payment_webhooks).values(
            provider=provider,
            webhook_id=notice.webhook_id,
            our_reference=notice.our_reference,
            received_at=at,
        )
    )
    return True


def close_webhook(connection: Connection, provider: str, notice: WebhookNotice, *, at: datetime) -> None:
    """Remember that a webhook was handled."""
    connection.execute(
        update(payment_webhooks)
        .where(payment_webhooks.c.provider == provider, payment_webhooks.c.webhook_id == notice.webhook_id)
        .values(handled_at=at)
    )


def _record_paid(
    connection: Connection, payment: Payment, seen: Seen, *, at: datetime, on_paid: RequestHook
) -> Payment:
    dispute = _dispute(connection, payment, seen)
    changed = store.update_payment(
        connection,
        payment.id,
        at=at,
        state=PaymentState.PAID if dispute is None else PaymentState.DISPUTED,
        dispute=dispute,
        provider_reference=seen.provider_reference,
        pay_url=None,
        seen_minor=seen.minor,
        seen_currency=seen.currency,
        paid_at=at,
    )
    if dispute is not None:
        bookings.book_dispute(connection, changed, at=at)
        return changed
    bookings.book_capture(connection, changed, at=at)
    on_paid(connection, payment.request_number)
    return changed


def _dispute(connection: Connection, payment: Payment, seen: Seen) -> DisputeReason | None:
    if seen.currency != payment.amount.currency:
        return DisputeReason.WRONG_CURRENCY
    if seen.minor != payment.amount.minor:
        return DisputeReason.WRONG_AMOUNT
    others = (
        other for other in store.payments_of(connection, payment.request_number) if other.id != payment.id
    )
    if any(other.state in store.STANDING for other in others):
        return DisputeReason.SECOND_PAYMENT
    return None
