"""Which algorithms can be relied on, and until when (EN 319 102-1 §5.1.4.2, cryptographic constraints).

What was signed with an algorithm that has weakened since still counts, if a time-stamp proves that
it existed before (§5.6.3). So every signature is measured at the instant that is proven for it.
Whoever renews archives reads the same table, and renews before the day.

The table is that of ETSI TS 119 312 v1.5.1, as ETSI publishes it for machines (issued 2024-10-13; EU DSS
carries it too). It follows the SOG-IS list of agreed mechanisms: what is *recommended* there has no end,
what is *legacy* ends with 2028. Stricter than the table is what our authority never uses: RSA below 3072
bits (legacy there), SHA-3 and RSA-PSS in signatures (recommended there). NIST IR 8547 (draft) would have all
of these end with 2035: a date to be put here once it binds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import SignatureAlgorithmOID

RSA_PKCS1 = "rsassa_pkcs1v15"
# TS 119 312 v1.5.1: until 2028-12-31T23:59:59.999+01:00, whatever the length of the key.
_END_OF_LEGACY = datetime(2028, 12, 31, 23, tzinfo=UTC)
# The first instant at which an algorithm no longer counts; None: none is known.
AGREED: Mapping[str, datetime | None] = {
    "sha256": None,
    "sha384": None,
    "sha512": None,
    "ecdsa-p256": None,
    "ecdsa-p384": None,
    "ecdsa-p521": None,
    "rsa-3072": None,
    RSA_PKCS1: _END_OF_LEGACY,
}
MIN_RSA_BITS = 3072  # TS 119 312: shorter ones are legacy too


_PKCS1_SIGNATURES = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithms:
    """A dated list. What is not on it never counts."""

    ends: Mapping[str, datetime | None] = field(default_factory=lambda: AGREED)

    def weak(self, names: frozenset[str], at: datetime) -> str | None:
        """The first of `names` that cannot be relied on at `at`; None where all can."""
        for name in sorted(names):
            if name not in self.ends:
                return name
            end = self.ends[name]
            if end is not None and at >= end:
                return name
        return None

    def end(self, names: frozenset[str]) -> datetime | None:
        """When the first of them weakens; None where none is known to."""
        return min((end for name in names if (end := self.ends.get(name)) is not None), default=None)


def of_certificate(certificate: x509.Certificate) -> frozenset[str]:
    """The algorithms that a certificate's own signature and its key stand for."""
    digest = certificate.signature_hash_algorithm
    padding = {RSA_PKCS1} if certificate.signature_algorithm_oid in _PKCS1_SIGNATURES else set()
    return frozenset({of_key(certificate), digest.name if digest else "none", *padding})


def of_key(certificate: x509.Certificate) -> str:
    """The algorithm of a certificate's key, as the table names it."""
    match certificate.public_key():
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return "ecdsa-p256"
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return "ecdsa-p384"
        case ec.EllipticCurvePublicKey(curve=ec.SECP521R1()):
            return "ecdsa-p521"
        case rsa.RSAPublicKey(key_size=size) if size >= MIN_RSA_BITS:
            return "rsa-3072"
        case _:
            return "another kind of key"


def strong_hash(algorithm: hashes.HashAlgorithm | None) -> bool:
    """Whether revocation data may be signed with it at all."""
    return isinstance(algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512)
