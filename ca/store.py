"""The authority's books: serial numbers, certificates, CRLs. Functions take a connection and never commit.

A serial number is reserved before anything is built with it and never given back;
what is to be signed is stored before the key is used. So after a crash the books
say what may exist: a reserved serial without a certificate is burnt, and a
certificate in state `signing` may or may not have been signed, but never twice.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from ca.errors import (
    AlreadyRedeemed,
    BooksOfAnotherVersion,
    CertificateNotFound,
    KeyAlreadyCertified,
    SerialCollision,
)
from ca.profiles import PROFILES, ProfileName
from ca.reasons import RevocationReason
from ca.serials import SerialNumber, serial_text
from ca.tables import Instant, certificates, crl_numbers, crls, metadata, serials, status_changes
from ca.upgrades import BOOKS_VERSION, STEPS, find_version


class CertificateState(StrEnum):
    """How far an intent has come."""

    INTENDED = "intended"
    SIGNING = "signing"
    ISSUED = "issued"


class Change(StrEnum):
    """What happened to a certificate's status."""

    HELD = "held"  # suspended
    RELEASED = "released"  # no longer suspended
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """One certificate in the books."""

    serial_number: SerialNumber
    issuer: str
    name: str
    profile: ProfileName
    key_id: str
    not_before: datetime
    not_after: datetime
    der: bytes
    revoked_at: datetime | None  # of a suspended one: when it was suspended
    reason: RevocationReason | None
    invalidity_date: datetime | None = None  # RFC 5280 §5.3.2

    @property
    def is_on_hold(self) -> bool:
        """Whether it is suspended: not to be relied on now, and perhaps again later."""
        return self.reason is RevocationReason.CERTIFICATE_HOLD

    @property
    def is_revoked(self) -> bool:
        """Whether it is revoked for good."""
        return self.revoked_at is not None and not self.is_on_hold

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself, parsed."""
        return x509.load_der_x509_certificate(self.der)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCrl:
    """One CRL in the books."""

    issuer: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be signed, as the books need it."""

    serial_number: SerialNumber
    issuer: str
    name: str
    profile: ProfileName
    key_id: str
    not_before: datetime
    not_after: datetime
    to_be_signed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """One line of a certificate's history: who, when, why."""

    serial_number: SerialNumber
    change: Change
    changed_at: datetime
    reason: RevocationReason | None  # None at a release
    invalidity_date: datetime | None
    changed_by: str


