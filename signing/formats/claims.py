"""What a seal code claims, as CWT claims (RFC 8392) in deterministic CBOR.

    4       expiry, seconds since 1970
    6       issued at, seconds since 1970
    -65537  [profile, status list, status index, document number, agency, …fields]
    -65538  the first 16 bytes of SHA-256 over the canonical record embedded in the PDF

Text that windows-1256 can hold is a byte string in that encoding (an Arabic letter is one
byte), any other text is a UTF-8 text string: each text has one spelling. Text is NFC.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.formats.canonical_json import MAX_SAFE_INTEGER, JsonValue, encode_canonical_json
from signing.formats.cbor import CborValue, encode_cbor, parse_cbor
from signing.formats.document_number import DocumentNumber, parse_document_number
from signing.formats.fields import FieldValue, is_sealable_text

EXPIRES_AT, ISSUED_AT, DOCUMENT, RECORD_DIGEST = 4, 6, -65537, -65538
DIGEST_BYTES = 16
TEXT_ENCODING = "cp1256"

_MAX_TIME = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_MAX_FIELDS = 64
_FIXED_ITEMS = 5
_NUMBER_DIGITS = 12


class ClaimsError(ValueError):
    """Not the claims of a seal code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealClaims:
    """The claims of one seal code; instants are UTC, whole seconds."""

    issued_at: datetime
    expires_at: datetime
    profile: int
    status_list: int
    status_index: int
    number: DocumentNumber
    agency: int
    fields: tuple[FieldValue, ...]
    record_digest: bytes  # DIGEST_BYTES long


def record_digest(embedded: dict[str, JsonValue]) -> bytes:
    """The digest by which a seal code names the record embedded in the PDF."""
    return hashlib.sha256(encode_canonical_json(embedded)).digest()[:DIGEST_BYTES]


def encode_claims(claims: SealClaims) -> bytes:
    """The signed content of a seal code.

    Raises:
        ClaimsError: claims that `parse_claims` would refuse.
    """
    head = (claims.profile, claims.status_list, claims.status_index, int(claims.number), claims.agency)
    encoded = encode_cbor(
        {
            EXPIRES_AT: _seconds(claims.expires_at),
            ISSUED_AT: _seconds(claims.issued_at),
            DOCUMENT: [*head, *(_encode_field(value) for value in claims.fields)],
            RECORD_DIGEST: claims.record_digest,
        }
    )
    if parse_claims(encoded) != claims:
        raise ClaimsError("claims that do not survive their encoding")
    return encoded


def parse_claims(data: bytes) -> SealClaims:
    """The claims in `data`.

    Raises:
        ClaimsError: other claims, values out of range, text spelled otherwise than `encode_claims` does.
        CborError: not deterministic CBOR.
    """
    claims = parse_cbor(data)
    if not isinstance(claims, dict) or set(claims) != {EXPIRES_AT, ISSUED_AT, DOCUMENT, RECORD_DIGEST}:
        raise ClaimsError("not the four claims of a seal code")
    document, digest = claims[DOCUMENT], claims[RECORD_DIGEST]
    if not isinstance(document, tuple) or not _FIXED_ITEMS < len(document) <= _FIXED_ITEMS + _MAX_FIELDS:
        raise ClaimsError("not a document with fields")
    if not isinstance(digest, bytes) or len(digest) != DIGEST_BYTES:
        raise ClaimsError("not a record digest")
    profile, status_list, status_index, number, agency = map(_parse_code, document[:_FIXED_ITEMS])
    issued_at, expires_at = _parse_time(claims[ISSUED_AT]), _parse_time(claims[EXPIRES_AT])
    if expires_at <= issued_at:
        raise ClaimsError("expires before it is issued")
    return SealClaims(
        issued_at=issued_at,
        expires_at=expires_at,
        profile=profile,
        status_list=status_list,
        status_index=status_index,
        number=parse_document_number(f"{number:0{_NUMBER_DIGITS}d}"),
        agency=agency,
        fields=tuple(map(_parse_field, document[_FIXED_ITEMS:])),
        record_digest=digest,
    )


def _seconds(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise ClaimsError("an instant without its zone")
    return int(instant.timestamp())


def _parse_time(value: CborValue) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_TIME:
        raise ClaimsError("not a time of this century")
    return datetime.fromtimestamp(value, UTC)


def _parse_code(value: CborValue) -> int:
    # The document number is the widest of these: twelve digits; its own parser narrows it.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**_NUMBER_DIGITS:
        raise ClaimsError("not a code")
    return value


def _encode_field(value: FieldValue) -> CborValue:
    if isinstance(value, str):
        try:
            return value.encode(TEXT_ENCODING)
        except UnicodeEncodeError:
            return value
    if isinstance(value, tuple):
        return [_encode_field(item) for item in value]
    return value


def _parse_field(value: CborValue) -> FieldValue:
    match value:
        case bool():
            raise ClaimsError("a field that is true or false")
        case None:
            return None
        case int():
            if abs(value) > MAX_SAFE_INTEGER:
                raise ClaimsError("an integer that JavaScript cannot hold")
            return value
        case bytes():
            return _parse_text(value.decode(TEXT_ENCODING))
        case str():
            if _encode_field(value) != value:
                raise ClaimsError("UTF-8 text that windows-1256 can hold")
            return _parse_text(value)
        case tuple():
            return tuple(map(_parse_field, value))
        case _:
            raise ClaimsError("a field of no known type")


def _parse_text(text: str) -> str:
    if not is_sealable_text(text):
        raise ClaimsError("text that is empty, not NFC, or holds an invisible character")
    return text
