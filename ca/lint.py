"""A second look at a certificate before its real signature: does it say what its profile says?

Reads the encoded certificate back, signed by a throwaway key, and compares it with the
profile table; it shares no code with the builder. Other makers' linters judge in the tests.
"""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from ca.errors import ProfileViolation
from ca.profiles import Profile
from ca.serials import check_serial

MIN_RSA_BITS = 3072
CURVES = {"secp256r1", "secp384r1"}


def lint_certificate(
    certificate: x509.Certificate, profile: Profile, *, issuer: x509.Certificate | None
) -> None:
    """Compare with the profile and, unless it is a root, with its issuer's certificate.

    Raises:
        ProfileViolation: the first rule that is broken.
    """
    check_serial(certificate.serial_number)
    _check_key(certificate)
    _check_extensions(certificate, profile)
    _check_usage(certificate, profile)
    _check_validity(certificate, profile)
    if issuer is None:
        _require(certificate.issuer == certificate.subject, "issuer", "a root names itself")
        return
    _require(certificate.issuer == issuer.subject, "issuer", "the name of the authority that signs")
    _require(
        _authority_key(certificate) == _subject_key(issuer),
        "authorityKeyIdentifier",
        "the issuer's subjectKeyIdentifier",
    )
    _require(
        issuer.not_valid_before_utc <= certificate.not_valid_before_utc
        and certificate.not_valid_after_utc <= issuer.not_valid_after_utc,
        "validity",
        "within that of the issuer",
    )


def _check_key(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        _require(key.curve.name in CURVES, "public key", "on P-256 or P-384")
    elif isinstance(key, rsa.RSAPublicKey):
        _require(key.key_size >= MIN_RSA_BITS, "public key", f"RSA of at least {MIN_RSA_BITS} bits")
    else:
        # Several PDF validators and `openssl ts` call anything else corrupted.
        raise ProfileViolation(field="public key", rule="ECDSA or RSA")


def _check_extensions(certificate: x509.Certificate, profile: Profile) -> None:
    found = {extension.oid: extension.critical for extension in certificate.extensions}
    _require(found == profile.extensions(), "extensions", "exactly those of the profile, critical as there")


def _check_usage(certificate: x509.Certificate, profile: Profile) -> None:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
    )
    present = {name for name in (*names, "key_cert_sign", "crl_sign") if getattr(usage, name)}
    _require(present == set(profile.key_usage), "keyUsage", f"{', '.join(profile.key_usage)} and no other")
    if profile.extended_key_usage:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        _require(tuple(extended) == profile.extended_key_usage, "extendedKeyUsage", "as in the profile")
    if profile.is_authority:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        _require(
            basic.ca and basic.path_length == profile.path_length, "basicConstraints", "as in the profile"
        )


def _check_validity(certificate: x509.Certificate, profile: Profile) -> None:
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    _require(lasts <= profile.lifetime, "validity", f"at most {profile.lifetime.days} days")
    _require(lasts.total_seconds() > 0, "validity", "ends after it begins")


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    extension = certificate.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_KEY_IDENTIFIER).value
    return extension.key_identifier if isinstance(extension, x509.AuthorityKeyIdentifier) else None


def _subject_key(certificate: x509.Certificate) -> bytes:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _require(holds: bool, field: str, rule: str) -> None:  # noqa: FBT001  (the condition itself)
    if not holds:
        raise ProfileViolation(field=field, rule=rule)
