"""The ledger over HTTP: balances of accounts, and an agency's statement of a day."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from sqlalchemy import Engine

from issuance.database import reading
from issuance.identity.access import require
from issuance.identity.actors import Actor
from issuance.identity.errors import NotPermitted
from issuance.identity.permissions import Permission
from issuance.ledger.balances import TrialLine, trial_balance
from issuance.ledger.models import AccountKind
from issuance.ledger.statements import AgencyStatement, ComponentTotal, StatementEntry, agency_statement
from issuance.money import Currency

ReaderDep = Annotated[Actor, Depends(require(Permission.LEDGER_READ))]
Agency = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", examples=["civil-registry"])]
# Centuries more than these books can hold, and none at whose end the calendar overflows.
Day = Annotated[date, Path(ge=date(2000, 1, 1), le=date(2999, 12, 31), examples=["2026-11-22"])]


class AccountShown(BaseModel):
    """One account; minor units; a debit balance is positive, a credit balance negative."""

    id: str
    kind: AccountKind
    party: str
    component: str
    currency: Currency
    debits: int
    credits: int
    balance: int
    pending: int


class Accounts(BaseModel):
    """Accounts of the ledger. Over all of them, debits equal credits in each currency."""

    items: list[AccountShown]


class TotalShown(BaseModel):
    """One fee component over the day, in minor units from the agency's side."""

    component: str
    currency: Currency
    opening: int
    received: int
    returned: int
    closing: int


class MovementShown(BaseModel):
    """One movement, in minor units; positive in favour of the agency."""

    at: datetime
    transfer: str
    reason: str
    request_number: str | None
    component: str
    minor: int
    currency: Currency


class StatementShown(BaseModel):
    """The statement of one agency and one day (midnight to midnight, UTC+3)."""

    agency: str
    day: date
    totals: list[TotalShown]
    movements: list[MovementShown]


class LedgerPages:
    """The handlers, with what the composition root gives them."""

    def __init__(self, *, engine: Engine) -> None:
        self._engine = engine

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["ledger"])
        router.add_api_route("/ledger/accounts", self.list_ledger_accounts, methods=["GET"])
        router.add_api_route("/ledger/statements/{agency}/{day}", self.show_statement, methods=["GET"])
        return router

    def list_ledger_accounts(self, actor: ReaderDep) -> Accounts:
        """Every account; an agency's reader sees what that agency is owed, and nothing else."""
        with reading(self._engine) as connection:
            lines = trial_balance(connection)
        return Accounts(items=[_account_shown(line) for line in lines if _may_see(actor, line)])

    def show_statement(self, agency: Agency, day: Day, actor: ReaderDep) -> StatementShown:
        """What an agency was owed before a day, what came and went, and what it is owed after."""
        if actor.agency not in {None, agency}:
            raise NotPermitted(permission=Permission.LEDGER_READ)
        with reading(self._engine) as connection:
            return _statement_shown(agency_statement(connection, agency, day))


def _may_see(actor: Actor, line: TrialLine) -> bool:
    if actor.agency is None:
        return True
    return line.account.kind is AccountKind.PAYABLE and line.account.party == actor.agency


def _account_shown(line: TrialLine) -> AccountShown:
    return AccountShown(
        id=line.account.id,
        kind=line.account.kind,
        party=line.account.party,
        component=line.account.component,
        currency=line.account.currency,
        debits=line.debits,
        credits=line.credits,
        balance=line.balance.minor,
        pending=line.pending,
    )


def _statement_shown(statement: AgencyStatement) -> StatementShown:
    return StatementShown(
        agency=statement.agency,
        day=statement.day,
        totals=[_total_shown(total) for total in statement.totals],
        movements=[_movement_shown(entry) for entry in statement.entries],
    )


def _total_shown(total: ComponentTotal) -> TotalShown:
    return TotalShown(
        component=total.component,
        currency=total.opening.currency,
        opening=total.opening.minor,
        received=total.received.minor,
        returned=total.returned.minor,
        closing=total.closing.minor,
    )


def _movement_shown(entry: StatementEntry) -> MovementShown:
    return MovementShown(
        at=entry.at,
        transfer=entry.transfer_id,
        reason=entry.reason,
        request_number=entry.request_number,
        component=entry.component,
        minor=entry.amount.minor,
        currency=entry.amount.currency,
    )
