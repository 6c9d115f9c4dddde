"""Problem documents, limits and headers, under attack."""

import asyncio
import json
import logging
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from issuance.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated, Unavailable
from issuance.http.addresses import client_network
from issuance.http.ground import lay_ground
from issuance.http.languages import preferred_language
from issuance.http.limits import Limits, json_depth_exceeds
from issuance.identity.access import public

OPEN = [Depends(public("for the test"))]
MOST = 1024


class Parcel(BaseModel):
    name: str = Field(max_length=10)
    weight: int = Field(ge=1)
    things: list[Any] = []


class OutOfStock(Conflict):
    code = "test-out-of-stock"
    ar = "نفد الصنف {thing}."
    en = "No {thing} left."


@pytest.fixture
def app() -> Any:
    app = FastAPI()
    raised = {
        kind.__name__: kind
        for kind in (NotFound, Invalid, Conflict, Forbidden, Unauthenticated, TooMany, Unavailable)
    }

    def receive(parcel: Parcel, copies: Annotated[int, Query(le=3)] = 1) -> Any:
        return {"name": parcel.name, "copies": copies}

    def fail(kind: str) -> Any:
        if kind == "bug":
            raise ZeroDivisionError("secret detail")
        if kind == "facts":
            raise OutOfStock(thing="x\r\n\u202e<b>", secret="hidden")
        raise raised[kind](retry_after_seconds=7)

    app.add_api_route("/parcels", receive, methods=["POST"], dependencies=OPEN)
    app.add_api_route("/fail/{kind}", fail, dependencies=OPEN)
    lay_ground(
        app,
        authenticator=None,
        limits=Limits(default_bytes=MOST, by_path={"/parcels/big": 10 * MOST}),
        policies={"/docs": "default-src 'self'"},
    )
    return app


@pytest.fixture
def ask(app: Any, make_ask: Any) -> Any:
    return make_ask(app)


