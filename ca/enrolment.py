"""Enrolment: from a request to a certificate, with two officers in between.

    submit ──▶ approve, approve ──▶ issue ──▶ (publish, the caller's)
        └────▶ reject, withdraw, expire after 30 days

- Two different officers approve; neither who submitted it nor whose certificate it becomes. An approval
  counts while its officer still may approve: it is asked anew when the certificate is made.
- A key is applied for once: one that stands in an application, a certificate, or in custody here is refused.
- A renewal has a new key and overlaps with the certificate it follows, which stays in force to its end. Where
  the present key signs the renewal request, the two approvals of then still speak (`RENEWAL_WINDOW`): for the
  same subject, profile and agency, and for nothing else. Any other name is approved like a first one.
- The serial number is kept with the application before anything is made with it. What breaks off is taken
  up by `settle`: if the certificate stands in the books the application is issued, else it waits for another
  attempt under another number, and the books let no earlier one finish (`ca.applications`). So an application
  never has two certificates.

Acts take a connection and do not commit, but `issue_application` and `settle`, whose steps commit by
themselves and which one process at a time may call. Each act is told to the audit first.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError

from ca.applications import (
    ENDED_IN_VAIN,
    Application,
    ApplicationState,
    Approval,
    change_state,
    find_applications,
    find_attempts,
    find_by_certificate,
    find_by_key,
    find_renewals,
    load_application,
    save_application,
    save_approval,
    save_attempt,
)
from ca.auditing import AuditRecorder, unrecorded
from ca.certificates import CertificateRequest, Issuer, issue
from ca.clock import whole_seconds
from ca.csr import CheckedRequest, check_subject, parse_request
from ca.errors import CaError, CertificateNotFound, KeyAlreadyCertified, ProfileViolation
from ca.profiles import ProfileName
from ca.refusals import (
    ApplicationClosed,
    ApprovalsMissing,
    ApprovedBefore,
    KeyReused,
    OwnApplication,
    RenewalProofWrong,
    RenewalRefused,
    TooManyOpen,
)
from ca.serials import SerialNumber, SerialSource, check_serial, random_serial, serial_text
from ca.store import IssuedCertificate, load_certificate
from ca.tables import certificates
from ca.urls import PublicUrls

APPROVALS_NEEDED = 2
OPEN_FOR = timedelta(days=30)
MOST_OPEN = 50
"""Of one agency: a system gone wild shall not bury what the officers have to look at."""
RENEWAL_WINDOW = timedelta(days=90)
"""Before a certificate's end: within it, the present key's signature is enough for a renewal."""
TRY_AGAIN_AFTER = timedelta(minutes=10)
NUMBER_DIGITS = 10
SETTLING = "authority"

StillCounts = Callable[[str], bool]
"""Whether an officer may approve at this moment: the account is open and has the role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """What is applied for, beside the request itself."""

    profile: ProfileName
    agency: str
    holder: str
    subject: x509.Name  # the registered one
    evidence: str
    beneficiary: str | None = None
    renews: SerialNumber | None = None
    proof: bytes | None = None  # the present key's signature over the request, with SHA-256


