"""The fallback for a torn or smudged seal code: number and check code, typed by hand.

It tells kind, agency, dates and standing, with the reason of a withdrawal and the number of the document that
took this one's place: who has the paper may know that. It never tells what the document
says. A wrong code, a number that does not exist and one that was never released get one and the same
answer after the same work: one question to the database that always gives one row, and one
comparison of digests of equal length.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection

from issuance.documents.book import CHECK_CODE_LENGTH, DocumentNotFound
from issuance.documents.embedding import civil_date
from issuance.documents.models import DocumentState, SuspensionReason, documents
from signing.formats.document_number import parse_document_number
from signing.formats.status_list import RevocationReason

_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SEPARATORS = str.maketrans("", "", " -\u00a0\u200e\u200f")
_MAX_TYPED_LENGTH = 40
_NO_NUMBER = "-" * 12  # is no number, and is looked for as one
_NO_CODE = "-" * CHECK_CODE_LENGTH  # no code is typed so: hyphens are left out
_STATUS = {
    DocumentState.RELEASED: "valid",
    DocumentState.SUSPENDED: "suspended",
    DocumentState.REVOKED: "revoked",
    DocumentState.SUPERSEDED: "superseded",
}
# Aggregates of a row that is there or not: one row either way, and of the document only what may be told.
_PAPER = select(
    *(
        func.max(documents.c[name]).label(name)
        for name in (
            "check_code",
            "kind",
            "agency",
            "state",
            "intended_at",
            "valid_until",
            "released_at",
            "withdrawal_reason",
            "superseded_by",
        )
    )
).where(documents.c.number == bindparam("of_number"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """What a stranger who holds the paper may know."""

    kind: str
    agency: str
    issued_on: date
    valid_until: date
    status: str  # valid, suspended, expired, revoked, superseded
    reason: RevocationReason | SuspensionReason | None
    superseded_by: str | None


def check_by_code(connection: Connection, number: str, code: str, *, at: datetime) -> CheckedDocument:
    """The document of this number, if the code on the paper is its own.

    Raises:
        DocumentNotFound: no such number, not released, or another code; the answer does not tell which.
    """
    paper = connection.execute(_PAPER, {"of_number": _number(number)}).one()
    matches = hmac.compare_digest(_digest(paper.check_code or _NO_CODE), _digest(_typed(code)))
    if not matches or paper.released_at is None:
        raise DocumentNotFound
    state = DocumentState(paper.state)
    status = _STATUS[state]
    if status == "valid" and civil_date(at) > paper.valid_until:
        status = "expired"
    return CheckedDocument(
        kind=paper.kind,
        agency=paper.agency,
        issued_on=civil_date(paper.intended_at),
        valid_until=paper.valid_until,
        status=status,
        reason=_reason(state, paper.withdrawal_reason),
        superseded_by=paper.superseded_by,
    )


def one_spelling(number: str) -> str:
    """A document number in the one way attempts are counted, however it was typed."""
    try:
        return parse_document_number(number)
    except ValueError:
        return number  # of no document: what is tried with it leads nowhere


def _number(text: str) -> str:
    try:
        return parse_document_number(text)
    except ValueError:
        return _NO_NUMBER


def _reason(state: DocumentState, stored: str | None) -> RevocationReason | SuspensionReason | None:
    match state:
        case DocumentState.SUSPENDED:
            return SuspensionReason(str(stored))
        case DocumentState.REVOKED:
            return RevocationReason(str(stored))
        case _:  # of a superseded document it is always the same, and said by its status
            return None


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "replace")).digest()


def _typed(code: str) -> str:
    """The code as printed: any case, spaces and hyphens ignored, O for 0, I and L for 1."""
    return code[:_MAX_TYPED_LENGTH].upper().translate(_SEPARATORS).translate(_READ_AS)
