"""The form of status answers (RFC 6960 §4.2), written in DER directly.

The library's builder takes `producedAt` from the machine's clock instead of the one handed in.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.algorithms import digest_algorithm, signature_algorithm
from ca.clock import generalized_time
from ca.ocsp_request import NONCE
from ca.reasons import RevocationReason
from ca.store import IssuedCertificate
from keys.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    context,
    integer,
    object_identifier,
    parse_sequence,
    tlv,
)
from keys.signer import Algorithm

ENUMERATED = 0x0A
BASIC_RESPONSE = object_identifier("1.3.6.1.5.5.7.48.1.1")
INVALIDITY_DATE = object_identifier("2.5.29.24")
SHA1 = tlv(SEQUENCE, object_identifier("1.3.14.3.2.26"), tlv(NULL))
HASH_NAMES = ("sha1", "sha256")
"""How issuers are named: RFC 5019 §2.1.1 and older clients by SHA-1, newer ones by SHA-256."""


class ResponseStatus(IntEnum):
    """OCSPResponseStatus (RFC 6960 §4.2.1), those that we use."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6  # RFC 5019 §2.2.3: not our issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of one certificate."""

    hash_name: str
    serial_number: int
    issued: IssuedCertificate | None  # None: unknown
    at: datetime
    next_update: datetime


class AnswerForm:
    """What all answers of one responder have in common."""

    def __init__(
        self, *, issuer: x509.Certificate, certificate: x509.Certificate, algorithm: Algorithm
    ) -> None:
        name, key = issuer.subject.public_bytes(), _public_key_bits(issuer)
        self.issuer_hashes: Mapping[str, tuple[bytes, bytes]] = {
            "sha1": (_sha1(name), _sha1(key)),
            "sha256": (hashlib.sha256(name).digest(), hashlib.sha256(key).digest()),
        }
        # RFC 6960 §4.2.1: byKey is the SHA-1 of the responder's public key.
        self._responder = tlv(context(2), tlv(OCTET_STRING, _sha1(_public_key_bits(certificate))))
        self._certificates = tlv(context(0), tlv(SEQUENCE, certificate.public_bytes(Encoding.DER)))
        self._signature_algorithm = signature_algorithm(algorithm)

    def to_be_signed(self, said: Sequence[Said], *, nonce: bytes | None, at: datetime) -> bytes:
        """ResponseData (§4.2.1); the version, being 1, is left out."""
        return tlv(
            SEQUENCE,
            self._responder,
            tlv(GENERALIZED_TIME, generalized_time(at)),
            tlv(SEQUENCE, *(self._single(each) for each in said)),
            _nonce_extension(nonce),
        )

    def complete(self, to_be_signed: bytes, signature: bytes) -> bytes:
        """OCSPResponse."""
        basic = tlv(
            SEQUENCE,
            to_be_signed,
            self._signature_algorithm,
            tlv(BIT_STRING, b"\0", signature),
            self._certificates,
        )
        body = tlv(context(0), tlv(SEQUENCE, BASIC_RESPONSE, tlv(OCTET_STRING, basic)))
        return tlv(SEQUENCE, tlv(ENUMERATED, bytes((ResponseStatus.SUCCESSFUL,))), body)

    def _single(self, said: Said) -> bytes:
        issued = said.issued
        return tlv(
            SEQUENCE,
            self._certificate_id(said),
            _certificate_status(issued),
            tlv(GENERALIZED_TIME, generalized_time(said.at)),
            tlv(context(0), tlv(GENERALIZED_TIME, generalized_time(said.next_update))),
            b"" if issued is None else _invalidity_date(issued.invalidity_date),
        )

    def _certificate_id(self, said: Said) -> bytes:
        name, key = self.issuer_hashes[said.hash_name]
        algorithm = SHA1 if said.hash_name == "sha1" else digest_algorithm(said.hash_name)
        return tlv(
            SEQUENCE, algorithm, tlv(OCTET_STRING, name), tlv(OCTET_STRING, key), integer(said.serial_number)
        )


def encode_refusal(status: ResponseStatus) -> bytes:
    """An OCSPResponse that says nothing of any certificate."""
    return tlv(SEQUENCE, tlv(ENUMERATED, bytes((status,))))


def _certificate_status(issued: IssuedCertificate | None) -> bytes:
    """CertStatus (§4.2.1); on hold is revoked, with that reason (§2.2).

    What the books call revoked is never called good, whatever a clock says.
    """
    if issued is None:
        return tlv(context(2, constructed=False))
    if issued.revoked_at is None or issued.reason is None:
        return tlv(context(0, constructed=False))
    reason = b""
    if issued.reason is not RevocationReason.UNSPECIFIED:
        reason = tlv(context(0), tlv(ENUMERATED, bytes((issued.reason.code,))))
    return tlv(context(1), tlv(GENERALIZED_TIME, generalized_time(issued.revoked_at)), reason)


def _invalidity_date(since: datetime | None) -> bytes:
    """The list's entry extension, which answers may carry too (§4.4.5)."""
    if since is None:
        return b""
    value = tlv(OCTET_STRING, tlv(GENERALIZED_TIME, generalized_time(since)))
    return tlv(context(1), tlv(SEQUENCE, tlv(SEQUENCE, INVALIDITY_DATE, value)))


def _nonce_extension(nonce: bytes | None) -> bytes:
    if nonce is None:
        return b""
    value = tlv(OCTET_STRING, tlv(OCTET_STRING, nonce))
    return tlv(context(1), tlv(SEQUENCE, tlv(SEQUENCE, NONCE, value)))


def _public_key_bits(certificate: x509.Certificate) -> bytes:
    """The subjectPublicKey BIT STRING without tag, length and unused-bits octet (§4.1.1)."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fields = parse_sequence(info)
    fields.skip(SEQUENCE)
    return fields.read(BIT_STRING)[1:]


def _sha1(data: bytes) -> bytes:
    # An identifier fixed by the protocol, not a protection.
    return hashlib.sha1(data, usedforsecurity=False).digest()
