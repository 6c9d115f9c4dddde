"""Which algorithms can be relied on, and until when (EN 319 102-1 §5.1.4.2, cryptographic constraints).

What was signed with an algorithm that has weakened since still counts, if a time-stamp proves that
it existed before (§5.6.3). So every signature is measured at the instant that is proven for it.
Whoever renews archives reads the same table, and renews before the day.

The table follows ETSI TS 119 312 and the SOG-IS list of agreed mechanisms, which set no end for any
of these. NIST IR 8547 (draft) would have all of them end with 2035: a date to be put here once it binds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# The first instant at which an algorithm no longer counts; None: none is known.
AGREED: Mapping[str, datetime | None] = {
    "sha256": None,
    "sha384": None,
    "sha512": None,
    "ecdsa-p256": None,
    "ecdsa-p384": None,
    "ecdsa-p521": None,
    "rsa-3072": None,
}
MIN_RSA_BITS = 3072  # TS 119 312, usable beyond 2028


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
    return frozenset({of_key(certificate), digest.name if digest else "none"})


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
