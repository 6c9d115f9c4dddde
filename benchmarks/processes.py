"""Several processes that begin together: what they achieve as one, and what memory each takes."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import linear_regression
from typing import Any, Generic, Protocol, TypeVar

from benchmarks.machine import peak_megabytes, resident_megabytes
from benchmarks.site import Advance

WAIT_SECONDS = 600
POLL_SECONDS = 0.1
SAMPLE_EVERY = 10  # pieces of work between two looks at the memory

_Work = TypeVar("_Work")
Do = Callable[[Any], object]


class Prepare(Protocol):
    """Opens what a process needs and gives the function that does one piece of work.

    A function at the top of a module, for a fresh interpreter has to find it.
    """

    def __call__(self, place: Any) -> Do:  # noqa: ANN401  (what the measurement hands over)
        """The function, warm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Generic[_Work]):
    """What one process gets to do."""

    place: Any
    warm_up: Sequence[_Work]
    work: Sequence[_Work]
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What one process reports."""

    began: float  # seconds of the machine's monotonic clock, the same for all its processes
    ended: float
    warm_megabytes: float
    peak_megabytes: float
    growth: float  # kilobytes a piece of work


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What all processes did."""

    pieces: int
    seconds: float
    shifts: tuple[Shift, ...]

    @property
    def per_second(self) -> float:
        """From the first beginning to the last end."""
        return self.pieces / self.seconds


def work_together(prepare: Prepare, shares: Sequence[Share[_Work]], advance: Advance) -> Together:
    """Let each share be done by a process of its own, all beginning at once."""
    context = multiprocessing.get_context("spawn")
    barrier, done = context.Barrier(len(shares)), context.Value("l", 0)
    pipes = [context.Pipe(duplex=False) for _ in shares]
    processes = [
        context.Process(target=_serve_shift, args=(prepare, share, barrier, done, sender), daemon=True)
        for share, (_, sender) in zip(shares, pipes, strict=True)
    ]
    pieces = sum(len(share.work) for share in shares)
    for process in processes:
        process.start()
    for _, sender in pipes:
        sender.close()  # so that a process that died is an end of file here
    shifts = tuple(_reported(receiver, lambda: advance(done.value, pieces)) for receiver, _ in pipes)
    for process in processes:
        process.join(WAIT_SECONDS)
    seconds = max(shift.ended for shift in shifts) - min(shift.began for shift in shifts)
    return Together(pieces=pieces, seconds=seconds, shifts=shifts)


def _reported(receiver: "Connection[Any, Shift]", tick: Callable[[], None]) -> Shift:
    while not receiver.poll(POLL_SECONDS):
        tick()
    tick()
    return receiver.recv()


def _serve_shift(
    prepare: Prepare,
    share: Share[_Work],
    barrier: Any,  # noqa: ANN401  (multiprocessing leaves its primitives untyped)
    done: Any,  # noqa: ANN401  (as above)
    sender: "Connection[Shift, Any]",
) -> None:
    do = prepare(share.place)
    samples, counting = [], threading.Lock()

    def piece(work: _Work) -> None:
        do(work)
        with counting:
            done.value += 1
            if done.value % SAMPLE_EVERY == 0:
                samples.append(resident_megabytes())

    for work in share.warm_up:
        do(work)
    with ThreadPoolExecutor(share.threads) as pool:
        barrier.wait(WAIT_SECONDS)
        warm, began = resident_megabytes(), time.monotonic()
        for _ in pool.map(piece, share.work):
            pass
        ended = time.monotonic()
    sender.send(
        Shift(
            began=began,
            ended=ended,
            warm_megabytes=warm,
            peak_megabytes=peak_megabytes(),
            growth=_growth(samples, len(share.work)),
        )
    )


def _growth(samples: Sequence[float], pieces: int) -> float:
    """The slope of the memory's latter half: kilobytes a piece, once caches are filled."""
    latter = samples[len(samples) // 2 :]
    if len(latter) < 2:  # noqa: PLR2004  (a line has two points)
        return 0.0
    each = pieces / len(samples)
    return linear_regression([each * index for index in range(len(latter))], latter).slope * 1024
