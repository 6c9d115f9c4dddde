from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance.errors import Invalid
from issuance.ledger.balances import balance
from issuance.ledger.errors import AccountNameInvalid
from issuance.ledger.models import clearing, rounding
from issuance.money import Currency, Money
from issuance.payments.cash import CASH_CAPABILITIES, CashProvider
from issuance.payments.errors import CurrencyNotAccepted, FeeAmountInvalid, FeesInvalid
from issuance.payments.exchange import Exchange
from issuance.payments.models import Fee, PaymentState, RefundState
from issuance.payments.provider import Capabilities
from issuance.payments.service import amount_due, round_to_step

LIRAS = Capabilities(currencies=frozenset({Currency.SYP}), max_minor=10_000)


def fee(
    minor: Any = 500,
    currency: Currency = Currency.SYP,
    component: str = "extract",
    to: str = "civil-registry",
) -> Fee:
    amount = Money(minor=minor, currency=currency)
    return Fee(component=component, beneficiary=to, amount=amount, refundable=True)


@pytest.mark.parametrize(
    ("fees", "error"),
    [
        pytest.param([], FeesInvalid, id="no fees"),
        pytest.param([fee(-500)], FeeAmountInvalid, id="negative"),
        pytest.param(
            [fee(600), fee(-100, component="discount")], FeeAmountInvalid, id="negative among others"
        ),
        pytest.param([fee(0)], FeeAmountInvalid, id="zero"),
        pytest.param([fee(2**63)], FeeAmountInvalid, id="beyond a column"),
        pytest.param([fee(10**15 + 1)], FeeAmountInvalid, id="beyond the ledger"),
        pytest.param([fee(10_001)], FeeAmountInvalid, id="beyond what the provider takes"),
        pytest.param([fee(9_999), fee(2, component="stamp")], FeeAmountInvalid, id="a sum beyond it"),
        pytest.param([fee(5.5)], FeeAmountInvalid, id="a float"),
        pytest.param([fee("500")], FeeAmountInvalid, id="a text"),
        pytest.param([fee(minor=True)], FeeAmountInvalid, id="a boolean"),
        pytest.param([fee(currency=Currency.USD)], CurrencyNotAccepted, id="a foreign currency"),
        pytest.param([fee(currency=Currency.SYP_OLD)], CurrencyNotAccepted, id="old liras as new ones"),
        pytest.param(
            [fee(), fee(component="stamp", currency=Currency.USD)], FeesInvalid, id="two currencies"
        ),
        pytest.param([fee(), fee()], FeesInvalid, id="a fee twice"),
        pytest.param([fee(component="a:b")], AccountNameInvalid, id="a component that names another account"),
    ],
)
def test_what_cannot_be_asked_is_refused(fees: list[Fee], error: type[Invalid]) -> None:
    with pytest.raises(error):
        amount_due(fees, LIRAS, provider_name="sandbox")


def test_a_refused_fee_leaves_no_row(town: Any) -> None:
    with pytest.raises(FeeAmountInvalid):
        town.pay(fees=(fee(-1),))

    with town.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM payments").scalar_one() == 0


@given(minor=st.integers(1, 10**9), step=st.integers(1, 10**4))
def test_rounding_is_to_the_nearest_step(minor: int, step: int) -> None:
    rounded = round_to_step(Money(minor=minor, currency=Currency.SYP), step).minor

    assert rounded % step == 0
    assert abs(rounded - minor) * 2 <= step


@pytest.mark.parametrize(("fees_minor", "asked"), [((1240, 10), 1300), ((1200, 40), 1200)])
def test_what_coins_cannot_pay_is_rounded_and_booked(
    town: Any, fees_minor: tuple[int, int], asked: int
) -> None:
    """A desk that handles whole liras only; the refund is rounded too, and never above what was paid."""
    desk = CashProvider(town.engine, capabilities=replace(CASH_CAPABILITIES, step_minor=100))
    exchange = Exchange(
        town.engine, [desk], clock=town.clock, on_paid=town.on_paid, on_refunded=town.on_refunded
    )
    payment = exchange.pay(
        "R-26-00000002", [fee(fees_minor[0]), fee(fees_minor[1], component="stamp")], "cash"
    )
    with town.engine.begin() as connection:
        exchange.receive_cash(
            connection, payment.id, counted=payment.amount, actor="clerk", office="damascus-1"
        )
    refund = exchange.refund("R-26-00000002", reason="refused")
    assert refund is not None
    with town.engine.begin() as connection:
        exchange.pay_out_cash(connection, refund.id, actor="clerk", office="damascus-1")

    assert exchange.load(payment.id).state is PaymentState.PAID
    assert exchange.load_refund(refund.id).state is RefundState.REFUNDED
    assert payment.amount.minor == refund.amount.minor == asked
    with town.engine.begin() as connection:
        assert balance(connection, rounding(Currency.SYP)).posted.minor == 0
        assert balance(connection, clearing("cash", Currency.SYP)).posted.minor == 0
    assert town.discrepancies() == ()
