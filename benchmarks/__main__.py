"""The command: `python -m benchmarks [--documents N] [--only NAME] [--quick] [--json FILE]`."""

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from benchmarks import (
    authority,
    batch,
    browser,
    custody,
    levels,
    naive,
    pipeline,
    signers,
    stages,
    throughput,
    verification,
)
from benchmarks.figures import Table
from benchmarks.machine import describe_machine, load_average, usable_cores
from benchmarks.report import print_machine, print_table, write_json
from benchmarks.site import Advance, Site

MEASUREMENTS: Mapping[str, Callable[[Site], Table]] = {
    module.NAME: module.measure
    for module in (
        stages,
        throughput,
        pipeline,
        verification,
        batch,
        browser,
        levels,
        naive,
        authority,
        custody,
        signers,
    )
}
DOCUMENTS, QUICK_DOCUMENTS = 300, 40


def main(
    *,
    documents: Annotated[int | None, typer.Option(min=20, help="Documents in each measurement.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(MEASUREMENTS)}; may be given again.")
    ] = None,
    quick: Annotated[bool, typer.Option(help=f"{QUICK_DOCUMENTS} documents: to see that it works.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, help="Write all figures here too.")
    ] = None,
) -> None:
    """Measure what documents cost on this machine. Nothing outside a temporary folder is touched."""
    names = only or list(MEASUREMENTS)
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        raise typer.BadParameter(f"no measurement called {', '.join(unknown)}", param_hint="--only")
    count = documents or (QUICK_DOCUMENTS if quick else DOCUMENTS)
    logging.getLogger().setLevel(logging.ERROR)
    console = Console()
    machine = describe_machine()
    print_machine(console, machine)
    if load_average() > usable_cores():
        console.print("This machine is busy with other work: times on the wall are too long.", style="yellow")
    tables = _measure(console, names, count)
    machine["load_average_after"] = load_average()
    if json_file is not None:
        write_json(json_file, machine, tables)


def _measure(console: Console, names: list[str], documents: int) -> list[Table]:
    tables = []
    with tempfile.TemporaryDirectory(prefix="wathiqa-benchmarks-") as directory:
        bars = _bars(console)
        site = Site(directory=Path(directory), documents=documents, step=lambda text: _step(bars, text))
        with bars:
            site.install()
        for name in names:
            bars = _bars(console)
            with bars:
                tables.append(MEASUREMENTS[name](site))
            print_table(console, tables[-1])
    return tables


def _bars(console: Console) -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True)


def _step(bars: Progress, text: str) -> Advance:
    task = bars.add_task(text, total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


if __name__ == "__main__":
    typer.run(main)
