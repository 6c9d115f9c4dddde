"""The same thing twice, one after the other or at once: one effect, one answer, no money lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from installed_service import Town

from issuance.identity.permissions import Role
from issuance.requests.lifecycle import State


def _at_once(town: Town, path: str, token: str, body: Any, keys: list[str]) -> list[httpx.Response]:
    """The same call from as many threads as there are keys."""
    with ThreadPoolExecutor(len(keys)) as pool:
        calls = [pool.submit(town.ask, "POST", path, token=token, json=body, key=key) for key in keys]
        return [call.result() for call in calls]


def test_the_same_key_gives_the_same_answer_and_one_request(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    answers = [town.ask("POST", "/requests", token=token, json=town.wish(case), key="k-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(town.get("/requests", token)["items"]) == 1


def test_the_same_key_for_something_else_is_refused(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    town.ask("POST", "/requests", token=token, json=town.wish(case), key="k-2")

    other = town.ask("POST", "/requests", token=token, json=town.wish(case, delivery="pickup"), key="k-2")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len(town.get("/requests", token)["items"]) == 1


def test_no_key_is_refused_before_anything_happens(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)

    answer = town.ask("POST", "/requests", token=token, json=town.wish(case), key="")

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
    assert town.get("/requests", token)["items"] == []


def test_a_key_belongs_to_one_caller(town: Town) -> None:
    one, other = town.case(), town.case()
    for case in (one, other):
        token = town.citizen(case.applicant)
        answer = town.ask("POST", "/requests", token=token, json=town.wish(case), key="k-3")
        assert answer.status_code == 201
        assert answer.json()["applicant"] == case.applicant


def test_a_key_is_forgotten_after_a_day_and_not_before(town: Town) -> None:
    case = town.case()
    body = town.wish(case)
    first = town.ask("POST", "/requests", token=town.citizen(case.applicant), json=body, key="k-4").json()
    town.later(hours=23)
    same = town.ask("POST", "/requests", token=town.citizen(case.applicant), json=body, key="k-4").json()
    town.later(hours=2)
    other = town.ask("POST", "/requests", token=town.citizen(case.applicant), json=body, key="k-4").json()

    assert same == first
    assert other["number"] != first["number"]


@pytest.mark.parametrize("keys", [["k"] * 4, ["a", "b", "c", "d"]], ids=["one key", "a key each"])
def test_submitting_from_several_windows_at_once_submits_once(town: Town, keys: list[str]) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.draft(case, token)

    answers = _at_once(town, f"/requests/{number}/submission", token, {}, keys)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["state"] for answer in answers} == {"awaiting-payment"}
    events = [step["event"] for step in town.get(f"/requests/{number}", token)["timeline"]]
    assert events == ["open", "submit"]


@pytest.mark.parametrize("keys", [["k"] * 4, ["a", "b", "c", "d"]], ids=["one key", "a key each"])
def test_paying_from_several_windows_at_once_pays_once(town: Town, keys: list[str]) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    path = f"/requests/{number}/payments"

    answers = _at_once(town, path, token, {"provider": "e-payments"}, keys)

    # With one key, whoever comes meanwhile is told to ask again.
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {
        "answer-in-progress"
    }
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    (payment,) = town.get(path, token)["items"]
    again = town.ask("POST", path, token=token, json={"provider": "e-payments"}, key=keys[0])
    assert (again.status_code, again.json()["id"]) == (201, payment["id"])
    town.payer_decides(payment["pay_url"])
    town.deliver_webhooks()
    assert town.work(number) is State.DELIVERED


def test_paying_what_is_paid_is_paying_once(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.paid(case, token)
    path = f"/requests/{number}/payments"
    for provider in ("e-payments", "cash"):
        answer = town.post(path, token, {"provider": provider}, expect=201)
        assert (answer["state"], answer["provider"]) == ("paid", "e-payments")
    assert len(town.get(path, token)["items"]) == 1


def test_two_clerks_at_once_take_the_money_once(town: Town) -> None:
    case, clerk = town.case(), town.staff(Role.CLERK)
    number = town.submitted(case, town.citizen(case.applicant))
    payment = town.post(f"/requests/{number}/payments", clerk, {"provider": "cash"}, expect=201)
    path = f"/requests/{number}/payments/{payment['id']}/cash-receipt"

    answers = _at_once(town, path, clerk, {"amount": payment["amount"]}, ["a", "b", "c"])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert town.work(number) is State.DELIVERED


def test_two_officers_at_once_decide_once(town: Town) -> None:
    case, officer = town.case("divorce"), town.staff(Role.OFFICER)
    number = town.paid(case, town.citizen(case.applicant))
    assert town.work(number) is State.AWAITING_DECISION

    answers = _at_once(town, f"/requests/{number}/decision", officer, {"approve": True}, ["a", "b", "c"])

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert town.work(number) is State.DELIVERED


@pytest.mark.parametrize("spelled", ["no hyphens", "lower case", "Arabic digits"])
def test_a_number_spelled_otherwise_is_the_same_request(town: Town, spelled: str) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.submitted(case, token)
    other = {
        "no hyphens": number.replace("-", ""),
        "lower case": number.lower(),
        "Arabic digits": number.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),
    }[spelled]
    payments = [
        town.post(f"/requests/{written}/payments", token, {"provider": "e-payments"}, expect=201)
        for written in (other, number, other)
    ]
    assert len({payment["id"] for payment in payments}) == 1
    assert {payment["request_number"] for payment in payments} == {number}
    town.payer_decides(payments[0]["pay_url"])
    town.deliver_webhooks()
    assert town.get(f"/requests/{other}/payments/{payments[0]['id']}", token)["state"] == "paid"
    assert len(town.get(f"/requests/{other}/payments", token)["items"]) == 1
    assert town.work(number) is State.DELIVERED
