"""What a provider may answer, and what we make of it: a strict reading, and doubt where it cannot be read."""

import json
from datetime import date
from typing import Any

import httpx
import pytest

from issuance.money import Currency, Money
from issuance.payments.electronic import ElectronicProvider
from issuance.payments.errors import ProviderRefused, ProviderUnavailable
from issuance.payments.provider import Capabilities, RefundOrder, SeenState

GOOD = {"reference": "P-1", "id": "in_1", "state": "pending", "amount": {"minor": 5, "currency": "SYP"}}
CAPABILITIES = Capabilities(currencies=frozenset({Currency.SYP}), max_minor=1000)


def provider(status: int, body: Any) -> ElectronicProvider:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, content=content)))
    return ElectronicProvider(
        name="bank",
        client=client,
        base_url="http://b",
        api_key="k",
        webhook_keys=(),
        capabilities=CAPABILITIES,
    )


def test_an_answer_is_read() -> None:
    seen = provider(200, {**GOOD, "pay_url": "https://bank.example/p/1", "more": []}).sync_by_our_reference(
        "P-1"
    )

    assert seen is not None
    assert (seen.state, seen.minor, seen.currency) == (SeenState.PENDING, 5, "SYP")
    assert seen.pay_url == "https://bank.example/p/1"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"[" * 100_000, id="a nest"),
        pytest.param([], id="a list"),
        pytest.param({}, id="no fields"),
        pytest.param({**GOOD, "reference": "P-2"}, id="about another reference"),
        pytest.param({**GOOD, "state": "settled"}, id="a state we do not know"),
        pytest.param({**GOOD, "state": ["paid"]}, id="a state that is a list"),
        pytest.param({**GOOD, "amount": 5}, id="an amount without a currency"),
        pytest.param({**GOOD, "amount": {"minor": 5.0, "currency": "SYP"}}, id="a float"),
        pytest.param({**GOOD, "amount": {"minor": True, "currency": "SYP"}}, id="a boolean"),
        pytest.param({**GOOD, "amount": {"minor": -5, "currency": "SYP"}}, id="a negative amount"),
        pytest.param({**GOOD, "amount": {"minor": 2**63, "currency": "SYP"}}, id="beyond a column"),
        pytest.param({**GOOD, "amount": {"minor": 5, "currency": "S" * 17}}, id="a currency that is none"),
        pytest.param({**GOOD, "id": "x" * 121}, id="an id beyond a column"),
        pytest.param({**GOOD, "pay_url": "javascript:alert(1)"}, id="an address that is a script"),
        pytest.param({**GOOD, "pay_url": "https://b/\n"}, id="an address with a line end"),
    ],
)
def test_what_cannot_be_read_is_no_answer(body: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        provider(200, body).sync_by_our_reference("P-1")


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504])
def test_only_a_definite_no_is_a_refusal(status: int) -> None:
    """401 and 403 are our own misconfiguration; a bare 404 may be a proxy's."""
    with pytest.raises(ProviderUnavailable):
        provider(status, GOOD).refund(order())


@pytest.mark.parametrize("status", [400, 409, 410, 422])
def test_a_definite_no(status: int) -> None:
    with pytest.raises(ProviderRefused):
        provider(status, b"").refund(order())


def test_never_received_is_said_in_the_protocols_words() -> None:
    assert provider(404, {"code": "reference-unknown"}).sync_by_our_reference("P-1") is None
    with pytest.raises(ProviderUnavailable):
        provider(404, {"detail": "Not Found"}).sync_by_our_reference("P-1")


@pytest.mark.parametrize(
    "lines",
    [None, [1], [{}], [{**GOOD, "kind": "gift", "at": "2026-11-22T09:00:00Z"}],
     [{**GOOD, "kind": "payment", "at": "2026-11-22T09:00:00"}]],
)  # fmt: skip
def test_a_statement_that_cannot_be_read_is_no_answer(lines: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        provider(200, {"lines": lines}).fetch_statement(date(2026, 11, 22))


def order() -> RefundOrder:
    amount = Money(minor=5, currency=Currency.SYP)
    return RefundOrder(our_reference="F-1", intent_reference="P-1", amount=amount)
