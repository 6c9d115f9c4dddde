"""One key, one effect, one answer: also when threads race and processes die."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from fastapi import Body, Depends, FastAPI, Response
from sqlalchemy import Engine, text

from issuance.errors import Conflict
from issuance.http.errors import (
    AnswerInProgress,
    IdempotencyKeyMissing,
    IdempotencyKeyNotValid,
    IdempotencyKeyReused,
)
from issuance.http.ground import lay_ground
from issuance.http.idempotency import (
    KEPT_FOR,
    LEASE,
    Answer,
    Call,
    claim,
    forget_expired,
    idempotent,
    json_answer,
    keep,
    make_call,
    once,
    once_elsewhere,
)
from issuance.http.limits import Limits
from issuance.identity.access import require
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Permission

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LEILA = Actor(kind=ActorKind.CITIZEN, id="leila", permissions=frozenset({Permission.REQUESTS_CREATE_OWN}))
SAMI = Actor(kind=ActorKind.CITIZEN, id="sami", permissions=frozenset({Permission.REQUESTS_CREATE_OWN}))
ROUTE = "POST /requests"


@pytest.fixture
def effects(engine: Engine) -> Any:
    """A table of effects, so that what rolls back is seen to."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE effects (id INTEGER PRIMARY KEY)")
    return engine


def _make(connection: Any) -> Any:
    number = connection.exec_driver_sql("INSERT INTO effects DEFAULT VALUES").lastrowid
    return json_answer(201, {"number": number}, location=f"/requests/{number}")


def _count(engine: Engine) -> Any:
    with engine.begin() as connection:
        return connection.execute(text("SELECT count(*) FROM effects")).scalar_one()


def _submit(engine: Engine, call: Any, *, at: Any = NOON) -> Any:
    with engine.begin() as connection:
        return once(connection, call, lambda: _make(connection), at=at)


def test_a_repeated_call_has_one_effect_and_the_identical_answer(effects: Any) -> None:
    call = make_call(LEILA, ROUTE, "k1", b"{}")

    first, second = _submit(effects, call), _submit(effects, call, at=NOON + timedelta(hours=23))

    assert first == second
    assert bytes(first.response().body) == bytes(second.response().body)
    assert first.response().raw_headers == second.response().raw_headers
    assert _count(effects) == 1


def test_the_same_key_with_another_body_is_refused(effects: Any) -> None:
    _submit(effects, make_call(LEILA, ROUTE, "k1", b'{"a":1}'))

    with pytest.raises(IdempotencyKeyReused):
        _submit(effects, make_call(LEILA, ROUTE, "k1", b'{"a":2}'))
    assert _count(effects) == 1


@pytest.mark.parametrize(
    "other",
    [make_call(SAMI, ROUTE, "k1", b"{}"), make_call(LEILA, "POST /payments", "k1", b"{}")],
    ids=["another person", "another route"],
)
def test_a_key_belongs_to_one_caller_and_one_route(effects: Any, other: Any) -> None:
    """Nobody receives another person's answer by guessing their key."""
    mine = _submit(effects, make_call(LEILA, ROUTE, "k1", b"{}"))

    assert _submit(effects, other) != mine
    assert _count(effects) == 2


def test_a_failed_effect_leaves_neither_effect_nor_key(effects: Any) -> None:
    call = make_call(LEILA, ROUTE, "k1", b"{}")

    def fail(connection: Any) -> Any:
        _make(connection)
        raise Conflict

    with pytest.raises(Conflict), effects.begin() as connection:
        once(connection, call, lambda: fail(connection), at=NOON)

    assert _count(effects) == 0
    assert _submit(effects, call).status == 201


def test_a_crash_before_the_commit_leaves_neither_effect_nor_key(effects: Any) -> None:
    call = make_call(LEILA, ROUTE, "k1", b"{}")
    with effects.connect() as connection, connection.begin() as transaction:
        once(connection, call, lambda: _make(connection), at=NOON)
        transaction.rollback()

    assert _count(effects) == 0
    assert _submit(effects, call).status == 201


