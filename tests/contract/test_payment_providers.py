"""One suite for every payment provider: whoever is added must pass it.

A harness says how to make the payer pay; everything else is the protocol.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from issuance.database import metadata, open_database
from issuance.money import Currency, Money
from issuance.payments.cash import CashProvider
from issuance.payments.electronic import ElectronicProvider
from issuance.payments.errors import WebhookRefused
from issuance.payments.exchange import Exchange
from issuance.payments.models import Fee
from issuance.payments.provider import (
    Capabilities,
    IntentOrder,
    Provider,
    RefundOrder,
    SeenState,
    StatementKind,
)
from issuance.payments.sandbox.app import SandboxSettings, create_app
from issuance.payments.sandbox.in_process import in_process_client
from issuance.payments.webhooks import parse_secret

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
AMOUNT = Money(minor=100_00, currency=Currency.SYP)
SECRET = "whsec_" + base64.b64encode(b"a key of the sandbox provider..").decode()


@dataclass(frozen=True, kw_only=True)
class Harness:
    provider: Provider
    open: Callable[[], str]  # our side's row, where the provider needs one; the reference
    pay: Callable[[str], None]
    open_refund: Callable[[str], str]
    pay_refund: Callable[[str], None]


@pytest.fixture(params=["sandbox", "cash"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    yield from {"sandbox": sandbox_harness, "cash": cash_harness}[request.param](tmp_path)


def sandbox_harness(tmp_path: Path) -> Iterator[Harness]:
    settings = SandboxSettings(
        database_url=f"sqlite:///{tmp_path / 'sandbox.sqlite'}",
        api_key="key",
        webhook_secrets=(SECRET,),
        webhook_url="http://service/",
        base_url="http://sandbox",
        courier_idle_seconds=None,
    )
    with httpx.Client() as courier:
        app = create_app(settings, clock=lambda: NOW, client=courier)
        with in_process_client(app) as client:
            provider = ElectronicProvider(
                name="sandbox",
                client=client,
                base_url="http://sandbox",
                api_key="key",
                webhook_keys=[parse_secret(SECRET)],
                capabilities=Capabilities(currencies=frozenset({Currency.SYP}), max_minor=10**9),
            )
            approve = "http://sandbox/sandbox/intents/{}/approve"
            key = {"authorization": "Bearer key"}
            yield Harness(
                provider=provider,
                open=lambda: "P-1",
                pay=lambda reference: client.post(approve.format(reference), headers=key).raise_for_status(),  # type: ignore[arg-type, return-value]
                open_refund=lambda _: "F-1",
                pay_refund=lambda _: None,
            )
    app.state.sandbox.engine.dispose()


def cash_harness(tmp_path: Path) -> Iterator[Harness]:
    engine = open_database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    metadata.create_all(engine)
    provider = CashProvider(engine)
    exchange = Exchange(
        engine, [provider], clock=lambda: NOW, on_paid=lambda *_: None, on_refunded=lambda *_: None
    )
    fee = Fee(component="extract", beneficiary="civil-registry", amount=AMOUNT, refundable=True)

    def pay(reference: str) -> None:
        with engine.begin() as connection:
            exchange.receive_cash(connection, reference, counted=AMOUNT, actor="staff-7", office="damascus-1")

    def open_refund(reference: str) -> str:
        del reference
        with engine.begin() as connection:
            refund = exchange.open_refund(connection, "R-26-00000001", reason="refused")
        assert refund is not None
        return refund.id

    def pay_refund(reference: str) -> None:
        with engine.begin() as connection:
            exchange.pay_out_cash(connection, reference, actor="staff-7", office="damascus-1")

    yield Harness(
        provider=provider,
        open=lambda: exchange.pay("R-26-00000001", [fee], "cash").id,
        pay=pay,
        open_refund=open_refund,
        pay_refund=pay_refund,
    )
    engine.dispose()


def order(reference: str) -> IntentOrder:
    return IntentOrder(
        our_reference=reference,
        amount=AMOUNT,
        request_number="R-26-00000001",
        expires_at=NOW + timedelta(minutes=30),
    )


def test_an_intent_waits_then_is_paid(harness: Harness) -> None:
    reference = harness.open()
    first = harness.provider.create_intent(order(reference))
    again = harness.provider.create_intent(order(reference))
    harness.pay(reference)

    paid = harness.provider.sync_by_our_reference(reference)

    assert first == again
    assert first.state is SeenState.PENDING
    assert paid is not None
    assert (paid.state, paid.minor, paid.currency) == (SeenState.PAID, 100_00, "SYP")
    assert harness.provider.sync_by_our_reference(reference) == paid


def test_what_was_never_received_is_none(harness: Harness) -> None:
    assert harness.provider.sync_by_our_reference("P-never") is None
    assert harness.provider.sync_refund("F-never") is None


def test_a_refund_is_given_once(harness: Harness) -> None:
    reference = harness.open()
    harness.provider.create_intent(order(reference))
    harness.pay(reference)
    refund_reference = harness.open_refund(reference)
    ordered = RefundOrder(our_reference=refund_reference, intent_reference=reference, amount=AMOUNT)

    first = harness.provider.refund(ordered)
    again = harness.provider.refund(ordered)
    harness.pay_refund(refund_reference)
    done = harness.provider.sync_refund(refund_reference)

    assert first == again
    assert done is not None
    assert (done.state, done.minor, done.currency) == (SeenState.PAID, 100_00, "SYP")
    lines = harness.provider.fetch_statement(date(2026, 11, 22))
    assert [(line.kind, line.our_reference, line.minor) for line in lines] == [
        (StatementKind.PAYMENT, reference, 100_00),
        (StatementKind.REFUND, refund_reference, 100_00),
    ]


def test_a_day_without_movements_has_an_empty_statement(harness: Harness) -> None:
    assert harness.provider.fetch_statement(date(2026, 11, 21)) == ()


def test_an_unsigned_webhook_is_refused(harness: Harness) -> None:
    with pytest.raises(WebhookRefused):
        harness.provider.parse_webhook({}, b'{"data": {"reference": "P-1"}}', at=NOW)


def test_it_says_what_it_can_do(harness: Harness) -> None:
    capabilities = harness.provider.capabilities

    assert Currency.SYP in capabilities.currencies
    assert capabilities.max_minor > 0
    assert capabilities.step_minor > 0
    assert capabilities.time_to_pay > timedelta()
