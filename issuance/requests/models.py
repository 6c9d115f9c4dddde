"""Tables and values of a request.

`requests` holds where each request stands now; `request_events` is its timeline,
which only grows. The row is changed only by `issuance/requests/book.py`, so that no
state changes without a line in the timeline.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from issuance.catalogue.models import Channel, Delivery
from issuance.database import Json, UtcDateTime, metadata
from issuance.requests.lifecycle import Event, State
from signing.formats.canonical_json import JsonValue

RequestNumber = NewType("RequestNumber", str)


requests = Table(
    "requests",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("service", String(64), nullable=False),
    Column("service_version", Integer, nullable=False),
    Column("agency", String(64), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("delivery", String(24), nullable=False),
    Column("state", String(24), nullable=False),
    Column("held_from", String(24)),
    Column("attempt", Integer, nullable=False),
    Column("applicant", String(11), nullable=False),
    Column("subject", String(11), nullable=False),
    Column("event_registration", String(32)),
    Column("purpose", Json),
    Column("contact", String(64)),
    Column("desk_office", String(64)),
    Column("created_by", String(96), nullable=False),
    Column("relation", Json),
    Column("fees", Json, nullable=False),
    Column("question", Json),
    Column("record", Json),
    Column("record_as_of", UtcDateTime),
    Column("refusal", Json),
    Column("due_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "applicant", "number"),
    Index(None, "state", "due_at"),
    Index(None, "agency", "state", "number"),
)

request_events = Table(
    "request_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("request_number", ForeignKey("requests.number"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(24), nullable=False),
    Column("source", String(24), nullable=False),
    Column("target", String(24), nullable=False),
    Column("actor", String(96), nullable=False),
    Column("facts", Json, nullable=False),
)

request_attachments = Table(
    "request_attachments",
    metadata,
    Column("request_number", ForeignKey("requests.number"), primary_key=True),
    Column("document", String(64), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file_name", Text, nullable=False),  # as the applicant called it; shown, never opened
    Column("added_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Where one request stands."""

    number: RequestNumber
    service: str
    service_version: int
    agency: str
    channel: Channel
    delivery: Delivery
    state: State
    held_from: State | None
    attempt: int  # raised each time a worker is called again; part of the workflow's identity
    applicant: str  # national number
    subject: str  # national number
    event_registration: str | None  # which marriage, which birth, where a person has several
    purpose: JsonValue
    contact: str | None  # where the applicant is told that the document is ready
    desk_office: str | None
    created_by: str
    relation: JsonValue  # the proof of eligibility, as read from the register
    fees: JsonValue  # the components owed, fixed at submission
    question: JsonValue  # what an agency was asked that answers later
    record: JsonValue
    record_as_of: datetime | None
    refusal: JsonValue
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One line of a request's timeline."""

    at: datetime
    event: Event
    source: State
    target: State
    actor: str
    facts: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document that the applicant handed in; its bytes are in the attachment store."""

    document: str  # the required document's id in the service definition
    media_type: str
    size: int  # octets
    sha256: str
    file_name: str
    added_at: datetime
