"""The authority's counter: what people do with applications and certificates.

The authority's books are one database, the service's (accounts, trail, idempotency) another. So each
act is told to the trail first, in a transaction of its own, then done in the books, then published: a
list that is older than a revocation is published anew by the housekeeping. What makes certificates or
changes their status is done by one process at a time, behind the same lock as everything the
authority signs.

One officer is enough to suspend, release or revoke: whoever waits for a second signature while a key
is in the wrong hands protects nobody (ADR 17).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine

from ca import enrolment, revocation
from ca.applications import Application, find_applications, find_by_key, load_application
from ca.auditing import AuditRecorder
from ca.certificates import Issuer
from ca.csr import CheckedRequest
from ca.enrolment import NewApplication
from ca.names import Agency as CertifiedAgency
from ca.names import agency_name
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.serials import SerialNumber
from ca.store import IssuedCertificate, StatusChange, find_certificates, find_status_changes, load_certificate
from ca.urls import PublicUrls
from issuance.agencies import Agency
from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.authority.errors import AgencyUnknown
from issuance.database import reading
from issuance.file_locks import alone
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.errors import TokenNotValid
from issuance.identity.permissions import Permission
from issuance.identity.tokens import load_staff

ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody applies for: a seal certificate for one system of an agency."""

    agency: str
    system: str  # which of the agency's systems: "archive"
    request: CheckedRequest
    evidence: str = ""
    renews: SerialNumber | None = None
    proof: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityDesk:
    """Everything that is done at the counter. May be shared by threads.

    Args:
        books: the authority's database.
        engine: the service's database.
        issuer: the issuing authority, as it is at each call.
        urls: addresses inside certificates.
        lock: held by the one process that makes certificates or changes their status.
        agencies: who may have certificates.
        own_keys: digests (SHA-256 of the SubjectPublicKeyInfo) of the keys in custody here.
        status_changed: told after a change of status, so that what is in use follows it.
        publish: brings the published files up to date.
    """

    books: Engine
    engine: Engine
    issuer: Callable[[], Issuer]
    urls: PublicUrls
    lock: Path
    agencies: Sequence[Agency]
    own_keys: Callable[[], frozenset[str]]
    status_changed: Callable[[datetime], None]
    publish: Callable[[datetime], None]

    # Applications

    def submit(self, wish: Wish, *, by: Actor, at: datetime) -> Application:
        """Take an application in; the same request by the same caller is the same application.

        Raises:
            AgencyUnknown: no such agency, or a machine's of another one.
            Refusal: see `ca.enrolment.submit`.
        """
        agency = self.agency(wish.agency, by)
        new = NewApplication(
            profile=ProfileName.SEAL,
            agency=agency.id,
            holder=holder_of(agency.id, wish.system),
            subject=registered_subject(agency),
            evidence=wish.evidence,
            renews=wish.renews,
            proof=wish.proof,
        )
        with self.books.begin() as connection:
            before = find_by_key(connection, wish.request.key_fingerprint)
            if before is not None and _is_same(before, new, wish.request, by):
                return before
            application = enrolment.submit(
                connection,
                new,
                wish.request,
                by=name_of(by),
                at=at,
                is_ours=lambda digest: digest in self.own_keys(),
                audit=self._audit(by),
            )
        if application.approvals_needed == 0:
            self._issue(application.number, by=by, at=at)
        return self.application(application.number)

    def approve(self, number: str, *, by: Actor, at: datetime) -> Application:
        """Approve; the second approval that counts makes the certificate and publishes it.

        Raises:
            Refusal: see `ca.enrolment.approve`.
            KeyCustodyError: the approval is kept, and the certificate follows by itself.
        """
        with self.books.begin() as connection:
            application = enrolment.approve(connection, number, by=name_of(by), at=at, audit=self._audit(by))
        if enrolment.count_approvals(application, self.still_counts) >= application.approvals_needed:
            self._issue(number, by=by, at=at)
        return self.application(number)

    def reject(self, number: str, *, reason: str, by: Actor, at: datetime) -> Application:
        """Say no.

        Raises:
            Refusal: see `ca.enrolment.reject`.
        """
        with self.books.begin() as connection:
            return enrolment.reject(
                connection, number, by=name_of(by), reason=reason, at=at, audit=self._audit(by)
            )

    def withdraw(self, number: str, *, by: Actor, at: datetime) -> Application:
        """Take back what one submitted oneself, or what one's agency's system did.

        Raises:
            Refusal: see `ca.enrolment.withdraw`.
        """
        with self.books.begin() as connection:
            return enrolment.withdraw(connection, number, by=name_of(by), at=at, audit=self._audit(by))

    def issue(self, number: str, *, by: Actor, at: datetime) -> IssuedCertificate:
        """Make the certificate of an approved application now, and publish it.

        Raises:
            Refusal: see `ca.enrolment.issue_application`.
        """
        return self._issue(number, by=by, at=at)

    def issue_due(self, *, by: Actor, at: datetime) -> list[str]:
        """End what nobody decided on in time, and make what was approved and broke off; its numbers."""
        with self.books.begin() as connection:
            enrolment.expire_applications(connection, at=at, audit=self._audit(by))
        with reading(self.books) as connection:
            due = enrolment.find_due(connection, at=at, still_counts=self.still_counts)
        for number in due:
            self._issue(number, by=by, at=at)
        return due

    def application(self, number: str) -> Application:
        """One application.

        Raises:
            ApplicationNotFound: there is none.
        """
        with reading(self.books) as connection:
            return load_application(connection, number)

    def application_of_key(self, key_digest: str) -> Application | None:
        """The application for this key, if there is one."""
        with reading(self.books) as connection:
            return find_by_key(connection, key_digest)

    def applications(self, **selection: object) -> list[Application]:
        """Applications; the selection is that of `ca.applications.find_applications`."""
        with reading(self.books) as connection:
            return find_applications(connection, **selection)  # type: ignore[arg-type]  # passed on as it is

    def counted(self, application: Application) -> int:
        """How many of its approvals count now."""
        return enrolment.count_approvals(application, self.still_counts)

    # Certificates

    def certificates(self) -> list[IssuedCertificate]:
        """Every certificate, newest first."""
        with reading(self.books) as connection:
            return find_certificates(connection)

    def certificate(self, serial: int) -> IssuedCertificate:
        """One certificate.

        Raises:
            CertificateNotFound: never issued.
        """
        with reading(self.books) as connection:
            return load_certificate(connection, serial)

    def history(self, serial: int) -> list[StatusChange]:
        """What happened to a certificate."""
        with reading(self.books) as connection:
            return find_status_changes(connection, serial)

    def present(self, agency: str, system: str, *, at: datetime) -> IssuedCertificate | None:
        """The newest certificate of an agency's system that is in force."""
        with reading(self.books) as connection:
            found = find_certificates(connection, name=holder_of(agency, system))
        in_force = (each for each in found if each.revoked_at is None and at <= each.not_after)
        return next(in_force, None)

    def suspend(self, serial: int, *, why: str, by: Actor, at: datetime) -> IssuedCertificate:
        """Put a certificate on hold, and publish that.

        Raises:
            CertificateNotFound, NotRevocable: see `ca.revocation.suspend`.
        """
        with alone(self.lock), self.books.begin() as connection:
            revocation.suspend(connection, serial, at=at, by=name_of(by), audit=self._audit(by, why=why))
        return self._made_known(serial, at)

    def release(self, serial: int, *, why: str, by: Actor, at: datetime) -> IssuedCertificate:
        """Lift a suspension, and publish that.

        Raises:
            CertificateNotFound, NotRevocable: see `ca.revocation.release`.
        """
        with alone(self.lock), self.books.begin() as connection:
            revocation.release(connection, serial, at=at, by=name_of(by), audit=self._audit(by, why=why))
        return self._made_known(serial, at)

    def revoke(
        self,
        serial: int,
        *,
        reason: RevocationReason,
        why: str,
        by: Actor,
        at: datetime,
        invalid_since: datetime | None = None,
    ) -> IssuedCertificate:
        """Revoke a certificate for good, and publish that.

        Raises:
            CertificateNotFound, NotRevocable: see `ca.revocation.revoke`.
        """
        with alone(self.lock), self.books.begin() as connection:
            revocation.revoke(
                connection,
                serial,
                reason=reason,
                at=at,
                invalid_since=invalid_since,
                by=name_of(by),
                audit=self._audit(by, why=why),
            )
        return self._made_known(serial, at)

    # Who

    def agency(self, code: str, actor: Actor) -> Agency:
        """The agency of this code, if the caller may act for it: a machine acts for its own alone.

        Raises:
            AgencyUnknown: it does not exist or is not the caller's.
        """
        found = next((each for each in self.agencies if each.id == code), None)
        if found is None or (actor.kind is ActorKind.MACHINE and actor.agency != code):
            raise AgencyUnknown
        return found

    def still_counts(self, officer: str) -> bool:
        """Whether an officer may approve at this moment: the account is open and carries the permission."""
        kind, _, account = officer.partition(":")
        if kind != ActorKind.STAFF:
            return False
        with reading(self.engine) as connection:
            try:
                return load_staff(connection, account).may(Permission.CERTIFICATES_APPROVE)
            except TokenNotValid:
                return False

    def _issue(self, number: str, *, by: Actor, at: datetime) -> IssuedCertificate:
        with alone(self.lock):
            issued = enrolment.issue_application(
                self.books,
                self.issuer(),
                number,
                at=at,
                urls=self.urls,
                still_counts=self.still_counts,
                audit=self._audit(by),
            )
        self.publish(at)
        return issued

    def _made_known(self, serial: int, at: datetime) -> IssuedCertificate:
        self.status_changed(at)
        self.publish(at)
        return self.certificate(serial)

    def _audit(self, actor: Actor, **more: str) -> AuditRecorder:
        """Into the service's one trail, in the name of who acts; where that fails, nothing is done."""

        def tell(act: str, facts: Mapping[str, str], at: datetime) -> None:
            if act.startswith("application-"):
                about = AuditObject(kind="application", id=facts["application"])
            else:
                about = AuditObject(kind="authority", id=facts.get("serial_number", "-"))
            said = {name: value for name, value in {**facts, **more}.items() if value}
            with self.engine.begin() as connection:
                trail.record(connection, actor, f"authority.{act}", about, at=at, facts=dict(said))

        return tell


def name_of(actor: Actor) -> str:
    """An actor as the authority's books name it: `staff:…`, `machine:…`."""
    return f"{actor.kind}:{actor.id}"


def holder_of(agency: str, system: str) -> str:
    """The name under which an agency's system is certified, again and again."""
    return f"{ENROLLED}-{agency}-{system}"


def registered_subject(agency: Agency) -> x509.Name:
    """The one subject of an agency's certificates."""
    return agency_name(
        CertifiedAgency(
            code=agency.id,
            name_ar=agency.ar,
            name_en=agency.en,
            organization_identifier=agency.organization_identifier,
        )
    )


def is_of(issued: IssuedCertificate, agency: Agency) -> bool:
    """Whether a certificate names this agency."""
    named = issued.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    return [each.value for each in named] == [agency.organization_identifier]


def _is_same(before: Application, new: NewApplication, request: CheckedRequest, by: Actor) -> bool:
    return (before.request, before.holder, before.renews, before.submitted_by) == (
        request.der,
        new.holder,
        new.renews,
        name_of(by),
    )
