"""Running the service: the web server with its worker, and the sandbox provider beside it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI

from issuance.app import Service
from issuance.housekeeping import Housekeeping
from issuance.requests.workflow import Worker
from issuance.settings import Layout
from issuance.signers import without_secrets
from issuance.web import create_app

LOOPBACK = "127.0.0.1"
START_WITHIN_SECONDS = 60.0


class NotStarted(Exception):
    """A server did not come up in time; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Without a trailing slash."""
        return f"http://{self.host}:{self.port}"


def free_address(host: str = LOOPBACK) -> Address:
    """A port that nobody uses at this moment."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        return Address(host=host, port=listener.getsockname()[1])


@contextmanager
def working(service: Service, *, executor_id: str = "serve") -> Iterator[None]:
    """A worker and the housekeeping, while the block runs."""
    settings = service.settings
    worker = Worker(
        service.layout.database_url(settings),
        executor_id=executor_id,
        fulfilment=service.fulfilment,
        concurrency=int(settings.workers),
    )
    housekeeping = Housekeeping(service)
    worker.start()
    housekeeping.start()
    try:
        yield
    finally:
        housekeeping.stop()
        worker.stop()


def serve(service: Service, address: Address) -> None:
    """Serve until stopped by a signal; what was entered before is then left in order."""
    # The server raises a signal anew once it has shut down; unhandled, it would end the process on the spot.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _server(service, address).run()


@contextmanager
def serving(service: Service, address: Address) -> Iterator[None]:
    """The web server in a thread, while the block runs.

    Raises:
        NotStarted: it did not come up.
    """
    server = _server(service, address)
    thread = threading.Thread(target=server.run, name="web", daemon=True)
    thread.start()
    try:
        _wait_until(lambda: server.started, "the web server")
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


@contextmanager
def sandbox_provider(layout: Layout, address: Address, *, webhooks_to: str) -> Iterator[None]:
    """The sandbox payment provider as a process of its own, while the block runs.

    Raises:
        NotStarted: it did not come up.
    """
    if _is_up(address):
        raise NotStarted(f"somebody else listens at {address.url}; stop it, or choose another port")
    command = [sys.executable, "-m", "issuance.cli.commands", "sandbox-payments", "--with-parent"]
    options = ["--directory", str(layout.root), "--port", str(address.port), "--webhooks-to", webhooks_to]
    # The pipe closes when we end, however we end; the provider ends with it. It is a stranger to our keys.
    process = subprocess.Popen(  # noqa: S603  (our own command)
        [*command, *options], stdin=subprocess.PIPE, env=without_secrets(os.environ)
    )
    try:
        _wait_until(lambda: process.poll() is not None or _is_up(address), "the sandbox payment provider")
        if process.poll() is not None:
            raise NotStarted(f"the sandbox payment provider ended with status {process.returncode}")
        yield
    finally:
        process.terminate()
        process.wait(timeout=15)
        if process.stdin is not None:
            process.stdin.close()


def web_configuration(app: FastAPI, address: Address) -> uvicorn.Config:
    """How the web server runs."""
    return uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        log_level="warning",
        server_header=False,
        # Who asked for which document is nobody's business; the audit keeps what must be kept.
        access_log=False,
    )


def _server(service: Service, address: Address) -> uvicorn.Server:
    return uvicorn.Server(web_configuration(create_app(service), address))


def _is_up(address: Address) -> bool:
    try:
        return httpx.get(f"{address.url}/health", timeout=1).is_success
    except httpx.HTTPError:
        return False


def _wait_until(ready: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + START_WITHIN_SECONDS
    while not ready():
        if time.monotonic() > give_up:
            raise NotStarted(f"{what} did not come up within {START_WITHIN_SECONDS:.0f} seconds")
        time.sleep(0.05)
