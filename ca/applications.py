"""Applications for certificates as the authority keeps them; the rules are in `ca.enrolment`.

    submitted ──▶ issuing ──▶ issued
        │  ▲         │
        │  └─────────┴──▶ failed      no certificate of this kind can be made from it
        └──▶ rejected, withdrawn, expired

Functions take a connection and never commit. What was applied for, who approved and which serial
numbers were tried is never changed or removed: triggers say so to whoever comes with SQL, and
refuse an issue that fewer officers approved than the application needs.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from sqlalchemy import (
    DDL,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    event,
    insert,
    select,
    update,
)

from ca.profiles import ProfileName
from ca.refusals import ApplicationClosed, ApplicationNotFound
from ca.serials import SerialNumber, serial_text
from ca.tables import Instant

metadata = MetaData()


class ApplicationState(StrEnum):
    """How far an application has come."""

    SUBMITTED = "submitted"
    ISSUING = "issuing"
    ISSUED = "issued"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FAILED = "failed"


ENDED_IN_VAIN = frozenset(
    {
        ApplicationState.REJECTED,
        ApplicationState.WITHDRAWN,
        ApplicationState.EXPIRED,
        ApplicationState.FAILED,
    }
)

applications = Table(
    "ca_applications",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("profile", String(16), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("holder", String(80), nullable=False),
    Column("subject", Text, nullable=False),  # JSON: [[oid, text], …]
    Column("request", LargeBinary, nullable=False),  # PKCS #10, DER
    Column("key_digest", String(64), nullable=False, unique=True),  # one key, one application
    Column("key_kind", String(16), nullable=False),
    Column("renews", String(40)),
    Column("approvals_needed", Integer, nullable=False),
    Column("submitted_by", String(120), nullable=False),
    Column("beneficiary", String(120)),
    Column("evidence", Text, nullable=False),
    Column("submitted_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", String(120), nullable=False),
    Column("reason", Text),
    Column("serial_number", String(40), unique=True),  # of the attempt under way, then of the certificate
    Index("ix_ca_applications_state", "state", "number"),
    Index("ix_ca_applications_renews", "renews"),
)
approvals = Table(
    "ca_approvals",
    metadata,
    Column("number", ForeignKey(applications.c.number), primary_key=True),
    Column("approved_by", String(120), primary_key=True),
    Column("approved_at", Instant, nullable=False),
)
attempts = Table(
    "ca_attempts",
    metadata,
    Column("serial_number", String(40), primary_key=True),
    Column("number", ForeignKey(applications.c.number), nullable=False, index=True),
    Column("attempted_at", Instant, nullable=False),
)


def _refuse(table: Table, name: str, when: str, sentence: str) -> None:
    statement = (
        f"CREATE TRIGGER {table.name}_{name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    )
    trigger = DDL(statement).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", trigger)


for _table in (applications, approvals, attempts):
    _refuse(_table, "not_deleted", f"DELETE ON {_table.name}", "what was applied for stays written")
for _table in (approvals, attempts):
    _refuse(_table, "kept", f"UPDATE ON {_table.name}", "what was done stays written")
_asked = (
    "number, profile, agency, holder, subject, request, key_digest, key_kind, renews, approvals_needed, "
    "submitted_by, beneficiary, evidence, submitted_at, expires_at"
)
_refuse(applications, "as_asked", f"UPDATE OF {_asked} ON ca_applications", "an application is not changed")
_refuse(
    applications,
    "approved",
    "UPDATE OF state ON ca_applications WHEN NEW.state IN ('issuing', 'issued') AND NEW.approvals_needed > "
    "(SELECT count(*) FROM ca_approvals WHERE number = NEW.number "
    "AND approved_by <> NEW.submitted_by AND approved_by IS NOT NEW.beneficiary)",
    "nothing is issued that too few have approved",
)
_refuse(
    applications,
    "ended",
    "UPDATE OF state ON ca_applications WHEN OLD.state NOT IN ('submitted', 'issuing')",
    "a decided application stays decided",
)
# The books' own table: a certificate that was applied for is made by the attempt under way and by no other,
# so that two processes at once, or one that was thought dead, make one certificate between them.
for _name, _when, _sentence in (
    (
        "applied_for",
        (
            "INSERT ON ca_certificates WHEN substr(NEW.name, 1, 9) = 'enrolled-' AND NOT EXISTS "
            "(SELECT 1 FROM ca_attempts WHERE serial_number = NEW.serial_number)"
        ),
        "an enrolled certificate has an application",
    ),
    (
        "under_way",
        (
            "UPDATE OF state ON ca_certificates WHEN EXISTS "
            "(SELECT 1 FROM ca_attempts WHERE serial_number = NEW.serial_number) AND NOT EXISTS "
            "(SELECT 1 FROM ca_applications WHERE serial_number = NEW.serial_number AND state = 'issuing')"
        ),
        "an attempt that was given up makes no certificate",
    ),
):
    _refuse(attempts, _name, _when, _sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One officer's word."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application with all that was decided on it."""

    number: str
    profile: ProfileName
    agency: str  # its code
    holder: str  # the certificate's name in the books; the same for every renewal
    subject: x509.Name  # as registered when it was submitted: what the officers approve
    request: bytes  # PKCS #10, DER
    key_digest: str  # SHA-256 of the SubjectPublicKeyInfo, hexadecimal
    key_kind: str  # "P-256", "RSA-3072"
    renews: SerialNumber | None
    approvals_needed: int
    submitted_by: str  # "staff:…", "machine:…"
    beneficiary: str | None  # whose personal certificate it becomes, where it is a person's
    evidence: str  # how the applicant was identified
    submitted_at: datetime
    expires_at: datetime
    state: ApplicationState
    changed_at: datetime
    changed_by: str
    reason: str | None  # why it was rejected or failed
    serial_number: SerialNumber | None
    approvals: tuple[Approval, ...] = ()


