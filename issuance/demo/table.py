"""The demonstration's last word: a table for people."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from issuance.catalogue.models import Channel
from issuance.demo.summary import Line
from signing.formats.document_number import DocumentNumber, format_document_number

_VERDICTS = {"genuine": "[green]✔[/]", "not-genuine": "[red]✖[/]"}

_CHANNELS = {Channel.SELF_SERVICE: "web", Channel.DESK: "desk", Channel.ABROAD: "abroad"}


def print_table(console: Console, lines: Sequence[Line], root: Path) -> None:
    """One row a document, and where everything is."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("document", "number", "asked at", "outcome", "file", "paper"):
        table.add_column(heading, no_wrap=True)
    table.add_column("sealed in", justify="right", no_wrap=True)
    for line in lines:
        delivered = line.delivered
        table.add_row(
            delivered.scene.kind.value,
            format_document_number(DocumentNumber(delivered.number)),
            _CHANNELS[delivered.scene.channel],
            "refunded" if delivered.scene.is_refused else delivered.state,
            _VERDICTS.get(line.verdict, f"[yellow]? {line.verdict}[/]"),
            _VERDICTS.get(line.seal_verdict, f"[yellow]? {line.seal_verdict}[/]"),
            f"{sum(delivered.timings.values()) / 1000:.0f} ms",
        )
    console.print(table)
    good = sum(line.as_expected for line in lines)
    console.print(f"\n{good} of {len(lines)} genuine and in force, as files and read off the paper\n")
    for what, where in (
        ("what applicants received", "documents/"),
        ("all that a verifier needs", "public/"),
        ("the same in figures", "summary.json"),
    ):
        console.print(f"{what:<26} {root / where}", highlight=False)