def _chunks(*chunks: bytes) -> Any:
    async def stream() -> Any:
        for chunk in chunks:
            await asyncio.sleep(0)
            yield chunk

    return stream()


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("NotFound", 404),
        ("Invalid", 422),
        ("Conflict", 409),
        ("Forbidden", 403),
        ("Unauthenticated", 401),
        ("TooMany", 429),
        ("Unavailable", 503),
    ],
)
def test_each_kind_of_error_is_a_problem_in_both_languages(ask: Any, kind: Any, status: Any) -> None:
    answer = ask("GET", f"/fail/{kind}")

    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"https://wathiqa.example/problems/{problem['code']}"
    assert problem["title"] == problem["title_ar"] != problem["title_en"]
    assert problem["detail"] == problem["detail_ar"] != problem["detail_en"]
    assert problem["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
    assert answer.headers["Retry-After"] == "7"


def test_the_caller_s_language_is_the_title(ask: Any) -> None:
    answer = ask("GET", "/fail/NotFound", headers={"Accept-Language": "en-GB,en;q=0.9,ar;q=0.8"})

    assert answer.json()["title"] == "Not found"
    assert answer.headers["Content-Language"] == "en"
    assert "Accept-Language" in answer.headers["Vary"]


def test_an_unforeseen_error_shows_nothing_and_is_logged_under_its_id(
    ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = ask("GET", "/fail/bug")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_only_facts_of_the_sentence_are_shown_and_none_can_control_the_text(ask: Any) -> None:
    problem = ask("GET", "/fail/facts").json()

    assert problem["detail_en"] == "No x<b> left."
    assert "hidden" not in str(problem)


def test_the_caller_cannot_choose_the_request_id(ask: Any) -> None:
    answer = ask("GET", "/fail/NotFound", headers={"X-Request-Id": "forged"})

    assert answer.headers["X-Request-Id"] != "forged"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "no-such-address"),
        ("GET", "/parcels", 405, "method-not-allowed"),
        ("GET", "/fail/%00%0d%0aSet-Cookie:a=b", 500, "internal"),
    ],
    ids=["unknown path", "wrong method", "control characters in the path"],
)
def test_the_framework_s_own_errors_are_problems_too(
    ask: Any, method: Any, path: Any, status: Any, code: Any
) -> None:
    answer = ask(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "set-cookie" not in answer.headers


def test_each_wrong_field_is_named_in_both_languages_and_not_echoed(ask: Any) -> None:
    answer = ask("POST", "/parcels?copies=9", json={"name": "a secret name", "things": []})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "fields-not-valid")
    found = {(fault["in"], fault["pointer"]): fault for fault in problem["errors"]}
    assert set(found) == {("query", "#/copies"), ("body", "#/name"), ("body", "#/weight")}
    assert found["body", "#/weight"]["detail_en"] == "Required."
    assert found["body", "#/name"]["detail_ar"] == "أطول من المسموح: 10 على الأكثر."
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b'{"name": "a", "weight": 1}', {}, 415, "media-type-not-supported"),
        (b'{"name": "a", ', JSON, 400, "body-not-readable"),
        (b"\xff\xfe", JSON, 400, "body-not-readable"),
        (b"", JSON, 422, "fields-not-valid"),
        (b"[" * 500, JSON, 400, "body-too-deep"),
        (b'{"a":' * 200, JSON, 400, "body-too-deep"),
        (b'{"name": "a", "weight": 1, "things": ' + b"[" * 40 + b"]" * 40 + b"}", JSON, 400, "body-too-deep"),
        (b" " * (MOST + 1), JSON, 413, "body-too-large"),
        (b" " * (MOST + 1), {"Content-Type": "text/plain"}, 413, "body-too-large"),
        (b'{"name": "a", "weight": ' + b"9" * 900 + b"}", JSON, 200, None),
        (b'{"name": "a", "weight": NaN}', JSON, 422, "fields-not-valid"),
    ],
    ids=[
        "no content type",
        "cut short",
        "not UTF-8",
        "empty",
        "500 open brackets",
        "200 objects",
        "40 closed brackets",
        "too large",
        "too large text",
        "huge number",
        "not a number",
    ],
)
def test_a_bad_body_is_refused_with_a_reason(
    ask: Any, content: Any, headers: Any, status: Any, code: Any
) -> None:
    answer = ask("POST", "/parcels", content=content, headers=headers)

    assert answer.status_code == status
    assert answer.json().get("code") == code


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.wathiqa+json; charset=utf-8"])
def test_a_streamed_body_is_counted_without_content_length(ask: Any, kind: Any) -> None:
    answer = ask("POST", "/parcels", content=_chunks(*[b" " * 300] * 9), headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_streamed_body_that_is_not_json_is_counted_while_the_route_reads(ask: Any) -> None:
    answer = ask(
        "POST", "/parcels", content=_chunks(*[b"x" * 300] * 9), headers={"Content-Type": "text/plain"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_lying_content_length_does_not_help(ask: Any) -> None:
    answer = ask(
        "POST",
        "/parcels",
        content=_chunks(b" " * 2 * MOST),
        headers={**JSON, "Content-Length": "10"},
    )

    assert answer.status_code == 413


def test_a_body_within_the_limit_arrives_in_pieces(ask: Any) -> None:
    body = b'{"name": "a", "weight": 1}'
    answer = ask("POST", "/parcels", content=_chunks(body[:7], body[7:8], body[8:]), headers=JSON)

    assert answer.json() == {"name": "a", "copies": 1}


def test_limits_follow_the_longest_path() -> None:
    limits = Limits(default_bytes=1, by_path={"/verify": 10, "/verify/batch": 100})

    assert [limits.most(path) for path in ("/x", "/verify", "/verify/batch/7")] == [1, 10, 100]


@given(st.recursive(st.text(alphabet='[]{}"\\a', max_size=6), lambda inner: st.lists(inner, max_size=2)))
def test_depth_counts_brackets_outside_strings_only(value: Any) -> None:
    def depth(item: Any) -> Any:
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    content = json.dumps(value).encode()
    for most in (0, 1, 2, 3):
        assert json_depth_exceeds(content, most) == (depth(value) > most)


def test_depth_of_a_hostile_string_is_quick_to_count() -> None:
    """No backtracking: an unterminated string of escapes is read once."""
    assert json_depth_exceeds(b"[" * 40 + b'"' + b"\\" * 100_001, 32)
    assert not json_depth_exceeds(b'"' + b'\\"[' * 50_000, 32)


def test_every_answer_forbids_sniffing_framing_and_caching(ask: Any) -> None:
    for answer in (ask("GET", "/fail/NotFound"), ask("POST", "/parcels", json={"name": "a", "weight": 1})):
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Strict-Transport-Security" not in answer.headers, "only over TLS"
    assert ask("GET", "/docs").headers["Content-Security-Policy"] == "default-src 'self'"
    secure = ask("GET", "/fail/NotFound", base="https://service.test")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ar"),
        ("", "ar"),
        ("fr", "ar"),
        ("en", "en"),
        ("en;q=0.5, ar;q=0.6", "ar"),
        ("ar;q=0.5, en-US", "en"),
        ("en;q=0", "ar"),
        ("en;q=abc, ar;q=0.1", "ar"),
        ("en;q=nan", "ar"),
        ("en;q=5", "ar"),
        ("EN-gb", "en"),
        ("," * 5000 + "en", "ar"),
    ],
)
def test_arabic_unless_english_is_preferred(header: Any, language: Any) -> None:
    assert preferred_language(header) == language


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_is_counted_as_its_network(host: Any, network: Any) -> None:
    assert client_network(host) == network