def submit(
    connection: Connection,
    new: NewApplication,
    request: CheckedRequest,
    *,
    by: str,
    at: datetime,
    is_ours: Callable[[str], bool] = lambda _: False,
    audit: AuditRecorder = unrecorded,
) -> Application:
    """Take an application in.

    Args:
        connection: to the authority's books.
        new: what is applied for.
        request: the checked request.
        by: who submits it.
        at: now.
        is_ours: whether a key in custody here has this digest (SHA-256 of the SubjectPublicKeyInfo).
        audit: told first.

    Raises:
        SubjectNotRegistered: the request names somebody else.
        KeyReused: its key was applied for or certified before, or is ours.
        TooManyOpen: nobody has decided yet on as many of the agency's as there may be.
        RenewalRefused: what it would renew is not in force, not this holder's, or renewed already.
        RenewalProofWrong: there is a proof, and it is wrong.
    """
    at = whole_seconds(at)
    check_subject(request.subject, new.subject)
    waiting = find_applications(
        connection, state=ApplicationState.SUBMITTED, agency=new.agency, limit=MOST_OPEN
    )
    if len(waiting) >= MOST_OPEN:
        raise TooManyOpen(most=MOST_OPEN)
    if is_ours(request.key_fingerprint) or is_key_known(connection, request.key_fingerprint):
        raise KeyReused
    needed = APPROVALS_NEEDED
    if new.renews is not None:
        present = renewable(connection, new.renews, holder=new.holder, at=at)
        if (
            new.proof is not None
            and _is_proven(present, request, new.proof, at)
            and _says_the_same(connection, present, new)
        ):
            needed = 0
    application = Application(
        number=f"A-{at:%y}-{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}d}",
        profile=new.profile,
        agency=new.agency,
        holder=new.holder,
        subject=new.subject,
        request=request.der,
        key_digest=request.key_fingerprint,
        key_kind=request.key_kind,
        renews=new.renews,
        approvals_needed=needed,
        submitted_by=by,
        beneficiary=new.beneficiary,
        evidence=new.evidence,
        submitted_at=at,
        expires_at=at + OPEN_FOR,
        state=ApplicationState.SUBMITTED,
        changed_at=at,
        changed_by=by,
        reason=None,
        serial_number=None,
    )
    audit("application-submit", _facts(application, by), at)
    try:
        save_application(connection, application)
    except IntegrityError as error:
        raise KeyReused from error
    return application


def approve(
    connection: Connection, number: str, *, by: str, at: datetime, audit: AuditRecorder = unrecorded
) -> Application:
    """Keep one officer's approval.

    Raises:
        ApplicationNotFound: there is none.
        ApplicationClosed: decided, being issued, or expired.
        OwnApplication: by who submitted it, or whose certificate it becomes.
        ApprovedBefore: by the same officer.
    """
    at = whole_seconds(at)
    application = _decidable(connection, number, by=by, at=at)
    if any(approval.by == by for approval in application.approvals):
        raise ApprovedBefore
    audit("application-approve", _facts(application, by), at)
    save_approval(connection, number, Approval(by=by, at=at))
    return load_application(connection, number)


def reject(
    connection: Connection,
    number: str,
    *,
    by: str,
    reason: str,
    at: datetime,
    audit: AuditRecorder = unrecorded,
) -> Application:
    """End an application with a reason: one officer is enough to say no.

    Raises:
        ApplicationNotFound, ApplicationClosed, OwnApplication: as `approve`.
    """
    at = whole_seconds(at)
    application = _decidable(connection, number, by=by, at=at)
    audit("application-reject", {**_facts(application, by), "reason": reason}, at)
    return change_state(connection, application, ApplicationState.REJECTED, by=by, at=at, reason=reason)


def withdraw(
    connection: Connection, number: str, *, by: str, at: datetime, audit: AuditRecorder = unrecorded
) -> Application:
    """End an application at the applicant's wish; who may, the caller has checked.

    Raises:
        ApplicationNotFound: there is none.
        ApplicationClosed: decided, being issued, or expired.
    """
    at = whole_seconds(at)
    application = _open(connection, number, at)
    audit("application-withdraw", _facts(application, by), at)
    return change_state(connection, application, ApplicationState.WITHDRAWN, by=by, at=at)


def expire_applications(
    connection: Connection, *, at: datetime, audit: AuditRecorder = unrecorded
) -> list[Application]:
    """End those that nobody decided on in time."""
    at = whole_seconds(at)
    over = [
        each
        for each in find_applications(connection, state=ApplicationState.SUBMITTED)
        if at >= each.expires_at
    ]
    for each in over:
        audit("application-expire", _facts(each, SETTLING), at)
        change_state(connection, each, ApplicationState.EXPIRED, by=SETTLING, at=at)
    return over


def find_due(connection: Connection, *, at: datetime, still_counts: StillCounts) -> list[str]:
    """The numbers of applications whose certificate can be made now: approved, or broken off before."""
    due = [each.number for each in find_applications(connection, state=ApplicationState.ISSUING)]
    for each in find_applications(connection, state=ApplicationState.SUBMITTED):
        tried = find_attempts(connection, each.number)
        waits = bool(tried) and at - tried[-1][1] < TRY_AGAIN_AFTER
        if (
            at < each.expires_at
            and not waits
            and count_approvals(each, still_counts) >= each.approvals_needed
        ):
            due.append(each.number)
    return due


