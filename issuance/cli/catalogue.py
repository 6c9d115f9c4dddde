"""`wathiqa services`: what is on offer."""

from typing import Annotated

import typer

from issuance.cli.opened import show

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_services(search: Annotated[str, typer.Argument(help="Words in Arabic or English.")] = "") -> None:
    """The published services, or those that a search finds."""
    from issuance.catalogue.catalogue import Catalogue

    rows = [
        (service.id, str(service.version), service.agency, service.title.en, service.title.ar)
        for service in Catalogue.load().search(search)
    ]
    show(("service", "version", "agency", "title", "العنوان"), rows)


@app.command("check")
def check_services() -> None:
    """Check every definition file against its schema and rules."""
    from issuance.catalogue.catalogue import Catalogue

    typer.echo(f"{len(list(Catalogue.load()))} definitions are in order")
