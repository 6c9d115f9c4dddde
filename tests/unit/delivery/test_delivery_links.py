"""Links: one document each, for a while, so many times; the table opens nothing."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from issuance.delivery.links import (
    LINK_VALID,
    MAX_DOWNLOADS,
    TOKEN_BYTES,
    LinkNotValid,
    create_link,
    delivery_links,
    open_link,
)
from issuance.documents.book import reserve, save_intent
from signing.formats.document_number import DocumentNumber, make_document_number

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)


def document(connection: Connection, request: str = "R-1") -> DocumentNumber:
    return save_intent(
        connection,
        reserve(connection, at=NOON),
        kind="birth",
        agency="civil-registry",
        request_number=request,
        record=b"{}",
        template_digest="0" * 64,
        valid_until=date(2027, 2, 20),
        at=NOON,
    ).number


def test_a_link_opens_its_document_and_no_other(engine: Engine) -> None:
    with engine.begin() as connection:
        numbers = [document(connection, f"R-{count}") for count in range(3)]
        links = [create_link(connection, number, at=NOON) for number in numbers]
        assert [open_link(connection, link.token, at=NOON) for link in links] == numbers
        assert len({link.token for link in links}) == 3


def test_a_link_expires(engine: Engine) -> None:
    with engine.begin() as connection:
        link = create_link(connection, document(connection), at=NOON)
        assert link.expires_at == NOON + LINK_VALID
        open_link(connection, link.token, at=link.expires_at - ONE_SECOND)
        for late in (link.expires_at, link.expires_at + timedelta(days=400)):
            with pytest.raises(LinkNotValid):
                open_link(connection, link.token, at=late)


def test_a_link_passed_around_wears_out(engine: Engine) -> None:
    with engine.begin() as connection:
        number = document(connection)
        link, other = (create_link(connection, number, at=NOON) for _ in range(2))
        for _ in range(MAX_DOWNLOADS):
            open_link(connection, link.token, at=NOON)
        with pytest.raises(LinkNotValid):
            open_link(connection, link.token, at=NOON)
        assert open_link(connection, other.token, at=NOON) == number


def test_a_download_that_is_rolled_back_is_not_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        number = document(connection)
        link = create_link(connection, number, at=NOON)
    for _ in range(MAX_DOWNLOADS + 1):
        with engine.connect() as connection:
            assert open_link(connection, link.token, at=NOON) == number
            connection.rollback()


def test_the_table_does_not_hold_the_token(engine: Engine) -> None:
    with engine.begin() as connection:
        link = create_link(connection, document(connection), at=NOON)
        (row,) = connection.execute(select(delivery_links)).all()
    assert row.token_sha256 == hashlib.sha256(link.token.encode()).hexdigest()
    assert link.token not in repr(tuple(row))
    assert len(link.token) >= TOKEN_BYTES * 4 // 3


def test_every_wrong_token_gets_the_same_answer(engine: Engine) -> None:
    with engine.begin() as connection:
        link = create_link(connection, document(connection), at=NOON)
        (stored,) = connection.execute(select(delivery_links.c.token_sha256)).scalars()
        for wrong in ("", "x", link.token[:-1], link.token + "A", link.token.swapcase(), stored, "\ud800"):
            with pytest.raises(LinkNotValid) as refusal:
                open_link(connection, wrong, at=NOON)
            assert refusal.value.facts == {}


def test_a_link_to_no_document_cannot_be(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(IntegrityError):
        create_link(connection, make_document_number(2026, 9), at=NOON)
