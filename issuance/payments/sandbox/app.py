"""The sandbox payment provider: a server of its own, with its own database.

    uvicorn process ── POST /v1/intents, /v1/refunds   orders, by the written protocol
                    ── GET  /v1/…                      what became of them
                    ── GET  /pay/{token}               the page a payer sees
                    ── POST /sandbox/…                 decisions and faults, for trials and tests
                    ── webhooks out, by the courier

It moves no money and must not be reachable from outside a trial.
"""

import hmac
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

import httpx
from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.clock import Clock, system_clock
from issuance.database import open_database
from issuance.payments.sandbox import bank, courier, page
from issuance.payments.sandbox.faults import Fault, order_fault, sandbox_metadata, take_fault
from issuance.payments.webhooks import parse_secret

Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How one sandbox runs."""

    database_url: str
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)  # `whsec_…`; several while rotating
    webhook_url: str
    base_url: str  # where payers reach it, without a slash at the end
    return_url: str | None = None  # the link back to the service after paying
    lost_answer_seconds: float = 0.0  # how long a lost answer keeps its caller waiting
    courier_idle_seconds: float | None = 1.0  # None: no courier thread; `deliver_due` is called from outside


class Amount(BaseModel):
    """An amount in minor units."""

    model_config = ConfigDict(extra="forbid", strict=True)
    minor: int
    currency: str


class IntentBody(BaseModel):
    """An order to collect."""

    model_config = ConfigDict(extra="forbid")
    reference: Reference
    amount: Amount
    request_number: Annotated[str, Field(max_length=32)]
    expires_at: AwareDatetime


class RefundBody(BaseModel):
    """An order to give back."""

    model_config = ConfigDict(extra="forbid")
    reference: Reference
    intent_reference: Reference
    amount: Amount


class FaultBody(BaseModel):
    """A fault to happen."""

    model_config = ConfigDict(extra="forbid")
    fault: Fault
    times: Annotated[int, Field(ge=1, le=1000)] = 1


class Sandbox:
    """What the routes share: settings, database, clock and courier."""

    def __init__(self, settings: SandboxSettings, *, clock: Clock, client: httpx.Client) -> None:
        self.settings = settings
        self.clock = clock
        self.engine: Engine = open_database(settings.database_url)
        sandbox_metadata.create_all(self.engine)
        self.courier = courier.Courier(
            self.engine,
            client=client,
            url=settings.webhook_url,
            keys=[parse_secret(secret) for secret in settings.webhook_secrets],
            clock=clock,
        )

    def transaction(self) -> Iterator[Connection]:
        """One transaction for one call; the courier is woken after its commit."""
        with self.engine.begin() as connection:
            yield connection
        self.courier.wake()

    @contextmanager
    def order(self) -> Iterator[Connection]:
        """One transaction for an order, unless a fault drops it or loses its answer."""
        with self.engine.begin() as connection:
            refused = take_fault(connection, Fault.REFUSE)
            dropped = take_fault(connection, Fault.DROP_ORDER)
            lost = take_fault(connection, Fault.LOSE_ANSWER)
        if refused:
            raise bank.BankRefusal("refused", 422)
        if dropped:
            self._keep_waiting()
        with self.engine.begin() as connection:
            yield connection
        self.courier.wake()
        if lost:
            self._keep_waiting()

    def decide(self, connection: Connection, reference: str, *, approve: bool) -> bank.Order:
        """Approve or decline a pending intent, and tell the service of it."""
        before = bank.find_intent(connection, reference, at=self.clock())
        intent = bank.decide_intent(connection, reference, approve=approve, at=self.clock())
        if before != intent:
            courier.write_notice(connection, "payment.updated", reference, at=self.clock())
        return intent

    def _keep_waiting(self) -> None:
        time.sleep(self.settings.lost_answer_seconds)
        raise HTTPException(status_code=504, detail="lost, as ordered")


def create_app(
    settings: SandboxSettings, *, clock: Clock = system_clock, client: httpx.Client | None = None
) -> FastAPI:
    """The sandbox as an ASGI application; `client` carries its webhooks."""
    sandbox = Sandbox(settings, clock=clock, client=client or httpx.Client(timeout=10))
    app = FastAPI(title="Sandbox payment provider", lifespan=_lifespan, docs_url="/docs", redoc_url=None)
    app.state.sandbox = sandbox
    app.add_exception_handler(bank.BankRefusal, _refusal)
    app.include_router(orders, dependencies=[Depends(_authorised)])
    app.include_router(trials, dependencies=[Depends(_authorised)])
    app.include_router(payers)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    sandbox: Sandbox = app.state.sandbox
    idle_seconds = sandbox.settings.courier_idle_seconds
    if idle_seconds is None:
        yield
        return
    thread = threading.Thread(
        target=sandbox.courier.run, kwargs={"idle_seconds": idle_seconds}, name="courier", daemon=True
    )
    thread.start()
    yield
    sandbox.courier.stop()
    thread.join(timeout=15)


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


SandboxDep = Annotated[Sandbox, Depends(_sandbox)]


def _transaction(sandbox: SandboxDep) -> Iterator[Connection]:
    yield from sandbox.transaction()


# Ends before the answer is sent, so that whoever has the answer sees its effect.
ConnectionDep = Annotated[Connection, Depends(_transaction, scope="function")]


def _authorised(request: Request, sandbox: SandboxDep) -> None:
    expected = f"Bearer {sandbox.settings.api_key}".encode()
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
        raise HTTPException(status_code=401, detail="the API key is missing or wrong")


def _refusal(request: Request, refusal: Exception) -> JSONResponse:
    del request
    if not isinstance(refusal, bank.BankRefusal):
        raise refusal
    return JSONResponse({"code": refusal.code}, status_code=refusal.status)


orders = APIRouter(prefix="/v1", tags=["orders"])


@orders.post("/intents", status_code=201)
def create_intent(body: IntentBody, sandbox: SandboxDep) -> dict[str, object]:
    """Order an amount; the same reference again answers with the same intent."""
    with sandbox.order() as connection:
        intent = bank.create_intent(
            connection,
            reference=body.reference,
            minor=body.amount.minor,
            currency=body.amount.currency,
            request_number=body.request_number,
            expires_at=body.expires_at,
            at=sandbox.clock(),
        )
    return _answer(intent, sandbox.settings)


@orders.get("/intents/{reference}")
def show_intent(reference: Reference, sandbox: SandboxDep, connection: ConnectionDep) -> dict[str, object]:
    """What became of an intent."""
    intent = bank.find_intent(connection, reference, at=sandbox.clock())
    if intent is None:
        raise bank.BankRefusal("reference-unknown", 404)
    return _answer(intent, sandbox.settings)


@orders.post("/refunds", status_code=201)
def create_refund(body: RefundBody, sandbox: SandboxDep) -> dict[str, object]:
    """Order a refund; the same reference again answers with the same refund."""
    with sandbox.order() as connection:
        refund = bank.create_refund(
            connection,
            reference=body.reference,
            intent_reference=body.intent_reference,
            minor=body.amount.minor,
            currency=body.amount.currency,
            at=sandbox.clock(),
        )
        courier.write_notice(connection, "refund.updated", refund.reference, at=sandbox.clock())
    return _answer(refund, sandbox.settings)


@orders.get("/refunds/{reference}")
def show_refund(reference: Reference, sandbox: SandboxDep, connection: ConnectionDep) -> dict[str, object]:
    """What became of a refund."""
    refund = bank.find_refund(connection, reference)
    if refund is None:
        raise bank.BankRefusal("reference-unknown", 404)
    return _answer(refund, sandbox.settings)


@orders.get("/statements/{day}")
def show_statement(day: date, connection: ConnectionDep) -> dict[str, object]:
    """Every movement of a day."""
    lines = [
        {
            "kind": kind,
            "reference": order.reference,
            "id": order.id,
            "amount": {"minor": order.minor, "currency": order.currency},
            "at": at.isoformat(),
        }
        for kind, order, at in bank.statement(connection, day)
    ]
    return {"day": day.isoformat(), "lines": lines}


trials = APIRouter(prefix="/sandbox", tags=["trials"])


@trials.post("/intents/{reference}/{decision}")
def decide(
    reference: Reference,
    decision: Literal["approve", "decline"],
    sandbox: SandboxDep,
    connection: ConnectionDep,
) -> dict[str, object]:
    """Approve or decline as the payer would on the page."""
    return _answer(sandbox.decide(connection, reference, approve=decision == "approve"), sandbox.settings)


@trials.post("/faults", status_code=204)
def add_fault(body: FaultBody, connection: ConnectionDep) -> None:
    """Let a fault happen at its next occasion."""
    order_fault(connection, body.fault, times=body.times)


payers = APIRouter(tags=["payers"])


@payers.get("/health")
def health() -> dict[str, str]:
    """Whether the server is up."""
    return {"status": "up"}


@payers.get("/pay/{token}", response_class=HTMLResponse)
def show_pay_page(token: str, sandbox: SandboxDep, connection: ConnectionDep) -> HTMLResponse:
    """The page a payer sees."""
    intent = bank.find_by_token(connection, token, at=sandbox.clock())
    if intent is None:
        raise HTTPException(status_code=404)
    return HTMLResponse(
        page.render_pay_page(intent, return_url=sandbox.settings.return_url), headers=page.HEADERS
    )


@payers.post("/pay/{token}")
def answer_pay_page(
    token: str,
    decision: Annotated[Literal["approve", "decline"], Form()],
    sandbox: SandboxDep,
    connection: ConnectionDep,
) -> Response:
    """The payer's decision; the page is shown again, with its outcome."""
    intent = bank.find_by_token(connection, token, at=sandbox.clock())
    if intent is None:
        raise HTTPException(status_code=404)
    sandbox.decide(connection, intent.reference, approve=decision == "approve")
    return RedirectResponse(f"/pay/{intent.token}", status_code=303, headers=page.HEADERS)


def _answer(order: bank.Order, settings: SandboxSettings) -> dict[str, object]:
    answer: dict[str, object] = {
        "reference": order.reference,
        "id": order.id,
        "state": order.state,
        "amount": {"minor": order.minor, "currency": order.currency},
    }
    if order.token and order.state is bank.BankState.PENDING:
        answer["pay_url"] = f"{settings.base_url}/pay/{order.token}"
    return answer
