"""Where the answers of a run go: to people, as lines of JSON, into a printed report."""

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from verify.report.headline import headline_of, headline_of_code
from verify.report.knowledge import Knowledge
from verify.report.machines import as_line, report_as_json, seal_report_as_json, unread_as_json
from verify.report.words import Language, joined
from verify.terminal import as_name, without_steering
from verify.verdict import ValidationReport, Verdict

if TYPE_CHECKING:
    from verify.report.headline import Headline
    from verify.seal import SealReport


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came out of a run, counted."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    unread: int = 0
    earlier: int = 0  # of the verdicts, those that an earlier run had found

    @property
    def total(self) -> int:
        """Everything that was named."""
        return self.verdicts.total() + self.unread


@dataclass(frozen=True, slots=True)
class Place:
    """Where a symbol was read; pages count from 1."""

    file: str
    page: int

    def __str__(self) -> str:
        return f"{self.file} · {self.page}"


class Output(Protocol):
    """Takes each answer as it comes."""

    def document(self, name: str, report: ValidationReport) -> None:
        """The report on one file."""

    def seal(self, report: "SealReport", where: Place | None = None) -> None:
        """The report on one symbol; `where` it was read."""

    def unread(self, name: str) -> None:
        """There is no report on this file."""

    def end(self, tally: Tally) -> None:
        """There is no more."""


class People:
    """A report each, or a line each where there are many; at the end what came out."""

    def __init__(self, *, language: Language, brief: bool, knowledge: Knowledge | None) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)
        self._language, self._is_brief, self._knowledge = language, brief, knowledge

    def document(self, name: str, report: ValidationReport) -> None:
        """See `Output`."""
        if self._is_brief:
            self._line(name, headline_of(report))
            return
        from verify.report.people import write_people

        write_people(self._console, name, report, language=self._language, knowledge=self._knowledge)

    def seal(self, report: "SealReport", where: Place | None = None) -> None:
        """See `Output`."""
        if self._is_brief:
            self._line(str(where or report.document.number or "QR"), headline_of_code(report))
            return
        from verify.report.people import write_seal

        if where:
            self._console.print(without_steering(str(where)), style="bold", markup=False, soft_wrap=True)
        write_seal(self._console, report, language=self._language, knowledge=self._knowledge)

    def unread(self, name: str) -> None:
        """Standard error says it."""

    def end(self, tally: Tally) -> None:
        """See `Output`."""
        if tally.total > 1:
            from verify.cli.summary import print_summary

            print_summary(self._console, tally, self._language)

    def _line(self, name: str, headline: "Headline") -> None:
        from rich.text import Text

        mark = Text(f"{headline.shape} {joined(headline.words, self._language)}", style=headline.colour)
        line = Text.assemble(mark, "  ", as_name(name))
        if headline.verdict is not Verdict.GENUINE:
            line.append(f"  {joined(headline.meaning, self._language)}", style="dim")
        self._console.print(line, soft_wrap=True)


class Explained:
    """Why, step by step, for each."""

    def __init__(self, *, language: Language) -> None:
        from rich.console import Console

        self._console, self._language = Console(highlight=False), language

    def document(self, name: str, report: ValidationReport) -> None:
        """See `Output`."""
        from verify.report.explained import explain
        from verify.report.steps import write_explanation

        write_explanation(self._console, name, explain(report), language=self._language)

    def seal(self, report: "SealReport", where: Place | None = None) -> None:
        """See `Output`."""
        from verify.report.explained import explain_code
        from verify.report.steps import write_explanation

        name = str(where or report.document.number or "QR")
        write_explanation(self._console, name, explain_code(report), language=self._language)

    def unread(self, name: str) -> None:
        """Standard error says it."""

    def end(self, tally: Tally) -> None:
        """Each stands for itself."""


class Lines:
    """One JSON object a line (docs/formats/verification-report.md)."""

    def document(self, name: str, report: ValidationReport) -> None:
        """See `Output`."""
        _write(as_line(report_as_json(name, report)))

    def seal(self, report: "SealReport", where: Place | None = None) -> None:
        """See `Output`."""
        scan = (where.file, where.page) if where else None
        _write(as_line(seal_report_as_json(report, scan)))

    def unread(self, name: str) -> None:
        """See `Output`."""
        _write(as_line(unread_as_json(name)))

    def end(self, tally: Tally) -> None:
        """Lines stand for themselves."""


def complain(text: str) -> None:
    """Says on standard error why something could not run."""
    sys.stderr.write(f"wathiqa-verify: {without_steering(text)}\n")
    sys.stderr.flush()


def _write(line: str) -> None:
    sys.stdout.write(line)
    # Each answer is out before it is noted as done, and who reads a pipe gets it at once.
    sys.stdout.flush()
