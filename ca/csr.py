"""Certificate requests (PKCS #10, RFC 2986): what an applicant hands in, judged before anybody looks at it.

A request brings a key, the proof that its holder has the private half (the request's own
signature), and a subject. Nothing else of it reaches a certificate: the profile decides the
extensions, the register decides the subject. So:

- the subject is empty, or says exactly what is registered (`check_subject`);
- extensions asked for are left aside, but those that ask for an authority's power or for other
  names are refused: whoever asked must not believe that they were granted.

Pure. Whatever the input, the outcome is a `CheckedRequest` or a `RequestRefused`.
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from ca.refusals import (
    DigestNotAccepted,
    KeyNotAccepted,
    KeyWeak,
    NameNotAccepted,
    PossessionNotProven,
    PowerAsked,
    RequestMalformed,
    RequestRepeats,
    RequestTooLarge,
    SubjectNotRegistered,
)
from ca.weak_keys import weakness_of

MAX_REQUEST_OCTETS = 16 * 1024
MAX_SUBJECT_PARTS = 16
MAX_ATTRIBUTES = 16
SHORTEST_RSA, LONGEST_RSA = 3072, 4096
RSA_EXPONENT = 65537

AcceptedKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

# RFC 7468 §7: the second label is what old tools write.
_PEM = re.compile(
    rb"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s*([A-Za-z0-9+/=\s]+)"
    rb"-----END (?(1)NEW )CERTIFICATE REQUEST-----\s*"
)
_DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Names beside the subject, and what only authorities carry.
_POWERS = frozenset(
    {
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRequest:
    """A request whose key is fit to be certified and proven to be held."""

    der: bytes
    subject: x509.Name  # as asked for: empty, or still to be compared with the register
    public_key: AcceptedKey
    spki: bytes  # SubjectPublicKeyInfo, DER

    @property
    def key_fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, hexadecimal: by it a key is known again."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def key_kind(self) -> str:
        """The key for people: `P-256`, `RSA-3072`."""
        return key_kind(self.public_key)


def parse_request(data: bytes) -> CheckedRequest:
    """The one request in `data`, DER or one PEM block, if a certificate may be made from it.

    Raises:
        RequestRefused: one of its kinds, see `ca.refusals`.
    """
    if len(data) > MAX_REQUEST_OCTETS:
        raise RequestTooLarge(most=MAX_REQUEST_OCTETS)
    der = _der_of(data)
    try:
        request = x509.load_der_x509_csr(der)
        if request.public_bytes(Encoding.DER) != der:
            raise RequestMalformed
        # Before the signature: a key of absurd size costs nothing here, and much there.
        key = _accepted_key(request)
        _check_possession(request)
        _check_attributes(request)
        _check_names(request.subject)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, OverflowError) as error:
        raise RequestMalformed from error
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CheckedRequest(der=der, subject=request.subject, public_key=key, spki=spki)


def check_subject(asked: x509.Name, registered: x509.Name) -> None:
    """Pass when the request leaves its subject to us, or says the registered one in any order.

    Raises:
        SubjectNotRegistered: it says anything else.
    """
    if not list(asked):
        return
    said, known = _parts(asked), _parts(registered)
    differing = sorted(set(said) ^ set(known))
    if differing or len(said) != len(known):
        raise SubjectNotRegistered(field=differing[0][0] if differing else said[0][0])


def key_kind(key: object) -> str:
    """A public key for people: `P-256`, `RSA-3072`, or the name of its class."""
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return "P-256"
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            return "P-384"
        case ec.EllipticCurvePublicKey(curve=curve):
            return curve.name
        case rsa.RSAPublicKey(key_size=size):
            return f"RSA-{size}"
        case _:
            return type(key).__name__.removesuffix("PublicKey").lstrip("_")


def _der_of(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"-----"):
        return data
    block = _PEM.fullmatch(data)
    if block is None:
        raise RequestMalformed
    try:
        return base64.b64decode(b"".join(block[2].split()), validate=True)
    except binascii.Error as error:
        raise RequestMalformed from error


def _accepted_key(request: x509.CertificateSigningRequest) -> AcceptedKey:
    try:
        key = request.public_key()
    except UnsupportedAlgorithm as error:
        raise KeyNotAccepted(found="unknown") from error
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1() | ec.SECP384R1()):
            return key
        case rsa.RSAPublicKey(key_size=size) if SHORTEST_RSA <= size <= LONGEST_RSA:
            numbers = key.public_numbers()
            if numbers.e != RSA_EXPONENT:
                raise KeyNotAccepted(found=f"RSA-{size}, exponent {str(numbers.e)[:20]}")
            weakness = weakness_of(numbers.n)
            if weakness is not None:
                raise KeyWeak(found=weakness)
            return key
        case _:
            raise KeyNotAccepted(found=key_kind(key))


def _check_possession(request: x509.CertificateSigningRequest) -> None:
    """RFC 2986 §3: the request is signed by the key it names."""
    try:
        digest = request.signature_hash_algorithm
    except UnsupportedAlgorithm as error:
        raise DigestNotAccepted from error
    if not isinstance(digest, _DIGESTS):
        raise DigestNotAccepted
    if not request.is_signature_valid:
        raise PossessionNotProven


def _check_attributes(request: x509.CertificateSigningRequest) -> None:
    attributes = [each.oid.dotted_string for each in request.attributes]
    if len(attributes) > MAX_ATTRIBUTES:
        raise RequestMalformed
    repeated = [oid for oid in attributes if attributes.count(oid) > 1]
    if repeated:
        raise RequestRepeats(oid=repeated[0])
    if _EXTENSION_REQUEST not in attributes:
        return
    try:
        asked = request.extensions
    except x509.DuplicateExtension as error:
        raise RequestRepeats(oid=error.oid.dotted_string) from error
    for extension in asked:
        if _asks_for_power(extension):
            raise PowerAsked(oid=extension.oid.dotted_string)


_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"  # RFC 2985 §5.4.2


def _asks_for_power(extension: x509.Extension[x509.ExtensionType]) -> bool:
    match extension.value:
        case x509.BasicConstraints(ca=ca):
            return ca
        case x509.KeyUsage(key_cert_sign=signs_certificates, crl_sign=signs_lists):
            return signs_certificates or signs_lists
        case _:
            return extension.oid in _POWERS


def _check_names(subject: x509.Name) -> None:
    if len(list(subject)) > MAX_SUBJECT_PARTS:
        raise NameNotAccepted(field=f"more than {MAX_SUBJECT_PARTS} parts")
    for part in subject.rdns:
        if len(list(part)) != 1:
            raise NameNotAccepted(field=part.rfc4514_string()[:64])
    for attribute in subject:
        text, field = attribute.value, attribute.rfc4514_attribute_name
        if isinstance(text, bytes) or not text.strip() or "*" in text:
            raise NameNotAccepted(field=field)
        if any(unicodedata.category(letter) in _INVISIBLE for letter in text):
            raise NameNotAccepted(field=field)


def _parts(name: x509.Name) -> list[tuple[str, str]]:
    return [
        (part.rfc4514_attribute_name, unicodedata.normalize("NFC", str(part.value)).strip()) for part in name
    ]
