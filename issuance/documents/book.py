"""The book of documents: numbers, intents and every later step of a document's row.

Each step writes the row *where it still is in the state it comes from*, so a step
that is repeated after a crash finds its work done and two at once cannot both do it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from issuance.database import upsert
from issuance.documents.embedding import civil_date
from issuance.documents.models import (
    Document,
    DocumentState,
    SuspensionReason,
    document_sequences,
    documents,
    status_changes,
)
from issuance.errors import Conflict, NotFound
from issuance.locks import take_turn
from signing.formats.document_number import DocumentNumber, make_document_number, parse_document_number
from signing.formats.status_list import RevocationReason, Status

# Half of a list stays free, so a random free index is found in two tries on average.
STATUS_LIST_SIZE = 131_072
STATUS_LIST_FILL = STATUS_LIST_SIZE // 2
CHECK_CODE_LENGTH = 12  # 60 bits
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Held by whoever changes or publishes statuses, so that changes are committed in the order of their
# sequence: a publisher that has seen one has seen all before it.
STATUSES = "statuses"

# Built once: putting a statement together takes longer than running it.
_LASTS = select(document_sequences.c.last)
_TAKEN = select(documents.c.number).where(
    documents.c.status_list == bindparam("list"), documents.c.status_index == bindparam("index")
)
_SAVE = insert(documents)
_LOAD = select(documents).where(documents.c.number == bindparam("of_number"))
_OF_REQUEST = (
    select(documents)
    .where(documents.c.request_number == bindparam("of_request"))
    .order_by(documents.c.number)
)
_ADVANCE = update(documents).where(
    documents.c.number == bindparam("of_number"),
    documents.c.state.in_(bindparam("sources", expanding=True)),
)
_HOLD = (
    select(documents.c.number)
    .where(documents.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(documents.c.number)
    .with_for_update(key_share=True)
)
_CHANGE_STATUS = insert(status_changes).inline()


class DocumentNotFound(NotFound):
    """No such document, or not one this caller may see."""

    code: ClassVar[str] = "document-not-found"
    ar: ClassVar[str] = "لا توجد وثيقة بهذا الرقم، أو لا يحق لك الاطلاع عليها."
    en: ClassVar[str] = "There is no document with this number, or it is not yours to see."


class DocumentMovedOn(Conflict):
    """The document is not in the state in which this can happen."""

    code: ClassVar[str] = "document-moved-on"
    ar: ClassVar[str] = "لا يمكن القيام بذلك والوثيقة في حالتها الحالية ({state})."
    en: ClassVar[str] = "This cannot be done while the document is {state}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a document will be known by; burned if the document is never made."""

    number: DocumentNumber
    status_list: int
    status_index: int
    check_code: str


