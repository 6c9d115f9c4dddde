"""Lists of revoked certificates (RFC 5280 §5): whole ones of one issuer, in words that are known here."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from verify.signatures.algorithms import strong_hash
from verify.signatures.revoked import MAX_ANSWER_OCTETS, NOT_SAID, Revoked

_CRL_EXTENSIONS = frozenset({ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_NUMBER})
_CRL_PARTS = frozenset(
    {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.FRESHEST_CRL}
)
_ENTRY_EXTENSIONS = frozenset({CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE})


def parse_crl(der: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
    """A full CRL of `issuer`; None for another's, a partial or delta one, and anything unreadable."""
    if len(der) > MAX_ANSWER_OCTETS:
        return None
    try:
        crl = x509.load_der_x509_crl(der)
    except ValueError:
        return None
    return crl if is_whole_crl_of(issuer, crl) else None


def is_whole_crl_of(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    """Whether `crl` is a list of all that `issuer` revoked, signed by it."""
    try:
        public_key = issuer.public_key()
        if crl.issuer != issuer.subject or not isinstance(
            public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey
        ):
            return False
        is_signed = strong_hash(crl.signature_hash_algorithm) and crl.is_signature_valid(public_key)
        return is_signed and _may_sign_crls(issuer) and is_whole(crl)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def is_whole(crl: x509.CertificateRevocationList) -> bool:
    """Whether a list speaks of all its issuer's certificates, in words that are known here.

    RFC 5280 §5.2, §5.3: an extension not understood, of the list or of one entry, voids the list. So does
    one that makes it a part: of some reasons or certificates, or the base of deltas that nobody reads here.
    """
    if any(
        each.oid in _CRL_PARTS or (each.critical and each.oid not in _CRL_EXTENSIONS)
        for each in crl.extensions
    ):
        return False
    return not any(
        each.critical and each.oid not in _ENTRY_EXTENSIONS for entry in crl for each in entry.extensions
    )


def revoked_by_entry(entry: x509.RevokedCertificate) -> Revoked:
    """What an entry says; an invalidity date goes back further than the revocation (RFC 5280 §5.3.2)."""
    since, reason = entry.revocation_date_utc, NOT_SAID
    for extension in entry.extensions:
        match extension.value:
            case x509.CRLReason(reason=flag):
                reason = flag.value
            case x509.InvalidityDate() as invalidity:
                since = min(since, invalidity.invalidity_date_utc)
            case _:
                continue
    return Revoked(since=since, reason=reason)


def _may_sign_crls(issuer: x509.Certificate) -> bool:
    """RFC 5280 §6.3.3 (f): an authority that may only sign certificates signs no CRL."""
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return False