def test_a_key_may_be_used_again_after_a_day(effects: Any) -> None:
    call = make_call(LEILA, ROUTE, "k1", b"{}")
    first = _submit(effects, call)

    again = _submit(effects, make_call(LEILA, ROUTE, "k1", b"other"), at=NOON + KEPT_FOR)

    assert again != first
    with effects.begin() as connection:
        assert forget_expired(connection, at=NOON + 2 * KEPT_FOR) == 1


def test_racing_threads_have_one_effect_and_one_answer(effects: Any) -> None:
    call = make_call(LEILA, ROUTE, "k1", b"{}")
    start = threading.Barrier(8)

    def race(_: Any) -> Any:
        start.wait()
        return _submit(effects, call)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(8)))

    assert len({answer.body for answer in answers}) == 1
    assert _count(effects) == 1


def test_racing_threads_with_two_bodies_let_one_win(effects: Any) -> None:
    start = threading.Barrier(8)

    def race(number: Any) -> Any:
        start.wait()
        try:
            return _submit(effects, make_call(LEILA, ROUTE, "k1", str(number % 2).encode())).body
        except IdempotencyKeyReused:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(8)))

    assert answers.count(None) == 4
    assert len(set(answers)) == 2
    assert _count(effects) == 1


def test_work_over_several_transactions_is_in_progress_meanwhile(effects: Any) -> None:
    call = make_call(LEILA, "POST /payments", "k1", b"{}")
    with effects.begin() as connection:
        assert claim(connection, call, at=NOON) is None

    with effects.begin() as connection, pytest.raises(AnswerInProgress):
        claim(connection, call, at=NOON + LEASE - timedelta(seconds=1))

    with effects.begin() as connection:
        keep(connection, call, json_answer(201, {"paid": True}))
    with effects.begin() as connection:
        assert claim(connection, call, at=NOON) == json_answer(201, {"paid": True})


def test_a_claim_whose_process_died_is_taken_over_once(effects: Any) -> None:
    call = make_call(LEILA, "POST /payments", "k1", b"{}")
    with effects.begin() as connection:
        claim(connection, call, at=NOON)

    with effects.begin() as connection:
        assert claim(connection, call, at=NOON + LEASE) is None
    with effects.begin() as connection, pytest.raises(AnswerInProgress):
        claim(connection, call, at=NOON + LEASE)


def test_an_answer_is_kept_once(effects: Any) -> None:
    call = make_call(LEILA, ROUTE, "k1", b"{}")
    _submit(effects, call)

    with effects.begin() as connection, pytest.raises(RuntimeError, match="kept once"):
        keep(connection, call, json_answer(201, {"forged": True}))


@pytest.mark.parametrize(
    "key",
    ["", " ", "a b", "a\r\nX: 1", "ق", "x" * 129, '""'],
    ids=["empty", "space", "inner space", "line break", "Arabic", "too long", "empty quotes"],
)
def test_a_malformed_key_is_refused(key: Any) -> None:
    with pytest.raises(IdempotencyKeyNotValid):
        make_call(LEILA, ROUTE, key, b"")


def test_a_quoted_key_is_the_bare_one() -> None:
    """The draft's own spelling is an RFC 9651 string."""
    assert make_call(LEILA, ROUTE, '"k1"', b"").key == "k1"


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(IdempotencyKeyMissing):
        make_call(LEILA, ROUTE, None, b"")


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 409},
        {"status": 500},
        {"status": 201, "headers": {"Location": "/a\r\nSet-Cookie: x=1"}},
        {"status": 201, "headers": {"Bad Name": "x"}},
        {"status": 201, "media_type": "text/plain\n"},
    ],
    ids=["refusal", "failure", "header injection", "header name", "media type"],
)
def test_what_may_not_be_kept_as_an_answer(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"success|header"):
        Answer(**wrong)


