from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy.engine import Connection

from issuance.ledger import transfers
from issuance.ledger.balances import balance, trial_balance
from issuance.ledger.errors import (
    AccountNameInvalid,
    AmountOutOfRange,
    LedgerError,
    MixedCurrencies,
    NotPending,
    NotReversible,
    TransferConflict,
    TransferNotFound,
    UnbalancedTransfer,
)
from issuance.ledger.models import MAX_MINOR, Entry, clearing, credit, debit, payable
from issuance.money import Currency, Money

CASH = clearing("cash", Currency.SYP)
EXTRACT = payable("civil-registry", "extract", Currency.SYP)
STAMP = payable("treasury", "stamp", Currency.SYP)
DOLLARS = payable("civil-registry", "extract", Currency.USD)


def pounds(minor: int) -> Money:
    return Money(minor=minor, currency=Currency.SYP)


def sale(minor: int = 500) -> list[Entry]:
    return [debit(CASH, pounds(minor)), credit(EXTRACT, pounds(minor))]


def test_a_transfer_moves_money_between_accounts(connection: Connection, at: datetime) -> None:
    entries = [debit(CASH, pounds(750)), credit(EXTRACT, pounds(500)), credit(STAMP, pounds(250))]

    written = transfers.post_transfer(connection, "t1", entries, reason="payment-captured", at=at)

    assert transfers.load_transfer(connection, "t1") == written
    assert balance(connection, CASH).posted == pounds(750)
    assert balance(connection, EXTRACT).posted == pounds(-500)
    assert sum(line.balance.minor for line in trial_balance(connection)) == 0


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        pytest.param([debit(CASH, pounds(5))], UnbalancedTransfer, id="one side only"),
        pytest.param([], UnbalancedTransfer, id="no side"),
        pytest.param(
            [debit(CASH, pounds(5)), credit(EXTRACT, pounds(4))], UnbalancedTransfer, id="unequal sides"
        ),
        pytest.param(
            [debit(CASH, pounds(5)), Entry(account=DOLLARS, minor=-5)], MixedCurrencies, id="two currencies"
        ),
        pytest.param([debit(CASH, pounds(0)), credit(EXTRACT, pounds(0))], AmountOutOfRange, id="zero"),
        pytest.param(sale(MAX_MINOR + 1), AmountOutOfRange, id="beyond the limit"),
        pytest.param(sale(2**64), AmountOutOfRange, id="beyond sixty-four bits"),
        pytest.param(sale(5.0), AmountOutOfRange, id="a float"),  # type: ignore[arg-type]
        pytest.param(sale(minor=True), AmountOutOfRange, id="a boolean"),
    ],
)
def test_what_is_no_transfer_is_refused(
    connection: Connection, at: datetime, entries: Sequence[Entry], error: type[LedgerError]
) -> None:
    with pytest.raises(error):
        transfers.post_transfer(connection, "t1", entries, reason="r", at=at)

    assert trial_balance(connection) == ()


@pytest.mark.parametrize("name", ["", "Civil", "a:b", "a%", "-a", "a" * 65, "سجل"])
def test_a_name_that_could_be_read_as_another_account_is_refused(name: str) -> None:
    with pytest.raises(AccountNameInvalid):
        clearing(name, Currency.SYP)


def test_writing_again_books_once(connection: Connection, at: datetime) -> None:
    first = transfers.post_transfer(connection, "t1", sale(), reason="r", at=at)

    later = at.replace(hour=23)
    again = transfers.post_transfer(connection, "t1", sale(), reason="r", at=later)

    assert again == first
    assert balance(connection, CASH).posted == pounds(500)


def test_an_id_used_for_something_else_is_refused(connection: Connection, at: datetime) -> None:
    transfers.post_transfer(connection, "t1", sale(), reason="r", at=at)

    for entries, reason in ((sale(501), "r"), (sale(), "another")):
        with pytest.raises(TransferConflict):
            transfers.post_transfer(connection, "t1", entries, reason=reason, at=at)
    with pytest.raises(TransferConflict):
        transfers.hold_transfer(connection, "t1", sale(), reason="r", at=at)


def test_a_pending_transfer_has_no_effect_until_posted(connection: Connection, at: datetime) -> None:
    transfers.hold_transfer(connection, "t1", sale(), reason="r", at=at)
    held = balance(connection, CASH)

    transfers.post_pending(connection, "t1", at=at)
    transfers.post_pending(connection, "t1", at=at)

    assert (held.posted, held.pending) == (pounds(0), pounds(500))
    assert balance(connection, CASH).posted == pounds(500)
    assert balance(connection, CASH).pending == pounds(0)
    with pytest.raises(NotPending):
        transfers.void_pending(connection, "t1", at=at)


def test_a_voided_transfer_never_has_an_effect(connection: Connection, at: datetime) -> None:
    transfers.hold_transfer(connection, "t1", sale(), reason="r", at=at)

    transfers.void_pending(connection, "t1", at=at)
    transfers.void_pending(connection, "t1", at=at)

    assert balance(connection, CASH).posted == pounds(0)
    assert balance(connection, CASH).pending == pounds(0)
    with pytest.raises(NotPending):
        transfers.post_pending(connection, "t1", at=at)


def test_a_correction_is_a_reversal_and_happens_once(connection: Connection, at: datetime) -> None:
    transfers.post_transfer(connection, "t1", sale(), reason="r", at=at)

    transfers.reverse_transfer(connection, "t1", reason="booked-in-error", at=at)
    transfers.reverse_transfer(connection, "t1", reason="booked-in-error", at=at)

    assert balance(connection, CASH).posted == pounds(0)
    with pytest.raises(NotReversible):
        transfers.reverse_transfer(connection, "t1/reversal", reason="r", at=at)


def test_only_what_exists_and_has_an_effect_is_reversed(connection: Connection, at: datetime) -> None:
    transfers.hold_transfer(connection, "t1", sale(), reason="r", at=at)

    with pytest.raises(NotReversible):
        transfers.reverse_transfer(connection, "t1", reason="r", at=at)
    with pytest.raises(TransferNotFound):
        transfers.reverse_transfer(connection, "t2", reason="r", at=at)


def test_a_balance_of_the_past_stays_what_it_was(connection: Connection, at: datetime) -> None:
    transfers.hold_transfer(connection, "t1", sale(), reason="r", at=at)
    transfers.post_pending(connection, "t1", at=at.replace(hour=12))

    then = balance(connection, CASH, before=at.replace(hour=10))

    assert (then.posted, then.pending) == (pounds(0), pounds(500))
