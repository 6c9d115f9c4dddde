"""The authority over HTTP: time-stamps, OCSP, CRLs and certificates.

Transport by RFC 3161 §3.4, RFC 6960 appendix A and RFC 5019, RFC 2585.
Everything here is public and signed; nothing here issues or revokes.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any, TypedDict
from urllib.parse import unquote

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from sqlalchemy import Engine

from ca.clock import Clock
from ca.errors import CertificateNotFound
from ca.hierarchy import Hierarchy
from ca.ocsp import MAX_REQUEST_OCTETS as MAX_OCSP_OCTETS
from ca.ocsp import OcspAnswer, OcspResponder
from ca.serials import MAX_SERIAL_BITS
from ca.store import load_certificate, load_last_crl
from ca.timestamp import TimeStamper
from ca.timestamp_request import MAX_REQUEST_OCTETS as MAX_TIMESTAMP_OCTETS

TIMESTAMP_QUERY, TIMESTAMP_REPLY = "application/timestamp-query", "application/timestamp-reply"
OCSP_REQUEST, OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
CRL, CERTIFICATE = "application/pkix-crl", "application/pkix-cert"
CERTIFICATE_MAX_AGE_SECONDS = 86_400
# Signed and public: anybody's verifier may read it, on whatever page it runs.
FOR_EVERYBODY = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def create_router(hierarchy: Callable[[], Hierarchy], engine: Engine, clock: Clock) -> APIRouter:
    """The routes; `hierarchy` answers the current one, which changes when certificates are renewed."""
    router = APIRouter(tags=["authority"])
    current = _Current(hierarchy, clock)
    _add_time_stamps(router, current)
    _add_ocsp(router, current, engine, clock)
    _add_files(router, hierarchy, engine, clock)
    return router


@dataclass(frozen=True, slots=True)
class _Services:
    hierarchy: Hierarchy
    time_stamper: TimeStamper
    responder: OcspResponder


class _Current:
    """The services of the current hierarchy, made once and again only when it changes."""

    def __init__(self, hierarchy: Callable[[], Hierarchy], clock: Clock) -> None:
        self._hierarchy, self._clock = hierarchy, clock
        self._services: _Services | None = None

    def __call__(self) -> _Services:
        hierarchy, kept = self._hierarchy(), self._services
        if kept is None or kept.hierarchy is not hierarchy:
            stamper = hierarchy.time_stamper(self._clock, with_chain=True)
            kept = self._services = _Services(hierarchy, stamper, hierarchy.ocsp_responder())
        return kept


def _add_time_stamps(router: APIRouter, current: _Current) -> None:
    @router.post("/tsa", **_binary(TIMESTAMP_QUERY, TIMESTAMP_REPLY))
    def time_stamp(
        body: Annotated[bytes, Depends(_body(TIMESTAMP_QUERY, MAX_TIMESTAMP_OCTETS))],
    ) -> Response:
        """A time-stamp over a digest (RFC 3161)."""
        reply = current().time_stamper.respond(body)
        return Response(
            reply, media_type=TIMESTAMP_REPLY, headers={"Cache-Control": "no-store", **FOR_EVERYBODY}
        )


def _add_ocsp(router: APIRouter, current: _Current, engine: Engine, clock: Clock) -> None:
    def answer(request: bytes) -> OcspAnswer:
        with engine.connect() as connection:
            return current().responder.respond(connection, request, at=clock())

    @router.post("/ocsp", **_binary(OCSP_REQUEST, OCSP_RESPONSE))
    def ocsp_by_post(
        body: Annotated[bytes, Depends(_body(OCSP_REQUEST, MAX_OCSP_OCTETS))],
    ) -> Response:
        """The status of a certificate (RFC 6960)."""
        return Response(
            answer(body).der, media_type=OCSP_RESPONSE, headers={"Cache-Control": "no-store", **FOR_EVERYBODY}
        )

    # Base64 has slashes, which some clients leave bare: hence the path converter.
    @router.get("/ocsp/{request:path}", **_binary(None, OCSP_RESPONSE))
    def ocsp_by_get(request: str) -> Response:
        """The same by GET, for caches (RFC 5019 §5)."""
        if len(request) > 2 * MAX_OCSP_OCTETS:
            raise HTTPException(414, "the request is too long")
        try:
            der = base64.b64decode(unquote(request), validate=True)
        except (binascii.Error, ValueError):
            der = b""
        found = answer(der)
        return Response(found.der, media_type=OCSP_RESPONSE, headers=_ocsp_caching(found, clock()))


def _add_files(router: APIRouter, hierarchy: Callable[[], Hierarchy], engine: Engine, clock: Clock) -> None:
    @router.get("/crl/{name}.crl", **_binary(None, CRL))
    def crl(name: str) -> Response:
        """The last CRL of an authority."""
        with engine.connect() as connection:
            last = load_last_crl(connection, name)
        if last is None:
            raise HTTPException(404, "there is no such list")
        headers = _caching(last.this_update, last.next_update, clock())
        return Response(last.der, media_type=CRL, headers=headers)

    @router.get("/certificates/{name}.cer", **_binary(None, CERTIFICATE))
    def certificate(name: str) -> Response:
        """A certificate, by its name or its serial number in hexadecimal."""
        der = _certificate(hierarchy(), engine, name)
        headers = {**FOR_EVERYBODY, "Cache-Control": f"public, max-age={CERTIFICATE_MAX_AGE_SECONDS}"}
        return Response(der, media_type=CERTIFICATE, headers=headers)


def _certificate(hierarchy: Hierarchy, engine: Engine, name: str) -> bytes:
    for credential in hierarchy.credentials():
        if credential.name == name:
            return credential.certificate.public_bytes(Encoding.DER)
    try:
        serial = int(name, 16) if len(name) * 4 <= MAX_SERIAL_BITS + 1 else -1
        with engine.connect() as connection:
            return load_certificate(connection, serial).der
    except (ValueError, CertificateNotFound) as error:
        raise HTTPException(404, "there is no such certificate") from error


def _body(media_type: str, max_octets: int) -> Callable[[Request], object]:
    """A dependency that reads a body of one media type, and stops reading beyond `max_octets`."""

    async def read(request: Request) -> bytes:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
            raise HTTPException(415, f"send {media_type}")
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > max_octets:
                raise HTTPException(413, f"at most {max_octets} octets")
        return bytes(data)

    return read


def _ocsp_caching(answer: OcspAnswer, now: datetime) -> dict[str, str]:
    if answer.next_update is None:
        return {"Cache-Control": "no-store", **FOR_EVERYBODY}
    return _caching(answer.this_update, answer.next_update, now)


def _caching(this_update: datetime, next_update: datetime, now: datetime) -> dict[str, str]:
    """RFC 5019 §6.2: keep it until half of its life has passed, so that a newer one is seen in time."""
    half = this_update + (next_update - this_update) / 2
    seconds = max(0, int((half - now).total_seconds()))
    return {
        **FOR_EVERYBODY,
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate",
        "Last-Modified": format_datetime(this_update, usegmt=True),
        "Expires": format_datetime(next_update, usegmt=True),
    }


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
