"""The values a measurement gives: named rows of numbers, each column with its unit."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = "float | int | None"
PERCENT = 100
NANOSECONDS_A_MILLISECOND = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table; a cell that does not apply is None."""

    label: str
    cells: tuple[Cell, ...]
    total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What one measurement found."""

    name: str  # as `--only` takes it
    title: str
    columns: tuple[str, ...]  # with their units
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As the JSON file has it: a row is an object by column."""
        return {
            "title": self.title,
            "rows": {row.label: dict(zip(self.columns, row.cells, strict=True)) for row in self.rows},
            "notes": list(self.notes),
        }


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that `percent` in a hundred do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // PERCENT)
    return ordered[max(rank, 1) - 1]
