"""`wathiqa`: the operator's command.

Exit status: 0 done; 1 not done, with the reason on standard error; 2 wrong usage.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from issuance.cli import (
    authority,
    books,
    catalogue,
    ceremony,
    clock,
    enrolment,
    keys,
    lost_certificates,
    people,
)
from issuance.cli.arguments import one_of
from issuance.cli.opened import opened

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Wathiqa: official documents, from request to verified extract.",
)
app.add_typer(catalogue.app, name="services", help="Services on offer: list, check.")
app.add_typer(books.requests_app, name="requests", help="Requests: list, show, resume.")
app.add_typer(books.documents_app, name="documents", help="Documents: show, renew, suspend, revoke.")
app.add_typer(books.ledger_app, name="ledger", help="The ledger: balances, check.")
ceremony.add_ceremonies(authority.ca_app)
authority.ca_app.add_typer(enrolment.enrol_app, name="enrol", help="Applications for certificates.")
app.add_typer(authority.ca_app, name="ca", help="Certificates, lists, enrolment; the root's ceremonies.")
app.add_typer(keys.keys_app, name="keys", help="Keys: list, show, rotate, stop, audit.")
authority.ca_app.command("clock")(clock.show_clock)
authority.ca_app.command("lost")(lost_certificates.show_lost)
app.add_typer(people.accounts_app, name="accounts", help="Accounts of staff: create, list.")
app.add_typer(people.audit_app, name="audit", help="The audit trail: verify, export.")

Directory = Annotated[Path, typer.Option("--directory", "-d", help="The installation.")]
Port = Annotated[int, typer.Option("--port", help="Where to listen, on loopback.")]


@app.command()
def init(
    directory: Directory,
    verify_origin: Annotated[
        str,
        typer.Option(envvar="WATHIQA_VERIFY_ORIGIN", help="Printed in every seal code; it never changes."),
    ] = "https://verify.wathiqa.example",
    pki_origin: Annotated[
        str,
        typer.Option(
            envvar="WATHIQA_PKI_ORIGIN",
            help="Printed in every certificate: where lists and certificates are fetched.",
        ),
    ] = "http://pki.wathiqa.example",
    custody: Annotated[str, typer.Option(help="Where keys live: software, pkcs11 or kms.")] = "software",
    pkcs11_module: Annotated[str, typer.Option(help="Path of the token's PKCS #11 library.")] = "",
    pkcs11_token: Annotated[
        str,
        typer.Option(help="Label of the token; its PIN comes from WATHIQA_PKCS11_PIN or state/pkcs11-pin."),
    ] = "",
    kms_region: Annotated[str, typer.Option(help="Region of the key service.")] = "",
    kms_endpoint: Annotated[str, typer.Option(help="Its address, when not the usual one.")] = "",
    *,
    passphrase_in_file: Annotated[
        bool,
        typer.Option(
            "--passphrase-in-file",
            help="Keep the key passphrase in state/ instead of WATHIQA_KEY_PASSPHRASE.",
        ),
    ] = False,
    elsewhere: Annotated[
        bool,
        typer.Option(
            "--ceremony",
            help="Stop before there is a root, and write what a ceremony on an offline machine needs.",
        ),
    ] = False,
) -> None:
    """Make an installation.

    Keys, certificates, the sample registers, the published files. Nothing that exists is replaced,
    so an interrupted run is completed by the next one. The root's key is made in offline-root/, to be
    carried away; with --ceremony it is made elsewhere, and `init` again completes the installation.
    """
    from issuance.cli.running import make_installation
    from issuance.settings import Settings

    settings = Settings(
        verify_origin=verify_origin,
        pki_origin=pki_origin,
        custody=custody,
        pkcs11_module=pkcs11_module,
        pkcs11_token=pkcs11_token,
        kms_region=kms_region,
        kms_endpoint=kms_endpoint,
    )
    plan = make_installation(
        directory, settings, passphrase_in_file=passphrase_in_file, elsewhere=elsewhere, console=Console()
    )
    if plan is not None:
        typer.echo(f"Prepared in {directory}. Fill in and review {plan}, hold the ceremony, then:")
        typer.echo(f"  wathiqa ca import BUNDLE --directory {directory} --root-sha256 FINGERPRINT")
        typer.echo(f"  wathiqa init --directory {directory}")
        return
    if (directory / "offline-root").exists():
        typer.echo(
            f"The root's key is in {directory / 'offline-root'}: read README.txt there, and carry it away."
        )
    typer.echo(f"Installed in {directory}. Start it with: wathiqa serve --directory {directory}")


@app.command()
def upgrade(directory: Directory) -> None:
    """Bring the database to this program's revision.

    Stop the service and make a backup before. Wholly done or not at all; at the newest revision,
    nothing happens.
    """
    from issuance.installation import upgrade as upgrade_database
    from issuance.schema import REVISIONS
    from issuance.settings import Layout, require_installation

    layout = Layout(root=directory)
    require_installation(layout)
    upgrade_database(layout)
    typer.echo(f"The database is at revision {REVISIONS[-1]}.")


@app.command()
def demo(directory: Directory = Path("demo")) -> None:
    """Play every kind of document, from request to verified.

    Leaves documents/, public/ and summary.json in the directory. An earlier demonstration there is
    replaced; anything else is left alone. Exit status 0 only if every verdict was as expected.
    """
    from issuance.demo.run import run_demo

    raise typer.Exit(run_demo(directory, Console()))


@app.command()
def serve(
    directory: Directory,
    port: Port = 8000,
    *,
    sandbox: Annotated[bool, typer.Option(help="Run the sandbox payment provider beside it.")] = True,
) -> None:
    """Run the service on loopback, with a worker beside it."""
    from issuance.signers import put_off_secrets

    command = ["serve", "--directory", str(directory), "--port", str(port)]
    keeper = put_off_secrets(directory, again=[*command, "--sandbox" if sandbox else "--no-sandbox"])
    from issuance.cli.running import serve_installation

    serve_installation(directory, port, keeper=keeper, with_sandbox=sandbox, console=Console())


@app.command()
def worker(
    directory: Directory,
    name: Annotated[str, typer.Option(help="Unique among the workers, and the same after a restart.")],
) -> None:
    """Run one more worker, without the web server."""
    from issuance.signers import put_off_secrets

    keeper = put_off_secrets(directory, again=["worker", "--directory", str(directory), "--name", name])
    from issuance.cli.running import run_worker

    run_worker(directory, name, keeper=keeper, console=Console())


@app.command()
def signer(
    directory: Directory,
    key_class: Annotated[
        str, typer.Option("--class", help="authority, seals or services; none: each in a process of its own.")
    ] = "",
    *,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", hidden=True, help="End when standard input closes.")
    ] = False,
) -> None:
    """Hold keys, and sign for the service by a local socket.

    `serve` and `worker` start signers by themselves where none run. Run them beforehand where they
    alone are to know what opens the keys, as another unit of the system. A second signer of a
    class waits for the first one to end.
    """
    from issuance.settings import Layout
    from issuance.signers import keep_signers, run_signer
    from keys.classes import KeyClass

    if key_class:
        run_signer(Layout(root=directory), one_of(KeyClass, key_class), with_parent=with_parent)
    else:
        keep_signers(Layout(root=directory), with_parent=with_parent)


@app.command("sandbox-payments")
def sandbox_payments(
    directory: Directory,
    webhooks_to: Annotated[str, typer.Option(help="Where the service receives webhooks.")],
    port: Port = 8100,
    *,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", hidden=True, help="End when standard input closes.")
    ] = False,
) -> None:
    """Run the sandbox payment provider.

    A server of its own that moves no money; `serve` starts one by itself.
    """
    from issuance.cli.running import run_sandbox

    run_sandbox(directory, port, webhooks_to, with_parent=with_parent)


@app.command()
def publish(directory: Directory) -> None:
    """Bring the published files up to date.

    Certificates, CRLs, OCSP answers, trust list, statuses, schemas, page. A running service does so
    by itself, every hour.
    """
    with opened(directory) as service:
        service.publish()
        typer.echo(f"published in {service.layout.public}")


def main() -> None:
    """Entry point: an error of ours is a sentence, not a traceback."""
    try:
        app()
    except Exception as error:
        # Which errors are ours is known only to those who raise them; `--help` does not wait for that.
        from issuance.cli.failures import sentence_for

        sentence = sentence_for(error)
        if sentence is None:
            raise
        sys.stderr.write(f"wathiqa: {sentence}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
