"""The rows of the profile table that speak of keys: which are certified, and which are too weak.

Never Ed25519 nor ML-DSA: several PDF validators call both "corrupted", and `openssl ts` refuses them.
"""

from collections.abc import Collection
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ca.errors import ProfileViolation
from ca.weak_keys import weakness_of

SHORTEST_RSA, LONGEST_RSA = 3072, 4096  # bits
RSA_EXPONENT = 65537


class KeyKind(StrEnum):
    """What a certified key may be."""

    P256 = "P-256"
    P384 = "P-384"
    RSA = f"RSA {SHORTEST_RSA} to {LONGEST_RSA} bits"


def check_key(key: object, kinds: Collection[KeyKind]) -> None:
    """Compare a public key with the kinds of its profile.

    Raises:
        ProfileViolation: of another kind, or of a kind that is accepted and weak.
    """
    kind = _kind(key)
    if kind not in kinds:
        raise ProfileViolation(field="public key", rule=f"{' or '.join(kinds)}, not {kind}")
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        if numbers.e != RSA_EXPONENT:
            raise ProfileViolation(field="public key", rule=f"RSA with the exponent {RSA_EXPONENT}")
        weakness = weakness_of(numbers.n)
        if weakness is not None:
            raise ProfileViolation(field="public key", rule=f"an RSA modulus without a weakness ({weakness})")


def _kind(key: object) -> KeyKind | str:
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return KeyKind.P256
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return KeyKind.P384
        case ec.EllipticCurvePublicKey(curve=curve):
            return curve.name
        case rsa.RSAPublicKey(key_size=size) if SHORTEST_RSA <= size <= LONGEST_RSA:
            return KeyKind.RSA
        case rsa.RSAPublicKey(key_size=size):
            return f"RSA of {size} bits"
        case _:
            return type(key).__name__.removesuffix("PublicKey").lstrip("_")
