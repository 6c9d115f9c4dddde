"""The book of documents: no number serves twice, and a row only moves forward."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbelow
from typing import Any

import pytest
from documents_desk import NOON, intend, release, released, seal
from sqlalchemy import Engine, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from issuance.database import metadata, open_database
from issuance.documents import book
from issuance.documents.book import (
    DocumentMovedOn,
    DocumentNotFound,
    documents_of_request,
    load_document,
    renew_intent,
    reserve,
)
from issuance.documents.models import Document, DocumentState, SuspensionReason, status_changes
from issuance.documents.standing import reinstate, revoke, supersede, suspend
from signing.formats.document_number import make_document_number, parse_document_number
from signing.formats.status_list import RevocationReason, Status

FRAUD = RevocationReason.FRAUD


def statuses(connection: Connection, document: Document) -> list[int]:
    where = (
        status_changes.c.status_list == document.status_list,
        status_changes.c.status_index == document.status_index,
    )
    query = select(status_changes.c.status).where(*where).order_by(status_changes.c.sequence)
    return list(connection.execute(query).scalars())


def test_numbers_follow_one_another_and_check(engine: Engine) -> None:
    with engine.begin() as connection:
        numbers = [intend(connection, f"R-{count}").number for count in range(1, 4)]
    assert numbers == [make_document_number(2026, count) for count in range(1, 4)]
    assert all(parse_document_number(number) == number for number in numbers)


def test_each_year_begins_anew(engine: Engine) -> None:
    with engine.begin() as connection:
        intend(connection, "R-1")
        document = intend(connection, "R-2", at=datetime(2027, 3, 1, tzinfo=UTC))
    assert document.number == make_document_number(2027, 1)


def test_the_year_is_that_of_the_date_on_the_page(engine: Engine) -> None:
    """On 31 December, 22:30 UTC, it is the first of January in Damascus."""
    with engine.begin() as connection:
        document = intend(connection, "R-1", at=datetime(2026, 12, 31, 22, 30, tzinfo=UTC))
    assert document.number == make_document_number(2027, 1)


def test_an_intent_that_is_rolled_back_leaves_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        intend(connection, "R-1")
        connection.rollback()
    with engine.begin() as connection:
        assert intend(connection, "R-1").number == make_document_number(2026, 1)
        assert len(documents_of_request(connection, "R-1")) == 1


def test_no_number_index_or_code_serves_twice_when_many_reserve_at_once(tmp_path: Path) -> None:
    """Without BEGIN IMMEDIATE, concurrent read-modify-write lost 41 to 90 of 600 updates."""
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    metadata.create_all(engine)
    made: list[Document] = []

    def work(worker: int) -> None:
        for count in range(15):
            with engine.begin() as connection:
                # One of two hundred indices: most draws of a later document are taken.
                drawn = intend(
                    connection, f"R-{worker}-{count}", random_below=lambda limit: randbelow(200) % limit
                )
            made.append(drawn)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert {document.number for document in made} == {make_document_number(2026, n) for n in range(1, 61)}
    assert len({(document.status_list, document.status_index) for document in made}) == 60


def test_a_status_index_that_is_taken_is_drawn_again(engine: Engine) -> None:
    drawn = iter([7, *[0] * 12, 7, 7, 9, *[1] * 12])
    with engine.begin() as connection:
        first = intend(connection, "R-1", random_below=lambda _: next(drawn))
        second = intend(connection, "R-2", random_below=lambda _: next(drawn))
    assert (first.status_index, second.status_index) == (7, 9)


def test_the_database_refuses_an_index_that_is_taken(engine: Engine) -> None:
    with engine.begin() as connection:
        one = intend(connection, "R-1", random_below=lambda _: 7)
        other = intend(connection, "R-2")
    table = metadata.tables["documents"]
    same = table.update().where(table.c.number == other.number).values(status_index=one.status_index)
    with pytest.raises(IntegrityError, match="status_index"), engine.begin() as connection:
        connection.execute(same)


def test_the_database_refuses_a_second_document_of_a_kind(engine: Engine) -> None:
    with engine.begin() as connection:
        intend(connection, "R-1")
        intend(connection, "R-1", kind="refusal-notice")
    with pytest.raises(IntegrityError, match="request_number"), engine.begin() as connection:
        intend(connection, "R-1")


def test_a_list_that_is_half_full_is_followed_by_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "STATUS_LIST_SIZE", 8)
    monkeypatch.setattr(book, "STATUS_LIST_FILL", 4)
    with engine.begin() as connection:
        lists = [intend(connection, f"R-{count}").status_list for count in range(1, 13)]
    assert lists == sorted(lists)
    assert max(lists.count(number) for number in lists) == 4


def test_check_codes_are_twelve_unmistakable_characters(engine: Engine) -> None:
    with engine.begin() as connection:
        codes = {reserve(connection, at=NOON).check_code for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code) == 12 and not set(code) & set("ILOU") for code in codes)


def test_a_document_moves_forward_and_each_step_shows_in_its_status(engine: Engine) -> None:
    with engine.begin() as connection:
        document = intend(connection, "R-1")
        assert (document.state, statuses(connection, document)) == (DocumentState.INTENDED, [])
        sealed = seal(connection, document)
        assert (sealed.state, statuses(connection, document)) == (DocumentState.SEALED, [])
        out = release(connection, sealed)
        assert (out.state, out.released_at) == (DocumentState.RELEASED, NOON)
        withdrawn = revoke(connection, out, reason=FRAUD, at=NOON)
        assert (withdrawn.state, withdrawn.withdrawal_reason) == (DocumentState.REVOKED, FRAUD)
        assert statuses(connection, document) == [Status.VALID, Status.REVOKED_FRAUD]


def test_a_document_that_is_superseded_names_its_successor(engine: Engine) -> None:
    with engine.begin() as connection:
        old, new = released(connection, "R-1"), released(connection, "R-2")
        gone = supersede(connection, old, by=new.number, at=NOON)
        assert (gone.state, gone.superseded_by) == (DocumentState.SUPERSEDED, new.number)
        assert statuses(connection, old) == [Status.VALID, Status.SUPERSEDED]
        assert statuses(connection, new) == [Status.VALID]


def test_a_suspended_document_counts_again_once_it_is_released(engine: Engine) -> None:
    with engine.begin() as connection:
        out = released(connection, "R-1")
        held = suspend(connection, out, reason=SuspensionReason.COURT_ORDER, at=NOON)
        assert (held.state, held.withdrawal_reason) == (DocumentState.SUSPENDED, SuspensionReason.COURT_ORDER)
        assert reinstate(connection, held, at=NOON) == out
        assert statuses(connection, out) == [Status.VALID, Status.SUSPENDED, Status.VALID]


def test_a_suspended_document_can_be_withdrawn_for_good(engine: Engine) -> None:
    with engine.begin() as connection:
        one, other = released(connection, "R-1"), released(connection, "R-2")
        for document in (one, other):
            suspend(connection, document, reason=SuspensionReason.UNDER_REVIEW, at=NOON)
        assert revoke(connection, one, reason=FRAUD, at=NOON).withdrawal_reason is FRAUD
        assert supersede(connection, other, by=one.number, at=NOON).superseded_by == one.number
        assert statuses(connection, one)[-1] == Status.REVOKED_FRAUD
        assert statuses(connection, other)[-1] == Status.SUPERSEDED


def _in_state(connection: Connection, state: DocumentState) -> Document:
    document = intend(connection, "R-1")
    if state is DocumentState.INTENDED:
        return document
    document = seal(connection, document)
    if state is DocumentState.SEALED:
        return document
    document = release(connection, document)
    if state is DocumentState.SUSPENDED:
        return suspend(connection, document, reason=SuspensionReason.UNDER_REVIEW, at=NOON)
    if state is DocumentState.REVOKED:
        return revoke(connection, document, reason=FRAUD, at=NOON)
    if state is DocumentState.SUPERSEDED:
        return supersede(connection, document, by=make_document_number(2026, 9), at=NOON)
    return document


STEPS: dict[str, tuple[Callable[[Connection, Document], Any], set[DocumentState]]] = {
    "renew": (
        lambda c, d: renew_intent(c, d, record=b"[]", template_digest="1" * 64),
        {DocumentState.INTENDED},
    ),
    "seal": (seal, {DocumentState.INTENDED, DocumentState.SEALED}),
    "release": (release, {DocumentState.SEALED}),
    "suspend": (
        lambda c, d: suspend(c, d, reason=SuspensionReason.HOLDER_ASKED, at=NOON),
        {DocumentState.RELEASED},
    ),
    "reinstate": (lambda c, d: reinstate(c, d, at=NOON), {DocumentState.SUSPENDED}),
    "revoke": (
        lambda c, d: revoke(c, d, reason=FRAUD, at=NOON),
        {DocumentState.RELEASED, DocumentState.SUSPENDED},
    ),
    "supersede": (
        lambda c, d: supersede(c, d, by=d.number, at=NOON),
        {DocumentState.RELEASED, DocumentState.SUSPENDED},
    ),
}


@pytest.mark.parametrize("state", DocumentState)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_from_any_other_state_is_refused_and_changes_nothing(
    engine: Engine, step: str, state: DocumentState
) -> None:
    take, sources = STEPS[step]
    with engine.begin() as connection:
        document = _in_state(connection, state)
        before = statuses(connection, document)
        if state in sources:
            take(connection, document)
            return
        with pytest.raises(DocumentMovedOn) as refusal:
            take(connection, document)
        assert refusal.value.facts == {"number": document.number, "state": state.value}
        assert load_document(connection, document.number) == document
        assert statuses(connection, document) == before


def test_a_stale_reading_revokes_nothing_twice(engine: Engine) -> None:
    with engine.begin() as connection:
        stale = released(connection, "R-1")
        revoke(connection, stale, reason=FRAUD, at=NOON)
        with pytest.raises(DocumentMovedOn):
            revoke(connection, stale, reason=RevocationReason.HOLDER_ASKED, at=NOON)
        assert load_document(connection, stale.number).withdrawal_reason is FRAUD
        assert statuses(connection, stale) == [Status.VALID, Status.REVOKED_FRAUD]


def test_an_unknown_number_is_not_found(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(DocumentNotFound):
        load_document(connection, "260000000017")
