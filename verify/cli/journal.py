"""What of a long run is done, so that it can go on after it was interrupted.

A line for the run, then a line for each document after its report was written:

    {"journal": 1, "trust": "/srv/public", "root": "…", "at": null}
    {"file": "/archive/1.pdf", "key": "…", "verdict": "genuine"}

The key is of the path, and of the very file that was read: its number on the disk, its length, and both of
its times of change, of which nobody sets one at will. A file that was exchanged, before, between or during
runs, is judged again. A process that is killed may leave half a line behind: it does not count, so the
report on that document may be written twice, and never not at all.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from verify.errors import CouldNotRun
from verify.isolation.submissions import Submission
from verify.verdict import Verdict

_FORMAT = 1
_KEY_OCTETS = 16


class Journal:
    """A journal that is open for one run.

    Raises:
        CouldNotRun: the file cannot be written, is no journal, or one of another run.
    """

    def __init__(self, path: Path, *, trust: str, root: str, at: str | None) -> None:
        self.path = path
        self._heading = {"journal": _FORMAT, "trust": trust, "root": root, "at": at}
        self._done: dict[bytes, Verdict] = {}
        try:
            self._file: IO[bytes] = path.open("a+b")
        except OSError as error:
            raise CouldNotRun(f"--resume {path}: {error.strerror}") from error
        try:
            self._take_up()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def verdict_on(self, submission: Submission) -> Verdict | None:
        """What was found in an earlier run; None where the document is still to be judged."""
        key = _key(submission, _found(submission))
        return self._done.get(key) if key else None

    def write(self, submission: Submission, verdict: Verdict) -> None:
        """Notes that the report on a document was written.

        Raises:
            CouldNotRun: it cannot be noted.
        """
        key = _key(submission, submission.about)
        if key is None:
            return
        self._done[key] = verdict
        self._append({"file": _absolute(submission), "key": key.hex(), "verdict": verdict.value})

    def _take_up(self) -> None:
        self._file.seek(0)
        whole = 0
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n"):
                self._require_half_a_line(number, line)
                break
            self._read(number, line)
            whole += len(line)
        self._file.truncate(whole)
        if whole == 0:
            self._append(self._heading)

    def _read(self, number: int, line: bytes) -> None:
        try:
            noted = json.loads(line)
            if number == 0:
                self._require_same_run(noted)
                return
            self._done[bytes.fromhex(noted["key"])] = Verdict(noted["verdict"])
        except (ValueError, KeyError, TypeError) as error:
            raise CouldNotRun(f"--resume {self.path}: not the journal of a run") from error

    def _require_half_a_line(self, number: int, line: bytes) -> None:
        """What is cut off is ours: a file that somebody named by mistake is left as it is."""
        if number == 0 and not _line(self._heading).startswith(line):
            raise CouldNotRun(f"--resume {self.path}: not the journal of a run")

    def _require_same_run(self, noted: object) -> None:
        if not isinstance(noted, dict) or noted.get("journal") != _FORMAT:
            raise ValueError
        for name, called in (("trust", "--trust"), ("at", "--at"), ("root", "root to believe")):
            if noted.get(name) != self._heading[name]:
                raise CouldNotRun(f"--resume {self.path}: that run had another {called}")

    def _append(self, noted: dict[str, object]) -> None:
        try:
            self._file.write(_line(noted))
            self._file.flush()
        except OSError as error:
            raise CouldNotRun(f"--resume {self.path}: {error.strerror}") from error


def _absolute(submission: Submission) -> str:
    return str(Path(submission.name).absolute())


def _line(noted: Mapping[str, object]) -> bytes:
    return json.dumps(noted, separators=(",", ":")).encode() + b"\n"


def _found(submission: Submission) -> os.stat_result | None:
    """What has the submission's name now; None for what is no file, or not there."""
    if isinstance(submission.content, bytes):
        return None
    try:
        return submission.content.stat()
    except OSError:
        return None


def _key(submission: Submission, about: os.stat_result | None) -> bytes | None:
    if about is None:
        return None
    parts = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    text = "".join(f"\0{part}" for part in parts).encode()
    named = os.fsencode(_absolute(submission))
    return hashlib.blake2b(named + text, digest_size=_KEY_OCTETS).digest()
