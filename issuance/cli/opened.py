"""What the short commands share: an opened installation, and tables that read well."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Directory = Annotated[Path, typer.Option("--directory", "-d", help="The installation.")]
_WIDEST_ROW = 10_000


def opened(directory: Path) -> Any:  # noqa: ANN401  (a Service; its type would load everything before --help)
    """The installation's parts."""
    from issuance.installation import open_installation
    from issuance.settings import Layout

    return open_installation(Layout(root=directory))


def show(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table on standard output, as wide as what it says: a number that is copied from it is whole."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    Console(width=_WIDEST_ROW, highlight=False).print(table if rows else "none")
