"""A name for every request, and an answer when nobody foresaw the error.

The outermost layer of ours: it names the request (`X-Request-Id`, never taken from the
caller, so that a log line cannot be forged), and turns an error that nobody handled into
a plain 500 whose detail stands only in the log.
"""

import logging
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from issuance.errors import IssuanceError
from issuance.http.problems import problem_response

log = logging.getLogger("issuance.http")

HEADER = "X-Request-Id"


def _random_id() -> str:
    return str(uuid.uuid4())


class RequestIds:
    """ASGI middleware: `request.state.request_id` inside, `X-Request-Id` outside."""

    def __init__(self, app: ASGIApp, *, new_id: Callable[[], str] = _random_id) -> None:
        self.app = app
        self.new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        request_id = self.new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        except Exception:
            log.exception("request %s failed", request_id)
            if started or scope["type"] != "http":
                raise
            answer = problem_response(
                IssuanceError(),
                request_id=request_id,
                accept_language=Headers(scope=scope).get("accept-language"),
            )
            await answer(scope, receive, send_named)
