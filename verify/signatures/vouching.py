"""Whether the root vouches for whoever signed a list of trust, or a bundle of them.

The root certifies that one signer for this alone (`docs/formats/trust-list.md`, "Believed when"). What the
signature covers is the caller's.
"""

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from signing.formats.cose import Sign1, is_signed_by
from signing.formats.trust_list import TRUST_LIST_SIGNING


class NotVouchedFor(ValueError):
    """No root vouches for the signer, or it is not its signature."""


def require_voucher(
    certificate: x509.Certificate,
    message: Sign1,
    *,
    signed_at: datetime,
    roots: Iterable[x509.Certificate],
    crls: Iterable[x509.CertificateRevocationList],
    at: datetime,
) -> x509.Certificate:
    """The root that vouches for `message`, which says that it was signed at `signed_at`.

    Args:
        certificate: the signer's, as the message carries it.
        message: what was signed.
        signed_at: when, as it says itself.
        roots: those that are trusted.
        crls: those that are known; a root's own tell whether the signer was revoked, whenever `at` is.
        at: now.

    Raises:
        NotVouchedFor: none does.
    """
    issuer = next((root for root in roots if _is_issued_by(certificate, root)), None)
    if issuer is None:
        raise NotVouchedFor("its certificate was not issued by the root")
    if not certificate.not_valid_before_utc <= signed_at <= certificate.not_valid_after_utc:
        raise NotVouchedFor("was signed outside the validity of its certificate")
    if not _is_for_trust_lists(certificate):
        raise NotVouchedFor("its certificate is not for signing trust lists")
    if _is_revoked(certificate, issuer, crls, at):
        raise NotVouchedFor("its certificate was revoked")
    public_key = certificate.public_key()
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(
        public_key.curve, ec.SECP256R1
    ):
        raise NotVouchedFor("its certificate is not for a P-256 key")
    if not is_signed_by(message, public_key):
        raise NotVouchedFor("its signature is wrong")
    return issuer


def is_by(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether a list of revoked certificates is this authority's."""
    key = issuer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return False
    return crl.issuer == issuer.subject and crl.is_signature_valid(key)


def _is_issued_by(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _is_for_trust_lists(certificate: x509.Certificate) -> bool:
    """The root certifies others too: only the extended key usage tells them apart."""
    try:
        extensions = certificate.extensions
    except ValueError:
        return False
    usages = {
        usage
        for extension in extensions
        if extension.oid == ExtensionOID.EXTENDED_KEY_USAGE
        and isinstance(extension.value, x509.ExtendedKeyUsage)
        for usage in extension.value
    }
    is_authority = any(
        isinstance(extension.value, x509.BasicConstraints) and extension.value.ca for extension in extensions
    )
    return usages == {TRUST_LIST_SIGNING} and not is_authority


def _is_revoked(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    crls: Iterable[x509.CertificateRevocationList],
    at: datetime,
) -> bool:
    for crl in crls:
        if not is_by(issuer, crl):
            continue
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        # Asked about the past, too, what is known today counts: a thief dates back what he signs.
        if entry is not None and entry.revocation_date_utc <= max(at, crl.last_update_utc):
            return True
    return False
