"""What each kind of certificate looks like: one table, nothing decided elsewhere.

    profile     issuer   lasts     key usage          extended key usage       CRL  OCSP
    root        itself   20 years  certSign, cRLSign  –                        –    –
    issuing     root     10 years  certSign, cRLSign  –                        yes  –
    seal        issuing  3 years   nonRepudiation     documents and mail       yes  yes
    ocsp        issuing  30 days   digitalSignature   OCSPSigning + nocheck    –    –
    timestamp   issuing  5 years   digitalSignature   timeStamping, critical   yes  yes
    trust-list  root     2 years   digitalSignature   our own, critical        yes  –

A seal certificate carries nonRepudiation (contentCommitment) alone: PDF validators
refuse digitalSignature alone and ETSI EN 319 412-2 §4.3.2 advises against mixing. Its extended
key usages are those that readers of documents ask for: documentSigning (RFC 9336), Adobe's, and
emailProtection, without which readers on Poppler and NSS do not trust it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from keys.signer import Purpose

# RFC 5612 keeps enterprise 32473 for examples; a deployment puts its own arc here. (The example arc
# 2.999 of ITU-T X.660 would say the same, but some decoders cannot read it.)
POLICY_ARC = "1.3.6.1.4.1.32473.760"
SEAL_POLICY = f"{POLICY_ARC}.1.1"
TIMESTAMP_CERTIFICATE_POLICY = f"{POLICY_ARC}.1.2"
TRUST_LIST_POLICY = f"{POLICY_ARC}.1.3"
TIMESTAMP_POLICY = f"{POLICY_ARC}.2.1"
TRUST_LIST_SIGNING = x509.ObjectIdentifier(f"{POLICY_ARC}.3.1")
ANY_POLICY = "2.5.29.32.0"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336 §3.1
ADOBE_AUTHENTIC_DOCUMENTS = x509.ObjectIdentifier("1.2.840.113583.1.1.5")


class ProfileName(StrEnum):
    """The six kinds of certificate."""

    ROOT = "root"
    ISSUING = "issuing"
    SEAL = "seal"
    OCSP = "ocsp"
    TIMESTAMP = "timestamp"
    TRUST_LIST = "trust-list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The shape of one kind of certificate (RFC 5280 §4.2)."""

    name: ProfileName
    issuer: ProfileName  # itself for the root
    purpose: Purpose  # of the key that is certified
    lifetime: timedelta
    renew_before: timedelta  # a new one is issued when less than this is left; zero for authorities
    key_usage: tuple[str, ...]  # names as in `cryptography.x509.KeyUsage`
    extended_key_usage: tuple[x509.ObjectIdentifier, ...] = ()
    extended_key_usage_critical: bool = False
    path_length: int | None = None
    is_authority: bool = False
    policy: str | None = None
    has_crl: bool = (
        False  # distribution point of its issuer's CRL, and where to fetch the issuer's certificate
    )
    has_ocsp: bool = False
    no_check: bool = False  # RFC 6960 §4.2.2.2.1

    def extensions(self) -> dict[x509.ObjectIdentifier, bool]:
        """Exactly the extensions that a certificate of this profile carries, and which are critical."""
        present = {ExtensionOID.SUBJECT_KEY_IDENTIFIER: False, ExtensionOID.KEY_USAGE: True}
        if self.is_authority:
            present[ExtensionOID.BASIC_CONSTRAINTS] = True
        if self.issuer is not self.name:
            present[ExtensionOID.AUTHORITY_KEY_IDENTIFIER] = False
        if self.extended_key_usage:
            present[ExtensionOID.EXTENDED_KEY_USAGE] = self.extended_key_usage_critical
        if self.policy:
            present[ExtensionOID.CERTIFICATE_POLICIES] = False
        if self.has_crl:
            present[ExtensionOID.CRL_DISTRIBUTION_POINTS] = False
            present[ExtensionOID.AUTHORITY_INFORMATION_ACCESS] = False
        if self.no_check:
            present[ExtensionOID.OCSP_NO_CHECK] = False
        return present


YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
_SIGNS_CERTIFICATES = ("key_cert_sign", "crl_sign")

PROFILES: dict[ProfileName, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name=ProfileName.ROOT,
            issuer=ProfileName.ROOT,
            purpose=Purpose.ROOT,
            lifetime=20 * YEAR,
            renew_before=timedelta(0),
            key_usage=_SIGNS_CERTIFICATES,
            is_authority=True,
        ),
        Profile(
            name=ProfileName.ISSUING,
            issuer=ProfileName.ROOT,
            purpose=Purpose.ISSUING,
            lifetime=10 * YEAR,
            renew_before=timedelta(0),
            key_usage=_SIGNS_CERTIFICATES,
            is_authority=True,
            path_length=0,
            policy=ANY_POLICY,
            has_crl=True,
        ),
        Profile(
            name=ProfileName.SEAL,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.SEAL,
            lifetime=3 * YEAR,
            renew_before=MONTH,
            key_usage=("content_commitment",),
            extended_key_usage=(
                DOCUMENT_SIGNING,
                ADOBE_AUTHENTIC_DOCUMENTS,
                ExtendedKeyUsageOID.EMAIL_PROTECTION,
            ),
            policy=SEAL_POLICY,
            has_crl=True,
            has_ocsp=True,
        ),
        Profile(
            name=ProfileName.OCSP,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.OCSP,
            lifetime=MONTH,
            renew_before=MONTH / 3,
            key_usage=("digital_signature",),
            extended_key_usage=(ExtendedKeyUsageOID.OCSP_SIGNING,),
            no_check=True,
        ),
        Profile(
            name=ProfileName.TIMESTAMP,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.TIMESTAMP,
            lifetime=5 * YEAR,
            renew_before=MONTH,
            key_usage=("digital_signature",),
            # RFC 3161 §2.3: the only key purpose, and critical.
            extended_key_usage=(ExtendedKeyUsageOID.TIME_STAMPING,),
            extended_key_usage_critical=True,
            policy=TIMESTAMP_CERTIFICATE_POLICY,
            has_crl=True,
            has_ocsp=True,
        ),
        Profile(
            name=ProfileName.TRUST_LIST,
            issuer=ProfileName.ROOT,
            purpose=Purpose.TRUST_LIST,
            lifetime=2 * YEAR,
            renew_before=MONTH,
            key_usage=("digital_signature",),
            # Critical and our own, so that no other software mistakes this certificate for one of its kind.
            extended_key_usage=(TRUST_LIST_SIGNING,),
            extended_key_usage_critical=True,
            policy=TRUST_LIST_POLICY,
            has_crl=True,
        ),
    )
}


def authority_profile(name: str) -> ProfileName:
    """The profile of an authority by the name of its key: "issuing" and its next generation "issuing-2".

    Raises:
        ValueError: no authority is named so.
    """
    line, hyphen, generation = name.rpartition("-")
    profile = ProfileName(line if hyphen and generation.isdecimal() else name)
    if not PROFILES[profile].is_authority:
        msg = f"{name} is no authority"
        raise ValueError(msg)
    return profile
