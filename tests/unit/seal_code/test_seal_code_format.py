import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import qrcode
from qrcode.util import MODE_8BIT_BYTE, MODE_NUMBER, QRData

from keys.errors import WrongPurpose
from keys.signer import Purpose
from signing.formats.cbor import Tagged, encode_cbor, parse_cbor
from signing.formats.claims import encode_claims, parse_claims, record_digest
from signing.formats.digits import encode_digits
from signing.formats.fields import UnsealableValue
from signing.formats.profiles import PROFILES, profile_of_kind, seal_fields
from signing.formats.seal_code import (
    MAX_PAYLOAD_BYTES,
    SealCodeTooLarge,
    UnknownSealVersion,
    UnreadableSealCode,
    parse_seal_code,
    seal_code_text,
)
from signing.seal_codes import SealCodeSigner

ORIGIN = "https://verify.wathiqa.example"
KINDS = [profile.kind for profile in PROFILES]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_survives_its_seal_code(world: Any, kind: str) -> None:
    claims = world.claims(kind)
    text = world.seal_text(claims)
    parsed = parse_seal_code(text)
    assert parsed.claims == claims
    assert parsed.verify_origin == ORIGIN
    assert parsed.text == text


def _symbol_version(text: str) -> int:
    prefix, digits = text.split("#")
    symbol = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, mask_pattern=0)
    symbol.add_data(QRData(f"{prefix}#".encode(), mode=MODE_8BIT_BYTE), optimize=0)
    symbol.add_data(QRData(digits.encode(), mode=MODE_NUMBER), optimize=0)
    return symbol.best_fit()


def test_symbols_stay_small(world: Any) -> None:
    """At 0.5 mm a module: version 13 is 38.5 mm wide with its quiet zone, version 16 is 44.5 mm."""
    versions = {kind: _symbol_version(world.seal_text(world.claims(kind))) for kind in KINDS}
    assert versions["birth"] <= 13
    assert versions["family-extract"] <= 16, "a family of eight"
    assert max(versions.values()) <= 16


def test_the_escaped_fragment_of_some_readers_is_accepted(world: Any) -> None:
    text = world.seal_text()
    assert parse_seal_code(text.replace("#", "%23")).text == text


def test_seal_and_record_are_bound_by_the_digest(world: Any) -> None:
    embedded = world.embedded()
    digest = record_digest(embedded)
    embedded["record"]["child"]["mother_name"]["en"] = "another"
    assert record_digest(embedded) != digest
    assert len(digest) == 16
    assert digest == world.claims().record_digest


def _resign(message: list[Any]) -> str:
    """A seal code over any message, signed by nobody: the parser must refuse it for its form alone."""
    return seal_code_text(ORIGIN, encode_cbor(Tagged(18, message)))


def _message(world: Any) -> list[Any]:
    value = parse_cbor(parse_seal_code(world.seal_text()).payload)
    assert isinstance(value, Tagged)
    assert isinstance(value.value, tuple)
    return list(value.value)


def _with_claims(change: Callable[[dict[Any, Any]], object]) -> Callable[[list[Any]], None]:
    def apply(message: list[Any]) -> None:
        claims = dict(parse_cbor(message[2]))  # type: ignore[arg-type]
        change(claims)
        message[2] = encode_cbor(claims)

    return apply


def _document(change: Callable[[list[Any]], object]) -> Callable[[list[Any]], None]:
    def apply(claims: dict[Any, Any]) -> None:
        items = list(claims[-65537])
        change(items)
        claims[-65537] = items

    return _with_claims(apply)


def _put(index: int, value: object) -> Callable[[Any], None]:
    def apply(items: Any) -> None:
        items[index] = value

    return apply


