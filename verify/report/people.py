"""A report for people in a terminal, in Arabic and English.

Arabic stands on lines of its own: a terminal sets its direction by the line.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from signing.formats.profiles import PROFILES
from verify.report.words import (
    AGREEMENTS,
    BEARER,
    CLAIMED,
    COMPARE,
    OUTCOMES,
    STATUSES,
    VERDICTS,
    Language,
    instant_as_text,
    joined,
    said,
)
from verify.terminal import without_steering
from verify.verdict import (
    Check,
    DocumentFacts,
    FieldComparison,
    Outcome,
    SignatureFacts,
    ValidationReport,
    Verdict,
    Words,
)

if TYPE_CHECKING:
    from verify.seal import SealReport

_Row: TypeAlias = tuple[Words, str | None]


def write_people(
    console: Console, name: str, report: ValidationReport, *, language: Language = Language.BOTH
) -> None:
    """Prints the report on one file."""
    parts: list[RenderableType] = [
        *_facts(report.document, report.signature, report, language),
        *_checks(report.checks, language),
        *_fields(report.fields, language),
    ]
    _print(console, name, report.verdict, parts, language)


def write_seal(console: Console, report: "SealReport", *, language: Language = Language.BOTH) -> None:
    """Prints the report on the text of one symbol."""
    parts: list[RenderableType] = [
        *_told(report, language),
        *_checks((report.check,), language),
        *(
            Text(line)
            for line in said(COMPARE, language)
            if report.fields and report.verdict is Verdict.GENUINE
        ),
        *_fields(report.fields, language),
    ]
    _print(console, str(report.document.number or "QR"), report.verdict, parts, language)


def _print(
    console: Console, name: str, verdict: Verdict, parts: list[RenderableType], language: Language
) -> None:
    shape, colour, words = VERDICTS[verdict]
    headline = [Text(f"{shape} {line}", style=f"bold {colour}") for line in said(words, language)]
    note = [Text(line, style="dim") for line in said(BEARER, language)]
    body = Group(*headline, Text(""), *parts, Text(""), *note)
    console.print(Panel(body, title=_foreign(name), title_align="left", border_style=colour))


def _facts(
    document: DocumentFacts, signature: SignatureFacts, report: ValidationReport, language: Language
) -> Iterator[RenderableType]:
    if report.verdict is Verdict.NOT_GENUINE and document.number:
        yield from (Text(line, style="red") for line in said(CLAIMED, language))
    table = Table.grid(padding=(0, 2))
    rows = (
        *_said_of_itself(document, language),
        (Words(ar="الشهادة باسم", en="Sealed by"), signature.signer),
        (Words(ar="وقت الختم المثبت", en="Sealed at (proven)"), instant_as_text(signature.proven_at)),
        (Words(ar="آخر طابع للأرشيف", en="Archive time-stamp"), instant_as_text(signature.archived_at)),
        (Words(ar="مستوى الختم", en="Level"), f"PAdES-{report.level}" if report.level else None),
        (
            Words(ar="يمكن الحكم على الختم حتى", en="Signature can be judged until"),
            instant_as_text(signature.judgeable_until),
        ),
        (Words(ar="الختم الإلكتروني", en="Signature"), _indication(report)),
        (Words(ar="حالتها في السجل", en="Status in the register"), _status(report, language)),
        (
            Words(ar="الملف والقيد والرمز", en="File, record, code"),
            joined(AGREEMENTS[report.agreement], language),
        ),
    )
    _fill(table, rows, language)
    yield table


def _told(report: "SealReport", language: Language) -> Iterator[RenderableType]:
    """What a code says of its document; nothing where nobody vouches for it."""
    if not report.document.number:
        return
    if report.verdict is Verdict.NOT_GENUINE:
        yield from (Text(line, style="red") for line in said(CLAIMED, language))
    table = Table.grid(padding=(0, 2))
    status = (Words(ar="حالتها في السجل", en="Status in the register"), _status(report, language))
    _fill(table, (*_said_of_itself(report.document, language), status), language)
    yield table


def _said_of_itself(document: DocumentFacts, language: Language) -> tuple[_Row, ...]:
    return (
        (Words(ar="رقم الوثيقة", en="Document"), document.number),
        (Words(ar="نوعها", en="Kind"), joined(_kind(document.kind), language)),
        (Words(ar="الجهة", en="Agency"), joined(document.agency_name, language)),
        (Words(ar="صدرت في", en="Issued at"), instant_as_text(document.issued_at)),
        (Words(ar="صالحة حتى", en="Valid until"), instant_as_text(document.expires_at)),
    )


def _kind(kind: str | None) -> Words | None:
    """The title of a kind; its code where this verifier is older than the kind."""
    if kind is None:
        return None
    found = next((each for each in PROFILES if each.kind == kind), None)
    return Words(ar=found.title_ar, en=found.title_en) if found else Words(ar=kind, en=kind)


def _fill(table: Table, rows: Iterable[_Row], language: Language) -> None:
    for label, value in rows:
        if value:
            table.add_row(Text(joined(label, language) or "", style="dim"), _foreign(value))


def _indication(report: ValidationReport) -> str:
    sub = f" / {report.sub_indication.value}" if report.sub_indication else ""
    return report.indication.value + sub


def _status(report: "ValidationReport | SealReport", language: Language) -> str:
    as_of = f" ({instant_as_text(report.status_as_of)})" if report.status_as_of else ""
    return (joined(STATUSES[report.status], language) or "") + as_of


def _checks(checks: tuple[Check, ...], language: Language) -> Iterator[RenderableType]:
    yield Text("")
    for check in checks:
        shape, colour = OUTCOMES[check.outcome]
        for number, line in enumerate(said(check.words, language)):
            mark = shape if number == 0 else " "
            yield Text.assemble((f"{mark} ", colour), line)
        if check.outcome is not Outcome.PASSED and check.facts:
            facts = ", ".join(f"{name}: {value}" for name, value in check.facts.items() if value != "")
            if facts:
                yield Padding(_foreign(facts, style="dim"), (0, 0, 0, 2))


def _fields(fields: tuple[FieldComparison, ...], language: Language) -> Iterator[RenderableType]:
    if not fields:
        return
    table = Table(box=None, padding=(0, 2), show_header=False)
    for field in fields:
        shape, colour = OUTCOMES[_outcome(field)]
        table.add_row(
            Text(shape, style=colour), _foreign(joined(field.label, language) or ""), _foreign(field.value)
        )
    yield Text("")
    yield table


def _foreign(text: str, style: str = "") -> Text:
    """Text that a stranger may have written: nothing in it may steer the terminal or reverse a line."""
    return Text(without_steering(text), style=style)


def _outcome(field: FieldComparison) -> Outcome:
    if field.agrees is None:
        return Outcome.UNDECIDED
    return Outcome.PASSED if field.agrees else Outcome.FAILED
