"""Large bodies: nobody's is read before the door has let them in, and none is slow to refuse."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from starlette.types import Message

from issuance.http.ground import lay_ground
from issuance.http.limits import MAX_JSON_PARTS, LargeJson, Limits
from issuance.http.openapi import operation_id
from issuance.identity.access import public, require
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.errors import TokenNotValid
from issuance.identity.permissions import Permission
from issuance.verification.bulk import MAX_BYTES, MAX_FILES, MAX_SEALS, PATH, Bulk
from issuance.verification.http import LARGE_JSON, READ_BY_ROUTE
from issuance.verification.upload import PATH as ONE
from issuance.verification.upload import Uploads

CALLERS = {
    "bank": Actor(
        kind=ActorKind.MACHINE, id="bank-1", permissions=frozenset({Permission.VERIFICATIONS_MAKE})
    ),
    "citizen": Actor(kind=ActorKind.CITIZEN, id="c-1", permissions=frozenset()),
}
LARGE = b'{"seals": []' + b" " * (300 * 1024) + b"}"
Asked = tuple[int, str, int]
"""Status, code of the problem, octets of the body that were taken."""


class Authenticator:
    def actor(self, token: str) -> Actor:
        if token == "lost":
            raise OperationalError("SELECT …", None, Exception("connection refused"))
        if token not in CALLERS:
            raise TokenNotValid
        return CALLERS[token]


class Parcel(BaseModel):
    things: list[Any] = []


@pytest.fixture
def app() -> FastAPI:
    app, router = FastAPI(generate_unique_id_function=operation_id), APIRouter()
    nothing: Any = None
    Bulk(engine=nothing, clock=nothing, judges=nothing, keys=nothing, kept=nothing, issuer="x").add_to(router)
    Uploads(engine=nothing, clock=nothing, judges=nothing).add_to(router)

    def receive(parcel: Parcel) -> int:
        return len(parcel.things)

    for path, door in (
        ("/parcels", public("for the test")),
        ("/large", require(Permission.VERIFICATIONS_MAKE)),
    ):
        router.add_api_route(path, receive, methods=["POST"], dependencies=[Depends(door)])
    app.include_router(router)
    large = {"/large": LargeJson(most=MAX_BYTES, door=require(Permission.VERIFICATIONS_MAKE))}
    limits = Limits(large_json={**LARGE_JSON, **large}, read_by_route=READ_BY_ROUTE)
    lay_ground(app, authenticator=Authenticator(), limits=limits)
    return app


def ask(app: FastAPI, path: str, content: bytes, *, token: str | None = None, **headers: str) -> Asked:
    """Send `content` in pieces of 64 KiB, and count how many of them anybody took."""
    sent: list[Message] = []
    left = [content[start : start + 65536] for start in range(0, len(content), 65536)]
    given = {"content-type": "application/json", "idempotency-key": "k", **headers}
    if token is not None:
        given["authorization"] = f"Bearer {token}"

    async def receive() -> Message:
        piece = left.pop(0) if left else b""
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("192.0.2.1", 4711),
        "server": ("service.test", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "state": {},
    }
    served: Callable[..., Awaitable[None]] = app
    anyio.run(served, scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    code = body.partition(b'"code":"')[2].partition(b'"')[0].decode()
    return sent[0]["status"], code, len(content) - sum(map(len, left))


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "not-signed-in"),
        ("", 401, "not-signed-in"),
        ("stranger", 401, "token-not-valid"),
        ("citizen", 403, "not-permitted"),
        ("lost", 503, "database-unavailable"),
    ],
)
def test_nothing_of_a_large_call_is_read_before_its_caller_is_let_in(
    app: FastAPI, token: str | None, status: int, code: str
) -> None:
    assert ask(app, PATH, b"[" * MAX_BYTES, token=token) == (status, code, 0)


def test_whoever_is_let_in_may_send_more_than_others(app: FastAPI) -> None:
    assert ask(app, PATH, LARGE, token="bank")[:2] == (422, "fields-not-valid")  # read: it asks for nothing
    assert ask(app, PATH, b" " * (MAX_BYTES + 1), token="bank")[:2] == (413, "body-too-large")


@pytest.mark.parametrize("path", ["/parcels", PATH + "/", PATH + "/other", "/requests/R-1/decision"])
def test_json_is_no_larger_anywhere_else(app: FastAPI, path: str) -> None:
    assert ask(app, path, LARGE, token="bank")[:2] == (413, "body-too-large")


@pytest.mark.parametrize("kind", ["application/json", "application/pdf", "text/plain"])
def test_a_file_is_not_read_without_consent_whatever_it_is_said_to_be(app: FastAPI, kind: str) -> None:
    content = b"[" * MAX_BYTES
    assert ask(app, ONE, content, **{"content-type": kind}) == (422, "consent-missing", 0)


def test_a_file_that_is_said_to_be_json_is_not_read_with_consent_either(app: FastAPI) -> None:
    agreed = {"wathiqa-consent": "judge-once"}
    assert ask(app, ONE, b"[" * MAX_BYTES, **agreed) == (415, "media-type-not-supported", 0)


@pytest.mark.parametrize(
    "part", [b"[],", b"{},", b'"",', b'"a":1,', b"1,", b'"" '], ids=lambda part: part.decode()
)
def test_a_body_of_too_many_parts_is_refused_before_it_is_parsed(app: FastAPI, part: bytes) -> None:
    content = b'{"documents":[' + part * ((MAX_BYTES - 20) // len(part)) + b"0]}"
    assert ask(app, PATH, content, token="bank")[:2] == (400, "body-in-too-many-parts")


def test_the_largest_call_has_fewer_parts_than_that(app: FastAPI) -> None:
    items = [b'{"id": "%d", "text": "%s"}' % (number, b"x" * 2048) for number in range(MAX_SEALS)]
    items += [b'{"id": "%d", "pdf": "%s"}' % (number, b"x" * 280_000) for number in range(MAX_FILES)]
    content = b'{"things": [' + b", ".join(items) + b"]}"
    assert content.count(b'"') + content.count(b",") + content.count(b"{") + 1 < MAX_JSON_PARTS // 2
    assert ask(app, "/large", content, token="bank")[0] == 200


def test_a_list_of_files_without_end_is_not_looked_at(app: FastAPI) -> None:
    content = b'{"documents": [' + b"{}," * 5000 + b"{}]}"
    assert ask(app, PATH, content, token="bank")[:2] == (422, "fields-not-valid")