def prepare_applications(engine: Engine) -> None:
    """Make the tables where there are none; the authority's books (`ca.store.prepare_books`) come before."""
    with engine.begin() as connection:
        metadata.create_all(connection)


def save_application(connection: Connection, application: Application) -> None:
    """Keep a new application.

    Raises:
        IntegrityError: SQLAlchemy's; its number or its key was there before.
    """
    row = {
        "number": application.number,
        "profile": application.profile.value,
        "agency": application.agency,
        "holder": application.holder,
        "subject": encode_name(application.subject),
        "request": application.request,
        "key_digest": application.key_digest,
        "key_kind": application.key_kind,
        "renews": _serial_text(application.renews),
        "approvals_needed": application.approvals_needed,
        "submitted_by": application.submitted_by,
        "beneficiary": application.beneficiary,
        "evidence": application.evidence,
        "submitted_at": application.submitted_at,
        "expires_at": application.expires_at,
        "state": application.state.value,
        "changed_at": application.changed_at,
        "changed_by": application.changed_by,
    }
    connection.execute(insert(applications).values(row))


def save_approval(connection: Connection, number: str, approval: Approval) -> None:
    """Keep one officer's word."""
    row = {"number": number, "approved_by": approval.by, "approved_at": approval.at}
    connection.execute(insert(approvals).values(row))


def save_attempt(connection: Connection, number: str, serial: SerialNumber, *, at: datetime) -> None:
    """Keep the serial number under which a certificate is about to be made."""
    row = {"number": number, "serial_number": serial_text(serial), "attempted_at": at}
    connection.execute(insert(attempts).values(row))


def change_state(
    connection: Connection,
    application: Application,
    state: ApplicationState,
    *,
    by: str,
    at: datetime,
    reason: str | None = None,
    serial: SerialNumber | None = None,
) -> Application:
    """Move an application on, if it still stands where the caller saw it.

    Raises:
        ApplicationClosed: somebody else moved it meanwhile.
    """
    changed = connection.execute(
        update(applications)
        .where(
            applications.c.number == application.number,
            applications.c.state == application.state.value,
            applications.c.serial_number.is_not_distinct_from(_serial_text(application.serial_number)),
        )
        .values(
            state=state.value,
            changed_by=by,
            changed_at=at,
            reason=reason,
            serial_number=_serial_text(serial),
        )
    )
    after = load_application(connection, application.number)
    if changed.rowcount != 1:
        raise ApplicationClosed(number=application.number, state=after.state.value)
    return after


