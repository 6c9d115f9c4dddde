"""Requests for the status of certificates (RFC 6960 §4.1, RFC 5019 §2.1, nonce by RFC 9654).

Read strictly as DER. A request's own signature is not looked at: our answers are for everybody (RFC
5019 §2.1.2 lets a responder ignore it). RFC 5019 §2.1.1 has clients ask about one certificate at a
time; those that ask about several, as RFC 6960 lets them, get one answer about all.
"""

from dataclasses import dataclass

from keys.der import (
    BIT_STRING,
    BOOLEAN,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Reader,
    context,
    object_identifier,
    parse_sequence,
)

MAX_REQUEST_OCTETS = 2048
MAX_CERTIFICATES = 16
MAX_NONCE_OCTETS = 128  # RFC 9654 §2.1
MAX_SERIAL_OCTETS = 20
NONCE = object_identifier("1.3.6.1.5.5.7.48.1.2")
# Known, so they may be critical; what they ask for is what we do anyhow, or may be left undone.
_HARMLESS = {
    object_identifier("1.3.6.1.5.5.7.48.1.4"),  # acceptable responses: ours is the basic one (§4.4.3)
    object_identifier("1.3.6.1.5.5.7.48.1.8"),  # preferred signature algorithms (§4.4.7)
}
HASHES = {
    object_identifier("1.3.14.3.2.26"): "sha1",
    object_identifier("2.16.840.1.101.3.4.2.1"): "sha256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateId:
    """A CertID (RFC 6960 §4.1.1)."""

    hash_name: str | None  # None: a hash that we do not offer
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """A well-formed request."""

    asked: tuple[CertificateId, ...]
    nonce: bytes | None


def parse_status_request(der: bytes) -> StatusRequest:
    """Read an OCSPRequest.

    Raises:
        ValueError: malformed, too long, about none or too many, an unknown critical extension, a nonce
            of a forbidden length.
    """
    if len(der) > MAX_REQUEST_OCTETS:
        msg = "the request is too long"
        raise ValueError(msg)
    outer = parse_sequence(der)
    fields = Reader(outer.read(SEQUENCE))
    if outer.next_tag() == context(0):
        _check_signature(outer.read(context(0)))
    outer.finish()
    if fields.next_tag() == context(0):
        # X.690 §11.5 has the default version left out; some clients write it all the same.
        version = Reader(fields.read(context(0)))
        if version.read_integer() != 0:
            msg = "the version is not 1"
            raise ValueError(msg)
        version.finish()
    if fields.next_tag() == context(1):
        fields.skip(context(1))  # requestorName
    asked = _certificates(Reader(fields.read(SEQUENCE)))
    nonce = _extensions(fields.read(context(2))) if fields.next_tag() == context(2) else None
    fields.finish()
    return StatusRequest(asked=asked, nonce=nonce)


def _certificates(requests: Reader) -> tuple[CertificateId, ...]:
    asked: list[CertificateId] = []
    while requests:
        if len(asked) == MAX_CERTIFICATES:
            msg = f"about more than {MAX_CERTIFICATES} certificates"
            raise ValueError(msg)
        single = Reader(requests.read(SEQUENCE))
        asked.append(_certificate_id(Reader(single.read(SEQUENCE))))
        if single.next_tag() == context(0):
            _extensions(single.read(context(0)))
        single.finish()
    if not asked:
        msg = "about no certificate"
        raise ValueError(msg)
    return tuple(asked)


def _certificate_id(fields: Reader) -> CertificateId:
    algorithm = Reader(fields.read(SEQUENCE))
    oid = algorithm.read_whole(OID)
    if algorithm and oid in HASHES:
        if algorithm.read(NULL):
            msg = "NULL with contents"
            raise ValueError(msg)
        algorithm.finish()
    name, key = fields.read(OCTET_STRING), fields.read(OCTET_STRING)
    serial = fields.read_integer()
    fields.finish()
    if abs(serial).bit_length() > MAX_SERIAL_OCTETS * 8:
        msg = "a serial number of more than 20 octets"
        raise ValueError(msg)
    return CertificateId(
        hash_name=HASHES.get(oid), issuer_name_hash=name, issuer_key_hash=key, serial_number=serial
    )


def _extensions(explicit: bytes) -> bytes | None:
    """The nonce among extensions, if there is one; others are ignored unless they are critical."""
    nonce: bytes | None = None
    found = set()
    extensions = parse_sequence(explicit)
    while extensions:
        extension = Reader(extensions.read(SEQUENCE))
        oid = extension.read_whole(OID)
        is_critical = extension.next_tag() == BOOLEAN and extension.read(BOOLEAN) != b"\0"
        value = extension.read(OCTET_STRING)
        extension.finish()
        if oid in found:
            msg = "an extension that stands twice"
            raise ValueError(msg)
        found.add(oid)
        if oid == NONCE:
            nonce = _nonce(value)
        elif is_critical and oid not in _HARMLESS:
            msg = "unknown critical extension"
            raise ValueError(msg)
    return nonce


def _nonce(value: bytes) -> bytes:
    reader = Reader(value)
    nonce = reader.read(OCTET_STRING)
    reader.finish()
    if not 1 <= len(nonce) <= MAX_NONCE_OCTETS:
        msg = "a nonce of a forbidden length (RFC 9654 §2.1)"
        raise ValueError(msg)
    return nonce


def _check_signature(explicit: bytes) -> None:
    """Signature (RFC 6960 §4.1.1): there, well formed, and not verified."""
    fields = parse_sequence(explicit)
    fields.skip(SEQUENCE)
    fields.skip(BIT_STRING)
    if fields.next_tag() == context(0):
        fields.skip(context(0))
    fields.finish()
