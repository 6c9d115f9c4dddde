"""Webhooks: the specification's vector, and what forged, stale and repeated ones can do (nothing)."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance.payments.errors import ProviderUnavailable, ProviderUnknown, WebhookRefused
from issuance.payments.models import PaymentState
from issuance.payments.sandbox.faults import Fault
from issuance.payments.webhooks import MAX_BODY_BYTES, parse_secret, sign_webhook, verify_webhook

# The example that Standard Webhooks and Svix publish with their libraries.
VECTOR_KEY = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
OTHER_KEY = b"another key, of thirty-two bytes"


def test_the_published_vector_verifies_and_is_what_we_sign() -> None:
    signed = sign_webhook(VECTOR_HEADERS["webhook-id"], VECTOR_BODY, keys=[VECTOR_KEY], at=VECTOR_AT)

    assert signed == VECTOR_HEADERS
    assert verify_webhook(VECTOR_HEADERS, VECTOR_BODY, keys=[VECTOR_KEY], at=VECTOR_AT)


def changed(name: str, value: str) -> dict[str, str]:
    return VECTOR_HEADERS | {name: value}


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        pytest.param(VECTOR_HEADERS, VECTOR_BODY + b" ", "forged", id="a space more"),
        pytest.param(changed("webhook-id", "msg_other"), VECTOR_BODY, "forged", id="another id"),
        pytest.param(changed("webhook-timestamp", "1614265331"), VECTOR_BODY, "forged", id="another time"),
        pytest.param(
            changed("webhook-signature", "v1,AAAA"), VECTOR_BODY, "forged", id="a made-up signature"
        ),
        pytest.param(changed("webhook-signature", "v1,%%%"), VECTOR_BODY, "forged", id="no base64"),
        pytest.param(changed("webhook-signature", "v1,é"), VECTOR_BODY, "forged", id="no ASCII"),
        pytest.param(changed("webhook-signature", ""), VECTOR_BODY, "forged", id="no signature"),
        pytest.param(
            changed("webhook-signature", VECTOR_HEADERS["webhook-signature"].replace("v1,", "v2,")),
            VECTOR_BODY,
            "forged",
            id="of a version we do not know",
        ),
        pytest.param(changed("webhook-id", "a.b"), VECTOR_BODY, "malformed", id="an id with a full stop"),
        pytest.param(
            changed("webhook-timestamp", "١٦١٤٢٦٥٣٣٠"), VECTOR_BODY, "malformed", id="Arabic digits"
        ),
        pytest.param(changed("webhook-timestamp", "-1"), VECTOR_BODY, "malformed", id="a negative time"),
        pytest.param({}, VECTOR_BODY, "malformed", id="no headers"),
        pytest.param(VECTOR_HEADERS, b"x" * (MAX_BODY_BYTES + 1), "malformed", id="too large"),
    ],
)
def test_what_was_not_signed_is_refused(headers: dict[str, str], body: bytes, reason: str) -> None:
    with pytest.raises(WebhookRefused) as refused:
        verify_webhook(headers, body, keys=[VECTOR_KEY], at=VECTOR_AT)

    assert refused.value.facts == {"reason": reason}


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)]
)
def test_the_window_is_five_minutes_both_ways(seconds: int, taken: bool) -> None:  # noqa: FBT001  (a table)
    at = VECTOR_AT + timedelta(seconds=seconds)
    try:
        verify_webhook(VECTOR_HEADERS, VECTOR_BODY, keys=[VECTOR_KEY], at=at)
    except WebhookRefused:
        assert not taken
    else:
        assert taken


def test_while_secrets_rotate_either_side_may_be_ahead() -> None:
    both = sign_webhook("msg_1", b"{}", keys=[OTHER_KEY, VECTOR_KEY], at=VECTOR_AT)
    new = sign_webhook("msg_1", b"{}", keys=[VECTOR_KEY], at=VECTOR_AT)

    assert verify_webhook(both, b"{}", keys=[VECTOR_KEY], at=VECTOR_AT) == "msg_1"
    assert verify_webhook(new, b"{}", keys=[OTHER_KEY, VECTOR_KEY], at=VECTOR_AT) == "msg_1"


@given(body=st.binary(max_size=200), flipped=st.integers(0), key=st.binary(min_size=24, max_size=64))
def test_any_changed_byte_is_noticed(body: bytes, flipped: int, key: bytes) -> None:
    headers = sign_webhook("msg_1", body, keys=[key], at=VECTOR_AT)
    verify_webhook(headers, body, keys=[key], at=VECTOR_AT)
    if body:
        changed_body = bytearray(body)
        changed_body[flipped % len(body)] ^= 1 + flipped % 255
        with pytest.raises(WebhookRefused):
            verify_webhook(headers, bytes(changed_body), keys=[key], at=VECTOR_AT)


@pytest.mark.parametrize("text", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_%%%"])
def test_a_secret_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"whsec_|24 to 64|base64"):
        parse_secret(text)


def connect(town: Any, mailbox: Any) -> None:
    """Let the sandbox's webhooks reach the service, as its HTTP route would."""

    def deliver(request: httpx.Request) -> int:
        try:
            town.exchange.receive_webhook("sandbox", dict(request.headers), request.content)
        except WebhookRefused:
            return 401
        except ProviderUnavailable:
            return 503
        return 204

    mailbox.deliver = deliver


