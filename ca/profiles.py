"""What each kind of certificate looks like: one table, nothing decided elsewhere.

A profile says who issues it, how long it lasts, which keys it certifies, and has two lists of rows:
attributes of the subject and extensions, every one of them required and every other forbidden.
docs/certificates.md shows the table, printed from here by `ca.profile_tables`.

A seal's or an officer's certificate carries nonRepudiation (contentCommitment) alone: PDF validators
refuse digitalSignature alone and ETSI EN 319 412-2 §4.3.2 advises against mixing. Its extended
key usages are those that readers of documents ask for: documentSigning (RFC 9336), Adobe's, and
emailProtection, without which readers on Poppler and NSS do not trust it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.extension_rules import (
    ISSUER_KEY,
    LIST_ADDRESS,
    NO_CHECK,
    SUBJECT_KEY,
    Addresses,
    Authority,
    ExtensionRule,
    addresses,
    authority,
    policy,
    usages,
    uses,
)
from ca.key_rules import KeyKind
from ca.subject_rules import LEGAL_PERSON, OFFICER, SubjectRule
from keys.signer import Purpose

# RFC 5612 keeps enterprise 32473 for examples; a deployment puts its own arc here. (The example arc
# 2.999 of ITU-T X.660 would say the same, but some decoders cannot read it.)
POLICY_ARC = "1.3.6.1.4.1.32473.760"
SEAL_POLICY = f"{POLICY_ARC}.1.1"
TIMESTAMP_CERTIFICATE_POLICY = f"{POLICY_ARC}.1.2"
TRUST_LIST_POLICY = f"{POLICY_ARC}.1.3"
OFFICER_POLICY = f"{POLICY_ARC}.1.4"
TIMESTAMP_POLICY = f"{POLICY_ARC}.2.1"
TRUST_LIST_SIGNING = x509.ObjectIdentifier(f"{POLICY_ARC}.3.1")
ANY_POLICY = "2.5.29.32.0"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336 §3.1
ADOBE_AUTHENTIC_DOCUMENTS = x509.ObjectIdentifier("1.2.840.113583.1.1.5")


class ProfileName(StrEnum):
    """The kinds of certificate."""

    ROOT = "root"
    ISSUING = "issuing"
    SEAL = "seal"
    OFFICER = "officer"
    OCSP = "ocsp"
    TIMESTAMP = "timestamp"
    TRUST_LIST = "trust-list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The shape of one kind of certificate (RFC 5280 §4)."""

    name: ProfileName
    issuer: ProfileName  # itself for the root
    purpose: Purpose  # of the key that is certified
    lifetime: timedelta  # at most
    renew_before: timedelta  # a new one is issued when less than this is left; zero for authorities
    keys: tuple[KeyKind, ...]
    subject: tuple[SubjectRule, ...]
    extensions: tuple[ExtensionRule, ...]

    @property
    def is_authority(self) -> bool:
        """Whether it signs certificates and lists."""
        return any(isinstance(rule.content, Authority) for rule in self.extensions)

    @property
    def has_ocsp(self) -> bool:
        """Whether it says who answers for it."""
        return any(isinstance(rule.content, Addresses) and rule.content.has_ocsp for rule in self.extensions)


YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
_ANY_KEY = (KeyKind.P256, KeyKind.P384, KeyKind.RSA)
_SIGNS_CERTIFICATES = usages("key_cert_sign", "crl_sign")
_SIGNS_DOCUMENTS = (
    usages("content_commitment"),
    uses(
        (DOCUMENT_SIGNING, "documentSigning"),
        (ADOBE_AUTHENTIC_DOCUMENTS, "Adobe authentic documents"),
        (ExtendedKeyUsageOID.EMAIL_PROTECTION, "emailProtection"),
        critical=False,
    ),
)

