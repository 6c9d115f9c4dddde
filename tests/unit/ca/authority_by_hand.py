"""A small authority that needs no custody, and certificates of every profile below it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca.certificates import CertificateRequest, Issuer, prepare, sign
from ca.names import Agency, Officer, Operator, agency_name, authority_name, officer_name
from ca.profiles import PROFILES, ProfileName
from ca.serials import check_serial, random_serial
from ca.throwaway import ThrowawaySigner
from ca.urls import PublicUrls
from keys.signer import Algorithm, Purpose, Signer

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
URLS = PublicUrls()
AGENCY = Agency(
    code="civil-registry",
    name_ar="مديرية الأحوال المدنية",
    name_en="Directorate of Civil Status",
    organization_identifier="GO:SY-CIVIL-STATUS",
)
OFFICER = Officer(given_name="سلمى", surname="الخطيب", identifier="OF:SY-1042")


def subject_of(profile: ProfileName) -> x509.Name:
    match profile:
        case ProfileName.SEAL:
            return agency_name(AGENCY)
        case ProfileName.OFFICER:
            return officer_name(OFFICER, AGENCY)
        case _:
            return authority_name(Operator(), f"Wathiqa {profile.value}")


@cache
def root() -> Issuer:
    signer: Signer = ThrowawaySigner(Algorithm.P384, Purpose.ROOT)
    itself = Issuer(name="root", subject=subject_of(ProfileName.ROOT), signer=signer, certificate=None)
    return replace(itself, certificate=certified(ProfileName.ROOT, itself, signer.public_key))


@cache
def issuing() -> Issuer:
    signer: Signer = ThrowawaySigner(Algorithm.P256, Purpose.ISSUING)
    certificate = certified(ProfileName.ISSUING, root(), signer.public_key)
    return Issuer(name="issuing", subject=certificate.subject, signer=signer, certificate=certificate)


def issuer_of(profile: ProfileName) -> Issuer:
    return root() if PROFILES[profile].issuer is ProfileName.ROOT else issuing()


def request(profile: ProfileName, public_key: Any = None, **changes: Any) -> CertificateRequest:
    facts = {
        "profile": profile,
        "name": profile.value,
        "subject": subject_of(profile),
        "key_id": profile.value,
        "public_key": public_key or ec.generate_private_key(ec.SECP256R1()).public_key(),
    }
    return CertificateRequest(**(facts | changes))


def certified(profile: ProfileName, issuer: Issuer, public_key: Any = None) -> x509.Certificate:
    wanted = request(profile, public_key)
    serial = check_serial(random_serial())
    return sign(issuer, prepare(issuer, wanted, serial=serial, at=NOW, urls=URLS))


@cache
def good(profile: ProfileName) -> x509.Certificate:
    """A certificate as the table wants it."""
    match profile:
        case ProfileName.ROOT:
            made = root().certificate
        case ProfileName.ISSUING:
            made = issuing().certificate
        case _:
            made = certified(profile, issuer_of(profile))
    assert made is not None
    return made


@dataclass
class Parts:
    """A certificate taken apart, so that one part can be put wrong."""

    subject: list[list[x509.NameAttribute[Any]]]
    issuer: x509.Name
    public_key: Any
    serial_number: int
    not_before: datetime
    not_after: datetime
    extensions: list[tuple[x509.ExtensionType, bool]]

    def made(self) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            issuer_name=self.issuer,
            subject_name=x509.Name([x509.RelativeDistinguishedName(part) for part in self.subject]),
            public_key=self.public_key,
            serial_number=self.serial_number,
            not_valid_before=self.not_before,
            not_valid_after=self.not_after,
        )
        for value, critical in self.extensions:
            builder = builder.add_extension(value, critical)
        key = ec.generate_private_key(ec.SECP256R1())
        return builder.sign(key, hashes.SHA256())


def parts(profile: ProfileName) -> Parts:
    certificate = good(profile)
    return Parts(
        subject=[list(part) for part in certificate.subject.rdns],
        issuer=certificate.issuer,
        public_key=certificate.public_key(),
        serial_number=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        extensions=[(extension.value, extension.critical) for extension in certificate.extensions],
    )


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


SECOND = timedelta(seconds=1)
