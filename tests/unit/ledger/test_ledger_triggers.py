"""The database itself refuses what a mistaken or malicious statement would do to the books."""

from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from issuance.ledger import transfers
from issuance.ledger.balances import trial_balance
from issuance.ledger.models import clearing, credit, debit, payable
from issuance.money import Currency, Money

ENTRY = "INSERT INTO ledger_entries (transfer_id, position, account_id, minor) VALUES"
HEADER = "INSERT INTO ledger_transfers (id, kind, currency, reason, at, fingerprint) VALUES"
A, B, DOLLARS = "clearing:cash:-:SYP", "payable:civil-registry:extract:SYP", "clearing:cash:-:USD"


@pytest.fixture(autouse=True)
def booked(engine: Engine, at: datetime) -> None:
    amount = Money(minor=500, currency=Currency.SYP)
    cents = Money(minor=100, currency=Currency.USD)
    with engine.begin() as connection:
        accounts = clearing("cash", Currency.SYP), payable("civil-registry", "extract", Currency.SYP)
        entries = [debit(accounts[0], amount), credit(accounts[1], amount)]
        transfers.hold_transfer(connection, "t1", entries, reason="r", at=at)
        transfers.post_pending(connection, "t1", at=at)
        foreign = [
            debit(clearing("cash", Currency.USD), cents),
            credit(payable("civil-registry", "extract", Currency.USD), cents),
        ]
        transfers.post_transfer(connection, "t2", foreign, reason="r", at=at)


TRANSFER_9 = f"{HEADER} ('t9', 'posted', 'SYP', 'r', '2026-11-22 09:00:00', 'f')"
REPLACED_RESOLUTION = """
INSERT OR REPLACE INTO ledger_transfers (id, kind, currency, reason, refers_to, at, fingerprint)
VALUES ('t9', 'void-pending', 'SYP', 'r', 't1', '2026-11-22 09:00:00', 'f')
"""
REPLACED_ACCOUNT = """
INSERT OR REPLACE INTO ledger_accounts
SELECT id, kind, 'thief', component, currency, opened_at FROM ledger_accounts
"""


def entries_9(first: int, second: int, *, account: str = B) -> str:
    return f"{ENTRY} ('t9', 0, '{A}', {first}), ('t9', 1, '{account}', {second})"


ATTACKS = {
    "amounts changed": ["UPDATE ledger_entries SET minor = minor * 2"],
    "a transfer given to another request": ["UPDATE ledger_transfers SET request_number = 'R-26-X'"],
    "an account renamed": ["UPDATE ledger_accounts SET party = 'thief'"],
    "entries deleted": ["DELETE FROM ledger_entries WHERE transfer_id = 't2'"],
    "a transfer deleted": ["DELETE FROM ledger_transfers WHERE id = 't2'"],
    "accounts deleted": ["DELETE FROM ledger_accounts"],
    "an account replaced": [REPLACED_ACCOUNT],
    "an entry replaced": [f"{ENTRY.replace('INSERT', 'INSERT OR REPLACE')} ('t1', 0, '{A}', 1)"],
    "entries added to a closed transfer": [f"{ENTRY} ('t1', 2, '{A}', 5), ('t1', 3, '{B}', -5)"],
    "a posting replaced by a voiding": [entries_9(-500, 500), REPLACED_RESOLUTION],
    "sides that are not equal": [entries_9(500, -400), TRANSFER_9],
    "a transfer of no entries": [TRANSFER_9],
    "liras against dollars": [entries_9(500, -500, account=DOLLARS), TRANSFER_9],
    "entries without a transfer": [entries_9(500, -500)],
    "entries of nothing": [entries_9(0, 0)],
}


def run(engine: Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("statements", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_database_refuses(engine: Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        before = trial_balance(connection)

    with pytest.raises(IntegrityError):
        run(engine, statements)

    with engine.begin() as connection:
        assert trial_balance(connection) == before


def test_what_follows_the_rules_is_taken(engine: Engine) -> None:
    """The attacks above are not refused for a slip of their own."""
    with engine.begin() as connection:
        before = trial_balance(connection)

    run(engine, [entries_9(500, -500), TRANSFER_9])

    with engine.begin() as connection:
        assert trial_balance(connection) != before
