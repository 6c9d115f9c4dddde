"""What the status and time-stamp services refuse by HTTP is a problem document, as of every other route."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ca.front import AuthorityFront
from ca.http import create_router
from ca.replies import busy, refused
from ca.services import AuthorityServices
from issuance.http.ground import lay_ground
from issuance.http.limits import Limits
from issuance.http.openapi import operation_id


def nobody() -> Any:
    pytest.fail("asked for what is not needed")


def answer(front: type[AuthorityFront], path: str, **arguments: Any) -> httpx.Response:
    services = AuthorityServices(nobody, None, nobody)  # type: ignore[arg-type]  # no books either
    app = FastAPI(generate_unique_id_function=operation_id)
    app.include_router(create_router(services))
    lay_ground(app, authenticator=None, limits=Limits())  # type: ignore[arg-type]  # nobody signs in
    app.add_middleware(front, services=services)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://pki") as client:
            method = "POST" if "content" in arguments else "GET"
            return await client.request(method, path, **arguments)

    return asyncio.run(ask())


OCSP = {"Content-Type": "application/ocsp-request"}


@pytest.mark.parametrize(
    ("path", "arguments", "status", "code"),
    [
        ("/ocsp", {"content": b"x", "headers": {"Content-Type": "a/b"}}, 415, "media-type-not-supported"),
        ("/ocsp", {"content": bytes(2049), "headers": OCSP}, 413, "body-too-large"),
        ("/ocsp/" + "A" * 5000, {}, 414, "address-too-long"),
        ("/tsa", {}, 405, "method-not-allowed"),
    ],
    ids=["another type", "too long a body", "too long an address", "another method"],
)  # fmt: skip
def test_a_refusal_is_a_problem_document(
    path: str, arguments: dict[str, Any], status: int, code: str
) -> None:
    refusal = answer(AuthorityFront, path, **arguments)

    assert (refusal.status_code, refusal.json()["code"]) == (status, code)
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.json()["detail_ar"] != refusal.json()["detail_en"]


@pytest.mark.parametrize(
    ("reply", "code", "header"),
    [
        (busy(), "too-much-at-once", ("retry-after", "5")),
        (refused(408, "slow", connection="close"), "body-too-slow", ("connection", "close")),
    ],
    ids=["too much at once", "too slow a body"],
)
def test_what_could_not_be_waited_for_is_told_too(reply: Any, code: str, header: tuple[str, str]) -> None:
    class Pressed(AuthorityFront):
        async def _reply(self, *_: Any) -> Any:
            return reply

    refusal = answer(Pressed, "/ocsp", content=b"x", headers=OCSP)

    assert (refusal.status_code, refusal.json()["code"]) == (reply.status, code)
    assert refusal.headers[header[0]] == header[1]
