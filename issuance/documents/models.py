"""Tables and values of a document.

A row is written as an *intent*, before any key is used, and then only moves forward, but for a
suspension, which can be lifted:

    intended → sealed → released ⇄ suspended
                            └──────────┴──→ revoked | superseded

What the page says, what is embedded and what the seal code claims are all fixed in
the intent, so a repeated rendering gives the same bytes and no number serves twice.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from issuance.database import Json, UtcDateTime, metadata
from signing.formats.document_number import DocumentNumber
from signing.formats.status_list import RevocationReason


class DocumentState(StrEnum):
    """Where a document stands."""

    INTENDED = "intended"
    SEALED = "sealed"
    RELEASED = "released"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class SuspensionReason(StrEnum):
    """Why a released document does not count for now."""

    UNDER_REVIEW = "under-review"
    MISUSE_REPORTED = "misuse-reported"
    HOLDER_ASKED = "holder-asked"
    COURT_ORDER = "court-order"


documents = Table(
    "documents",
    metadata,
    Column("number", String(12), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("request_number", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("check_code", String(12), nullable=False),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("template_digest", String(64), nullable=False),
    Column("intended_at", UtcDateTime, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("seal_text", String(2048)),
    Column("sha256", String(64)),
    Column("size", Integer),
    Column("timings", Json),
    Column("sealed_at", UtcDateTime),
    Column("released_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawal_reason", String(32)),
    Column("superseded_by", String(12)),
    UniqueConstraint("request_number", "kind"),
    UniqueConstraint("status_list", "status_index"),
    Index(None, "agency", "released_at"),
)

document_sequences = Table(
    "document_sequences",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

status_changes = Table(
    "status_changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("status_list", Integer, nullable=False),
    Column("status_index", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document, from its intent on."""

    number: DocumentNumber
    kind: str
    agency: str
    request_number: str
    state: DocumentState
    record: bytes  # canonical JSON; exactly what is embedded in the file
    check_code: str  # twelve Crockford characters: the fallback for a torn seal code
    status_list: int
    status_index: int
    template_digest: str
    intended_at: datetime
    valid_until: date
    seal_text: str | None
    sha256: str | None
    size: int | None  # octets
    timings: dict[str, int] | None  # microseconds per stage of the last sealing
    sealed_at: datetime | None
    released_at: datetime | None
    withdrawn_at: datetime | None  # for good, or for now
    withdrawal_reason: RevocationReason | SuspensionReason | None
    superseded_by: DocumentNumber | None
