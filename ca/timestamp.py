"""Time-stamp tokens (RFC 3161, with ESSCertIDv2 of RFC 5816).

Every document needs one, so a token is not built from objects: the parts that never
change are encoded once, and only imprint, serial number, time, nonce, digest and
signature are spliced in.

Tokens are not ordered (`ordering` is absent, thus FALSE) and are right to a second.
A token is refused when the clock cannot be trusted: it raises, it has gone back
by more than the stated accuracy, or it stands outside the certificate's validity.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.algorithms import DIGEST_OCTETS, digest_algorithm, signature_algorithm
from ca.clock import Clock, generalized_time, whole_seconds
from ca.errors import ProfileViolation
from ca.profiles import TIMESTAMP_POLICY
from ca.timestamp_request import (
    Failure,
    RequestRefused,
    TimeStampRequest,
    encode_refusal,
    parse_time_stamp_request,
)
from keys.der import (
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    SET,
    context,
    integer,
    object_identifier,
    tlv,
)
from keys.errors import KeyCustodyError
from keys.signer import Algorithm, Purpose, Signer

SIGNED_DATA = object_identifier("1.2.840.113549.1.7.2")
TST_INFO = object_identifier("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE = object_identifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = object_identifier("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = object_identifier("1.2.840.113549.1.9.16.2.47")
ACCURACY = timedelta(seconds=1)
GRANTED = tlv(SEQUENCE, integer(0))
SERIAL_BITS = 127


def random_token_serial() -> int:
    """Unique without a counter on disk: 128 bits of which 127 are random (RFC 3161 §2.4.2: up to 160)."""
    return 1 << SERIAL_BITS | secrets.randbits(SERIAL_BITS)


class TimeStamper:
    """One time-stamping unit: a key, its certificate, a policy and a clock. Safe for many threads."""

    def __init__(
        self,
        signer: Signer,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        policy: str = TIMESTAMP_POLICY,
        *,
        clock: Clock,
        serial_source: Callable[[], int] = random_token_serial,
    ) -> None:
        """Encode what never changes.

        `chain` are further certificates to put into tokens, beside the unit's own.

        Raises:
            ProfileViolation: not a time-stamping certificate, not this key's, or an Ed25519 key.
        """
        _check(signer, certificate)
        self.certificate = certificate
        self._signer = signer
        self._clock = clock
        self._serial_source = serial_source
        self._policy = object_identifier(policy)
        self._from, self._until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        self._latest = self._from
        self._lock = threading.Lock()
        self._prepare(certificate, chain)

    def respond(self, request: bytes) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp: a token, or a refusal. Never raises."""
        try:
            asked = parse_time_stamp_request(request)
            return tlv(SEQUENCE, GRANTED, self._token(asked))
        except RequestRefused as refused:
            return encode_refusal(refused)
        except KeyCustodyError:
            return encode_refusal(
                RequestRefused(Failure.SYSTEM_FAILURE, "the key does not answer; try again")
            )

    def token(
        self,
        message_imprint: bytes,
        hash_name: str = "sha256",
        nonce: int | None = None,
        *,
        with_certificate: bool = True,
    ) -> bytes:
        """A token (DER ContentInfo) over a digest that is already made.

        Raises:
            RequestRefused: an unlisted hash, a digest of another length, or an untrusted clock.
            KeyUnavailable: the key did not answer; safe to retry.
        """
        if len(message_imprint) != DIGEST_OCTETS.get(hash_name):
            raise RequestRefused(Failure.BAD_ALGORITHM, f"not a {hash_name} digest that is accepted")
        imprint = tlv(SEQUENCE, digest_algorithm(hash_name), tlv(OCTET_STRING, message_imprint))
        return self._token(
            TimeStampRequest(
                message_imprint=imprint, policy=None, nonce=nonce, wants_certificate=with_certificate
            )
        )

    def _token(self, asked: TimeStampRequest) -> bytes:
        if asked.policy is not None and asked.policy != self._policy[2:]:
            raise RequestRefused(Failure.UNACCEPTED_POLICY, "this policy is not offered")
        info = self._info(asked, self._trusted_time())
        digest = tlv(OCTET_STRING, hashlib.new(self._digest_name, info).digest())
        attributes = self._attributes_head + digest + self._attributes_tail
        # RFC 5652 §5.4: signed as SET OF, sent as [0] IMPLICIT; only the tag differs.
        signature = self._signer.sign(tlv(SET, attributes), purpose=Purpose.TIMESTAMP)
        signer_info = tlv(
            SEQUENCE,
            self._signer_head,
            tlv(context(0), attributes),
            self._signature_algorithm,
            tlv(OCTET_STRING, signature),
        )
        content = tlv(SEQUENCE, TST_INFO, tlv(context(0), tlv(OCTET_STRING, info)))
        certificates = self._certificates if asked.wants_certificate else b""
        signed = tlv(SEQUENCE, self._signed_data_head, content, certificates, tlv(SET, signer_info))
        return tlv(SEQUENCE, SIGNED_DATA, tlv(context(0), signed))

    def _info(self, asked: TimeStampRequest, at: datetime) -> bytes:
        """TSTInfo (RFC 3161 §2.4.2); `ordering` FALSE and `tsa` are left out."""
        return tlv(
            SEQUENCE,
            integer(1),
            self._policy,
            asked.message_imprint,
            integer(self._serial_source()),
            tlv(GENERALIZED_TIME, generalized_time(at)),
            _ACCURACY,
            b"" if asked.nonce is None else integer(asked.nonce),
        )

    def _trusted_time(self) -> datetime:
        try:
            now = whole_seconds(self._clock())
        except Exception as error:
            # Whatever keeps the time from being known, the answer is the same one.
            raise RequestRefused(Failure.TIME_NOT_AVAILABLE, "the time is not known") from error
        if not self._from <= now <= self._until:
            raise RequestRefused(
                Failure.TIME_NOT_AVAILABLE, "the clock stands outside the certificate's validity"
            )
        with self._lock:
            if now < self._latest - ACCURACY:
                raise RequestRefused(Failure.TIME_NOT_AVAILABLE, "the clock has gone back")
            self._latest = max(self._latest, now)
        return now

    def _prepare(self, certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> None:
        algorithm = self._signer.algorithm
        self._digest_name = "sha384" if algorithm is Algorithm.P384 else "sha256"
        self._signature_algorithm = signature_algorithm(algorithm)
        digest = digest_algorithm(self._digest_name)
        der = certificate.public_bytes(Encoding.DER)
        # RFC 5816 §2.2.1: hashAlgorithm is left out, being SHA-256; issuerSerial is optional.
        identifier = tlv(SEQUENCE, tlv(SEQUENCE, tlv(OCTET_STRING, hashlib.sha256(der).digest())))
        content_type = _attribute(CONTENT_TYPE, TST_INFO)
        signing_certificate = _attribute(SIGNING_CERTIFICATE_V2, tlv(SEQUENCE, identifier))
        placeholder = tlv(OCTET_STRING, bytes(DIGEST_OCTETS[self._digest_name]))
        message_digest = _attribute(MESSAGE_DIGEST, placeholder)
        # X.690 §11.6: SET OF in the order of encodings, which the digest's octets do not change.
        joined = b"".join(sorted((content_type, message_digest, signing_certificate)))
        at = joined.index(placeholder)
        self._attributes_head, self._attributes_tail = joined[:at], joined[at + len(placeholder) :]
        issuer_and_serial = tlv(
            SEQUENCE, certificate.issuer.public_bytes(), integer(certificate.serial_number)
        )
        self._signer_head = integer(1) + issuer_and_serial + digest
        self._signed_data_head = integer(3) + tlv(SET, digest)
        ders = sorted({der, *(other.public_bytes(Encoding.DER) for other in chain)})
        self._certificates = tlv(context(0), *ders)


def _attribute(oid: bytes, value: bytes) -> bytes:
    return tlv(SEQUENCE, oid, tlv(SET, value))


def _check(signer: Signer, certificate: x509.Certificate) -> None:
    extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ProfileViolation(field="extendedKeyUsage", rule="timeStamping only, critical (RFC 3161 §2.3)")
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*form) != signer.public_key.public_bytes(*form):
        raise ProfileViolation(field="public key", rule="that of the signer")
    if signer.algorithm is Algorithm.ED25519:
        raise ProfileViolation(
            field="public key", rule="ECDSA or RSA: common verifiers refuse Ed25519 tokens"
        )


_ACCURACY = tlv(SEQUENCE, integer(int(ACCURACY.total_seconds())))
