"""Documents a second with all stages: intent → press → file → record sealed → release → status → delivery."""

from benchmarks.desk import approved_requests, finish
from benchmarks.figures import Row, Table
from benchmarks.processes import Do, Share, Together, work_together
from benchmarks.site import Site, opened
from issuance.installation import open_installation
from issuance.settings import Layout

NAME = "throughput"
WARM_UP = 14
TEAMS = ((1, 1), (1, 2), (1, 4), (2, 1), (2, 2))
"""Processes, and threads in each."""


def measure(site: Site) -> Table:
    """Rate and memory of each team, on an installation of its own."""
    rows = []
    for processes, threads in TEAMS:
        label = (
            f"{_counted(processes, 'process', 'processes')}, {_counted(threads, 'thread', 'threads')} each"
        )
        together = _issue(site, label, processes, threads)
        rows.append(_row(label, together))
    return Table(
        name=NAME,
        title=f"Sealed documents a second, all stages ({site.documents} documents of seven kinds, warm)",
        columns=(
            "documents a second",
            "ms a document",
            "MB warm",
            "MB at most",
            "growth, KB a document",
        ),
        rows=tuple(rows),
        notes=("Memory is that of one process; growth is the slope over the latter half of the run.",),
    )


def issuer(place: Layout) -> Do:
    """One process of the service, making documents."""
    service = open_installation(place)
    return lambda number: finish(service, number)


def _issue(site: Site, label: str, processes: int, threads: int) -> Together:
    layout = site.copy(f"{NAME}-{processes}-{threads}")
    service = opened(layout)
    count = WARM_UP * processes + site.documents
    numbers = approved_requests(service, count, site.step(f"{label}: paying requests"))
    warm_up, work = numbers[: WARM_UP * processes], numbers[WARM_UP * processes :]
    shares = [
        Share(place=layout, warm_up=warm_up[turn::processes], work=work[turn::processes], threads=threads)
        for turn in range(processes)
    ]
    return work_together(issuer, shares, site.step(f"{label}: sealing"))


def _row(label: str, together: Together) -> Row:
    shifts = together.shifts
    return Row(
        label=label,
        cells=(
            together.per_second,
            1000 / together.per_second,
            max(shift.warm_megabytes for shift in shifts),
            max(shift.peak_megabytes for shift in shifts),
            max(shift.growth for shift in shifts),
        ),
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
