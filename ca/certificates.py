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

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.clock import whole_seconds
from ca.errors import SignatureWrong
from ca.intents import OnlyTheseBytes
from ca.lint import lint_certificate
from ca.profiles import PROFILES, Profile, ProfileName, authority_profile
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
    for value, critical in _extensions(profile, issuer, request, urls):
        builder = builder.add_extension(value, critical)
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


def _extensions(
    profile: Profile, issuer: Issuer, request: CertificateRequest, urls: PublicUrls
) -> list[tuple[x509.ExtensionType, bool]]:
    critical = profile.extensions()
    values: list[x509.ExtensionType] = [x509.SubjectKeyIdentifier.from_public_key(request.public_key)]
    if profile.issuer is not profile.name:
        values.append(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.signer.public_key))
    if profile.is_authority:
        values.append(x509.BasicConstraints(ca=True, path_length=profile.path_length))
    values.append(_key_usage(profile))
    if profile.extended_key_usage:
        values.append(x509.ExtendedKeyUsage(profile.extended_key_usage))
    if profile.policy:
        values.append(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(profile.policy), None)])
        )
    if profile.has_crl:
        values.extend(_locations(profile, issuer, urls))
    if profile.no_check:
        values.append(x509.OCSPNoCheck())
    return [(value, critical[value.oid]) for value in values]


def _key_usage(profile: Profile) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
    )
    more = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in profile.key_usage for name in (*names, *more)})


def _locations(profile: Profile, issuer: Issuer, urls: PublicUrls) -> list[x509.ExtensionType]:
    crl = x509.UniformResourceIdentifier(urls.crl(issuer.name))
    access = [(AuthorityInformationAccessOID.CA_ISSUERS, urls.certificate(issuer.name))]
    if profile.has_ocsp:
        access.insert(0, (AuthorityInformationAccessOID.OCSP, urls.ocsp))
    return [
        x509.CRLDistributionPoints([x509.DistributionPoint([crl], None, None, None)]),
        x509.AuthorityInformationAccess(
            [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
        ),
    ]
