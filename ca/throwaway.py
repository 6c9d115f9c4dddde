"""Keys that sign drafts and nothing else.

What is to be signed is built and linted first under a key of the same kind that nobody
trusts, so that the draft's bytes are the final ones and a fault is found before the real
key is used. Made once a process, never stored, never certified.
"""

from functools import lru_cache
from typing import assert_never

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ca.errors import ProfileViolation
from keys.signer import Algorithm, PublicKey, Purpose, require_purpose

RSA_BITS, RSA_EXPONENT = 3072, 65537


class ThrowawaySigner:
    """Signs drafts in the stead of a `keys.signer.Signer` of this algorithm and purpose."""

    key_id = "throwaway"

    def __init__(self, algorithm: Algorithm, purpose: Purpose) -> None:
        """Take the process's throwaway key of this kind.

        Raises:
            ProfileViolation: certificates and lists are not signed with this algorithm.
        """
        self.algorithm, self.purpose = algorithm, purpose
        self._key = _key(algorithm)

    @property
    def public_key(self) -> PublicKey:
        """The public half, under which the draft verifies and nothing else."""
        return self._key.public_key()

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign a draft.

        Raises:
            WrongPurpose: `purpose` is not the purpose of the key that it stands for.
        """
        require_purpose(self, purpose)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        digest = hashes.SHA384() if self.algorithm is Algorithm.P384 else hashes.SHA256()
        return self._key.sign(data, ec.ECDSA(digest))


@lru_cache(maxsize=len(Algorithm))
def _key(algorithm: Algorithm) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    match algorithm:
        case Algorithm.P256:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.P384:
            return ec.generate_private_key(ec.SECP384R1())
        case Algorithm.RSA3072:
            return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
        case Algorithm.ED25519 | Algorithm.ML_DSA_65:
            raise ProfileViolation(field="signature algorithm", rule="ECDSA or RSA")
        case _:
            assert_never(algorithm)
