"""A `Signer` in the clothes of cryptography's private keys.

The builders of certificates, CRLs and OCSP responses accept any subclass of the
private-key classes: this is the one seam through which software, PKCS #11 and
key-service custody sign what those builders write. Whatever would reveal or
copy the key raises `UnsupportedUse`.
"""

from typing import Any, NoReturn, TypeAlias, assert_never

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from keys.errors import UnsupportedUse
from keys.signer import Algorithm, Purpose, Signer, hash_of

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def as_private_key(signer: Signer, *, purpose: Purpose) -> PrivateKey:
    """A private-key object that signs by `signer`, for `purpose` only.

    Raises:
        UnsupportedUse: an ML-DSA key, which signs neither certificates nor documents here.
    """
    match signer.algorithm:
        case Algorithm.P256 | Algorithm.P384:
            return _LentEllipticCurveKey(signer, purpose)
        case Algorithm.RSA3072:
            return _LentRsaKey(signer, purpose)
        case Algorithm.ED25519:
            return _LentEd25519Key(signer, purpose)
        case Algorithm.ML_DSA_65:
            raise UnsupportedUse(
                key_id=signer.key_id, reason="ML-DSA signs no certificate, CRL or OCSP response"
            )
        case _:
            assert_never(signer.algorithm)


class _Lent:
    """What the three kinds share: a signer, a purpose, and refusals."""

    def __init__(self, signer: Signer, purpose: Purpose) -> None:
        self._signer = signer
        self._purpose = purpose

    def _sign(self, data: bytes, asked: object) -> bytes:
        own = hash_of(self._signer.algorithm)
        if own is not None and not (isinstance(asked, hashes.HashAlgorithm) and asked.name == own.name):
            self._refuse(f"it signs with {own.name} only")
        return self._signer.sign(bytes(data), purpose=self._purpose)

    def _refuse(self, reason: str) -> NoReturn:
        raise UnsupportedUse(key_id=self._signer.key_id, reason=reason)

    @property
    def key_size(self) -> int:
        """Bits of the public key."""
        public: Any = self._signer.public_key
        return int(public.key_size)

    def private_numbers(self) -> NoReturn:
        """Refused: the key never leaves its custody."""
        self._refuse("it never leaves its custody")

    def private_bytes(self, *_: object, **__: object) -> NoReturn:
        """Refused: the key never leaves its custody."""
        self._refuse("it never leaves its custody")

    def private_bytes_raw(self) -> NoReturn:
        """Refused: the key never leaves its custody."""
        self._refuse("it never leaves its custody")

    def exchange(self, *_: object) -> NoReturn:
        """Refused: keys here sign and do nothing else."""
        self._refuse("it signs and does nothing else")

    def decrypt(self, *_: object) -> NoReturn:
        """Refused: keys here sign and do nothing else."""
        self._refuse("it signs and does nothing else")

    def __copy__(self) -> NoReturn:
        self._refuse("it is not copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self._refuse("it is not copied")


class _LentEllipticCurveKey(_Lent, ec.EllipticCurvePrivateKey):
    def public_key(self) -> ec.EllipticCurvePublicKey:
        public = self._signer.public_key
        assert isinstance(public, ec.EllipticCurvePublicKey)  # noqa: S101  (chosen by algorithm above)
        return public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self.public_key().curve

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ANN401  (cryptography's Buffer)
        return self._sign(data, signature_algorithm.algorithm)


class _LentRsaKey(_Lent, rsa.RSAPrivateKey):
    def public_key(self) -> rsa.RSAPublicKey:
        public = self._signer.public_key
        assert isinstance(public, rsa.RSAPublicKey)  # noqa: S101  (chosen by algorithm above)
        return public

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:  # noqa: ANN401  (cryptography's Buffer and unions)
        if not isinstance(padding, _PKCS1v15):
            self._refuse("it signs with PKCS #1 v1.5 padding only")
        return self._sign(data, algorithm)


class _LentEd25519Key(_Lent, ed25519.Ed25519PrivateKey):
    def public_key(self) -> ed25519.Ed25519PublicKey:
        public = self._signer.public_key
        assert isinstance(public, ed25519.Ed25519PublicKey)  # noqa: S101  (chosen by algorithm above)
        return public

    def sign(self, data: Any) -> bytes:  # noqa: ANN401  (cryptography's Buffer)
        return self._sign(data, None)


# The parameter `padding` of the method above hides the module of that name.
_PKCS1v15 = padding.PKCS1v15
