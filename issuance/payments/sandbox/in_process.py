"""Speaks to an ASGI application as if over the network, without a socket: for tests, and for rehearsals."""

import asyncio

import httpx
from fastapi import FastAPI


class InProcessTransport(httpx.BaseTransport):
    """Carries requests of an ordinary `httpx.Client` to `app`; the application's lifespan is not run."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Run the application for one request in an event loop of its own."""
        return asyncio.run(self._handle(request))

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        inner = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        response = await httpx.ASGITransport(app=self._app).handle_async_request(inner)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


def in_process_client(app: FastAPI) -> httpx.Client:
    """A client whose every request reaches `app`, whatever the host."""
    return httpx.Client(transport=InProcessTransport(app))
