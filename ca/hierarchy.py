"""The authority as a whole: the root's certificate, the issuing CA, and what is certified below it.

`establish` makes what is missing and finds what exists, so calling it at every start is
right. It never signs with a root, whose key is not here: the certificates of the root, the
issuing CA and the trust list come from ceremonies (`ca.imports`), and where one is missing
or has ended the error names the act that is needed.

Below the issuing CA certificates follow keys: each line of the keyring has a certificate for
its active generation, and one in advance for a generation that waits. Certificates near
their end are renewed with the same key; one that was revoked is followed by a new key. Where
a ceremony has put another issuing CA in place, everything is certified anew below it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.ceremony.errors import CeremonyNeeded
from ca.certificates import CertificateRequest, Issuer, issue
from ca.clock import Clock
from ca.crl import current_crl
from ca.errors import CertificateNotFound, ClockWrong, ProfileViolation
from ca.imports import load_root
from ca.names import Agency, Operator, agency_name, authority_name
from ca.ocsp import OcspResponder
from ca.profiles import PROFILES, ProfileName
from ca.serials import SerialSource, random_serial
from ca.store import IssuedCertificate, find_certificates
from ca.timestamp import TimeStamper
from ca.urls import PublicUrls
from keys.errors import KeyNotActive
from keys.keyring import KeyRecord, Keyring, KeyState
from keys.signer import Algorithm, PublicKey, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCertificate:
    """The trust anchor: a certificate whose key is elsewhere."""

    name: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate's encoding."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key and the certificate that goes with it."""

    name: str  # "issuing", "seal-civil-registry"; names files and addresses too
    certificate: x509.Certificate
    signer: Signer
    chain: tuple[x509.Certificate, ...]  # the issuers above, nearest first, the root last

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

    root: RootCertificate
    issuing: Credential
    ocsp: Credential
    timestamp: Credential
    trust_list: Credential | None  # None where its certificate is missing, revoked or ended
    seals: Mapping[str, Credential]  # by agency code; without those whose key is suspended or retired
    former: tuple[Credential, ...] = ()  # issuing CAs that were followed by another, while their lists go on

    @property
    def trust_list_signer(self) -> Credential:
        """Who signs the trust list.

        Raises:
            CeremonyNeeded: its certificate is missing, revoked or ended.
        """
        if self.trust_list is None:
            raise _needed(ProfileName.TRUST_LIST.value)
        return self.trust_list

    def seal(self, agency: str) -> Credential:
        """The seal of an agency, by its code.

        Raises:
            CertificateNotFound: no such agency.
        """
        if agency not in self.seals:
            raise CertificateNotFound(serial_number=f"seal-{agency}")
        return self.seals[agency]

    def credentials(self) -> tuple[RootCertificate | Credential, ...]:
        """All of them, authorities first."""
        return (
            self.root,
            self.issuing,
            self.ocsp,
            self.timestamp,
            *(() if self.trust_list is None else (self.trust_list,)),
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
    keyring: Keyring,
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
    """Find what ceremonies gave, make or find the rest; call it outside a transaction.

    `seal_algorithms` chooses RSA-3072 for agencies (by code) that need it; P-256 otherwise.

    Raises:
        CeremonyNeeded: the root's or the issuing CA's certificate is missing, revoked or ended.
        ProfileViolation: a name or key that the profiles forbid.
        KeyNotActive: the key of a service is suspended or retired.
        ClockWrong: `at` stands before the issue of something.
    """
    operator = operator or Operator()
    root = _root(engine, at)
    given = _Given(keyring, engine, root, at=at)
    issuing, *former = given.authorities()
    maker = _Maker(keyring, engine, issuing, at=at, urls=urls, serial_source=serial_source, audit=audit)
    algorithms = seal_algorithms or {}
    hierarchy = Hierarchy(
        root=root,
        issuing=issuing,
        ocsp=maker.service(ProfileName.OCSP, operator, "OCSP Responder"),
        timestamp=maker.service(ProfileName.TIMESTAMP, operator, "Time Stamping Unit"),
        trust_list=next(given.credentials(ProfileName.TRUST_LIST), None),
        seals=dict(maker.seals(agencies, algorithms, country=operator.country)),
        former=tuple(former),
    )
    current_crl(engine, issuing.as_issuer(), at=at, audit=audit)
    return hierarchy


def _root(engine: Engine, at: datetime) -> RootCertificate:
    with engine.connect() as connection:
        row = load_root(connection)
    if row is None or at > row.not_after:
        raise CeremonyNeeded(missing="certificate of the root", act="create-root")
    if at < row.not_before:
        raise ClockWrong(name=row.name)
    return RootCertificate(name=row.name, certificate=row.certificate)


class _Given:
    """Finds what ceremonies have certified."""

    def __init__(self, keyring: Keyring, engine: Engine, root: RootCertificate, *, at: datetime) -> None:
        self._keyring, self._engine, self._root, self._at = keyring, engine, root, at

    def authorities(self) -> list[Credential]:
        """The issuing CA, and those before it that may still sign lists.

        Raises:
            CeremonyNeeded: there is none.
        """
        found = list(self.credentials(ProfileName.ISSUING))
        if not found:
            keys = self._active(ProfileName.ISSUING)
            raise _needed(keys[0].key_id if keys else ProfileName.ISSUING.value)
        return found

    def credentials(self, profile: ProfileName) -> Iterator[Credential]:
        """Every generation of a line that may be used now, the newest first."""
        for key in self._active(profile):
            credential = self._usable(profile, key)
            if credential is not None:
                yield credential

    def _active(self, profile: ProfileName) -> list[KeyRecord]:
        generations = self._keyring.generations(profile.value)
        return [each for each in reversed(generations) if each.state is KeyState.ACTIVE]

    def _usable(self, profile: ProfileName, key: KeyRecord) -> Credential | None:
        with self._engine.connect() as connection:
            history = find_certificates(connection, name=key.key_id)
        newest = next((row for row in history if row.key_id == key.key_id), None)
        if newest is None or newest.revoked_at is not None or self._at > newest.not_after:
            return None
        if self._at < newest.not_before:
            raise ClockWrong(name=newest.name)
        _require_same_key(newest, key.public_key)
        # An authority goes by its key's own name; whichever key signs the trust list is the trust list's.
        name = key.key_id if PROFILES[profile].is_authority else profile.value
        signer = self._keyring.load(key.key_id)
        return Credential(
            name=name, certificate=newest.certificate, signer=signer, chain=(self._root.certificate,)
        )


class _Maker:
    """Finds or issues what the issuing CA certifies, one credential after another."""

    def __init__(
        self,
        keyring: Keyring,
        engine: Engine,
        issuing: Credential,
        *,
        at: datetime,
        urls: PublicUrls,
        serial_source: SerialSource,
        audit: AuditRecorder,
    ) -> None:
        self._keyring, self._engine, self._issuing, self._at = keyring, engine, issuing, at
        self._urls, self._serial_source, self._audit = urls, serial_source, audit

    def service(self, profile: ProfileName, operator: Operator, title: str) -> Credential:
        """A service of the operator's own."""
        subject = authority_name(operator, f"{operator.name} {title}")
        return self._credential(_Line(profile=profile, name=profile.value, subject=subject))

    def seals(
        self, agencies: Sequence[Agency], algorithms: Mapping[str, Algorithm], *, country: str
    ) -> Iterator[tuple[str, Credential]]:
        """The seal of each agency, by its code; none for one whose key may not be used."""
        for agency in agencies:
            line = _Line(
                profile=ProfileName.SEAL,
                name=f"seal-{agency.code}",
                subject=agency_name(agency, country=country),
                algorithm=algorithms.get(agency.code, Algorithm.P256),
            )
            # The others seal on; whoever asks for this one is told that it has none.
            with suppress(KeyNotActive):
                yield agency.code, self._credential(line)

    def _credential(self, line: "_Line") -> Credential:
        signer = self._obtain(line)
        if any(row.is_revoked for row in self._history(line.name, signer)):
            self._keyring.replace(line.name, at=self._at)
            signer = self._obtain(line)
        certificate = self._find_or_issue(line, signer)
        for waiting in self._keyring.generations(line.name):
            is_fit = not any(row.is_revoked for row in self._history(line.name, waiting))
            if waiting.state is KeyState.PRE_ACTIVE and is_fit:
                self._find_or_issue(line, waiting)
        chain = (self._issuing.certificate, *self._issuing.chain)
        return Credential(name=line.name, certificate=certificate, signer=signer, chain=chain)

    def _obtain(self, line: "_Line") -> Signer:
        purpose = PROFILES[line.profile].purpose
        return self._keyring.obtain(line.name, purpose=purpose, algorithm=line.algorithm, at=self._at)

    def _history(self, name: str, key: "_Key") -> list[IssuedCertificate]:
        """What was ever issued for this key, newest first."""
        with self._engine.connect() as connection:
            history = find_certificates(connection, name=name)
        return [row for row in history if row.key_id == key.key_id]

    def _find_or_issue(self, line: "_Line", key: "_Key") -> x509.Certificate:
        issuer = self._issuing.as_issuer()
        newest = next((row for row in self._history(line.name, key) if row.issuer == issuer.name), None)
        if newest is not None and self._is_usable(newest, line, key):
            return newest.certificate
        request = CertificateRequest(
            profile=line.profile,
            name=line.name,
            subject=line.subject,
            key_id=key.key_id,
            public_key=key.public_key,
        )
        return issue(
            self._engine,
            issuer,
            request,
            at=self._at,
            urls=self._urls,
            serial_source=self._serial_source,
            audit=self._audit,
        )

    def _is_usable(self, newest: IssuedCertificate, line: "_Line", key: "_Key") -> bool:
        """Whether the newest certificate of a key may go on, or a new one is due."""
        if self._at < newest.not_before:
            raise ClockWrong(name=newest.name)
        _require_same_key(newest, key.public_key)
        if newest.is_on_hold:
            return True  # a suspension is not got round by another certificate
        # An agency that was renamed gets a certificate in its new name.
        is_due = self._at > newest.not_after - PROFILES[line.profile].renew_before
        return not is_due and newest.certificate.subject == line.subject


_Key: TypeAlias = Signer | KeyRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of keys as it is certified."""

    profile: ProfileName
    name: str
    subject: x509.Name
    algorithm: Algorithm = Algorithm.P256


def _needed(key: str) -> CeremonyNeeded:
    return CeremonyNeeded(missing=f"certificate of {key}", act=f"certify {key}")


def _require_same_key(row: IssuedCertificate, public_key: PublicKey) -> None:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if row.certificate.public_key().public_bytes(*form) != public_key.public_bytes(*form):
        raise ProfileViolation(field=row.name, rule="the key in custody is not the certified one")
