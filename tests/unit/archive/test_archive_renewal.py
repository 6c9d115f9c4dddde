from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from archive_keeping import YEAR, Archive
from sealing_pki import NOW
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from issuance.audit.trail import verify_chain
from issuance.documents.renewal import FileDiffers, Outcome
from signing.formats.pades_level import Level
from signing.pades.errors import UnsealableDocument
from verify.signatures.algorithms import AGREED, RSA_PKCS1, Algorithms


@pytest.mark.parametrize("level", Level)
def test_every_level_is_brought_to_an_archive_and_kept_there_for_twelve_years(
    archive: Archive, level: Level
) -> None:
    number = archive.keep("R1", level=level)
    for years in (2.5, 5, 7.5, 10, 12.5):
        archive.later(years)
        assert archive.renew() == {number: Outcome.RENEWED}
        archive.check(number)

    assert [each.file.level for each in archive.entries(number)] == [level, *[Level.B_LTA] * 5]
    with archive.engine.connect() as connection:
        stored = connection.scalar(text("SELECT sha256 FROM documents"))
    assert stored == archive.entries(number)[0].file.sha256, "what was sealed stays in the document's own row"


def test_what_does_not_weaken_is_left_alone(archive: Archive) -> None:
    number = archive.keep("R1")
    archive.later(1)

    assert archive.renew() == {}
    assert archive.renew(within=3 * YEAR) == {number: Outcome.RENEWED}
    assert archive.renew(within=2 * YEAR) == {}


def test_all_means_whatever_is_not_an_archive_yet(archive: Archive) -> None:
    plain, kept = archive.keep("R1"), archive.keep("R2", level=Level.B_LTA)

    assert archive.renew(within=timedelta(), unarchived=True) == {plain: Outcome.RENEWED}
    assert archive.renew(within=timedelta(), unarchived=True) == {}
    archive.check(plain)
    archive.check(kept)


def test_a_time_stamp_that_proves_no_longer_is_not_added(archive: Archive) -> None:
    number = archive.keep("R1", level=Level.B_LTA)
    before = archive.pdf(number)

    assert archive.renew(within=9 * YEAR) == {number: Outcome.NOTHING_GAINED}
    assert archive.pdf(number) == before


def test_what_was_never_released_is_not_renewed(archive: Archive) -> None:
    archive.keep("R1", released=False)
    archive.later(2.5)

    assert archive.renew() == {}


def test_an_algorithm_that_is_found_to_weaken_later_is_renewed_before_its_day(archive: Archive) -> None:
    """Nobody knew when the file was made; its row says what it rests on."""
    number = archive.keep("R1", level=Level.B_LTA)
    archive.later(1)
    known = Algorithms(ends={**AGREED, "ecdsa-p256": NOW + 1.5 * YEAR})
    other = Algorithms(ends={**AGREED, "ecdsa-p521": NOW + 1.5 * YEAR})

    assert archive.renew(algorithms=other) == {}
    assert archive.renew(algorithms=known) == {number: Outcome.RENEWED}


def test_seals_with_rsa_are_renewed_before_2029(archive: Archive) -> None:
    """ETSI TS 119 312; rows of before name the key alone."""
    renewer = archive.renewer()

    assert renewer.select(before=datetime(2028, 6, 1, tzinfo=UTC)).weak == frozenset()
    assert renewer.select(before=datetime(2029, 6, 1, tzinfo=UTC)).weak == {RSA_PKCS1, "rsa-3072"}


def test_one_that_cannot_be_renewed_does_not_stop_the_others(archive: Archive) -> None:
    first, second, third = (archive.keep(f"R{each}") for each in range(3))
    archive.files.write(f"{second}.pdf", archive.pdf(second)[:-1] + b"x")
    archive.later(2.5)
    renewer = archive.renewer()
    told = {each.number: each for each in renewer.renew(renewer.select(before=archive.office.now + YEAR))}

    assert [told[number].outcome for number in (first, second, third)] == [
        Outcome.RENEWED,
        Outcome.FAILED,
        Outcome.RENEWED,
    ]
    assert told[second].error is not None
    assert len(archive.entries(second)) == 1


def test_a_file_that_came_too_late_is_told_and_not_touched(archive: Archive) -> None:
    number = archive.keep("R1")
    archive.later(3.5)

    assert archive.renew() == {number: Outcome.FAILED}
    assert len(archive.entries(number)) == 1


def test_another_document_in_its_place_is_not_taken_for_a_renewal(archive: Archive) -> None:
    first, second = archive.keep("R1"), archive.keep("R2")
    archive.files.write(f"{first}.pdf", archive.pdf(second))
    archive.later(2.5)
    renewer = archive.renewer()
    told = {each.number: each for each in renewer.renew(renewer.select(before=archive.office.now + YEAR))}

    assert isinstance(told[first].error, FileDiffers)
    assert told[second].outcome is Outcome.RENEWED


def test_an_older_file_in_its_place_is_not_taken_for_a_renewal(archive: Archive) -> None:
    """Put back from a backup of before: the book has seen a newer one."""
    number = archive.keep("R1")
    sealed = archive.pdf(number)
    archive.later(2.5)
    archive.renew()
    archive.files.write(f"{number}.pdf", sealed)
    renewer = archive.renewer()
    (told,) = renewer.renew(renewer.select(before=archive.office.now + 9 * YEAR))

    assert isinstance(told.error, FileDiffers)


def test_the_same_file_renewed_by_two_runs_at_once_is_renewed_once(archive: Archive) -> None:
    number = archive.keep("R1")
    archive.later(2.5)
    quicker: list[dict[str, Outcome]] = []

    def validate(pdf: bytes, at: Any) -> Any:
        if not quicker:
            quicker.append({})
            quicker[0] = archive.renew()
        return archive.validate(pdf, at)

    assert archive.renew(validate=validate) == {number: Outcome.NOTHING_GAINED}
    assert quicker == [{number: Outcome.RENEWED}]
    assert len(archive.entries(number)) == 2
    archive.check(number)


def test_renewals_are_on_the_trail(archive: Archive) -> None:
    number = archive.keep("R1")
    archive.later(2.5)
    archive.renew()

    with archive.engine.connect() as connection:
        query = text("SELECT object_id, actor_id, facts FROM audit_entries WHERE action = 'document.renew'")
        ((about, actor, facts),) = connection.execute(query)
        verify_chain(connection)
    assert (about, actor) == (number, "archive")
    assert archive.entries(number)[-1].file.sha256 in facts


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE document_files SET level = 'B-LTA'",
        "DELETE FROM document_files",
        "INSERT OR REPLACE INTO document_files SELECT * FROM document_files",
    ],
)
def test_what_stands_in_the_book_stays(archive: Archive, statement: str) -> None:
    number = archive.keep("R1")
    before = archive.entries(number)
    with pytest.raises(DBAPIError), archive.engine.begin() as connection:
        connection.execute(text(statement))

    assert archive.entries(number) == before


def test_a_file_of_another_maker_is_refused_by_the_archivist(archive: Archive) -> None:
    with pytest.raises(UnsealableDocument):
        archive.office.archivist(NOW).renew(b"%PDF-1.7\n" + b"x" * 200, sealed_octets=100, at=NOW)
