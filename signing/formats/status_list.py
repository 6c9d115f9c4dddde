"""Status lists: what the register says of every document today, as one small file.

The IETF Token Status List in its CWT form: four bits an entry, the first entry in the
lower half of the first byte, zlib-compressed, signed with ES256. Entries are found by
list and index, both inside the seal code; indices are random, so a list says nothing about
who asked for what, and reading one tells the server only which of many thousands of
documents may be meant. Unused entries say *not issued*: a stolen key alone mints nothing.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from signing.formats.cbor import encode_cbor, parse_cbor
from signing.formats.cose import KEY_ID, TYPE, Sign1, parse_sign1, protect
from signing.formats.members import MemberError, Members, whole_seconds

MEDIA_TYPE = "application/statuslist+cwt"
MIN_ENTRIES = 131_072
MAX_ENTRIES = 1 << 22
BITS = 4
ENTRIES_A_BYTE = 8 // BITS
_MASK = (1 << BITS) - 1

DEFAULT_LIFETIME = timedelta(days=3)
# Whoever steals a status key can date a list back into the key's window; not for longer than this.
MAX_LIFETIME = timedelta(days=7)
TIME_TO_LIVE = timedelta(hours=12)

# CWT claims: subject, expiry, issued at (RFC 8392), status list and time to live (Token Status List §14.4).
_SUBJECT, _EXPIRES_AT, _ISSUED_AT, _STATUS_LIST, _TIME_TO_LIVE = 2, 4, 6, 65533, 65534


class Status(IntEnum):
    """The value of an entry.

    0 to 2 are the specification's; 3 and 11 to 15 it leaves to the application, and they keep
    their meaning for ever. The others are nobody's yet: `StatusList.get` refuses them.
    """

    VALID = 0
    REVOKED = 1  # final; why is not published
    SUSPENDED = 2  # for now; may become valid again, or revoked
    NOT_ISSUED = 3
    REVOKED_RECORD_CORRECTED = 11
    SUPERSEDED = 12  # final; a newer document has taken its place
    REVOKED_ISSUED_IN_ERROR = 13
    REVOKED_FRAUD = 14
    REVOKED_COURT_ORDER = 15


class RevocationReason(StrEnum):
    """Why a released document no longer counts."""

    ISSUED_IN_ERROR = "issued-in-error"
    RECORD_CORRECTED = "record-corrected"
    FRAUD = "fraud"
    HOLDER_ASKED = "holder-asked"
    COURT_ORDER = "court-order"


REVOKED_FOR: Mapping[RevocationReason, Status] = {
    RevocationReason.ISSUED_IN_ERROR: Status.REVOKED_ISSUED_IN_ERROR,
    RevocationReason.RECORD_CORRECTED: Status.REVOKED_RECORD_CORRECTED,
    RevocationReason.FRAUD: Status.REVOKED_FRAUD,
    RevocationReason.COURT_ORDER: Status.REVOKED_COURT_ORDER,
    # What a holder wishes is nobody's business: the list says that it was withdrawn, and no more.
    RevocationReason.HOLDER_ASKED: Status.REVOKED,
}
"""What the public list says of a document revoked for a reason."""


class UnknownStatus(ValueError):
    """An entry has a value without a meaning: the list is younger than its reader."""


# Two entries in one octet.
_NOT_ISSUED = bytes([Status.NOT_ISSUED << BITS | Status.NOT_ISSUED])


class StatusList:
    """The entries of one list, held unpacked in memory; `set` changes them in place."""

    __slots__ = ("_packed",)

    def __init__(self, packed: bytes | bytearray) -> None:
        if not MIN_ENTRIES <= len(packed) * ENTRIES_A_BYTE <= MAX_ENTRIES:
            raise ValueError(f"a status list has {MIN_ENTRIES} to {MAX_ENTRIES} entries")
        self._packed = bytearray(packed)

    @classmethod
    def not_issued(cls, size: int = MIN_ENTRIES) -> "StatusList":
        """A fresh list of `size` entries, rounded up to whole bytes."""
        return cls(_NOT_ISSUED * -(-size // ENTRIES_A_BYTE))

    def __len__(self) -> int:
        return len(self._packed) * ENTRIES_A_BYTE

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusList) and self._packed == other._packed

    __hash__ = None  # type: ignore[assignment]  # entries change

    def get(self, index: int) -> Status:
        """The status at `index`.

        Raises:
            IndexError: outside the list.
            UnknownStatus: a value without a meaning.
        """
        byte, shift = self._locate(index)
        value = self._packed[byte] >> shift & _MASK
        try:
            return Status(value)
        except ValueError as error:
            raise UnknownStatus(f"entry {index} has the value {value}") from error

    def set(self, index: int, status: Status | int) -> None:
        """Change the status at `index`.

        Raises:
            IndexError: outside the list.
            ValueError: not a status.
        """
        byte, shift = self._locate(index)
        self._packed[byte] = self._packed[byte] & ~(_MASK << shift) | Status(status) << shift

    def compress(self) -> bytes:
        """The entries as the signed list carries them (zlib, RFC 1950).

        Indices are random, so nothing repeats but runs of one value. Looking for more costs up to
        30 ms a list and, in a full one, even makes it larger; runs alone take 0.1 to 0.4.
        """
        deflater = zlib.compressobj(level=9, strategy=zlib.Z_RLE)
        return deflater.compress(self._packed) + deflater.flush()

    @classmethod
    def decompress(cls, data: bytes) -> "StatusList":
        """The entries in `data`.

        Raises:
            ValueError: not zlib, cut short, longer than any list, or bytes behind the end.
        """
        inflater = zlib.decompressobj()
        try:
            packed = inflater.decompress(data, MAX_ENTRIES // ENTRIES_A_BYTE + 1)
        except zlib.error as error:
            raise ValueError("a list that does not inflate") from error
        if not inflater.eof or inflater.unused_data:
            raise ValueError("a list cut short, too long, or with bytes behind its end")
        return cls(packed)

    def _locate(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"no entry {index} in a list of {len(self)}")
        return index // ENTRIES_A_BYTE, index % ENTRIES_A_BYTE * BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusClaims:
    """What a signed status list says; instants are UTC, whole seconds."""

    uri: str
    issued_at: datetime
    expires_at: datetime
    time_to_live: timedelta
    entries: StatusList


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatusList:
    """A status list as read; not to be believed before its signature is checked."""

    claims: StatusClaims
    kid: bytes
    message: Sign1


def protect_status_list(kid: bytes) -> bytes:
    """The protected header of a list signed by the key `kid`."""
    return protect({KEY_ID: kid, TYPE: MEDIA_TYPE})


def encode_status_claims(claims: StatusClaims) -> bytes:
    """The signed content of a status list."""
    _require_lifetime(claims)
    return encode_cbor(
        {
            _SUBJECT: claims.uri,
            _ISSUED_AT: whole_seconds(claims.issued_at),
            _EXPIRES_AT: whole_seconds(claims.expires_at),
            _TIME_TO_LIVE: int(claims.time_to_live.total_seconds()),
            _STATUS_LIST: {"bits": BITS, "lst": claims.entries.compress()},
        }
    )


def parse_status_list(data: bytes) -> SignedStatusList:
    """The signed list in `data`; its signature is not yet checked.

    Raises:
        ValueError: anything but a list that an encoder of ours wrote.
    """
    message = parse_sign1(data)
    headers = Members(message.headers, required=(1, KEY_ID, TYPE))
    if headers.text(TYPE) != MEDIA_TYPE:
        raise MemberError(TYPE, f"is not {MEDIA_TYPE}")
    claims = Members(
        parse_cbor(message.content), required=(_SUBJECT, _ISSUED_AT, _EXPIRES_AT, _TIME_TO_LIVE, _STATUS_LIST)
    )
    entries = Members(claims.get(_STATUS_LIST), required=("bits", "lst"))
    if entries.integer("bits") != BITS:
        raise MemberError("bits", f"is not {BITS}")
    parsed = StatusClaims(
        uri=claims.text(_SUBJECT),
        issued_at=claims.instant(_ISSUED_AT),
        expires_at=claims.instant(_EXPIRES_AT),
        time_to_live=timedelta(seconds=claims.integer(_TIME_TO_LIVE)),
        entries=StatusList.decompress(entries.octets("lst")),
    )
    _require_lifetime(parsed)
    return SignedStatusList(claims=parsed, kid=headers.octets(KEY_ID), message=message)


def _require_lifetime(claims: StatusClaims) -> None:
    if not timedelta(0) < claims.expires_at - claims.issued_at <= MAX_LIFETIME:
        raise MemberError(_EXPIRES_AT, f"is not within {MAX_LIFETIME.days} days after the issuing")


def status_list_name(number: int) -> str:
    """Where list `number` stands below the published root, and behind the verification origin."""
    return f"status/{number}.cwt"
