"""Attacks on signing in with a one-time code."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from issuance.errors import Unavailable
from issuance.identity import citizens

LEILA, LEILA_PHONE = "99010000017", "+963944000001"
OTHER_PHONE = "+963944000002"


def _ask_code(service: Any, number: str = LEILA, phone: str = LEILA_PHONE, **given: Any) -> Any:
    return service.ask("POST", "/sign-in/codes", json={"national_number": number, "phone": phone}, **given)


def _redeem(service: Any, challenge: Any, code: Any, **given: Any) -> Any:
    return service.ask("POST", "/sign-in/code", json={"challenge": challenge, "code": code}, **given)


def test_the_right_code_opens_a_session_of_that_person(service: Any) -> None:
    token = service.citizen_token()

    me = service.ask("GET", "/session", token=token).json()

    assert me["kind"] == "citizen"
    assert me["national_number"] == LEILA
    assert "requests:create-own" in me["permissions"]
    assert "requests:decide" not in me["permissions"]


@pytest.mark.parametrize(
    ("number", "phone"),
    [(LEILA, OTHER_PHONE), ("99010000025", LEILA_PHONE)],
    ids=["telephone of somebody else", "nobody enrolled"],
)
def test_asking_for_a_code_tells_nothing_about_the_person(service: Any, number: Any, phone: Any) -> None:
    service.enrol()
    known = _ask_code(service)
    sent = len(service.outbox.sent)

    unknown = _ask_code(service, number, phone)

    assert unknown.status_code == known.status_code == 202
    assert unknown.json().keys() == known.json().keys()
    assert unknown.json()["expires_at"] == known.json()["expires_at"]
    assert len(unknown.json()["challenge"]) == len(known.json()["challenge"])
    assert unknown.headers.keys() == known.headers.keys()
    assert len(service.outbox.sent) == sent


def test_a_gateway_that_does_not_answer_changes_no_answer(
    service: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service.enrol()

    def fail(*_: object, **__: object) -> None:
        raise Unavailable

    monkeypatch.setattr(service.outbox, "send", fail)

    assert _ask_code(service).status_code == 202
    assert "not sent" in caplog.text
    assert LEILA_PHONE not in caplog.messages[0]


def test_a_challenge_of_nobody_accepts_no_code_at_all(service: Any, engine: Engine) -> None:
    """Even the code that was drawn for it opens nothing."""
    with engine.begin() as connection:
        challenge = citizens.request_code(
            connection,
            LEILA,
            LEILA_PHONE,
            address="192.0.2.1",
            code_key=bytes(range(32)),
            at=service.clock(),
            new_code=lambda: "123456",
        )

    assert challenge.message is None
    assert _redeem(service, challenge.id, "123456").status_code == 401


def test_a_code_opens_one_session_only(service: Any) -> None:
    service.enrol()
    challenge = _ask_code(service).json()["challenge"]
    code = service.outbox.last_code()

    assert _redeem(service, challenge, code).status_code == 200
    assert _redeem(service, challenge, code).json()["code"] == "code-refused"


def test_a_code_ends_after_five_minutes(service: Any) -> None:
    service.enrol()
    challenge = _ask_code(service).json()["challenge"]
    service.clock.forward(minutes=5)

    assert _redeem(service, challenge, service.outbox.last_code()).status_code == 401


def test_the_sixth_guess_is_refused_even_when_right(service: Any) -> None:
    service.enrol()
    challenge = _ask_code(service).json()["challenge"]
    right = service.outbox.last_code()
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(5):
        assert _redeem(service, challenge, wrong).status_code == 401

    assert _redeem(service, challenge, right).status_code == 401


def test_simultaneous_guesses_share_no_attempt(service: Any, engine: Engine) -> None:
    service.enrol()
    challenge = _ask_code(service).json()["challenge"]
    right = service.outbox.last_code()
    guesses = [f"{(int(right) + step) % 10**6:06d}" for step in range(1, 25)]

    def guess(code: Any) -> Any:
        with engine.begin() as connection:
            return citizens.redeem_code(
                connection,
                challenge,
                code,
                address="192.0.2.9",
                code_key=bytes(range(32)),
                at=service.clock(),
            )

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(guess, guesses))
    with engine.begin() as connection:
        attempts = connection.execute(text("SELECT attempts FROM one_time_codes")).scalar_one()
    assert attempts == citizens.MAX_ATTEMPTS


def test_a_code_of_one_challenge_does_not_open_another(service: Any, engine: Engine) -> None:
    service.enrol()
    with engine.begin() as connection:
        first, second = (
            citizens.request_code(
                connection,
                LEILA,
                LEILA_PHONE,
                address="192.0.2.1",
                code_key=bytes(range(32)),
                at=service.clock(),
                new_code=lambda code=code: code,
            )
            for code in ("111111", "222222")
        )

    assert _redeem(service, first.id, "222222").status_code == 401
    assert _redeem(service, second.id, "222222").status_code == 200


def test_asking_too_often_is_refused_alike_for_somebody_and_nobody(service: Any) -> None:
    service.enrol()
    answers = []
    for number in (LEILA, "99010000025"):
        for _ in range(3):
            assert _ask_code(service, number).status_code == 202
        answers.append(_ask_code(service, number))

    somebody, nobody = answers
    assert somebody.status_code == nobody.status_code == 429
    assert somebody.headers["Retry-After"] == nobody.headers["Retry-After"] == "900"
    service.clock.forward(minutes=15)
    assert _ask_code(service).status_code == 202


def test_one_address_cannot_ask_for_everybody(service: Any) -> None:
    statuses = [_ask_code(service, f"990200{n:05d}").status_code for n in range(25)]

    assert statuses == [202] * 20 + [429] * 5
    assert _ask_code(service, address="198.51.100.7").status_code == 202


def test_one_ipv6_subscriber_is_one_address(service: Any) -> None:
    statuses = [
        _ask_code(service, f"990200{n:05d}", address=f"2001:db8:1:2::{n + 1:x}").status_code
        for n in range(21)
    ]

    assert statuses[-1] == 429


def test_another_telephone_ends_the_sessions_of_the_first(service: Any) -> None:
    token = service.citizen_token()

    service.enrol(phone=OTHER_PHONE)

    assert service.ask("GET", "/session", token=token).json()["code"] == "token-not-valid"
    _ask_code(service)
    assert len(service.outbox.sent) == 1, "the first telephone receives no more codes"


def test_codes_are_not_in_the_database(service: Any) -> None:
    service.enrol()
    _ask_code(service)
    code = service.outbox.last_code().encode()

    with service.engine.begin() as connection:
        stored = connection.execute(text("SELECT * FROM one_time_codes")).all()
        entries = connection.execute(text("SELECT * FROM audit_entries")).all()

    assert code not in repr((stored, entries)).encode().replace(b"\\u", b"")


@pytest.mark.parametrize(
    "body",
    [
        {"national_number": "9901000001", "phone": LEILA_PHONE},
        {"national_number": "٩٩٠١٠٠٠٠٠١٧", "phone": LEILA_PHONE},
        {"national_number": LEILA + "\n", "phone": LEILA_PHONE},
        {"national_number": LEILA, "phone": "0944000001"},
        {"national_number": LEILA, "phone": "+963944000001\r\nX-Evil: 1"},
        {"national_number": int(LEILA), "phone": LEILA_PHONE},
        {"national_number": LEILA},
    ],
    ids=[
        "short",
        "Arabic digits",
        "trailing newline",
        "national form",
        "header injection",
        "number",
        "missing",
    ],
)
def test_a_malformed_person_is_refused_before_anything_is_counted(service: Any, body: Any) -> None:
    assert service.ask("POST", "/sign-in/codes", json=body).status_code == 422
    with service.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM attempt_counts")).scalar_one() == 0
