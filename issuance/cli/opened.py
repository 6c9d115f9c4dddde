"""What the short commands share: an opened installation, and tables that read well."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Directory = Annotated[Path, typer.Option("--directory", "-d", help="The installation.")]
_WIDEST_ROW = 10_000


@contextmanager
def opened(directory: Path) -> Iterator[Any]:
    """The installation's parts (a `Service`; its type would load everything before `--help`)."""
    from issuance.installation import open_installation
    from issuance.settings import Layout

    service = open_installation(Layout(root=directory))
    try:
        yield service
    finally:
        service.close()


@contextmanager
def books(directory: Path) -> Iterator[Any]:
    """The service's database (an `Engine`): no key is opened, so no passphrase is needed."""
    from issuance.books import open_books
    from issuance.settings import Layout, load_settings, require_installation

    layout = Layout(root=directory)
    require_installation(layout)
    engine = open_books(layout, load_settings(layout))
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def reading_books(directory: Path) -> Iterator[Any]:
    """A connection to the service's database that writes nothing."""
    from issuance.database import reading

    with books(directory) as engine, reading(engine) as connection:
        yield connection


def show(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table on standard output, as wide as what it says: a number that is copied from it is whole."""
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    Console(width=_WIDEST_ROW, highlight=False).print(table if rows else "none")
