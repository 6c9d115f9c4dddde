"""The OpenAPI document, good enough to generate a client from.

Every operation names its problems as shared components instead of the framework's own
validation schema, its permission as `x-permission`, and a short stable `operationId`. Its
summary is how its description begins: the first line of the handler's docstring.
"""

import re
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from issuance.http.problems import MEDIA_TYPE
from issuance.identity.access import doors

_TEXT = {"type": "string"}
_FIELD = {
    "type": "object",
    "required": ["in", "pointer", "detail_ar", "detail_en"],
    "properties": {
        "in": {"type": "string", "description": "Where: body, query, path or header."},
        "pointer": {"type": "string", "description": "JSON pointer as a URI fragment (RFC 6901 §6)."},
        "detail_ar": _TEXT,
        "detail_en": _TEXT,
    },
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457), in Arabic and English.",
    "required": [
        "type",
        "status",
        "code",
        "title",
        "title_ar",
        "title_en",
        "detail",
        "detail_ar",
        "detail_en",
        "instance",
        "request_id",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Stable; ends in `code`."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^[a-z0-9-]+$", "description": "Stable; act on this."},
        "title": _TEXT,
        "title_ar": _TEXT,
        "title_en": _TEXT,
        "detail": _TEXT,
        "detail_ar": _TEXT,
        "detail_en": _TEXT,
        "instance": {"type": "string", "format": "uri"},
        "request_id": {"type": "string", "format": "uuid"},
        "errors": {"type": "array", "items": _FIELD},
    },
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_PROBLEM_CONTENT = {"schema": {"$ref": "#/components/schemas/Problem"}}
_PROBLEMS: dict[str, tuple[HTTPStatus, str]] = {
    "BadRequest": (HTTPStatus.BAD_REQUEST, "Cannot be read: body, cursor or idempotency key."),
    "Unauthenticated": (HTTPStatus.UNAUTHORIZED, "Not signed in, or the session has ended."),
    "Forbidden": (HTTPStatus.FORBIDDEN, "Signed in, and not allowed."),
    "NotFound": (HTTPStatus.NOT_FOUND, "Does not exist, or not for this caller."),
    "Conflict": (HTTPStatus.CONFLICT, "Not possible in the present state."),
    "NotValid": (HTTPStatus.UNPROCESSABLE_ENTITY, "Something said cannot be right."),
    "TooMany": (HTTPStatus.TOO_MANY_REQUESTS, "Asked too often."),
}
_ALWAYS = ("BadRequest", "NotValid", "TooMany")
_BEHIND_A_DOOR = ("Unauthenticated", "Forbidden")
_WRITING = {"POST", "PUT", "PATCH", "DELETE"}


def operation_id(route: APIRoute) -> str:
    """The name of the handler in lowerCamelCase; names are unique (a test says so)."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` answer with the document described above."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's documented way to extend it


def _complete(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        servers=app.servers,
    )
    components = cast("dict[str, Any]", document.setdefault("components", {}))
    schemas = components.setdefault("schemas", {})
    for framework in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {name: _response(said) for name, (_, said) in _PROBLEMS.items()} | {
        "Problem": _response("Any other problem.")
    }
    declared = {
        (method, path): declarations
        for door, declarations in doors(app)
        for methods, path in [door.split(" ", 1)]
        for method in methods.split(",")
    }
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            _complete_operation(operation, method.upper(), path, declared.get((method.upper(), path), set()))
    return document


def _complete_operation(operation: dict[str, Any], method: str, path: str, declared: set[str]) -> None:
    open_to_all = all(declaration.startswith("public: ") for declaration in declared)
    names = [*_ALWAYS, *(() if open_to_all else _BEHIND_A_DOOR)]
    names += ["NotFound"] if "{" in path else []
    names += ["Conflict"] if method in _WRITING else []
    operation["summary"] = _summary(operation.get("description") or operation["summary"])
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    for name in names:
        status = str(int(_PROBLEMS[name][0]))
        shared = responses.setdefault(status, {"$ref": f"#/components/responses/{name}"})
        if "$ref" not in shared:  # the route declares its own answer; a problem is possible beside it
            shared.setdefault("content", {}).setdefault(MEDIA_TYPE, _PROBLEM_CONTENT)
    responses.setdefault("default", {"$ref": "#/components/responses/Problem"})
    operation["responses"] = dict(sorted(responses.items()))
    if not open_to_all:
        operation["x-permission"] = sorted(declared)


def _summary(description: str) -> str:
    """The first clause of a description, without its full stop."""
    line = description.strip().partition("\n")[0]
    return re.split(r"[;:(]", line)[0].strip().removesuffix(".")


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "headers": _RETRY_AFTER, "content": {MEDIA_TYPE: _PROBLEM_CONTENT}}
