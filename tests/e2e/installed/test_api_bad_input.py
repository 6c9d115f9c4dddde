"""Bad input: a clear error in Arabic and in English, and nothing changed by it."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from installed_service import IDENTITY_PAGE, Town

from issuance.catalogue.models import DocumentKind
from issuance.identity.permissions import Role
from issuance.payments.sandbox.faults import Fault
from issuance.payments.webhooks import parse_secret, sign_webhook
from issuance.requests.lifecycle import State
from issuance.requests.opening import MAX_ATTACHMENT_BYTES

_ARABIC = re.compile("[\u0600-\u06ff]")


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, as it must be: both languages, each in its own letters."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    for member in ("title", "detail"):
        assert _ARABIC.search(problem[f"{member}_ar"]), problem
        assert not _ARABIC.search(problem[f"{member}_en"]), problem
        language = answer.headers["Content-Language"]
        assert problem[member] == problem[f"{member}_{language}"]
    assert "…" not in problem["detail_en"], "a sentence with a hole"
    assert answer.headers["X-Request-Id"] == problem["request_id"]
    return problem


def _open(town: Town, **changes: Any) -> httpx.Response:
    case = town.case()
    return town.ask("POST", "/requests", token=town.citizen(case.applicant), json=town.wish(case, **changes))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        pytest.param({"service": "passport"}, 404, "unknown-service", id="a service nobody offers"),
        pytest.param({"service": "../birth"}, 404, "unknown-service", id="a service that is a path"),
        pytest.param({"subject": "9901000001"}, 422, "invalid-national-number", id="ten digits"),
        pytest.param({"subject": "9901000001x"}, 422, "invalid-national-number", id="a letter in it"),
        pytest.param({"subject": ""}, 422, "invalid-national-number", id="no number"),
        pytest.param({"applicant": "99010000017"}, 403, "not-in-your-name", id="in another's name"),
        pytest.param({"channel": "telepathy"}, 422, "fields-not-valid", id="a channel there is not"),
        pytest.param({"delivery": "pigeon"}, 422, "fields-not-valid", id="a delivery there is not"),
        pytest.param({"contact": "call me"}, 422, "fields-not-valid", id="no telephone number"),
        pytest.param({"price": 0}, 422, "fields-not-valid", id="a field we do not know"),
        pytest.param({"subject": None}, 422, "fields-not-valid", id="a field left out"),
        pytest.param({"purpose": {"en": "for travel"}}, 422, "fields-not-valid", id="without Arabic"),
    ],
)
def test_a_wish_that_cannot_be(town: Town, changes: dict[str, Any], status: int, code: str) -> None:
    refused(_open(town, **changes), status, code)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param("للسفر \U0001f6eb", "unrenderable-text", id="a picture no font of ours draws"),
        pytest.param("\u202e\u200f", "fields-not-valid", id="nothing but marks"),
        pytest.param("للسفر\u0000", "unrenderable-text", id="a control character"),
        pytest.param("   ", "fields-not-valid", id="nothing but spaces"),
        pytest.param("\ud83d", "fields-not-valid", id="half a character"),
    ],
)
def test_a_purpose_that_cannot_be_printed_is_refused_before_anybody_pays(
    town: Town, words: str, code: str
) -> None:
    case = town.case()
    body = json.dumps(town.wish(case, purpose={"ar": words, "en": "for travel"}))
    answer = town.ask(
        "POST",
        "/requests",
        token=town.citizen(case.applicant),
        content=body,
        headers={"Content-Type": "application/json"},
    )
    refused(answer, 422, code)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("\u200fللسفر\u200f", "للسفر"),
        ("\u2067للسفر\u2069\u202e", "للسفر"),
        (" للسفر إلى الخارج\n", "للسفر إلى الخارج"),
        ("ا\u0654مر", "أمر"),
        ("السفر می\u200cروم", "السفر می\u200cروم"),
        ("Reise nach Köln\u00a05", "Reise nach Köln\u00a05"),
    ],
    ids=ascii,
)
def test_a_purpose_as_people_paste_it_is_printed(town: Town, words: str, kept: str) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant), purpose={"ar": words, "en": "for travel"})
    assert town.get(f"/requests/{held.request}", held.token)["purpose"]["ar"] == kept
    assert town.verify("--seal", held.seal_text).code == 0


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "body-not-readable", id="half of JSON"),
        pytest.param(b"\xff\xfe", "application/json", 400, "body-not-readable", id="no text at all"),
        pytest.param(b"[" * 50, "application/json", 400, "body-too-deep", id="fifty levels deep"),
        pytest.param(b"[]", "application/json", 422, "fields-not-valid", id="a list"),
        pytest.param(b"{}", "", 415, "media-type-not-supported", id="no content type"),
        pytest.param(b'{"a":"' + b"x" * 300_000, "application/json", 413, "body-too-large", id="too much"),
    ],
)
def test_a_body_that_is_not_one(town: Town, content: bytes, media_type: str, status: int, code: str) -> None:
    token = town.citizen(town.case().applicant)
    headers = {"Content-Type": media_type} if media_type else {}
    refused(town.ask("POST", "/requests", token=token, content=content, headers=headers), status, code)


def test_an_error_comes_in_the_language_that_was_asked_for(town: Town) -> None:
    token = town.citizen(town.case().applicant)
    for asked, expected in (("ar-SY,en;q=0.5", "ar"), ("en", "en"), ("de", "ar"), ("", "ar")):
        answer = town.ask("GET", "/requests/nothing", token=token, headers={"Accept-Language": asked})
        assert answer.headers["Content-Language"] == expected, asked
        refused(answer, 422, "request-number-malformed")


def test_nobody_gets_a_strangers_record(town: Town) -> None:
    case = town.samples.stranger
    token = town.citizen(case.applicant)
    number = town.draft(case, token)

    refused(town.ask("POST", f"/requests/{number}/submission", token=token, json={}), 403, "not-kin")

    assert town.state(number) is State.DRAFT
    pay = town.ask("POST", f"/requests/{number}/payments", token=token, json={"provider": "cash"})
    refused(pay, 409, "transition-refused")


def test_a_person_whom_the_register_does_not_know_is_nobodys_kin(town: Town) -> None:
    case = town.case()
    clerk, citizen = town.staff(Role.CLERK), town.citizen(case.applicant)
    for token, wish in (
        (citizen, town.wish(case, subject="99999999999")),
        (clerk, town.wish(case, applicant="99999999999", channel="desk")),
    ):
        number = town.post("/requests", token, wish, expect=201)["number"]
        answer = town.ask(
            "POST",
            f"/requests/{number}/submission",
            token=token,
            json={"seen": ["identity"]},
        )
        refused(answer, 403, "not-kin")
    unknown = {"national_number": "99999999999", "phone": town.new_phone()}
    refused(town.ask("POST", "/citizens", token=clerk, json=unknown), 404, "person-unknown")


def test_a_missing_document_is_named_in_both_languages(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.post("/requests", token, town.wish(case), expect=201)["number"]

    for seen in ([], ["identity"]):  # a citizen's word that somebody saw it has no meaning
        answer = town.ask("POST", f"/requests/{number}/submission", token=token, json={"seen": seen})
        problem = refused(answer, 422, "attachments-missing")
        assert "identity card" in problem["detail_en"]
        assert "الهوية" in problem["detail_ar"]


def test_a_clerk_cannot_have_seen_what_nobody_asks_for(town: Town) -> None:
    case, clerk = town.case(), town.staff(Role.CLERK)
    number = town.post("/requests", clerk, town.wish(case, channel="desk"), expect=201)["number"]
    body = {"seen": ["identity", "a letter of the mayor"]}
    refused(
        town.ask("POST", f"/requests/{number}/submission", token=clerk, json=body),
        422,
        "attachment-unknown",
    )


def test_one_of_several_marriages_must_be_named(town: Town) -> None:
    case = town.samples.several_marriages
    token = town.citizen(case.applicant)
    number = town.draft(case, token)
    answer = town.ask("POST", f"/requests/{number}/submission", token=token, json={})
    problem = refused(answer, 422, "event-needed")

    events = problem["detail_en"].rpartition(": ")[2].split(", ")
    assert len(events) > 1
    held = town.delivered(case, token, event_registration=events[0])
    assert held.pdf


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        pytest.param(b"", 422, "attachment-refused", id="empty"),
        pytest.param(b"MZ a program", 422, "attachment-refused", id="a program"),
        pytest.param(b"<html>", 422, "attachment-refused", id="a web page"),
        pytest.param(
            b"%PDF-" + bytes(MAX_ATTACHMENT_BYTES - 4), 422, "attachment-refused", id="a byte too long"
        ),
        pytest.param(b"%PDF-" + bytes(MAX_ATTACHMENT_BYTES + 2048), 413, "body-too-large", id="far too long"),
    ],
)
def test_an_upload_that_is_not_taken(town: Town, content: bytes, status: int, code: str) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.post("/requests", token, town.wish(case), expect=201)["number"]

    refused(town.hand_in(number, token, content), status, code)

    assert town.get(f"/requests/{number}", token)["attachments"] == []


def test_an_upload_without_a_length_is_counted_while_it_comes(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.post("/requests", token, town.wish(case), expect=201)["number"]
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b"%PDF-"
        while sent < 100 * 1024 * 1024:
            sent += 64 * 1024
            yield bytes(64 * 1024)

    answer = town.ask("PUT", f"/requests/{number}/attachments/identity", token=token, content=endless())

    refused(answer, 413, "body-too-large")
    assert sent < 2 * MAX_ATTACHMENT_BYTES


def test_an_upload_under_another_name_or_too_late(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    refused(town.hand_in(number, token), 409, "transition-refused")
    draft = town.draft(case, token)
    for name in ("passport", "..%2F..%2Fkeys"):
        path = f"/requests/{draft}/attachments/{name}"
        answer = town.ask("PUT", path, token=token, content=IDENTITY_PAGE)
        assert answer.status_code in {404, 405, 422}, name
        refused(answer, answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        pytest.param({"minor": -3500, "currency": "SYP"}, "fields-not-valid", id="negative"),
        pytest.param({"minor": 0, "currency": "SYP"}, "fields-not-valid", id="nought"),
        pytest.param({"minor": 3500.0, "currency": "SYP"}, "fields-not-valid", id="a fraction"),
        pytest.param({"minor": "3500", "currency": "SYP"}, "fields-not-valid", id="text"),
        pytest.param({"minor": True, "currency": "SYP"}, "fields-not-valid", id="true"),
        pytest.param({"minor": 10**30, "currency": "SYP"}, "fields-not-valid", id="all the money there is"),
        pytest.param({"minor": 3500, "currency": "XAU"}, "fields-not-valid", id="gold"),
        pytest.param({"minor": 3500, "currency": "USD"}, "cash-amount-wrong", id="dollars"),
        pytest.param({"minor": 3500, "currency": "SYP-OLD"}, "cash-amount-wrong", id="old liras"),
        pytest.param({"minor": 3499, "currency": "SYP"}, "cash-amount-wrong", id="too little"),
        pytest.param({"minor": 3501, "currency": "SYP"}, "cash-amount-wrong", id="too much"),
    ],
)
def test_cash_that_is_not_the_amount_asked(town: Town, amount: dict[str, Any], code: str) -> None:
    case, clerk = town.case(), town.staff(Role.CLERK)
    number = town.submitted(case, town.citizen(case.applicant))
    payment = town.post(f"/requests/{number}/payments", clerk, {"provider": "cash"}, expect=201)
    assert payment["amount"] == {"minor": 3500, "currency": "SYP"}
    path = f"/requests/{number}/payments/{payment['id']}/cash-receipt"

    refused(town.ask("POST", path, token=clerk, json={"amount": amount}), 422, code)

    assert town.state(number) is State.AWAITING_PAYMENT


@pytest.mark.parametrize("fault", [Fault.WRONG_AMOUNT, Fault.WRONG_CURRENCY])
def test_a_provider_that_collects_something_else_pays_for_nothing(town: Town, fault: Fault) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    path = f"/requests/{number}/payments"
    payment = town.post(path, token, {"provider": "e-payments"}, expect=201)
    town.fault(fault)
    town.payer_decides(payment["pay_url"])
    town.deliver_webhooks()

    (payment,) = town.get(path, token)["items"]
    assert (payment["state"], payment["dispute"]) == ("disputed", fault.value)
    assert town.state(number) is State.AWAITING_PAYMENT


def test_a_way_of_paying_there_is_not(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    path = f"/requests/{number}/payments"
    refused(town.ask("POST", path, token=token, json={"provider": "gold"}), 404, "payment-provider-unknown")
    refused(town.ask("POST", path, token=token, json={"provider": "CASH!"}), 422, "fields-not-valid")
    other = town.submitted(case, token)
    mine = town.post(f"/requests/{other}/payments", token, {"provider": "cash"}, expect=201)
    refused(town.ask("GET", f"{path}/{mine['id']}", token=token), 404, "payment-not-found")


class TestWebhooks:
    """Forged, stale, replayed, garbled: a webhook is never believed, only followed by a question."""

    @pytest.fixture
    def unpaid(self, town: Town) -> dict[str, Any]:
        case = town.case()
        token = town.citizen(case.applicant)
        number = town.submitted(case, token)
        payment: dict[str, Any] = town.post(
            f"/requests/{number}/payments", token, {"provider": "e-payments"}, expect=201
        )
        return payment

    def _send(self, town: Town, body: bytes, headers: dict[str, str], provider: str = "e-payments") -> Any:
        headers = {"Content-Type": "application/json", **headers}
        return town.ask("POST", f"/webhooks/payments/{provider}", content=body, headers=headers)

    def _body(self, reference: str) -> bytes:
        return json.dumps({"type": "payment.updated", "data": {"reference": reference}}).encode()

    def _signed(self, town: Town, body: bytes, *, name: str = "msg_1", age: float = 0) -> dict[str, str]:
        keys = [parse_secret(town.webhook_secret)]
        return sign_webhook(name, body, keys=keys, at=town.clock() - timedelta(seconds=age))

    def test_forged(self, town: Town, unpaid: dict[str, Any]) -> None:
        body = self._body(unpaid["id"])
        forged = sign_webhook("msg_2", body, keys=[b"some other key of 24 bytes.."], at=town.clock())
        for headers in ({}, forged, {**self._signed(town, body), "webhook-id": "msg_3"}):
            refused(self._send(town, body, headers), 401, "webhook-refused")
        tampered = self._signed(town, self._body("P-other"))
        refused(self._send(town, body, tampered), 401, "webhook-refused")
        assert town.state(unpaid["request_number"]) is State.AWAITING_PAYMENT

    @pytest.mark.parametrize("age", [301, -301], ids=["too old", "from the future"])
    def test_at_the_wrong_time(self, town: Town, unpaid: dict[str, Any], age: float) -> None:
        body = self._body(unpaid["id"])
        refused(self._send(town, body, self._signed(town, body, age=age)), 401, "webhook-refused")

    def test_genuine_and_yet_the_provider_says_otherwise(self, town: Town, unpaid: dict[str, Any]) -> None:
        body = self._body(unpaid["id"])
        answer = self._send(town, body, self._signed(town, body, name="msg_early"))
        assert answer.status_code == 204
        assert town.state(unpaid["request_number"]) is State.AWAITING_PAYMENT

    def test_replayed(self, town: Town, unpaid: dict[str, Any]) -> None:
        town.fault(Fault.DUPLICATE_WEBHOOK)
        town.payer_decides(unpaid["pay_url"])
        town.deliver_webhooks()
        kept = town.mailbox.kept[-1]
        for _ in range(3):
            assert self._send(town, kept.content, dict(kept.headers)).status_code == 204
        number = unpaid["request_number"]
        assert town.work(number) is State.DELIVERED
        with town.engine.connect() as connection:
            paid = "SELECT count(*) FROM request_events WHERE request_number = ? AND event = 'pay'"
            assert connection.exec_driver_sql(paid, (number,)).scalar() == 1

    def test_of_something_that_is_not_ours(self, town: Town) -> None:
        body = self._body("P-000000000000000000000000")
        assert self._send(town, body, self._signed(town, body, name="msg_stray")).status_code == 204

    def test_garbled(self, town: Town) -> None:
        for number, body in enumerate((b"", b"[]", b"{}", b'{"data":{"reference":7}}', b"[" * 20)):
            signed = self._signed(town, body, name=f"msg_garbled_{number}")
            refused(self._send(town, body, signed), 401, "webhook-refused")

    def test_too_long(self, town: Town) -> None:
        body = self._body("P" * 70_000)
        refused(self._send(town, body, self._signed(town, body)), 413, "body-too-large")

    def test_for_a_provider_there_is_not(self, town: Town) -> None:
        body = self._body("P-1")
        refused(self._send(town, body, {}, "nobody"), 404, "payment-provider-unknown")
        refused(self._send(town, body, {}, "cash"), 401, "webhook-refused")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"approve": False}, "reason-missing", id="no reason"),
        pytest.param(
            {"approve": False, "code": "no", "reason": {"ar": "لا"}}, "reason-missing", id="Arabic only"
        ),
        pytest.param(
            {"approve": False, "code": "No!", "reason": {"ar": "لا", "en": "no"}},
            "fields-not-valid",
            id="no code",
        ),
        pytest.param(
            {"approve": False, "code": "no-picture", "reason": {"ar": "لا \U0001f6eb", "en": "no"}},
            "unrenderable-text",
            id="a reason that cannot be printed",
        ),
    ],
)
def test_a_refusal_without_a_reason_is_none(town: Town, body: dict[str, Any], code: str) -> None:
    case, officer = town.case(DocumentKind.DIVORCE), town.staff(Role.OFFICER)
    number = town.paid(case, town.citizen(case.applicant))
    assert town.work(number) is State.AWAITING_DECISION

    refused(town.ask("POST", f"/requests/{number}/decision", token=officer, json=body), 422, code)

    assert town.state(number) is State.AWAITING_DECISION


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "today"])
def test_a_day_at_the_end_of_time_or_none_at_all(town: Town, day: str) -> None:
    answer = town.ask("GET", f"/ledger/statements/civil-registry/{day}", token=town.staff(Role.TREASURER))
    refused(answer, 422, "fields-not-valid")


def test_midnight_is_that_day(town: Town) -> None:
    path = "/ledger/statements/civil-registry/2026-11-22T00:00:00Z"
    assert town.get(path, town.staff(Role.TREASURER))["day"] == "2026-11-22"
