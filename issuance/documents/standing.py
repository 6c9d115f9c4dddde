"""Whether a released document counts: suspended, released again, revoked, superseded, and why.

    released ⇄ suspended        an officer doubts it, and then no longer
    released, suspended → revoked | superseded        for good

Each act is one row of the book and one published status, in one transaction. The reasons are closed
tables, because people read them in two languages and because a free text would say what
is nobody's business.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy.engine import Connection

from issuance.documents.book import advance, change_status, hold_documents
from issuance.documents.models import Document, DocumentState, SuspensionReason
from issuance.errors import Conflict
from issuance.problems import Sentence
from signing.formats.document_number import DocumentNumber
from signing.formats.status_list import REVOKED_FOR, RevocationReason, Status

REVOCATION_REASONS: Mapping[RevocationReason, Sentence] = {
    RevocationReason.ISSUED_IN_ERROR: Sentence(
        ar="صدرت الوثيقة خطأً.", en="The document was issued by mistake."
    ),
    RevocationReason.RECORD_CORRECTED: Sentence(
        ar="صُحّح القيد الذي صدرت عنه الوثيقة.", en="The record that it was made from was corrected."
    ),
    RevocationReason.FRAUD: Sentence(
        ar="استُصدرت الوثيقة بالاحتيال.", en="The document was obtained by fraud."
    ),
    RevocationReason.HOLDER_ASKED: Sentence(
        ar="طلب صاحب الوثيقة إلغاءها.", en="Its holder asked for it to be withdrawn."
    ),
    RevocationReason.COURT_ORDER: Sentence(ar="أمرت المحكمة بإلغائها.", en="A court ordered it."),
}
SUSPENSION_REASONS: Mapping[SuspensionReason, Sentence] = {
    SuspensionReason.UNDER_REVIEW: Sentence(
        ar="تراجع الجهة المصدرة الوثيقة.", en="The issuing agency is looking into the document."
    ),
    SuspensionReason.MISUSE_REPORTED: Sentence(
        ar="أُبلغ عن إساءة استعمال الوثيقة.", en="Misuse of the document was reported."
    ),
    SuspensionReason.HOLDER_ASKED: Sentence(
        ar="طلب صاحب الوثيقة وقف العمل بها.", en="Its holder asked for it to be put on hold."
    ),
    SuspensionReason.COURT_ORDER: Sentence(ar="أمرت المحكمة بوقف العمل بها.", en="A court ordered it."),
}


class NotItsSuccessor(Conflict):
    """The newer document may not take the older one's place."""

    code: ClassVar[str] = "not-its-successor"
    ar: ClassVar[str] = "لا تحلّ محلها إلا وثيقة أخرى من النوع نفسه، للشخص نفسه، سارية."
    en: ClassVar[str] = (
        "Only another document of the same kind, about the same person, and in force, can take its place."
    )


_COUNTED = (DocumentState.RELEASED, DocumentState.SUSPENDED)


def suspend(
    connection: Connection, document: Document, *, reason: SuspensionReason, at: datetime
) -> Document:
    """The document does not count for now, and anybody who checks it will be told so.

    Raises:
        DocumentMovedOn: it is not released, or was withdrawn before.
    """
    suspended = advance(
        connection,
        document,
        sources=(DocumentState.RELEASED,),
        values={
            "state": DocumentState.SUSPENDED.value,
            "withdrawn_at": at,
            "withdrawal_reason": reason.value,
        },
    )
    change_status(connection, suspended, Status.SUSPENDED, at)
    return suspended


def reinstate(connection: Connection, document: Document, *, at: datetime) -> Document:
    """A suspended document counts again.

    Raises:
        DocumentMovedOn: it is not suspended.
    """
    released = advance(
        connection,
        document,
        sources=(DocumentState.SUSPENDED,),
        values={"state": DocumentState.RELEASED.value, "withdrawn_at": None, "withdrawal_reason": None},
    )
    change_status(connection, released, Status.VALID, at)
    return released


def revoke(connection: Connection, document: Document, *, reason: RevocationReason, at: datetime) -> Document:
    """The document no longer counts, and anybody who checks it will be told so.

    Raises:
        DocumentMovedOn: it is not released, or was withdrawn before.
    """
    revoked = advance(
        connection,
        document,
        sources=_COUNTED,
        values={
            "state": DocumentState.REVOKED.value,
            "withdrawn_at": at,
            "withdrawal_reason": reason.value,
        },
    )
    change_status(connection, revoked, REVOKED_FOR[reason], at)
    return revoked


def supersede(connection: Connection, document: Document, *, by: DocumentNumber, at: datetime) -> Document:
    """A newer document has taken this one's place.

    Raises:
        DocumentMovedOn: it is not released, or was withdrawn before.
    """
    superseded = advance(
        connection,
        document,
        sources=_COUNTED,
        values={
            "state": DocumentState.SUPERSEDED.value,
            "withdrawn_at": at,
            "withdrawal_reason": RevocationReason.RECORD_CORRECTED.value,
            "superseded_by": by,
        },
    )
    change_status(connection, superseded, Status.SUPERSEDED, at)
    return superseded


def require_successor(
    connection: Connection, document: Document, newer: Document, *, subject_of: Callable[[str], str]
) -> None:
    """Assert that `newer` may take a document's place: of the same kind, about the same person, in force.

    Both are held until the transaction ends: else each of two could be superseded by the other, or one
    by what is revoked at this moment.

    Raises:
        NotItsSuccessor: it may not.
    """
    document, newer = hold_documents(connection, document.number, newer.number)
    one, other = subject_of(document.request_number), subject_of(newer.request_number)
    is_alike = (document.kind, one) == (newer.kind, other) and document.number != newer.number
    if not is_alike or newer.state is not DocumentState.RELEASED:
        raise NotItsSuccessor


def words_of(reason: RevocationReason | SuspensionReason) -> Sentence:
    """The reason as people read it."""
    match reason:
        case RevocationReason():
            return REVOCATION_REASONS[reason]
        case SuspensionReason():
            return SUSPENSION_REASONS[reason]
