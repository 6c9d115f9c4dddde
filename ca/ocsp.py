"""Certificate status by OCSP (RFC 6960; caching by RFC 5019, nonce by RFC 9654).

A delegated responder for one issuing CA. `good` is said only of certificates found in
the books as issued: a serial number that was never issued, even one reserved, is
`unknown`. Answers are written in DER directly, because the library's builder takes
`producedAt` from the machine's clock instead of the one handed in.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from sqlalchemy import Connection

from ca.algorithms import digest_algorithm, signature_algorithm
from ca.clock import generalized_time, whole_seconds
from ca.errors import AuthorityExpired, CertificateNotFound
from ca.reasons import RevocationReason
from ca.store import IssuedCertificate, load_certificate
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
from keys.signer import Purpose, Signer

MAX_REQUEST_OCTETS = 2048
MAX_NONCE_OCTETS = 128  # RFC 9654 §2.1
ENUMERATED = 0x0A
BASIC_RESPONSE = object_identifier("1.3.6.1.5.5.7.48.1.1")
NONCE = object_identifier("1.3.6.1.5.5.7.48.1.2")
SHA1 = tlv(SEQUENCE, object_identifier("1.3.14.3.2.26"), tlv(NULL))
LASTS = timedelta(days=1, hours=12)  # a day, and grace


class ResponseStatus(IntEnum):
    """OCSPResponseStatus (RFC 6960 §4.2.1), those that we use."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    TRY_LATER = 3
    UNAUTHORIZED = 6  # RFC 5019 §2.2.3: not our issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """A DER OCSPResponse and how long a cache may keep it."""

    der: bytes
    status: ResponseStatus
    this_update: datetime
    next_update: datetime | None  # None: not to be cached (a refusal, or an answer with a nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A CertID (RFC 6960 §4.1.1) that names our issuer, and what came with it."""

    hash_name: str
    serial_number: int
    nonce: bytes | None


class OcspResponder:
    """Answers for the certificates of one issuing CA."""

    def __init__(
        self, *, issuer_name: str, issuer: x509.Certificate, certificate: x509.Certificate, signer: Signer
    ) -> None:
        """`issuer` is called `issuer_name` in the books; `certificate` is the responder's own."""
        self._issuer_name = issuer_name
        self._signer = signer
        self.certificate = certificate
        self._from, self._until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        name, key = issuer.subject.public_bytes(), _public_key_bits(issuer)
        # RFC 5019 §2.1.1 and older clients name the issuer by SHA-1, RFC 9654's generation by SHA-256.
        self._issuer_hashes: Mapping[str, tuple[bytes, bytes]] = {
            "sha1": (_sha1(name), _sha1(key)),
            "sha256": (hashlib.sha256(name).digest(), hashlib.sha256(key).digest()),
        }
        # RFC 6960 §4.2.1: byKey is the SHA-1 of the responder's public key.
        self._responder = tlv(context(2), tlv(OCTET_STRING, _sha1(_public_key_bits(certificate))))
        self._certificates = tlv(context(0), tlv(SEQUENCE, certificate.public_bytes(Encoding.DER)))
        self._signature_algorithm = signature_algorithm(signer.algorithm)

    def respond(self, connection: Connection, request: bytes, *, at: datetime) -> OcspAnswer:
        """Answer a DER OCSPRequest; whatever is wrong with it is an answer too."""
        at = whole_seconds(at)
        if not self._from <= at < self._until:
            return _refusal(ResponseStatus.TRY_LATER, at)
        try:
            asked = self._parse(request)
        except ValueError:
            return _refusal(ResponseStatus.MALFORMED_REQUEST, at)
        except LookupError:
            return _refusal(ResponseStatus.UNAUTHORIZED, at)
        return self._answer(asked, self._find(connection, asked.serial_number), at)

    def presign(self, issued: IssuedCertificate, *, at: datetime, hash_name: str = "sha256") -> OcspAnswer:
        """An answer about one certificate, to be published or put into a document.

        Raises:
            AuthorityExpired: `at` is outside the validity of the responder's certificate.
        """
        at = whole_seconds(at)
        if not self._from <= at < self._until:
            raise AuthorityExpired(name="ocsp")
        asked = _Asked(hash_name=hash_name, serial_number=issued.serial_number, nonce=None)
        return self._answer(asked, issued, at)

    def _find(self, connection: Connection, serial: int) -> IssuedCertificate | None:
        """The certificate, if this issuer issued it: another authority's serial number is unknown here."""
        try:
            issued = load_certificate(connection, serial)
        except CertificateNotFound:
            return None
        return issued if issued.issuer == self._issuer_name else None

    def _answer(self, asked: _Asked, issued: IssuedCertificate | None, at: datetime) -> OcspAnswer:
        next_update = min(at + LASTS, self._until)
        single = tlv(
            SEQUENCE,
            self._certificate_id(asked),
            _certificate_status(issued, at),
            tlv(GENERALIZED_TIME, generalized_time(at)),
            tlv(context(0), tlv(GENERALIZED_TIME, generalized_time(next_update))),
        )
        data = tlv(
            SEQUENCE,
            self._responder,
            tlv(GENERALIZED_TIME, generalized_time(at)),
            tlv(SEQUENCE, single),
            _nonce_extension(asked.nonce),
        )
        signature = tlv(BIT_STRING, b"\0", self._signer.sign(data, purpose=Purpose.OCSP))
        basic = tlv(SEQUENCE, data, self._signature_algorithm, signature, self._certificates)
        return OcspAnswer(
            der=_response(ResponseStatus.SUCCESSFUL, basic),
            status=ResponseStatus.SUCCESSFUL,
            this_update=at,
            next_update=None if asked.nonce is not None else next_update,
        )

    def _certificate_id(self, asked: _Asked) -> bytes:
        name, key = self._issuer_hashes[asked.hash_name]
        algorithm = SHA1 if asked.hash_name == "sha1" else digest_algorithm(asked.hash_name)
        return tlv(
            SEQUENCE, algorithm, tlv(OCTET_STRING, name), tlv(OCTET_STRING, key), integer(asked.serial_number)
        )

    def _parse(self, request: bytes) -> _Asked:
        """Read the request.

        Raises:
            ValueError: malformed, too long, about several certificates, an unknown critical extension.
            LookupError: about another issuer, or by another hash.
        """
        if len(request) > MAX_REQUEST_OCTETS:
            msg = "the request is too long"
            raise ValueError(msg)
        try:
            parsed = ocsp.load_der_ocsp_request(request)
            hash_name, serial, nonce = parsed.hash_algorithm.name, parsed.serial_number, _nonce(parsed)
        except NotImplementedError as error:
            # RFC 5019 §2.1.1: one certificate a request.
            raise ValueError(str(error)) from error
        except UnsupportedAlgorithm as error:
            raise LookupError(str(error)) from error
        if self._issuer_hashes.get(hash_name) != (parsed.issuer_name_hash, parsed.issuer_key_hash):
            msg = "another issuer"
            raise LookupError(msg)
        return _Asked(hash_name=hash_name, serial_number=serial, nonce=nonce)


