"""The authority as a whole: root, issuing CA, and the certificates of seals and services.

`establish` makes what is missing and finds what exists, so calling it at every start
is right: certificates near their end are renewed, authorities never. A renewed
certificate keeps its key; one that was revoked is followed by a new key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.certificates import CertificateRequest, Issuer, issue
from ca.clock import Clock
from ca.crl import current_crl
from ca.errors import AuthorityExpired, CertificateNotFound, ClockWrong, ProfileViolation
from ca.names import Agency, Operator, agency_name, authority_name
from ca.ocsp import OcspResponder
from ca.profiles import PROFILES, ProfileName
from ca.serials import SerialSource, random_serial
from ca.store import IssuedCertificate, find_certificates
from ca.timestamp import TimeStamper
from ca.urls import PublicUrls
from keys.custody import Custody, obtain_key
from keys.signer import Algorithm, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key and the certificate that goes with it."""

    name: str  # "root", "seal-civil-registry"; names files and addresses too
    certificate: x509.Certificate
    signer: Signer
    chain: tuple[x509.Certificate, ...]  # the issuers above, nearest first, the root last; empty for the root

    @property
    def der(self) -> bytes:
        """The certificate's encoding."""
        return self.certificate.public_bytes(Encoding.DER)

    def as_issuer(self) -> Issuer:
        """The same, as an authority that signs."""
        return Issuer(
            name=self.name,
            subject=self.certificate.subject,
            signer=self.signer,
            certificate=self.certificate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Every credential, by name."""

    root: Credential
    issuing: Credential
    ocsp: Credential
    timestamp: Credential
    trust_list_signer: Credential
    seals: Mapping[str, Credential]  # by agency code

    def seal(self, agency: str) -> Credential:
        """The seal of an agency, by its code.

        Raises:
            CertificateNotFound: no such agency.
        """
        if agency not in self.seals:
            raise CertificateNotFound(serial_number=f"seal-{agency}")
        return self.seals[agency]

    def credentials(self) -> tuple[Credential, ...]:
        """All of them, authorities first."""
        return (
            self.root,
            self.issuing,
            self.ocsp,
            self.timestamp,
            self.trust_list_signer,
            *self.seals.values(),
        )

    def time_stamper(self, clock: Clock, *, with_chain: bool = False) -> TimeStamper:
        """The time-stamping unit; `with_chain` puts the issuing CA's certificate into tokens too."""
        chain = (self.issuing.certificate,) if with_chain else ()
        return TimeStamper(self.timestamp.signer, self.timestamp.certificate, chain, clock=clock)

    def ocsp_responder(self) -> OcspResponder:
        """The responder for everything that the issuing CA issues."""
        return OcspResponder(
            issuer_name=self.issuing.name,
            issuer=self.issuing.certificate,
            certificate=self.ocsp.certificate,
            signer=self.ocsp.signer,
        )


def establish(
    custody: Custody,
    engine: Engine,
    *,
    at: datetime,
    urls: PublicUrls,
    agencies: Sequence[Agency],
    operator: Operator | None = None,
    seal_algorithms: Mapping[str, Algorithm] | None = None,
    serial_source: SerialSource = random_serial,
    audit: AuditRecorder = unrecorded,
) -> Hierarchy:
    """Make or find everything, the first CRLs included; call it outside a transaction.

    `seal_algorithms` chooses RSA-3072 for agencies (by code) that need it; P-256 otherwise.

    Raises:
        ProfileViolation: a name or key that the profiles forbid.
        AuthorityExpired: a CA certificate has ended.
        ClockWrong: `at` stands before the issue of something.
    """
    operator = operator or Operator()
    maker = _Maker(custody, engine, at=at, urls=urls, serial_source=serial_source, audit=audit)
    root = maker.root(authority_name(operator, f"{operator.name} Root CA"))
    issuing = maker.credential(
        ProfileName.ISSUING, "issuing", authority_name(operator, f"{operator.name} Issuing CA"), root
    )
    algorithms = seal_algorithms or {}
    seals = {
        agency.code: maker.credential(
            ProfileName.SEAL,
            f"seal-{agency.code}",
            agency_name(agency, country=operator.country),
            issuing,
            algorithms.get(agency.code, Algorithm.P256),
        )
        for agency in agencies
    }
    hierarchy = Hierarchy(
        root=root,
        issuing=issuing,
        ocsp=maker.service(ProfileName.OCSP, operator, "OCSP Responder", issuing),
        timestamp=maker.service(ProfileName.TIMESTAMP, operator, "Time Stamping Unit", issuing),
        trust_list_signer=maker.service(ProfileName.TRUST_LIST, operator, "Trust List", root),
        seals=seals,
    )
    for authority in (root, issuing):
        current_crl(engine, authority.as_issuer(), at=at, audit=audit)
    return hierarchy


class _Maker:
    """Finds or issues one credential after another."""

    def __init__(
        self,
        custody: Custody,
        engine: Engine,
        *,
        at: datetime,
        urls: PublicUrls,
        serial_source: SerialSource,
        audit: AuditRecorder,
    ) -> None:
        self._custody, self._engine, self._at = custody, engine, at
        self._urls, self._serial_source, self._audit = urls, serial_source, audit

    def root(self, subject: x509.Name) -> Credential:
        """The root, which signs its own certificate."""

        def itself(signer: Signer) -> Issuer:
            return Issuer(name="root", subject=subject, signer=signer, certificate=None)

        return self._find_or_issue(
            ProfileName.ROOT, "root", subject, algorithm=Algorithm.P384, issuer_for=itself, chain=()
        )

    def service(self, profile: ProfileName, operator: Operator, title: str, issuer: Credential) -> Credential:
        """A service of the operator's own."""
        return self.credential(
            profile, profile.value, authority_name(operator, f"{operator.name} {title}"), issuer
        )

    def credential(
        self,
        profile: ProfileName,
        name: str,
        subject: x509.Name,
        issuer: Credential,
        algorithm: Algorithm = Algorithm.P256,
    ) -> Credential:
        """Whatever an authority above certifies."""
        chain = (issuer.certificate, *issuer.chain)
        return self._find_or_issue(
            profile, name, subject, algorithm=algorithm, issuer_for=lambda _: issuer.as_issuer(), chain=chain
        )

    def _find_or_issue(
        self,
        profile: ProfileName,
        name: str,
        subject: x509.Name,
        *,
        algorithm: Algorithm,
        issuer_for: Callable[[Signer], Issuer],
        chain: tuple[x509.Certificate, ...],
    ) -> Credential:
        with self._engine.connect() as connection:
            history = find_certificates(connection, name=name)
        generation = 1 + sum(row.revoked_at is not None for row in history)
        key_id = name if generation == 1 else f"{name}-{generation}"
        purpose = PROFILES[profile].purpose
        signer = obtain_key(self._custody, key_id, purpose=purpose, algorithm=algorithm)
        certificate = self._usable(history, profile, signer, subject)
        if certificate is None:
            request = CertificateRequest(
                profile=profile, name=name, subject=subject, key_id=key_id, public_key=signer.public_key
            )
            certificate = issue(
                self._engine,
                issuer_for(signer),
                request,
                at=self._at,
                urls=self._urls,
                serial_source=self._serial_source,
                audit=self._audit,
            )
        return Credential(name=name, certificate=certificate, signer=signer, chain=chain)

    def _usable(
        self, history: Sequence[IssuedCertificate], profile: ProfileName, signer: Signer, subject: x509.Name
    ) -> x509.Certificate | None:
        """The newest certificate of this key that may still be used; None where a new one is due."""
        newest = next((row for row in history if row.key_id == signer.key_id), None)
        if newest is None or newest.revoked_at is not None:
            return None
        rules = PROFILES[profile]
        if self._at < newest.not_before:
            raise ClockWrong(name=newest.name)
        if rules.is_authority and self._at > newest.not_after:
            raise AuthorityExpired(name=newest.name)
        if self._at > newest.not_after - rules.renew_before:
            return None
        certificate = newest.certificate
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if certificate.public_key().public_bytes(*form) != signer.public_key.public_bytes(*form):
            raise ProfileViolation(field=newest.name, rule="the key in custody is not the certified one")
        if certificate.subject == subject:
            return certificate
        if rules.is_authority:
            raise ProfileViolation(field=newest.name, rule="an authority keeps its name")
        return None  # an agency that was renamed gets a certificate in its new name
