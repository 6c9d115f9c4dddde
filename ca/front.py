"""Status and time-stamps over HTTP: RFC 6960 appendix A, RFC 5019 §5, RFC 3161 §3.4, as plain ASGI.

Stands before the web framework, which costs more than these answers do, and keeps what a stranger
may take of us small: so many octets, so much time to send them, so many askers waiting for
a key at once. What a key or the books are needed for is done in threads; what is at hand is not.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from ca.ocsp_request import MAX_REQUEST_OCTETS as MAX_OCSP_OCTETS
from ca.replies import OCSP_REQUEST, TIMESTAMP_QUERY, Reply, busy, refused, unless_known
from ca.services import AuthorityServices
from ca.timestamp_request import MAX_REQUEST_OCTETS as MAX_TIMESTAMP_OCTETS

TSA, OCSP = "/tsa", "/ocsp"
THREADS = 8
MAX_WAITING = 256
BODY_WITHIN_SECONDS = 10.0
LOWEST_REFUSAL = 400
REFUSAL = "authority_refusal"
"""Where a request's state holds the refusal that the application is to tell."""


class AuthorityFront:
    """ASGI middleware: answers below `/ocsp` and `/tsa` itself, and passes on what is not its own."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        services: AuthorityServices,
        body_within_seconds: float = BODY_WITHIN_SECONDS,
    ) -> None:
        self._app, self._services, self._body_within = app, services, body_within_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="authority")
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _is_ours(scope["path"]):
            await self.serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request that is ours; what HTTP refuses is told by the application, in its own words."""
        known: Reply | None = scope.get("state", {}).get(REFUSAL)
        reply = known or await self._reply(scope, receive)
        if reply.status >= LOWEST_REFUSAL:
            scope.setdefault("state", {})[REFUSAL] = reply
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        body = b"" if scope["method"] == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        if path == TSA:
            return await self._post(scope, receive, TIMESTAMP_QUERY, MAX_TIMESTAMP_OCTETS, self._time_stamp)
        if path == OCSP:
            return await self._post(scope, receive, OCSP_REQUEST, MAX_OCSP_OCTETS, self._status_by_post)
        if method in {"GET", "HEAD"}:
            return await self._status_by_get(scope)
        return refused(405, "ask by GET, or by POST to /ocsp", allow="GET, HEAD")

    def _time_stamp(self, body: bytes) -> "Reply | Callable[[], Reply]":
        return lambda: self._services.time_stamp(body)

    def _status_by_post(self, body: bytes) -> "Reply | Callable[[], Reply]":
        found = self._services.status_at_hand(body, may_be_kept=False)
        return found or (lambda: self._services.status(body, may_be_kept=False))

    async def _status_by_get(self, scope: Scope) -> Reply:
        text = scope["path"].removeprefix(f"{OCSP}/")
        if len(text) > 2 * MAX_OCSP_OCTETS:
            return refused(414, f"at most {MAX_OCSP_OCTETS} octets")
        try:
            # Base64 has slashes and pluses, which clients write bare, escaped, or escaped twice.
            der = base64.b64decode(unquote(text), validate=True)
        except (binascii.Error, ValueError):
            der = b""
        found = self._services.status_at_hand(der, may_be_kept=True)
        reply = found or await self._in_thread(lambda: self._services.status(der, may_be_kept=True))
        return unless_known(
            reply,
            if_none_match=_header(scope, b"if-none-match"),
            if_modified_since=_header(scope, b"if-modified-since"),
        )

    async def _post(
        self,
        scope: Scope,
        receive: Receive,
        media_type: str,
        most: int,
        answer: "Callable[[bytes], Reply | Callable[[], Reply]]",
    ) -> Reply:
        if scope["method"] != "POST":
            return refused(405, "ask by POST", allow="POST")
        if (_header(scope, b"content-type") or "").partition(";")[0].strip().lower() != media_type:
            return refused(415, f"send {media_type}", connection="close")
        try:
            async with asyncio.timeout(self._body_within):
                body = await _body(receive, most)
        except TimeoutError:
            return refused(408, "the request came too slowly", connection="close")
        if body is None:
            return refused(413, f"at most {most} octets", connection="close")
        found = answer(body)
        return found if isinstance(found, Reply) else await self._in_thread(found)

    async def _in_thread(self, task: Callable[[], Reply]) -> Reply:
        if self._waiting >= MAX_WAITING:
            return busy()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, task)
        finally:
            self._waiting -= 1


def _is_ours(path: str) -> bool:
    # An answer that is a file (`/ocsp/<serial>.ors`) is served as one.
    return path in {TSA, OCSP} or (path.startswith(f"{OCSP}/") and not path.endswith(".ors"))


async def _body(receive: Receive, most: int) -> bytes | None:
    """The body, or None when it is longer than `most`; the rest is not read then."""
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if len(data) > most:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(data)


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None