def count_approvals(application: Application, still_counts: StillCounts) -> int:
    """How many approvals count now."""
    own = {application.submitted_by, application.beneficiary}
    return len({each.by for each in application.approvals if each.by not in own and still_counts(each.by)})


def issue_application(
    engine: Engine,
    issuer: Issuer,
    number: str,
    *,
    at: datetime,
    urls: PublicUrls,
    still_counts: StillCounts,
    serial_source: SerialSource = random_serial,
    audit: AuditRecorder = unrecorded,
) -> IssuedCertificate:
    """Make the certificate of an approved application; of an issued one, the certificate it has.

    Call it outside a transaction, one process at a time.

    Raises:
        ApplicationNotFound: there is none.
        ApplicationClosed: rejected, withdrawn, expired or failed.
        ApprovalsMissing: fewer officers approved than needed, or may still approve.
        RenewalRefused: what it renews is no longer in force; and the application has failed.
        ProfileViolation, KeyAlreadyCertified: and the application has failed.
    """
    application = settle(engine, number, at=at, audit=audit)
    if application.state is not ApplicationState.ISSUED:
        application = _attempt(
            engine,
            issuer,
            number,
            at=at,
            urls=urls,
            still_counts=still_counts,
            serial_source=serial_source,
            audit=audit,
        )
    with engine.connect() as connection:
        return load_certificate(connection, application.serial_number or 0)


def settle(engine: Engine, number: str, *, at: datetime, audit: AuditRecorder = unrecorded) -> Application:
    """Take up an application whose issue broke off: issued if its certificate is there, else open again.

    Raises:
        ApplicationNotFound: there is none.
    """
    at = whole_seconds(at)
    with engine.begin() as connection:
        application = load_application(connection, number)
        serial = application.serial_number
        if application.state is not ApplicationState.ISSUING or serial is None:
            return application
        if _is_issued(connection, serial):
            return _finish(connection, application, serial, at=at, audit=audit)
        audit("application-reopen", {**_facts(application, SETTLING), "burnt": serial_text(serial)}, at)
        return change_state(connection, application, ApplicationState.SUBMITTED, by=SETTLING, at=at)


def renewable(
    connection: Connection, serial: SerialNumber, *, holder: str, at: datetime
) -> IssuedCertificate:
    """The certificate that may be renewed.

    Raises:
        RenewalRefused: there is none of this holder, it is not in force, or it was renewed before.
    """
    refused = RenewalRefused(serial_number=serial_text(serial))
    try:
        present = load_certificate(connection, serial)
    except CertificateNotFound as error:
        raise refused from error
    renewed = any(each.state not in ENDED_IN_VAIN for each in find_renewals(connection, serial))
    in_force = present.revoked_at is None and present.not_before <= at <= present.not_after
    if present.name != holder or not in_force or renewed:
        raise refused
    return present


def is_key_known(connection: Connection, key_digest: str) -> bool:
    """Whether this key stands in an application or a certificate, even one that was never signed."""
    certified = select(certificates.c.serial_number).where(certificates.c.key_digest == key_digest).limit(1)
    return (
        find_by_key(connection, key_digest) is not None or connection.execute(certified).first() is not None
    )


def _attempt(
    engine: Engine,
    issuer: Issuer,
    number: str,
    *,
    at: datetime,
    urls: PublicUrls,
    still_counts: StillCounts,
    serial_source: SerialSource,
    audit: AuditRecorder,
) -> Application:
    serial = check_serial(serial_source())
    try:
        with engine.begin() as connection:
            application = _begin(connection, number, serial, at=at, still_counts=still_counts, audit=audit)
    except RenewalRefused as error:
        _fail(engine, number, error, at=at, audit=audit)
        raise
    request = CertificateRequest(
        profile=application.profile,
        name=application.holder,
        subject=application.subject,
        key_id=application.number,  # the key is the applicant's; here it is known by its application
        public_key=parse_request(application.request).public_key,
    )
    try:
        issue(engine, issuer, request, at=at, urls=urls, serial_source=lambda: serial, audit=audit)
    except (ProfileViolation, KeyAlreadyCertified) as error:
        # Found before the key was used, and it would be found again.
        _fail(engine, number, error, at=at, audit=audit)
        raise
    with engine.begin() as connection:
        return _finish(connection, application, serial, at=at, audit=audit)


