"""CMS SignedData as seals and time-stamp tokens use it (RFC 5652), checked strictly.

One signer, named by issuer and serial number; signed attributes with content type,
message digest and ESSCertIDv2 (RFC 5035), each once; SHA-2 with ECDSA or RSA.
Says who signed what; whether to trust the signer is `chain.py`'s question.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from verify.errors import NotVerified
from verify.signatures.algorithms import MIN_RSA_BITS, RSA_PKCS1, of_key
from verify.trail import Trail
from verify.verdict import SubIndication

MAX_CERTIFICATES = 16

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_ALLOWED_ATTRIBUTES = frozenset(
    {"content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection", "signing_time"}
)
_TIME_STAMP_TOKEN = "signature_time_stamp_token"  # noqa: S105 - the attribute's name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """A SignedData whose signature holds under the certificate it names."""

    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]
    content: bytes  # encapsulated; empty where detached
    signature: bytes
    attribute_types: frozenset[str]
    algorithms: frozenset[str]  # digests and key, as `algorithms.py` names them
    time_stamp_tokens: tuple[bytes, ...]


def parse_signed_data(
    der: bytes, *, content_type: str, check: str, digest: bytes | None = None, trail: Trail | None = None
) -> SignedData:
    """Reads and verifies one SignedData.

    Args:
        der: the ContentInfo.
        content_type: what must have been signed, `data` or `tst_info`.
        check: the name of the check in a report.
        digest: SHA-256 of the detached content; None where the content is inside.
        trail: where each constraint is noted.

    Raises:
        NotVerified: with the ETSI sub-indication that says why.
    """
    trail = trail or Trail()
    with _malformed_is_failure(check):
        signed = _load(der)
        content = _content(signed, content_type, detached=digest is not None)
        signer_info = _only(signed["signer_infos"])
        certificates = _certificates(signed)
        signer = _signer(signer_info, certificates)
    trail.passed("format")
    if signer is None:
        raise NotVerified(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, check)
    with _malformed_is_failure(check):
        # RFC 5652 §5.4: signed as SET OF, embedded under the implicit tag [0]. Taken as it stands,
        # before any member is parsed: afterwards asn1crypto would encode it anew, in 5 ms.
        message = b"\x31" + signer_info["signed_attrs"].dump()[1:]
        attributes = _attributes(signer_info)
        _check_attributes(signer_info, attributes, signer, content_type, check)
        tokens = _tokens(signer_info, check)
        trail.passed("signing-certificate", sha256=signer.fingerprint(hashes.SHA256()).hex())
        trail.passed("acceptance")
        _check_digest(signer_info, attributes, content, digest, check)
        trail.passed("integrity")
        _check_signature(signer_info, message, signer, check)
        trail.passed("signature-value")
    return SignedData(
        signer=signer,
        certificates=certificates,
        content=content,
        signature=signer_info["signature"].native,
        attribute_types=frozenset(attributes),
        algorithms=_algorithms(signer_info, signer),
        time_stamp_tokens=tokens,
    )


@contextmanager
def _malformed_is_failure(check: str) -> Iterator[None]:
    """Parsers raise whatever they like on hostile octets: all of it is a failure of form."""
    try:
        yield
    except NotVerified:
        raise
    except Exception as error:
        raise NotVerified(SubIndication.FORMAT_FAILURE, check, rule=type(error).__name__) from error


def _load(der: bytes) -> cms.SignedData:
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        msg = "not SignedData"
        raise ValueError(msg)
    return info["content"]


def _content(signed: cms.SignedData, content_type: str, *, detached: bool) -> bytes:
    encapsulated = signed["encap_content_info"]
    if encapsulated["content_type"].native != content_type:
        msg = "another content type"
        raise ValueError(msg)
    inside = encapsulated["content"]
    if detached is not isinstance(inside, core.Void):
        msg = "detached and encapsulated content confused"
        raise ValueError(msg)
    return b"" if detached else bytes(inside)


def _only(values: cms.SignerInfos) -> cms.SignerInfo:
    if len(values) != 1:
        msg = f"{len(values)} signers"
        raise ValueError(msg)
    return values[0]


def _certificates(signed: cms.SignedData) -> tuple[x509.Certificate, ...]:
    choices = signed["certificates"]
    if len(choices) > MAX_CERTIFICATES:
        msg = "too many certificates"
        raise ValueError(msg)
    return tuple(x509.load_der_x509_certificate(each.chosen.dump()) for each in choices)


def _signer(info: cms.SignerInfo, certificates: tuple[x509.Certificate, ...]) -> x509.Certificate | None:
    identifier = info["sid"]
    if identifier.name != "issuer_and_serial_number":
        msg = "the signer is not named by issuer and serial number"
        raise ValueError(msg)
    serial = identifier.chosen["serial_number"].native
    issuer = identifier.chosen["issuer"].dump()
    found = [
        each for each in certificates if each.serial_number == serial and each.issuer.public_bytes() == issuer
    ]
    return found[0] if len(found) == 1 else None


def _attributes(info: cms.SignerInfo) -> dict[str, core.Asn1Value]:
    attributes: dict[str, core.Asn1Value] = {}
    for each in info["signed_attrs"]:
        name = each["type"].native
        if name in attributes or len(each["values"]) != 1:
            msg = f"attribute {name} more than once"
            raise ValueError(msg)
        attributes[name] = each["values"][0]
    return attributes


def _check_attributes(
    info: cms.SignerInfo,
    attributes: dict[str, core.Asn1Value],
    signer: x509.Certificate,
    content_type: str,
    check: str,
) -> None:
    def constraint(rule: str) -> NotVerified:
        return NotVerified(SubIndication.SIG_CONSTRAINTS_FAILURE, check, rule=rule)

    if not {"content_type", "message_digest", "signing_certificate_v2"} <= attributes.keys():
        raise constraint("a signed attribute is missing")
    if not attributes.keys() <= _ALLOWED_ATTRIBUTES:
        raise constraint("an unknown signed attribute")
    if attributes["content_type"].native != content_type:
        raise constraint("the signed content type differs")
    if not _names(attributes["signing_certificate_v2"], signer):
        raise constraint("the signed certificate digest is of another certificate")
    if "cms_algorithm_protection" in attributes:
        protection = attributes["cms_algorithm_protection"]
        same_digest = protection["digest_algorithm"].dump() == info["digest_algorithm"].dump()
        named = protection["signature_algorithm"]["algorithm"].native
        if not same_digest or named != info["signature_algorithm"]["algorithm"].native:
            raise constraint("algorithms were exchanged")


def _names(attribute: tsp.SigningCertificateV2, signer: x509.Certificate) -> bool:
    """RFC 5035 §4: the first identifier is the signer's."""
    first = attribute["certs"][0]
    algorithm = _HASHES[first["hash_algorithm"]["algorithm"].native]
    return bytes(first["cert_hash"].native) == signer.fingerprint(algorithm)