def test_a_webhook_leads_to_a_paid_request(town: Any, mailbox: Any) -> None:
    connect(town, mailbox)
    payment = town.pay()
    town.payer(payment, "approve")

    assert town.sandbox.courier.deliver_due() == 1

    assert town.exchange.load(payment.id).state is PaymentState.PAID
    assert town.paid == ["R-26-00000001"]


def test_duplicates_and_replays_have_one_effect(town: Any, mailbox: Any) -> None:
    connect(town, mailbox)
    payment = town.pay()
    town.fault(Fault.DUPLICATE_WEBHOOK)
    town.payer(payment, "approve")

    town.sandbox.courier.deliver_due()
    calls = list(town.wire.calls)
    replayed = mailbox.received[0]
    town.exchange.receive_webhook("sandbox", dict(replayed.headers), replayed.content)

    assert len(mailbox.received) == 3
    assert len({request.headers["webhook-id"] for request in mailbox.received}) == 1
    assert town.paid == ["R-26-00000001"]
    assert town.wire.calls == calls  # a replay does not even make us ask
    assert town.discrepancies() == ()


def test_a_replay_does_not_even_make_us_ask(town: Any) -> None:
    """The payment is still pending, so a new webhook would lead to a question."""
    body = json.dumps({"type": "payment.updated", "data": {"reference": town.pay().id}}).encode()
    keys = [parse_secret(town_secret())]
    for webhook_id, asked in (("msg_1", 1), ("msg_1", 1), ("msg_2", 2)):
        headers = sign_webhook(webhook_id, body, keys=keys, at=town.now)
        town.exchange.receive_webhook("sandbox", headers, body)

        assert len([call for call in town.wire.calls if call.startswith("GET")]) == asked


@pytest.mark.parametrize("fault", [Fault.FORGED_WEBHOOK, Fault.STALE_WEBHOOK])
def test_a_forged_or_stale_webhook_leaves_no_effect(town: Any, mailbox: Any, fault: Fault) -> None:
    connect(town, mailbox)
    payment = town.pay()
    town.fault(fault)
    town.payer(payment, "approve")
    calls = list(town.wire.calls)

    assert town.sandbox.courier.deliver_due() == 0

    assert town.exchange.load(payment.id) == payment
    assert town.wire.calls == calls
    assert stored_webhooks(town) == 0


