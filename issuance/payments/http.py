"""Payments over HTTP: paying, looking, cash at the desk, refunds, and providers' webhooks.

Whether this caller may pay or see this request is the requests' own knowledge,
asked through `RequestAccess`. A provider is called between two transactions, so
the idempotency key is claimed in the first and its answer kept in the last.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.audit.trail import AuditObject, record
from issuance.clock import Clock
from issuance.http.idempotency import Answer, Call, claim, idempotent, json_answer, keep, once
from issuance.identity.access import public, require
from issuance.identity.actors import Actor
from issuance.identity.permissions import Permission
from issuance.ledger.models import MAX_MINOR
from issuance.money import Currency, Money
from issuance.payments import service, store
from issuance.payments.errors import OfficeInvalid, ProviderUnavailable
from issuance.payments.exchange import Exchange
from issuance.payments.models import (
    UNFINISHED,
    CashReceipt,
    DisputeReason,
    Fee,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)

PayerCall = Annotated[
    Call, Depends(idempotent(require(Permission.PAYMENTS_PAY_OWN, Permission.PAYMENTS_TAKE_CASH)))
]
ClerkCall = Annotated[Call, Depends(idempotent(require(Permission.PAYMENTS_TAKE_CASH)))]
TreasurerCall = Annotated[Call, Depends(idempotent(require(Permission.PAYMENTS_REFUND)))]
ReaderDep = Annotated[Actor, Depends(require(Permission.REQUESTS_READ_OWN, Permission.PAYMENTS_READ))]
RequestNumber = Annotated[str, Path(max_length=32, examples=["R-26-01234567X"])]
PaymentId = Annotated[str, Path(pattern=r"^P-[0-9A-Za-z-]{1,38}$")]
RefundId = Annotated[str, Path(pattern=r"^F-[0-9A-Za-z-]{1,38}$")]


class RequestAccess(Protocol):
    """What payments must know of a request; each raises NotFound when this caller may not.

    A request's number is read as a person writes it; only what `visible_number` answers is kept.
    """

    def fees_due(self, connection: Connection, actor: Actor, request_number: str) -> Sequence[Fee]:
        """The fees this caller may pay now."""

    def visible_number(self, connection: Connection, actor: Actor, written: str) -> str:
        """The number of the request as the request bears it, when this caller may see its payments."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AmountShown(_Body):
    """An amount: integer minor units (qirsh, cents) of one currency."""

    minor: Annotated[int, Field(strict=True, ge=1, le=MAX_MINOR, examples=[150000])]
    currency: Currency


class PaymentWish(_Body):
    """The way of paying."""

    provider: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$", examples=["e-payments", "cash"])]


class CashCount(_Body):
    """The cash a clerk counted."""

    amount: AmountShown


class FeeShown(BaseModel):
    """One fee and whom it goes to."""

    component: str
    beneficiary: str
    minor: int
    refundable: bool


class RefundShown(BaseModel):
    """Money on its way back."""

    id: str
    state: RefundState
    amount: AmountShown
    components: list[str]
    reason: str


class PaymentShown(BaseModel):
    """One payment. `pay_url` is where to pay while it is pending; `unknown` means: ask again shortly."""

    id: str
    request_number: str
    provider: str
    state: PaymentState
    amount: AmountShown
    fees: list[FeeShown]
    pay_url: str | None
    expires_at: datetime
    paid_at: datetime | None
    dispute: DisputeReason | None
    refunds: list[RefundShown]


class HeldRefundShown(BaseModel):
    """Money of a disputed payment on its way back, in minor units."""

    id: str
    state: RefundState
    minor: int


class Payments(BaseModel):
    """Every payment of a request, first attempt first."""

    items: list[PaymentShown]


class ReceiptShown(BaseModel):
    """Proof that cash was received or paid out."""

    number: str
    kind: str
    reference: str
    amount: AmountShown
    office: str
    at: datetime


