"""An agency's statement of one day: what it was owed before, what came and went, what it is owed after.

Amounts are from the agency's side: positive is owed to it. A refund after the
agency was paid makes its balance negative; the next days' fees make it up.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.engine import Connection

from issuance.ledger.days import day_bounds
from issuance.ledger.models import EFFECTIVE, AccountKind, ledger_accounts, ledger_entries, ledger_transfers
from issuance.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """One movement of a statement."""

    transfer_id: str
    at: datetime
    reason: str
    request_number: str | None
    component: str
    amount: Money  # positive: in favour of the agency


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentTotal:
    """One fee component over the day."""

    component: str
    opening: Money
    received: Money
    returned: Money  # not negative
    closing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyStatement:
    """The statement of one agency and one local day."""

    agency: str
    day: date
    totals: tuple[ComponentTotal, ...]
    entries: tuple[StatementEntry, ...]


def agency_statement(connection: Connection, agency: str, day: date) -> AgencyStatement:
    """The statement of `agency` for `day`; empty for an agency without accounts."""
    start, end = day_bounds(day)
    opening = _balances_before(connection, agency, start)
    entries = _entries(connection, agency, start, end)
    totals = tuple(
        _total(component, currency, minor, entries)
        for (component, currency), minor in sorted(opening.items())
    )
    return AgencyStatement(agency=agency, day=day, totals=totals, entries=entries)


def _balances_before(connection: Connection, agency: str, start: datetime) -> dict[tuple[str, Currency], int]:
    accounts = connection.execute(
        select(ledger_accounts.c.component, ledger_accounts.c.currency).where(*_of_agency(agency))
    )
    balances = {(row.component, Currency(row.currency)): 0 for row in accounts}
    sums = connection.execute(
        select(
            ledger_accounts.c.component,
            ledger_accounts.c.currency,
            func.sum(-ledger_entries.c.minor).label("minor"),
        )
        .join(ledger_entries, ledger_entries.c.account_id == ledger_accounts.c.id)
        .join(ledger_transfers, ledger_transfers.c.id == ledger_entries.c.transfer_id)
        .where(*_of_agency(agency), ledger_transfers.c.kind.in_(EFFECTIVE), ledger_transfers.c.at < start)
        .group_by(ledger_accounts.c.id)
    )
    return balances | {(row.component, Currency(row.currency)): int(row.minor) for row in sums}


def _entries(
    connection: Connection, agency: str, start: datetime, end: datetime
) -> tuple[StatementEntry, ...]:
    rows = connection.execute(
        select(ledger_transfers, ledger_accounts.c.component, ledger_entries.c.minor)
        .join(ledger_entries, ledger_entries.c.transfer_id == ledger_transfers.c.id)
        .join(ledger_accounts, ledger_accounts.c.id == ledger_entries.c.account_id)
        .where(
            *_of_agency(agency),
            ledger_transfers.c.kind.in_(EFFECTIVE),
            and_(ledger_transfers.c.at >= start, ledger_transfers.c.at < end),
        )
        .order_by(ledger_transfers.c.at, ledger_transfers.c.id, ledger_entries.c.position)
    )
    return tuple(
        StatementEntry(
            transfer_id=row.id,
            at=row.at,
            reason=row.reason,
            request_number=row.request_number,
            component=row.component,
            amount=Money(minor=-row.minor, currency=Currency(row.currency)),
        )
        for row in rows
    )


def _total(
    component: str, currency: Currency, opening: int, entries: tuple[StatementEntry, ...]
) -> ComponentTotal:
    moves = [
        entry.amount.minor
        for entry in entries
        if entry.component == component and entry.amount.currency is currency
    ]
    received = sum(minor for minor in moves if minor > 0)
    returned = -sum(minor for minor in moves if minor < 0)
    return ComponentTotal(
        component=component,
        opening=Money(minor=opening, currency=currency),
        received=Money(minor=received, currency=currency),
        returned=Money(minor=returned, currency=currency),
        closing=Money(minor=opening + received - returned, currency=currency),
    )


def _of_agency(agency: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (ledger_accounts.c.kind == AccountKind.PAYABLE, ledger_accounts.c.party == agency)
