"""What a report tells people, before it is set for a terminal or for paper.

One reading of a verdict for both: the headline, what is said of the document and of its seal, how old
the knowledge is, and what was checked. No code of a machine is in it; those are for JSON and `explain`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from signing.formats.document_number import DocumentNumber, format_document_number
from signing.formats.profiles import PROFILES
from verify.reasons import MEANINGS, Reason
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
    SubIndication,
    ValidationReport,
    Verdict,
    Words,
)

if TYPE_CHECKING:
    from verify.seal import SealReport

Value: TypeAlias = "Words | str"
Row: TypeAlias = tuple[Words, Value]

SEAL_CODE = "seal-code"
"""The check whose fact `reason` says how the document of a right code stands."""
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
        return _is_claimed_only(self.headline)

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
    headline = headline_of(report)
    is_claimed_only = _is_claimed_only(headline)
    return Told(
        name=name,
        headline=headline,
        judged_at=_judged_at(report.at),
        document=(*_document(report.document), *_standing(report.standing)),
        seal=tuple(_seal(report, is_claimed_only=is_claimed_only)),
        knowledge=(
            *_knowledge(report.at, report.standing, knowledge, is_claimed_only=is_claimed_only),
            *_fingerprint(report.sha256),
        ),
        checks=_checks(report.checks, is_claimed_only=is_claimed_only),
        fields=_fields(report.fields, is_claimed_only=is_claimed_only),
    )


def tell_code(report: "SealReport", knowledge: Knowledge | None = None, name: str = "QR") -> Told:
    """What the report on one seal code tells; `name` where it names no document."""
    headline = headline_of_code(report)
    is_claimed_only = _is_claimed_only(headline)
    return Told(
        name=report.document.number or name,
        headline=headline,
        judged_at=_judged_at(report.at),
        document=(*_document(report.document), *_standing(report.standing)),
        seal=(),
        knowledge=tuple(_knowledge(report.at, report.standing, knowledge, is_claimed_only=is_claimed_only)),
        checks=_checks((report.check,), is_claimed_only=is_claimed_only),
        fields=_fields(report.fields, is_claimed_only=is_claimed_only),
    )


def _is_claimed_only(headline: Headline) -> bool:
    """Of a forgery, and of what anybody may have sealed who calls himself an agency."""
    return headline.verdict is Verdict.NOT_GENUINE or headline.is_of_a_stranger


def _checks(checks: tuple[Check, ...], *, is_claimed_only: bool) -> tuple[Check, ...]:
    """What is wrong first; and of a forgery nothing else, or its borrowed parts would look like praise."""
    told = [line for each in checks for line in _code_and_standing(each)]
    shown = [each for each in told if not is_claimed_only or each.outcome is not Outcome.PASSED]
    return tuple(sorted(shown, key=lambda each: _GRAVITY.index(each.outcome)))


def _code_and_standing(check: Check) -> Iterator[Check]:
    """A code can be right and its document withdrawn: two lines, so that no tick stands beside bad news."""
    said = check.facts.get("reason") if check.code == SEAL_CODE else None
    if check.outcome is not Outcome.PASSED or said is None or said == Reason.IN_FORCE:
        yield check
        return
    is_known = MEANINGS[Reason(said)].status is not DocumentStatus.UNKNOWN
    yield replace(check, outcome=Outcome.FAILED if is_known else Outcome.UNDECIDED)
    yield replace(check, words=words.CODE_IS_RIGHT)


def _fields(fields: tuple[FieldComparison, ...], *, is_claimed_only: bool) -> tuple[FieldComparison, ...]:
    """All of them; of a forgery, only those that give it away."""
    return tuple(each for each in fields if not is_claimed_only or each.agrees is False)


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


def _seal(report: ValidationReport, *, is_claimed_only: bool) -> Iterator[Row]:
    """Of a forgery no part that it may have borrowed: the register speaks of the genuine document."""
    is_looked_at = report.sub_indication is not SubIndication.FORMAT_FAILURE
    yield words.SEAL, words.SEALS[report.indication] if is_looked_at else words.NOT_LOOKED_AT
    if not is_claimed_only or report.status is DocumentStatus.NOT_ISSUED:
        yield words.STATUS, words.STATUSES[report.status]
    if not is_claimed_only or report.agreement is Agreement.DIFFERS:
        yield words.AGREEMENT, words.AGREEMENTS[report.agreement]
    if not is_claimed_only or report.indication is Indication.TOTAL_PASSED:
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


def _knowledge(
    at: datetime, standing: DocumentStanding, knowledge: Knowledge | None, *, is_claimed_only: bool
) -> Iterator[Row]:
    as_of = standing.as_of
    yield words.JUDGED_AT, moment(at)
    if as_of or not is_claimed_only:  # of a forgery the register is not asked
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
