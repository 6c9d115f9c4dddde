"""One judging process as its parent sees it: started, asked, stopped.

It is a new program, not a fork: a fork of a server with threads would inherit locks
that nobody there will ever release.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from verify.errors import CouldNotRun
from verify.isolation.frames import BrokenFrame, read_frame, write_frame
from verify.isolation.limits import Limits
from verify.isolation.orders import Answered, Beginning, Order, Ready
from verify.isolation.pipes import CAN_WAIT, BoundedPipe
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
    *("PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    *_PROXIES,
    *map(str.upper, _PROXIES),
}


# Ends that somebody else brought about: an operator, or a kernel that is short of memory.
_FROM_OUTSIDE = {-getattr(signal, f"SIG{name}", 0) for name in ("KILL", "TERM", "INT", "HUP", "QUIT")} - {0}
_DYING_SECONDS = 2.0  # from closing its pipes to having an exit status


class JudgeGone(Exception):
    """The process died, was stopped or answered nonsense.

    `is_the_files_doing` is False where that says nothing of the file: its time was up, or it was killed
    from outside.
    """

    def __init__(self, *, is_the_files_doing: bool) -> None:
        super().__init__()
        self.is_the_files_doing = is_the_files_doing


class JudgeProcess:
    """A process that loaded its trust. Not to be shared by threads at the same time.

    Raises:
        CouldNotRun: it found nothing to trust, or did not start.
    """

    def __init__(self, beginning: Beginning, limits: Limits) -> None:
        self._limits = limits
        self._started = time.monotonic()
        self._folder, self._process = _start()
        self._orders, self._answers = _pipes(self._process)
        self._asking = threading.Lock()
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
        self._kill()
        self._process.wait()
        for pipe in (self._orders, self._answers):
            pipe.give_up()
        with self._asking:
            for pipe in (self._orders, self._answers):
                with suppress(OSError):
                    pipe.close()
        self._folder.cleanup()

    def _ask(self, type_: type[_T], head: bytes, body: bytes, seconds: float) -> tuple[_T, bytes]:
        until = time.monotonic() + seconds
        try:
            with self._asking:
                return self._exchange(type_, head, body, until)
        except (BrokenFrame, NotPlain, OSError, ValueError) as error:
            is_the_files_doing = time.monotonic() < until and not self._was_killed(error)
            self.stop()
            raise JudgeGone(is_the_files_doing=is_the_files_doing) from error

    def _exchange(self, type_: type[_T], head: bytes, body: bytes, until: float) -> tuple[_T, bytes]:
        self._orders.until = self._answers.until = until
        with nullcontext() if CAN_WAIT else _alarm(self._kill, until):
            write_frame(self._orders, head, body)
            head, body = read_frame(self._answers, max_octets=self._limits.answer_octets)
        return parse_plain(type_, head), body

    def _was_killed(self, error: Exception) -> bool:
        """By others than ourselves; who answered nonsense was not."""
        if isinstance(error, BrokenFrame | BrokenPipeError):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_DYING_SECONDS)
        return self._process.returncode in _FROM_OUTSIDE

    def _kill(self) -> None:
        """It and its children; those that made themselves independent hold nothing that is waited for."""
        if sys.platform == "win32":
            self._process.kill()
        elif self._process.returncode is None:  # else its number may be another's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


@contextmanager
def _alarm(kill: Callable[[], None], until: float) -> Iterator[None]:
    """Kills a process that has not answered by then: its pipes end, and who waits there wakes up."""
    timer = threading.Timer(until - time.monotonic(), kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[BoundedPipe, BoundedPipe]:
    orders, answers = process.stdin, process.stdout
    if orders is None or answers is None:
        raise CouldNotRun("a judging process has no pipes")
    return BoundedPipe(orders), BoundedPipe(answers)


def _start() -> "tuple[TemporaryDirectory[str], subprocess.Popen[bytes]]":
    """A folder for all that it writes, which goes when it goes, whatever it dies of; and the process."""
    try:
        folder = TemporaryDirectory(prefix="wathiqa-judge-", ignore_cleanup_errors=True)
        try:
            return folder, _spawn(_environment(os.environ, folder.name))
        except OSError:
            folder.cleanup()
            raise
    except OSError as error:
        raise CouldNotRun("a judging process did not start") from error


def _spawn(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    # A session of its own: an interrupt at the terminal is the parent's to handle.
    path = json.dumps([each or str(Path.cwd()) for each in sys.path])
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-c", _PROGRAM, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=environment,
        start_new_session=True,
    )


def _environment(inherited: Mapping[str, str], folder: str) -> dict[str, str]:
    kept = {name: value for name, value in inherited.items() if name in _INHERITED or name.startswith("LC_")}
    return {**kept, **_ENVIRONMENT, "TMPDIR": folder}
