"""Managing accounts, machines and enrolments, over HTTP.

Accounts and clients are created without an idempotency key: what is kept for a key must
never hold a password or a client's secret. A login name is created once anyway.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from issuance.clock import Clock
from issuance.http.idempotency import Answer, Call, idempotent, json_answer, once
from issuance.identity import accounts, citizens, machines
from issuance.identity.access import require
from issuance.identity.accounts import AccountSummary, NewAccount
from issuance.identity.actors import Actor
from issuance.identity.errors import PersonUnknown
from issuance.identity.passwords import MAX_CHARACTERS, Passwords, check_password
from issuance.identity.permissions import Permission, Role
from issuance.verification.quotas import MAX_A_DAY, set_quota

AccountManager = Annotated[Actor, Depends(require(Permission.ACCOUNTS_MANAGE))]
ClientManager = Annotated[Actor, Depends(require(Permission.CLIENTS_MANAGE))]
EnrolmentCall = Annotated[Call, Depends(idempotent(require(Permission.CITIZENS_ENROL)))]

Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]


class _Body(BaseModel):
    # Not strict: roles and permissions arrive as text and become members of their enumerations.
    model_config = ConfigDict(extra="forbid")


class Enrolment(_Body):
    """A telephone for a person whose identity document was seen at the desk."""

    national_number: str = Field(max_length=32, examples=["99010000017"])
    phone: str = Field(max_length=32, examples=["+963944000000"])


class AccountBody(_Body):
    """A new member of staff."""

    login: str = Field(pattern=r"^[A-Za-z0-9._-]{3,64}$")
    full_name: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=MAX_CHARACTERS * 4)
    roles: frozenset[Role] = Field(min_length=1)
    agency: Code | None = None
    office: Code | None = None
    national_number: str | None = Field(default=None, max_length=32)


class RolesBody(_Body):
    """Exactly the roles that an account shall have."""

    roles: frozenset[Role]


class ClientBody(_Body):
    """A new machine client."""

    name: str = Field(min_length=1, max_length=200)
    agency: Code
    scopes: frozenset[Permission] = Field(min_length=1)


class QuotaBody(_Body):
    """How many documents a client may have verified in a day."""

    a_day: int = Field(ge=0, le=MAX_A_DAY)


class Created(BaseModel):
    """The id of what was created."""

    id: str


class AccountShown(BaseModel):
    """An account, without its password."""

    id: str
    login: str
    full_name: str
    roles: list[Role]
    agency: str | None
    office: str | None
    disabled: bool
    created_at: datetime


class ClientCreated(BaseModel):
    """A client's secret, shown this once."""

    id: str
    secret: str


class Administration:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self, *, engine: Engine, clock: Clock, passwords: Passwords, person_exists: Callable[[str], bool]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._passwords = passwords
        self._person_exists = person_exists

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["administration"])
        add = router.add_api_route
        add("/citizens", self.enrol_citizen, methods=["POST"], status_code=201, response_model=Created)
        add("/accounts", self.list_accounts, methods=["GET"])
        add("/accounts", self.create_account, methods=["POST"], status_code=201)
        add("/accounts/{account_id}/roles", self.change_roles, methods=["PUT"], status_code=204)
        add("/accounts/{account_id}", self.disable_account, methods=["DELETE"], status_code=204)
        add("/clients", self.create_client, methods=["POST"], status_code=201)
        add("/clients/{client_id}", self.disable_client, methods=["DELETE"], status_code=204)
        add("/clients/{client_id}/quota", self.set_quota, methods=["PUT"], status_code=204)
        return router

    def enrol_citizen(self, body: Enrolment, call: EnrolmentCall) -> Response:
        """Bind a telephone to a person, or another one in its place."""
        citizens.check_national_number(body.national_number)
        if not self._person_exists(body.national_number):
            raise PersonUnknown
        at = self._clock()
        with self._engine.begin() as connection:

            def enrol() -> Answer:
                citizen_id = citizens.enrol_citizen(
                    connection, body.national_number, body.phone, by=call.actor, at=at
                )
                return json_answer(201, {"id": citizen_id})

            answer = once(connection, call, enrol, at=at)
        return answer.response()

    def list_accounts(self, actor: AccountManager) -> list[AccountShown]:
        """Every account."""
        del actor
        with self._engine.begin() as connection:
            return [_shown(account) for account in accounts.list_accounts(connection)]

    def create_account(self, body: AccountBody, actor: AccountManager) -> Created:
        """Create an account; repeating the call answers 409."""
        accounts.check_roles(
            body.roles, agency=body.agency, office=body.office, national_number=body.national_number
        )
        check_password(body.password, login=body.login)
        hashed = self._passwords.hash(body.password)
        new = NewAccount(
            login=body.login,
            full_name=body.full_name,
            roles=body.roles,
            agency=body.agency,
            office=body.office,
            national_number=body.national_number,
        )
        with self._engine.begin() as connection:
            account_id = accounts.create_account(
                connection, new, password_hash=hashed, by=actor, at=self._clock()
            )
        return Created(id=account_id)

    def change_roles(self, account_id: str, body: RolesBody, actor: AccountManager) -> None:
        """Replace the roles of an account, with effect at its next call."""
        with self._engine.begin() as connection:
            accounts.change_roles(connection, account_id, body.roles, by=actor, at=self._clock())

    def disable_account(self, account_id: str, actor: AccountManager) -> None:
        """Close an account and end its sessions; it stays, because the audit names it."""
        with self._engine.begin() as connection:
            accounts.disable_account(connection, account_id, by=actor, at=self._clock())

    def create_client(self, body: ClientBody, actor: ClientManager) -> ClientCreated:
        """Register a system of an agency; its secret is shown this once."""
        with self._engine.begin() as connection:
            client = machines.create_client(
                connection,
                name=body.name,
                agency=body.agency,
                scopes=body.scopes,
                by=actor,
                at=self._clock(),
            )
        return ClientCreated(id=client.id, secret=client.secret)

    def set_quota(self, client_id: str, body: QuotaBody, actor: ClientManager) -> None:
        """Give a system another number of verifications a day."""
        with self._engine.begin() as connection:
            set_quota(connection, client_id, body.a_day, by=actor, at=self._clock())

    def disable_client(self, client_id: str, actor: ClientManager) -> None:
        """Close a client and end its tokens."""
        with self._engine.begin() as connection:
            machines.disable_client(connection, client_id, by=actor, at=self._clock())


def _shown(account: AccountSummary) -> AccountShown:
    return AccountShown(
        id=account.id,
        login=account.login,
        full_name=account.full_name,
        roles=sorted(account.roles),
        agency=account.agency,
        office=account.office,
        disabled=account.disabled,
        created_at=account.created_at,
    )
