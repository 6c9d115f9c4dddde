"""Stopwatches put around the product's own functions while it works.

A probe measures what its function took *without* the probes inside it, so the stages of
one document add up to its whole. For one thread; the product is not changed, only
wrapped while the block runs.
"""

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from benchmarks.figures import NANOSECONDS_A_MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A stage, and the function whose time it is."""

    stage: str
    owner: Any  # a class or module
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Milliseconds: on the wall, and of processors over all of this process's threads."""

    wall: float
    processor: float


@dataclass(slots=True)
class Recorder:
    """What the probes found, document by document."""

    documents: list[dict[str, Spent]] = field(default_factory=list)
    _running: list[list[int]] = field(default_factory=list)  # per nested probe: wall and processor inside
    _spent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def measure(self, stage: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401  (whatever the function gives)
        """Run `call` as part of `stage`."""
        self._running.append([0, 0])
        wall, processor = time.perf_counter_ns(), time.process_time_ns()
        try:
            return call()
        finally:
            took = time.perf_counter_ns() - wall, time.process_time_ns() - processor
            inside = self._running.pop()
            for clock in (0, 1):
                self._spent[stage][clock] += took[clock] - inside[clock]
                if self._running:
                    self._running[-1][clock] += took[clock]

    def next_document(self) -> None:
        """What was measured since the last time belongs to one document."""
        self.documents.append(
            {
                stage: Spent(
                    wall=wall / NANOSECONDS_A_MILLISECOND, processor=processor / NANOSECONDS_A_MILLISECOND
                )
                for stage, (wall, processor) in self._spent.items()
            }
        )
        self._spent.clear()


@contextmanager
def attached(probes: tuple[Probe, ...], recorder: Recorder) -> Iterator[None]:
    """Wrap the functions; what is made inside the block calls the wrapped ones."""
    with ExitStack() as patches:
        for probe in probes:
            original = getattr(probe.owner, probe.function)
            wrapped = _wrapped(original, probe.stage, recorder)
            patches.enter_context(patch.object(probe.owner, probe.function, wrapped))
        yield


def _wrapped(original: Callable[..., Any], stage: str, recorder: Recorder) -> Callable[..., Any]:
    @functools.wraps(original)
    def probed(*positional: Any, **named: Any) -> Any:  # noqa: ANN401  (whatever the function takes)
        return recorder.measure(stage, lambda: original(*positional, **named))

    return probed
