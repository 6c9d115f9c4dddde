"""What a backend answers is believed when it verifies.

A token or a key service is another machine: it can be exchanged for another of the
same name, lose power between two halves of an answer, or miscalculate. A faulty RSA
signature even gives the key away (Boneh, DeMillo, Lipton 1997), so none leaves.
"""

from typing import ClassVar, Literal, Protocol, assert_never, cast, runtime_checkable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

from keys.errors import SignatureFaulty
from keys.signer import Algorithm, PublicKey


@runtime_checkable
class ProvesSignatures(Protocol):
    """A signer that verifies each answer under its own `public_key` before anybody has it."""

    proves_signatures: ClassVar[Literal[True]]


def require_signature(
    signature: bytes, data: bytes, *, key_id: str, algorithm: Algorithm, public_key: PublicKey
) -> None:
    """Assert that `signature` is one of `data` by this key.

    Raises:
        SignatureFaulty: it is not.
    """
    try:
        verify_signature(signature, data, algorithm=algorithm, public_key=public_key)
    except InvalidSignature as error:
        raise SignatureFaulty(key_id=key_id, reason="it does not verify") from error


def verify_signature(signature: bytes, data: bytes, *, algorithm: Algorithm, public_key: PublicKey) -> None:
    """Verify with the scheme of `algorithm`; the public key must be one of that kind.

    Raises:
        InvalidSignature: anything else than a signature of these bytes by this key.
    """
    match algorithm:
        case Algorithm.P256:
            cast("ec.EllipticCurvePublicKey", public_key).verify(signature, data, _ECDSA_SHA256)
        case Algorithm.P384:
            cast("ec.EllipticCurvePublicKey", public_key).verify(signature, data, _ECDSA_SHA384)
        case Algorithm.RSA3072:
            cast("rsa.RSAPublicKey", public_key).verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        case Algorithm.ED25519:
            cast("ed25519.Ed25519PublicKey", public_key).verify(signature, data)
        case Algorithm.ML_DSA_65:
            cast("mldsa.MLDSA65PublicKey", public_key).verify(signature, data)
        case _:
            assert_never(algorithm)


def algorithm_of(public_key: object) -> Algorithm | None:
    """The algorithm that goes with a public key; None for a key of a kind that we do not use."""
    match public_key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return Algorithm.P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return Algorithm.P384
        case rsa.RSAPublicKey(key_size=3072):
            return Algorithm.RSA3072
        case ed25519.Ed25519PublicKey():
            return Algorithm.ED25519
        case mldsa.MLDSA65PublicKey():
            return Algorithm.ML_DSA_65
        case _:
            return None


_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())
_ECDSA_SHA384 = ec.ECDSA(hashes.SHA384())