def _check_digest(
    info: cms.SignerInfo,
    attributes: dict[str, core.Asn1Value],
    content: bytes,
    digest: bytes | None,
    check: str,
) -> None:
    algorithm = info["digest_algorithm"]["algorithm"].native
    if algorithm not in _HASHES or (digest is not None and algorithm != "sha256"):
        raise NotVerified(SubIndication.SIG_CONSTRAINTS_FAILURE, check, rule=f"digest algorithm {algorithm}")
    computed = digest if digest is not None else hashlib.new(algorithm, content).digest()
    if attributes["message_digest"].native != computed:
        raise NotVerified(SubIndication.HASH_FAILURE, check)


def _check_signature(info: cms.SignerInfo, message: bytes, signer: x509.Certificate, check: str) -> None:
    scheme = info["signature_algorithm"]
    algorithm = _HASHES[_scheme_hash(scheme, info)]
    signature = info["signature"].native
    try:
        match signer.public_key():
            case ec.EllipticCurvePublicKey() as key if scheme.signature_algo == "ecdsa":
                key.verify(signature, message, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey(key_size=size) as key if scheme.signature_algo == RSA_PKCS1:
                if size < MIN_RSA_BITS:
                    raise NotVerified(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, check, bits=str(size))
                key.verify(signature, message, padding.PKCS1v15(), algorithm)
            case _:
                raise NotVerified(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, check)
    except InvalidSignature as error:
        raise NotVerified(SubIndication.SIG_CRYPTO_FAILURE, check) from error


def _algorithms(info: cms.SignerInfo, signer: x509.Certificate) -> frozenset[str]:
    digest: str = info["digest_algorithm"]["algorithm"].native
    scheme = info["signature_algorithm"]
    padding_ = {RSA_PKCS1} if scheme.signature_algo == RSA_PKCS1 else set()
    return frozenset({digest, _scheme_hash(scheme, info), of_key(signer), *padding_})


def _scheme_hash(scheme: cms.SignedDigestAlgorithm, info: cms.SignerInfo) -> str:
    """The hash of the signature scheme; plain `rsaEncryption` takes the digest algorithm's."""
    plain = scheme["algorithm"].native == "rsassa_pkcs1v15"
    name: str = info["digest_algorithm"]["algorithm"].native if plain else scheme.hash_algo
    return name


def _tokens(info: cms.SignerInfo, check: str) -> tuple[bytes, ...]:
    """The time-stamps over the signature value; nothing else may stand where nothing is signed."""
    unsigned = info["unsigned_attrs"]
    if isinstance(unsigned, core.Void):
        return ()
    if any(attribute["type"].native != _TIME_STAMP_TOKEN for attribute in unsigned):
        raise NotVerified(SubIndication.SIG_CONSTRAINTS_FAILURE, check, rule="an unknown unsigned attribute")
    return tuple(value.dump() for attribute in unsigned for value in attribute["values"])
