"""A key that signs and is never seen: its purpose, its algorithm, its public half.

A key has one purpose, stated when it is made and enforced at every use: a key
that seals documents cannot sign a certificate, whatever the caller intends. The
caller states the purpose it has in mind, and the signer refuses any other.
"""

from enum import StrEnum
from typing import Protocol, TypeAlias, assert_never, runtime_checkable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from keys.errors import WrongPurpose

PublicKey: TypeAlias = (
    ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey
)


class Purpose(StrEnum):
    """What a key is for."""

    ROOT = "root"  # certificates and CRLs of the root
    ISSUING = "issuing"  # certificates and CRLs of the issuing CA
    SEAL = "seal"  # the agency's electronic seal on documents
    OFFICER = "officer"  # the signature of one officer
    OCSP = "ocsp"
    TIMESTAMP = "timestamp"
    SEAL_CODE = "seal-code"  # the QR on documents
    STATUS = "status"  # status lists
    TRUST_LIST = "trust-list"
    LOG = "log"  # heads of the audit chain
    ANSWER = "answer"  # answers to whoever has documents verified here


class Algorithm(StrEnum):
    """What a key signs with; the hash is fixed by the algorithm."""

    P256 = "P-256"  # ECDSA with SHA-256: the default
    P384 = "P-384"  # ECDSA with SHA-384: the root
    RSA3072 = "RSA-3072"  # PKCS #1 v1.5 with SHA-256
    ED25519 = "Ed25519"  # never a PDF's only signature: some validators call it corrupted
    ML_DSA_65 = "ML-DSA-65"  # FIPS 204, pure, no context; never a certificate's or a PDF's key


@runtime_checkable
class Signer(Protocol):
    """A private key lent for signing. Every implementation may be used by many threads at once."""

    @property
    def key_id(self) -> str:
        """The identifier under which custody holds the key."""
        ...

    @property
    def purpose(self) -> Purpose:
        """The one purpose of this key."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        ...

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign `data` (the data, not its digest).

        ECDSA signatures are DER `Ecdsa-Sig-Value` (RFC 3279 §2.2.3).

        Raises:
            WrongPurpose: `purpose` is not the purpose of this key.
            KeyUnavailable: the backend did not answer; safe to retry.
        """
        ...


def require_purpose(signer: Signer, asked: Purpose) -> None:
    """The rule that every implementation of `Signer.sign` applies first.

    Raises:
        WrongPurpose: `asked` is not the signer's purpose.
    """
    if signer.purpose is not asked:
        raise WrongPurpose(key_id=signer.key_id, purpose=signer.purpose.value, asked=asked.value)


def hash_of(algorithm: Algorithm) -> hashes.SHA256 | hashes.SHA384 | None:
    """The hash that goes with an algorithm; None where the scheme has its own."""
    match algorithm:
        case Algorithm.P256 | Algorithm.RSA3072:
            return hashes.SHA256()
        case Algorithm.P384:
            return hashes.SHA384()
        case Algorithm.ED25519 | Algorithm.ML_DSA_65:
            return None
        case _:
            assert_never(algorithm)
