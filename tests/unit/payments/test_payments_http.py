"""The routes, as a client meets them: doors, idempotency keys, problem documents, webhooks."""

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.engine import Connection

from issuance.errors import NotFound
from issuance.http.ground import lay_ground
from issuance.http.limits import Limits
from issuance.identity.access import assert_every_route_declares
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.errors import TokenNotValid
from issuance.identity.permissions import CITIZEN_PERMISSIONS, Permission, Role, permissions_of
from issuance.ledger.http import LedgerPages
from issuance.payments.http import PaymentPages
from issuance.payments.models import Fee
from issuance.payments.sandbox.in_process import in_process_client

REQUEST = "R-26-00000001"
OF_REQUEST = f"/requests/{REQUEST}/payments"


def staff(name: str, role: Role, **bound: str) -> Actor:
    roles = frozenset({role})
    return Actor(
        kind=ActorKind.STAFF,
        id=name,
        permissions=permissions_of(roles),
        roles=roles,
        **bound,  # type: ignore[arg-type]
    )


ACTORS = {
    "citizen": Actor(kind=ActorKind.CITIZEN, id="citizen-1", permissions=CITIZEN_PERMISSIONS),
    "stranger": Actor(kind=ActorKind.CITIZEN, id="citizen-2", permissions=CITIZEN_PERMISSIONS),
    "clerk": staff("staff-7", Role.CLERK, office="damascus-1", agency="civil-registry"),
    "treasurer": staff("staff-8", Role.TREASURER),
    "machine": Actor(
        kind=ActorKind.MACHINE,
        id="machine-1",
        permissions=frozenset({Permission.LEDGER_READ}),
        agency="civil-registry",
    ),
}


class Authenticator:
    def actor(self, token: str) -> Actor:
        if token not in ACTORS:
            raise TokenNotValid
        return ACTORS[token]


class Access:
    """One request, of citizen-1; the desk sees it, too."""

    def __init__(self, fees: Sequence[Fee]) -> None:
        self.fees = fees

    def fees_due(self, connection: Connection, actor: Actor, request_number: str) -> Sequence[Fee]:
        self.visible_number(connection, actor, request_number)
        return self.fees

    def visible_number(self, connection: Connection, actor: Actor, written: str) -> str:
        assert connection.in_transaction()
        if written != REQUEST or actor.id == "citizen-2":
            raise NotFound
        return REQUEST


@pytest.fixture
def app(town: Any, fees: Sequence[Fee]) -> FastAPI:
    app = FastAPI()
    pages = PaymentPages(engine=town.engine, exchange=town.exchange, access=Access(fees), clock=town.clock)
    app.include_router(pages.router())
    app.include_router(LedgerPages(engine=town.engine).router())
    lay_ground(app, authenticator=Authenticator(), limits=Limits())
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with in_process_client(app) as client:
        client.base_url = httpx.URL("http://service")
        yield client


def by(name: str, key: str | None = None) -> dict[str, str]:
    headers = {"authorization": f"Bearer {name}"}
    return headers if key is None else {**headers, "idempotency-key": key}


def pay(
    client: httpx.Client, *, name: str = "citizen", key: str = "k1", provider: str = "sandbox"
) -> httpx.Response:
    return client.post(OF_REQUEST, json={"provider": provider}, headers=by(name, key))


def test_every_route_has_a_door(app: FastAPI) -> None:
    framework = dict.fromkeys(("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"), "documentation")
    assert_every_route_declares(app, elsewhere=framework)


def test_the_way_of_a_payment(client: httpx.Client, town: Any, mailbox: Any) -> None:
    opened = pay(client)
    mailbox.deliver = lambda request: (
        client.post(request.url.path, content=request.content, headers=dict(request.headers)).status_code
    )
    town.payer(town.exchange.load(opened.json()["id"]), "approve")
    assert town.sandbox.courier.deliver_due() == 1

    shown = client.get(opened.headers["location"], headers=by("citizen")).json()

    assert opened.status_code == 201
    assert opened.json()["pay_url"].startswith("http://sandbox/pay/")
    assert (shown["state"], shown["amount"]) == ("paid", {"minor": 165_50, "currency": "SYP"})
    assert [fee["component"] for fee in shown["fees"]] == ["extract", "stamp", "delivery"]
    assert town.paid == [REQUEST]


def test_a_double_click_is_one_payment(client: httpx.Client, town: Any) -> None:
    """With the same key the same answer, with another key the same payment."""
    first, again, other_key = pay(client), pay(client), pay(client, key="k2")

    assert first.content == again.content
    assert other_key.json()["id"] == first.json()["id"]
    assert town.wire.calls.count("POST /v1/intents") == 1


def test_a_key_used_for_another_payment_is_refused(client: httpx.Client) -> None:
    pay(client)

    refused = pay(client, provider="cash")

    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


def test_an_unpaid_way_of_paying_stands_in_the_way_and_says_so(client: httpx.Client) -> None:
    pay(client)

    refused = pay(client, key="k2", provider="cash")

    assert (refused.status_code, refused.json()["code"]) == (409, "payment-still-open")
    assert "P-" in refused.json()["detail_ar"]
    assert "P-" in refused.json()["detail_en"]


