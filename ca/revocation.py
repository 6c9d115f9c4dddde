"""Revoking a certificate: once, for good, with a reason."""

from datetime import datetime

from sqlalchemy import Connection

from ca.auditing import AuditRecorder, unrecorded
from ca.clock import whole_seconds
from ca.errors import NotRevocable
from ca.reasons import RevocationReason
from ca.serials import serial_text
from ca.store import IssuedCertificate, load_certificate, save_revocation


def revoke(
    connection: Connection,
    serial: int,
    *,
    reason: RevocationReason,
    at: datetime,
    audit: AuditRecorder = unrecorded,
) -> IssuedCertificate:
    """Revoke an issued certificate from `at` on. Publishing (`ca.publication`) tells the world.

    Does not commit.

    Raises:
        CertificateNotFound: never issued.
        NotRevocable: revoked before, expired, or `at` lies before its issue.
    """
    at = whole_seconds(at)
    issued = load_certificate(connection, serial)
    shown = serial_text(serial)
    if issued.revoked_at is not None:
        raise NotRevocable(serial_number=shown, reason=f"revoked on {issued.revoked_at.isoformat()}")
    if at > issued.not_after:
        raise NotRevocable(serial_number=shown, reason="it has expired")
    if at < issued.not_before:
        raise NotRevocable(serial_number=shown, reason="it was not yet issued then")
    audit("certificate-revoke", {"serial_number": shown, "name": issued.name, "reason": reason.value}, at)
    save_revocation(connection, issued.serial_number, at=at, reason=reason)
    return load_certificate(connection, serial)
