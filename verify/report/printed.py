"""Reports to be printed: one self-contained file of HTML for one document or for thousands.

Arabic is the page's own language, from right to left; in both languages, English stands at the other
side of the sheet. Nothing is fetched and nothing runs: the policy in the head forbids all but the one
style sheet, and every text passes `markup.element`, which escapes it.

Sheets are kept in a temporary file as they come, so a report on many files needs little memory.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from io import StringIO
from shutil import copyfileobj
from tempfile import TemporaryFile
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from verify.report.knowledge import Knowledge
from verify.report.markup import Markup, element
from verify.report.sheet import overview_line, overview_of, overview_of_unread, sheet_of
from verify.report.told import Told, tell_code, tell_file
from verify.report.words import Language
from verify.verdict import ValidationReport, Verdict

if TYPE_CHECKING:
    from verify.seal import SealReport

STYLE_FILE = "printed.css"
_TITLE = "تقرير التحقق من وثائق رسمية · Verification report"


class PrintedReport:
    """A report in the making: `add` as judgements come, then `write`. Close it, or use `with`."""

    def __init__(self, *, language: Language = Language.BOTH, knowledge: Knowledge | None = None) -> None:
        self._language, self._knowledge = language, knowledge
        self._sheets = TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed by `close`
        self._overview: list[str] = []
        self._counted: Counter[Verdict] = Counter()
        self._unread = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, name: str, report: ValidationReport) -> None:
        """The sheet of one file."""
        self._add(tell_file(name, report, self._knowledge))

    def add_code(self, report: "SealReport", *, name: str = "QR") -> None:
        """The sheet of one seal code."""
        self._add(tell_code(report, self._knowledge, name))

    def add_unread(self, name: str) -> None:
        """A file that could not be opened: listed, so that nobody takes it for checked."""
        self._unread += 1
        self._overview.append(overview_of_unread(len(self._overview) + 1, name, self._language))

    def write(self, stream: TextIO) -> None:
        """The whole report; more may be added, and it be written again."""
        language, direction = _page_language(self._language), _direction(self._language)
        stream.write(f'<!DOCTYPE html>\n<html lang="{language}" dir="{direction}">\n{_head()}\n')
        stream.write(f'<body class="{_classes(self._language)}"><main>\n')
        if len(self._overview) > 1 or self._unread:
            stream.writelines(overview_of(self._overview, self._counted, self._unread, self._language))
        self._sheets.seek(0)
        copyfileobj(self._sheets, stream)
        self._sheets.seek(0, 2)
        stream.write("</main></body>\n</html>\n")

    def close(self) -> None:
        """Forgets what was added."""
        self._sheets.close()

    def _add(self, told: Told) -> None:
        self._counted[told.headline.verdict] += 1
        number = len(self._overview) + 1
        self._overview.append(overview_line(number, told, self._language))
        self._sheets.write(sheet_of(number, told, self._language) + "\n")


def report_as_html(
    reports: Iterable[tuple[str, ValidationReport]],
    *,
    language: Language = Language.BOTH,
    knowledge: Knowledge | None = None,
) -> str:
    """The report on a few files, as one text."""
    written = StringIO()
    with PrintedReport(language=language, knowledge=knowledge) as report:
        for name, each in reports:
            report.add(name, each)
        report.write(written)
    return written.getvalue()


def _head() -> Markup:
    style = resources.files("verify.report").joinpath(STYLE_FILE).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", _TITLE),
        Markup(f"<style>{style}</style>"),
    )


def _page_language(language: Language) -> str:
    return "en" if language is Language.EN else "ar"


def _direction(language: Language) -> str:
    return "ltr" if language is Language.EN else "rtl"


def _classes(language: Language) -> str:
    return {Language.AR: "rtl", Language.EN: "ltr", Language.BOTH: "rtl both"}[language]
