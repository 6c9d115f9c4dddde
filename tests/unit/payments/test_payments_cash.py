from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from issuance.ledger.balances import balance
from issuance.ledger.models import clearing
from issuance.money import Currency, Money
from issuance.payments.cash import receipts_of_day
from issuance.payments.errors import CashAmountWrong, OfficeInvalid, PaymentNotPayable, RefundNotFound
from issuance.payments.models import CashKind, CashReceipt, Payment, PaymentState, RefundState

REQUEST = "R-26-00000001"


def receive(
    town: Any, payment: Payment, *, minor: int | None = None, office: str = "damascus-1"
) -> CashReceipt:
    counted = Money(minor=payment.amount.minor if minor is None else minor, currency=Currency.SYP)
    with town.engine.begin() as connection:
        receipt: CashReceipt = town.exchange.receive_cash(
            connection, payment.id, counted=counted, actor="staff-7", office=office
        )
        return receipt


def pay_out(town: Any, refund_id: str, *, office: str = "latakia-post-2") -> CashReceipt:
    with town.engine.begin() as connection:
        receipt: CashReceipt = town.exchange.pay_out_cash(
            connection, refund_id, actor="staff-9", office=office
        )
        return receipt


def test_cash_over_the_counter_pays_a_request(town: Any) -> None:
    payment = town.pay("cash")

    receipt = receive(town, payment)

    assert payment.state is PaymentState.PENDING
    assert town.exchange.load(payment.id).state is PaymentState.PAID
    assert receipt.number == "damascus-1/2026/000001"
    assert (receipt.actor, receipt.office, receipt.kind) == ("staff-7", "damascus-1", CashKind.RECEIVED)
    assert town.paid == [REQUEST]
    assert town.discrepancies() == ()


def test_a_clerk_who_presses_twice_writes_one_receipt(town: Any) -> None:
    payment = town.pay("cash")

    assert receive(town, payment) == receive(town, payment)

    assert town.paid == [REQUEST]
    with town.engine.begin() as connection:
        assert balance(connection, clearing("cash", Currency.SYP)).posted == payment.amount


@pytest.mark.parametrize("minor", [0, -1, 16549, 16551, 2**63])
def test_a_wrong_count_is_refused(town: Any, minor: int) -> None:
    payment = town.pay("cash")

    with pytest.raises(CashAmountWrong):
        receive(town, payment, minor=minor)

    assert town.exchange.load(payment.id) == payment


def test_old_liras_are_not_counted_as_new_ones(town: Any) -> None:
    payment = town.pay("cash")
    old = Money(minor=payment.amount.minor, currency=Currency.SYP_OLD)

    with town.engine.begin() as connection, pytest.raises(CashAmountWrong):
        town.exchange.receive_cash(connection, payment.id, counted=old, actor="staff-7", office="damascus-1")


def test_cash_is_not_taken_for_an_electronic_payment(town: Any) -> None:
    with pytest.raises(PaymentNotPayable):
        receive(town, town.pay("sandbox"))


def test_a_payer_may_go_from_the_desk_to_the_bank(town: Any) -> None:
    at_desk = town.pay("cash")

    electronic = town.pay("sandbox")

    assert electronic.provider == "sandbox"
    with pytest.raises(PaymentNotPayable):
        receive(town, at_desk)


def test_a_refund_is_paid_out_at_any_office_once(town: Any) -> None:
    receive(town, town.pay("cash"))

    refund = town.exchange.refund(REQUEST, reason="refused")
    waiting = town.exchange.load_refund(refund.id).state
    first, second = pay_out(town, refund.id), pay_out(town, refund.id)

    assert waiting is RefundState.PENDING
    assert first == second
    assert first.number == "latakia-post-2/2026/000001"
    assert town.exchange.load_refund(refund.id).state is RefundState.REFUNDED
    assert town.refunded == [REQUEST]
    with town.engine.begin() as connection:
        assert balance(connection, clearing("cash", Currency.SYP)).posted.minor == 25_50
    assert town.discrepancies() == ()


def test_an_electronic_refund_is_not_paid_out_in_cash(town: Any) -> None:
    payment = town.pay()
    town.payer(payment, "approve")
    town.exchange.sync(payment.id)
    town.wire.break_before = 1
    refund = town.exchange.refund(REQUEST, reason="refused")

    with pytest.raises(RefundNotFound):
        pay_out(town, refund.id)


def test_receipts_count_up_by_office_without_gaps(town: Any, fees: Any) -> None:
    numbers = []
    for request in range(4):
        payment = town.exchange.pay(f"R-26-1000000{request}", fees, "cash")
        office = "damascus-1" if request % 2 else "aleppo-3"
        try:
            receive(town, payment, minor=1, office=office)
        except CashAmountWrong:
            numbers.append(receive(town, payment, office=office).number)

    assert numbers == [
        "aleppo-3/2026/000001",
        "damascus-1/2026/000001",
        "aleppo-3/2026/000002",
        "damascus-1/2026/000002",
    ]
    with town.engine.begin() as connection:
        of_office = receipts_of_day(connection, date(2026, 11, 22), office="aleppo-3")
    assert [receipt.number for receipt in of_office] == numbers[0::2]


def test_the_year_of_a_receipt_is_syrias(town: Any) -> None:
    town.now = town.now.replace(month=12, day=31, hour=21)

    assert receive(town, town.pay("cash")).number == "damascus-1/2027/000001"


@pytest.mark.parametrize("office", ["", "a/b", "Damascus", "x" * 65])
def test_an_office_that_cannot_head_a_receipt_is_refused(town: Any, office: str) -> None:
    with pytest.raises(OfficeInvalid):
        receive(town, town.pay("cash"), office=office)

    assert town.paid == []


@pytest.mark.parametrize("statement", ["UPDATE cash_receipts SET minor = 1", "DELETE FROM cash_receipts"])
def test_a_receipt_is_never_changed(town: Any, statement: str) -> None:
    receive(town, town.pay("cash"))

    with pytest.raises(IntegrityError), town.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_an_unpaid_desk_payment_expires(town: Any) -> None:
    payment = town.pay("cash")
    town.wait(days=15)

    assert town.exchange.sync(payment.id).state is PaymentState.EXPIRED
