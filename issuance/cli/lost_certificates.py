"""`wathiqa ca lost`: certificates whose signing was begun and never finished."""

from typing import Annotated

import typer

from issuance.cli.arguments import serial_number
from issuance.cli.authority import As, Why, authority_books
from issuance.cli.console_people import require, who
from issuance.cli.opened import Directory, opened, show


def show_lost(
    directory: Directory,
    revoke: Annotated[str, typer.Option(help="Put this one on the revocation list, for good.")] = "",
    why: Why = "",
    as_: As = "",
) -> None:
    """Certificates that may exist though nobody was given them: a process died while their key was asked.

    They are never signed again. One that is revoked here can never be stored as issued either.
    """
    if revoke:
        number = serial_number(revoke)
        with opened(directory) as service:
            require(by := who(service, as_), "CERTIFICATES_REVOKE")
            service.desk.revoke_lost(number, why=why, by=by, at=service.parts.clock())
        typer.echo(f"{revoke} is revoked; the new CRL is published")
        return
    from ca.serials import serial_text
    from ca.unfinished import find_unfinished

    with authority_books(directory) as engine, engine.connect() as connection:
        lost = find_unfinished(connection)
    rows = [
        (
            serial_text(each.serial_number),
            each.name,
            each.profile.value,
            f"{each.not_before:%Y-%m-%d %H:%M}",
            f"{each.not_after:%Y-%m-%d}",
        )
        for each in lost
    ]
    show(("serial", "name", "profile", "begun", "until"), rows)
