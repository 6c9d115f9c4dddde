"""The book of documents and the published statuses, many hands at once."""

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from database_racing import impatient, outcomes, race
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from issuance.database import open_database, reading
from issuance.documents import book, standing
from issuance.documents.book import DocumentMovedOn, DocumentNotFound
from issuance.documents.check import check_by_code
from issuance.documents.models import Document, SuspensionReason
from issuance.documents.status_lists import StatusPublisher
from signing.formats.document_number import make_document_number
from signing.formats.status_list import RevocationReason, Status, StatusList

NOON = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)


def intend(engine: Engine, request_number: str) -> Document:
    with engine.begin() as connection:
        return book.save_intent(
            connection,
            book.reserve(connection, at=NOON),
            kind="birth",
            agency="civil-registry",
            request_number=request_number,
            record='{"اسم":"ليلى"}'.encode(),
            template_digest="0" * 64,
            valid_until=date(2027, 2, 20),
            at=NOON,
        )


def sealed(engine: Engine, request_number: str) -> Document:
    document = intend(engine, request_number)
    with engine.begin() as connection:
        return book.record_sealed(
            connection, document, seal_text="HTTPS://…", sha256="a" * 64, size=5, timings={"sign": 9}, at=NOON
        )


def release(engine: Engine, document: Document) -> Document:
    with engine.begin() as connection:
        return book.record_released(connection, document, at=NOON)


def revoke(engine: Engine, document: Document) -> Document:
    with engine.begin() as connection:
        return standing.revoke(connection, document, reason=RevocationReason.FRAUD, at=NOON)


def test_numbers_are_given_once_and_without_a_gap(engine: Engine) -> None:
    def intend_ten(writer: int) -> list[Document]:
        return [intend(engine, f"R-{writer}-{number}") for number in range(10)]

    made = [each for ten in race([partial(intend_ten, writer) for writer in range(8)]) for each in ten]

    assert sorted(document.number for document in made) == sorted(
        make_document_number(2026, sequence) for sequence in range(1, 81)
    )
    assert len({document.status_index for document in made}) == 80


def test_the_first_numbers_of_a_year_are_asked_for_at_once(engine: Engine) -> None:
    """There is no row yet that anybody could lock."""
    made = race([partial(intend, engine, f"R-{number}") for number in range(8)])
    assert len({document.number for document in made}) == 8


def test_a_number_that_was_not_used_is_given_to_the_next(engine: Engine) -> None:
    with engine.connect() as connection:
        book.reserve(connection, at=NOON)
        connection.rollback()

    assert intend(engine, "R-1").number == make_document_number(2026, 1)


def test_one_request_gets_one_document_of_a_kind(engine: Engine) -> None:
    tried = outcomes([partial(intend, engine, "R-1")] * 4)

    assert sum(isinstance(each, Document) for each in tried) == 1
    assert intend(engine, "R-2").number == make_document_number(2026, 2)


def test_what_is_written_is_read_back_as_it_was(engine: Engine) -> None:
    document = release(engine, sealed(engine, "R-1"))

    with reading(engine) as connection:
        assert book.load_document(connection, document.number) == document
    assert document.released_at == NOON
    assert document.timings == {"sign": 9}
    assert document.record == '{"اسم":"ليلى"}'.encode()


@pytest.mark.parametrize("how", [release, revoke])
def test_of_two_who_move_a_document_one_succeeds(engine: Engine, how: Any) -> None:
    document = sealed(engine, "R-1")
    if how is revoke:
        document = release(engine, document)

    tried = outcomes([partial(how, engine, document)] * 4)

    assert sum(isinstance(each, Document) for each in tried) == 1
    assert sum(isinstance(each, DocumentMovedOn) for each in tried) == 3


def test_number_and_code_are_answered_alike_by_either_database(engine: Engine) -> None:
    document = release(engine, sealed(engine, "R-1"))
    with engine.begin() as connection:
        held = standing.suspend(connection, document, reason=SuspensionReason.COURT_ORDER, at=NOON)
    with reading(engine) as connection:
        told = check_by_code(connection, document.number, document.check_code, at=NOON)
        assert (told.status, told.reason) == ("suspended", SuspensionReason.COURT_ORDER)
        assert (told.kind, told.valid_until) == (document.kind, document.valid_until)
        for number, code in ((document.number, "0" * 12), (make_document_number(2026, 9), "0" * 12)):
            with pytest.raises(DocumentNotFound):
                check_by_code(connection, number, code, at=NOON)
        assert book.load_document(connection, document.number) == held


@pytest.fixture
def publishers(database_url: str, tmp_path: Path) -> Iterator[list[StatusPublisher]]:
    """Two processes with the same database and the same published files."""
    engines = [open_database(database_url) for _ in range(2)]
    yield [
        StatusPublisher(
            engine=each,
            clock=lambda: NOON,
            directory=tmp_path,
            sign=lambda _, entries, __: entries.compress(),
            write=_write_whole,
        )
        for each in engines
    ]
    for each in engines:
        each.dispose()


def test_statuses_published_while_documents_are_released_are_never_lost_or_put_back(
    engine: Engine, publishers: list[StatusPublisher], tmp_path: Path
) -> None:
    """Whoever has published after their own commit finds their change in the file, whoever wrote it."""
    waiting = [sealed(engine, f"R-{number}") for number in range(12)]

    def release_and_look(document: Document, publisher: StatusPublisher) -> bool:
        release(engine, document)
        publisher.publish()
        return _status(tmp_path, document) == Status.VALID

    found = race(
        [
            partial(release_and_look, document, publishers[number % 2])
            for number, document in enumerate(waiting)
        ]
    )

    assert all(found)
    assert all(_status(tmp_path, document) == Status.VALID for document in waiting)


def test_a_change_that_is_committed_late_is_not_overlooked(postgresql: Engine, tmp_path: Path) -> None:
    """Sequences are drawn before the commit: without a turn, the later one could be seen first."""
    publisher = StatusPublisher(
        engine=postgresql,
        clock=lambda: NOON,
        directory=tmp_path,
        sign=lambda _, entries, __: entries.compress(),
        write=_write_whole,
    )
    first, second = sealed(postgresql, "R-1"), sealed(postgresql, "R-2")
    with postgresql.begin() as slow:
        book.record_released(slow, first, at=NOON)
        with pytest.raises(OperationalError, match="lock timeout"), impatient(postgresql) as quick:
            book.record_released(quick, second, at=NOON)

    release(postgresql, second)
    assert publisher.publish() == 2
    assert _status(tmp_path, first) == _status(tmp_path, second) == Status.VALID


def test_lists_fill_up_to_half_and_the_next_one_begins(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "STATUS_LIST_FILL", 4)
    made = [intend(engine, f"R-{number}") for number in range(9)]
    assert [document.status_list for document in made] == [1, 1, 1, 2, 2, 2, 2, 3, 3]


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.replace(path)


def _status(folder: Path, document: Document) -> int:
    published = StatusList.decompress((folder / f"{document.status_list}.cwt").read_bytes())
    return published.get(document.status_index)
