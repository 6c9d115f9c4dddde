"""What `wathiqa-verify` does with an archive: thousands of files, and what memory that takes."""

import os
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.desk import NotAsExpected, approved_requests, finish
from benchmarks.figures import Row, Table
from benchmarks.machine import BYTES_A_MEGABYTE, resident_megabytes, usable_cores
from benchmarks.site import Site, opened
from verify.isolation.pool import JudgingPool
from verify.isolation.submissions import Submission
from verify.verdict import Verdict

NAME = "batch"
KINDS = 14  # documents that the archive is made of, again and again
FILES, FEW_FILES = 10_000, 1_000
MANY = 100  # documents asked for: from here on the whole archive
LOOKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What there was to see after so many files."""

    files: int
    seconds: float
    caller_megabytes: float
    judges_megabytes: tuple[float, ...]


def measure(site: Site) -> Table:
    """Files a second and memory over time, as the command judges a folder."""
    service = opened(site.copy(NAME))
    numbers = approved_requests(service, min(KINDS, site.documents), site.step("paying requests"))
    for number in numbers:
        finish(service, number)
    service.publish()
    paths = sorted(service.layout.documents.rglob("*.pdf"))
    count = FILES if site.documents >= MANY else FEW_FILES
    before, cores = _processor_seconds(), usable_cores()
    with JudgingPool(service.layout.public, at=service.parts.clock(), workers=cores) as pool:
        looks = list(_judge(pool, paths, count, site))
    spent = _processor_seconds() - before
    return Table(
        name=NAME,
        title=f"An archive of {count:,} files through {cores} judging processes",
        columns=("files a second", "caller MB", "largest judge MB", "all judges MB"),
        rows=tuple(_rows(looks)),
        notes=(
            f"{looks[-1].files / looks[-1].seconds:.1f} files a second in all.",
            f"A file took {1000 * spent / count:.1f} ms of processor, the caller's part included.",
            f"{cores} processors that do nothing else would judge {cores * count / spent:.0f} a second.",
            "Each file is read, judged with its page drawn and compared, and its report carried over.",
        ),
    )


def _judge(pool: JudgingPool, paths: Sequence[Path], count: int, site: Site) -> Iterator[Look]:
    advance = site.step("judging")
    began = time.perf_counter()
    archive = (Submission(name=str(number), content=paths[number % len(paths)]) for number in range(count))
    for done, outcome in enumerate(pool.judge_all(archive), start=1):
        if outcome.report is None or outcome.report.verdict is not Verdict.GENUINE:
            raise NotAsExpected(f"{outcome.name}: {outcome.report and outcome.report.checks}")
        if done % (count // LOOKS) == 0:
            advance(done, count)
            yield Look(
                files=done,
                seconds=time.perf_counter() - began,
                caller_megabytes=resident_megabytes(),
                judges_megabytes=tuple(map(_resident_megabytes, pool.process_ids)),
            )


def _rows(looks: Sequence[Look]) -> Iterator[Row]:
    files, seconds = 0, 0.0
    for look in looks:
        rate = (look.files - files) / (look.seconds - seconds)
        judges = look.judges_megabytes
        yield Row(
            label=f"after {look.files:,} files",
            cells=(rate, look.caller_megabytes, max(judges, default=0.0), sum(judges)),
        )
        files, seconds = look.files, look.seconds


def _resident_megabytes(process: int) -> float:
    """Of another process; nothing where the system does not say, or it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / BYTES_A_MEGABYTE


def _processor_seconds() -> float:
    """Of this process and of all that it started and that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
