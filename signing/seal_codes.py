"""Signs seal codes, with a key whose only purpose that is."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.signer import PublicKey, Purpose, Signer
from signing.formats.claims import SealClaims
from signing.formats.cose import raw_signature
from signing.formats.seal_code import (
    KEY_ID_BYTES,
    UnsignedSealCode,
    external_data,
    seal_code_parts,
    seal_code_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCode:
    """A signed seal code: its text, the two segments of its symbol, its bytes."""

    text: str
    prefix: str
    digits: str
    payload: bytes


def key_identifier(public_key: PublicKey) -> bytes:
    """The first four bytes of SHA-256 over the SubjectPublicKeyInfo.

    Four bytes can be made to collide; verifiers try every key that shares them.
    """
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()[:KEY_ID_BYTES]


class KnownKey(Protocol):
    """A key with its name: a signer, or what a register knows of it."""

    @property
    def key_id(self) -> str:
        """What messages call it."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""


def require_p256(signer: KnownKey) -> ec.EllipticCurvePublicKey:
    """The public key of a signer that can do ES256.

    Raises:
        ValueError: any other key.
    """
    public_key = signer.public_key
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(
        public_key.curve, ec.SECP256R1
    ):
        raise ValueError(f"{signer.key_id}: ES256 needs a P-256 key")  # noqa: TRY004 -- a wrong key, not a wrong type
    return public_key


class SealCodeSigner:
    """Signs the seal codes of one agency for one verification address.

    Raises:
        ValueError: a key that cannot do ES256, or something that is not an origin.
    """

    def __init__(self, *, signer: Signer, kid: bytes, verify_origin: str) -> None:
        require_p256(signer)
        external_data(verify_origin)
        self._signer, self._kid, self._verify_origin = signer, kid, verify_origin

    def sign(self, claims: SealClaims) -> SealCode:
        """The seal code that says `claims`.

        Raises:
            ClaimsError: claims that no parser would accept.
            SealCodeTooLarge: more than a page can bear; found before the key is used.
            WrongPurpose: the key is not for seal codes.
            KeyUnavailable: the key did not answer; safe to retry.
        """
        unsigned = UnsignedSealCode(claims=claims, kid=self._kid)
        data = unsigned.to_be_signed(self._verify_origin)
        signature = raw_signature(self._signer.sign(data, purpose=Purpose.SEAL_CODE))
        payload = unsigned.with_signature(signature)
        prefix, digits = seal_code_parts(self._verify_origin, payload)
        return SealCode(
            text=seal_code_text(self._verify_origin, payload), prefix=prefix, digits=digits, payload=payload
        )
