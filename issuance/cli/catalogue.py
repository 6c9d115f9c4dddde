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

    services = list(Catalogue.load())
    rows = [
        (
            each.id,
            str(each.version),
            each.state.value,
            f"PAdES-{each.seal_level}",
            f"{each.validity_days} days",
        )
        for each in services
    ]
    show(("service", "version", "state", "seal", "valid for"), rows)
    typer.echo(f"{len(services)} definitions are in order")