def load_application(connection: Connection, number: str) -> Application:
    """The application of this number.

    Raises:
        ApplicationNotFound: there is none.
    """
    row = connection.execute(select(applications).where(applications.c.number == number)).one_or_none()
    if row is None:
        raise ApplicationNotFound(number=number)
    return _application(connection, row)


def find_by_key(connection: Connection, key_digest: str) -> Application | None:
    """The application for this key; there is never more than one."""
    query = select(applications).where(applications.c.key_digest == key_digest)
    row = connection.execute(query).one_or_none()
    return None if row is None else _application(connection, row)


def find_by_certificate(connection: Connection, serial: SerialNumber) -> Application | None:
    """The application that this certificate was made of; None where it was made of none."""
    query = select(applications).where(
        applications.c.serial_number == serial_text(serial),
        applications.c.state == ApplicationState.ISSUED.value,
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _application(connection, row)


def find_applications(
    connection: Connection,
    *,
    state: ApplicationState | None = None,
    agency: str | None = None,
    holder: str | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[Application]:
    """Applications by number: in one state, of one agency, of one holder, or all."""
    query = select(applications).where(applications.c.number > after).order_by(applications.c.number)
    if state is not None:
        query = query.where(applications.c.state == state.value)
    if agency is not None:
        query = query.where(applications.c.agency == agency)
    if holder is not None:
        query = query.where(applications.c.holder == holder)
    return [_application(connection, row) for row in connection.execute(query.limit(limit)).all()]


def find_renewals(connection: Connection, serial: SerialNumber) -> list[Application]:
    """Applications that would renew this certificate, or did."""
    query = select(applications).where(applications.c.renews == serial_text(serial))
    return [_application(connection, row) for row in connection.execute(query).all()]


def find_attempts(connection: Connection, number: str) -> list[tuple[SerialNumber, datetime]]:
    """The serial numbers tried for an application, oldest first."""
    query = select(attempts).where(attempts.c.number == number).order_by(attempts.c.attempted_at)
    return [(SerialNumber(int(row.serial_number, 16)), row.attempted_at) for row in connection.execute(query)]


def encode_name(name: x509.Name) -> str:
    """A name as it is kept: its parts in order."""
    return json.dumps([[part.oid.dotted_string, part.value] for part in name], ensure_ascii=False)


def decode_name(text: str) -> x509.Name:
    """The name that `encode_name` wrote; each part is the kind of string that `ca.names` makes it."""
    return x509.Name(
        [x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in json.loads(text)]
    )


def _application(connection: Connection, row: Row[tuple[object, ...]]) -> Application:
    values = row._mapping  # noqa: SLF001  (public API of SQLAlchemy, underscored to keep column names free)
    number = values["number"]
    query = select(approvals).where(approvals.c.number == number).order_by(approvals.c.approved_at)
    given = tuple(Approval(by=each.approved_by, at=each.approved_at) for each in connection.execute(query))
    return Application(
        number=number,
        profile=ProfileName(values["profile"]),
        agency=values["agency"],
        holder=values["holder"],
        subject=decode_name(values["subject"]),
        request=values["request"],
        key_digest=values["key_digest"],
        key_kind=values["key_kind"],
        renews=_serial(values["renews"]),
        approvals_needed=values["approvals_needed"],
        submitted_by=values["submitted_by"],
        beneficiary=values["beneficiary"],
        evidence=values["evidence"],
        submitted_at=values["submitted_at"],
        expires_at=values["expires_at"],
        state=ApplicationState(values["state"]),
        changed_at=values["changed_at"],
        changed_by=values["changed_by"],
        reason=values["reason"],
        serial_number=_serial(values["serial_number"]),
        approvals=given,
    )


def _serial(text: str | None) -> SerialNumber | None:
    return None if text is None else SerialNumber(int(text, 16))


def _serial_text(serial: SerialNumber | None) -> str | None:
    return None if serial is None else serial_text(serial)
