"""The authority's books: serial numbers, certificates, CRLs. Functions take a connection and never commit.

A serial number is reserved before anything is built with it and never given back;
what is to be signed is stored before the key is used. So after a crash the books
say what may exist: a reserved serial without a certificate is burnt, and a
certificate in state `signing` may or may not have been signed, but never twice.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    TypeDecorator,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ca.errors import AlreadyRedeemed, BooksOfAnotherVersion, CertificateNotFound, SerialCollision
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.serials import SerialNumber, serial_text

metadata = MetaData()
BOOKS_VERSION = 1
"""Raised with every change of the tables below, together with a step that brings older books to it."""


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC without its zone (SQLite has none)."""
        del dialect
        if value is not None and value.tzinfo is None:
            msg = "a naive datetime cannot be stored"
            raise ValueError(msg)
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class CertificateState(StrEnum):
    """How far an intent has come."""

    INTENDED = "intended"
    SIGNING = "signing"
    ISSUED = "issued"


serials = Table(
    "ca_serials",
    metadata,
    Column("serial_number", String(40), primary_key=True),
    Column("issuer", String(64), nullable=False),
    Column("reserved_at", Instant, nullable=False),
)
certificates = Table(
    "ca_certificates",
    metadata,
    Column("serial_number", String(40), ForeignKey("ca_serials.serial_number"), primary_key=True),
    Column("issuer", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("profile", String(16), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("to_be_signed", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),
    Column("der", LargeBinary),
    Column("revoked_at", Instant),
    Column("reason", String(24)),
    Index("ix_ca_certificates_name", "name", "not_before"),
    Index("ix_ca_certificates_revoked", "issuer", "revoked_at"),
)
crls = Table(
    "ca_crls",
    metadata,
    Column("issuer", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("this_update", Instant, nullable=False),
    Column("next_update", Instant, nullable=False),
    Column("der", LargeBinary, nullable=False),
)


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
    revoked_at: datetime | None
    reason: RevocationReason | None

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


def prepare_books(engine: Engine) -> None:
    """Make the tables where there are none, and mark the file with their version.

    Raises:
        BooksOfAnotherVersion: it holds tables of another version; nothing is changed.
    """
    with engine.begin() as connection:
        found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if found not in {0, BOOKS_VERSION}:
            raise BooksOfAnotherVersion(found=found, known=BOOKS_VERSION)
        if found != BOOKS_VERSION:
            metadata.create_all(connection)
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
    }
    try:
        connection.execute(insert(certificates).values(row))
    except IntegrityError as error:
        raise AlreadyRedeemed(serial_number=row["serial_number"]) from error


def redeem_intent(connection: Connection, intent: Intent) -> None:
    """Mark that signing begins: from here on, only once.

    Raises:
        AlreadyRedeemed: it began before, was never intended, or other bytes were intended.
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
        raise AlreadyRedeemed(serial_number=serial)


def save_issued(connection: Connection, serial: SerialNumber, der: bytes) -> None:
    """Keep the signed certificate.

    Raises:
        AlreadyRedeemed: its signing was not under way.
    """
    changed = connection.execute(
        update(certificates)
        .where(
            certificates.c.serial_number == serial_text(serial),
            certificates.c.state == CertificateState.SIGNING.value,
        )
        .values(state=CertificateState.ISSUED.value, der=der)
    )
    if changed.rowcount != 1:
        raise AlreadyRedeemed(serial_number=serial_text(serial))


def save_revocation(
    connection: Connection, serial: SerialNumber, *, at: datetime, reason: RevocationReason
) -> None:
    """Keep a revocation; the rules are in `ca.revocation`."""
    connection.execute(
        update(certificates)
        .where(certificates.c.serial_number == serial_text(serial), certificates.c.revoked_at.is_(None))
        .values(revoked_at=at, reason=reason.value)
    )


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
    """How many certificates were ever revoked: whether there was one more is asked often."""
    return connection.execute(_REVOCATIONS).scalar_one()


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


def find_revoked(connection: Connection, issuer: str) -> list[IssuedCertificate]:
    """Every certificate of `issuer` that was ever revoked, in the order of revocation."""
    query = (
        _issued()
        .where(certificates.c.issuer == issuer, certificates.c.revoked_at.is_not(None))
        .order_by(certificates.c.revoked_at, certificates.c.serial_number)
    )
    return [_certificate(row) for row in connection.execute(query)]


def save_crl(connection: Connection, crl: StoredCrl) -> None:
    """Keep a signed CRL."""
    row = {
        "issuer": crl.issuer,
        "number": crl.number,
        "this_update": crl.this_update,
        "next_update": crl.next_update,
        "der": crl.der,
    }
    connection.execute(insert(crls).values(row))


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


_REVOCATIONS = select(func.count()).select_from(certificates).where(certificates.c.revoked_at.is_not(None))


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
    )
