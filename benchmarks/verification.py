"""Verifications a second: what a judge does with a sealed file and the published lists."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.desk import NotAsExpected, approved_requests, finish
from benchmarks.figures import Row, Table
from benchmarks.processes import Do, Share, work_together
from benchmarks.site import Site, opened
from verify.documents import DocumentJudge
from verify.trust import load_trust
from verify.verdict import Verdict

NAME = "verification"
FILES = 56
COLD_FILES = 14
ROUNDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Where sealed files are judged."""

    public: Path
    at: datetime


def measure(site: Site) -> Table:
    """Rates with a judge that is kept, in one process and in two, and with a new one for each file."""
    service = opened(site.copy(NAME))
    count = min(FILES, site.documents)
    numbers = approved_requests(service, count, site.step("paying requests"))
    advance = site.step("documents to verify")
    for done, number in enumerate(numbers, start=1):
        finish(service, number)
        advance(done, count)
    paths = sorted(service.layout.documents.rglob("*.pdf"))
    office = Office(public=service.layout.public, at=service.parts.clock())
    rows = [_kept(site, office, paths, processes) for processes in (1, 2)]
    return Table(
        name=NAME,
        title=f"Verifications a second ({count} files of seven kinds, {_kilobytes(paths):.0f} KB on average)",
        columns=("files a second", "ms a file"),
        rows=(*rows, _cold(site, office, paths[:COLD_FILES])),
        notes=("Reading the file is part of it. A new judge reads and checks the published lists anew.",),
    )


def judging(place: Office) -> Do:
    """One process that keeps its judge."""
    judge = DocumentJudge(load_trust(place.public, at=place.at))
    return lambda file: _judge(judge, file, place.at)


def _kept(site: Site, office: Office, files: list[Path], processes: int) -> Row:
    label = "one process" if processes == 1 else f"{processes} processes"
    work = files * ROUNDS
    shares = [
        Share(place=office, warm_up=files[:COLD_FILES], work=work[turn::processes], threads=1)
        for turn in range(processes)
    ]
    together = work_together(judging, shares, site.step(f"{label}: verifying"))
    return Row(label=f"{label}, judge kept", cells=(together.per_second, 1000 * together.seconds / len(work)))


def _cold(site: Site, office: Office, files: list[Path]) -> Row:
    advance = site.step("a new judge for each file")
    started = time.perf_counter()
    for done, file in enumerate(files, start=1):
        judging(office)(file)
        advance(done, len(files))
    seconds = time.perf_counter() - started
    return Row(
        label="one process, a new judge for each file",
        cells=(len(files) / seconds, 1000 * seconds / len(files)),
    )


def _judge(judge: DocumentJudge, file: Path, at: datetime) -> None:
    verdict = judge.validate(file.read_bytes(), at=at).verdict
    if verdict is not Verdict.GENUINE:
        raise NotAsExpected(f"{file.name}: {verdict}")


def _kilobytes(files: list[Path]) -> float:
    return sum(file.stat().st_size for file in files) / len(files) / 1024
