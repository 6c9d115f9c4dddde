"""A verdict for people, in Arabic and English, and the same for machines.

People get a word, a shape and a colour, so that no one of the three is needed to
understand it; then what was looked at, what the document says, and how it compares.
Arabic stands on lines of its own: a terminal sets its direction by the line.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from signing.formats.profiles import PROFILES
from verify.terminal import without_steering
from verify.verdict import (
    Agreement,
    Check,
    DocumentFacts,
    DocumentStatus,
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
Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


class Language(StrEnum):
    """Which languages a report for people uses."""

    AR = "ar"
    EN = "en"
    BOTH = "both"


_VERDICTS = {
    Verdict.GENUINE: ("✔", "green", Words(ar="أصلية وسارية", en="GENUINE and in force")),
    Verdict.NOT_IN_FORCE: ("■", "yellow", Words(ar="أصلية لكنها غير سارية", en="GENUINE but NOT IN FORCE")),
    Verdict.NOT_GENUINE: ("✖", "red", Words(ar="غير أصلية", en="NOT GENUINE")),
    Verdict.UNDECIDED: ("?", "cyan", Words(ar="لا يمكن الحكم عليها", en="CANNOT BE DECIDED")),
}
_OUTCOMES = {
    Outcome.PASSED: ("✔", "green"),
    Outcome.FAILED: ("✖", "red"),
    Outcome.UNDECIDED: ("?", "cyan"),
}
_STATUSES = {
    DocumentStatus.VALID: Words(ar="سارية", en="in force"),
    DocumentStatus.REVOKED: Words(ar="ملغاة", en="revoked"),
    DocumentStatus.SUPERSEDED: Words(ar="حلّت محلها وثيقة أخرى", en="superseded"),
    DocumentStatus.EXPIRED: Words(ar="انتهت مدتها", en="expired"),
    DocumentStatus.NOT_ISSUED: Words(ar="لم تصدر", en="never issued"),
    DocumentStatus.UNKNOWN: Words(ar="غير معروفة", en="not known"),
}
_AGREEMENTS = {
    Agreement.AGREES: Words(ar="متطابقة", en="agree"),
    Agreement.DIFFERS: Words(ar="مختلفة", en="differ"),
    Agreement.NOT_CHECKED: Words(ar="لم تُفحص", en="not compared"),
}
_CLAIMED = Words(
    ar="ما تقوله الوثيقة عن نفسها، ولا يُعتد به:", en="What it says of itself, not to be believed:"
)
_COMPARE = Words(ar="قارن الآن كل سطر بالورقة.", en="Now compare each line with the paper.")
_BEARER = Words(ar="هذا الفحص لا يثبت هوية حامل الوثيقة.", en="This check does not prove who the bearer is.")


def print_report(
    console: Console, name: str, report: ValidationReport, *, language: Language = Language.BOTH
) -> None:
    """Prints the report on one file."""
    parts: list[RenderableType] = [
        *_facts(report.document, report.signature, report, language),
        *_checks(report.checks, language),
        *_fields(report.fields, language),
    ]
    _print(console, name, report.verdict, parts, language)


def print_seal_report(console: Console, report: "SealReport", *, language: Language = Language.BOTH) -> None:
    """Prints the report on the text of one symbol."""
    parts: list[RenderableType] = [
        *_told(report, language),
        *_checks((report.check,), language),
        *(
            Text(line)
            for line in _said(_COMPARE, language)
            if report.fields and report.verdict is Verdict.GENUINE
        ),
        *_fields(report.fields, language),
    ]
    _print(console, str(report.document.number or "QR"), report.verdict, parts, language)


def report_as_json(name: str, report: ValidationReport) -> dict[str, Json]:
    """The report on one file for machines; keys and values are stable."""
    return {
        "file": name,
        "verdict": report.verdict.value,
        "exit_code": report.verdict.exit_code,
        "at": report.at.isoformat(),
        "sha256": report.sha256,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "level": report.level.value if report.level else None,
        "status": report.status.value,
        "status_as_of": _instant(report.status_as_of),
        "agreement": report.agreement.value,
        "document": _document_as_json(report.document),
        "signature": _signature_as_json(report.signature),
        "checks": [_check_as_json(check) for check in report.checks],
        "fields": [_field_as_json(field) for field in report.fields],
    }


def seal_report_as_json(report: "SealReport") -> dict[str, Json]:
    """The report on one symbol for machines."""
    return {
        "verdict": report.verdict.value,
        "exit_code": report.verdict.exit_code,
        "at": report.at.isoformat(),
        "reason": report.reason.value,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "status": report.status.value,
        "status_as_of": _instant(report.status_as_of),
        "document": _document_as_json(report.document),
        "fields": [_field_as_json(field) for field in report.fields],
    }


def _print(
    console: Console, name: str, verdict: Verdict, parts: list[RenderableType], language: Language
) -> None:
    shape, colour, words = _VERDICTS[verdict]
    headline = [Text(f"{shape} {line}", style=f"bold {colour}") for line in _said(words, language)]
    note = [Text(line, style="dim") for line in _said(_BEARER, language)]
    body = Group(*headline, Text(""), *parts, Text(""), *note)
    console.print(Panel(body, title=_foreign(name), title_align="left", border_style=colour))


def _facts(
    document: DocumentFacts, signature: SignatureFacts, report: ValidationReport, language: Language
) -> Iterator[RenderableType]:
    if report.verdict is Verdict.NOT_GENUINE and document.number:
        yield from (Text(line, style="red") for line in _said(_CLAIMED, language))
    table = Table.grid(padding=(0, 2))
    rows = (
        *_said_of_itself(document, language),
        (Words(ar="الشهادة باسم", en="Sealed by"), signature.signer),
        (Words(ar="وقت الختم المثبت", en="Sealed at (proven)"), _instant(signature.proven_at)),
        (Words(ar="آخر طابع للأرشيف", en="Archive time-stamp"), _instant(signature.archived_at)),
        (Words(ar="مستوى الختم", en="Level"), f"PAdES-{report.level}" if report.level else None),
        (
            Words(ar="يمكن الحكم على الختم حتى", en="Signature can be judged until"),
            _instant(signature.judgeable_until),
        ),
        (Words(ar="الختم الإلكتروني", en="Signature"), _indication(report)),
        (Words(ar="حالتها في السجل", en="Status in the register"), _status(report, language)),
        (
            Words(ar="الملف والقيد والرمز", en="File, record, code"),
            _joined(_AGREEMENTS[report.agreement], language),
        ),
    )
    _fill(table, rows, language)
    yield table


def _told(report: "SealReport", language: Language) -> Iterator[RenderableType]:
    """What a code says of its document; nothing where nobody vouches for it."""
    if not report.document.number:
        return
    if report.verdict is Verdict.NOT_GENUINE:
        yield from (Text(line, style="red") for line in _said(_CLAIMED, language))
    table = Table.grid(padding=(0, 2))
    status = (Words(ar="حالتها في السجل", en="Status in the register"), _status(report, language))
    _fill(table, (*_said_of_itself(report.document, language), status), language)
    yield table


def _said_of_itself(document: DocumentFacts, language: Language) -> tuple[_Row, ...]:
    return (
        (Words(ar="رقم الوثيقة", en="Document"), document.number),
        (Words(ar="نوعها", en="Kind"), _joined(_kind(document.kind), language)),
        (Words(ar="الجهة", en="Agency"), _joined(document.agency_name, language)),
        (Words(ar="صدرت في", en="Issued at"), _instant(document.issued_at)),
        (Words(ar="صالحة حتى", en="Valid until"), _instant(document.expires_at)),
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
            table.add_row(Text(_joined(label, language) or "", style="dim"), _foreign(value))


def _indication(report: ValidationReport) -> str:
    sub = f" / {report.sub_indication.value}" if report.sub_indication else ""
    return report.indication.value + sub


def _status(report: "ValidationReport | SealReport", language: Language) -> str:
    as_of = f" ({_instant(report.status_as_of)})" if report.status_as_of else ""
    return (_joined(_STATUSES[report.status], language) or "") + as_of


def _checks(checks: tuple[Check, ...], language: Language) -> Iterator[RenderableType]:
    yield Text("")
    for check in checks:
        shape, colour = _OUTCOMES[check.outcome]
        for number, line in enumerate(_said(check.words, language)):
            mark = shape if number == 0 else " "
            yield Text.assemble((f"{mark} ", colour), line)
        if check.outcome is not Outcome.PASSED and check.facts:
            said = ", ".join(f"{name}: {value}" for name, value in check.facts.items() if value != "")
            if said:
                yield Padding(_foreign(said, style="dim"), (0, 0, 0, 2))


def _fields(fields: tuple[FieldComparison, ...], language: Language) -> Iterator[RenderableType]:
    if not fields:
        return
    table = Table(box=None, padding=(0, 2), show_header=False)
    for field in fields:
        shape, colour = _OUTCOMES[_outcome(field)]
        table.add_row(
            Text(shape, style=colour), _foreign(_joined(field.label, language) or ""), _foreign(field.value)
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


def _said(words: Words, language: Language) -> tuple[str, ...]:
    return {
        Language.AR: (words.ar,),
        Language.EN: (words.en,),
        Language.BOTH: (words.ar, words.en),
    }[language]


def _joined(words: Words | None, language: Language) -> str | None:
    return " · ".join(_said(words, language)) if words else None


def _instant(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _document_as_json(document: DocumentFacts) -> dict[str, Json]:
    name = document.agency_name
    return {
        "number": document.number,
        "kind": document.kind,
        "agency": document.agency,
        "agency_name": {"ar": name.ar, "en": name.en} if name else None,
        "issued_at": _instant(document.issued_at),
        "expires_at": _instant(document.expires_at),
    }


def _signature_as_json(signature: SignatureFacts) -> dict[str, Json]:
    return {
        "signer": signature.signer,
        "organization": signature.organization,
        "organization_identifier": signature.organization_identifier,
        "certificate_sha256": signature.certificate_sha256,
        "claimed_at": _instant(signature.claimed_at),
        "proven_at": _instant(signature.proven_at),
        "archived_at": _instant(signature.archived_at),
        "judgeable_until": _instant(signature.judgeable_until),
        "algorithms": [*sorted(signature.algorithms)],
    }


def _check_as_json(check: Check) -> dict[str, Json]:
    return {
        "code": check.code,
        "outcome": check.outcome.value,
        "ar": check.words.ar,
        "en": check.words.en,
        "facts": dict(check.facts),
    }


def _field_as_json(field: FieldComparison) -> dict[str, Json]:
    return {
        "name": field.name,
        "ar": field.label.ar,
        "en": field.label.en,
        "value": field.value,
        "agrees": field.agrees,
    }