def test_a_provider_that_does_not_answer_leaves_an_unknown_payment(client: httpx.Client, town: Any) -> None:
    town.wire.break_after = 1

    answer = pay(client)
    shown = client.get(answer.headers["location"], headers=by("citizen"))

    assert (answer.status_code, answer.json()["state"]) == (201, "unknown")
    assert shown.json()["state"] == "pending"


def test_looking_works_while_the_provider_does_not_answer(client: httpx.Client, town: Any) -> None:
    location = pay(client).headers["location"]
    town.wire.break_before = 1

    assert client.get(location, headers=by("citizen")).json()["state"] == "pending"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"provider": "Sandbox"}, 422),
        ({"provider": "x", "amount": 1}, 422),
        ({"provider": "paypal"}, 404),
    ],
)
def test_a_wish_that_cannot_be_is_refused(client: httpx.Client, body: dict[str, object], status: int) -> None:
    answer = client.post(OF_REQUEST, json=body, headers=by("citizen", "k1"))

    assert answer.status_code == status
    assert answer.json()["title_ar"]


def test_somebody_elses_request_is_not_found(client: httpx.Client) -> None:
    payment = pay(client).headers["location"]

    assert pay(client, name="stranger").status_code == 404
    assert client.get(payment, headers=by("stranger")).status_code == 404
    assert client.get(OF_REQUEST, headers=by("stranger")).status_code == 404
    assert client.get(payment.replace(REQUEST, "R-26-00000002"), headers=by("citizen")).status_code == 404


def test_who_is_not_signed_in_or_may_not_is_kept_out(client: httpx.Client) -> None:
    assert client.post(OF_REQUEST, json={"provider": "sandbox"}).status_code == 401
    assert pay(client, name="treasurer").status_code == 403
    assert client.get("/ledger/accounts", headers=by("citizen")).status_code == 403
    receipt = client.post(f"{OF_REQUEST}/P-1/cash-receipt", json={}, headers=by("citizen", "k"))
    assert receipt.status_code == 403


def test_a_clerk_takes_cash_and_gives_a_receipt(client: httpx.Client, town: Any) -> None:
    payment = pay(client, name="clerk", provider="cash")
    address = payment.headers["location"] + "/cash-receipt"
    counted = {"amount": payment.json()["amount"]}

    wrong = client.post(address, json={"amount": {"minor": 1, "currency": "SYP"}}, headers=by("clerk", "c1"))
    taken = client.post(address, json=counted, headers=by("clerk", "c2"))
    again = client.post(address, json=counted, headers=by("clerk", "c2"))

    assert (wrong.status_code, wrong.json()["code"]) == (422, "cash-amount-wrong")
    assert taken.status_code == 201
    assert taken.json()["number"] == "damascus-1/2026/000001"
    assert taken.content == again.content
    assert town.paid == [REQUEST]


@pytest.mark.parametrize("minor", [-5, 0, 10**15 + 1, 2**70, 5.5, "165", True, None])
def test_an_amount_that_is_none_is_refused(client: httpx.Client, minor: object) -> None:
    address = pay(client, name="clerk", provider="cash").headers["location"] + "/cash-receipt"

    answer = client.post(
        address, json={"amount": {"minor": minor, "currency": "SYP"}}, headers=by("clerk", "c1")
    )

    assert answer.status_code == 422


def test_a_clerk_pays_a_refund_out(client: httpx.Client, town: Any) -> None:
    payment = pay(client, name="clerk", provider="cash")
    counted = {"amount": payment.json()["amount"]}
    client.post(payment.headers["location"] + "/cash-receipt", json=counted, headers=by("clerk", "c1"))
    refund = town.exchange.refund(REQUEST, reason="refused")

    answer = client.post(f"/refunds/{refund.id}/cash-receipt", headers=by("clerk", "c2"))
    shown = client.get(OF_REQUEST, headers=by("clerk")).json()["items"][0]

    assert (answer.status_code, answer.json()["kind"]) == (201, "paid-out")
    assert shown["refunds"][0]["state"] == "refunded"
    assert shown["refunds"][0]["amount"]["minor"] == 140_00


def test_a_forged_webhook_is_refused_without_effect(client: httpx.Client, town: Any) -> None:
    payment = pay(client).json()["id"]
    calls = list(town.wire.calls)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1795338000", "webhook-signature": "v1,AAAA"}

    answer = client.post("/webhooks/payments/sandbox", json={"data": {"reference": payment}}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "webhook-refused")
    assert town.wire.calls == calls


def test_the_books_are_open_to_who_may_read_them(client: httpx.Client, town: Any) -> None:
    payment = pay(client)
    town.payer(town.exchange.load(payment.json()["id"]), "approve")
    client.get(payment.headers["location"], headers=by("citizen"))

    everything = client.get("/ledger/accounts", headers=by("treasurer")).json()["items"]
    own = client.get("/ledger/accounts", headers=by("machine")).json()["items"]
    statement = client.get("/ledger/statements/civil-registry/2026-11-22", headers=by("machine"))
    others = client.get("/ledger/statements/treasury/2026-11-22", headers=by("machine"))

    assert sum(account["debits"] for account in everything) == sum(
        account["credits"] for account in everything
    )
    assert [account["id"] for account in own] == ["payable:civil-registry:extract:SYP"]
    assert statement.json()["totals"][0]["received"] == 100_00
    assert statement.json()["movements"][0]["request_number"] == REQUEST
    assert others.status_code == 403
