"""Between requests and payments: what each must know of the other, and no more."""

from typing import cast

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.catalogue.models import RefundOccasion
from issuance.database import reading
from issuance.identity.actors import Actor
from issuance.identity.permissions import NATIONAL_ROLES, Permission
from issuance.money import Currency, Money
from issuance.payments import store
from issuance.payments.errors import NotPaid
from issuance.payments.exchange import Exchange
from issuance.payments.models import UNFINISHED_REFUND, Fee, PaymentState
from issuance.payments.refunds import paid_payment
from issuance.requests.access import keep_from_kin, visible_request
from issuance.requests.book import load_request
from issuance.requests.lifecycle import State, TransitionRefused
from issuance.requests.models import Request, RequestNumber
from issuance.requests.numbers import parse_request_number
from issuance.requests.registers import Registers


def fees_of(request: Request) -> tuple[Fee, ...]:
    """The fees fixed when the request was submitted."""
    return tuple(
        Fee(
            component=cast("str", fee["component"]),
            beneficiary=cast("str", fee["beneficiary"]),
            amount=Money(minor=cast("int", fee["minor"]), currency=Currency(cast("str", fee["currency"]))),
            refundable=bool(fee["refundable_on"]),
        )
        for fee in cast("list[dict[str, object]]", request.fees)
    )


class Treasury:
    """Payments as fulfilment sees them (`issuance/requests/parts.py`)."""

    def __init__(self, engine: Engine, exchange: Exchange) -> None:
        self._engine, self._exchange = engine, exchange

    def is_settled(self, connection: Connection, request: Request) -> bool:
        """Whether every fee is paid and stays with us, or none was owed."""
        if not request.fees:
            return True
        payments = store.payments_of(connection, request.number)
        return any(
            payment.state is PaymentState.PAID and not store.refunds_of(connection, payment.id)
            for payment in payments
        )

    def refundable(self, connection: Connection, request: Request) -> Money:
        """What a refusal gives back: the components of what was paid that are given back then."""
        chosen = _given_back(request, RefundOccasion.REFUSAL)
        fees = [fee for fee in fees_of(request) if fee.component in chosen]
        if not fees or not self._is_paid(connection, request):
            return Money(minor=0, currency=Currency.SYP)
        return Money(minor=sum(fee.amount.minor for fee in fees), currency=fees[0].amount.currency)

    def decide_refund(
        self, connection: Connection, request: Request, occasion: RefundOccasion, *, reason: str
    ) -> None:
        """Book that what this occasion gives back is given back; deciding twice is deciding once."""
        chosen = _given_back(request, occasion)
        if chosen and self._is_paid(connection, request):
            self._exchange.open_refund(connection, request.number, components=chosen, reason=reason)

    def _is_paid(self, connection: Connection, request: Request) -> bool:
        payments = store.payments_of(connection, request.number)
        return any(payment.state is PaymentState.PAID for payment in payments)

    def send_refund(self, request_number: str) -> None:
        """Ask the provider to pay out what was decided; repeatable."""
        with reading(self._engine) as connection:
            try:
                payment = paid_payment(connection, request_number)
            except NotPaid:
                return
            waiting = [
                refund.id
                for refund in store.refunds_of(connection, payment.id)
                if refund.state in UNFINISHED_REFUND
            ]
        for refund_id in waiting:
            self._exchange.send_refund(refund_id)


def _given_back(request: Request, occasion: RefundOccasion) -> tuple[str, ...]:
    """The components that this occasion gives back, by the definition in force at submission."""
    fees = cast("list[dict[str, object]]", request.fees)
    return tuple(
        cast("str", fee["component"])
        for fee in fees
        if occasion.value in cast("list[str]", fee["refundable_on"])
    )


class RequestFees:
    """Requests as payments see them (`issuance/payments/http.py`)."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    def fees_due(self, connection: Connection, actor: Actor, request_number: str) -> tuple[Fee, ...]:
        """The fees this caller may pay now.

        Raises:
            RequestNotFound: not theirs to see.
            OwnKinsRecord: about the caller's own kin, whose money others take.
            TransitionRefused: the request is not waiting for payment, nor paid.
        """
        request = self._theirs(connection, parse_request_number(request_number), actor)
        if request.state in {State.DRAFT, State.CANCELLED, State.EXPIRED}:
            raise TransitionRefused(state=request.state.value)
        return fees_of(request)

    def visible_number(self, connection: Connection, actor: Actor, written: str) -> str:
        """The request's own number, when this caller may see its payments; see `RequestAccess`.

        Raises:
            RequestNumberMalformed, RequestNotFound, OwnKinsRecord: no such request, or not for this caller.
        """
        number = parse_request_number(written)
        if actor.roles & NATIONAL_ROLES and actor.may(Permission.PAYMENTS_READ):
            return load_request(connection, number).number  # they oversee the money of every agency
        return self._theirs(connection, number, actor).number

    def _theirs(self, connection: Connection, number: RequestNumber, actor: Actor) -> Request:
        request = visible_request(connection, number, actor)
        keep_from_kin(self._registers, actor, request)
        return request
