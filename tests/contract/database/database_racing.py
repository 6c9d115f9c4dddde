"""Several at the same moment."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

Result = TypeVar("Result")


def race(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Start every call at once; their results in order. The first error is raised."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def outcomes(calls: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """As `race`; an error is a result like any other."""

    def caught(call: Callable[[], Result]) -> Callable[[], Result | Exception]:
        def run() -> Result | Exception:
            try:
                return call()
            except Exception as error:  # noqa: BLE001  (what it is, is what the test asks)
                return error

        return run

    return race([caught(call) for call in calls])


@contextmanager
def impatient(engine: Engine) -> Iterator[Connection]:
    """A transaction on PostgreSQL that gives up waiting for a lock at once."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        yield connection
