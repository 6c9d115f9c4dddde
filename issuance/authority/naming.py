"""How agencies, keys, people and certificates are called between the authority's books and the service."""

import hashlib
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ca.names import Agency as CertifiedAgency
from ca.store import IssuedCertificate
from issuance.agencies import Agency
from issuance.identity.actors import Actor
from keys.signer import PublicKey

ENROLLED = "enrolled"
"""How the names of certificates begin whose keys are not ours."""


def key_digest(key: PublicKey) -> str:
    """By what a public key is known again: SHA-256 of its SubjectPublicKeyInfo, hexadecimal."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def name_of(actor: Actor) -> str:
    """An actor as the authority's books name it: `staff:…`, `machine:…`."""
    return f"{actor.kind}:{actor.id}"


def holder_of(agency: str, system: str) -> str:
    """The name under which an agency's system is certified, again and again."""
    return f"{ENROLLED}-{agency}-{system}"


def certified(agency: Agency) -> CertifiedAgency:
    """An agency as certificates name it."""
    return CertifiedAgency(
        code=agency.id,
        name_ar=agency.ar,
        name_en=agency.en,
        organization_identifier=agency.organization_identifier,
    )


def is_of(issued: IssuedCertificate, agency: Agency) -> bool:
    """Whether a certificate names this agency."""
    named = issued.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    return [each.value for each in named] == [agency.organization_identifier]


def status_of(issued: IssuedCertificate, *, at: datetime) -> str:
    """The present status in a word."""
    if issued.is_revoked:
        return "revoked"
    if at > issued.not_after:
        return "expired"
    if issued.is_on_hold:
        return "suspended"
    return "in-force" if at >= issued.not_before else "not-yet-valid"