BROKEN_FORMS: dict[str, Callable[[list[Any]], object]] = {
    "another algorithm": _put(0, encode_cbor({1: -8, 4: b"abcd"})),
    "no algorithm": _put(0, encode_cbor({4: b"abcd"})),
    "no key identifier": _put(0, encode_cbor({1: -7})),
    "a key identifier of five bytes": _put(0, encode_cbor({1: -7, 4: b"abcde"})),
    "a key identifier that is text": _put(0, encode_cbor({1: -7, 4: "abcd"})),
    "one more protected header": _put(0, encode_cbor({1: -7, 4: b"abcd", 5: b"x"})),
    "an unprotected header": _put(1, {5: b"x"}),
    "content that is text": _put(2, "x"),
    "a signature of 63 bytes": _put(3, bytes(63)),
    "five members": lambda message: message.append(b""),
    "claims with one more": _with_claims(lambda claims: claims.update({7: b"x"})),
    "claims without expiry": _with_claims(lambda claims: claims.pop(4)),
    "an expiry that is true": _with_claims(_put(4, value=True)),
    "an expiry after this century": _with_claims(_put(4, 4_102_444_800)),
    "an expiry before the issuing": _with_claims(_put(4, 1)),
    "a negative time": _with_claims(_put(6, -1)),
    "a digest of 15 bytes": _with_claims(_put(-65538, bytes(15))),
    "no fields": _with_claims(_put(-65537, [3, 1, 1, 260000000010, 1])),
    "too many fields": _with_claims(_put(-65537, [3, 1, 1, 260000000010, 1, *range(65)])),
    "a document number that fails its check": _document(_put(3, 260000000011)),
    "a negative status index": _document(_put(2, -1)),
    "a profile that is true": _document(_put(0, value=True)),
    "UTF-8 that windows-1256 can hold": _document(_put(5, "فاطمة")),
    "windows-1256 that is not NFC": _document(_put(5, b"\xd4\xf8\xf3")),
    "empty text": _document(_put(5, b"")),
    "text with a control character": _document(_put(5, b"\xdd\n\xc7")),
    "text with a direction mark": _document(_put(5, b"\xdd\xfe\xc7")),
    "text with a hidden override": _document(_put(5, "Ê\u202eabc")),
    "text not in NFC": _document(_put(5, "ê\u0301e\u0301ێ")),
    "a field that is false": _document(_put(5, value=False)),
    "a field that is a map": _document(_put(5, {1: 2})),
    "an integer beyond JavaScript": _document(_put(5, 2**53)),
}


@pytest.mark.parametrize("name", BROKEN_FORMS)
def test_a_broken_form_is_refused(world: Any, name: str) -> None:
    message = _message(world)
    assert parse_seal_code(_resign(message)).claims == world.claims()
    BROKEN_FORMS[name](message)
    with pytest.raises(UnreadableSealCode):
        parse_seal_code(_resign(message))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1" * 400,
        "https://verify.wathiqa.example/",
        "https://verify.wathiqa.example/#",
        "https://verify.wathiqa.example/#1",
        "https://verify.wathiqa.example/?x#1234",
        "http://verify.wathiqa.example/#1234",
        "https://verify.wathiqa.example/#١٢٣٤",
        "https://verify.wathiqa.example/#1" + "9" * 17,
        "https://verify.wathiqa.example/#1" + "0" * 4000,
        "https://user@verify.wathiqa.example/#1000",
        "HTTPS://VERIFY.WATHIQA.EXAMPLE/#1000",
        "\u202ehttps://verify.wathiqa.example/#1000",
    ],
)
def test_what_is_no_seal_code_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSealCode):
        parse_seal_code(text)


@pytest.mark.parametrize(
    "change",
    [lambda text: text + "\n", lambda text: " " + text, lambda text: text + "0", lambda text: text[:-1]],
    ids=["a line end", "a space", "one digit more", "one digit less"],
)
def test_a_text_with_more_or_less_is_refused(world: Any, change: Callable[[str], str]) -> None:
    with pytest.raises(UnreadableSealCode):
        parse_seal_code(change(world.seal_text()))


def test_bytes_behind_the_message_are_refused(world: Any) -> None:
    payload = parse_seal_code(world.seal_text()).payload
    with pytest.raises(UnreadableSealCode, match="behind"):
        parse_seal_code(f"{ORIGIN}/#1{encode_digits(payload + b'x')}")


