"""The embedded record: dated by the calendar of those who read it, the same bytes every time."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance.catalogue.models import DocumentKind, Text
from issuance.documents.embedding import CIVIL_TIME, DocumentHead, civil_date, embed, end_of_day
from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number

ORIGIN = "https://verify.wathiqa.example"
HEAD = DocumentHead(
    number=make_document_number(2026, 1),
    kind=DocumentKind.BIRTH,
    issued_on=date(2026, 11, 22),
    valid_until=date(2027, 2, 20),
    agency="civil-registry",
    service="birth",
    service_version=1,
    office=Text(ar="أمانة دمشق", en="Damascus office"),
    request_number="R-26-0000000017",
    purpose={"ar": "للجامعة"},
    template_digest="0" * 64,
    check_code="7KQ2M9XA4RTB",
)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 22, 20, 59, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 21, 0, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 12, 31, 21, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
    ids=["one second to midnight", "midnight", "midnight of the year"],
)
def test_the_day_changes_at_midnight_in_damascus(instant: datetime, day: date) -> None:
    assert civil_date(instant) == day


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_ends_on_that_day(day: date) -> None:
    assert civil_date(end_of_day(day)) == day
    assert end_of_day(day).tzinfo is CIVIL_TIME


def test_the_embedded_object_says_which_document_it_is_and_what_the_register_says() -> None:
    record = {"child": {"given_name": {"ar": "سلمى"}}}
    embedded = embed(HEAD, record, verify_origin=ORIGIN)  # type: ignore[arg-type]
    assert embedded == {
        "$schema": f"{ORIGIN}/schemas/birth-1.json",
        "kind": "birth",
        "document": {
            "number": HEAD.number,
            "issued_on": "2026-11-22",
            "valid_until": "2027-02-20",
            "agency": "civil-registry",
            "service": "birth",
            "service_version": 1,
            "issued_at_office": {"ar": "أمانة دمشق", "en": "Damascus office"},
            "request_number": "R-26-0000000017",
            "purpose": {"ar": "للجامعة"},
            "template": "0" * 64,
            "check_code": "7KQ2M9XA4RTB",
        },
        "record": record,
    }
    encoded = encode_canonical_json(embedded)
    assert encode_canonical_json(json.loads(encoded)) == encoded
