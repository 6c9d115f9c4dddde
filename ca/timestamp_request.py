"""Requests for a time-stamp (RFC 3161 §2.4.1) and refusals of them (§2.4.2)."""

from dataclasses import dataclass
from enum import IntEnum

from ca.algorithms import DIGEST_OCTETS, DIGEST_OIDS
from keys.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    UTF8_STRING,
    Reader,
    context,
    integer,
    parse_integer,
    parse_sequence,
    tlv,
)

MAX_REQUEST_OCTETS = 4096
# A nonce need only be unlikely to repeat; RFC 3161 §2.4.1 says 64 bits, clients send up to 160.
MAX_NONCE_OCTETS = 32
REJECTION = 2
_HASH_NAMES = {encoded: name for name, encoded in DIGEST_OIDS.items()}


class Failure(IntEnum):
    """PKIFailureInfo: the number is the bit's."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


class RequestRefused(Exception):
    """A request that gets a refusal instead of a token."""

    def __init__(self, failure: Failure, words: str) -> None:
        super().__init__(words)
        self.failure, self.words = failure, words


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampRequest:
    """A request that is well formed and asks for nothing unknown."""

    message_imprint: bytes  # DER MessageImprint, returned as it came
    hash_name: str
    policy: bytes | None  # contents of the OBJECT IDENTIFIER
    nonce: int | None
    wants_certificate: bool


def parse_time_stamp_request(der: bytes) -> TimeStampRequest:
    """Read a TimeStampReq, strictly.

    Raises:
        RequestRefused: with what RFC 3161 §2.4.2 has us answer.
    """
    if len(der) > MAX_REQUEST_OCTETS:
        raise RequestRefused(Failure.BAD_REQUEST, "the request is too long")
    try:
        return _parse(parse_sequence(der))
    except ValueError as error:
        raise RequestRefused(Failure.BAD_DATA_FORMAT, str(error)) from error


def _parse(fields: Reader) -> TimeStampRequest:
    if fields.read_integer() != 1:
        raise RequestRefused(Failure.BAD_REQUEST, "the version is not 1")
    imprint = fields.read_whole(SEQUENCE)
    hash_name = _hash_name(imprint)
    policy = fields.read(OID) if fields.next_tag() == OID else None
    nonce = _nonce(fields.read(INTEGER)) if fields.next_tag() == INTEGER else None
    wants_certificate = _boolean(fields.read(BOOLEAN)) if fields.next_tag() == BOOLEAN else False
    has_extensions = fields.next_tag() == context(0)
    if has_extensions:
        fields.skip(context(0))
    fields.finish()
    if has_extensions:
        # RFC 3161 §2.4.1: whether it is critical or not, an extension that is not known is refused.
        raise RequestRefused(Failure.UNACCEPTED_EXTENSION, "no extension is known")
    return TimeStampRequest(
        message_imprint=imprint,
        hash_name=hash_name,
        policy=policy,
        nonce=nonce,
        wants_certificate=wants_certificate,
    )


def _hash_name(imprint: bytes) -> str:
    both = parse_sequence(imprint)
    algorithm, digest = Reader(both.read(SEQUENCE)), both.read(OCTET_STRING)
    both.finish()
    oid = algorithm.read_whole(OID)
    if algorithm:
        # RFC 5754 §2: parameters are absent or NULL.
        if algorithm.read(NULL):
            msg = "NULL with contents"
            raise ValueError(msg)
        algorithm.finish()
    name = _HASH_NAMES.get(oid)
    if name is None:
        raise RequestRefused(Failure.BAD_ALGORITHM, "SHA-256, SHA-384 or SHA-512 only")
    if len(digest) != DIGEST_OCTETS[name]:
        raise RequestRefused(Failure.BAD_DATA_FORMAT, "the imprint has another length than its hash")
    return name


def _nonce(content: bytes) -> int:
    if len(content) > MAX_NONCE_OCTETS:
        raise RequestRefused(Failure.BAD_REQUEST, "the nonce is too long")
    return parse_integer(content)


def _boolean(content: bytes) -> bool:
    # DER leaves the default out; some clients write FALSE all the same, which harms nobody.
    if content not in {b"\x00", b"\xff"}:
        msg = "BOOLEAN that is not DER (X.690 §11.1)"
        raise ValueError(msg)
    return content == b"\xff"


def encode_refusal(refused: RequestRefused) -> bytes:
    """DER TimeStampResp with status `rejection`, the words and one failure bit."""
    octets = bytearray(refused.failure // 8 + 1)
    octets[-1] = 0x80 >> refused.failure % 8
    # X.690 §11.2.2: trailing zero bits of a named bit list are left out.
    info = tlv(BIT_STRING, bytes((7 - refused.failure % 8,)), bytes(octets))
    words = tlv(SEQUENCE, tlv(UTF8_STRING, refused.words.encode()))
    return tlv(SEQUENCE, tlv(SEQUENCE, integer(REJECTION), words, info))
