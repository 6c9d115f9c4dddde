"""A report for people in a terminal, in Arabic and English.

Arabic stands on lines of its own: a terminal sets its direction by the line.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from verify.report import words
from verify.report.knowledge import Knowledge
from verify.report.plain import plain
from verify.report.told import Row, Told, Value, tell_code, tell_file
from verify.report.words import OUTCOMES, Language, joined, said
from verify.verdict import Check, FieldComparison, Outcome, ValidationReport, Words

if TYPE_CHECKING:
    from verify.seal import SealReport


_SHORT = 40
_TO_COMPARE = "☐"  # by whoever holds the paper


def write_people(
    console: Console,
    name: str,
    report: ValidationReport,
    *,
    language: Language = Language.BOTH,
    knowledge: Knowledge | None = None,
) -> None:
    """Writes the report on one file."""
    _write(console, tell_file(name, report, knowledge), language)


def write_seal(
    console: Console,
    report: "SealReport",
    *,
    language: Language = Language.BOTH,
    knowledge: Knowledge | None = None,
) -> None:
    """Writes the report on the text of one symbol."""
    _write(console, tell_code(report, knowledge), language)


def _write(console: Console, told: Told, language: Language) -> None:
    style = f"bold {told.headline.colour}"
    body = Group(
        *(Text(f"{told.headline.shape} {line}", style=style) for line in said(told.headline.words, language)),
        *_lines(told.headline.meaning, language),
        *_lines(told.headline.advice, language, style="bold"),
        *_claims(told, language),
        *_rows(told.document, language),
        *_rows(told.seal, language),
        *_checks(told.checks, language),
        *_fields(told.fields, language),
        *_rows(told.knowledge, language),
        Text(""),
        *_lines(words.BEARER, language, style="dim"),
    )
    title = Text(plain(told.name))
    console.print(Panel(body, title=title, title_align="left", border_style=told.headline.colour))


def _lines(sentence: Words, language: Language, style: str = "") -> Iterator[Text]:
    for line in said(sentence, language):
        yield Text(line, style=style)


def _claims(told: Told, language: Language) -> Iterator[Text]:
    if told.is_claimed_only and told.document:
        yield Text("")
        yield from _lines(words.CLAIMED, language, style="red")


def _rows(rows: Iterable[Row], language: Language) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, value in rows:
        for line in _row(label, value, language):
            table.add_row(*(Text(plain(each)) for each in line))
    if table.row_count:
        yield Text("")
        yield table


def _row(label: Words, value: Value, language: Language) -> Iterator[tuple[str, str]]:
    """One line where it is short; else one for each language, since a line has one direction."""
    name, shown = joined(label, language), value if isinstance(value, str) else joined(value, language)
    if language is not Language.BOTH or (len(name) <= _SHORT and len(shown) <= _SHORT):
        yield name, shown
        return
    yield label.ar, value if isinstance(value, str) else value.ar
    yield label.en, "" if isinstance(value, str) else value.en


def _checks(checks: Iterable[Check], language: Language) -> Iterator[RenderableType]:
    yield Text("")
    for check in checks:
        shape, colour = OUTCOMES[check.outcome]
        for number, line in enumerate(said(check.words, language)):
            mark = shape if number == 0 else " "
            yield Text.assemble((f"{mark} ", colour), line)


def _fields(fields: tuple[FieldComparison, ...], language: Language) -> Iterator[RenderableType]:
    if not fields:
        return
    table = Table(box=None, padding=(0, 2), show_header=False)
    for field in fields:
        shape, colour = (_TO_COMPARE, "") if field.agrees is None else OUTCOMES[outcome_of(field)]
        table.add_row(
            Text(shape, style=colour), Text(plain(joined(field.label, language))), Text(plain(field.value))
        )
    yield Text("")
    yield table


def outcome_of(field: FieldComparison) -> Outcome:
    """How the comparison of one field ended."""
    if field.agrees is None:
        return Outcome.UNDECIDED
    return Outcome.PASSED if field.agrees else Outcome.FAILED
