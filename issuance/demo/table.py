"""The demonstration's last word: a table for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from signing.formats.document_number import DocumentNumber, format_document_number

if TYPE_CHECKING:
    from issuance.demo.run import Line

_VERDICTS = {"genuine": "[green]✔ genuine, in force[/]", "not-genuine": "[red]✖ not genuine[/]"}


def print_table(console: Console, lines: Sequence["Line"], root: Path) -> None:
    """One row a document, and where everything is."""
    table = Table(title="Requested, paid, sealed, delivered and verified", title_justify="left")
    for heading in ("Document", "Number", "Asked", "File says", "Paper says"):
        table.add_column(heading)
    table.add_column("Sealed in", justify="right")
    for line in lines:
        delivered = line.delivered
        outcome = "refused, refunded" if delivered.scene.is_refused else delivered.scene.channel.value
        table.add_row(
            delivered.scene.kind.value,
            format_document_number(DocumentNumber(delivered.number)),
            outcome,
            _VERDICTS.get(line.verdict, f"[yellow]{line.verdict}[/]"),
            _VERDICTS.get(line.seal_verdict, f"[yellow]{line.seal_verdict}[/]"),
            f"{sum(delivered.timings.values()) / 1000:.0f} ms",
        )
    console.print(table)
    console.print(f"  documents    {root}/documents/*.pdf", highlight=False)
    console.print(f"  for verifiers {root}/public/", highlight=False)
    console.print(f"  in figures   {root}/summary.json", highlight=False)
    unexpected = [line for line in lines if not line.as_expected]
    if unexpected:
        console.print(f"[red]{len(unexpected)} verdicts are not as expected[/]")
