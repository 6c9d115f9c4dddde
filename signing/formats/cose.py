"""COSE_Sign1 with ES256 (RFC 9052 §4.2, RFC 9053 §2.1) and COSE_Key (RFC 9052 §7).

One algorithm, one key type, everything that matters in the protected header and an empty
unprotected one: nothing in a message escapes its signature. Signing is left to whoever
holds a key; this module builds the bytes to sign and checks signatures with public keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from signing.formats.cbor import CborKey, CborValue, Tagged, encode_cbor, parse_cbor

SIGN1_TAG = 18
# Header labels (RFC 9052 §3.1, RFC 9360 §2, RFC 9596 §2).
ALGORITHM, KEY_ID, TYPE, X5CHAIN = 1, 4, 16, 33
ES256 = -7
COORDINATE_BYTES = 32
SIGNATURE_BYTES = 2 * COORDINATE_BYTES

# COSE_Key labels and values (RFC 9052 §7.1, RFC 9053 §7.1.1).
_KTY, _KID, _CRV, _X, _Y = 1, 2, -1, -2, -3
_EC2, _P256 = 2, 1


class CoseError(ValueError):
    """Not a COSE structure of the narrow form used here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign1:
    """One signed message; `headers` is what `protected` says."""

    protected: bytes
    headers: Mapping[CborKey, CborValue]
    content: bytes
    signature: bytes

    def verify_signature(self, public_key: ec.EllipticCurvePublicKey, *, external_aad: bytes = b"") -> None:
        """Check the signature with one key.

        Raises:
            InvalidSignature: it is not by this key over these bytes.
        """
        signed = to_be_signed(self.protected, self.content, external_aad=external_aad)
        r = int.from_bytes(self.signature[:COORDINATE_BYTES], "big")
        s = int.from_bytes(self.signature[COORDINATE_BYTES:], "big")
        public_key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


def is_signed_by(message: Sign1, public_key: ec.EllipticCurvePublicKey, *, external_aad: bytes = b"") -> bool:
    """Whether `public_key` signed `message`; for trying several keys that share an identifier."""
    try:
        message.verify_signature(public_key, external_aad=external_aad)
    except InvalidSignature:
        return False
    return True


def protect(headers: Mapping[CborKey, CborValue]) -> bytes:
    """The protected header: `headers` with the algorithm added."""
    return encode_cbor({ALGORITHM: ES256, **headers})


def to_be_signed(protected: bytes, content: bytes, *, external_aad: bytes = b"") -> bytes:
    """The Sig_structure (RFC 9052 §4.4)."""
    return encode_cbor(["Signature1", protected, external_aad, content])


def encode_sign1(protected: bytes, content: bytes, signature: bytes) -> bytes:
    """The tagged message.

    Raises:
        CoseError: a signature that is not r and s of 32 bytes each.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise CoseError(f"an ES256 signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    return encode_cbor(Tagged(SIGN1_TAG, [protected, {}, content, signature]))


def parse_sign1(data: bytes) -> Sign1:
    """The message in `data`; its signature is not yet checked.

    Raises:
        CoseError: not this structure, another algorithm, or an unprotected header with content.
        CborError: not deterministic CBOR.
    """
    match parse_cbor(data):
        case Tagged(18, (bytes(protected), dict(unprotected), bytes(content), bytes(signature))):
            pass
        case _:
            raise CoseError("not a tagged COSE_Sign1")
    headers = parse_cbor(protected)
    if not isinstance(headers, dict) or headers.get(ALGORITHM) != ES256:
        raise CoseError("not ES256")
    if unprotected or len(signature) != SIGNATURE_BYTES:
        raise CoseError("an unprotected header, or a signature of another size")
    return Sign1(protected=protected, headers=headers, content=content, signature=signature)


def raw_signature(der: bytes) -> bytes:
    """An ECDSA signature as signers give it (DER, RFC 3279 §2.2.3) in COSE's form, r then s."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")


def encode_cose_key(public_key: ec.EllipticCurvePublicKey, *, kid: bytes) -> dict[CborKey, CborValue]:
    """A P-256 public key as a COSE_Key map.

    Raises:
        CoseError: a key on another curve.
    """
    if not isinstance(public_key.curve, ec.SECP256R1):
        raise CoseError(f"ES256 needs a P-256 key, not {public_key.curve.name}")
    point = public_key.public_numbers()
    x, y = (value.to_bytes(COORDINATE_BYTES, "big") for value in (point.x, point.y))
    return {_KTY: _EC2, _KID: kid, _CRV: _P256, _X: x, _Y: y}


def parse_cose_key(value: CborValue) -> tuple[bytes, ec.EllipticCurvePublicKey]:
    """Key identifier and public key of a COSE_Key map.

    Raises:
        CoseError: another key type, more or fewer members, or a point that is not on the curve.
    """
    if not isinstance(value, dict) or set(value) != {_KTY, _KID, _CRV, _X, _Y}:
        raise CoseError("not a COSE_Key of five members")
    match value[_KTY], value[_KID], value[_CRV], value[_X], value[_Y]:
        case 2, bytes(kid), 1, bytes(x), bytes(y) if len(x) == len(y) == COORDINATE_BYTES:
            pass
        case _:
            raise CoseError("not a P-256 key")
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    try:
        return kid, numbers.public_key()
    except ValueError as error:
        raise CoseError("a point that is not on the curve") from error