class _Leila:
    def actor(self, token: Any) -> Any:
        return {"leila": LEILA, "sami": SAMI}[token]


@pytest.fixture
def ask(effects: Any, make_ask: Any) -> Any:
    app = FastAPI()

    def submit(
        call: Annotated[Call, Depends(idempotent(require(Permission.REQUESTS_CREATE_OWN)))],
        wish: Annotated[dict[str, Any], Body()],
    ) -> Response:
        del wish
        with effects.begin() as connection:
            answer = once(connection, call, lambda: _make(connection), at=NOON)
        return answer.response()

    app.add_api_route("/requests", submit, methods=["POST"], status_code=201)
    lay_ground(app, authenticator=_Leila(), limits=Limits())
    return make_ask(app)


def test_over_http_a_double_click_is_one_request(ask: Any, effects: Any) -> None:
    headers = {"Authorization": "Bearer leila", "Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}

    first = ask("POST", "/requests", json={"a": 1}, headers=headers)
    second = ask("POST", "/requests", json={"a": 1}, headers=headers)
    other = ask("POST", "/requests", json={"a": 2}, headers=headers)
    somebody = ask("POST", "/requests", json={"a": 1}, headers={**headers, "Authorization": "Bearer sami"})

    assert (first.status_code, first.json(), first.headers["Location"]) == (201, {"number": 1}, "/requests/1")
    assert second.content == first.content
    assert {**second.headers, "x-request-id": ""} == {**first.headers, "x-request-id": ""}
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert somebody.json() == {"number": 2}
    assert _count(effects) == 2


def test_over_http_a_missing_key_is_a_400(ask: Any) -> None:
    missing = ask("POST", "/requests", json={"a": 1}, headers={"Authorization": "Bearer leila"})

    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")


def test_the_door_comes_before_the_key(ask: Any) -> None:
    assert ask("POST", "/requests", json={"a": 1}).json()["code"] == "not-signed-in"


class TestElsewhere:
    """The effect lies in another database, so claim and answer are two transactions around it."""

    def test_the_effect_happens_once_and_its_answer_is_kept(self, effects: Engine) -> None:
        call, made = make_call(LEILA, ROUTE, "k", b"x"), []

        def effect() -> Answer:
            made.append(1)
            return json_answer(201, {"number": len(made)})

        answers = [once_elsewhere(effects, call, effect, clock=lambda: NOON) for _ in range(3)]
        assert len(made) == 1
        assert {answer.body for answer in answers} == {answers[0].body}

    def test_an_error_gives_the_key_back(self, effects: Engine) -> None:
        call = make_call(LEILA, ROUTE, "k", b"x")

        def refuse() -> Answer:
            raise Conflict

        with pytest.raises(Conflict):
            once_elsewhere(effects, call, refuse, clock=lambda: NOON)
        answer = once_elsewhere(effects, call, lambda: json_answer(200, {}), clock=lambda: NOON)
        assert answer.status == 200

    def test_whoever_comes_meanwhile_is_told_so(self, effects: Engine) -> None:
        call = make_call(LEILA, ROUTE, "k", b"x")

        def effect() -> Answer:
            with pytest.raises(AnswerInProgress):
                once_elsewhere(effects, call, effect, clock=lambda: NOON)
            return json_answer(200, {})

        assert once_elsewhere(effects, call, effect, clock=lambda: NOON).status == 200

    def test_a_process_that_died_is_followed_after_its_lease(self, effects: Engine) -> None:
        call = make_call(LEILA, ROUTE, "k", b"x")
        with effects.begin() as connection:
            claim(connection, call, at=NOON)  # and nothing more was heard of it
        effect, soon, later = (lambda: json_answer(200, {})), NOON + LEASE / 2, NOON + LEASE
        with pytest.raises(AnswerInProgress):
            once_elsewhere(effects, call, effect, clock=lambda: soon)
        assert once_elsewhere(effects, call, effect, clock=lambda: later).status == 200