class PaymentPages:
    """The handlers, with what the composition root gives them."""

    def __init__(self, *, engine: Engine, exchange: Exchange, access: RequestAccess, clock: Clock) -> None:
        self._engine = engine
        self._exchange = exchange
        self._access = access
        self._clock = clock

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["payments"])
        add = router.add_api_route
        of_request = "/requests/{number}/payments"
        created = {"methods": ["POST"], "status_code": 201}
        add(of_request, self.pay, response_model=PaymentShown, **created)  # type: ignore[arg-type]
        add(of_request, self.list_payments, methods=["GET"])
        add(of_request + "/{payment}", self.show_payment, methods=["GET"])
        add(of_request + "/{payment}/cash-receipt", self.receive_cash, response_model=ReceiptShown, **created)  # type: ignore[arg-type]
        add("/refunds/{refund}/cash-receipt", self.pay_out_cash, response_model=ReceiptShown, **created)  # type: ignore[arg-type]
        add("/payments/{payment}/held-refund", self.refund_held, response_model=HeldRefundShown, **created)  # type: ignore[arg-type]
        add(
            "/webhooks/payments/{provider}",
            self.receive_webhook,
            methods=["POST"],
            status_code=204,
            dependencies=[Depends(public("the provider's signature is checked instead"))],
        )
        return router

    def pay(self, number: RequestNumber, body: PaymentWish, call: PayerCall) -> Response:
        """Pay the fees of a request; pressing twice gives the same payment."""
        with self._engine.begin() as connection:
            number = self._access.visible_number(connection, call.actor, number)
        self._exchange.refresh(number)
        with self._engine.begin() as connection:
            kept = claim(connection, call, at=self._clock())
            if kept is not None:
                return kept.response()
            fees = self._access.fees_due(connection, call.actor, number)
            payment = self._exchange.open(connection, number, fees, body.provider)
            self._audit(connection, call.actor, "payment.open", payment.id, number)
        # Never raises for a provider's sake: what is not known is recorded as unknown.
        payment = self._exchange.send(payment.id)
        with self._engine.begin() as connection:
            answer = _payment_answer(connection, payment)
            keep(connection, call, answer)
        return answer.response()

    def list_payments(self, number: RequestNumber, actor: ReaderDep) -> Payments:
        """Every payment of a request."""
        with self._engine.begin() as connection:
            number = self._access.visible_number(connection, actor, number)
            return Payments(
                items=[
                    _payment_shown(connection, payment) for payment in store.payments_of(connection, number)
                ]
            )

    def show_payment(self, number: RequestNumber, payment: PaymentId, actor: ReaderDep) -> PaymentShown:
        """One payment, after asking its provider for news while it is unfinished."""
        with self._engine.begin() as connection:
            number = self._access.visible_number(connection, actor, number)
            found = service.find_payment(connection, number, payment)
        if found.state in UNFINISHED and not found.at_desk:
            # Without an answer, what is stored is still the best that is known.
            with suppress(ProviderUnavailable):
                found = self._exchange.sync(payment)
        with self._engine.begin() as connection:
            return _payment_shown(connection, found)

    def receive_cash(
        self, number: RequestNumber, payment: PaymentId, body: CashCount, call: ClerkCall
    ) -> Response:
        """A clerk received the exact amount in cash; the answer is the receipt."""
        counted = Money(minor=body.amount.minor, currency=body.amount.currency)
        with self._engine.begin() as connection:
            answer = once(
                connection,
                call,
                lambda: self._receive_cash(connection, call.actor, number, payment, counted),
                at=self._clock(),
            )
        return answer.response()

    def pay_out_cash(self, refund: RefundId, call: ClerkCall) -> Response:
        """A clerk paid a refund out in cash; the answer is the receipt."""
        with self._engine.begin() as connection:
            answer = once(
                connection, call, lambda: self._pay_out_cash(connection, call.actor, refund), at=self._clock()
            )
        return answer.response()

    def refund_held(self, payment: PaymentId, call: TreasurerCall) -> Response:
        """Give back what a disputed payment brought: it was never the request's."""
        with self._engine.begin() as connection:
            kept = claim(connection, call, at=self._clock())
            if kept is not None:
                return kept.response()
            held = store.load_payment(connection, payment)
            self._audit(connection, call.actor, "payment.refund-held", payment, held.request_number)
        refund = self._exchange.refund_held(payment, reason="disputed")
        answer = json_answer(
            201, {"id": refund.id, "state": refund.state.value, "minor": refund.amount.minor}
        )
        with self._engine.begin() as connection:
            keep(connection, call, answer)
        return answer.response()

    async def receive_webhook(self, provider: str, request: Request) -> Response:
        """A provider says that something happened; it is asked what."""
        body = await request.body()
        await run_in_threadpool(self._exchange.receive_webhook, provider, dict(request.headers), body)
        return Response(status_code=204)

    def _receive_cash(
        self, connection: Connection, actor: Actor, number: str, payment_id: str, counted: Money
    ) -> Answer:
        number = self._access.visible_number(connection, actor, number)
        service.find_payment(connection, number, payment_id)
        receipt = self._exchange.receive_cash(
            connection, payment_id, counted=counted, actor=actor.id, office=_office(actor)
        )
        self._audit(connection, actor, "cash.receive", payment_id, receipt.number)
        return _receipt_answer(receipt)

    def _pay_out_cash(self, connection: Connection, actor: Actor, refund_id: str) -> Answer:
        refund = store.load_refund(connection, refund_id)
        self._access.visible_number(connection, actor, refund.request_number)
        receipt = self._exchange.pay_out_cash(connection, refund_id, actor=actor.id, office=_office(actor))
        self._audit(connection, actor, "cash.pay-out", refund_id, receipt.number)
        return _receipt_answer(receipt)

    def _audit(self, connection: Connection, actor: Actor, action: str, about: str, reference: str) -> None:
        record(
            connection,
            actor,
            action,
            AuditObject(kind="payment", id=about),
            at=self._clock(),
            facts={"reference": reference},
        )


