"""Problem documents (RFC 9457), in Arabic and English.

Every answer of 400 and above is one: `title` and `detail` in the caller's language,
`title_ar`, `title_en`, `detail_ar`, `detail_en` always. `type` is stable and ends in the
error's code; `instance` and `request_id` name this occurrence, and stand in the log.

An error nobody foresaw becomes a plain 500: what it says is for the log alone.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from issuance.errors import (
    Conflict,
    Forbidden,
    Invalid,
    IssuanceError,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from issuance.http import errors
from issuance.http.fields import describe_fields
from issuance.http.languages import preferred_language
from issuance.problems import detail_of, title_of
from signing.formats.canonical_json import JsonValue

log = logging.getLogger("issuance.http")

TYPE_PREFIX = "https://wathiqa.example/problems/"
MEDIA_TYPE = "application/problem+json"
_DATABASE_RETRY_SECONDS = 2
DATABASE_TROUBLES = (OperationalError, PoolExhausted)

# The one table from error class to status; the nearest class in the error's ancestry decides.
STATUSES: dict[type[IssuanceError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    IssuanceError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.BodyNotReadable: HTTPStatus.BAD_REQUEST,
    errors.BodyTooDeep: HTTPStatus.BAD_REQUEST,
    errors.BodyInTooManyParts: HTTPStatus.BAD_REQUEST,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.MediaTypeNotSupported: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.AddressTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    errors.CursorNotValid: HTTPStatus.BAD_REQUEST,
    # draft-ietf-httpapi-idempotency-key-header §2.7: missing 400, other payload 422, concurrent 409.
    errors.IdempotencyKeyMissing: HTTPStatus.BAD_REQUEST,
    errors.IdempotencyKeyNotValid: HTTPStatus.BAD_REQUEST,
}

# What the framework raises itself, in our words.
_FRAMEWORK: dict[int, type[IssuanceError]] = {
    HTTPStatus.BAD_REQUEST: errors.BodyNotReadable,
    HTTPStatus.UNAUTHORIZED: Unauthenticated,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: errors.NoSuchAddress,
    HTTPStatus.METHOD_NOT_ALLOWED: errors.MethodNotAllowed,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: errors.BodyTooLarge,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: errors.MediaTypeNotSupported,
    HTTPStatus.REQUEST_URI_TOO_LONG: errors.AddressTooLong,
    HTTPStatus.REQUEST_TIMEOUT: errors.BodyTooSlow,
    HTTPStatus.SERVICE_UNAVAILABLE: errors.TooMuchAtOnce,
}


def install_problems(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    app.add_exception_handler(IssuanceError, _on_issuance_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for trouble in DATABASE_TROUBLES:
        app.add_exception_handler(trouble, _on_database_trouble)
    app.add_exception_handler(DataError, _on_data_error)


def status_of(error: type[IssuanceError]) -> HTTPStatus:
    """The HTTP status that an error class is answered with."""
    return next(STATUSES[kind] for kind in error.__mro__ if kind in STATUSES)


def problem_document(
    error: IssuanceError,
    *,
    request_id: str,
    accept_language: str | None,
    fields: list[dict[str, JsonValue]] | None = None,
) -> dict[str, JsonValue]:
    """The members of the problem document of `error`."""
    title, detail = title_of(type(error)), detail_of(error)
    arabic = preferred_language(accept_language) == "ar"
    document: dict[str, JsonValue] = {
        "type": TYPE_PREFIX + error.code,
        "status": int(status_of(type(error))),
        "code": error.code,
        "title": title.ar if arabic else title.en,
        "title_ar": title.ar,
        "title_en": title.en,
        "detail": detail.ar if arabic else detail.en,
        "detail_ar": detail.ar,
        "detail_en": detail.en,
        "instance": f"urn:uuid:{request_id}",
        "request_id": request_id,
    }
    if fields:
        document["errors"] = cast("JsonValue", fields)
    return document


def problem_response(
    error: IssuanceError,
    *,
    request_id: str,
    accept_language: str | None,
    fields: list[dict[str, JsonValue]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that says what went wrong."""
    document = problem_document(error, request_id=request_id, accept_language=accept_language, fields=fields)
    return JSONResponse(
        document,
        status_code=status_of(type(error)),
        media_type=MEDIA_TYPE,
        headers={
            **_headers_of(error),
            **(headers or {}),
            "Content-Language": preferred_language(accept_language),
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
        },
    )


def _headers_of(error: IssuanceError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        # RFC 9110 §15.5.2 demands a challenge; RFC 6750 §3.1 names the error once a token was shown.
        shown = ', error="invalid_token"' if error.code == "token-not-valid" else ""
        headers["WWW-Authenticate"] = f'Bearer realm="wathiqa"{shown}'
    retry = error.facts.get("retry_after_seconds")
    if isinstance(retry, int):
        headers["Retry-After"] = str(retry)
    return headers


def _answer(
    request: Request,
    error: IssuanceError,
    *,
    fields: list[dict[str, JsonValue]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return problem_response(
        error,
        request_id=request.state.request_id,
        accept_language=request.headers.get("accept-language"),
        fields=fields,
        headers=headers,
    )


def _on_issuance_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, IssuanceError)  # noqa: S101  (registered for this class)
    if status_of(type(error)) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request %s: %s", request.state.request_id, error, exc_info=error)
    return _answer(request, error)


def _on_database_trouble(request: Request, error: Exception) -> Response:
    return _answer(request, say_database_trouble(error, request_id=request.state.request_id))


def say_database_trouble(error: Exception, *, request_id: str) -> errors.DatabaseUnavailable:
    """What the caller is told; what the database said is for the log alone."""
    log.error("request %s: %s", request_id, error, exc_info=error)
    return errors.DatabaseUnavailable(retry_after_seconds=_DATABASE_RETRY_SECONDS)


def _on_data_error(request: Request, error: Exception) -> Response:
    # PostgreSQL holds no text with a NUL in it and no text longer than its column; SQLite does.
    log.error("request %s: %s", request.state.request_id, error, exc_info=error)
    return _answer(request, errors.FieldsNotValid())


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for this class)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return _answer(request, errors.BodyNotReadable())
    if not request.headers.get("content-type") and any(item["loc"][:1] == ("body",) for item in found):
        return _answer(request, errors.MediaTypeNotSupported())
    return _answer(request, errors.FieldsNotValid(), fields=describe_fields(found))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for this class)
    known = _FRAMEWORK.get(error.status_code)
    if known is None:
        log.error("request %s: %s", request.state.request_id, error, exc_info=error)
    return _answer(request, (known or IssuanceError)(), headers=error.headers)
