"""Which files a document has had: many hands at once, and a database from before there were archives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from database_racing import outcomes
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from test_database_books import NOON, intend

from issuance import schema
from issuance.database import open_database
from issuance.documents import book
from issuance.documents.history import (
    MadeFile,
    Selection,
    add_file,
    count_files,
    files_of,
    find_files,
)
from issuance.schema import check_schema, upgrade_schema
from signing.formats.pades_level import Level

ENDS = datetime(2031, 11, 21, 9, 0, tzinfo=UTC)
SEALED = MadeFile(
    sha256="a" * 64,
    size=1000,
    level=Level.B_LT,
    judgeable_until=ENDS,
    algorithms=frozenset({"sha256", "ecdsa-p256"}),
)


def kept(engine: Engine, request: str, file: MadeFile = SEALED) -> str:
    document = intend(engine, request)
    with engine.begin() as connection:
        facts: dict[str, Any] = {"seal_text": "x", "timings": {}, "at": NOON}
        sealed = book.record_sealed(connection, document, sha256=file.sha256, size=file.size, **facts)
        add_file(connection, document.number, file, renews=None, at=NOON)
        book.record_released(connection, sealed, at=NOON)
    return document.number


def renewed(file: MadeFile, digest: str) -> MadeFile:
    later = file.judgeable_until + timedelta(days=900)
    return replace(file, sha256=digest * 64, size=file.size + 1, level=Level.B_LTA, judgeable_until=later)


def test_what_is_written_is_read_back_as_it_was(engine: Engine) -> None:
    number, after = kept(engine, "R1"), renewed(SEALED, "b")
    with engine.begin() as connection:
        add_file(connection, number, after, renews=SEALED.sha256, at=NOON)
        first, second = files_of(connection, number)

    assert (first.file, first.renews, first.agency) == (SEALED, None, "civil-registry")
    assert (second.file, second.renews, second.made_at) == (after, SEALED.sha256, NOON)


def test_of_two_who_renew_one_file_one_succeeds(engine: Engine) -> None:
    number = kept(engine, "R1")

    def renew(digest: str) -> None:
        with engine.begin() as connection:
            add_file(connection, number, renewed(SEALED, digest), renews=SEALED.sha256, at=NOON)

    done = outcomes([partial(renew, "b"), partial(renew, "c")])
    assert sorted(type(each) is IntegrityError for each in done) == [False, True]
    with engine.connect() as connection:
        assert len(files_of(connection, number)) == 2


def test_the_newest_files_of_released_documents_are_selected_page_by_page(engine: Engine) -> None:
    numbers = [kept(engine, f"R{each}", replace(SEALED, sha256=f"{each:064}")) for each in range(5)]
    intend(engine, "R9")
    with engine.begin() as connection:
        first = replace(SEALED, sha256=f"{0:064}")
        add_file(connection, numbers[0], renewed(first, "b"), renews=first.sha256, at=NOON)
        weakening = Selection(before=ENDS + timedelta(days=1))
        found = [each.number for each in find_files(connection, weakening, limit=2)]
        found += [each.number for each in find_files(connection, weakening, after=found[-1], limit=9)]
        other = Selection(before=ENDS, weak=frozenset({"ecdsa-p25", "ecdsa-p256"}))
        part = Selection(before=ENDS, weak=frozenset({"ecdsa-p25"}))
        plain = Selection(before=ENDS, unarchived=True)

        assert found == numbers[1:]
        assert count_files(connection, weakening) == 4
        assert count_files(connection, Selection(before=ENDS)) == 0
        assert count_files(connection, other) == 5
        assert count_files(connection, part) == 0, "a name is a whole word"
        assert [each.number for each in find_files(connection, plain)] == numbers[1:]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE document_files SET size = 1", "DELETE FROM document_files"],
)
def test_what_stands_in_the_book_stays(engine: Engine, statement: str) -> None:
    number = kept(engine, "R1")
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))
    with engine.connect() as connection:
        assert len(files_of(connection, number)) == 1


def test_a_database_of_the_first_release_is_brought_along_with_what_is_in_it(empty_url: str) -> None:
    engine = open_database(empty_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(schema.__file__).replace("schema.py", "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert not inspect(connection).has_table("document_files")
        connection.execute(text("INSERT INTO document_sequences (year, last) VALUES (2026, 7)"))

    upgrade_schema(engine)

    check_schema(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT last FROM document_sequences")) == 7
        assert connection.scalar(text("SELECT count(*) FROM document_files")) == 0
    engine.dispose()
