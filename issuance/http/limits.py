"""How much a caller may send: bytes, nesting and parts.

Counts what arrives, not what `Content-Length` promises. A JSON body is read whole before
the route sees it, and refused when it is nested so deeply that parsing it would exhaust
the stack, or has so many parts that parsing it would hold up everybody else. JSON larger than
the default is read only where the route's own door has let the caller in, because the framework
parses a body before it asks the door. Bodies of other types are counted while they stream.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from fastapi.security.utils import get_authorization_scheme_param
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from issuance.errors import IssuanceError
from issuance.http.errors import BodyInTooManyParts, BodyTooDeep, BodyTooLarge
from issuance.http.problems import DATABASE_TROUBLES, problem_response, say_database_trouble
from issuance.identity.access import Authenticator, Require
from issuance.identity.errors import NotSignedIn

DEFAULT_MAX_BYTES = 256 * 1024
MAX_JSON_DEPTH = 32
# The largest call there is, 500 seal codes and 25 files, has fewer than 6,000.
MAX_JSON_PARTS = 20_000

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_MARKS = (b"[", b"{", b",", b'"')


class _Refused(Exception):
    """Stops the route's reading; the middleware answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeJson:
    """JSON of more bytes than elsewhere, from those whom the door lets in."""

    most: int
    door: Require


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most bytes a body may have.

    Args:
        default_bytes: of any body that is not named below, and of any JSON.
        by_path: of what is not JSON, by the beginning of the path; the longest match decides. Where it is
            less than the default, of JSON too.
        large_json: of JSON, by the whole path.
        read_by_route: paths whose routes look at the headers before they read any body.
    """

    default_bytes: int = DEFAULT_MAX_BYTES
    by_path: Mapping[str, int] = field(default_factory=dict)
    large_json: Mapping[str, LargeJson] = field(default_factory=dict)
    read_by_route: frozenset[str] = frozenset()

    def most(self, path: str) -> int:
        """The limit for `path`, in bytes."""
        matches = [prefix for prefix in self.by_path if path.startswith(prefix)]
        return self.by_path[max(matches, key=len)] if matches else self.default_bytes

    def most_json(self, path: str) -> int:
        """The limit for JSON, in bytes."""
        large = self.large_json.get(path)
        return min(self.most(path), self.default_bytes) if large is None else large.most


class BodyLimits:
    """ASGI middleware that answers too large bodies and too deep JSON itself."""

    def __init__(self, app: ASGIApp, *, limits: Limits, authenticator: Authenticator) -> None:
        self.app = app
        self.limits = limits
        self.authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, headers = scope["path"], Headers(scope=scope)
        is_json = path not in self.limits.read_by_route and _is_json(headers.get("content-type"))
        body = _Body(receive, most=self.limits.most_json(path) if is_json else self.limits.most(path))
        try:
            if is_json:
                await self._pass_door(body, scope)
            body.check_promise(headers.get("content-length"))
            if is_json:
                await body.read_json()
            await self.app(scope, body.receive, body.guarded(send))
        except _Refused:
            pass
        if body.fault is not None and not body.answered:
            answer = problem_response(
                body.fault,
                request_id=scope["state"]["request_id"],
                accept_language=headers.get("accept-language"),
                headers={"Connection": "close"},  # the rest of the body is not worth reading
            )
            await answer(scope, receive, send)

    async def _pass_door(self, body: "_Body", scope: Scope) -> None:
        large = self.limits.large_json.get(scope["path"])
        if large is None:
            return
        scheme, token = get_authorization_scheme_param(Headers(scope=scope).get("authorization"))
        if scheme.lower() != "bearer" or not token:
            body.refuse(NotSignedIn())
        try:
            await run_in_threadpool(large.door.admit, self.authenticator, token)
        except IssuanceError as error:
            body.refuse(error)
        except DATABASE_TROUBLES as error:
            body.refuse(say_database_trouble(error, request_id=scope["state"]["request_id"]))


class _Body:
    """The body of one request, counted."""

    def __init__(self, receive: Receive, *, most: int) -> None:
        self._receive = receive
        self._most = most
        self._read = 0
        self._held: list[Message] = []
        self.fault: IssuanceError | None = None
        self.answered = False

    def check_promise(self, content_length: str | None) -> None:
        if content_length is not None and content_length.isdecimal() and int(content_length) > self._most:
            self.refuse(BodyTooLarge(most=self._most))

    async def read_json(self) -> None:
        chunks: list[bytes] = []
        while True:
            message = await self._count(await self._receive())
            chunks.append(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        content = b"".join(chunks)
        if sum(map(content.count, _MARKS)) > MAX_JSON_PARTS:
            self.refuse(BodyInTooManyParts())
        if json_depth_exceeds(content, MAX_JSON_DEPTH):
            self.refuse(BodyTooDeep(most=MAX_JSON_DEPTH))
        kept = message if message["type"] != "http.request" else {"type": "http.request", "body": content}
        self._held.append(kept)

    async def receive(self) -> Message:
        """What the route reads instead of the connection."""
        if self._held:
            return self._held.pop()
        return await self._count(await self._receive())

    def guarded(self, send: Send) -> Send:
        """Let the route answer, unless it only answers because its reading was stopped."""

        async def send_guarded(message: Message) -> None:
            if self.fault is not None and not self.answered:
                raise _Refused
            self.answered = True
            await send(message)

        return send_guarded

    async def _count(self, message: Message) -> Message:
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            self.refuse(BodyTooLarge(most=self._most))
        return message

    def refuse(self, fault: IssuanceError) -> NoReturn:
        """Read no further; this is the answer."""
        self.fault = fault
        raise _Refused


def json_depth_exceeds(content: bytes, most: int) -> bool:
    """Whether arrays and objects nest deeper than `most`, without parsing."""
    if content.count(b"[") + content.count(b"{") <= most:
        return False
    depth = 0
    for mark in re.findall(rb"[\[{}\]]", _STRING.sub(b"", content)):
        depth += 1 if mark in b"[{" else -1
        if depth > most:
            return True
    return False


def _is_json(content_type: str | None) -> bool:
    media_type = (content_type or "").split(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")
