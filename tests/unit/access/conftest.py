"""One small service over a fresh database: a clock that tests move, cheap passwords, an outbox in memory."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine

from issuance.audit import models as _audit_tables  # noqa: F401  (its tables join the metadata)
from issuance.audit.http import AuditPages
from issuance.database import metadata, open_database
from issuance.http.cursors import Cursors
from issuance.http.ground import lay_ground
from issuance.http.limits import Limits
from issuance.http.openapi import operation_id
from issuance.identity import accounts, citizens
from issuance.identity.accounts import NewAccount
from issuance.identity.actors import system_actor
from issuance.identity.administration import Administration
from issuance.identity.http import SignIn
from issuance.identity.passwords import Passwords
from issuance.identity.permissions import Role
from issuance.identity.tokens import StoredTokens

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))
PASSWORD = "صبر جميل والله المستعان 7"  # fifteen characters and more
LEILA = "99010000017"
LEILA_PHONE = "+963944000001"
NOBODY = "99010000099"


@dataclass
class MovingClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Outbox:
    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, phone: str, text: str, *, at: datetime) -> None:
        del at
        self.sent.append((phone, text))

    def last_code(self) -> str:
        return self.sent[-1][1].split("code: ")[1][:6]


def send(
    app: FastAPI,
    method: str,
    path: str,
    *,
    address: str = "192.0.2.1",
    base: str = "http://service.test",
    **given: Any,
) -> httpx.Response:
    """One request through a whole application, as from `address`."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **given)

    return asyncio.run(request())


@pytest.fixture
def make_ask() -> Callable[[FastAPI], Callable[..., httpx.Response]]:
    """Ask any application: `make_ask(app)("GET", "/path")`."""
    return lambda app: partial(send, app)


@dataclass
class Service:
    """The application and the hands to move it with."""

    app: FastAPI
    engine: Engine
    clock: MovingClock
    outbox: Outbox
    passwords: Passwords

    def ask(
        self, method: str, path: str, *, token: str | None = None, address: str = "192.0.2.1", **given: Any
    ) -> Any:
        """Send one request through the whole application, as from `address`."""
        headers = dict(given.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return send(self.app, method, path, headers=headers, address=address, **given)

    def hire(self, login: str, *roles: Role) -> str:
        """Create an account; its id."""
        new = NewAccount(
            login=login,
            full_name="هند المثال",
            roles=frozenset(roles),
            agency="civil-registry",
            office="damascus-1",
            national_number="99000000009",
        )
        with self.engine.begin() as connection:
            return accounts.create_account(
                connection,
                new,
                password_hash=self.passwords.hash(PASSWORD),
                by=system_actor("test"),
                at=self.clock(),
            )

    def sign_in(self, login: str, *, password: str = PASSWORD, address: str = "192.0.2.1") -> httpx.Response:
        body = {"login": login, "password": password}
        return self.ask("POST", "/sign-in/password", json=body, address=address)

    def token_of(self, login: str) -> str:
        return self.sign_in(login).json()["access_token"]

    def enrol(self, national_number: str = LEILA, phone: str = LEILA_PHONE) -> str:
        with self.engine.begin() as connection:
            return citizens.enrol_citizen(
                connection, national_number, phone, by=system_actor("test"), at=self.clock()
            )

    def citizen_token(self) -> str:
        self.enrol()
        asked = self.ask("POST", "/sign-in/codes", json={"national_number": LEILA, "phone": LEILA_PHONE})
        answer = {"challenge": asked.json()["challenge"], "code": self.outbox.last_code()}
        return self.ask("POST", "/sign-in/code", json=answer).json()["access_token"]


@pytest.fixture(scope="session")
def cheap_passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def service(engine: Engine, cheap_passwords: Passwords) -> Service:
    clock, outbox = MovingClock(), Outbox()
    app = FastAPI(generate_unique_id_function=operation_id)
    sign_in = SignIn(engine=engine, clock=clock, passwords=cheap_passwords, sender=outbox, code_key=KEY)
    administration = Administration(
        engine=engine, clock=clock, passwords=cheap_passwords, person_exists=lambda number: number != NOBODY
    )
    pages = AuditPages(engine=engine, clock=clock, cursors=Cursors(KEY))
    for part in (sign_in, administration, pages):
        app.include_router(part.router())
    lay_ground(app, authenticator=StoredTokens(engine, clock), limits=Limits(default_bytes=64 * 1024))
    return Service(app=app, engine=engine, clock=clock, outbox=outbox, passwords=cheap_passwords)
