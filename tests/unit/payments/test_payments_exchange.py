"""A payment on its way, with a network and a process that fail at every step."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from issuance.ledger.balances import balance
from issuance.ledger.models import clearing, held, payable, refunds
from issuance.money import Currency, Money
from issuance.payments.errors import (
    FeeNotRefundable,
    NotPaid,
    PaymentStillOpen,
    ProviderUnavailable,
    ProviderUnknown,
    RefundConflict,
)
from issuance.payments.models import DisputeReason, PaymentState, RefundState
from issuance.payments.sandbox.faults import Fault

REQUEST = "R-26-00000001"
TOTAL = 165_50


def stands_at(town: Any, account: Any) -> int:
    with town.engine.begin() as connection:
        return balance(connection, account).posted.minor


def test_a_paid_fee_is_owed_to_each_beneficiary(town: Any) -> None:
    payment = town.pay()
    town.payer(payment, "approve")

    paid = town.exchange.sync(payment.id)

    assert payment.state is PaymentState.PENDING
    assert payment.pay_url is not None
    assert paid.state is PaymentState.PAID
    assert town.paid == [REQUEST]
    assert stands_at(town, clearing("sandbox", Currency.SYP)) == TOTAL
    assert stands_at(town, payable("civil-registry", "extract", Currency.SYP)) == -100_00
    assert stands_at(town, payable("treasury", "stamp", Currency.SYP)) == -25_50
    assert town.discrepancies() == ()


def test_pressing_pay_twice_gives_the_same_payment(town: Any) -> None:
    first, second = town.pay(), town.pay()
    town.payer(first, "approve")
    town.exchange.sync(first.id)
    third = town.pay()

    assert first.id == second.id == third.id
    assert third.state is PaymentState.PAID
    assert town.wire.calls.count("POST /v1/intents") == 1
    assert town.paid == [REQUEST]


def test_many_clicks_at_once_give_one_payment(town: Any) -> None:
    with ThreadPoolExecutor(8) as clicks:
        found = list(clicks.map(lambda _: town.pay(), range(8)))
    town.payer(found[0], "approve")
    with ThreadPoolExecutor(8) as news:
        list(news.map(lambda _: town.exchange.sync(found[0].id), range(8)))

    assert len({payment.id for payment in found}) == 1
    assert town.paid == [REQUEST]
    assert town.discrepancies() == ()


def test_no_provider_is_called_inside_a_transaction(town: Any) -> None:
    """SQLite takes its write lock at BEGIN: a second writer would wait for ever."""

    def write_meanwhile() -> None:
        with town.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS meanwhile (x INTEGER)")

    town.wire.watch = write_meanwhile
    payment = town.pay()
    town.payer(payment, "approve")
    town.exchange.sync(payment.id)
    town.exchange.refund(REQUEST, reason="refused")

    assert len(town.wire.calls) == 3


@pytest.mark.parametrize("when", ["break_before", "break_after"])
def test_a_timeout_is_unknown_and_a_sync_resolves_it(town: Any, when: str) -> None:
    setattr(town.wire, when, 1)

    unknown = town.pay()
    found = town.exchange.sync(unknown.id)

    assert unknown.state is PaymentState.UNKNOWN
    assert found.state is PaymentState.PENDING
    town.payer(found, "approve")
    assert town.exchange.sync(found.id).state is PaymentState.PAID
    assert town.discrepancies() == ()


def test_a_process_that_dies_after_the_intent_row_leaves_what_a_sync_completes(town: Any, fees: Any) -> None:
    with town.engine.begin() as connection:
        payment = town.exchange.open(connection, REQUEST, fees, "sandbox")

    town.wait(minutes=1)
    asked = town.exchange.resolve_unfinished(older_than=timedelta(seconds=30))

    assert asked == 1
    assert town.exchange.load(payment.id).state is PaymentState.PENDING


def test_a_process_that_dies_while_recording_loses_nothing(town: Any) -> None:
    """The hook fails: neither the state nor the booking is there, and the next sync writes both."""
    payment = town.pay()
    town.payer(payment, "approve")
    town.hook_fails = True
    with pytest.raises(RuntimeError):
        town.exchange.sync(payment.id)
    after_the_crash = town.exchange.load(payment.id)
    booked_then = stands_at(town, clearing("sandbox", Currency.SYP))

    town.hook_fails = False
    assert town.exchange.sync(payment.id).state is PaymentState.PAID

    assert (after_the_crash.state, booked_then) == (PaymentState.PENDING, 0)
    assert town.paid == [REQUEST]
    assert town.discrepancies() == ()


def test_an_order_the_provider_never_received_expires_by_our_clock(town: Any) -> None:
    town.wire.break_before = 1
    payment = town.pay()

    town.wait(minutes=31)

    assert town.exchange.sync(payment.id).state is PaymentState.EXPIRED
    assert "POST /v1/intents" not in town.wire.calls[1:]


def test_a_declined_payment_may_be_followed_by_another(town: Any) -> None:
    first = town.pay()
    town.payer(first, "decline")
    assert town.exchange.sync(first.id).state is PaymentState.FAILED

    second = town.pay()

    assert second.id != first.id
    assert second.attempt == 2


def test_an_expired_payment_stands_in_nobodys_way(town: Any) -> None:
    first = town.pay()
    town.wait(minutes=31)

    second = town.pay("cash")

    assert town.exchange.load(first.id).state is PaymentState.EXPIRED
    assert second.provider == "cash"


def test_what_a_provider_may_still_collect_is_not_paid_in_cash_too(town: Any) -> None:
    payment = town.pay()

    with pytest.raises(PaymentStillOpen) as refused:
        town.pay("cash")

    assert refused.value.facts["payment"] == payment.id


def test_a_refused_order_is_failed(town: Any) -> None:
    town.fault(Fault.REFUSE)

    assert town.pay().state is PaymentState.FAILED


@pytest.mark.parametrize(
    ("fault", "reason", "currency", "minor"),
    [
        (Fault.WRONG_AMOUNT, DisputeReason.WRONG_AMOUNT, Currency.SYP, TOTAL + 1),
        (Fault.WRONG_CURRENCY, DisputeReason.WRONG_CURRENCY, Currency.USD, TOTAL),
    ],
)
def test_what_was_not_asked_is_held_and_can_be_given_back(
    town: Any, fault: Fault, reason: DisputeReason, currency: Currency, minor: int
) -> None:
    payment = town.pay()
    town.fault(fault)
    town.payer(payment, "approve")

    disputed = town.exchange.sync(payment.id)

    assert (disputed.state, disputed.dispute) == (PaymentState.DISPUTED, reason)
    assert town.paid == []
    assert stands_at(town, held("sandbox", currency)) == -minor
    assert town.discrepancies() == ()
    refund = town.exchange.refund_held(payment.id, reason="not-what-was-asked")
    assert refund.state is RefundState.REFUNDED
    assert refund.amount == Money(minor=minor, currency=currency)
    assert town.refunded == []  # it was never the request's money
    assert stands_at(town, held("sandbox", currency)) == stands_at(town, clearing("sandbox", currency)) == 0
    assert town.discrepancies() == ()


def test_money_that_comes_after_another_payment_is_held(town: Any) -> None:
    """Expired by our clock while the provider could not be asked; paid there all the same."""
    late = town.pay()
    town.payer(late, "approve")
    with town.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE payments SET state = 'expired'")
    second = town.pay()
    town.payer(second, "approve")
    assert town.exchange.sync(second.id).state is PaymentState.PAID

    disputed = town.exchange.sync(late.id)

    assert disputed.dispute is DisputeReason.SECOND_PAYMENT
    assert town.paid == [REQUEST]
    assert stands_at(town, held("sandbox", Currency.SYP)) == -TOTAL
    assert town.discrepancies() == ()


def test_money_that_comes_late_and_alone_is_believed(town: Any) -> None:
    payment = town.pay()
    town.payer(payment, "approve")
    with town.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE payments SET state = 'failed'")

    assert town.exchange.sync(payment.id).state is PaymentState.PAID
    assert town.paid == [REQUEST]


def test_a_refusal_gives_back_what_is_refundable(town: Any) -> None:
    paid(town)

    refund = town.exchange.refund(REQUEST, reason="refused")
    again = town.exchange.refund(REQUEST, reason="refused")

    assert refund == again
    assert refund.state is RefundState.REFUNDED
    assert refund.amount.minor == 140_00
    assert refund.components == ("delivery", "extract")
    assert town.refunded == [REQUEST]
    assert stands_at(town, clearing("sandbox", Currency.SYP)) == 25_50
    assert stands_at(town, payable("treasury", "stamp", Currency.SYP)) == -25_50
    assert stands_at(town, refunds("sandbox", Currency.SYP)) == 0
    assert town.discrepancies() == ()


def test_a_rule_may_give_back_some_components(town: Any) -> None:
    paid(town)

    refund = town.exchange.refund(REQUEST, components=["delivery"], reason="failure")

    assert refund.amount.minor == 40_00
    with pytest.raises(RefundConflict):
        town.exchange.refund(REQUEST, reason="refused")


@pytest.mark.parametrize("component", ["stamp", "unknown"])
def test_a_component_that_is_kept_is_not_given_back(town: Any, component: str) -> None:
    paid(town)

    with pytest.raises(FeeNotRefundable):
        town.exchange.refund(REQUEST, components=[component], reason="refused")


def test_where_nothing_is_refundable_there_is_no_refund(town: Any, fees: Any) -> None:
    payment = town.pay(fees=fees[1:2])
    town.payer(payment, "approve")
    town.exchange.sync(payment.id)

    assert town.exchange.refund(REQUEST, reason="refused") is None


def test_what_was_not_paid_is_not_given_back(town: Any) -> None:
    town.pay()

    with pytest.raises(NotPaid):
        town.exchange.refund(REQUEST, reason="refused")


@pytest.mark.parametrize("when", ["break_before", "break_after"])
def test_a_refund_without_an_answer_is_given_once(town: Any, when: str) -> None:
    paid(town)
    setattr(town.wire, when, 1)

    unknown = town.exchange.refund(REQUEST, reason="refused")
    done = town.exchange.sync_refund(unknown.id)

    assert unknown.state is RefundState.UNKNOWN
    assert done.state is RefundState.REFUNDED
    assert stands_at(town, clearing("sandbox", Currency.SYP)) == 25_50
    assert town.refunded == [REQUEST]
    assert town.discrepancies() == ()


def test_a_failed_refund_stays_owed_and_is_tried_again(town: Any) -> None:
    paid(town)
    town.fault(Fault.REFUND_FAILS)

    failed = town.exchange.refund(REQUEST, reason="refused")
    owed_then = stands_at(town, refunds("sandbox", Currency.SYP))
    second = town.exchange.refund(REQUEST, reason="refused")

    assert failed.state is RefundState.FAILED
    assert owed_then == -140_00
    assert (second.state, second.attempt) == (RefundState.REFUNDED, 2)
    assert stands_at(town, refunds("sandbox", Currency.SYP)) == 0
    assert town.discrepancies() == ()


def test_a_provider_that_does_not_answer_a_sync_changes_nothing(town: Any) -> None:
    payment = town.pay()
    town.wire.break_before = 2

    with pytest.raises(ProviderUnavailable):
        town.exchange.sync(payment.id)
    town.wait(minutes=1)
    town.exchange.resolve_unfinished(older_than=timedelta(seconds=30))

    assert town.exchange.load(payment.id) == payment


def test_a_provider_nobody_knows_is_refused(town: Any) -> None:
    with pytest.raises(ProviderUnknown):
        town.pay("paypal")


def paid(town: Any) -> None:
    payment = town.pay()
    town.payer(payment, "approve")
    town.exchange.sync(payment.id)
