"""Reading the ledger: balances of accounts and the trial balance.

Sums are made by the database over the entries themselves; no running total is
stored, so none can drift.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, and_, case, func, select
from sqlalchemy.engine import Connection

from issuance.ledger.models import (
    EFFECTIVE,
    Account,
    AccountKind,
    TransferKind,
    ledger_accounts,
    ledger_entries,
    ledger_transfers,
)
from issuance.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account stands at; debit positive, credit negative."""

    posted: Money
    pending: Money  # of transfers neither posted nor voided yet


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """One account in the trial balance: sums of its posted debits and credits, minor units, both positive."""

    account: Account
    debits: int
    credits: int
    pending: int  # signed

    @property
    def balance(self) -> Money:
        """Debits less credits."""
        return Money(minor=self.debits - self.credits, currency=self.account.currency)


def balance(connection: Connection, account: Account, *, before: datetime | None = None) -> Balance:
    """The balance of one account, of all time or of transfers before an instant; zero if never used."""
    lines = _lines(connection, ledger_accounts.c.id == account.id, before)
    currency = account.currency
    if not lines:
        return Balance(posted=Money(minor=0, currency=currency), pending=Money(minor=0, currency=currency))
    return Balance(posted=lines[0].balance, pending=Money(minor=lines[0].pending, currency=currency))


def trial_balance(connection: Connection, *, before: datetime | None = None) -> tuple[TrialLine, ...]:
    """Every account with its debits and credits; within a currency the two columns are equal."""
    return _lines(connection, None, before)


def account_lines(connection: Connection, kind: AccountKind, party: str) -> tuple[TrialLine, ...]:
    """The accounts of one kind and party."""
    return _lines(connection, and_(ledger_accounts.c.kind == kind, ledger_accounts.c.party == party), None)


def _lines(
    connection: Connection, condition: ColumnElement[bool] | None, before: datetime | None
) -> tuple[TrialLine, ...]:
    moves = _moves(before)
    effective = moves.c.kind.in_(EFFECTIVE)
    open_pending = and_(moves.c.kind == TransferKind.PENDING, moves.c.resolution.is_(None))
    query = (
        select(
            ledger_accounts,
            func.coalesce(
                func.sum(case((and_(effective, moves.c.minor > 0), moves.c.minor), else_=0)), 0
            ).label("debits"),
            func.coalesce(
                func.sum(case((and_(effective, moves.c.minor < 0), -moves.c.minor), else_=0)), 0
            ).label("credits"),
            func.coalesce(func.sum(case((open_pending, moves.c.minor), else_=0)), 0).label("pending"),
        )
        .outerjoin(moves, moves.c.account_id == ledger_accounts.c.id)
        .group_by(ledger_accounts.c.id)
        .order_by(ledger_accounts.c.id)
    )
    if condition is not None:
        query = query.where(condition)
    return tuple(
        TrialLine(
            account=Account(
                kind=AccountKind(row.kind),
                party=row.party,
                component=row.component,
                currency=Currency(row.currency),
            ),
            debits=int(row.debits),
            credits=int(row.credits),
            pending=int(row.pending),
        )
        for row in connection.execute(query)
    )


def _moves(before: datetime | None) -> Subquery:
    """Entries with their transfer's kind and what, if anything, resolved it by then."""
    resolution = ledger_transfers.alias("resolution")
    by_then = resolution.c.refers_to == ledger_transfers.c.id
    if before is not None:
        by_then = and_(by_then, resolution.c.at < before)
    moves = (
        select(
            ledger_entries.c.account_id,
            ledger_entries.c.minor,
            ledger_transfers.c.kind,
            resolution.c.id.label("resolution"),
        )
        .join(ledger_transfers, ledger_transfers.c.id == ledger_entries.c.transfer_id)
        .outerjoin(resolution, by_then)
    )
    if before is not None:
        moves = moves.where(ledger_transfers.c.at < before)
    return moves.subquery("moves")
