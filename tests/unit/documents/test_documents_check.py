"""The fallback check: one and the same answer for whoever does not hold the paper."""

import hmac
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any

import pytest
from documents_desk import NOON, VALID_UNTIL, intend, release, released, seal
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from issuance.database import open_database
from issuance.documents.book import DocumentNotFound
from issuance.documents.check import CheckedDocument, check_by_code
from issuance.documents.models import Document, SuspensionReason
from issuance.documents.standing import reinstate, revoke, supersede, suspend
from signing.formats.document_number import format_document_number, make_document_number
from signing.formats.status_list import RevocationReason

ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def other_code(code: str) -> str:
    return ("0" if code[0] != "0" else "1") + code[1:]


@pytest.fixture
def document(engine: Engine) -> Document:
    with engine.begin() as connection:
        return released(connection, "R-1")


def check(engine: Engine, number: str, code: str, *, at: datetime = NOON) -> CheckedDocument:
    with engine.begin() as connection:
        return check_by_code(connection, number, code, at=at)


def refusal(engine: Engine, number: str, code: str) -> tuple[Any, ...]:
    with pytest.raises(DocumentNotFound) as refused:
        check(engine, number, code)
    return (type(refused.value), refused.value.code, refused.value.facts, str(refused.value))


def test_who_holds_the_paper_learns_what_is_public_of_it(engine: Engine, document: Document) -> None:
    assert check(engine, document.number, document.check_code) == CheckedDocument(
        kind="birth",
        agency="civil-registry",
        issued_on=datetime(2026, 11, 22, tzinfo=UTC).date(),
        valid_until=VALID_UNTIL,
        status="valid",
        reason=None,
        superseded_by=None,
    )


def test_number_and_code_are_taken_as_people_write_them(engine: Engine, document: Document) -> None:
    grouped = format_document_number(document.number)
    code = document.check_code
    spaced = f"{code[:4]} {code[4:8]}-{code[8:]}"
    likenesses = code.lower().replace("0", "o").replace("1", "l")
    for number in (grouped, grouped.translate(ARABIC_INDIC), f" {grouped} "):
        for written in (code, spaced, likenesses, f"\u200e{code}\u00a0"):
            assert check(engine, number, written).status == "valid"


def test_every_wrong_question_gets_the_same_answer(engine: Engine, document: Document) -> None:
    with engine.begin() as connection:
        sealed = seal(connection, intend(connection, "R-2"))
        intended = intend(connection, "R-3")
    unknown = make_document_number(2026, 999)
    answers = {
        str(refusal(engine, number, code))
        for number, code in [
            (document.number, other_code(document.check_code)),
            (document.number, ""),
            (document.number, document.check_code[:-1]),
            (document.number, document.check_code + "0"),
            (unknown, document.check_code),
            (unknown, "0" * 12),
            (sealed.number, sealed.check_code),
            (intended.number, intended.check_code),
            (document.number[:-1] + str((int(document.number[-1]) + 1) % 10), document.check_code),
            ("", ""),
            ("x" * 1000, "x" * 1000),
            ("' OR 1=1 --", document.check_code),
        ]
    }
    assert len(answers) == 1


@given(number=st.text(max_size=50), code=st.text(max_size=50))
def test_no_text_makes_it_stumble(blank: bytes, number: str, code: str) -> None:
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        connection.connection.driver_connection.deserialize(blank)  # type: ignore[union-attr]
    refusal(engine, number, code)
    engine.dispose()


def test_a_document_past_its_day_is_expired_and_a_withdrawn_one_withdrawn(
    engine: Engine, document: Document
) -> None:
    last_evening = datetime(2027, 2, 20, 20, 59, tzinfo=UTC)  # 23:59 in Damascus
    next_morning = datetime(2027, 2, 20, 21, 0, tzinfo=UTC)
    assert check(engine, document.number, document.check_code, at=last_evening).status == "valid"
    assert check(engine, document.number, document.check_code, at=next_morning).status == "expired"
    with engine.begin() as connection:
        revoke(connection, document, reason=RevocationReason.FRAUD, at=NOON)
        other = release(connection, seal(connection, intend(connection, "R-2")))
        supersede(connection, other, by=document.number, at=NOON)
    gone = check(engine, document.number, document.check_code, at=next_morning)
    assert (gone.status, gone.reason, gone.superseded_by) == ("revoked", RevocationReason.FRAUD, None)
    replaced = check(engine, other.number, other.check_code, at=next_morning)
    assert (replaced.status, replaced.reason) == ("superseded", None)
    assert replaced.superseded_by == document.number


def test_a_document_on_hold_is_told_so_and_why(engine: Engine, document: Document) -> None:
    with engine.begin() as connection:
        held = suspend(connection, document, reason=SuspensionReason.MISUSE_REPORTED, at=NOON)
    told = check(engine, document.number, document.check_code)
    assert (told.status, told.reason) == ("suspended", SuspensionReason.MISUSE_REPORTED)
    with engine.begin() as connection:
        reinstate(connection, held, at=NOON)
    assert check(engine, document.number, document.check_code).status == "valid"


def test_every_wrong_question_takes_the_same_work(
    engine: Engine, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: what the database is asked, and what is compared."""
    with engine.begin() as connection:
        sealed = seal(connection, intend(connection, "R-2"))
    done: list[object] = []

    def compare(one: bytes, other: bytes) -> bool:
        done.append(("compared", len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    event.listen(
        engine,
        "before_cursor_execute",
        lambda *given: done.append(("asked", given[2], len(given[3][0]))),
    )
    work = []
    for number, code in (
        (document.number, other_code(document.check_code)),
        (document.number, ""),
        (make_document_number(2026, 999), document.check_code),
        (sealed.number, sealed.check_code),
        ("26", "x" * 1000),
    ):
        done.clear()
        refusal(engine, number, code)
        work.append(tuple(done))
    assert len(set(work)) == 1
    assert [kind for kind, *_ in work[0]] == ["asked", "compared"]  # type: ignore[misc]
    check(engine, document.number, document.check_code)


def test_of_a_document_whose_code_is_not_known_nothing_long_is_read(
    engine: Engine, document: Document
) -> None:
    """One row comes back whether there is such a document or not, and the record is never among it."""
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    refusal(engine, document.number, other_code(document.check_code))
    assert len(asked) == 1
    assert "max(documents.check_code)" in asked[0]
    assert "documents.record" not in asked[0]
