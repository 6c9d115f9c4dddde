"""Runs the sandbox as a real server: in the foreground until a signal, or beside other work."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import uvicorn

from issuance.clock import Clock, system_clock
from issuance.payments.sandbox.app import SandboxSettings, create_app


class SandboxNotStarted(Exception):
    """The server ended before it could serve."""


def run(host: str, port: int, settings: SandboxSettings) -> None:
    """Serve until stopped by a signal."""
    config = uvicorn.Config(
        create_app(settings), host=host, port=port, log_level="warning", server_header=False, ws="none"
    )
    uvicorn.Server(config).run()


@contextmanager
def running(
    settings: SandboxSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock = system_clock,
    client: httpx.Client | None = None,
) -> Iterator[str]:
    """Serve in a thread for the length of a `with` block, which gets the address; port 0 takes a free one.

    The settings' `base_url` is replaced by that address.

    Raises:
        SandboxNotStarted: it could not start.
        OSError: the port is taken.
    """
    with socket.create_server((host, port)) as listening:
        address = f"http://{host}:{listening.getsockname()[1]}"
        app = create_app(replace(settings, base_url=address), clock=clock, client=client)
        server = _Server(uvicorn.Config(app, log_level="warning", server_header=False, ws="none"))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="sandbox", daemon=True
        )
        thread.start()
        try:
            server.wait_until_started(thread)
            yield address
        finally:
            server.should_exit = True
            thread.join(timeout=15)


class _Server(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._up.set()

    def wait_until_started(self, thread: threading.Thread) -> None:
        """Return once requests are served."""
        while not self._up.wait(timeout=0.1):
            if not thread.is_alive():
                raise SandboxNotStarted
        if not self.started:
            raise SandboxNotStarted