def prepare_books(engine: Engine) -> None:
    """Make the tables where there are none, bring older ones to this version, and mark the file with it.

    Raises:
        BooksOfAnotherVersion: it holds tables of a later version; nothing is changed.
    """
    with engine.begin() as connection:
        found = find_version(connection)
        if found == 0:
            metadata.create_all(connection)
        elif found > BOOKS_VERSION:
            raise BooksOfAnotherVersion(found=found, known=BOOKS_VERSION)
        for step in STEPS[max(found - 1, 0) :] if found else ():
            step(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {BOOKS_VERSION}")


def reserve_serial(connection: Connection, serial: SerialNumber, *, issuer: str, at: datetime) -> None:
    """Take a serial number for good.

    Raises:
        SerialCollision: it was taken before.
    """
    row = {"serial_number": serial_text(serial), "issuer": issuer, "reserved_at": at}
    try:
        connection.execute(insert(serials).values(row))
    except IntegrityError as error:
        raise SerialCollision(serial_number=serial_text(serial)) from error


def save_intent(connection: Connection, intent: Intent) -> None:
    """Keep what is about to be signed, before any key is used.

    Raises:
        AlreadyRedeemed: an intent for this serial number exists.
    """
    row = {
        "serial_number": serial_text(intent.serial_number),
        "issuer": intent.issuer,
        "name": intent.name,
        "profile": intent.profile.value,
        "key_id": intent.key_id,
        "not_before": intent.not_before,
        "not_after": intent.not_after,
        "to_be_signed": intent.to_be_signed,
        "state": CertificateState.INTENDED.value,
        "key_digest": certified_key_digest(intent.to_be_signed),
    }
    try:
        connection.execute(insert(certificates).values(row))
    except IntegrityError as error:
        raise AlreadyRedeemed(what=row["serial_number"]) from error


def redeem_intent(connection: Connection, intent: Intent) -> None:
    """Mark that signing begins: from here on, only once.

    Raises:
        AlreadyRedeemed: it began before, was never intended, or other bytes were intended.
        KeyAlreadyCertified: the same key is or may be certified under another name.
    """
    serial = serial_text(intent.serial_number)
    changed = connection.execute(
        update(certificates)
        .where(
            certificates.c.serial_number == serial,
            certificates.c.state == CertificateState.INTENDED.value,
            certificates.c.to_be_signed == intent.to_be_signed,
        )
        .values(state=CertificateState.SIGNING.value)
    )
    if changed.rowcount != 1:
        raise AlreadyRedeemed(what=serial)
    # After the update, so that this transaction holds the write lock while it looks.
    require_key_of_one_line(connection, certified_key_digest(intent.to_be_signed), name=intent.name)


def certified_key_digest(to_be_signed: bytes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo inside a to-be-signed certificate, in hexadecimal."""
    info: bytes = TbsCertificate.load(to_be_signed)["subject_public_key_info"].dump()
    return hashlib.sha256(info).hexdigest()


def require_key_of_one_line(connection: Connection, key_digest: str, *, name: str) -> None:
    """A key stands for one holder: it is certified again and again under one name, never under two.

    Raises:
        KeyAlreadyCertified: another name's, or compromised.
    """
    query = select(certificates.c.name, certificates.c.profile, certificates.c.reason).where(
        certificates.c.key_digest == key_digest,
        certificates.c.state != CertificateState.INTENDED.value,
    )
    for row in connection.execute(query):
        # cACompromise speaks of the authority's own key where it is an authority's certificate that is
        # revoked; elsewhere of the issuer's, and the holder's key may be certified by the next one.
        lost = {RevocationReason.KEY_COMPROMISE.value}
        if PROFILES[ProfileName(row.profile)].is_authority:
            lost.add(RevocationReason.CA_COMPROMISE.value)
        if row.name != name or row.reason in lost:
            raise KeyAlreadyCertified(name=row.name)


def save_issued(connection: Connection, serial: SerialNumber, der: bytes) -> None:
    """Keep the signed certificate.

    Raises:
        AlreadyRedeemed: its signing was not under way, or was given up (`ca.revocation.revoke_unfinished`).
    """
    changed = connection.execute(
        update(certificates)
        .where(
            certificates.c.serial_number == serial_text(serial),
            certificates.c.state == CertificateState.SIGNING.value,
            certificates.c.revoked_at.is_(None),
        )
        .values(state=CertificateState.ISSUED.value, der=der)
    )
    if changed.rowcount != 1:
        raise AlreadyRedeemed(what=serial_text(serial))


def save_status_change(connection: Connection, change: StatusChange) -> None:
    """Keep a change of status, in the history and as the present status; the rules are in `ca.revocation`."""
    serial = serial_text(change.serial_number)
    reason = None if change.reason is None else change.reason.value
    row = {
        "serial_number": serial,
        "change": change.change.value,
        "changed_at": change.changed_at,
        "reason": reason,
        "invalidity_date": change.invalidity_date,
        "changed_by": change.changed_by,
    }
    connection.execute(insert(status_changes).values(row))
    since: datetime | ColumnElement[datetime] | None = change.changed_at
    match change.change:
        case Change.HELD:
            pass
        case Change.RELEASED:
            since = None
        case Change.REVOKED:
            # ITU-T X.509, certificateHold: what was on hold is revoked as of when it was put on hold.
            since = func.coalesce(certificates.c.revoked_at, literal(change.changed_at, Instant))
        case _:
            assert_never(change.change)
    present = {"revoked_at": since, "reason": reason, "invalidity_date": change.invalidity_date}
    connection.execute(update(certificates).where(certificates.c.serial_number == serial).values(present))


def find_status_changes(connection: Connection, serial: int | None = None) -> list[StatusChange]:
    """What happened to one certificate, or to all, in the order in which it happened."""
    query = select(status_changes).order_by(status_changes.c.number)
    if serial is not None:
        query = query.where(status_changes.c.serial_number == serial_text(serial))
    return [
        StatusChange(
            serial_number=SerialNumber(int(row.serial_number, 16)),
            change=Change(row.change),
            changed_at=row.changed_at,
            reason=None if row.reason is None else RevocationReason(row.reason),
            invalidity_date=row.invalidity_date,
            changed_by=row.changed_by,
        )
        for row in connection.execute(query)
    ]


def load_certificate(connection: Connection, serial: int) -> IssuedCertificate:
    """The issued certificate of this serial number.

    Raises:
        CertificateNotFound: never issued.
    """
    row = connection.execute(
        _issued().where(certificates.c.serial_number == serial_text(serial))
    ).one_or_none()
    if row is None:
        raise CertificateNotFound(serial_number=serial_text(serial))
    return _certificate(row)


def count_revocations(connection: Connection) -> int:
    """How often the status of a certificate changed: whether there was one more is asked often."""
    return connection.execute(_CHANGES).scalar_one()


def find_certificates(
    connection: Connection, *, name: str | None = None, issuer: str | None = None
) -> list[IssuedCertificate]:
    """Issued certificates, newest first; of one name, of one issuer, or all."""
    query = _issued().order_by(certificates.c.not_before.desc(), certificates.c.serial_number)
    if name is not None:
        query = query.where(certificates.c.name == name)
    if issuer is not None:
        query = query.where(certificates.c.issuer == issuer)
    return [_certificate(row) for row in connection.execute(query)]


def save_crl(connection: Connection, crl: StoredCrl) -> None:
    """Keep a signed CRL: one whose number was reserved here, or one that was signed elsewhere.

    The rules for one from elsewhere (signature, number, instant) are the importer's.
    """
    row = {"issuer": crl.issuer, "number": crl.number, "this_update": crl.this_update}
    taken = (crl_numbers.c.issuer == crl.issuer, crl_numbers.c.number == crl.number)
    if connection.execute(select(crl_numbers).where(*taken)).one_or_none() is None:
        connection.execute(insert(crl_numbers).values(row))
    connection.execute(insert(crls).values(row | {"next_update": crl.next_update, "der": crl.der}))


def load_last_crl(connection: Connection, issuer: str) -> StoredCrl | None:
    """The CRL of `issuer` with the highest number, None before the first."""
    newest = select(func.max(crls.c.number)).where(crls.c.issuer == issuer).scalar_subquery()
    row = connection.execute(
        select(crls).where(crls.c.issuer == issuer, crls.c.number == newest)
    ).one_or_none()
    if row is None:
        return None
    return StoredCrl(
        issuer=row.issuer,
        number=row.number,
        this_update=row.this_update,
        next_update=row.next_update,
        der=row.der,
    )


_CHANGES = select(func.count()).select_from(status_changes)


def _issued() -> Select[tuple[object, ...]]:
    return select(*certificates.c).where(certificates.c.state == CertificateState.ISSUED.value)


def _certificate(row: Row[tuple[object, ...]]) -> IssuedCertificate:
    values = row._mapping  # noqa: SLF001  (public API of SQLAlchemy, underscored to keep column names free)
    reason = values["reason"]
    return IssuedCertificate(
        serial_number=SerialNumber(int(values["serial_number"], 16)),
        issuer=values["issuer"],
        name=values["name"],
        profile=ProfileName(values["profile"]),
        key_id=values["key_id"],
        not_before=values["not_before"],
        not_after=values["not_after"],
        der=values["der"],
        revoked_at=values["revoked_at"],
        reason=None if reason is None else RevocationReason(reason),
        invalidity_date=values["invalidity_date"],
    )
