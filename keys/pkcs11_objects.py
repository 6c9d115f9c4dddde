"""What our keys look like on a PKCS #11 token: attributes, mechanisms, public halves, signatures.

A key pair carries its identifier as CKA_LABEL and, as CKA_ID, a digest of identifier,
purpose and algorithm. Both are given when the token makes the pair, together with
CKA_MODIFIABLE and CKA_COPYABLE false: from then on the token itself refuses to change
or copy them, to whoever knows the PIN too. CKA_LOCAL, CKA_ALWAYS_SENSITIVE and
CKA_NEVER_EXTRACTABLE are written by the token alone and say that it made the key
and never let it out (PKCS #11 v2.40 §4.4, §4.9).
"""

from hashlib import sha256, sha384
from typing import Any, assert_never, cast

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, PrivateKey, Session
from pkcs11 import PublicKey as TokenPublicKey

from keys.der import OCTET_STRING, Reader, object_identifier
from keys.errors import SignatureFaulty, UnsupportedUse
from keys.signer import Algorithm, PublicKey, Purpose

RSA_BITS = 3072
POINT_OCTETS = {Algorithm.P256: 65, Algorithm.P384: 97, Algorithm.ED25519: 32}
SIGNATURE_OCTETS = {
    Algorithm.P256: 64,
    Algorithm.P384: 96,
    Algorithm.RSA3072: RSA_BITS // 8,
    Algorithm.ED25519: 64,
}
CURVES = {
    Algorithm.P256: object_identifier("1.2.840.10045.3.1.7"),
    Algorithm.P384: object_identifier("1.3.132.0.34"),
    Algorithm.ED25519: object_identifier("1.3.101.112"),
}
_CURVES_BY_OID = {CURVES[Algorithm.P256]: ec.SECP256R1(), CURVES[Algorithm.P384]: ec.SECP384R1()}
# RFC 8017 §9.2, note 1: DigestInfo of SHA-256 up to its digest.
_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")

PROVEN_BY_TOKEN = {
    Attribute.LOCAL: True,
    Attribute.SENSITIVE: True,
    Attribute.ALWAYS_SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.NEVER_EXTRACTABLE: True,
    Attribute.MODIFIABLE: False,
}
"""What a private key must say of itself before it is used."""


def key_name(key_id: str, purpose: Purpose, algorithm: Algorithm) -> bytes:
    """The CKA_ID that binds a key to its identifier, purpose and algorithm."""
    return sha256(f"wathiqa key\0{key_id}\0{purpose}\0{algorithm}".encode()).digest()


def read_name(key_id: str, name: bytes) -> tuple[Purpose, Algorithm] | None:
    """What a CKA_ID says of the key `key_id`; None if it is none of ours."""
    for purpose in Purpose:
        for algorithm in Algorithm:
            if key_name(key_id, purpose, algorithm) == name:
                return purpose, algorithm
    return None


def make_pair(
    session: Session, key_id: str, purpose: Purpose, algorithm: Algorithm
) -> tuple[TokenPublicKey, PrivateKey]:
    """Have the token make a key pair and keep it.

    Raises:
        UnsupportedUse: an algorithm that tokens do not have.
        pkcs11.PKCS11Error: as the token pleases.
    """
    both = {
        Attribute.LABEL: key_id,
        Attribute.ID: key_name(key_id, purpose, algorithm),
        Attribute.MODIFIABLE: False,
        Attribute.COPYABLE: False,
    }
    private = {Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, **both}
    how: dict[str, Any] = {
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "public_template": both,
        "private_template": private,
    }
    match algorithm:
        case Algorithm.P256 | Algorithm.P384:
            curve = {Attribute.EC_PARAMS: CURVES[algorithm]}
            pair = session.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(**how)
        case Algorithm.ED25519:
            curve = {Attribute.EC_PARAMS: CURVES[algorithm]}
            domain = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
            pair = domain.generate_keypair(**how)
        case Algorithm.RSA3072:
            pair = session.generate_keypair(KeyType.RSA, RSA_BITS, **how)
        case Algorithm.ML_DSA_65:
            raise UnsupportedUse(key_id=key_id, reason="ML-DSA keys are held in software only")
        case _:
            assert_never(algorithm)
    return pair


def find_private_keys(session: Session, key_id: str) -> list[PrivateKey]:
    """All private keys of this label, whoever made them."""
    sought = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: key_id}
    return cast("list[PrivateKey]", list(session.get_objects(sought)))


def find_by_name(session: Session, kind: ObjectClass, name: bytes) -> list[Any]:
    """All objects of a class with this CKA_ID."""
    return list(session.get_objects({Attribute.CLASS: kind, Attribute.ID: name}))


def parse_public_key(found: TokenPublicKey) -> PublicKey:
    """The public half as cryptography knows it.

    Raises:
        ValueError: not a public key of a kind that we use.
    """
    match found.key_type:
        case KeyType.RSA:
            exponent, modulus = found[Attribute.PUBLIC_EXPONENT], found[Attribute.MODULUS]
            numbers = rsa.RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big"))
            return numbers.public_key()
        case KeyType.EC:
            parameters = found[Attribute.EC_PARAMS]
            if parameters not in _CURVES_BY_OID:
                raise ValueError("neither P-256 nor P-384")
            curve = _CURVES_BY_OID[parameters]
            point = _point(found[Attribute.EC_POINT], 2 * ((curve.key_size + 7) // 8) + 1)
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
        case KeyType.EC_EDWARDS:
            point = _point(found[Attribute.EC_POINT], POINT_OCTETS[Algorithm.ED25519])
            return ed25519.Ed25519PublicKey.from_public_bytes(point)
        case _:
            raise ValueError(f"a key of type {found.key_type}")


def _point(value: bytes, octets: int) -> bytes:
    """CKA_EC_POINT: an OCTET STRING around the point; since v3.0 an Edwards point stands alone."""
    if len(value) == octets:
        return value
    reader = Reader(value)
    point = reader.read(OCTET_STRING)
    reader.finish()
    if len(point) != octets:
        raise ValueError("a point of another length")
    return point


def sign_with(key: Any, data: bytes, algorithm: Algorithm) -> bytes:  # noqa: ANN401  (a PrivateKey that the token says can sign)
    """The token's signature in the form that signers answer.

    The digest is made here: tokens differ in which hashing mechanisms they have
    (SoftHSM 2.6 has CKM_ECDSA alone), and a token is a narrow pipe for large data.

    Raises:
        SignatureFaulty: an answer of another length than such signatures have.
        pkcs11.PKCS11Error: as the token pleases.
    """
    match algorithm:
        case Algorithm.P256:
            raw = key.sign(sha256(data).digest(), mechanism=Mechanism.ECDSA)
        case Algorithm.P384:
            raw = key.sign(sha384(data).digest(), mechanism=Mechanism.ECDSA)
        case Algorithm.RSA3072:
            raw = key.sign(_SHA256_DIGEST_INFO + sha256(data).digest(), mechanism=Mechanism.RSA_PKCS)
        case Algorithm.ED25519:
            raw = key.sign(data, mechanism=Mechanism.EDDSA)
        case Algorithm.ML_DSA_65:
            raise UnsupportedUse(key_id=str(key.label), reason="ML-DSA keys are held in software only")
        case _:
            assert_never(algorithm)
    signature = bytes(raw)
    if len(signature) != SIGNATURE_OCTETS[algorithm]:
        raise SignatureFaulty(key_id=str(key.label), reason=f"{len(signature)} octets")
    if algorithm in {Algorithm.P256, Algorithm.P384}:
        half = len(signature) // 2
        return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    return signature
