"""The seal code: the QR on every document (docs/formats/seal-code.md).

    https://<verify host>/#1<digits>

Any phone opens it as a page; what follows `#` never reaches a server. The digits spell a
COSE_Sign1 (ES256) over the claims, whose external data names format and origin, so a code
made for one verification address is worth nothing at another. No keys here: signatures
are handed in, and checked with public keys.

    SealCodeError
    ├── UnreadableSealCode     not this format at all, or damaged
    └── UnknownSealVersion     a later format than this module knows
"""

import re
from dataclasses import dataclass

from signing.formats.claims import SealClaims, encode_claims, parse_claims
from signing.formats.cose import KEY_ID, Sign1, encode_sign1, parse_sign1, protect, to_be_signed
from signing.formats.digits import encode_digits, parse_digits

VERSION = "1"
KEY_ID_BYTES = 4
# A family of forty fits; its symbol is as large as a page can bear.
MAX_PAYLOAD_BYTES = 1200
MAX_TEXT_LENGTH = 3200

_ORIGIN = r"https://[a-z0-9](?:[a-z0-9.-]{0,198}[a-z0-9])?(?::[0-9]{1,5})?|http://(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?"
_TEXT = re.compile(rf"(?P<origin>{_ORIGIN})/(?:#|%23)(?P<version>[0-9])(?P<digits>[0-9]+)")
_ORIGIN_ALONE = re.compile(_ORIGIN)


class SealCodeError(ValueError):
    """A text that is no seal code of ours."""


class UnreadableSealCode(SealCodeError):
    """Not this format at all, or damaged."""


class UnknownSealVersion(SealCodeError):
    """A format this module does not know; `version` is its digit."""

    def __init__(self, version: str) -> None:
        super().__init__(f"seal code of version {version}")
        self.version = version


class SealCodeTooLarge(ValueError):
    """The fields of a document need a larger symbol than a page can bear; `size` in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a seal code of {size} bytes; at most {MAX_PAYLOAD_BYTES} fit")
        self.size = size


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedSealCode:
    """A seal code that lacks its signature: what is stored as intent before a key is used."""

    claims: SealClaims
    kid: bytes

    def to_be_signed(self, verify_origin: str) -> bytes:
        """The bytes that the key named by `kid` signs, bound to `verify_origin`."""
        return to_be_signed(
            self._protected, encode_claims(self.claims), external_aad=external_data(verify_origin)
        )

    def with_signature(self, signature: bytes) -> bytes:
        """The payload; `signature` is r then s, 64 bytes.

        Raises:
            SealCodeTooLarge: the fields do not fit.
        """
        payload = encode_sign1(self._protected, encode_claims(self.claims), signature)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise SealCodeTooLarge(len(payload))
        return payload

    @property
    def _protected(self) -> bytes:
        if len(self.kid) != KEY_ID_BYTES:
            raise ValueError(f"a key identifier has {KEY_ID_BYTES} bytes")
        return protect({KEY_ID: self.kid})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSealCode:
    """A seal code as read; nothing in it is to be believed before its signature is checked."""

    verify_origin: str
    kid: bytes
    claims: SealClaims
    message: Sign1

    @property
    def payload(self) -> bytes:
        """The bytes that the digits spelled."""
        return encode_sign1(self.message.protected, self.message.content, self.message.signature)

    @property
    def text(self) -> str:
        """The text as it was written."""
        return seal_code_text(self.verify_origin, self.payload)


def external_data(verify_origin: str) -> bytes:
    """What is signed beside the content without being stored: the format and its origin.

    Raises:
        ValueError: not an origin (`https://host`, no trailing slash).
    """
    if not _ORIGIN_ALONE.fullmatch(verify_origin):
        raise ValueError(f"not a verification origin: {verify_origin}")
    return f"WATHIQA1 {verify_origin}".encode()


def seal_code_parts(verify_origin: str, payload: bytes) -> tuple[str, str]:
    """The two segments of the symbol: the address (8-bit) and the digits (numeric)."""
    return f"{verify_origin}/#", VERSION + encode_digits(payload)


def seal_code_text(verify_origin: str, payload: bytes) -> str:
    """The whole text of the symbol."""
    return "".join(seal_code_parts(verify_origin, payload))


def parse_seal_code(text: str) -> ParsedSealCode:
    """The seal code that a symbol's text spells; its signature is not yet checked.

    Raises:
        UnknownSealVersion: a later format.
        UnreadableSealCode: anything else that is not exactly what an encoder of ours writes.
    """
    if len(text) > MAX_TEXT_LENGTH or not (found := _TEXT.fullmatch(text)):
        raise UnreadableSealCode("not the address of a verification page with a number behind #")
    if found["version"] != VERSION:
        raise UnknownSealVersion(found["version"])
    try:
        message = _parse_payload(parse_digits(found["digits"]))
        claims = parse_claims(message.content)
    except UnreadableSealCode:
        raise
    except ValueError as error:
        raise UnreadableSealCode(str(error)) from error
    kid = message.headers[KEY_ID]
    if not isinstance(kid, bytes) or len(kid) != KEY_ID_BYTES:
        raise UnreadableSealCode("not a key identifier")
    return ParsedSealCode(verify_origin=found["origin"], kid=kid, claims=claims, message=message)


def _parse_payload(payload: bytes) -> Sign1:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnreadableSealCode("larger than any seal code")
    message = parse_sign1(payload)
    if len(message.headers) != 2 or KEY_ID not in message.headers:  # noqa: PLR2004 -- algorithm and key
        raise UnreadableSealCode("other headers than algorithm and key")
    return message
