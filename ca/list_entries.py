"""What a revocation list is made from: its number, and who is revoked or on hold at that moment.

Functions take a connection and never commit; they are called in one transaction, see `ca.crl`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, literal, select

from ca.errors import CrlNotMonotone
from ca.reasons import RevocationReason
from ca.serials import SerialNumber
from ca.tables import Instant, certificates, crl_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedCertificate:
    """What a revocation list needs of a certificate that is revoked or on hold."""

    serial_number: SerialNumber
    not_after: datetime
    revoked_at: datetime
    reason: RevocationReason
    invalidity_date: datetime | None


def reserve_crl_number(connection: Connection, issuer: str, *, this_update: datetime) -> int:
    """Take the next number of `issuer`'s lists for good: it may stay unused, and is never used twice.

    From here until its commit the transaction holds the write lock, so a list with a higher number
    is made from what the books say later.

    Raises:
        CrlNotMonotone: `this_update` is before that of an earlier number (RFC 5280 §5.2.3).
    """
    mine = crl_numbers.c.issuer == issuer
    following = select(
        literal(issuer), func.coalesce(func.max(crl_numbers.c.number), 0) + 1, literal(this_update, Instant)
    ).where(mine)
    connection.execute(insert(crl_numbers).from_select(("issuer", "number", "this_update"), following))
    number, latest = connection.execute(
        select(func.max(crl_numbers.c.number), func.max(crl_numbers.c.this_update)).where(mine)
    ).one()
    if latest > this_update:
        raise CrlNotMonotone(issuer=issuer, number=number)
    return int(number)


def find_revoked(connection: Connection, issuer: str) -> list[RevokedCertificate]:
    """Every certificate of `issuer` that is revoked or on hold, in the order in which that came."""
    query = (
        select(certificates)
        .where(certificates.c.issuer == issuer, certificates.c.revoked_at.is_not(None))
        .order_by(certificates.c.revoked_at, certificates.c.serial_number)
    )
    return [
        RevokedCertificate(
            serial_number=SerialNumber(int(row.serial_number, 16)),
            not_after=row.not_after,
            revoked_at=row.revoked_at,
            reason=RevocationReason(row.reason),
            invalidity_date=row.invalidity_date,
        )
        for row in connection.execute(query)
    ]