def test_a_genuine_webhook_that_lies_is_not_believed(town: Any) -> None:
    """Signed with the provider's own key, saying "paid" of what nobody paid."""
    payment = town.pay()
    body = json.dumps(
        {
            "type": "payment.updated",
            "data": {"reference": payment.id, "state": "paid", "amount": {"minor": 1}},
        }
    ).encode()
    headers = sign_webhook("msg_lie", body, keys=[parse_secret(town_secret())], at=town.now)

    town.exchange.receive_webhook("sandbox", headers, body)

    assert town.exchange.load(payment.id).state is PaymentState.PENDING
    assert town.paid == []


def test_a_webhook_of_somebody_elses_payment_is_remembered_and_ignored(town: Any, fees: Any) -> None:
    cash = town.pay("cash", fees)
    for number, reference in enumerate((cash.id, "P-never-heard-of")):
        body = json.dumps({"type": "payment.updated", "data": {"reference": reference}}).encode()
        headers = sign_webhook(f"msg_{number}", body, keys=[parse_secret(town_secret())], at=town.now)
        town.exchange.receive_webhook("sandbox", headers, body)

    assert town.exchange.load(cash.id) == cash
    assert town.wire.calls == []
    assert stored_webhooks(town) == 2


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data": 1}', b'{"data": {"reference": "../x"}}', b"[" * 9999]
)
def test_a_signed_webhook_that_cannot_be_read_is_refused(town: Any, body: bytes) -> None:
    headers = sign_webhook("msg_1", body, keys=[parse_secret(town_secret())], at=town.now)

    with pytest.raises(WebhookRefused):
        town.exchange.receive_webhook("sandbox", headers, body)


def test_a_webhook_whose_sync_failed_is_handled_when_it_comes_again(town: Any, mailbox: Any) -> None:
    connect(town, mailbox)
    payment = town.pay()
    town.payer(payment, "approve")
    town.wire.break_before = 1

    assert town.sandbox.courier.deliver_due() == 0
    town.wait(seconds=6)
    assert town.sandbox.courier.deliver_due() == 1

    assert [request.headers["webhook-id"] for request in mailbox.received] == [
        mailbox.received[0].headers["webhook-id"]
    ] * 2
    assert town.exchange.load(payment.id).state is PaymentState.PAID


def test_without_a_webhook_the_rounds_find_the_payment(town: Any, mailbox: Any) -> None:
    connect(town, mailbox)
    payment = town.pay()
    town.fault(Fault.NO_WEBHOOK)
    town.payer(payment, "approve")
    town.sandbox.courier.deliver_due()
    town.wait(minutes=2)

    town.exchange.resolve_unfinished(older_than=timedelta(minutes=1))

    assert mailbox.received == []
    assert town.exchange.load(payment.id).state is PaymentState.PAID


def test_a_delayed_webhook_comes_in_its_time(town: Any, mailbox: Any) -> None:
    connect(town, mailbox)
    payment = town.pay()
    town.fault(Fault.DELAYED_WEBHOOK)
    town.payer(payment, "approve")

    assert town.sandbox.courier.deliver_due() == 0
    town.wait(minutes=10)
    assert town.sandbox.courier.deliver_due() == 1


def test_a_webhook_that_is_never_taken_is_given_up(town: Any, mailbox: Any) -> None:
    mailbox.deliver = lambda _: 500
    town.payer(town.pay(), "approve")

    for _ in range(20):
        town.sandbox.courier.deliver_due()
        town.wait(days=1)

    assert len(mailbox.received) == 10


def test_cash_and_unknown_providers_take_no_webhooks(town: Any) -> None:
    headers = sign_webhook("msg_1", b"{}", keys=[VECTOR_KEY], at=town.now)

    with pytest.raises(WebhookRefused):
        town.exchange.receive_webhook("cash", headers, b"{}")
    with pytest.raises(ProviderUnknown):
        town.exchange.receive_webhook("paypal", headers, b"{}")


def stored_webhooks(town: Any) -> int:
    with town.engine.begin() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM payment_webhooks").scalar_one())


def town_secret() -> str:
    return "whsec_" + base64.b64encode(b"a key of the sandbox provider..").decode()
