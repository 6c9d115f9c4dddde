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

from sqlalchemy import Connection, Engine

from ca import enrolment, revocation
from ca.applications import Application, ApplicationState, find_applications, find_by_key, load_application
from ca.auditing import AuditRecorder
from ca.certificates import Issuer
from ca.crl import current_crl, issue_crl
from ca.csr import CheckedRequest
from ca.enrolment import NewApplication
from ca.errors import NotRevocable
from ca.names import Officer as CertifiedOfficer
from ca.names import agency_name, officer_name
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.serials import SerialNumber, serial_text
from ca.store import (
    IssuedCertificate,
    StatusChange,
    StoredCrl,
    find_certificates,
    find_status_changes,
    load_certificate,
)
from ca.urls import PublicUrls
from issuance.agencies import Agency
from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.authority.errors import AgencyUnknown, OfficerUnknown
from issuance.authority.naming import ENROLLED, certified, holder_of, name_of
from issuance.clock import Clock
from issuance.database import reading
from issuance.file_locks import alone
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.errors import TokenNotValid
from issuance.identity.permissions import Permission
from issuance.identity.tokens import load_staff

_DATED = frozenset({"application-issue", "certificate-issue", "crl-issue"})
"""Acts that lead to a signature: none without a clock that somebody vouches for."""
BY_CEREMONY = "it comes from the root, whose revocation list a ceremony makes"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOfficer:
    """A member of an agency's staff who is to sign in person."""

    account: str  # the id of their account: it decides nothing on its own application
    person: CertifiedOfficer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody applies for: the seal of one system of an agency, or the signature of one officer."""

    agency: str
    holder: str | NamedOfficer  # which of the agency's systems: "archive"; or who
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
        trusted_clock: raises when nobody vouches for it; then nothing is dated and signed.
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
    trusted_clock: Clock
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
            OfficerUnknown: no open account of that agency, or a machine asks.
            ProfileViolation: a name that no certificate may carry.
            Refusal: see `ca.enrolment.submit`.
        """
        new = self._new_application(wish, by)
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
        """End what nobody decided on in time, and make what was approved and broke off; its numbers.

        Raises:
            Exception: what the first of them met that could not be made; the others were tried.
        """
        with reading(self.books) as connection:
            open_now = find_applications(connection, state=ApplicationState.SUBMITTED)
            due = enrolment.find_due(connection, at=at, still_counts=self.still_counts)
        if any(at >= each.expires_at for each in open_now):
            with self.books.begin() as connection:
                enrolment.expire_applications(connection, at=at, audit=self._audit(by))
        met: list[Exception] = []
        for number in due:
            try:
                self._issue(number, by=by, at=at)
            except Exception as error:  # noqa: BLE001  (told below: one must not stand in the way of the next)
                met.append(error)
        if met:
            raise met[0]
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

    def applications(
        self,
        *,
        state: ApplicationState | None = None,
        agency: str | None = None,
        after: str = "",
        limit: int | None = None,
    ) -> list[Application]:
        """Applications by number, from the one following `after`: in one state, of one agency, or all."""
        with reading(self.books) as connection:
            return find_applications(connection, state=state, agency=agency, after=after, limit=limit)

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
            _require_online(connection, serial)
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
            _require_online(connection, serial)
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

    def revoke_lost(self, serial: int, *, why: str, by: Actor, at: datetime) -> None:
        """Revoke a certificate that was lost while it was signed, and publish that.

        Behind the lock nobody signs, so what is unfinished there is lost.

        Raises:
            CertificateNotFound: see `ca.revocation.revoke_unfinished`.
        """
        with alone(self.lock), self.books.begin() as connection:
            audit = self._audit(by, why=why)
            revocation.revoke_unfinished(connection, serial, at=at, by=name_of(by), audit=audit)
        self.status_changed(at)
        self.publish(at)

    def issue_list(self, *, by: Actor, at: datetime) -> StoredCrl:
        """Sign a revocation list now, though none is due, and publish it.

        Raises:
            CrlNotMonotone: the clock stands before the last list.
        """
        with alone(self.lock):
            crl = issue_crl(self.books, self.issuer(), at=at, audit=self._audit(by))
        self.publish(at)
        return crl

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

    def _new_application(self, wish: Wish, by: Actor) -> NewApplication:
        agency = self.agency(wish.agency, by)
        if isinstance(wish.holder, NamedOfficer):
            self._check_account(wish.holder, agency, by)
            profile, holder = ProfileName.OFFICER, f"{ENROLLED}-officer-{wish.holder.account}"
            subject = officer_name(wish.holder.person, certified(agency))
            beneficiary = f"{ActorKind.STAFF}:{wish.holder.account}"
        else:
            profile, holder, beneficiary = ProfileName.SEAL, holder_of(agency.id, wish.holder), None
            subject = agency_name(certified(agency))
        return NewApplication(
            profile=profile,
            agency=agency.id,
            holder=holder,
            subject=subject,
            evidence=wish.evidence,
            beneficiary=beneficiary,
            renews=wish.renews,
            proof=wish.proof,
        )

    def _check_account(self, officer: NamedOfficer, agency: Agency, by: Actor) -> None:
        with reading(self.engine) as connection:
            try:
                account = load_staff(connection, officer.account)
            except TokenNotValid as error:
                raise OfficerUnknown from error
        if account.agency != agency.id or by.kind is ActorKind.MACHINE:
            raise OfficerUnknown

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
            # A list made before a certificate says nothing of it: who seals with it now has a list that does.
            current_crl(
                self.books, self.issuer(), at=at, no_older_than=issued.not_before, audit=self._audit(by)
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
            if act in _DATED:
                self.trusted_clock()
            if act.startswith("application-"):
                about = AuditObject(kind="application", id=facts["application"])
            else:
                named = facts.get("serial_number", facts.get("issuer", "-"))
                about = AuditObject(kind="authority", id=named)
            said = {name: value for name, value in {**facts, **more}.items() if value}
            with self.engine.begin() as connection:
                trail.record(connection, actor, f"authority.{act}", about, at=at, facts=dict(said))

        return tell


def _require_online(connection: Connection, serial: int) -> None:
    """Nothing that the root signed is taken out of force here: nobody would learn of it.

    Raises:
        CertificateNotFound: never issued.
        NotRevocable: the root signed it.
    """
    if load_certificate(connection, serial).issuer == ProfileName.ROOT.value:
        raise NotRevocable(serial_number=serial_text(serial), reason=BY_CEREMONY)


def _is_same(before: Application, new: NewApplication, request: CheckedRequest, by: Actor) -> bool:
    return (before.request, before.holder, before.renews, before.submitted_by) == (
        request.der,
        new.holder,
        new.renews,
        name_of(by),
    )
