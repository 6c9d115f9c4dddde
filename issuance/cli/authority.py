"""`wathiqa ca`: certificates."""

from typing import Annotated

import typer

from issuance.cli.arguments import one_of, serial_number
from issuance.cli.opened import Directory, opened, show

ca_app = typer.Typer(no_args_is_help=True)


@ca_app.command("list")
def list_certificates(directory: Directory) -> None:
    """Every certificate ever issued, newest first."""
    from ca.serials import serial_text
    from ca.store import find_certificates
    from issuance.app import open_authority_books
    from issuance.installation import require_installation
    from issuance.settings import Layout

    layout = Layout(root=directory)
    require_installation(layout)
    engine = open_authority_books(layout)
    with engine.connect() as connection:
        found = find_certificates(connection)
    engine.dispose()
    rows = [
        (
            serial_text(each.serial_number),
            each.name,
            each.profile.value,
            f"{each.not_after:%Y-%m-%d}",
            "-" if each.revoked_at is None else f"{each.revoked_at:%Y-%m-%d} {each.reason}",
        )
        for each in found
    ]
    show(("serial", "name", "profile", "until", "revoked"), rows)


@ca_app.command("revoke")
def revoke_certificate(
    serial: Annotated[str, typer.Argument(help="As `ca list` writes it.")],
    directory: Directory,
    reason: Annotated[str, typer.Option(help="As RFC 5280 §5.3.1 spells it, such as keyCompromise.")],
) -> None:
    """Revoke a certificate and publish that at once.

    What it certified gets a new key and a new certificate. A running service notices by itself,
    before it seals the next document.
    """
    from ca.reasons import RevocationReason

    number, why = serial_number(serial), one_of(RevocationReason, reason)
    with opened(directory) as service:
        service.trust_services.revoke(number, reason=why, at=service.parts.clock())
        service.publish()
    typer.echo(f"{serial} is revoked; the new CRL and OCSP answers are published")