def _begin(
    connection: Connection,
    number: str,
    serial: SerialNumber,
    *,
    at: datetime,
    still_counts: StillCounts,
    audit: AuditRecorder,
) -> Application:
    application = _open(connection, number, whole_seconds(at))
    given = count_approvals(application, still_counts)
    if given < application.approvals_needed:
        raise ApprovalsMissing(number=number, given=given, needed=application.approvals_needed)
    if application.renews is not None:
        present = load_certificate(connection, application.renews)
        if present.revoked_at is not None or at > present.not_after:
            raise RenewalRefused(serial_number=serial_text(application.renews))
    facts = {**_facts(application, SETTLING), "serial_number": serial_text(serial)}
    audit("application-issue", facts, at)
    save_attempt(connection, number, serial, at=at)
    return change_state(
        connection, application, ApplicationState.ISSUING, by=SETTLING, at=whole_seconds(at), serial=serial
    )


def _fail(engine: Engine, number: str, error: CaError, *, at: datetime, audit: AuditRecorder) -> None:
    """End an application that can never be issued: the next attempt would meet the same."""
    at = whole_seconds(at)
    with engine.begin() as connection:
        application = load_application(connection, number)
        audit("application-fail", {**_facts(application, SETTLING), "reason": error.code}, at)
        change_state(connection, application, ApplicationState.FAILED, by=SETTLING, at=at, reason=str(error))


def _finish(
    connection: Connection,
    application: Application,
    serial: SerialNumber,
    *,
    at: datetime,
    audit: AuditRecorder,
) -> Application:
    facts = {**_facts(application, SETTLING), "serial_number": serial_text(serial)}
    audit("application-issued", facts, at)
    return change_state(
        connection, application, ApplicationState.ISSUED, by=SETTLING, at=whole_seconds(at), serial=serial
    )


def _is_issued(connection: Connection, serial: SerialNumber) -> bool:
    try:
        load_certificate(connection, serial)
    except CertificateNotFound:
        return False
    return True


def _decidable(connection: Connection, number: str, *, by: str, at: datetime) -> Application:
    application = _open(connection, number, at)
    if by in {application.submitted_by, application.beneficiary}:
        raise OwnApplication
    return application


def _open(connection: Connection, number: str, at: datetime) -> Application:
    application = load_application(connection, number)
    if application.state is not ApplicationState.SUBMITTED:
        raise ApplicationClosed(number=number, state=application.state.value)
    if at >= application.expires_at:
        raise ApplicationClosed(number=number, state=ApplicationState.EXPIRED.value)
    return application


def _is_proven(present: IssuedCertificate, request: CheckedRequest, proof: bytes, at: datetime) -> bool:
    """Whether the present key vouches for the request, near enough to its end.

    Raises:
        RenewalProofWrong: it signed something else, or another key did.
    """
    try:
        match present.certificate.public_key():
            case ec.EllipticCurvePublicKey() as key:
                key.verify(proof, request.der, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPublicKey() as key:
                key.verify(proof, request.der, padding.PKCS1v15(), hashes.SHA256())
            case _:
                raise RenewalProofWrong
    except InvalidSignature as error:
        raise RenewalProofWrong from error
    return at >= present.not_after - RENEWAL_WINDOW


def _says_the_same(connection: Connection, present: IssuedCertificate, new: NewApplication) -> bool:
    """Whether officers have approved, for the present certificate, all that the new one would say.

    A key proves who holds it; it does not prove that its holder has another name or office by now.
    """
    approved = find_by_certificate(connection, present.serial_number)
    return (
        approved is not None
        and approved.agency == new.agency
        and present.profile is new.profile
        and present.certificate.subject == new.subject
    )


def _facts(application: Application, by: str) -> Mapping[str, str]:
    facts = {
        "application": application.number,
        "by": by,
        "holder": application.holder,
        "key": application.key_digest,
    }
    return facts if application.renews is None else facts | {"renews": serial_text(application.renews)}