def reserve(
    connection: Connection, *, at: datetime, random_below: Callable[[int], int] = secrets.randbelow
) -> Reservation:
    """Take the next number of the year, a random free status index and a check code."""
    year = civil_date(at).year
    sequence = connection.execute(
        upsert(connection, document_sequences)
        .values(year=year, last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": document_sequences.c.last + 1})
        .returning(document_sequences.c.last)
    ).scalar_one()
    status_list = (_documents_ever(connection) // STATUS_LIST_FILL) + 1
    while True:
        index = random_below(STATUS_LIST_SIZE)
        if connection.execute(_TAKEN, {"list": status_list, "index": index}).one_or_none() is None:
            break
    return Reservation(
        number=make_document_number(year, sequence),
        status_list=status_list,
        status_index=index,
        check_code="".join(_CROCKFORD[random_below(32)] for _ in range(CHECK_CODE_LENGTH)),
    )


def _documents_ever(connection: Connection) -> int:
    return sum(connection.execute(_LASTS).scalars())


def save_intent(
    connection: Connection,
    reservation: Reservation,
    *,
    kind: str,
    agency: str,
    request_number: str,
    record: bytes,
    template_digest: str,
    valid_until: date,
    at: datetime,
) -> Document:
    """Store what will be made, before any key is used."""
    connection.execute(
        _SAVE,
        {
            "number": reservation.number,
            "kind": kind,
            "agency": agency,
            "request_number": request_number,
            "state": DocumentState.INTENDED.value,
            "record": record,
            "check_code": reservation.check_code,
            "status_list": reservation.status_list,
            "status_index": reservation.status_index,
            "template_digest": template_digest,
            "intended_at": at,
            "valid_until": valid_until,
        },
    )
    return load_document(connection, reservation.number)


def renew_intent(
    connection: Connection, document: Document, *, record: bytes, template_digest: str
) -> Document:
    """Store what the same document will be once its templates have changed: nothing of it was sealed yet.

    Raises:
        DocumentMovedOn: it is sealed, and says what it says.
    """
    return advance(
        connection,
        document,
        sources=(DocumentState.INTENDED,),
        values={"record": record, "template_digest": template_digest},
    )


def record_sealed(
    connection: Connection,
    document: Document,
    *,
    seal_text: str,
    sha256: str,
    size: int,
    timings: dict[str, int],
    at: datetime,
) -> Document:
    """Note the sealed file; a repeated sealing that was not yet released replaces it."""
    return advance(
        connection,
        document,
        sources=(DocumentState.INTENDED, DocumentState.SEALED),
        values={
            "state": DocumentState.SEALED.value,
            "seal_text": seal_text,
            "sha256": sha256,
            "size": size,
            "timings": timings,
            "sealed_at": at,
        },
    )


def record_released(connection: Connection, document: Document, *, at: datetime) -> Document:
    """From now on the document counts: its status becomes valid."""
    released = advance(
        connection,
        document,
        sources=(DocumentState.SEALED,),
        values={"state": DocumentState.RELEASED.value, "released_at": at},
    )
    change_status(connection, released, Status.VALID, at)
    return released


def load_document(connection: Connection, number: str) -> Document:
    """The document with this number.

    Raises:
        DocumentNotFound: there is none.
    """
    row = connection.execute(_LOAD, {"of_number": number}).one_or_none()
    if row is None:
        raise DocumentNotFound
    return _document(row)


def load_released(connection: Connection, text: str) -> Document:
    """The document with this number, as a person wrote it, if it was ever released.

    Raises:
        DocumentNotFound: not a number, no such document, or never released.
    """
    try:
        document = load_document(connection, parse_document_number(text))
    except ValueError as error:
        raise DocumentNotFound from error
    if document.released_at is None:
        raise DocumentNotFound
    return document


def hold_documents(connection: Connection, *numbers: DocumentNumber) -> list[Document]:
    """These documents as they are now, in this order; nobody else changes them until the transaction ends.

    Raises:
        DocumentNotFound: one of them is not there.
    """
    connection.execute(_HOLD, {"numbers": numbers}).all()
    return [load_document(connection, number) for number in numbers]


def documents_of_request(connection: Connection, request_number: str) -> Sequence[Document]:
    """The documents a request led to: at most one of each kind."""
    return [_document(row) for row in connection.execute(_OF_REQUEST, {"of_request": request_number})]


def advance(
    connection: Connection,
    document: Document,
    *,
    sources: tuple[DocumentState, ...],
    values: dict[str, object],
) -> Document:
    """Write a step, where the document is still in a state that it may come from.

    Raises:
        DocumentMovedOn: it is not.
    """
    place = {"of_number": document.number, "sources": [source.value for source in sources]}
    written = connection.execute(_ADVANCE, {**place, **values})
    current = load_document(connection, document.number)
    if written.rowcount != 1:
        raise DocumentMovedOn(number=document.number, state=current.state.value)
    return current


def change_status(connection: Connection, document: Document, status: Status, at: datetime) -> None:
    """What the published list says from its next publication on."""
    take_turn(connection, STATUSES)
    where = {"status_list": document.status_list, "status_index": document.status_index}
    connection.execute(_CHANGE_STATUS, {**where, "status": status.value, "at": at})


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's documented accessor)
    values["state"] = DocumentState(values["state"])
    if values["withdrawal_reason"] is not None:
        is_for_now = values["state"] is DocumentState.SUSPENDED
        reasons = SuspensionReason if is_for_now else RevocationReason
        values["withdrawal_reason"] = reasons(cast("str", values["withdrawal_reason"]))
    return Document(**values)
