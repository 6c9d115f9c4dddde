"""The sandbox provider as a payer and as a service meet it; once as a real server on a loopback port."""

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from issuance.money import Currency
from issuance.payments.electronic import ElectronicProvider
from issuance.payments.errors import ProviderUnavailable
from issuance.payments.provider import IntentOrder, SeenState
from issuance.payments.sandbox.faults import Fault
from issuance.payments.sandbox.in_process import in_process_client
from issuance.payments.sandbox.page import format_amount
from issuance.payments.sandbox.server import running
from issuance.payments.webhooks import parse_secret, verify_webhook


def page(town: Any, payment: Any) -> httpx.Response:
    with in_process_client(town.sandbox_app) as payer:
        return payer.get(payment.pay_url)


def press(town: Any, payment: Any, decision: str) -> httpx.Response:
    with in_process_client(town.sandbox_app) as payer:
        return payer.post(payment.pay_url, data={"decision": decision})


def test_a_payer_sees_what_is_paid_and_approves(town: Any) -> None:
    payment = town.pay()

    before = page(town, payment)
    pressed = press(town, payment, "approve")
    after = page(town, payment)

    assert "165.50 SYP" in before.text
    assert "R-26-00000001" in before.text
    assert before.text.count("<button") == 2
    assert 'lang="ar" dir="rtl"' in before.text
    assert "default-src 'none'" in before.headers["content-security-policy"]
    assert pressed.status_code == 303
    assert "تم الدفع" in after.text
    assert "<button" not in after.text
    assert town.exchange.sync(payment.id).paid_at is not None


def test_a_decision_is_taken_once(town: Any) -> None:
    payment = town.pay()
    press(town, payment, "decline")

    press(town, payment, "approve")

    assert town.exchange.sync(payment.id).state == "failed"


def test_an_expired_payment_cannot_be_approved(town: Any) -> None:
    payment = town.pay()
    town.wait(minutes=31)

    press(town, payment, "approve")

    assert "انتهت مهلة الدفع" in page(town, payment).text
    assert town.exchange.sync(payment.id).state == "expired"


@pytest.mark.parametrize(("decision", "status"), [("steal", 422), ("", 422)])
def test_another_decision_is_refused(town: Any, decision: str, status: int) -> None:
    assert press(town, town.pay(), decision).status_code == status


def test_without_its_token_there_is_no_page(town: Any) -> None:
    payment = town.pay()

    for token in (payment.id, payment.provider_reference, "x"):
        assert town.call("GET", f"/pay/{token}").status_code == 404


def test_without_the_key_nothing_is_told(town: Any) -> None:
    payment = town.pay()
    with in_process_client(town.sandbox_app) as stranger:
        for key in ({}, {"authorization": "Bearer wrong"}):
            assert stranger.get(f"http://sandbox/v1/intents/{payment.id}", headers=key).status_code == 401
            approve = f"http://sandbox/sandbox/intents/{payment.id}/approve"
            assert stranger.post(approve, headers=key).status_code == 401


def test_an_order_that_arrives_after_its_expiry_is_refused(town: Any) -> None:
    """What lets us call a payment expired that the provider never received."""
    order = IntentOrder(
        our_reference="P-late",
        amount=town.pay().amount,
        request_number="R-26-00000001",
        expires_at=town.now,
    )

    with pytest.raises(Exception, match="refused"):
        town.electronic.create_intent(order)

    assert town.electronic.sync_by_our_reference("P-late") is None


def test_a_reference_used_for_another_amount_is_refused(town: Any) -> None:
    payment = town.pay()
    order = IntentOrder(
        our_reference=payment.id,
        amount=replace(payment.amount, minor=1),
        request_number=payment.request_number,
        expires_at=payment.expires_at,
    )

    with pytest.raises(Exception, match="status=409"):
        town.electronic.create_intent(order)


def test_no_more_is_given_back_than_was_paid(town: Any) -> None:
    payment = town.pay()
    town.payer(payment, "approve")
    body = {
        "reference": "F-1",
        "intent_reference": payment.id,
        "amount": {"minor": payment.amount.minor, "currency": "SYP"},
    }
    headers = {"authorization": "Bearer sandbox-key"}

    with in_process_client(town.sandbox_app) as service:
        answers = [
            service.post("http://sandbox/v1/refunds", json={**body, "reference": reference}, headers=headers)
            for reference in ("F-1", "F-1", "F-2")
        ]

    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [(165_50, "SYP", "165.50 SYP"), (5, "USD", "0.05 USD"), (1000, "X", "1,000 X")],
)
def test_amounts_are_shown_in_major_units(minor: int, currency: str, shown: str) -> None:
    assert format_amount(minor, currency) == shown


def test_a_real_server_times_out_pays_and_sends_its_webhook(town: Any, tmp_path: Path) -> None:
    """Over a socket: a lost answer is a real timeout, and the courier's own thread delivers."""
    received: list[httpx.Request] = []
    arrived = threading.Event()

    def service(request: httpx.Request) -> httpx.Response:
        received.append(request)
        arrived.set()
        return httpx.Response(204)

    settings = replace(
        town.sandbox.settings,
        database_url=f"sqlite:///{tmp_path / 'real.sqlite'}",
        lost_answer_seconds=1.5,
        courier_idle_seconds=5.0,
    )
    with (
        httpx.Client(transport=httpx.MockTransport(service)) as courier,
        running(settings, clock=town.clock, client=courier) as address,
        httpx.Client(timeout=30) as client,
        httpx.Client(timeout=httpx.Timeout(30, read=0.5)) as impatient,
    ):
        provider = provider_at(town, address, client)
        headers = {"authorization": f"Bearer {settings.api_key}"}
        client.post(f"{address}/sandbox/faults", json={"fault": Fault.LOSE_ANSWER}, headers=headers)
        order = order_of(town)
        with pytest.raises(ProviderUnavailable):
            provider_at(town, address, impatient).create_intent(order)
        pending = provider.sync_by_our_reference(order.our_reference)
        client.post(f"{address}/sandbox/intents/{order.our_reference}/approve", headers=headers)
        assert arrived.wait(timeout=30)
        paid = provider.sync_by_our_reference(order.our_reference)

    assert pending is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/pay/[\w-]+", pending.pay_url or "")
    assert paid is not None
    assert (paid.state, paid.minor, paid.currency) == (SeenState.PAID, 165_50, Currency.SYP)
    keys = [parse_secret(secret) for secret in settings.webhook_secrets]
    assert verify_webhook(received[0].headers, received[0].content, keys=keys, at=town.now)


def provider_at(town: Any, address: str, client: httpx.Client) -> ElectronicProvider:
    settings = town.sandbox.settings
    return ElectronicProvider(
        name="sandbox",
        client=client,
        base_url=address,
        api_key=settings.api_key,
        webhook_keys=[parse_secret(secret) for secret in settings.webhook_secrets],
        capabilities=town.electronic.capabilities,
    )


def order_of(town: Any) -> IntentOrder:
    payment = town.pay()
    return IntentOrder(
        our_reference=payment.id,
        amount=payment.amount,
        request_number=payment.request_number,
        expires_at=payment.expires_at,
    )
