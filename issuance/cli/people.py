"""`wathiqa accounts`, `wathiqa audit`: who may act, and who did."""

from typing import Annotated

import typer

from issuance.cli.arguments import one_of
from issuance.cli.console_people import read_password
from issuance.cli.opened import Directory, books, reading_books, show

accounts_app = typer.Typer(no_args_is_help=True)
audit_app = typer.Typer(no_args_is_help=True)


@accounts_app.command("create")
def create_staff_account(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    directory: Directory,
    full_name: Annotated[str, typer.Option(help="As colleagues know them.")],
    role: Annotated[
        list[str],
        typer.Option(
            help="clerk, officer, registrar, treasurer, auditor, administrator, cataloguer, "
            "authority-operator, registration-officer or security-officer; may be repeated."
        ),
    ],
    agency: Annotated[str, typer.Option(help="Such as civil-registry.")] = "",
    office: Annotated[str, typer.Option(help="Such as damascus-1.")] = "",
    national_number: Annotated[
        str, typer.Option(help="So that nobody handles their own kin's records; not for national roles.")
    ] = "",
) -> None:
    """Create an account.

    The password is asked for, and never shown; through a pipe it is the first line of standard input.
    """
    from issuance.clock import system_clock
    from issuance.identity.accounts import NewAccount, create_account
    from issuance.identity.actors import system_actor
    from issuance.identity.passwords import Passwords, check_password
    from issuance.identity.permissions import Role

    roles = frozenset(one_of(Role, each) for each in role)
    with books(directory) as engine:
        password = read_password(confirm=True)
        check_password(password, login=login)
        new = NewAccount(
            login=login,
            full_name=full_name,
            roles=roles,
            agency=agency or None,
            office=office or None,
            national_number=national_number or None,
        )
        hashed, by = Passwords().hash(password), system_actor("operator")
        with engine.begin() as connection:
            create_account(connection, new, password_hash=hashed, by=by, at=system_clock())
    typer.echo(f"{login} can sign in")


@accounts_app.command("list")
def list_staff_accounts(directory: Directory) -> None:
    """Every account."""
    from issuance.identity.accounts import list_accounts

    with reading_books(directory) as connection:
        found = list_accounts(connection)
    rows = [
        (each.login, each.full_name, " ".join(sorted(each.roles)), each.agency or "-", each.office or "-")
        for each in found
    ]
    show(("login", "name", "roles", "agency", "office"), rows)


@audit_app.command("verify")
def verify_audit(directory: Directory) -> None:
    """Walk the whole chain and print its head.

    Keep the head where whoever runs this service cannot change it: only so can a chain that was cut
    or recomputed be told.
    """
    from issuance.audit.trail import verify_chain

    with reading_books(directory) as connection:
        head = verify_chain(connection)
    typer.echo(f"the chain is whole: {head.sequence} entries, head {head.hash}")


@audit_app.command("export")
def export_audit(directory: Directory) -> None:
    """Print the whole chain as lines of JSON, to recompute elsewhere."""
    from issuance.audit.trail import each_line

    with books(directory) as engine:
        for line in each_line(engine):
            typer.echo(line.decode(), nl=False)
