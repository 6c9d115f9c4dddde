"""A second look at a certificate before its real signature: does it say what the profile table says?

Reads the encoded certificate back, signed by a throwaway key, and compares it row by row; it
shares no code with the builder. Another maker's linter is asked too (`ca.second_opinion`).
"""

from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, SignatureAlgorithmOID

from ca.errors import ProfileViolation
from ca.extension_rules import (
    USAGES,
    Addresses,
    Authority,
    ExtensionRule,
    IssuerKey,
    ListAddress,
    NoCheck,
    Policy,
    SubjectKey,
    Usages,
    Uses,
)
from ca.key_rules import check_key
from ca.profiles import Profile
from ca.serials import check_serial
from ca.subject_rules import check_subject

# SHA-1 is nowhere among them; which of them it is follows from the issuer's key.
SIGNATURE_ALGORITHMS = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
}

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def lint_certificate(
    certificate: x509.Certificate, profile: Profile, *, issuer: x509.Certificate | None
) -> None:
    """Compare with the profile and, unless it is a root, with its issuer's certificate.

    Raises:
        ProfileViolation: the first row that is broken.
    """
    try:
        _check(certificate, profile, issuer)
    except _UNREADABLE as error:
        # What the library cannot read is no certificate of ours: an extension twice, a broken encoding.
        raise ProfileViolation(field="encoding", rule=str(error)) from error


def _check(certificate: x509.Certificate, profile: Profile, issuer: x509.Certificate | None) -> None:
    _require(certificate.version is x509.Version.v3, "version", "3")
    check_serial(certificate.serial_number)
    _require(
        certificate.signature_algorithm_oid in SIGNATURE_ALGORITHMS,
        "signature algorithm",
        "one that is listed",
    )
    check_key(certificate.public_key(), profile.keys)
    check_subject(certificate.subject, profile.subject)
    _check_validity(certificate, profile)
    _check_extensions(certificate, profile, issuer)
    if issuer is None:
        _require(certificate.issuer.public_bytes() == certificate.subject.public_bytes(), "issuer", "itself")
        return
    _require(
        certificate.issuer.public_bytes() == issuer.subject.public_bytes(),
        "issuer",
        "the name of the authority that signs",
    )
    _require(
        issuer.not_valid_before_utc <= certificate.not_valid_before_utc
        and certificate.not_valid_after_utc <= issuer.not_valid_after_utc,
        "validity",
        "within that of the issuer",
    )


def _check_validity(certificate: x509.Certificate, profile: Profile) -> None:
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    _require(lasts <= profile.lifetime, "validity", f"at most {profile.lifetime.days} days")
    _require(lasts > timedelta(0), "validity", "ends after it begins")


def _check_extensions(
    certificate: x509.Certificate, profile: Profile, issuer: x509.Certificate | None
) -> None:
    found = {extension.oid: extension for extension in certificate.extensions}
    for rule in profile.extensions:
        extension = found.pop(rule.identifier, None)
        if extension is None:
            raise ProfileViolation(field=rule.name, rule="is required")
        _require(extension.critical is rule.critical, rule.name, _criticality(rule))
        _require(_holds(rule, extension.value, certificate, issuer), rule.name, str(rule.content))
    if found:
        raise ProfileViolation(field="extensions", rule=f"no {next(iter(found)).dotted_string}")


def _criticality(rule: ExtensionRule) -> str:
    return "is critical" if rule.critical else "is not critical"


def _holds(  # noqa: PLR0911  (one answer for each kind of row)
    rule: ExtensionRule,
    value: x509.ExtensionType,
    certificate: x509.Certificate,
    issuer: x509.Certificate | None,
) -> bool:
    """Whether the extension says what its row says."""
    # `assert_never` is not for pairs: what fits no case is another extension under this identifier.
    match rule.content, value:
        case SubjectKey(), x509.SubjectKeyIdentifier(digest=digest):
            return digest == _key_identifier(certificate)
        case IssuerKey(), x509.AuthorityKeyIdentifier() as found:
            return issuer is not None and found == x509.AuthorityKeyIdentifier(_own(issuer), None, None)
        case Authority(path_length=length), x509.BasicConstraints() as basic:
            return basic.ca and basic.path_length == length
        case Usages(names=names), x509.KeyUsage() as usage:
            return {name for name in USAGES if _has(usage, name)} == set(names)
        case Uses(identifiers=identifiers), x509.ExtendedKeyUsage() as usages:
            return tuple(usages) == identifiers
        case Policy(identifier=identifier), x509.CertificatePolicies() as policies:
            return [(each.policy_identifier.dotted_string, each.policy_qualifiers) for each in policies] == [
                (identifier, None)
            ]
        case ListAddress(), x509.CRLDistributionPoints() as points:
            return _is_one_whole_list(list(points))
        case Addresses(has_ocsp=has_ocsp), x509.AuthorityInformationAccess() as access:
            wanted = [AuthorityInformationAccessOID.OCSP] * has_ocsp + [
                AuthorityInformationAccessOID.CA_ISSUERS
            ]
            return [each.access_method for each in access] == wanted and all(
                _is_address(each.access_location) for each in access
            )
        case NoCheck(), x509.OCSPNoCheck():
            return True
        case _:
            return False


def _has(usage: x509.KeyUsage, name: str) -> bool:
    # RFC 5280 §4.2.1.3: the last two mean nothing, and may not be asked for, without keyAgreement.
    if name in {"encipher_only", "decipher_only"} and not usage.key_agreement:
        return False
    return bool(getattr(usage, name))


def _is_one_whole_list(points: list[x509.DistributionPoint]) -> bool:
    if len(points) != 1 or points[0].relative_name or points[0].reasons or points[0].crl_issuer:
        return False
    names = points[0].full_name or []
    return len(names) == 1 and _is_address(names[0])


def _is_address(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.UniformResourceIdentifier) and name.value.startswith(("http://", "https://"))


def _key_identifier(certificate: x509.Certificate) -> bytes:
    """RFC 5280 §4.2.1.2 (1), without the library's builder: SHA-1 of the subjectPublicKey."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    elif isinstance(key, rsa.RSAPublicKey):
        bits = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        raise ProfileViolation(field="public key", rule="ECDSA or RSA")
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303  (an identifier, not a protection)
    digest.update(bits)
    return digest.finalize()


def _own(issuer: x509.Certificate) -> bytes:
    return issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _require(holds: bool, field: str, rule: str) -> None:  # noqa: FBT001  (the condition itself)
    if not holds:
        raise ProfileViolation(field=field, rule=rule)
