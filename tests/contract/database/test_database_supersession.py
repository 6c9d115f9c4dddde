"""What takes a document's place is in force when it does, whatever happens at the same moment."""

from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from threading import Barrier, BrokenBarrierError

import pytest
from database_racing import outcomes
from sqlalchemy import Engine, insert

from issuance.documents.book import load_document
from issuance.documents.models import Document, DocumentState, documents
from issuance.documents.standing import NotItsSuccessor, require_successor, revoke, supersede
from signing.formats.document_number import DocumentNumber, make_document_number
from signing.formats.status_list import RevocationReason

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def two(engine: Engine) -> tuple[DocumentNumber, DocumentNumber]:
    """The numbers of two released documents of one person."""
    one, other = make_document_number(2026, 1), make_document_number(2026, 2)
    with engine.begin() as connection:
        for index, number in enumerate((one, other)):
            connection.execute(insert(documents).values(**_released(number, index)))
    return one, other


def test_two_documents_cannot_each_take_the_others_place(
    engine: Engine, two: tuple[DocumentNumber, DocumentNumber]
) -> None:
    one, other = two
    both_asking = Barrier(2)

    def subject_of(_: str) -> str:
        with suppress(BrokenBarrierError):  # broken where the other waits for its turn
            both_asking.wait(timeout=0.2)
        return "the same person"

    def act(number: DocumentNumber, by: DocumentNumber) -> Document:
        with engine.begin() as connection:
            document, newer = load_document(connection, number), load_document(connection, by)
            require_successor(connection, document, newer, subject_of=subject_of)
            return supersede(connection, document, by=by, at=NOON)

    ends = outcomes([partial(act, one, other), partial(act, other, one)])

    assert sorted(type(end) for end in ends if isinstance(end, Exception)) == [NotItsSuccessor]
    with engine.connect() as connection:
        states = {load_document(connection, number).state for number in two}
    assert states == {DocumentState.RELEASED, DocumentState.SUPERSEDED}


def test_what_is_revoked_meanwhile_takes_no_place(
    engine: Engine, two: tuple[DocumentNumber, DocumentNumber]
) -> None:
    with engine.connect() as connection:
        document, newer = (load_document(connection, number) for number in two)
    with engine.begin() as connection:
        revoke(connection, newer, reason=RevocationReason.FRAUD, at=NOON)
    with engine.begin() as connection, pytest.raises(NotItsSuccessor):
        require_successor(connection, document, newer, subject_of=lambda _: "the same person")


def _released(number: DocumentNumber, index: int) -> dict[str, object]:
    return {
        "number": number,
        "kind": "birth",
        "agency": "civil-registry",
        "request_number": f"R-{index}",
        "state": DocumentState.RELEASED.value,
        "record": b"{}",
        "check_code": "0" * 12,
        "status_list": 1,
        "status_index": index,
        "template_digest": "0" * 64,
        "intended_at": NOON,
        "valid_until": date(2027, 2, 20),
        "released_at": NOON,
    }