PROFILES: dict[ProfileName, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name=ProfileName.ROOT,
            issuer=ProfileName.ROOT,
            purpose=Purpose.ROOT,
            lifetime=20 * YEAR,
            renew_before=timedelta(0),
            keys=(KeyKind.P384, KeyKind.RSA),
            subject=LEGAL_PERSON,
            extensions=(SUBJECT_KEY, authority(None), _SIGNS_CERTIFICATES),
        ),
        Profile(
            name=ProfileName.ISSUING,
            issuer=ProfileName.ROOT,
            purpose=Purpose.ISSUING,
            lifetime=10 * YEAR,
            renew_before=timedelta(0),
            keys=_ANY_KEY,
            subject=LEGAL_PERSON,
            extensions=(
                SUBJECT_KEY,
                ISSUER_KEY,
                authority(0),
                _SIGNS_CERTIFICATES,
                policy(ANY_POLICY, "anyPolicy"),
                LIST_ADDRESS,
                addresses(has_ocsp=False),
            ),
        ),
        Profile(
            name=ProfileName.SEAL,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.SEAL,
            lifetime=3 * YEAR,
            renew_before=MONTH,
            keys=_ANY_KEY,
            subject=LEGAL_PERSON,
            extensions=(
                SUBJECT_KEY,
                ISSUER_KEY,
                *_SIGNS_DOCUMENTS,
                policy(SEAL_POLICY, "seal"),
                LIST_ADDRESS,
                addresses(has_ocsp=True),
            ),
        ),
        Profile(
            name=ProfileName.OFFICER,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.OFFICER,
            lifetime=2 * YEAR,
            renew_before=MONTH,
            keys=_ANY_KEY,
            subject=OFFICER,
            extensions=(
                SUBJECT_KEY,
                ISSUER_KEY,
                *_SIGNS_DOCUMENTS,
                policy(OFFICER_POLICY, "officer"),
                LIST_ADDRESS,
                addresses(has_ocsp=True),
            ),
        ),
        Profile(
            name=ProfileName.OCSP,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.OCSP,
            lifetime=MONTH,
            renew_before=MONTH / 3,
            keys=_ANY_KEY,
            subject=LEGAL_PERSON,
            extensions=(
                SUBJECT_KEY,
                ISSUER_KEY,
                usages("digital_signature"),
                uses((ExtendedKeyUsageOID.OCSP_SIGNING, "OCSPSigning"), critical=False),
                NO_CHECK,
            ),
        ),
        Profile(
            name=ProfileName.TIMESTAMP,
            issuer=ProfileName.ISSUING,
            purpose=Purpose.TIMESTAMP,
            lifetime=5 * YEAR,
            renew_before=MONTH,
            keys=_ANY_KEY,
            subject=LEGAL_PERSON,
            extensions=(
                SUBJECT_KEY,
                ISSUER_KEY,
                usages("digital_signature"),
                # RFC 3161 §2.3: the only key purpose, and critical.
                uses((ExtendedKeyUsageOID.TIME_STAMPING, "timeStamping"), critical=True),
                policy(TIMESTAMP_CERTIFICATE_POLICY, "time-stamping"),
                LIST_ADDRESS,
                addresses(has_ocsp=True),
            ),
        ),
        Profile(
            name=ProfileName.TRUST_LIST,
            issuer=ProfileName.ROOT,
            purpose=Purpose.TRUST_LIST,
            lifetime=2 * YEAR,
            renew_before=MONTH,
            keys=(KeyKind.P256,),  # trust lists are signed with ES256 alone
            subject=LEGAL_PERSON,
            extensions=(
                SUBJECT_KEY,
                ISSUER_KEY,
                usages("digital_signature"),
                # Critical and our own, so that no other software mistakes it for one of its kind.
                uses((TRUST_LIST_SIGNING, "our trust lists"), critical=True),
                policy(TRUST_LIST_POLICY, "trust list"),
                LIST_ADDRESS,
                addresses(has_ocsp=False),
            ),
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
