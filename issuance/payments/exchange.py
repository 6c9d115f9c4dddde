"""Talking with providers: intent row, then the call, then the outcome, each in its own transaction.

No provider is called while a transaction is open. A crash, a timeout or a lost
answer between two steps leaves a row that `sync`, the next webhook or
`resolve_unfinished` completes: every order carries our reference and may be
repeated.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.clock import Clock
from issuance.money import Money
from issuance.payments import cash, refunds, service, store
from issuance.payments.errors import (
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnknown,
)
from issuance.payments.models import (
    UNFINISHED,
    UNFINISHED_REFUND,
    CashReceipt,
    Fee,
    Payment,
    PaymentState,
    Refund,
)
from issuance.payments.provider import IntentOrder, Provider, RefundOrder, Seen
from issuance.payments.service import RequestHook


def random_id() -> str:
    """96 random bits, hexadecimal."""
    return secrets.token_hex(12)


class Exchange:
    """Payments and refunds of requests through the providers the service has.

    `on_paid` and `on_refunded` run inside the transaction that records the news.
    """

    def __init__(
        self,
        engine: Engine,
        providers: Iterable[Provider],
        *,
        clock: Clock,
        on_paid: RequestHook,
        on_refunded: RequestHook,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self._engine = engine
        self._providers = {provider.name: provider for provider in providers}
        self._clock = clock
        self._on_paid = on_paid
        self._on_refunded = on_refunded
        self._new_id = new_id

    def provider(self, name: str) -> Provider:
        """The provider of this name.

        Raises:
            ProviderUnknown: there is none.
        """
        if name not in self._providers:
            raise ProviderUnknown(provider=name)
        return self._providers[name]

    def open(
        self, connection: Connection, request_number: str, fees: Sequence[Fee], provider_name: str
    ) -> Payment:
        """Write the intent in the caller's transaction; `send` it after the commit.

        Raises as `service.open_payment`.
        """
        return service.open_payment(
            connection,
            payment_id=f"P-{self._new_id()}",
            request_number=request_number,
            fees=fees,
            provider=self.provider(provider_name),
            at=self._clock(),
        )

    def pay(self, request_number: str, fees: Sequence[Fee], provider_name: str) -> Payment:
        """Open a payment and order it from the provider, or find the one that stands.

        The answer may be `unknown`: the provider did not answer, and a sync will tell.

        Raises:
            PaymentStillOpen: another payment of this request may still succeed.
        """
        self.refresh(request_number)
        with self._engine.begin() as connection:
            payment = self.open(connection, request_number, fees, provider_name)
        return self.send(payment.id)

    def refresh(self, request_number: str) -> None:
        """Ask about electronic payments of a request whose time is over, so that they stand in nobody's way.

        A provider that does not answer leaves them as they are.
        """
        with self._engine.begin() as connection:
            earlier = store.payments_of(connection, request_number)
        for payment in earlier:
            if payment.state in UNFINISHED and self._clock() >= payment.expires_at:
                with suppress(ProviderUnavailable):
                    self.sync(payment.id)

    def send(self, payment_id: str) -> Payment:
        """Order an opened payment from its provider; a payment that was ordered is returned as it is."""
        payment = self.load(payment_id)
        if payment.state not in {PaymentState.CREATED, PaymentState.UNKNOWN}:
            return payment
        order = IntentOrder(
            our_reference=payment.id,
            amount=payment.amount,
            request_number=payment.request_number,
            expires_at=payment.expires_at,
        )
        try:
            seen = self.provider(payment.provider).create_intent(order)
        except ProviderUnavailable:
            return self._record_without_news(payment_id, PaymentState.UNKNOWN)
        except ProviderRefused:
            return self._record_without_news(payment_id, PaymentState.FAILED)
        return self._record(payment_id, seen)

    def sync(self, payment_id: str) -> Payment:
        """Ask the provider what became of a payment and record it.

        What the provider never received is sent again while there is time to pay.

        Raises:
            PaymentNotFound: no such payment.
            ProviderUnavailable: no answer; nothing changed.
        """
        payment = self.load(payment_id)
        if payment.state in {PaymentState.PAID, PaymentState.DISPUTED}:
            return payment
        seen = self.provider(payment.provider).sync_by_our_reference(payment_id)
        if seen is not None:
            return self._record(payment_id, seen)
        if payment.state not in UNFINISHED:
            return payment
        if self._clock() >= payment.expires_at:
            # Safe: a provider refuses an order that arrives after its own expiry.
            return self._record_without_news(payment_id, PaymentState.EXPIRED)
        if payment.state is PaymentState.PENDING and not payment.at_desk:
            self._record_without_news(payment_id, PaymentState.UNKNOWN)
        return self.send(payment_id)

    def refund(
        self, request_number: str, *, components: Collection[str] | None = None, reason: str
    ) -> Refund | None:
        """Give back the refundable components of a paid request (all, or those named).

        Raises as `refunds.open_refund`. The answer may be `unknown`, as with `pay`.
        """
        with self._engine.begin() as connection:
            refund = self.open_refund(connection, request_number, components=components, reason=reason)
        return None if refund is None else self.send_refund(refund.id)

    def open_refund(
        self,
        connection: Connection,
        request_number: str,
        *,
        components: Collection[str] | None = None,
        reason: str,
    ) -> Refund | None:
        """Decide and book a refund in the caller's transaction; `send_refund` it after the commit."""
        payment = refunds.paid_payment(connection, request_number)
        return refunds.open_refund(
            connection,
            refund_id=f"F-{self._new_id()}",
            request_number=request_number,
            provider=self.provider(payment.provider),
            components=components,
            reason=reason,
            at=self._clock(),
        )

    def refund_held(self, payment_id: str, *, reason: str) -> Refund:
        """Give back what a disputed payment brought. Raises as `refunds.open_held_refund`."""
        with self._engine.begin() as connection:
            refund = refunds.open_held_refund(
                connection,
                refund_id=f"F-{self._new_id()}",
                payment_id=payment_id,
                reason=reason,
                at=self._clock(),
            )
        return self.send_refund(refund.id)

    def send_refund(self, refund_id: str) -> Refund:
        """Order an opened refund from its provider; one that has ended is returned as it is."""
        refund = self.load_refund(refund_id)
        if refund.state not in UNFINISHED_REFUND:
            return refund
        order = RefundOrder(our_reference=refund.id, intent_reference=refund.payment_id, amount=refund.amount)
        try:
            seen = self.provider(refund.provider).refund(order)
        except ProviderUnavailable:
            with self._engine.begin() as connection:
                return refunds.record_refund_unknown(connection, refund_id, at=self._clock())
        except ProviderRefused:
            with self._engine.begin() as connection:
                return refunds.record_refund_failed(connection, refund_id, at=self._clock())
        return self._record_refund(refund_id, seen)

    def sync_refund(self, refund_id: str) -> Refund:
        """Ask the provider what became of a refund; one it never received is sent again.

        Raises:
            RefundNotFound: no such refund.
            ProviderUnavailable: no answer; nothing changed.
        """
        refund = self.load_refund(refund_id)
        if refund.state not in UNFINISHED_REFUND:
            return refund
        seen = self.provider(refund.provider).sync_refund(refund_id)
        return self.send_refund(refund_id) if seen is None else self._record_refund(refund_id, seen)

    def receive_webhook(self, provider_name: str, headers: Mapping[str, str], body: bytes) -> None:
        """Check a webhook, and ask the provider about what it names; its content is not believed.

        Raises:
            ProviderUnknown: no provider of this name.
            WebhookRefused: forged, too old or unreadable; nothing was done.
            ProviderUnavailable: the provider did not answer the sync; it should deliver again.
        """
        provider = self.provider(provider_name)
        notice = provider.parse_webhook(headers, body, at=self._clock())
        with self._engine.begin() as connection:
            if not service.note_webhook(connection, provider_name, notice, at=self._clock()):
                return
            target = store.find_reference(connection, provider_name, notice.our_reference)
        match target:
            case Payment():
                self.sync(target.id)
            case Refund():
                self.sync_refund(target.id)
            case None:  # genuine, but of something that is not ours: remembered, without effect
                pass
        with self._engine.begin() as connection:
            service.close_webhook(connection, provider_name, notice, at=self._clock())

    def receive_cash(
        self, connection: Connection, payment_id: str, *, counted: Money, actor: str, office: str
    ) -> CashReceipt:
        """A clerk received cash, in the caller's transaction. Raises as `cash.receive_cash`."""
        return cash.receive_cash(
            connection,
            payment_id,
            counted=counted,
            actor=actor,
            office=office,
            at=self._clock(),
            on_paid=self._on_paid,
        )

    def pay_out_cash(self, connection: Connection, refund_id: str, *, actor: str, office: str) -> CashReceipt:
        """A clerk paid a refund out, in the caller's transaction. Raises as `cash.pay_out_cash`."""
        return cash.pay_out_cash(
            connection,
            refund_id,
            actor=actor,
            office=office,
            at=self._clock(),
            on_refunded=self._on_refunded,
        )

    def resolve_unfinished(self, *, older_than: timedelta, limit: int = 100) -> int:
        """Sync what has waited longer than `older_than`; the number of rows asked about.

        A provider that does not answer leaves its rows for the next round.
        """
        before = self._clock() - older_than
        with self._engine.begin() as connection:
            waiting = store.unfinished_payments(connection, before=before, limit=limit)
            waiting_refunds = store.unfinished_refunds(connection, before=before, limit=limit)
        for sync, ids in ((self.sync, waiting), (self.sync_refund, waiting_refunds)):
            for waiting_id in ids:
                with suppress(ProviderUnavailable):
                    sync(waiting_id)
        return len(waiting) + len(waiting_refunds)

    def load(self, payment_id: str) -> Payment:
        """The payment as stored. Raises PaymentNotFound."""
        with self._engine.begin() as connection:
            return store.load_payment(connection, payment_id)

    def load_refund(self, refund_id: str) -> Refund:
        """The refund as stored. Raises RefundNotFound."""
        with self._engine.begin() as connection:
            return store.load_refund(connection, refund_id)

    def _record(self, payment_id: str, seen: Seen) -> Payment:
        with self._engine.begin() as connection:
            return service.record_seen(connection, payment_id, seen, at=self._clock(), on_paid=self._on_paid)

    def _record_refund(self, refund_id: str, seen: Seen) -> Refund:
        with self._engine.begin() as connection:
            return refunds.record_refund_seen(
                connection, refund_id, seen, at=self._clock(), on_refunded=self._on_refunded
            )

    def _record_without_news(self, payment_id: str, state: PaymentState) -> Payment:
        with self._engine.begin() as connection:
            return service.record_without_news(connection, payment_id, state, at=self._clock())
