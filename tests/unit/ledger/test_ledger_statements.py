from datetime import date, datetime, timedelta

from sqlalchemy.engine import Connection

from issuance.ledger import transfers
from issuance.ledger.days import day_bounds, local_day
from issuance.ledger.models import clearing, credit, debit, payable, refunds
from issuance.ledger.statements import agency_statement
from issuance.money import Currency, Money

CASH = clearing("cash", Currency.SYP)
REFUNDS = refunds("cash", Currency.SYP)
EXTRACT = payable("civil-registry", "extract", Currency.SYP)


def pounds(minor: int) -> Money:
    return Money(minor=minor, currency=Currency.SYP)


def test_a_statement_carries_over_from_day_to_day(connection: Connection, at: datetime) -> None:
    """A refund after the day's end makes the next day's balance, even below zero."""
    for number, amount, when in (("t1", 500, at), ("t2", 300, at), ("t3", 200, at + timedelta(days=1))):
        entries = [debit(CASH, pounds(amount)), credit(EXTRACT, pounds(amount))]
        transfers.post_transfer(connection, number, entries, reason="payment-captured", at=when)
    back = [debit(EXTRACT, pounds(1500)), credit(REFUNDS, pounds(1500))]
    transfers.post_transfer(connection, "t4", back, reason="refund-decided", at=at + timedelta(days=1))

    first = agency_statement(connection, "civil-registry", date(2026, 11, 22)).totals[0]
    second = agency_statement(connection, "civil-registry", date(2026, 11, 23))

    assert (first.opening, first.received, first.returned, first.closing) == (
        pounds(0),
        pounds(800),
        pounds(0),
        pounds(800),
    )
    assert second.totals[0].opening == first.closing
    assert second.totals[0].closing == pounds(-500)
    assert [entry.amount.minor for entry in second.entries] == [200, -1500]


def test_pending_and_voided_transfers_are_in_no_statement(connection: Connection, at: datetime) -> None:
    entries = [debit(CASH, pounds(500)), credit(EXTRACT, pounds(500))]
    transfers.hold_transfer(connection, "t1", entries, reason="r", at=at)
    transfers.void_pending(connection, "t1", at=at)

    statement = agency_statement(connection, "civil-registry", date(2026, 11, 22))

    assert statement.entries == ()
    assert statement.totals[0].closing == pounds(0)


def test_an_agency_without_accounts_has_an_empty_statement(connection: Connection) -> None:
    statement = agency_statement(connection, "workers-register", date(2026, 11, 22))

    assert (statement.totals, statement.entries) == ((), ())


def test_a_day_begins_at_midnight_in_damascus() -> None:
    start, end = day_bounds(date(2026, 7, 1))

    assert start.isoformat() == "2026-06-30T21:00:00+00:00"
    assert local_day(start) == date(2026, 7, 1)
    assert local_day(end) == date(2026, 7, 2)
    assert local_day(end - timedelta(microseconds=1)) == date(2026, 7, 1)
