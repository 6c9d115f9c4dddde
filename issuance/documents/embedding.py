"""The JSON that every document carries: what the register says, and what document says it.

Its canonical bytes (RFC 8785) are fixed in the document's intent, hashed into the
seal code and attached to the file as `record.json`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from issuance.catalogue.models import DocumentKind, Text
from signing.formats.canonical_json import JsonValue
from signing.formats.document_number import DocumentNumber

# A document is dated by the calendar of those who read it.
CIVIL_TIME = ZoneInfo("Asia/Damascus")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHead:
    """The document's own particulars, beside the record it certifies."""

    number: DocumentNumber
    kind: DocumentKind
    issued_on: date
    valid_until: date
    agency: str
    service: str
    service_version: int
    office: Text
    request_number: str
    purpose: JsonValue
    template_digest: str
    check_code: str


def civil_date(at: datetime) -> date:
    """The date in Syria at this instant."""
    return at.astimezone(CIVIL_TIME).date()


def end_of_day(day: date) -> datetime:
    """The last second of a day in Syria."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=CIVIL_TIME)


def embed(head: DocumentHead, record: dict[str, JsonValue], *, verify_origin: str) -> dict[str, JsonValue]:
    """The whole embedded object; `docs/formats/record.md` describes it."""
    return {
        "$schema": f"{verify_origin}/schemas/{head.kind}-1.json",
        "kind": head.kind.value,
        "document": {
            "number": head.number,
            "issued_on": head.issued_on.isoformat(),
            "valid_until": head.valid_until.isoformat(),
            "agency": head.agency,
            "service": head.service,
            "service_version": head.service_version,
            "issued_at_office": {"ar": head.office.ar, "en": head.office.en},
            "request_number": head.request_number,
            "purpose": head.purpose,
            "template": head.template_digest,
            "check_code": head.check_code,
        },
        "record": record,
    }
