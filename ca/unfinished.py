"""Certificates that were lost while they were signed: the key may have answered a process that died."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from ca.profiles import ProfileName
from ca.serials import SerialNumber, serial_text
from ca.store import CertificateState
from ca.tables import certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedCertificate:
    """A certificate whose signing was begun and that is not in the books: it may exist somewhere."""

    serial_number: SerialNumber
    issuer: str
    name: str
    profile: ProfileName
    not_before: datetime
    not_after: datetime


def find_unfinished(connection: Connection, serial: int | None = None) -> list[UnfinishedCertificate]:
    """Certificates that were lost while they were signed and not revoked since; also one under way now."""
    query = (
        select(certificates)
        .where(
            certificates.c.state == CertificateState.SIGNING.value,
            certificates.c.revoked_at.is_(None),
        )
        .order_by(certificates.c.not_before, certificates.c.serial_number)
    )
    if serial is not None:
        query = query.where(certificates.c.serial_number == serial_text(serial))
    return [
        UnfinishedCertificate(
            serial_number=SerialNumber(int(row.serial_number, 16)),
            issuer=row.issuer,
            name=row.name,
            profile=ProfileName(row.profile),
            not_before=row.not_before,
            not_after=row.not_after,
        )
        for row in connection.execute(query)
    ]
