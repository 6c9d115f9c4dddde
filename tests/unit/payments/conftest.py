"""A service database, a sandbox provider reached in process, and an exchange between the two."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.database import metadata, open_database
from issuance.money import Currency, Money
from issuance.payments.cash import CashProvider
from issuance.payments.discrepancies import Discrepancy, find_discrepancies
from issuance.payments.electronic import ElectronicProvider
from issuance.payments.exchange import Exchange
from issuance.payments.models import Fee, Payment
from issuance.payments.provider import Capabilities
from issuance.payments.sandbox.app import Sandbox, SandboxSettings, create_app
from issuance.payments.sandbox.faults import Fault, order_fault
from issuance.payments.sandbox.in_process import InProcessTransport
from issuance.payments.webhooks import parse_secret

REQUEST = "R-26-00000001"
SECRET = "whsec_" + base64.b64encode(b"a key of the sandbox provider..").decode()
API_KEY = "sandbox-key"


@dataclass
class Town:
    """Everything a payment touches, with a clock that moves only when told."""

    engine: Engine
    sandbox: Sandbox
    sandbox_app: FastAPI
    exchange: Exchange
    electronic: ElectronicProvider
    wire: "Wire"
    now: datetime
    paid: list[str] = field(default_factory=list)
    refunded: list[str] = field(default_factory=list)
    hook_fails: bool = False

    def clock(self) -> datetime:
        return self.now

    def wait(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)

    def on_paid(self, connection: Connection, request_number: str) -> None:
        assert connection.in_transaction()
        if self.hook_fails:
            raise RuntimeError("the process died inside the transaction")
        self.paid.append(request_number)

    def on_refunded(self, connection: Connection, request_number: str) -> None:
        assert connection.in_transaction()
        self.refunded.append(request_number)

    def pay(self, provider: str = "sandbox", fees: tuple[Fee, ...] | None = None) -> Payment:
        return self.exchange.pay(REQUEST, FEES if fees is None else fees, provider)

    def payer(self, payment: Payment, decision: str) -> None:
        """The payer decides at the provider; no webhook reaches the service by itself."""
        answer = self.call("POST", f"/sandbox/intents/{payment.id}/{decision}")
        assert answer.status_code == 200, answer.text

    def fault(self, fault: Fault, *, times: int = 1) -> None:
        with self.sandbox.engine.begin() as connection:
            order_fault(connection, fault, times=times)

    def call(self, method: str, path: str) -> httpx.Response:
        with httpx.Client(
            transport=InProcessTransport(self.sandbox_app), base_url="http://sandbox"
        ) as client:
            return client.request(method, path, headers={"authorization": f"Bearer {API_KEY}"})

    def discrepancies(self) -> tuple[Discrepancy, ...]:
        with self.engine.begin() as connection:
            return find_discrepancies(connection)


class Wire(httpx.BaseTransport):
    """The network between service and provider: breaks before or after the other side acts."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.break_before = 0
        self.break_after = 0
        self.calls: list[str] = []
        self.watch: Callable[[], None] = lambda: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        self.watch()
        if self.break_before:
            self.break_before -= 1
            raise httpx.ConnectTimeout("before the other side heard", request=request)
        response = self.inner.handle_request(request)
        if self.break_after:
            self.break_after -= 1
            raise httpx.ReadTimeout("after the other side acted", request=request)
        return response


class Mailbox(httpx.BaseTransport):
    """Where the sandbox's webhooks go: kept, and handed to the service when told."""

    def __init__(self) -> None:
        self.deliver: Callable[[httpx.Request], int] = lambda _: 204
        self.received: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.received.append(request)
        return httpx.Response(self.deliver(request))


def pounds(minor: int) -> Money:
    return Money(minor=minor, currency=Currency.SYP)


FEES = (
    Fee(component="extract", beneficiary="civil-registry", amount=pounds(100_00), refundable=True),
    Fee(component="stamp", beneficiary="treasury", amount=pounds(25_50), refundable=False),
    Fee(component="delivery", beneficiary="post", amount=pounds(40_00), refundable=True),
)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def town(tmp_path: Path, mailbox: Mailbox) -> Iterator[Town]:
    engine = open_database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    metadata.create_all(engine)
    start = datetime(2026, 11, 22, 9, tzinfo=UTC)
    settings = SandboxSettings(
        database_url=f"sqlite:///{tmp_path / 'sandbox.sqlite'}",
        api_key=API_KEY,
        webhook_secrets=(SECRET,),
        webhook_url="http://service/webhooks/payments/sandbox",
        base_url="http://sandbox",
        courier_idle_seconds=None,
    )
    courier_client = httpx.Client(transport=mailbox)
    app = create_app(settings, clock=lambda: town.now, client=courier_client)
    wire = Wire(InProcessTransport(app))
    client = httpx.Client(transport=wire)
    electronic = ElectronicProvider(
        name="sandbox",
        client=client,
        base_url="http://sandbox",
        api_key=API_KEY,
        webhook_keys=(parse_secret(SECRET),),
        capabilities=Capabilities(currencies=frozenset({Currency.SYP}), max_minor=1_000_000_00),
    )
    exchange = Exchange(
        engine,
        [electronic, CashProvider(engine)],
        clock=lambda: town.now,
        on_paid=lambda connection, number: town.on_paid(connection, number),  # noqa: PLW0108  (`town` comes later)
        on_refunded=lambda connection, number: town.on_refunded(connection, number),  # noqa: PLW0108  (as above)
    )
    town = Town(
        engine=engine,
        sandbox=app.state.sandbox,
        sandbox_app=app,
        exchange=exchange,
        electronic=electronic,
        wire=wire,
        now=start,
    )
    yield town
    client.close()
    courier_client.close()
    engine.dispose()
    town.sandbox.engine.dispose()


@pytest.fixture
def fees() -> tuple[Fee, ...]:
    return FEES
