"""The trust services as the service uses them: who seals, what proves it, what is published.

Everything a verifier needs becomes a file below `public/`; nothing here is asked by a
verifier while it works.

Several processes may run at once. What makes certificates or writes published files is done
by one at a time, behind a file lock. Each process works with certificates `_InUse`, which are
replaced as a whole: near their end when publishing (hourly), at once when one of them
was revoked, whoever revoked it, and within seconds when a key was rotated or a ceremony's
results were taken in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from ca.auditing import AuditRecorder
from ca.clock_lease import signs_under_lease
from ca.errors import NotRevocable
from ca.evidence import Evidence, RevocationEvidence
from ca.hierarchy import Hierarchy, establish
from ca.imports import ROOT
from ca.names import Agency as SealedAgency
from ca.publication import publish as publish_authority
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.serials import serial_text
from ca.store import count_revocations, load_certificate, load_last_crl
from ca.timestamp import TimeStamper
from ca.urls import PublicUrls
from issuance.agencies import Agency
from issuance.catalogue.embedded_json import published_schema, schema_name
from issuance.catalogue.models import DocumentKind
from issuance.ceremonies import Due, find_due
from issuance.clock import Clock
from issuance.code_keys import CODE_KEY_SIGNS_FOR, CodeKeys, StatusLists, TrustListFile
from issuance.database import reading
from issuance.documents.press import AgencySeal
from issuance.file_locks import alone
from issuance.public_files import write_public
from issuance.trust_bundle_publication import TrustBundlePublisher
from issuance.trust_list_publication import TrustListPublisher
from issuance.verification.answer_keys import AnswerKeys
from keys.keyring import Keyring
from signing.formats.trust_bundle import FILE_NAME as BUNDLE_FILE
from signing.formats.trust_list import FILE_NAME
from signing.pades.revocation import RevocationData, RevocationSource
from signing.pades.sealer import Sealer
from signing.rendering.template_set import encode_template_set, packaged_set, template_set_name
from verify.publishing.publication import publish_page

BY_CEREMONY = "it comes from the root, whose revocation list a ceremony makes (act revoke)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _InUse:
    """All that depends on which certificates are the current ones, and which were revoked."""

    hierarchy: Hierarchy
    time_stamper: TimeStamper
    evidence: RevocationEvidence
    seals: Mapping[str, AgencySeal]
    revocations: int  # how many the authority's books knew when these were taken up
    surroundings: tuple[object, ...]  # the keys' states and the root's list then


class TrustServices:
    """Keys, certificates and lists of one installation. May be shared by threads.

    Args:
        engine: the authority's database.
        keyring: the keys, under guard.
        agencies: who seals.
        clock: the service's.
        trusted_clock: raises when nobody vouches for it; then nothing is dated and signed.
        urls: addresses inside certificates.
        verify_origin: the address inside seal codes.
        public: the published root.
        lock: a file that one process at a time holds while it makes certificates or publishes; the newest
            trust list is kept beside it.
        code_keys_sign_for: how long a key of seal codes or status lists signs before another does.
        audit: told before an authority's key is used.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        keyring: Keyring,
        agencies: Sequence[Agency],
        clock: Clock,
        urls: PublicUrls,
        verify_origin: str,
        public: Path,
        lock: Path,
        audit: AuditRecorder,
        trusted_clock: Clock | None = None,
        code_keys_sign_for: timedelta = CODE_KEY_SIGNS_FOR,
    ) -> None:
        self.trusted_clock: Clock = trusted_clock or clock
        audit = signs_under_lease(audit, self.trusted_clock)
        self.engine, self._keyring, self._agencies, self._urls = engine, keyring, agencies, urls
        self._clock, self._verify_origin, self._public, self._audit = clock, verify_origin, public, audit
        self._lock = lock
        self.code_keys = CodeKeys(
            keyring=keyring,
            agencies=agencies,
            published=TrustListFile(public / FILE_NAME),
            kept=TrustListFile(lock.with_name(FILE_NAME)),
            verify_origin=verify_origin,
            signs_for=code_keys_sign_for,
        )
        self._bundles = TrustBundlePublisher(
            public=public, kept=lock.with_name(BUNDLE_FILE), verify_origin=verify_origin
        )
        self.answer_keys = AnswerKeys(keyring=keyring, public=public)
        with alone(lock):
            self.code_keys.establish(at=clock())
            self._in_use = self._take_up(self._count_revocations(), self._establish(clock()))
        self.is_published = False

    @property
    def hierarchy(self) -> Hierarchy:
        """The certificates that are in use now."""
        return self._in_use.hierarchy

    @property
    def time_stamper(self) -> TimeStamper:
        """Stamps with the certificate that is in use now."""
        return self._in_use.time_stamper

    @property
    def evidence(self) -> RevocationEvidence:
        """What proves that the certificates in use are not revoked."""
        return self._in_use.evidence

    def seals(self) -> Mapping[str, AgencySeal]:
        """Who seals files and codes for each agency, at the moment each is looked up."""
        return _CurrentSeals(self)

    def seal(self, agency: str) -> AgencySeal | None:
        """Who seals for an agency now; never with a certificate that is known to be revoked."""
        self.replace_revoked(at=self._clock())
        return self._in_use.seals.get(agency)

    def status_list_signer(self) -> StatusLists:
        """Signs the status lists."""
        return self.code_keys.status_lists()

    def replace_revoked(self, *, at: datetime) -> None:
        """Take up what follows a revocation, by this process or another; cheap where there was none."""
        if self._count_revocations() != self._in_use.revocations:
            with alone(self._lock):
                self._renew(at)

    def follow(self, *, at: datetime) -> None:
        """Take up whatever another process changed: revocations, keys, what came from a ceremony."""
        before = self._in_use
        if (self._count_revocations(), self._surroundings()) != (before.revocations, before.surroundings):
            with alone(self._lock):
                self._renew(at)

    def find_due(self, *, at: datetime) -> list[Due]:
        """What ends within 60 days and only a ceremony renews."""
        return find_due(self.engine, self._keyring, at=at)

    def revoke(self, serial: int, *, reason: RevocationReason, at: datetime) -> None:
        """Revoke a certificate; what it certified gets a new key and a new certificate. Then publish.

        Raises:
            CertificateNotFound: never issued.
            NotRevocable: revoked before, expired, or signed by the root, whose list comes from a ceremony.
            ClockNotTrusted: it is revoked, and not in use any more; what follows it waits for the clock.
        """
        with alone(self._lock):
            with self.engine.begin() as connection:
                if load_certificate(connection, serial).issuer == ROOT:
                    raise NotRevocable(serial_number=serial_text(serial), reason=BY_CEREMONY)
                revoke(connection, serial, reason=reason, at=at, audit=self._audit)
            self._renew(at)

    def publish(self, *, at: datetime) -> None:
        """Write certificates, CRLs, OCSP responses, schemas, the template set, the trust list and the page.

        Certificates near their end are renewed first. May be called at any time and as often as wanted.

        Raises:
            CeremonyNeeded: the issuing CA must come from a ceremony, and nothing is published; or the
                trust list's certificate must, and all but the list is published.
        """
        with alone(self._lock):
            self.answer_keys.publish(at=at)  # first, for a key that is made here changes what is renewed
            self._renew(at)
            self.code_keys.tend(at=at)
            hierarchy = self._in_use.hierarchy
            published = publish_authority(self._public, hierarchy, self.engine, at=at, audit=self._audit)
            names = [path.relative_to(self._public).as_posix() for path in published.files]
            names.append(self._publish_template_set())
            self._trust_lists().publish(names, signer=hierarchy.trust_list_signer, at=at)
            self._publish_page(hierarchy)
            self.is_published = True

    def publish_bundle(self, *, at: datetime, at_once: bool = False) -> None:
        """Write the trust bundle that follows, if what is published has changed; once a minute, or at once.

        Raises:
            CeremonyNeeded: the certificate of the trust list, which signs bundles too, must come from a
                ceremony.
        """
        if at_once or self._bundles.is_due(at=at):
            with alone(self._lock):
                self._bundles.publish(signer=self._in_use.hierarchy.trust_list_signer, at=at)

    def withdraw_code_key(self, key_id: str, *, at: datetime) -> None:
        """Tell everybody that others may have a key of seal codes or status lists; another takes its place.

        Codes by it issued from now on are not genuine; those before it cannot be judged by the code
        alone. Status lists by it count for nothing: publish them again after this.

        Raises:
            KeyNotFound: no seal code and no status list is signed by this key.
            CeremonyNeeded: the certificate of the trust list must come from a ceremony first.
        """
        with alone(self._lock):
            signer = self._in_use.hierarchy.trust_list_signer
            self._audit("code-key-withdraw", {"key": key_id}, at)
            self.code_keys.withdraw(
                key_id,
                publish=lambda compromised: self._trust_lists().publish(
                    None, signer=signer, at=at, compromised=compromised
                ),
                at=at,
            )

    def _publish_template_set(self) -> str:
        """Put what pages are made with beside what they were made with before; answer its name."""
        name = template_set_name(packaged_set().digest)
        write_public(self._public / name, encode_template_set(packaged_set()))
        return name

    def _publish_page(self, hierarchy: Hierarchy) -> None:
        for kind in DocumentKind:
            schema = published_schema(kind, self._verify_origin)
            write_public(self._public / "schemas" / f"{schema_name(kind)}.json", schema)
        anchor = hierarchy.root.certificate.public_key()
        publish_page(
            self._public,
            verify_origin=self._verify_origin,
            trust_anchor_spki=anchor.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        )

    def _trust_lists(self) -> TrustListPublisher:
        return TrustListPublisher(
            path=self.code_keys.published.path,
            kept=self.code_keys.kept.path,
            verify_origin=self._verify_origin,
            agencies=self._agencies,
            keyring=self._keyring,
        )

    def _renew(self, at: datetime) -> None:
        """Make what is missing, revoked or near its end, and work with it from now on.

        Evidence from before a revocation is left behind with whatever it was made for.
        """
        before, revocations, surroundings = self._in_use, self._count_revocations(), self._surroundings()
        hierarchy = self._establish(at)
        is_same = _certificates(hierarchy) == _certificates(before.hierarchy)
        if not is_same or (revocations, surroundings) != (before.revocations, before.surroundings):
            # One assignment: whoever reads sees all of the old or all of the new.
            self._in_use = self._take_up(revocations, hierarchy, before=before)
            self.is_published = False

    def _count_revocations(self) -> int:
        with reading(self.engine) as connection:
            return count_revocations(connection)

    def _surroundings(self) -> tuple[object, ...]:
        keys = tuple((each.key_id, each.state) for each in self._keyring.records())
        with reading(self.engine) as connection:
            root_list = load_last_crl(connection, ROOT)
        return (keys, None if root_list is None else root_list.number)

    def _establish(self, at: datetime) -> Hierarchy:
        return establish(
            self._keyring,
            self.engine,
            at=at,
            urls=self._urls,
            agencies=[_sealed(agency) for agency in self._agencies],
            audit=self._audit,
        )

    def _take_up(self, revocations: int, hierarchy: Hierarchy, *, before: _InUse | None = None) -> _InUse:
        evidence = RevocationEvidence(hierarchy, self.engine, audit=self._audit)
        time_stamper = hierarchy.time_stamper(self.trusted_clock)
        if before is not None and before.time_stamper.certificate == time_stamper.certificate:
            time_stamper = before.time_stamper  # it remembers the last instant that it stamped
        seals = {
            agency.id: self._agency_seal(agency, hierarchy, time_stamper, evidence)
            for agency in self._agencies
            if agency.id in hierarchy.seals
        }
        return _InUse(
            hierarchy=hierarchy,
            time_stamper=time_stamper,
            evidence=evidence,
            seals=seals,
            revocations=revocations,
            surroundings=self._surroundings(),
        )

    def _agency_seal(
        self, agency: Agency, hierarchy: Hierarchy, time_stamper: TimeStamper, evidence: RevocationEvidence
    ) -> AgencySeal:
        credential = hierarchy.seal(agency.id)
        sealer = Sealer(
            credential.signer,
            credential.certificate,
            credential.chain[:-1],
            time_stamper.token,
            _revocation_source(evidence, agency.id),
        )
        return AgencySeal(code=agency.code, files=sealer, codes=self.code_keys.seal_codes(agency))


