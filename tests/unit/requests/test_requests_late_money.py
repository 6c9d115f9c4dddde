"""Money and requests together: what is kept, what goes back, and the books in the end."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from requests_world import OMAR, World, citizen
from sqlalchemy import update
from sqlalchemy.engine import Connection

from issuance.catalogue.models import RefundOccasion
from issuance.money import Currency, Money
from issuance.payments import store
from issuance.payments.cash import CashProvider
from issuance.payments.discrepancies import find_discrepancies
from issuance.payments.exchange import Exchange
from issuance.payments.models import Payment, RefundState
from issuance.payments.treasury import Treasury, fees_of
from issuance.requests.lifecycle import State
from issuance.requests.models import Request, requests
from issuance.requests.movements import Movements


@dataclass
class Desk:
    """A till with real books behind it."""

    world: World
    exchange: Exchange
    treasury: Treasury
    movements: Movements

    def open(self, request: Request) -> Payment:
        return self.exchange.pay(request.number, fees_of(request), "cash")

    def receive(self, payment: Payment) -> None:
        with self.world.engine.begin() as connection:
            self.exchange.receive_cash(
                connection, payment.id, counted=payment.amount, actor="clerk", office="damascus-1"
            )

    def refund(self, request: Request) -> tuple[int, tuple[str, ...], RefundState] | None:
        with self.world.engine.begin() as connection:
            (payment,) = store.payments_of(connection, request.number)
            refunds = store.refunds_of(connection, payment.id)
        assert len(refunds) <= 1
        return None if not refunds else (refunds[0].amount.minor, refunds[0].components, refunds[0].state)

    def check(self) -> None:
        with self.world.engine.begin() as connection:
            assert find_discrepancies(connection) == ()


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    def on_paid(connection: Connection, number: str) -> None:
        desk.movements.pay(connection, number, at=world.now)

    exchange = Exchange(
        world.engine,
        [CashProvider(world.engine)],
        clock=lambda: world.now,
        on_paid=on_paid,
        on_refunded=lambda connection, number: None,  # noqa: ARG005  (nothing follows here)
    )
    treasury = Treasury(world.engine, exchange)
    movements = Movements(
        registers=world.registers,
        treasury=treasury,
        call_worker=lambda connection, request: world.called.append(  # noqa: ARG005  (in the transaction)
            (request.number, request.state, request.attempt)
        ),
    )
    desk = Desk(world, exchange, treasury, movements)
    yield desk
    desk.check()


def test_payment_begins_the_work_in_the_same_transaction(world: World, desk: Desk) -> None:
    request = world.submitted()
    desk.receive(desk.open(request))
    assert world.load(request).state is State.FETCHING_RECORD
    assert world.called == [(request.number, State.FETCHING_RECORD, 1)]


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_all_that_comes_after_the_end_goes_back(world: World, desk: Desk, end: str) -> None:
    """Nothing was done for it: also what a refusal would keep."""
    request = world.submitted()
    payment = desk.open(request)
    if end == "cancelled":
        world.move("cancel", request, actor=citizen(OMAR))
    else:
        world.wait(days=8)
        world.keep_deadlines()
    desk.receive(payment)
    desk.receive(payment)
    assert desk.refund(request) == (
        payment.amount.minor,
        ("extract-fee", "service-charge", "stamp-duty"),
        RefundState.CREATED,
    )
    desk.treasury.send_refund(request.number)
    assert world.load(request).state.value == end
    assert world.called == []


def test_a_refusal_keeps_what_the_definition_says_and_no_more(world: World, desk: Desk) -> None:
    request = world.submitted()
    payment = desk.open(request)
    desk.receive(payment)
    with world.engine.begin() as connection:
        refused = world.load(request, connection)
        due = desk.treasury.refundable(connection, refused)
        for _ in range(2):
            desk.treasury.decide_refund(connection, refused, RefundOccasion.REFUSAL, reason="birth-not-found")
    assert due == Money(minor=2500, currency=Currency.SYP)
    assert desk.refund(request) == (2500, ("extract-fee", "stamp-duty"), RefundState.CREATED)
    assert payment.amount.minor - due.minor == 1000  # the service charge


def test_a_fee_that_is_going_back_releases_nothing(world: World, desk: Desk) -> None:
    request = world.submitted()
    desk.receive(desk.open(request))
    with world.engine.begin() as connection:
        paid = world.load(request, connection)
        assert desk.treasury.is_settled(connection, paid)
        desk.treasury.decide_refund(connection, paid, RefundOccasion.FAILURE, reason="request-abandoned")
        assert not desk.treasury.is_settled(connection, paid)
    assert desk.refund(request) == (
        3500,
        ("extract-fee", "service-charge", "stamp-duty"),
        RefundState.CREATED,
    )


def test_nothing_is_owed_back_of_what_was_never_paid(world: World, desk: Desk) -> None:
    request = world.submitted()
    desk.open(request)
    with world.engine.begin() as connection:
        assert not desk.treasury.is_settled(connection, request)
        assert desk.treasury.refundable(connection, request).minor == 0
        desk.treasury.decide_refund(connection, request, RefundOccasion.REFUSAL, reason="x")
    desk.treasury.send_refund(request.number)
    assert desk.refund(request) is None


def test_a_request_without_fees_is_settled_and_gives_nothing_back(world: World, desk: Desk) -> None:
    request = world.submitted()
    with world.engine.begin() as connection:
        connection.execute(update(requests).values(fees=[]))
        free = world.load(request, connection)
        assert desk.treasury.is_settled(connection, free)
        assert desk.treasury.refundable(connection, free).minor == 0
        desk.treasury.decide_refund(connection, free, RefundOccasion.REFUSAL, reason="x")
