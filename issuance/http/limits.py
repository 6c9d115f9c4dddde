"""How much a caller may send: bytes and nesting.

Counts what arrives, not what `Content-Length` promises. A JSON body is read whole before
the route sees it, and refused when it is nested so deeply that parsing it would exhaust
the stack. Bodies of other types are counted while they stream.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from issuance.errors import IssuanceError
from issuance.http.errors import BodyTooDeep, BodyTooLarge
from issuance.http.problems import problem_response

DEFAULT_MAX_BYTES = 256 * 1024
MAX_JSON_DEPTH = 32

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class _Refused(Exception):
    """Stops the route's reading; the middleware answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most bytes a body may have, by the beginning of the path; the longest match decides."""

    default_bytes: int = DEFAULT_MAX_BYTES
    by_path: Mapping[str, int] = field(default_factory=dict)

    def most(self, path: str) -> int:
        """The limit for `path`, in bytes."""
        matches = [prefix for prefix in self.by_path if path.startswith(prefix)]
        return self.by_path[max(matches, key=len)] if matches else self.default_bytes


class BodyLimits:
    """ASGI middleware that answers too large bodies and too deep JSON itself."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within its limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, most=self.limits.most(scope["path"]))
        headers = Headers(scope=scope)
        try:
            body.check_promise(headers.get("content-length"))
            if _is_json(headers.get("content-type")):
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
            self._refuse(BodyTooLarge(most=self._most))

    async def read_json(self) -> None:
        chunks: list[bytes] = []
        while True:
            message = await self._count(await self._receive())
            chunks.append(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        content = b"".join(chunks)
        if json_depth_exceeds(content, MAX_JSON_DEPTH):
            self._refuse(BodyTooDeep(most=MAX_JSON_DEPTH))
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
            self._refuse(BodyTooLarge(most=self._most))
        return message

    def _refuse(self, fault: IssuanceError) -> None:
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