class _CurrentSeals(Mapping[str, AgencySeal]):
    """The seals as they are when they are looked up."""

    def __init__(self, services: TrustServices) -> None:
        self._services = services

    def __getitem__(self, agency: str) -> AgencySeal:
        found = self._services.seal(agency)
        if found is None:
            raise KeyError(agency)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._services.hierarchy.seals)

    def __len__(self) -> int:
        return len(self._services.hierarchy.seals)


def _revocation_source(evidence: RevocationEvidence, agency: str) -> RevocationSource:
    kept: tuple[Evidence, RevocationData] | None = None

    def source(at: datetime) -> RevocationData:
        nonlocal kept
        found, before = evidence.for_seal(agency, at=at), kept
        if before is not None and before[0] is found:
            return before[1]
        data = RevocationData(
            crls=found.crls,
            certificates=tuple(each.public_bytes(Encoding.DER) for each in found.certificates),
        )
        kept = (found, data)
        return data

    return source


def _certificates(hierarchy: Hierarchy) -> list[x509.Certificate]:
    return [each.certificate for each in hierarchy.credentials()]


def _sealed(agency: Agency) -> SealedAgency:
    return SealedAgency(
        code=agency.id,
        name_ar=agency.ar,
        name_en=agency.en,
        organization_identifier=agency.organization_identifier,
    )
