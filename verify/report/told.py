"""What a report tells people, before it is set for a terminal or for paper.

One reading of a verdict for both: the headline, what is said of the document and of its seal, how old
the knowledge is, and what was checked. No code of a machine is in it; those are for JSON and `explain`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from signing.formats.document_number import DocumentNumber, format_document_number
from signing.formats.profiles import PROFILES
from verify.report import words
from verify.report.headline import Headline, headline_of, headline_of_code
from verify.report.instants import day, moment, moment_with_age
from verify.report.knowledge import Knowledge
from verify.verdict import (
    Agreement,
    Check,
    DocumentFacts,
    DocumentStanding,
    DocumentStatus,
    FieldComparison,
    Indication,
    Outcome,
    SignatureFacts,
    ValidationReport,
    Verdict,
    Words,
)

if TYPE_CHECKING:
    from verify.seal import SealReport

Value: TypeAlias = "Words | str"
Row: TypeAlias = tuple[Words, Value]

_GRAVITY = (Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The report on one file or one code."""

    name: str  # of the file, or of the document that a code names
    headline: Headline
    judged_at: Words
    document: tuple[Row, ...]
    seal: tuple[Row, ...]
    knowledge: tuple[Row, ...]
    checks: tuple[Check, ...]
    fields: tuple[FieldComparison, ...]

    @property
    def is_claimed_only(self) -> bool:
        """Whether what it says of the document is nobody's word but its own."""
        return self.headline.verdict is Verdict.NOT_GENUINE

    @property
    def checks_title(self) -> Words:
        """What the list of checks answers."""
        return words.WHY if self.is_claimed_only else words.CHECKED

    @property
    def fields_title(self) -> Words:
        """What the list of fields is."""
        return words.DIFFERENT if self.is_claimed_only else words.FIELDS


def tell_file(name: str, report: ValidationReport, knowledge: Knowledge | None = None) -> Told:
    """What the report on one file tells."""
    return Told(
        name=name,
        headline=headline_of(report),
        judged_at=_judged_at(report.at),
        document=(*_document(report.document), *_standing(report.standing)),
        seal=tuple(_seal(report)),
        knowledge=(
            *_knowledge(report.at, report.standing, knowledge),
            *_fingerprint(report.sha256),
        ),
        checks=_checks(report.checks, report.verdict),
        fields=_fields(report.fields, report.verdict),
    )


def tell_code(report: "SealReport", knowledge: Knowledge | None = None, name: str = "QR") -> Told:
    """What the report on one seal code tells; `name` where it names no document."""
    return Told(
        name=report.document.number or name,
        headline=headline_of_code(report),
        judged_at=_judged_at(report.at),
        document=(*_document(report.document), *_standing(report.standing)),
        seal=(),
        knowledge=tuple(_knowledge(report.at, report.standing, knowledge)),
        checks=(report.check,),
        fields=_fields(report.fields, report.verdict),
    )


def _checks(checks: tuple[Check, ...], verdict: Verdict) -> tuple[Check, ...]:
    """What is wrong first; and of a forgery nothing else, or its borrowed parts would look like praise."""
    shown = [
        each for each in checks if verdict is not Verdict.NOT_GENUINE or each.outcome is not Outcome.PASSED
    ]
    return tuple(sorted(shown, key=lambda each: _GRAVITY.index(each.outcome)))


def _fields(fields: tuple[FieldComparison, ...], verdict: Verdict) -> tuple[FieldComparison, ...]:
    """All of them; of a forgery, only those that give it away."""
    return tuple(each for each in fields if verdict is not Verdict.NOT_GENUINE or each.agrees is False)


def _judged_at(at: datetime) -> Words:
    said = moment(at)
    return Words(ar=f"{words.JUDGED_AT.ar} {said.ar}", en=f"{words.JUDGED_AT.en} {said.en}")


def _as_printed(number: str) -> str:
    """In its groups, as on the paper; their spaces neither break nor turn the groups round in Arabic."""
    return format_document_number(DocumentNumber(number)).replace(" ", "\u00a0")


def _document(document: DocumentFacts) -> Iterator[Row]:
    if document.number:
        yield words.NUMBER, _as_printed(document.number)
    if document.kind:
        yield words.KIND, _kind(document.kind)
    if document.agency_name:
        yield words.AGENCY, document.agency_name
    if document.issued_at:
        yield words.ISSUED, day(document.issued_at)
    if document.expires_at:
        yield words.EXPIRES, day(document.expires_at)


def _standing(standing: DocumentStanding) -> Iterator[Row]:
    if standing.reason:
        yield words.REASON, words.REVOCATIONS[standing.reason]
    if standing.superseded_by:
        yield words.SUPERSEDED_BY, standing.superseded_by


def _kind(kind: str) -> Value:
    """The title of a kind; its code where this verifier is older than the kind."""
    found = next((each for each in PROFILES if each.kind == kind), None)
    return Words(ar=found.title_ar, en=found.title_en) if found else kind


def _seal(report: ValidationReport) -> Iterator[Row]:
    """Of a forgery no part that it may have borrowed: the register speaks of the genuine document."""
    is_forged = report.verdict is Verdict.NOT_GENUINE
    yield words.SEAL, words.SEALS[report.indication]
    if not is_forged or report.status is DocumentStatus.NOT_ISSUED:
        yield words.STATUS, words.STATUSES[report.status]
    if not is_forged or report.agreement is Agreement.DIFFERS:
        yield words.AGREEMENT, words.AGREEMENTS[report.agreement]
    if not is_forged or report.indication is Indication.TOTAL_PASSED:
        yield from _signer(report.signature)


def _signer(signature: SignatureFacts) -> Iterator[Row]:
    if signature.signer:
        yield words.SEALED_BY, signature.signer
    if signature.proven_at:
        yield words.SEALED_AT, moment(signature.proven_at)
    elif signature.claimed_at:
        yield words.CLAIMED_AT, moment(signature.claimed_at)
    if signature.archived_at:
        yield words.ARCHIVED_AT, moment(signature.archived_at)
    if signature.judgeable_until:
        yield words.JUDGEABLE, day(signature.judgeable_until)


def _fingerprint(sha256: str) -> Iterator[Row]:
    """A file too large to be read has none."""
    if sha256:
        yield words.FINGERPRINT, sha256


def _knowledge(at: datetime, standing: DocumentStanding, knowledge: Knowledge | None) -> Iterator[Row]:
    as_of = standing.as_of
    yield words.JUDGED_AT, moment(at)
    yield words.STATUS_AS_OF, moment_with_age(as_of, at) if as_of else words.NO_STATUS
    if knowledge:
        yield from _lists(at, knowledge)
        if until := knowledge.enough_until(standing):
            yield words.ENOUGH_UNTIL, moment(until)


def _lists(at: datetime, knowledge: Knowledge) -> Iterator[Row]:
    made = moment_with_age(knowledge.trust_list_issued_at, at)
    number = knowledge.trust_list_version
    yield words.LISTS_AS_OF, Words(ar=f"رقم {number}، {made.ar}", en=f"No. {number}, {made.en}")
    if knowledge.is_rolled_back:
        yield words.BEWARE, words.ROLLED_BACK
