"""The figures for people, as tables, and for machines, as one JSON file."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.figures import Cell, Row, Table

_BY_MAGNITUDE = ((1000, ",.0f"), (100, ".0f"), (10, ".1f"))


def print_machine(console: Console, machine: dict[str, object]) -> None:
    """On what, with what and when."""
    libraries = machine["libraries"]
    named = (
        ", ".join(f"{name} {release}" for name, release in libraries.items())
        if isinstance(libraries, dict)
        else ""
    )
    console.print(
        f"[bold]{machine['command']}[/bold]\n"
        f"{machine['date']} · {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gigabytes']} GB · {machine['system']} · load {machine['load_average']}\n"
        f"Python {machine['python']}, {named}",
        highlight=False,
    )


def print_table(console: Console, table: Table) -> None:
    """One measurement."""
    shown = RichTable(title=table.title, title_justify="left", title_style="bold")
    shown.add_column("")
    for column in table.columns:
        shown.add_column(column, justify="right")
    for row in table.rows:
        if row.total:
            shown.add_section()
        shown.add_row(row.label, *map(_shown, row.cells))
    console.print()
    console.print(shown)
    for note in table.notes:
        console.print(note, style="dim")


def write_json(path: Path, machine: dict[str, object], tables: Sequence[Table]) -> None:
    """Everything, unrounded."""
    measured = {table.name: table.to_json() for table in tables}
    text = json.dumps({"machine": machine, "measurements": measured}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def markdown(table: Table) -> str:
    """One measurement as it stands in the documentation."""
    lines = [_line(("", *table.columns)), _line(("---", *("---:" for _ in table.columns)))]
    lines += [_line((_label(row), *map(_shown, row.cells))) for row in table.rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _label(row: Row) -> str:
    label = row.label.replace("|", "/")
    return f"**{label}**" if row.total else label


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    for least, form in _BY_MAGNITUDE:
        if abs(cell) >= least:
            return format(cell, form)
    return format(cell, ".2f")
