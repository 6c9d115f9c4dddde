"""Reports filed beside those on the screen: one to be printed, and one for each file by ETSI's schema."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli.outputs import Place, Tally
from verify.errors import CouldNotRun
from verify.report.knowledge import Knowledge
from verify.report.words import Language
from verify.verdict import ValidationReport
from verify.whole_files import replace_file

if TYPE_CHECKING:
    from verify.seal import SealReport

_MAX_STEM = 100  # octets: with the rest it is a name that any disk takes
_PLACE_OCTETS = 6


class Printed:
    """A report to be printed, of all that this run judged.

    Raises:
        CouldNotRun: it cannot be written where it should be.
    """

    def __init__(self, path: Path, *, language: Language, knowledge: Knowledge | None) -> None:
        from verify.report.printed import PrintedReport

        # Before hours of judging rather than after.
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise CouldNotRun(f"--html {path}: cannot be written")
        self._path = path
        self._report = PrintedReport(language=language, knowledge=knowledge)

    def close(self) -> None:
        """Forgets what was not written."""
        self._report.close()

    def document(self, name: str, report: ValidationReport) -> None:
        """See `Output`."""
        self._report.add(name, report)

    def seal(self, report: "SealReport", where: Place | None = None) -> None:
        """See `Output`."""
        self._report.add_code(report, name=str(where or "QR"))

    def unread(self, name: str) -> None:
        """See `Output`."""
        self._report.add_unread(name)

    def end(self, tally: Tally) -> None:
        """See `Output`."""
        del tally
        try:
            with self._path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                self._report.write(file)
        except OSError as error:
            raise CouldNotRun(f"--html {self._path}: {error.strerror}") from error


class Filed:
    """A report by ETSI TS 119 102-2 for each file, named after it, its place and its digest.

    Equal names in two folders are two reports, and so are equal contents; the same document, judged again,
    has its report replaced. No link that lies in the folder is followed.

    Raises:
        CouldNotRun: there is no such folder and none can be made, or it takes no file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CouldNotRun(f"--xml {folder}: {error.strerror}") from error

    def document(self, name: str, report: ValidationReport) -> None:
        """See `Output`."""
        from verify.report.etsi import report_as_etsi_xml

        path = self._folder / f"{_stem(name)}-{_place(name)}-{report.sha256 or 'unread'}.xml"
        written = report_as_etsi_xml([(name, report)]).encode("utf-8", "backslashreplace")
        try:
            replace_file(path, written)
        except OSError as error:
            raise CouldNotRun(f"--xml {path}: {error.strerror}") from error

    def seal(self, report: "SealReport", where: Place | None = None) -> None:
        """ETSI's report is on signatures of files."""

    def unread(self, name: str) -> None:
        """Of what could not be read, nothing is said."""

    def end(self, tally: Tally) -> None:
        """Each is written already."""


def _stem(name: str) -> str:
    return os.fsencode(Path(name).stem)[:_MAX_STEM].decode("utf-8", "ignore")


def _place(name: str) -> str:
    named = os.fsencode(Path(name).absolute())
    return hashlib.blake2b(named, digest_size=_PLACE_OCTETS).hexdigest()
