"""Issuing a certificate, in the order that cannot go wrong.

    reserve the serial number           (durable)
    build and lint, with a throwaway key
    store what is to be signed          (durable)
    mark that signing begins            (durable; a second time is refused)
    sign: the key is given these bytes and no others
    store the certificate               (durable)

Any error burns the serial number. The steps commit by themselves, so they are
called outside a transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.clock import whole_seconds
from ca.errors import SignatureWrong, TbsChanged
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
from ca.intents import OnlyTheseBytes
from ca.lint import lint_certificate
from ca.profiles import PROFILES, ProfileName, authority_profile
from ca.second_opinion import require_good_certificate
from ca.serials import SerialNumber, SerialSource, check_serial, random_serial, serial_text
from ca.store import Intent, redeem_intent, reserve_serial, save_intent, save_issued
from ca.throwaway import ThrowawaySigner
from ca.urls import PublicUrls
from keys.private_key import as_private_key
from keys.signer import PublicKey, Purpose, Signer, hash_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An authority that signs certificates; a root has no certificate before it signed its own."""

    name: str  # of its key: "root", "issuing", "issuing-2"
    subject: x509.Name
    signer: Signer
    certificate: x509.Certificate | None

    @property
    def purpose(self) -> Purpose:
        """What its key is for."""
        return PROFILES[authority_profile(self.name)].purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """Who is to be certified, as what."""

    profile: ProfileName
    name: str  # under which it is found and published: "seal-civil-registry"
    subject: x509.Name
    key_id: str
    public_key: PublicKey
    lifetime: timedelta | None = None  # shorter than the profile's, where a ceremony's plan says so


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCertificate:
    """A checked intent: everything but the signature."""

    intent: Intent
    builder: x509.CertificateBuilder


def prepare(
    issuer: Issuer, request: CertificateRequest, *, serial: SerialNumber, at: datetime, urls: PublicUrls
) -> PreparedCertificate:
    """Build what is to be signed, and lint it; no key of ours is used.

    Raises:
        ProfileViolation: the request asks for what its profile forbids.
    """
    profile = PROFILES[request.profile]
    not_before = whole_seconds(at)
    not_after = not_before + (request.lifetime or profile.lifetime)
    if issuer.certificate is not None:
        not_after = min(not_after, issuer.certificate.not_valid_after_utc)
    builder = x509.CertificateBuilder(
        issuer_name=issuer.subject,
        subject_name=request.subject,
        public_key=request.public_key,
        serial_number=serial,
        not_valid_before=not_before,
        not_valid_after=not_after,
    )
    for rule in profile.extensions:
        builder = builder.add_extension(_extension(rule, issuer, request, urls), rule.critical)
    throwaway = as_private_key(
        ThrowawaySigner(issuer.signer.algorithm, issuer.purpose), purpose=issuer.purpose
    )
    draft = builder.sign(throwaway, hash_of(issuer.signer.algorithm))
    lint_certificate(draft, profile, issuer=issuer.certificate)
    above = None if issuer.certificate is None else issuer.certificate.public_bytes(Encoding.DER)
    require_good_certificate(draft.public_bytes(Encoding.DER), request.profile, issuer=above)
    intent = Intent(
        serial_number=serial,
        issuer=issuer.name,
        name=request.name,
        profile=request.profile,
        key_id=request.key_id,
        not_before=not_before,
        not_after=not_after,
        to_be_signed=draft.tbs_certificate_bytes,
    )
    return PreparedCertificate(intent=intent, builder=builder)


def sign(issuer: Issuer, prepared: PreparedCertificate) -> x509.Certificate:
    """Sign what was prepared: those bytes and no others.

    Raises:
        TbsChanged: the builder now writes other bytes; the key was not used.
        SignatureWrong: the key answered with a signature that its certificate does not verify.
    """
    intent = prepared.intent
    only_these = OnlyTheseBytes(
        issuer.signer, intent.to_be_signed, what=f"certificate {serial_text(intent.serial_number)}"
    )
    certificate = prepared.builder.sign(
        as_private_key(only_these, purpose=issuer.purpose), hash_of(issuer.signer.algorithm)
    )
    try:
        certificate.verify_directly_issued_by(issuer.certificate or certificate)
    except (InvalidSignature, ValueError) as error:
        raise SignatureWrong(key_id=issuer.signer.key_id) from error
    if certificate.tbs_certificate_bytes != intent.to_be_signed:
        raise TbsChanged(what=serial_text(intent.serial_number))
    return certificate


def issue(
    engine: Engine,
    issuer: Issuer,
    request: CertificateRequest,
    *,
    at: datetime,
    urls: PublicUrls,
    serial_source: SerialSource = random_serial,
    audit: AuditRecorder = unrecorded,
) -> x509.Certificate:
    """All the steps, in their order; see the head of this module.

    Raises:
        ProfileViolation: and nothing was issued; the serial number is burnt, here and below.
        SerialCollision: the source gave a number twice.
        TbsChanged: see `sign`.
        SignatureWrong: see `sign`.
    """
    serial = check_serial(serial_source())
    with engine.begin() as connection:
        reserve_serial(connection, serial, issuer=issuer.name, at=at)
    prepared = prepare(issuer, request, serial=serial, at=at, urls=urls)
    with engine.begin() as connection:
        save_intent(connection, prepared.intent)
    facts = {"serial_number": serial_text(serial), "issuer": issuer.name, "name": request.name}
    audit("certificate-issue", facts, at)
    with engine.begin() as connection:
        redeem_intent(connection, prepared.intent)
    certificate = sign(issuer, prepared)
    with engine.begin() as connection:
        save_issued(connection, serial, certificate.public_bytes(Encoding.DER))
    return certificate


def _extension(  # noqa: PLR0911  (one answer for each kind of row)
    rule: ExtensionRule, issuer: Issuer, request: CertificateRequest, urls: PublicUrls
) -> x509.ExtensionType:
    """What the row of the table says, for this request."""
    match rule.content:
        case SubjectKey():
            return x509.SubjectKeyIdentifier.from_public_key(request.public_key)
        case IssuerKey():
            return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.signer.public_key)
        case Authority(path_length=length):
            return x509.BasicConstraints(ca=True, path_length=length)
        case Usages(names=names):
            return x509.KeyUsage(**{name: name in names for name in USAGES})
        case Uses(identifiers=identifiers):
            return x509.ExtendedKeyUsage(identifiers)
        case Policy(identifier=identifier):
            information = x509.PolicyInformation(x509.ObjectIdentifier(identifier), None)
            return x509.CertificatePolicies([information])
        case ListAddress():
            address = x509.UniformResourceIdentifier(urls.crl(issuer.name))
            return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])
        case Addresses(has_ocsp=has_ocsp):
            return _access(urls, issuer, has_ocsp=has_ocsp)
        case NoCheck():
            return x509.OCSPNoCheck()
        case _:
            assert_never(rule.content)


def _access(urls: PublicUrls, issuer: Issuer, *, has_ocsp: bool) -> x509.AuthorityInformationAccess:
    access = [(AuthorityInformationAccessOID.CA_ISSUERS, urls.certificate(issuer.name))]
    if has_ocsp:
        access.insert(0, (AuthorityInformationAccessOID.OCSP, urls.ocsp))
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
    )
