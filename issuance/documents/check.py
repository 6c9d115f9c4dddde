"""The fallback for a torn or smudged seal code: number and check code, typed by hand.

It tells kind, agency, date and status, never what the document says. A wrong code and a
number that does not exist get one and the same answer, after the same work.
"""

import hmac
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.engine import Connection

from issuance.documents.book import CHECK_CODE_LENGTH, DocumentNotFound, load_document
from issuance.documents.embedding import civil_date
from issuance.documents.models import Document, DocumentState
from signing.formats.document_number import parse_document_number

_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SEPARATORS = str.maketrans("", "", " -\u00a0\u200e\u200f")
_MAX_TYPED_LENGTH = 40
_STATUS = {
    DocumentState.RELEASED: "valid",
    DocumentState.SUSPENDED: "suspended",
    DocumentState.REVOKED: "revoked",
    DocumentState.SUPERSEDED: "superseded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """What a stranger who holds the paper may know."""

    kind: str
    agency: str
    issued_on: date
    valid_until: date
    status: str  # valid, expired, revoked, superseded


def check_by_code(connection: Connection, number: str, code: str, *, at: datetime) -> CheckedDocument:
    """The document of this number, if the code on the paper is its own.

    Raises:
        DocumentNotFound: no such number, not released, or another code; the answer does not tell which.
    """
    document = _find(connection, number)
    expected = document.check_code if document is not None else "0" * CHECK_CODE_LENGTH
    matches = hmac.compare_digest(expected.encode(), _typed(code).encode("utf-8", "replace"))
    if document is None or not matches or document.released_at is None:
        raise DocumentNotFound
    status = _STATUS[document.state]
    if status == "valid" and civil_date(at) > document.valid_until:
        status = "expired"
    return CheckedDocument(
        kind=document.kind,
        agency=document.agency,
        issued_on=civil_date(document.intended_at),
        valid_until=document.valid_until,
        status=status,
    )


def one_spelling(number: str) -> str:
    """A document number in the one way attempts are counted, however it was typed."""
    try:
        return parse_document_number(number)
    except ValueError:
        return number  # of no document: what is tried with it leads nowhere


def _find(connection: Connection, number: str) -> Document | None:
    try:
        return load_document(connection, parse_document_number(number))
    except (ValueError, DocumentNotFound):
        return None


def _typed(code: str) -> str:
    """The code as printed: any case, spaces and hyphens ignored, O for 0, I and L for 1."""
    return code[:_MAX_TYPED_LENGTH].upper().translate(_SEPARATORS).translate(_READ_AS)
