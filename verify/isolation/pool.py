"""Judging processes for many files: hostile ones stop a process, never the caller.

    with JudgingPool("public/", at=now, workers=2) as pool:
        report = pool.judge("extract.pdf", pdf).result()
        for outcome in pool.judge_all(submissions): ...      # in their order, in constant memory

May be shared by threads. The caller's process reads files and plain values and loads
no PDF parser. A file that stops a process which had judged others before is judged once
more by a new one: nobody is blamed for what those before him used up.
"""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from verify.errors import CouldNotRun
from verify.isolation.costs import too_costly, too_large, too_slow
from verify.isolation.limits import Limits
from verify.isolation.orders import KEPT_BACK, Beginning, Order, Scanned, TakenApart, Task
from verify.isolation.plain import NotPlain, parse_plain
from verify.isolation.process import JudgeGone, JudgeProcess
from verify.isolation.submissions import NotReadable, Submission, TooLarge
from verify.memory import NOTHING_SEEN, Memory, encode_memory, parse_memory
from verify.report.knowledge import Knowledge
from verify.report.part import Part
from verify.verdict import ValidationReport

if TYPE_CHECKING:
    from verify.seal import SealReport

_T = TypeVar("_T")
_AHEAD = 3  # submissions under way for each process, so that none waits for the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one submission: a report, or why there is none."""

    submission: Submission
    report: ValidationReport | None
    problem: str = ""

    @property
    def name(self) -> str:
        """The submission's."""
        return self.submission.name


