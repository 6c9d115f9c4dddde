"""Commands that run long: making an installation, the service, a worker, the sandbox provider."""

import signal
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from issuance.app import compose
from issuance.clocks import OPERATOR
from issuance.custody import require_secret
from issuance.installation import initialise, prepare_ceremony, prepare_installation
from issuance.payments.sandbox.app import SandboxSettings
from issuance.payments.sandbox.server import run
from issuance.serving import LOOPBACK, Address, sandbox_provider, serve, working
from issuance.settings import Layout, Settings, load_settings, require_installation
from issuance.signers import Keeper, end_with_parent, signers


def make_installation(
    directory: Path, settings: Settings, *, passphrase_in_file: bool, elsewhere: bool, console: Console
) -> Path | None:
    """Make or complete an installation; the sample register takes a few seconds.

    `elsewhere` stops where there is no root yet; the answer is then the plan of its ceremony.

    Raises:
        KeyCustodyError: what opens the keys is missing or unfit; before anything is made.
    """
    layout = Layout(root=directory)
    require_secret(layout, load_settings(layout, base=settings), passphrase_in_file=passphrase_in_file)
    with Progress(console=console, transient=True) as progress:
        inventing = progress.add_task("Inventing the sample register", total=None)

        def advance(made: int, total: int) -> None:
            progress.update(inventing, completed=made, total=total)

        if elsewhere:
            prepare_installation(layout, settings, passphrase_in_file=passphrase_in_file, progress=advance)
            plan = prepare_ceremony(layout)
            if plan is not None:
                return plan
        initialise(layout, settings, passphrase_in_file=passphrase_in_file, progress=advance).close()
    return None


def serve_installation(
    directory: Path, port: int, *, keeper: Keeper | None, with_sandbox: bool, console: Console
) -> None:
    """The web server with its worker, and the sandbox provider if asked for, until stopped.

    `keeper` keeps the signers up that were started for this; None: there are some, or none are wanted.
    """
    layout, address = Layout(root=directory), Address(host=LOOPBACK, port=port)
    require_installation(layout)
    settings = served_settings(layout, address)
    with ExitStack() as running:
        keyring = running.enter_context(signers(layout, settings, keeper))
        service = compose(layout, settings, keyring=keyring)
        if with_sandbox:
            provider = Address(host=LOOPBACK, port=int(settings.payment_address.rpartition(":")[2]))
            webhooks_to = f"{address.url}/webhooks/payments/{settings.payment_provider}"
            running.enter_context(sandbox_provider(layout, provider, webhooks_to=webhooks_to))
            console.print(f"Payments   {provider.url}  (sandbox: no money moves)", highlight=False)
        running.enter_context(working(service))
        if settings.clock_source == OPERATOR:
            console.print("Clock      at the operator's word; a ministry sets clock_source", highlight=False)
        console.print(f"Verify     {address.url}/", highlight=False)
        console.print(f"Interface  {address.url}/docs", highlight=False)
        console.print(f"Messages   {layout.outbox}", highlight=False)
        console.print("Stop with Ctrl-C.", highlight=False)
        serve(service, address)


def served_settings(layout: Layout, address: Address) -> Settings:
    """The installation's settings; where nobody said how applicants reach it, by `address`."""
    settings = load_settings(layout)
    if settings.public_address != Settings().public_address:
        return settings
    return replace(settings, public_address=address.url)


def run_worker(directory: Path, name: str, *, keeper: Keeper | None, console: Console) -> None:
    """One more worker, until stopped."""
    layout = Layout(root=directory)
    require_installation(layout)
    settings = load_settings(layout)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with (
        signers(layout, settings, keeper) as keyring,
        working(compose(layout, settings, keyring=keyring), executor_id=name),
    ):
        console.print(f"Working as {name}. Stop with Ctrl-C.", highlight=False)
        stopped.wait()


def run_sandbox(directory: Path, port: int, webhooks_to: str, *, with_parent: bool) -> None:
    """The sandbox provider, until stopped, or until standard input closes with its parent."""
    if with_parent:
        end_with_parent()
    layout = Layout(root=directory)
    require_installation(layout)
    settings = SandboxSettings(
        database_url=f"sqlite:///{(layout.state / 'sandbox-payments.db').resolve()}",
        api_key=layout.payment_key.read_text(encoding="utf-8").strip(),
        webhook_secrets=(layout.webhook_secret.read_text(encoding="utf-8").strip(),),
        webhook_url=webhooks_to,
        base_url=f"http://{LOOPBACK}:{port}",
        return_url=webhooks_to.partition("/webhooks/")[0] + "/",
    )
    run(LOOPBACK, port, settings)