def test_a_later_version_is_named(world: Any) -> None:
    with pytest.raises(UnknownSealVersion) as caught:
        parse_seal_code(world.seal_text().replace("#1", "#2"))
    assert caught.value.version == "2"


def test_fields_that_no_page_can_bear_are_refused(world: Any) -> None:
    claims = replace(world.claims(), fields=("ش" * MAX_PAYLOAD_BYTES,))
    with pytest.raises(SealCodeTooLarge):
        world.seal_text(claims)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "260000000011"},
        {"fields": ("e\u0301",)},
        {"fields": ("",)},
        {"record_digest": b"short"},
        {"status_index": -1},
        {"expires_at": None},
    ],
)
def test_claims_that_no_parser_accepts_are_never_signed(world: Any, changes: dict[str, Any]) -> None:
    claims = (
        replace(world.claims(), **changes)
        if changes.get("expires_at", 1)
        else replace(world.claims(), expires_at=world.claims().issued_at - timedelta(seconds=1))
    )
    with pytest.raises(ValueError):  # noqa: PT011 -- several kinds, one rule
        encode_claims(claims)


def test_a_key_for_another_purpose_signs_no_seal_code(world: Any) -> None:
    signer = SealCodeSigner(signer=world.status, kid=b"abcd", verify_origin=ORIGIN)
    with pytest.raises(WrongPurpose):
        signer.sign(world.claims())
    assert world.status.purpose is Purpose.STATUS


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("given_name", {"en": "Fatima"}, "absent"),
        ("given_name", {"ar": "فاط\u202eمة"}, "cannot hold"),
        ("national_number", "9901000012", "11 digits"),
        ("national_number", "9901000012x", "11 digits"),
        ("national_number", "٩٩٠١٠٠٠٠١٢٣", "11 digits"),
        ("national_number", 99010000123, "cannot hold"),
        ("sex", "unknown", "not in the table"),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_named(
    world: Any, path: str, value: object, reason: str
) -> None:
    embedded = world.embedded()
    embedded["record"]["child"][path] = value
    with pytest.raises(UnsealableValue, match=reason) as caught:
        seal_fields(profile_of_kind("birth"), embedded)
    assert caught.value.path.startswith(f"record.child.{path}")


@pytest.mark.parametrize("date", ["1948-2-3", "19480203", "1948-02-30", "1948-W06-2", "1948-02-03T00:00", ""])
def test_a_date_in_another_spelling_is_refused(world: Any, date: str) -> None:
    embedded = world.embedded()
    embedded["record"]["event"]["date"] = date
    with pytest.raises(UnsealableValue):
        seal_fields(profile_of_kind("birth"), embedded)


def test_a_kurdish_name_travels_as_utf8(world: Any) -> None:
    """windows-1256 lacks U+06CE; the text string holds it, and costs two bytes a letter."""
    embedded = world.embedded()
    embedded["record"]["child"]["given_name"]["ar"] = "هێڤین"
    fields = seal_fields(profile_of_kind("birth"), embedded)
    parsed = parse_seal_code(world.seal_text(world.claims(fields=fields)))
    assert parsed.claims.fields[0] == "هێڤین"


def test_a_long_reason_is_cut_the_same_way_for_all(world: Any) -> None:
    embedded = world.embedded("refusal-notice")
    embedded["record"]["reason"]["ar"] = "سبب " * 150
    fields = seal_fields(profile_of_kind("refusal-notice"), embedded)
    assert isinstance(fields[5], str)
    assert len(fields[5]) == 160
    assert fields[5].endswith("…")
    parse_seal_code(world.seal_text(world.claims("refusal-notice", fields=fields)))


def test_published_bytes_of_the_claims_never_change(world: Any) -> None:
    """A change of this digest is a change of the format: paper already printed would not verify."""
    encoded = encode_claims(world.claims(record_digest=bytes(16)))
    assert parse_claims(encoded).number == "260000000010"
    assert hashlib.sha256(encoded).hexdigest() == GOLDEN_CLAIMS


GOLDEN_CLAIMS = "350f2cda34fb00610383c47556383aef7fa99cece95ed2d70ad44c3402785a77"