def processors() -> int:
    """How many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class JudgingPool:
    """Judges by what is published at `trust`, in `workers` processes at most."""

    def __init__(
        self,
        trust: str | Path,
        *,
        at: datetime,
        workers: int | None = None,
        limits: Limits | None = None,
        memory: Memory = NOTHING_SEEN,
    ) -> None:
        self._trust, self._at = str(trust), at
        self._limits = limits or Limits()
        self._workers = workers or processors()
        self._memory = memory
        self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="judging")
        self._lock = threading.Lock()
        self._idle: list[JudgeProcess] = []
        self._all: set[JudgeProcess] = set()
        self._is_closed = False
        self.knowledge: Knowledge | None = None  # of the first process; None before there is one

    def __enter__(self) -> Self:
        """Starts the first process, so that a trust that cannot be relied on is told at once.

        Raises:
            CouldNotRun: nothing published there can be relied on.
        """
        try:
            process = self._take(self._at)
        except BaseException:
            self.close()
            raise
        self.knowledge = process.knowledge
        self._give_back(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def memory(self) -> Memory:
        """The newest lists that any process has seen, and what was remembered before."""
        with self._lock:
            return self._memory

    @property
    def process_ids(self) -> frozenset[int]:
        """The judging processes that there are, for who watches over them."""
        with self._lock:
            return frozenset(each.process_id for each in self._all)

    def close(self) -> None:
        """Stops every process; what is still being judged is given up."""
        with self._lock:
            self._is_closed = True
            processes = list(self._all)
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.stop()
        self._threads.shutdown(wait=True)

    def judge(
        self, name: str, content: bytes | Path, *, at: datetime | None = None
    ) -> Future[ValidationReport]:
        """The report on one file.

        The future raises `NotReadable` where there is no such file, and `CouldNotRun` where no process
        could be started.
        """
        submission = Submission(name=name, content=content)
        return self._threads.submit(self._judge, submission, at or self._at)

    def judge_seal(self, text: str, *, at: datetime | None = None) -> "Future[SealReport]":
        """The report on the text of one symbol; its `claims` are None.

        The future raises `CouldNotRun` where no process could be started, or where it died of the text.
        """
        return self._threads.submit(self._judge_seal, text, at or self._at)

    def take_apart(self, pdf: bytes) -> Future[tuple[Part, ...] | None]:
        """The parts of a file; None where it is not of our form, or too much for a judge.

        The future raises `CouldNotRun` where no process could be started.
        """
        return self._threads.submit(self._take_apart, pdf)

    def scan(self, picture: bytes) -> Future[Scanned]:
        """The QR symbols on a picture: PNG, JPEG or PDF.

        The future raises `CouldNotRun` where no process could be started, or where it died of the picture.
        """
        return self._threads.submit(self._scan, picture)

    def judge_all(self, submissions: Iterable[Submission]) -> Iterator[Judged]:
        """The outcome of each, in their order; `submissions` is read as the work goes on.

        Raises:
            CouldNotRun: no process could be started any more.
        """
        under_way: deque[tuple[Submission, Future[ValidationReport]]] = deque()
        for submission in submissions:
            under_way.append((submission, self._threads.submit(self._judge, submission, self._at)))
            if len(under_way) >= _AHEAD * self._workers:
                yield _judged(*under_way.popleft())
        while under_way:
            yield _judged(*under_way.popleft())

    def _judge(self, submission: Submission, at: datetime) -> ValidationReport:
        limits = self._limits
        try:
            pdf = submission.read(limits.document_octets)
        except TooLarge as error:
            return too_large(at, error.octets, limits.document_octets)
        digest = hashlib.sha256(pdf).hexdigest()
        try:
            report = self._ask(partial(parse_plain, ValidationReport), Task.DOCUMENT, pdf, at)
        except JudgeGone as error:
            return too_costly(at, digest) if error.is_the_files_doing else too_slow(at, digest)
        # Of this file, at this instant: a judge that lost its way does not speak of another.
        return report if (report.at, report.sha256) == (at, digest) else too_costly(at, digest)

    def _judge_seal(self, text: str, at: datetime) -> "SealReport":
        from verify.seal import SealReport  # noqa: PLC0415 - brings cryptography; most callers have files only

        try:
            parse = partial(parse_plain, SealReport, without=KEPT_BACK)
            return self._ask(parse, Task.SEAL, text.encode("utf-8", "replace"), at)
        except JudgeGone as error:
            raise CouldNotRun("the judge of a seal code ended") from error

    def _take_apart(self, pdf: bytes) -> tuple[Part, ...] | None:
        if len(pdf) > self._limits.document_octets:
            return None
        try:
            return self._ask(partial(parse_plain, TakenApart), Task.PARTS, pdf, self._at).parts
        except JudgeGone:
            return None

    def _scan(self, picture: bytes) -> Scanned:
        try:
            return self._ask(partial(parse_plain, Scanned), Task.SCAN, picture, self._at)
        except JudgeGone as error:
            raise CouldNotRun("reading it takes too much time or memory") from error

    def _ask(self, parse: Callable[[bytes], _T], task: Task, body: bytes, at: datetime) -> _T:
        """Asks a process; and once more a new one, where it was not new.

        Raises:
            JudgeGone: a new one died of it, or answered nonsense.
        """
        # None at all would be no limit.
        milliseconds = max(1, round(self._limits.processor_seconds * 1000))
        order = Order(task=task, at=at, processor_milliseconds=milliseconds)
        while True:
            process = self._take(at)
            is_new = process.judged == 0
            try:
                answer = parse(process.ask(order, body))
            except (JudgeGone, NotPlain) as error:
                self._forget(process)
                if self._is_closed:
                    # Whoever stopped the judge, it was not the file.
                    raise CouldNotRun("the pool was closed") from error
                if is_new:
                    raise (
                        error if isinstance(error, JudgeGone) else JudgeGone(is_the_files_doing=True)
                    ) from error
            else:
                self._give_back(process)
                return answer

    def _take(self, at: datetime) -> JudgeProcess:
        """A process that is at rest, or a new one; there are never more than threads."""
        with self._lock:
            idle = self._idle.pop() if self._idle else None
            memory = self._memory
        if idle is not None and not idle.is_spent:
            return idle
        if idle is not None:
            self._forget(idle)
        beginning = Beginning(
            trust=self._trust,
            at=at,
            memory=encode_memory(memory),
            address_space_octets=self._limits.address_space_octets,
        )
        process = JudgeProcess(beginning, self._limits)
        with self._lock:
            self._all.add(process)
            is_closed = self._is_closed
        if is_closed:
            self._forget(process)
            raise CouldNotRun("the pool was closed")
        return process

    def _give_back(self, process: JudgeProcess) -> None:
        try:
            seen = parse_memory(process.memory)
        except ValueError:
            self._forget(process)
            return
        with self._lock:
            self._memory = _newest(self._memory, seen)
            self._idle.append(process)

    def _forget(self, process: JudgeProcess) -> None:
        with self._lock:
            self._all.discard(process)
        process.stop()


def _newest(memory: Memory, seen: Memory) -> Memory:
    if not seen.root:
        return memory
    return memory.advance(
        root=seen.root,
        trust_list_version=seen.trust_list_version,
        root_crl=seen.root_crl,
        status_lists=seen.status_lists,
    )


def _judged(submission: Submission, future: Future[ValidationReport]) -> Judged:
    try:
        return Judged(submission=submission, report=future.result())
    except NotReadable as error:
        return Judged(submission=submission, report=None, problem=error.reason)
