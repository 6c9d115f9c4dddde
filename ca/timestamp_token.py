"""The form of a time-stamp token (RFC 3161 §2.4.2, RFC 5652, RFC 5816), with what changes left open.

Every document needs a token, so none is built from objects: what never changes is encoded
once, and imprint, serial number, time, nonce, digest and signature are put into their slots.
`ca.timestamp_lint` compares the form with what another library writes before a key uses it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.algorithms import DIGEST_OCTETS, digest_algorithm, signature_algorithm
from ca.clock import fractional_time
from ca.timestamp_policy import TimeStampPolicy
from keys.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    SET,
    context,
    integer,
    object_identifier,
    tlv,
)
from keys.signer import Algorithm

SIGNED_DATA = object_identifier("1.2.840.113549.1.7.2")
TST_INFO = object_identifier("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE = object_identifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = object_identifier("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = object_identifier("1.2.840.113549.1.9.16.2.47")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What is put into the slots of a TSTInfo."""

    policy: TimeStampPolicy
    message_imprint: bytes  # DER MessageImprint
    serial_number: int
    at: datetime
    nonce: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A token that lacks its signature."""

    info: bytes  # DER TSTInfo
    attributes: bytes  # the signed attributes without tag and length

    @property
    def to_be_signed(self) -> bytes:
        """RFC 5652 §5.4: signed as SET OF, sent as [0] IMPLICIT; only the tag differs."""
        return tlv(SET, self.attributes)


class TokenForm:
    """What all tokens of one unit have in common."""

    def __init__(
        self,
        algorithm: Algorithm,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        policies: Sequence[TimeStampPolicy],
    ) -> None:
        """`chain` are further certificates to put into tokens, beside the unit's own."""
        self.algorithm = algorithm
        self.digest_name = "sha384" if algorithm is Algorithm.P384 else "sha256"
        self._signature_algorithm = signature_algorithm(algorithm)
        self._policies: Mapping[str, tuple[bytes, bytes]] = {
            policy.oid: (object_identifier(policy.oid), _accuracy_and_ordering(policy)) for policy in policies
        }
        self._open_attributes(certificate)
        digest = digest_algorithm(self.digest_name)
        issuer_and_serial = tlv(
            SEQUENCE, certificate.issuer.public_bytes(), integer(certificate.serial_number)
        )
        self._signer_head = integer(1) + issuer_and_serial + digest
        self._signed_data_head = integer(3) + tlv(SET, digest)
        # X.690 §11.6: a SET OF stands in the order of its encodings.
        ders = sorted({each.public_bytes(Encoding.DER) for each in (certificate, *chain)})
        self._certificates = tlv(context(0), *ders)

    def draft(self, facts: TokenFacts) -> Draft:
        """Everything but the signature."""
        policy, accuracy_and_ordering = self._policies[facts.policy.oid]
        info = tlv(
            SEQUENCE,
            _VERSION,
            policy,
            facts.message_imprint,
            integer(facts.serial_number),
            tlv(GENERALIZED_TIME, fractional_time(facts.at)),
            accuracy_and_ordering,
            b"" if facts.nonce is None else integer(facts.nonce),
        )
        digest = tlv(OCTET_STRING, hashlib.new(self.digest_name, info).digest())
        return Draft(info=info, attributes=self._attributes_head + digest + self._attributes_tail)

    def complete(self, draft: Draft, signature: bytes, *, with_certificates: bool) -> bytes:
        """The token, a DER ContentInfo."""
        signer_info = tlv(
            SEQUENCE,
            self._signer_head,
            tlv(context(0), draft.attributes),
            self._signature_algorithm,
            tlv(OCTET_STRING, signature),
        )
        content = tlv(SEQUENCE, TST_INFO, tlv(context(0), tlv(OCTET_STRING, draft.info)))
        certificates = self._certificates if with_certificates else b""
        signed = tlv(SEQUENCE, self._signed_data_head, content, certificates, tlv(SET, signer_info))
        return tlv(SEQUENCE, SIGNED_DATA, tlv(context(0), signed))

    def _open_attributes(self, certificate: x509.Certificate) -> None:
        """The signed attributes before and behind the digest of the TSTInfo."""
        # RFC 5816 §2.2.1: hashAlgorithm is left out, being SHA-256; issuerSerial is optional.
        named = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        identifier = tlv(SEQUENCE, tlv(SEQUENCE, tlv(OCTET_STRING, named)))
        content_type = _attribute(CONTENT_TYPE, TST_INFO)
        signing_certificate = _attribute(SIGNING_CERTIFICATE_V2, tlv(SEQUENCE, identifier))
        slot = tlv(OCTET_STRING, bytes(DIGEST_OCTETS[self.digest_name]))
        message_digest = _attribute(MESSAGE_DIGEST, slot)
        # X.690 §11.6: SET OF in the order of encodings, which the digest's octets do not change.
        joined = b"".join(sorted((content_type, message_digest, signing_certificate)))
        at = joined.index(slot)
        self._attributes_head, self._attributes_tail = joined[:at], joined[at + len(slot) :]


def message_imprint(digest: bytes, hash_name: str) -> bytes:
    """DER MessageImprint (RFC 3161 §2.4.1)."""
    return tlv(SEQUENCE, digest_algorithm(hash_name), tlv(OCTET_STRING, digest))


def _attribute(oid: bytes, value: bytes) -> bytes:
    return tlv(SEQUENCE, oid, tlv(SET, value))


def _accuracy_and_ordering(policy: TimeStampPolicy) -> bytes:
    """Accuracy, its zero parts left out; `ordering` only where TRUE, being FALSE by default."""
    seconds, microseconds = policy.accuracy.seconds, policy.accuracy.microseconds
    millis, micros = divmod(microseconds, 1000)
    parts = (
        integer(seconds) if seconds else b"",
        # IMPLICIT INTEGER: the tag alone differs (RFC 3161, appendix on ASN.1).
        bytes((context(0, constructed=False),)) + integer(millis)[1:] if millis else b"",
        bytes((context(1, constructed=False),)) + integer(micros)[1:] if micros else b"",
    )
    return tlv(SEQUENCE, *parts) + (tlv(BOOLEAN, b"\xff") if policy.ordering else b"")


_VERSION = integer(1)
