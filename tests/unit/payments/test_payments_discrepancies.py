"""Somebody changed a row behind our back, or the provider tells another story: it is seen."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from issuance.ledger import transfers
from issuance.ledger.models import clearing, credit, debit, payable
from issuance.money import Currency, Money
from issuance.payments.discrepancies import match_statement
from issuance.payments.sandbox.faults import Fault

REQUEST = "R-26-00000001"
DAY = date(2026, 11, 22)


@pytest.fixture
def paid(town: Any) -> Any:
    payment = town.pay()
    town.payer(payment, "approve")
    return town.exchange.sync(payment.id)


def found(town: Any) -> set[str]:
    return {discrepancy.what for discrepancy in town.discrepancies()}


def tamper(town: Any, *statements: str) -> None:
    """As somebody with the file would: the triggers are dropped first."""
    with town.engine.begin() as connection:
        for (trigger,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).all():
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["UPDATE payments SET state = 'pending'"], {"booked-not-paid"}),
        (["UPDATE payments SET minor = minor + 1"], {"amounts-differ"}),
        (["UPDATE ledger_entries SET minor = minor * 2"], {"amounts-differ", "transfer-altered"}),
        (
            ["UPDATE ledger_entries SET minor = minor - 1 WHERE minor > 0"],
            {"ledger-not-zero", "transfer-not-zero", "transfer-altered", "amounts-differ"},
        ),
        (["UPDATE ledger_transfers SET request_number = 'R-26-X'"], {"transfer-altered"}),
        (["DELETE FROM payment_fees", "DELETE FROM payments"], {"booked-without-payment"}),
        (["DELETE FROM ledger_entries", "DELETE FROM ledger_transfers"], {"paid-not-booked"}),
    ],
)
@pytest.mark.usefixtures("paid")
def test_tampering_is_found(town: Any, statements: list[str], what: set[str]) -> None:
    assert found(town) == set()

    tamper(town, *statements)

    assert found(town) == what


def test_a_capture_that_was_reversed_is_found(town: Any, paid: Any) -> None:
    with town.engine.begin() as connection:
        transfers.reverse_transfer(connection, f"capture:{paid.id}", reason="error", at=town.now)

    assert found(town) == {"paid-not-booked"}


@pytest.mark.usefixtures("paid")
def test_a_refund_booked_otherwise_is_found(town: Any) -> None:
    town.wire.break_after = 1
    refund = town.exchange.refund(REQUEST, reason="refused")
    assert found(town) == set()

    with town.engine.begin() as connection:
        transfers.void_pending(connection, f"refund-sent:{refund.id}", at=town.now)

    assert found(town) == {"refund-booked-otherwise"}


@pytest.mark.usefixtures("paid")
def test_our_books_and_the_statement_agree(town: Any) -> None:
    town.exchange.refund(REQUEST, reason="refused")
    lines = town.electronic.fetch_statement(DAY)

    assert len(lines) == 2
    with town.engine.begin() as connection:
        assert match_statement(connection, "sandbox", DAY, lines) == ()


def test_what_only_one_side_knows_is_found(town: Any, paid: Any) -> None:
    lines = town.electronic.fetch_statement(DAY)
    with town.engine.begin() as connection:
        amount = Money(minor=7, currency=Currency.SYP)
        stray = [
            debit(clearing("sandbox", Currency.SYP), amount),
            credit(payable("x", "y", Currency.SYP), amount),
        ]
        missing = match_statement(connection, "sandbox", DAY, [])
        other_amount = match_statement(connection, "sandbox", DAY, [replace(lines[0], minor=1)])
        transfers.post_transfer(connection, "capture:P-stray", stray, reason="payment-captured", at=town.now)
        extra = match_statement(connection, "sandbox", DAY, lines)

    assert [item.what for item in missing] == ["only-in-ledger"]
    assert [item.what for item in other_amount] == ["only-in-ledger", "only-in-statement"]
    assert {item.about for item in other_amount} == {f"capture:{paid.id}"}
    assert [(item.what, item.about) for item in extra] == [("only-in-ledger", "capture:P-stray")]


def test_money_we_never_heard_of_is_found(town: Any) -> None:
    """No webhook came and no sync was made: the statement tells."""
    payment = town.pay()
    town.fault(Fault.NO_WEBHOOK)
    town.payer(payment, "approve")

    lines = town.electronic.fetch_statement(DAY)
    with town.engine.begin() as connection:
        difference = match_statement(connection, "sandbox", DAY, lines)

    assert [(item.what, item.about) for item in difference] == [
        ("only-in-statement", f"capture:{payment.id}")
    ]


def test_the_desks_statement_agrees_with_the_books(town: Any) -> None:
    payment = town.pay("cash")
    with town.engine.begin() as connection:
        town.exchange.receive_cash(
            connection, payment.id, counted=payment.amount, actor="staff-7", office="damascus-1"
        )
    lines = town.exchange.provider("cash").fetch_statement(DAY)

    with town.engine.begin() as connection:
        assert match_statement(connection, "cash", DAY, lines) == ()
    assert lines[0].provider_reference == "damascus-1/2026/000001"
