"""Whole ways through the service, as citizens, clerks and officers walk them over HTTP."""

import json
import re
from io import BytesIO
from typing import Any

import pytest
from installed_service import CIVIL, Town
from pypdf import PdfReader

from issuance.catalogue.models import DocumentKind
from issuance.demo.judging import read_seal
from issuance.identity.permissions import Role
from issuance.payments.sandbox.faults import Fault
from issuance.requests.lifecycle import State


def test_a_citizen_signs_in_by_code_pays_and_holds_a_genuine_extract(town: Town) -> None:
    case, phone, address = town.case(DocumentKind.INDIVIDUAL_EXTRACT), town.new_phone(), town.new_address()
    person = {"national_number": case.applicant, "phone": phone}
    town.post("/citizens", town.staff(Role.CLERK), person, expect=201)
    challenge = town.ask("POST", "/sign-in/codes", json=person, address=address).json()["challenge"]
    code = re.findall(r"code: ([0-9]{6})", town.messages(containing="Wathiqa sign-in")[-1])[0]
    session = town.ask(
        "POST", "/sign-in/code", json={"challenge": challenge, "code": code}, address=address
    ).json()
    token = session["access_token"]

    opened = town.ask("POST", "/requests", token=token, json=town.wish(case, contact=phone))
    number = opened.json()["number"]
    assert opened.headers["Location"] == f"/requests/{number}"
    assert town.hand_in(number, token).status_code == 204
    submitted = town.post(f"/requests/{number}/submission", token)
    assert submitted["state"] == "awaiting-payment"
    payment = town.post(f"/requests/{number}/payments", token, {"provider": "e-payments"}, expect=201)
    assert payment["amount"]["minor"] == sum(fee["minor"] for fee in submitted["fees"])
    town.payer_decides(payment["pay_url"])
    assert town.state(number) is State.AWAITING_PAYMENT  # until the provider's word has come
    assert town.deliver_webhooks() >= 1
    assert town.state(number) is State.FETCHING_RECORD
    assert town.work(number) is State.DELIVERED

    pdf = town.ask("GET", town.link(number))
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.headers["Content-Disposition"].startswith('attachment; filename="individual-extract-')
    seal = read_seal(pdf.content)
    assert seal is not None
    file = town.layout.root / "received.pdf"
    file.write_bytes(pdf.content)
    verdicts = town.verify(str(file), "--seal", seal, "--json")
    assert verdicts.code == 0, verdicts.out
    assert {report["verdict"] for report in map(json.loads, verdicts.out.splitlines())} == {"genuine"}

    steps = [step["event"] for step in town.get(f"/requests/{number}", token)["timeline"]]
    assert steps == [
        "open",
        "submit",
        "pay",
        "record-found",
        "approve",
        "intend",
        "seal",
        "release",
        "deliver",
    ]
    town.ask("DELETE", "/session", token=token)
    assert town.ask("GET", f"/requests/{number}", token=token).status_code == 401


def test_a_father_gets_his_childs_birth_record_because_the_register_proves_it(town: Town) -> None:
    case = town.case(DocumentKind.BIRTH)
    assert case.applicant != case.subject
    held = town.delivered(case, town.citizen(case.applicant))
    record = json.loads(_attached(held.pdf))

    assert record["record"]["child"]["national_number"] == case.subject
    assert record["record"]["father"]["national_number"] == case.applicant
    submission = town.get(f"/requests/{held.request}", held.token)["timeline"][1]
    assert submission["facts"]["relation"] == "parent"


def test_a_clerk_serves_a_person_at_the_desk_takes_cash_and_hands_the_paper_over(town: Town) -> None:
    case, clerk = town.case(DocumentKind.DEATH), town.staff(Role.CLERK)
    wish = town.wish(case, channel="desk", delivery="pickup", contact=None)
    number = town.post("/requests", clerk, wish, expect=201)["number"]
    town.post(f"/requests/{number}/submission", clerk, {"seen": ["identity"]})
    payment = town.post(f"/requests/{number}/payments", clerk, {"provider": "cash"}, expect=201)
    receipt_path = f"/requests/{number}/payments/{payment['id']}/cash-receipt"

    receipt = town.post(receipt_path, clerk, {"amount": payment["amount"]}, expect=201)
    again = town.post(receipt_path, clerk, {"amount": payment["amount"]}, expect=201)

    assert receipt["number"].startswith("damascus-1/2026/")
    assert again == receipt
    assert town.work(number) is State.DELIVERED
    held = town.holds(case, number, clerk)
    handed = {"receiver": "ولد المتوفى", "proof": "بطاقة شخصية"}
    assert town.post(f"/documents/{held.number}/hand-over", clerk, handed)["state"] == "released"
    trail = town.get(f"/audit/entries?object_kind=document&object_id={held.number}", town.staff(Role.AUDITOR))
    assert "document.hand-over" in {entry["action"] for entry in trail["items"]}
    assert town.messages(containing=number) == []  # nobody asked for a link


