"""Builds the sample register file: the civil register and the workers' register of an invented people.

The same seed and number of persons give the same content, down to each row. The file
is written beside its place and put there only when it is whole.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, Table, create_engine, insert

from issuance.registries import tables
from issuance.registries.synthesis import rows, work
from issuance.registries.synthesis.dice import Dice
from issuance.registries.synthesis.lives import REFERENCE_DATE
from issuance.registries.synthesis.population import Population

SEED = 2026
PERSONS = 20_000
FORMAT = "1"  # raised whenever the same seed gives another register


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSummary:
    """What was built: how many rows stand in each table."""

    path: Path
    seed: int
    persons: int
    rows: dict[str, int]


def build_register(
    path: Path,
    *,
    seed: int = SEED,
    persons: int = PERSONS,
    progress: Callable[[int, int], None] | None = None,
) -> RegisterSummary:
    """Write the register to `path`, replacing what is there.

    Args:
        path: the file to write; its directory must exist.
        seed: which people are invented.
        persons: how many at least; a family begun is finished.
        progress: told how many persons of how many there are.
    """
    dice = Dice(seed)
    population = Population(dice)
    population.grow(persons, lambda made: progress(min(made, persons), persons) if progress else None)
    content = dict(_content(dice, population, seed, persons))
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as directory:
        unfinished = Path(directory) / "register.sqlite"
        _write(unfinished, content)
        unfinished.replace(path)
    counts = {table.name: len(content[table]) for table in content}
    return RegisterSummary(path=path, seed=seed, persons=len(population.lives), rows=counts)


def _content(
    dice: Dice, population: Population, seed: int, persons: int
) -> Iterator[tuple[Table, list[rows.Row]]]:
    facts = {"format": FORMAT, "seed": seed, "persons": persons, "reference_date": f"{REFERENCE_DATE}"}
    marriages, divorces = rows.union_rows(dice, population.unions)
    yield tables.facts, [{"name": name, "value": str(value)} for name, value in facts.items()]
    yield tables.governorates, rows.governorate_rows()
    yield tables.offices, rows.office_rows(population.towns)
    yield tables.places, rows.place_rows(population.towns)
    yield tables.entries, rows.entry_rows(population.entries)
    yield tables.persons, rows.person_rows(population.lives)
    yield tables.births, rows.birth_rows(dice, population.lives)
    yield tables.marriages, marriages
    yield tables.divorces, divorces
    yield tables.deaths, rows.death_rows(dice, population.lives)
    yield tables.employers, work.employer_rows()
    yield tables.employments, work.employment_rows(dice, population.lives)


def _write(path: Path, content: dict[Table, list[rows.Row]]) -> None:
    """One transaction; a crash leaves only a temporary file, so nothing is synced until the end."""
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        tables.register_metadata.create_all(connection)
        for table, values in content.items():
            if values:
                connection.execute(insert(table), values)
