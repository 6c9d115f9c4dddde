"""One run of `wathiqa-verify`: several files and symbols, judged with one trust at one instant."""

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Console

from verify.documents import DocumentJudge
from verify.errors import CouldNotRun
from verify.memory import NOTHING_SEEN
from verify.memory_file import MemoryUnreadable, load_memory, save_memory
from verify.report.machines import Json, report_as_json, seal_report_as_json
from verify.report.people import write_people, write_seal
from verify.report.words import Language
from verify.seal import validate_seal_code
from verify.structure import MAX_DOCUMENT_OCTETS
from verify.terminal import without_steering
from verify.trust import Trust, TrustError, load_trust

COULD_NOT_RUN = 3
# "Not genuine" must not hide behind "cannot be decided", nor either of them behind a missing file.
_GRAVITY = (COULD_NOT_RUN, 1, 2, 0)


class Session:
    """Prints each report as it comes, or all of them as one JSON document at the end."""

    def __init__(
        self, trust: Trust, at: datetime, *, language: Language, as_json: bool, memory: Path | None = None
    ) -> None:
        self._trust, self._at, self._language, self._as_json = trust, at, language, as_json
        self._memory = memory
        self._judge = DocumentJudge(trust)
        self._console = Console(highlight=False)
        self._reports: list[Json] = []

    def run(self, files: Iterable[Path], seals: Iterable[str]) -> int:
        """Judges everything; the exit status is that of the gravest answer."""
        codes = {*map(self._judge_file, files), *map(self._judge_seal, seals), self._remember()}
        if self._as_json:
            document = {"at": self._at.isoformat(), "reports": self._reports}
            written = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
            # A file's name need not be UTF-8; JSON's own escape of its octets must not stop the others.
            sys.stdout.write(written.encode("utf-8", "backslashreplace").decode())
        return next(code for code in _GRAVITY if code in codes)

    def _remember(self) -> int:
        """Keeps what was seen; a run that cannot must not look as if it had."""
        if self._memory is None:
            return 0
        try:
            save_memory(self._memory, self._trust.remember())
        except (MemoryUnreadable, OSError) as error:
            complain(f"--memory {self._memory}: {error}")
            return COULD_NOT_RUN
        return 0

    def _judge_file(self, file: Path) -> int:
        try:
            # One octet more than is allowed tells that a file is too large.
            with file.open("rb") as stream:
                pdf = stream.read(MAX_DOCUMENT_OCTETS + 1)
        except OSError as error:
            self._reports.append({"file": str(file), "verdict": None, "exit_code": COULD_NOT_RUN})
            complain(f"{file}: {error.strerror or error}")
            return COULD_NOT_RUN
        report = self._judge.validate(pdf, at=self._at)
        if self._as_json:
            self._reports.append(report_as_json(str(file), report))
        else:
            write_people(self._console, str(file), report, language=self._language)
        return report.verdict.exit_code

    def _judge_seal(self, text: str) -> int:
        report = validate_seal_code(text.strip(), trust=self._trust, at=self._at)
        if self._as_json:
            self._reports.append(seal_report_as_json(report))
        else:
            write_seal(self._console, report, language=self._language)
        return report.verdict.exit_code


def open_session(
    location: str, at: datetime, *, language: str, as_json: bool, memory: Path | None = None
) -> Session:
    """A session with what the published root at `location` vouches for.

    Raises:
        CouldNotRun: nothing there can be relied on, or the memory cannot be read or is of another root.
    """
    try:
        seen = NOTHING_SEEN if memory is None else load_memory(memory)
    except (MemoryUnreadable, OSError) as error:
        raise CouldNotRun(f"--memory {error}") from error
    try:
        trust = load_trust(location, at=at, memory=seen)
    except (TrustError, OSError, ValueError) as error:
        raise CouldNotRun(f"--trust {location}: {error}") from error
    return Session(trust, at, language=Language(language), as_json=as_json, memory=memory)


def complain(text: str) -> None:
    """Says on standard error why something could not run."""
    sys.stderr.write(f"wathiqa-verify: {without_steering(text)}\n")