def test_an_officer_approves_a_divorce_record(town: Town) -> None:
    case = town.case(DocumentKind.DIVORCE)
    token, officer = town.citizen(case.applicant), town.staff(Role.OFFICER)
    number = town.paid(case, token)
    assert town.work(number) is State.AWAITING_DECISION
    waiting = town.get("/requests?state=awaiting-decision", officer)["items"]
    assert number in {request["number"] for request in waiting}

    town.post(f"/requests/{number}/decision", officer, {"approve": True})

    assert town.work(number) is State.DELIVERED


def test_an_officer_refuses_and_the_applicant_gets_a_sealed_notice_and_the_money_back(town: Town) -> None:
    case = town.case(DocumentKind.DIVORCE)
    token, officer = town.citizen(case.applicant), town.staff(Role.OFFICER)
    number = town.paid(case, token)
    town.work(number)
    reason = {"ar": "الصورة المرفقة غير مقروءة.", "en": "The attached copy cannot be read."}
    town.post(
        f"/requests/{number}/decision",
        officer,
        {"approve": False, "code": "unreadable-copy", "reason": reason},
    )

    assert town.work(number) is State.REFUSED
    request = town.get(f"/requests/{number}", token)
    assert request["refusal"] == {"code": "unreadable-copy", **reason}
    held = town.holds(case, number, token)
    notice = json.loads(_attached(held.pdf))
    assert notice["kind"] == "refusal-notice"
    kept = sum(fee["minor"] for fee in request["fees"] if "refusal" not in fee["refundable_on"])
    (payment,) = town.get(f"/requests/{number}/payments", token)["items"]
    (refund,) = payment["refunds"]
    assert (refund["state"], refund["amount"]["minor"]) == ("refunded", payment["amount"]["minor"] - kept)
    assert notice["record"]["refund"] == refund["amount"]
    assert town.verify("--seal", held.seal_text).code == 0
    assert town.ask("GET", town.link(number)).content == held.pdf


def test_a_divorce_that_still_awaits_a_paper_is_refused_without_an_officer(town: Town) -> None:
    case = town.unfinished_divorce()
    token = town.citizen(case.applicant)
    number = town.paid(case, token)

    assert town.work(number) is State.REFUSED
    refusal = town.get(f"/requests/{number}", token)["refusal"]
    assert refusal["ar"]
    assert refusal["en"]


def test_a_cash_refund_is_paid_out_at_a_desk_once(town: Town) -> None:
    case, clerk = town.unfinished_divorce(), town.staff(Role.CLERK)
    wish = town.wish(case, channel="desk")
    number = town.post("/requests", clerk, wish, expect=201)["number"]
    town.post(f"/requests/{number}/submission", clerk, {"seen": ["identity"]})
    payment = town.post(f"/requests/{number}/payments", clerk, {"provider": "cash"}, expect=201)
    town.post(
        f"/requests/{number}/payments/{payment['id']}/cash-receipt",
        clerk,
        {"amount": payment["amount"]},
        expect=201,
    )
    assert town.work(number) is State.REFUSED
    (refund,) = town.get(f"/requests/{number}/payments", clerk)["items"][0]["refunds"]
    assert refund["state"] == "pending"

    path = f"/refunds/{refund['id']}/cash-receipt"
    receipts = [town.post(path, clerk, expect=201) for _ in range(2)]

    assert receipts[0] == receipts[1]
    assert receipts[0]["amount"] == refund["amount"]
    (refund,) = town.get(f"/requests/{number}/payments", clerk)["items"][0]["refunds"]
    assert refund["state"] == "refunded"


