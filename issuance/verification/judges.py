"""Who judges here: seal codes in this process, files of strangers in processes of their own.

Both judge by what is published, as anybody's verifier does, and never by the register: the answer is
one that everybody else gets too. Seal codes are judged by the files as they are now; a judging
process reads them when it starts, and another takes its place after `READ_AGAIN_SECONDS`.
"""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from issuance.http.errors import TooMuchAtOnce
from issuance.verification.errors import VerificationUnavailable
from signing.formats.trust_list import FILE_NAME
from verify.errors import CouldNotRun
from verify.isolation.costs import too_slow
from verify.isolation.limits import Limits
from verify.isolation.pool import JudgingPool
from verify.seal import SealReport, validate_seal_code
from verify.trust import Trust, TrustError, load_trust
from verify.verdict import ValidationReport

READ_AGAIN_SECONDS = 30.0
# An answer is waited for: what takes longer than the largest document of ours by far is stopped.
LIMITS = Limits(
    processor_seconds=5, wall_seconds=15, files_per_process=500, seconds_per_process=READ_AGAIN_SECONDS
)
# Calls with files at one time; the others are asked to come again rather than to wait on a thread.
MAX_AT_ONCE = 8
COME_AGAIN_SECONDS = 2
_PUBLISHED = ("root.pem", FILE_NAME, "status", "crl")


class Awaited(Protocol):
    """A report that is being made."""

    def __call__(self, *, within_seconds: float) -> ValidationReport:
        """The report; undecided where it is not there in time.

        Raises:
            VerificationUnavailable: no judging process could be started.
        """


@dataclass(slots=True)
class PublishedTrust:
    """What the published root vouches for, read anew when its files change. May be shared by threads."""

    public: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read: tuple[object, Trust] | None = None

    def current(self, at: datetime) -> Trust:
        """The trust.

        Raises:
            VerificationUnavailable: nothing published can be relied on.
        """
        with self._lock:
            try:
                seen = tuple(_versions(self.public))
                if self._read is None or self._read[0] != seen:
                    self._read = seen, load_trust(self.public, at=at)
            except (TrustError, OSError) as error:
                raise _unavailable(error) from error
            return self._read[1]


class Judges:
    """Judges for one process of the service; `close` ends their processes.

    Args:
        public: the published root.
        workers: how many files are judged at the same time.
    """

    def __init__(self, public: Path, *, workers: int = 2) -> None:
        self._public, self._workers = public, workers
        self._trust = PublishedTrust(public)
        self._lock = threading.Lock()
        self._pool: JudgingPool | None = None
        self._turns = threading.BoundedSemaphore(MAX_AT_ONCE)

    def close(self) -> None:
        """End the judging processes, if there are any."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def seal(self, text: str, *, at: datetime) -> SealReport:
        """The report on the text of one symbol.

        Raises:
            VerificationUnavailable: nothing published can be relied on.
        """
        return validate_seal_code(text.strip(), trust=self._trust.current(at), at=at)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While the files of one call are judged.

        Raises:
            TooMuchAtOnce: as many calls as may are having files judged.
        """
        if not self._turns.acquire(blocking=False):
            raise TooMuchAtOnce(retry_after_seconds=COME_AGAIN_SECONDS)
        try:
            yield
        finally:
            self._turns.release()

    def begin(self, pdf: bytes, *, at: datetime) -> Awaited:
        """Have a file judged; the answer is waited for afterwards.

        Raises:
            VerificationUnavailable: no judging process can be started.
        """
        future = self._started(at).judge("", pdf, at=at)

        def report(*, within_seconds: float) -> ValidationReport:
            try:
                return future.result(timeout=max(within_seconds, 0))
            except TooLate:
                future.cancel()
                return too_slow(at, hashlib.sha256(pdf).hexdigest())
            except CouldNotRun as error:
                raise _unavailable(error) from error

        return report

    def _started(self, at: datetime) -> JudgingPool:
        with self._lock:
            if self._pool is None:
                self._pool = JudgingPool(self._public, at=at, workers=self._workers, limits=LIMITS)
            return self._pool


def _unavailable(error: Exception) -> VerificationUnavailable:
    return VerificationUnavailable(retry_after_seconds=COME_AGAIN_SECONDS, reason=str(error))


def _versions(public: Path) -> list[tuple[str, int, int, int]]:
    """What tells one publication from the next: files are replaced, never changed."""
    places = [public / name for name in _PUBLISHED]
    files = [place for place in places if place.is_file()]
    files += [path for place in places if place.is_dir() for path in sorted(place.iterdir())]
    found = [(path, path.stat()) for path in files if not path.name.startswith(".")]
    return [(path.name, stat.st_mtime_ns, stat.st_ino, stat.st_size) for path, stat in found]
