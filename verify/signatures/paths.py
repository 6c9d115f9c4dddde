"""The search for a path from a certificate to a root of ours (RFC 5280 §6, without its policies).

Strangers choose the candidates, so every search is bounded before anything is verified: which
certificates may stand in a path at all, how many, how deep, and how many signatures it may cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from verify.signatures.algorithms import MIN_RSA_BITS
from verify.signatures.extensions import extension_of

# Of authorities that a file brings: what costs more to verify than any that we certify.
MAX_AUTHORITY_RSA_BITS = 4096
AUTHORITY_RSA_EXPONENT = 65537


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A certificate and what leads from it to a root."""

    leaf: x509.Certificate
    above: tuple[x509.Certificate, ...]  # issuer first, root last

    @property
    def steps(self) -> Iterable[tuple[x509.Certificate, x509.Certificate]]:
        """Each certificate below the root, with its issuer."""
        return zip((self.leaf, *self.above), self.above, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of RFC 5280 a path may use. The defaults are our authority's; NIST's test suite needs more."""

    intermediates: int = 2
    rsa_bits: int = MIN_RSA_BITS
    verifications: int = 16  # of signatures, in one search for a path


OUR_LIMITS = Limits()


def find_path(
    leaf: x509.Certificate,
    *,
    roots: tuple[x509.Certificate, ...],
    candidates: tuple[x509.Certificate, ...],
    limits: Limits = OUR_LIMITS,
) -> Path | None:
    """The path from `leaf` over `candidates` to one of `roots`; None where there is none."""
    search = _Search(roots=roots, candidates=candidates, left=limits.verifications)
    above = search.climb(leaf, limits.intermediates)
    return None if above is None else Path(leaf=leaf, above=above)


@dataclass(slots=True)
class _Search:
    """One search for a path. Strangers choose its candidates, so it ends after few verifications."""

    roots: tuple[x509.Certificate, ...]
    candidates: tuple[x509.Certificate, ...]
    left: int  # verifications

    def climb(self, certificate: x509.Certificate, depth: int) -> tuple[x509.Certificate, ...] | None:
        """The path above `certificate`, with at most `depth` certificates below the root."""
        for root in self.roots:
            if self._issued(certificate, root):
                return (root,)
        if depth == 0:
            return None
        for candidate in self.candidates:
            if candidate != certificate and self._issued(certificate, candidate):
                above = self.climb(candidate, depth - 1)
                if above is not None:
                    return (candidate, *above)
        return None

    def _issued(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        if certificate.issuer != issuer.subject or self.left == 0:
            return False
        self.left -= 1
        return verify_issued(certificate, issuer)


def verify_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the key of `issuer` signed `certificate`."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def may_issue(certificate: x509.Certificate, limits: Limits) -> bool:
    """Whether it is an authority with a key of a kind that ours have; decided without verifying anything."""
    try:
        constraints = extension_of(certificate, x509.BasicConstraints)
        public_key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    if constraints is None or not constraints.ca:
        return False
    match public_key:
        case ec.EllipticCurvePublicKey(curve=curve):
            return isinstance(curve, ec.SECP256R1 | ec.SECP384R1)
        case rsa.RSAPublicKey(key_size=size):
            is_ours = public_key.public_numbers().e == AUTHORITY_RSA_EXPONENT
            return is_ours and limits.rsa_bits <= size <= MAX_AUTHORITY_RSA_BITS
        case _:
            return False