def test_a_link_expires_and_another_can_be_asked_for(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    link = town.link(held.request)
    town.later(days=6, hours=23)
    assert town.ask("GET", link).status_code == 200
    about = f"/audit/entries?object_kind=document&object_id={held.number}"
    told = town.get(about, town.staff(Role.AUDITOR))["items"]
    assert ("document.fetch", "link") in {(entry["action"], entry["actor_id"]) for entry in told}

    town.later(hours=2)

    expired = town.ask("GET", link)
    assert (expired.status_code, expired.json()["code"]) == (404, "link-not-valid")
    assert expired.json() | {"instance": "", "request_id": ""} == town.ask(
        "GET", "/d/a-link-that-never-was"
    ).json() | {"instance": "", "request_id": ""}
    token = town.citizen(case.applicant)
    fresh = town.post(f"/documents/{held.number}/links", token)
    path = fresh["address"].removeprefix(town.service.settings.public_address)
    assert town.ask("GET", path).content == held.pdf


def test_a_link_that_is_passed_around_wears_out(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    link = town.link(held.request)

    answers = [town.ask("GET", link).status_code for _ in range(21)]

    assert answers == [200] * 20 + [404]


def test_a_revoked_document_is_no_longer_in_force(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    file = town.layout.root / "revoked.pdf"
    file.write_bytes(held.pdf)
    assert town.verify(str(file)).code == 0

    town.post(f"/documents/{held.number}/revocation", town.staff(Role.REGISTRAR), {"reason": "court-order"})

    verdicts = town.verify(str(file), "--seal", held.seal_text, "--json")
    reports = [json.loads(line) for line in verdicts.out.splitlines()]
    assert verdicts.code == 1
    assert [report["verdict"] for report in reports] == ["not-in-force", "not-in-force"]
    assert "revoked" in town.verify(str(file), "--language", "en").out
    shown = town.get(f"/documents/{held.number}", town.citizen(case.applicant))
    assert (shown["state"], shown["withdrawal_reason"]) == ("revoked", "court-order")
    again = town.ask(
        "POST",
        f"/documents/{held.number}/revocation",
        token=town.staff(Role.REGISTRAR),
        json={"reason": "fraud"},
    )
    assert (again.status_code, again.json()["code"]) == (409, "document-moved-on")


def test_a_document_on_hold_is_not_in_force_until_it_is_released(town: Town) -> None:
    case = town.case()
    held, officer = town.delivered(case, town.citizen(case.applicant)), town.staff(Role.OFFICER)
    path = f"/documents/{held.number}"
    refused = town.ask("POST", f"{path}/suspension", token=officer, json={"reason": "fraud"})
    assert (refused.status_code, refused.json()["code"]) == (422, "fields-not-valid")

    town.post(f"{path}/suspension", officer, {"reason": "misuse-reported"})

    verdict = town.verify("--seal", held.seal_text, "--json")
    assert verdict.code == 1
    assert '"suspended"' in verdict.out
    shown = town.get(path, held.token)
    assert (shown["state"], shown["withdrawal_reason"]) == ("suspended", "misuse-reported")
    town.post(f"{path}/release", officer)
    assert town.verify("--seal", held.seal_text).code == 0
    again = town.ask("POST", f"{path}/release", token=officer)
    assert (again.status_code, again.json()["code"]) == (409, "document-moved-on")
    query = f"/audit/entries?object_kind=document&object_id={held.number}"
    entries = town.get(query, town.staff(Role.AUDITOR))["items"]
    acts = {entry["action"]: entry["facts"] for entry in entries}
    assert acts["document.suspend"] == {"reason": "misuse-reported"}
    assert acts["document.release"] == {}


def test_a_newer_document_of_the_same_person_takes_the_place_of_an_older(town: Town) -> None:
    case = town.case()
    older, newer, other = (
        town.delivered(one, town.citizen(one.applicant)) for one in (case, case, town.case())
    )
    registrar = town.staff(Role.REGISTRAR)
    path = f"/documents/{older.number}/supersession"
    for wrong, code in (
        (other.number, "not-its-successor"),
        (older.number, "not-its-successor"),
        ("2600 0000 0000", "document-not-found"),
    ):
        assert town.ask("POST", path, token=registrar, json={"by": wrong}).json()["code"] == code

    town.post(path, registrar, {"by": newer.number})

    assert town.verify("--seal", older.seal_text).code == 1
    assert town.verify("--seal", newer.seal_text).code == 0
    assert town.get(f"/documents/{older.number}", older.token)["superseded_by"] == newer.number
    paper = {"number": older.number, "code": older.check_code}
    told = town.ask("POST", "/api/documents/check", json=paper, address=town.new_address()).json()
    assert (told["status"], told["superseded_by"]) == ("superseded", newer.number)


def test_number_and_code_stand_in_for_a_torn_seal(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    typed = {"number": f" {held.number[:4]}-{held.number[4:]}", "code": held.check_code.lower()}

    found = town.ask("POST", "/api/documents/check", json=typed, address=town.new_address())

    assert found.json() == {
        "kind": "birth",
        "agency": CIVIL,
        "issued_on": f"{town.clock():%Y-%m-%d}",
        "valid_until": town.get(f"/documents/{held.number}", held.token)["valid_until"],
        "status": "valid",
        "reason": None,
        "reason_ar": None,
        "reason_en": None,
        "superseded_by": None,
    }
    town.post(f"/documents/{held.number}/revocation", town.staff(Role.REGISTRAR), {"reason": "fraud"})
    after = town.ask("POST", "/api/documents/check", json=typed, address=town.new_address()).json()
    assert (after["status"], after["reason"]) == ("revoked", "fraud")
    assert after["reason_en"] == "The document was obtained by fraud."


def test_a_wrong_code_and_an_unknown_number_get_the_same_answer(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    asked = [
        {"number": held.number, "code": "0" * 12},
        {"number": "260999999998", "code": held.check_code},
        {"number": "never a number", "code": ""},
    ]
    answers = [
        town.ask("POST", "/api/documents/check", json=body, address=town.new_address()) for body in asked
    ]
    told = [
        {name: said for name, said in answer.json().items() if name not in {"instance", "request_id"}}
        for answer in answers
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert told[0] == told[1] == told[2]


def test_codes_cannot_be_tried_without_end_from_one_place_or_for_one_number(town: Town) -> None:
    address = town.new_address()
    guess = {"number": "260888888880", "code": "0" * 12}
    elsewhere = [
        town.ask("POST", "/api/documents/check", json=guess, address=town.new_address()) for _ in range(11)
    ]
    assert [answer.status_code for answer in elsewhere] == [404] * 10 + [429]
    assert int(elsewhere[-1].headers["Retry-After"]) > 0

    numbers = ({"number": f"{number:012d}", "code": "0"} for number in range(31))
    here = [town.ask("POST", "/api/documents/check", json=body, address=address) for body in numbers]
    assert [answer.status_code for answer in here] == [404] * 30 + [429]


def test_another_spelling_of_a_number_is_no_new_number_to_try(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    digits = held.number
    spelled = [digits, *(f"{digits[:cut]} {digits[cut:]}" for cut in range(1, 11))]

    answers = [
        town.ask(
            "POST",
            "/api/documents/check",
            json={"number": number, "code": "0" * 12},
            address=town.new_address(),
        )
        for number in spelled
    ]

    assert [answer.status_code for answer in answers] == [404] * 10 + [429]


def test_a_person_sees_who_looked_at_their_record(town: Town) -> None:
    case = town.case(DocumentKind.INDIVIDUAL_EXTRACT)
    held = town.delivered(case, town.citizen(case.applicant))
    assert town.get("/audit/mine", held.token)["items"] == []

    town.get(f"/requests/{held.request}", town.staff(Role.OFFICER))
    assert town.ask("GET", f"/documents/{held.number}/file", token=town.staff(Role.REGISTRAR)).is_success

    looks = town.get("/audit/mine", held.token)["items"]
    assert [(look["by"], look["reason"]) for look in looks] == [("staff", held.request)] * 2
    stranger = town.citizen(town.case(DocumentKind.INDIVIDUAL_EXTRACT).applicant)
    assert town.get("/audit/mine", stranger)["items"] == []


def test_a_citizen_leafs_through_their_requests(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    opened = sorted(town.post("/requests", token, town.wish(case), expect=201)["number"] for _ in range(3))
    first = town.get("/requests?limit=2", token)
    second = town.get(f"/requests?limit=2&cursor={first['next']}", token)

    assert [request["number"] for request in first["items"] + second["items"]] == opened
    assert second["next"] is None
    other = town.citizen(town.case().applicant)
    stolen = town.ask("GET", f"/requests?limit=2&cursor={first['next']}", token=other)
    assert (stolen.status_code, stolen.json()["code"]) == (400, "cursor-not-valid")


def test_a_request_that_is_not_paid_expires_and_late_money_goes_back(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    town.later(days=6, hours=23, minutes=55)
    token = town.citizen(case.applicant)
    payment = town.post(f"/requests/{number}/payments", token, {"provider": "e-payments"}, expect=201)
    town.later(minutes=6)
    assert town.state(number) is State.EXPIRED

    town.payer_decides(payment["pay_url"])
    town.deliver_webhooks()
    town.later(minutes=1)

    (paid,) = town.get(f"/requests/{number}/payments", token)["items"]
    (refund,) = paid["refunds"]
    assert (paid["state"], refund["state"]) == ("paid", "refunded")
    assert refund["amount"] == paid["amount"]


def test_a_request_can_be_withdrawn_until_it_is_paid(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    unpaid, paid = town.submitted(case, token), town.paid(case, token)

    assert town.post(f"/requests/{unpaid}/cancellation", token)["state"] == "cancelled"
    refused = town.ask("POST", f"/requests/{paid}/cancellation", token=token)
    assert (refused.status_code, refused.json()["code"]) == (409, "transition-refused")
    pay = town.ask("POST", f"/requests/{unpaid}/payments", token=token, json={"provider": "cash"})
    assert (pay.status_code, pay.json()["code"]) == (409, "transition-refused")


def test_a_provider_that_does_not_answer_is_asked_again(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    town.fault(Fault.LOSE_ANSWER)
    payment = town.post(f"/requests/{number}/payments", token, {"provider": "e-payments"}, expect=201)
    assert (payment["state"], payment["pay_url"]) == ("unknown", None)

    town.later(minutes=1)

    (payment,) = town.get(f"/requests/{number}/payments", token)["items"]
    assert payment["state"] == "pending"
    town.fault(Fault.NO_WEBHOOK)
    town.payer_decides(payment["pay_url"])
    town.deliver_webhooks()
    assert town.state(number) is State.AWAITING_PAYMENT
    shown = town.get(f"/requests/{number}/payments/{payment['id']}", token)  # asking is enough
    assert shown["state"] == "paid"
    assert town.work(number) is State.DELIVERED


def test_a_payment_that_the_payer_declines_can_be_made_again(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    path = f"/requests/{number}/payments"
    first = town.post(path, token, {"provider": "e-payments"}, expect=201)
    town.payer_decides(first["pay_url"], "decline")
    town.deliver_webhooks()

    second = town.post(path, token, {"provider": "e-payments"}, expect=201)
    town.payer_decides(second["pay_url"])
    town.deliver_webhooks()

    states = [payment["state"] for payment in town.get(path, token)["items"]]
    assert states == ["failed", "paid"]


@pytest.mark.parametrize("delivery", ["pickup", "domestic-post", "international-post"])
def test_other_ways_of_delivery_leave_the_document_ready(town: Town, delivery: str) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant), delivery=delivery)

    last = town.get(f"/requests/{held.request}", held.token)["timeline"][-1]
    assert last["facts"] == {"delivery": delivery, "ready": True}


def _attached(pdf: bytes) -> bytes:
    """`record.json` as anybody's reader takes it out of the file."""
    attachments: Any = PdfReader(BytesIO(pdf)).attachments
    return bytes(attachments["record.json"][0])


def test_the_database_opens_nothing(town: Town) -> None:
    """Whoever reads it, or a copy of it, finds no link, no session and no code that works."""
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    fresh = town.post(f"/documents/{held.number}/links", held.token)["address"].rpartition("/")[2]
    sent = town.link(held.request).rpartition("/")[2]
    with town.engine.connect() as connection:
        dump = "\n".join(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]

    for secret in (fresh, sent, held.token):
        assert secret not in dump
        assert secret.encode().hex() not in dump.lower()
