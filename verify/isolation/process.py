"""One judging process as its parent sees it: started, asked, stopped.

It is a new program, not a fork: a fork of a server with threads would inherit locks
that nobody there will ever release.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TypeVar

from verify.errors import CouldNotRun
from verify.isolation.frames import BrokenFrame, read_frame, write_frame
from verify.isolation.limits import Limits
from verify.isolation.orders import Answered, Beginning, Order, Ready
from verify.isolation.plain import NotPlain, encode_plain, parse_plain

_T = TypeVar("_T")
# The parent's own search path, as `multiprocessing` hands it to what it spawns.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from verify.isolation.judge import main; main()"
)
# One thread is what one file is worth; and each more would reserve address space.
_ENVIRONMENT = {"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"}
# What a judge of strangers' files inherits: never what opens keys or databases.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_INHERITED = {
    *("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    *_PROXIES,
    *map(str.upper, _PROXIES),
}


class JudgeGone(Exception):
    """The process died, was stopped or answered nonsense; `in_time` is False where its time was up."""

    def __init__(self, *, in_time: bool) -> None:
        super().__init__()
        self.in_time = in_time


class JudgeProcess:
    """A process that loaded its trust. Not to be shared by threads at the same time.

    Raises:
        CouldNotRun: it found nothing to trust, or did not start.
    """

    def __init__(self, beginning: Beginning, limits: Limits) -> None:
        self._limits = limits
        self._started = time.monotonic()
        self._process = _start()
        self.judged = 0
        self.memory = beginning.memory
        try:
            ready, _ = self._ask(Ready, encode_plain(beginning), b"", limits.starting_seconds)
        except JudgeGone as error:
            raise CouldNotRun("a judging process did not start") from error
        if ready.problem or ready.knowledge is None:
            self.stop()
            raise CouldNotRun(ready.problem)
        self.knowledge = ready.knowledge

    @property
    def process_id(self) -> int:
        """The operating system's number for it."""
        return self._process.pid

    @property
    def is_spent(self) -> bool:
        """Whether a new one should take its place."""
        limits = self._limits
        age = time.monotonic() - self._started
        is_old = limits.seconds_per_process is not None and age > limits.seconds_per_process
        return is_old or self.judged >= limits.files_per_process or self._process.poll() is not None

    def ask(self, order: Order, body: bytes) -> bytes:
        """The encoded answer.

        Raises:
            JudgeGone: there is none, and the process is no more.
        """
        self.judged += 1
        answered, report = self._ask(Answered, encode_plain(order), body, self._limits.wall_seconds)
        self.memory = answered.memory
        return report

    def stop(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _close(pipe)

    def _ask(self, type_: type[_T], head: bytes, body: bytes, seconds: float) -> tuple[_T, bytes]:
        orders, answers = self._process.stdin, self._process.stdout
        if orders is None or answers is None:
            raise JudgeGone(in_time=True)
        alarm = _Alarm(self._process, seconds)
        try:
            write_frame(orders, head, body)
            head, body = read_frame(answers, max_octets=self._limits.answer_octets)
            return parse_plain(type_, head), body
        except (BrokenFrame, NotPlain, OSError, ValueError) as error:
            self.stop()
            raise JudgeGone(in_time=not alarm.rang) from error
        finally:
            alarm.end()


class _Alarm:
    """Kills a process that does not answer in time; its pipes end, and who waits there wakes up."""

    def __init__(self, process: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.rang = False
        self._process = process
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        self._timer.cancel()
        self._timer.join()

    def _ring(self) -> None:
        self.rang = True
        self._process.kill()


def _start() -> "subprocess.Popen[bytes]":
    # A session of its own: an interrupt at the terminal is the parent's to handle.
    path = json.dumps([each or str(Path.cwd()) for each in sys.path])
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-c", _PROGRAM, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,
    )


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in inherited.items() if name in _INHERITED or name.startswith("LC_")}
    return {**kept, **_ENVIRONMENT}


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except OSError:
            return