def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
    nonce: bytes | None = None
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            nonce = extension.value.nonce
            if not 1 <= len(nonce) <= MAX_NONCE_OCTETS:
                msg = "nonce of a forbidden length (RFC 9654 §2.1)"
                raise ValueError(msg)
        elif extension.critical:
            msg = "unknown critical extension"
            raise ValueError(msg)
    return nonce


def _nonce_extension(nonce: bytes | None) -> bytes:
    if nonce is None:
        return b""
    value = tlv(OCTET_STRING, tlv(OCTET_STRING, nonce))
    return tlv(context(1), tlv(SEQUENCE, tlv(SEQUENCE, NONCE, value)))


def _certificate_status(issued: IssuedCertificate | None, at: datetime) -> bytes:
    """CertStatus (RFC 6960 §4.2.1)."""
    if issued is None:
        return tlv(context(2, constructed=False))
    if issued.revoked_at is None or issued.reason is None or at < issued.revoked_at:
        return tlv(context(0, constructed=False))
    reason = b""
    if issued.reason is not RevocationReason.UNSPECIFIED:
        reason = tlv(context(0), tlv(ENUMERATED, bytes((issued.reason.code,))))
    return tlv(context(1), tlv(GENERALIZED_TIME, generalized_time(issued.revoked_at)), reason)


def _response(status: ResponseStatus, basic: bytes) -> bytes:
    body = tlv(context(0), tlv(SEQUENCE, BASIC_RESPONSE, tlv(OCTET_STRING, basic))) if basic else b""
    return tlv(SEQUENCE, tlv(ENUMERATED, bytes((status,))), body)


def _refusal(status: ResponseStatus, at: datetime) -> OcspAnswer:
    return OcspAnswer(der=_response(status, b""), status=status, this_update=at, next_update=None)


def _public_key_bits(certificate: x509.Certificate) -> bytes:
    """The subjectPublicKey BIT STRING without tag, length and unused-bits octet (RFC 6960 §4.1.1)."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fields = parse_sequence(info)
    fields.skip(SEQUENCE)
    return fields.read(BIT_STRING)[1:]


def _sha1(data: bytes) -> bytes:
    # An identifier fixed by the protocol, not a protection.
    return hashlib.sha1(data, usedforsecurity=False).digest()
