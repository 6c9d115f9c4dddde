"""Documents brought to any state by hand, without a register, a page or a key."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from secrets import randbelow

from sqlalchemy.engine import Connection

from issuance.documents.book import record_released, record_sealed, reserve, save_intent
from issuance.documents.models import Document

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VALID_UNTIL = date(2027, 2, 20)


def intend(
    connection: Connection,
    request: str,
    *,
    kind: str = "birth",
    at: datetime = NOON,
    random_below: Callable[[int], int] = randbelow,
) -> Document:
    return save_intent(
        connection,
        reserve(connection, at=at, random_below=random_below),
        kind=kind,
        agency="civil-registry",
        request_number=request,
        record=b"{}",
        template_digest="0" * 64,
        valid_until=VALID_UNTIL,
        at=at,
    )


def seal(connection: Connection, document: Document, *, sha256: str = "a" * 64) -> Document:
    return record_sealed(
        connection, document, seal_text="seal", sha256=sha256, size=1, timings={"render": 1}, at=NOON
    )


def release(connection: Connection, document: Document) -> Document:
    return record_released(connection, document, at=NOON)


def released(connection: Connection, request: str, *, kind: str = "birth") -> Document:
    return release(connection, seal(connection, intend(connection, request, kind=kind)))
