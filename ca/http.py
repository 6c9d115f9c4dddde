"""The routes of the authority: time-stamps, OCSP, CRLs and certificates.

Transport by RFC 3161 §3.4, RFC 6960 appendix A and RFC 5019, RFC 2585. Everything here is public
and signed; nothing here issues or revokes. The first two are answered by `ca.front`, which an
application puts before its framework; the routes describe them, and hand over to the same.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.types import Receive, Scope, Send

from ca.front import LOWEST_REFUSAL, REFUSAL, AuthorityFront
from ca.replies import (
    CERTIFICATE,
    CRL,
    OCSP_REQUEST,
    OCSP_RESPONSE,
    TIMESTAMP_QUERY,
    TIMESTAMP_REPLY,
    Reply,
    unless_known,
)
from ca.services import AuthorityServices

TOLD = ("allow", "connection", "retry-after")
"""Headers of a refusal that are told with it."""


def create_router(services: AuthorityServices) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["authority"])
    front = AuthorityFront(_tell_refusal, services=services)
    _add_answers(router, front)
    _add_files(router, services)
    return router


def _add_answers(router: APIRouter, front: AuthorityFront) -> None:
    @router.post("/tsa", **_binary(TIMESTAMP_QUERY, TIMESTAMP_REPLY))
    async def time_stamp() -> Response:
        """A time-stamp over a digest (RFC 3161)."""
        return _HandedOver(front.serve)

    @router.post("/ocsp", **_binary(OCSP_REQUEST, OCSP_RESPONSE))
    async def ocsp_by_post() -> Response:
        """The status of a certificate (RFC 6960)."""
        return _HandedOver(front.serve)

    # Base64 has slashes, which some clients leave bare: hence the path converter.
    @router.get("/ocsp/{request:path}", **_binary(None, OCSP_RESPONSE))
    async def ocsp_by_get(request: str) -> Response:
        """The same by GET, for caches (RFC 5019 §5)."""
        del request
        return _HandedOver(front.serve)


def _add_files(router: APIRouter, services: AuthorityServices) -> None:
    def crl(name: str, request: Request) -> Response:
        """The last CRL of an authority."""
        return _response(services.crl(name), request)

    def certificate(name: str, request: Request) -> Response:
        """A certificate, by its name or its serial number in hexadecimal."""
        return _response(services.certificate(name), request)

    for path, endpoint, media_type in (
        ("/crl/{name}.crl", crl, CRL),
        ("/certificates/{name}.cer", certificate, CERTIFICATE),
    ):
        router.add_api_route(path, endpoint, **_binary(None, media_type))
        router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def _response(reply: Reply, request: Request) -> Response:
    if reply.status >= LOWEST_REFUSAL:
        raise _as_exception(reply)
    headers = request.headers
    reply = unless_known(
        reply,
        if_none_match=headers.get("if-none-match"),
        if_modified_since=headers.get("if-modified-since"),
    )
    body = b"" if request.method == "HEAD" else reply.body
    response = Response(body, status_code=reply.status)
    response.raw_headers = list(reply.headers)
    return response


class _HandedOver(Response):
    """Lets another application answer."""

    def __init__(self, serve: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        super().__init__()
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand over."""
        await self._serve(scope, receive, send)


async def _tell_refusal(scope: Scope, receive: Receive, send: Send) -> None:
    """Let the framework say what HTTP refuses.

    Raises:
        HTTPException: always.
    """
    del receive, send
    raise _as_exception(scope["state"][REFUSAL])


def _as_exception(reply: Reply) -> HTTPException:
    headers = {name: value for name in TOLD if (value := reply.header(name)) is not None}
    return HTTPException(reply.status, reply.body.decode().strip(), headers=headers)


class _Binary(TypedDict):
    response_class: type[Response]
    responses: dict[int | str, dict[str, Any]]
    openapi_extra: dict[str, Any]


def _binary(asks: str | None, answers: str) -> _Binary:
    """What OpenAPI says of a route that takes and gives DER."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    extra = {} if asks is None else {"requestBody": {"required": True, "content": {asks: schema}}}
    return {
        "response_class": Response,
        "responses": {200: {"description": "DER", "content": {answers: schema}}},
        "openapi_extra": extra,
    }
