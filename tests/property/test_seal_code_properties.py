"""Whatever is encoded is read back; whatever is accepted is spelled as we would spell it."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing.formats.cbor import CborError, Tagged, encode_cbor, parse_cbor
from signing.formats.claims import SealClaims, encode_claims, parse_claims
from signing.formats.digits import DIGITS_FOR_BYTES, encode_digits, parse_digits
from signing.formats.document_number import make_document_number, parse_document_number
from signing.formats.fields import FieldValue, is_sealable_text
from signing.formats.seal_code import SealCodeError, parse_seal_code, seal_code_text
from signing.formats.status_list import MIN_ENTRIES, Status, StatusList

ORIGIN = "https://verify.wathiqa.example"
INT64 = st.integers(-(2**64), 2**64 - 1)
SCALARS = st.none() | st.booleans() | INT64 | st.binary(max_size=300) | st.text(max_size=80)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=6).map(tuple)
        | st.dictionaries(st.integers(-(2**32), 2**32) | st.text(max_size=9), inner, max_size=6)
    ),
    max_leaves=25,
)
TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Z", "M"))
    | st.sampled_from("ابتثجحخعغفقكلمنهويءآىةێپ"),
    min_size=1,
    max_size=30,
).filter(is_sealable_text)
FIELDS = st.recursive(
    st.none() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=15,
)
INSTANTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(VALUES)
def test_cbor_is_read_back(value: Any) -> None:
    assert parse_cbor(encode_cbor(value)) == value


@given(VALUES)
def test_cbor_agrees_with_another_maker(value: Any) -> None:
    """cbor2 reads what we write, and writes the same for what has one order."""
    encoded = encode_cbor(value)
    assert encode_cbor(cbor2.loads(encoded)) == encoded
    if "{" not in repr(value):
        assert cbor2.dumps(value) == encoded


@settings(max_examples=400)
@given(st.binary(max_size=60))
@example(bytes.fromhex("9f01ff"))
@example(bytes.fromhex("1817"))
@example(bytes.fromhex("1800"))
@example(bytes.fromhex("190017"))
@example(bytes.fromhex("a201010102"))
@example(bytes.fromhex("a202010101"))
@example(bytes.fromhex("a1f501"))
@example(bytes.fromhex("f97e00"))
@example(bytes.fromhex("fb3ff0000000000000"))
@example(bytes.fromhex("0000"))
@example(bytes.fromhex("5f4101ff"))
@example(bytes.fromhex("61ff"))
@example(bytes.fromhex("9bffffffffffffffff"))
@example(bytes.fromhex("bbffffffffffffffff"))
@example(bytes.fromhex("5bffffffffffffffff"))
@example(bytes.fromhex("f7"))
@example(b"\x81" * 60)
@example(b"\xd2" * 60)
def test_accepted_cbor_has_one_spelling(data: bytes) -> None:
    try:
        value = parse_cbor(data)
    except CborError:
        return
    assert encode_cbor(value) == data


@given(VALUES, st.data())
def test_cut_or_grown_cbor_is_refused(value: Any, data: st.DataObject) -> None:
    encoded = encode_cbor(value)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    for other in (encoded[:cut], encoded + encoded[:1]):
        with pytest.raises(CborError):
            parse_cbor(other)


@pytest.mark.parametrize(
    "encoded",
    ["9f01ff", "bf0101ff", "5f4101ff", "1817", "1900ff", "1a0000ffff", "a201010102", "a202010101", "f97e00"],
)
def test_spellings_that_others_allow_are_refused(encoded: str) -> None:
    """RFC 8949 §4.2: indefinite lengths, longer forms, repeated or unordered keys, floats."""
    cbor2.load(io.BytesIO(bytes.fromhex(encoded)))
    with pytest.raises(CborError):
        parse_cbor(bytes.fromhex(encoded))


def test_nesting_ends_the_same_way_in_both_directions() -> None:
    deep: Any = 1
    for _ in range(20):
        deep = (deep,)
    with pytest.raises(CborError):
        encode_cbor(deep)
    with pytest.raises(CborError):
        encode_cbor(Tagged(1, 2**64))
    with pytest.raises(CborError):
        parse_cbor(b"\x81" * 100_000 + b"\x00")


@given(st.binary(max_size=100))
def test_digits_are_read_back(data: bytes) -> None:
    digits = encode_digits(data)
    assert parse_digits(digits) == data
    whole, tail = divmod(len(data), 7)
    assert len(digits) == 17 * whole + DIGITS_FOR_BYTES[tail]


@given(st.text("0123456789", max_size=60))
def test_accepted_digits_have_one_spelling(digits: str) -> None:
    try:
        data = parse_digits(digits)
    except ValueError:
        return
    assert encode_digits(data) == digits


@given(st.integers(2000, 2099), st.integers(1, 10**9 - 1))
def test_document_numbers_are_read_back(year: int, sequence: int) -> None:
    number = make_document_number(year, sequence)
    assert parse_document_number(number) == number
    assert number[:2] == f"{year % 100:02d}"
    assert int(number[2:11]) == sequence


@given(
    issued_at=INSTANTS,
    life=st.integers(1, 10**8),
    codes=st.tuples(*[st.integers(0, 2**32)] * 4),
    sequence=st.integers(1, 10**9 - 1),
    fields=st.lists(FIELDS, min_size=1, max_size=20),
    digest=st.binary(min_size=16, max_size=16),
)
def test_claims_are_read_back(
    *,
    issued_at: datetime,
    life: int,
    codes: tuple[int, ...],
    sequence: int,
    fields: list[FieldValue],
    digest: bytes,
) -> None:
    claims = SealClaims(
        issued_at=issued_at,
        expires_at=min(issued_at + timedelta(seconds=life), datetime(2099, 12, 31, tzinfo=UTC)),
        profile=codes[0],
        status_list=codes[1],
        status_index=codes[2],
        number=make_document_number(2026, sequence),
        agency=codes[3],
        fields=tuple(fields),
        record_digest=digest,
    )
    encoded = encode_claims(claims)
    assert parse_claims(encoded) == claims
    assert encode_claims(parse_claims(encoded)) == encoded


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_a_strangers_bytes_never_crash_the_parser(payload: bytes) -> None:
    text = seal_code_text(ORIGIN, payload)
    try:
        parsed = parse_seal_code(text)
    except SealCodeError:
        return
    assert parsed.text == text


@given(st.text(max_size=100))
def test_a_strangers_text_never_crashes_the_parser(text: str) -> None:
    for whole in (text, f"{ORIGIN}/#{text}", f"{ORIGIN}/#1{text}"):
        try:
            parsed = parse_seal_code(whole)
        except SealCodeError:
            continue
        assert parsed.text == whole


@given(st.dictionaries(st.integers(0, MIN_ENTRIES - 1), st.sampled_from(Status), max_size=40))
def test_status_lists_are_read_back(changes: dict[int, Status]) -> None:
    entries = StatusList.not_issued()
    for index, status in changes.items():
        entries.set(index, status)
    read = StatusList.decompress(entries.compress())
    assert read == entries
    assert {index: read.get(index) for index in changes} == changes