def _office(actor: Actor) -> str:
    if actor.office is None:
        raise OfficeInvalid(office="-")
    return actor.office


def _payment_answer(connection: Connection, payment: Payment) -> Answer:
    return json_answer(
        201,
        _payment_shown(connection, payment).model_dump(mode="json"),
        location=f"/requests/{payment.request_number}/payments/{payment.id}",
    )


def _receipt_answer(receipt: CashReceipt) -> Answer:
    shown = ReceiptShown(
        number=receipt.number,
        kind=receipt.kind,
        reference=receipt.our_reference,
        amount=_amount_shown(receipt.amount),
        office=receipt.office,
        at=receipt.at,
    )
    return json_answer(201, shown.model_dump(mode="json"))


def _payment_shown(connection: Connection, payment: Payment) -> PaymentShown:
    return PaymentShown(
        id=payment.id,
        request_number=payment.request_number,
        provider=payment.provider,
        state=payment.state,
        amount=_amount_shown(payment.amount),
        fees=[
            FeeShown(
                component=fee.component,
                beneficiary=fee.beneficiary,
                minor=fee.amount.minor,
                refundable=fee.refundable,
            )
            for fee in payment.fees
        ],
        pay_url=payment.pay_url,
        expires_at=payment.expires_at,
        paid_at=payment.paid_at,
        dispute=payment.dispute,
        refunds=[_refund_shown(refund) for refund in store.refunds_of(connection, payment.id)],
    )


def _refund_shown(refund: Refund) -> RefundShown:
    return RefundShown(
        id=refund.id,
        state=refund.state,
        amount=_amount_shown(refund.amount),
        components=list(refund.components),
        reason=refund.reason,
    )


def _amount_shown(amount: Money) -> AmountShown:
    return AmountShown(minor=amount.minor, currency=amount.currency)
