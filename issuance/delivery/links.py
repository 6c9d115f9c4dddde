"""Electronic delivery: a link that opens one document and expires.

The token is 256 random bits; only its SHA-256 is stored, so the table opens nothing. A
link is a convenience: the applicant can ask for a new one for as long as the document
is on file, and what makes the document genuine is its seal, not the way it came.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import Column, ForeignKey, Integer, String, Table, insert, update
from sqlalchemy.engine import Connection

from issuance.database import UtcDateTime, metadata
from issuance.errors import NotFound
from signing.formats.document_number import DocumentNumber

LINK_VALID = timedelta(days=7)
TOKEN_BYTES = 32
# A link passed around is not a publication: after this many downloads a new one is asked for.
MAX_DOWNLOADS = 20

delivery_links = Table(
    "delivery_links",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("document_number", ForeignKey("documents.number"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("downloads", Integer, nullable=False),
)


class LinkNotValid(NotFound):
    """Unknown, expired or worn out; which of them is not told."""

    code: ClassVar[str] = "link-not-valid"
    ar: ClassVar[str] = "انتهت صلاحية هذا الرابط. اطلب رابطاً جديداً من صفحة طلبك."
    en: ClassVar[str] = "This link has expired. Ask for a new one on the page of your request."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as it is handed to the applicant; the token is not kept."""

    token: str
    expires_at: datetime


def create_link(
    connection: Connection,
    number: DocumentNumber,
    *,
    at: datetime,
    token_source: Callable[[int], str] = secrets.token_urlsafe,
) -> Link:
    """A new link to the document."""
    link = Link(token=token_source(TOKEN_BYTES), expires_at=at + LINK_VALID)
    connection.execute(
        insert(delivery_links).values(
            token_sha256=_digest(link.token),
            document_number=number,
            created_at=at,
            expires_at=link.expires_at,
            downloads=0,
        )
    )
    return link


def open_link(connection: Connection, token: str, *, at: datetime) -> DocumentNumber:
    """The document behind a link, counting the download.

    Raises:
        LinkNotValid: unknown, expired or worn out.
    """
    usable = (
        delivery_links.c.token_sha256 == _digest(token),
        delivery_links.c.expires_at > at,
        delivery_links.c.downloads < MAX_DOWNLOADS,
    )
    # Counted and read at once, so that two downloads at a time cannot both be the last.
    opened = connection.execute(
        update(delivery_links)
        .where(*usable)
        .values(downloads=delivery_links.c.downloads + 1)
        .returning(delivery_links.c.document_number)
    )
    number = opened.scalar_one_or_none()
    if number is None:
        raise LinkNotValid
    return DocumentNumber(number)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
