"""`wathiqa services`: what is on offer."""

from pathlib import Path
from typing import Annotated

import typer

from issuance.cli.opened import show

app = typer.Typer(no_args_is_help=True)


Installation = Annotated[
    Path | None,
    typer.Option("--directory", "-d", help="The installation; every one offers what its program knows."),
]


@app.command("list")
def list_services(
    search: Annotated[str, typer.Argument(help="Words in Arabic or English.")] = "",
    directory: Installation = None,
) -> None:
    """The published services, or those that a search finds."""
    from issuance.catalogue.catalogue import Catalogue

    _require(directory)
    rows = [
        (service.id, str(service.version), service.agency, service.title.en, service.title.ar)
        for service in Catalogue.load().search(search)
    ]
    show(("service", "version", "agency", "title", "العنوان"), rows)


@app.command("check")
def check_services(directory: Installation = None) -> None:
    """Check every definition file against its schema and rules."""
    from issuance.catalogue.catalogue import Catalogue

    _require(directory)
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


def _require(directory: Path | None) -> None:
    """A directory that is named is an installation."""
    if directory is not None:
        from issuance.settings import Layout, require_installation

        require_installation(Layout(root=directory))
