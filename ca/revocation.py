"""The status of a certificate: in force, suspended, revoked.

    in force  ──suspend──▶  suspended  ──release──▶  in force
    in force  ──revoke───▶  revoked
    suspended ──revoke───▶  revoked as of its suspension (ITU-T X.509, certificateHold)

Revocation is for good. Every change is kept with who, when and why; the next list and the next
OCSP answer say what is so now (`removeFromCRL` would stand in delta lists, and ours are full).
What was lost while it was signed is revoked by `revoke_unfinished`. An authority's certificate is not
suspended, and is revoked by `revoke_authority` alone, which a ceremony calls. Functions do not commit;
publishing (`ca.publication`) tells the world.
"""

from datetime import datetime

from sqlalchemy import Connection

from ca.auditing import AuditRecorder, unrecorded
from ca.clock import whole_seconds
from ca.errors import CertificateNotFound, NotRevocable
from ca.profiles import PROFILES
from ca.reasons import NEEDS_A_REASON, RevocationReason
from ca.serials import serial_text
from ca.store import (
    Change,
    IssuedCertificate,
    StatusChange,
    load_certificate,
    save_status_change,
)
from ca.unfinished import find_unfinished

NOBODY_NAMED = "operator"
"""Who changed a status, where the caller does not say."""
SAY_WHY = (
    "say precisely why (superseded, cessationOfOperation, keyCompromise …): "
    "without a reason every time-stamp from before would be worthless too, RFC 3161 section 4"
)


def revoke(
    connection: Connection,
    serial: int,
    *,
    reason: RevocationReason,
    at: datetime,
    invalid_since: datetime | None = None,
    by: str = NOBODY_NAMED,
    audit: AuditRecorder = unrecorded,
) -> IssuedCertificate:
    """Revoke an issued certificate from `at` on, or from its suspension on.

    `invalid_since` is when the key is known or suspected to have been lost (RFC 5280 §5.3.2).

    Raises:
        CertificateNotFound: never issued.
        NotRevocable: revoked before, expired, an authority's, `at` before its issue, `reason` that of a
            suspension or, of a time-stamping unit, unspecified; or `invalid_since` after `at` or before
            its issue.
    """
    issued = _changeable(connection, serial, at)
    if PROFILES[issued.profile].is_authority:
        raise _refusal(issued, "it is an authority's")
    return _revoke(connection, issued, reason=reason, at=at, invalid_since=invalid_since, by=by, audit=audit)


def revoke_authority(
    connection: Connection,
    serial: int,
    *,
    reason: RevocationReason,
    at: datetime,
    invalid_since: datetime | None = None,
    by: str = NOBODY_NAMED,
    audit: AuditRecorder = unrecorded,
) -> IssuedCertificate:
    """Revoke the certificate of an authority below the root: everything that it issued falls with it.

    Raises:
        CertificateNotFound: never issued.
        NotRevocable: as `revoke`; or not an authority's, or a root's, which no list can revoke.
    """
    issued = _changeable(connection, serial, at)
    profile = PROFILES[issued.profile]
    if not profile.is_authority:
        raise _refusal(issued, "it is not an authority's")
    if profile.issuer is profile.name:
        raise _refusal(issued, "it is a root's, which is withdrawn by withdrawing trust in it")
    return _revoke(connection, issued, reason=reason, at=at, invalid_since=invalid_since, by=by, audit=audit)


def revoke_unfinished(
    connection: Connection,
    serial: int,
    *,
    at: datetime,
    by: str = NOBODY_NAMED,
    audit: AuditRecorder = unrecorded,
) -> None:
    """Revoke a certificate that was lost while it was signed: nobody was given it, but it may exist.

    From here on it cannot be stored as issued. Not for one whose signing is under way elsewhere.

    Raises:
        CertificateNotFound: no signing of that number was begun and lost.
    """
    found = find_unfinished(connection, serial)
    if not found:
        raise CertificateNotFound(serial_number=serial_text(serial))
    (lost,) = found
    reason = RevocationReason.UNSPECIFIED
    facts = {"serial_number": serial_text(serial), "name": lost.name, "reason": reason.value} | _named(by)
    audit("certificate-revoke", facts, at)
    line = StatusChange(
        serial_number=lost.serial_number,
        change=Change.REVOKED,
        changed_at=max(whole_seconds(at), lost.not_before),
        reason=reason,
        invalidity_date=None,
        changed_by=by,
    )
    save_status_change(connection, line)


def suspend(
    connection: Connection,
    serial: int,
    *,
    at: datetime,
    by: str = NOBODY_NAMED,
    audit: AuditRecorder = unrecorded,
) -> IssuedCertificate:
    """Put a certificate on hold: not in force until it is released, or for ever where it is revoked.

    Raises:
        CertificateNotFound: never issued.
        NotRevocable: suspended or revoked before, expired, an authority's, or `at` before its issue.
    """
    issued = _changeable(connection, serial, at)
    if PROFILES[issued.profile].is_authority:
        raise _refusal(issued, "it is an authority's")
    if issued.is_on_hold:
        raise _refusal(issued, "it is suspended")
    reason = RevocationReason.CERTIFICATE_HOLD
    _tell(audit, "certificate-suspend", issued, _named(by), at)
    return _change(connection, issued, Change.HELD, reason=reason, at=at, by=by)


def release(
    connection: Connection,
    serial: int,
    *,
    at: datetime,
    by: str = NOBODY_NAMED,
    audit: AuditRecorder = unrecorded,
) -> IssuedCertificate:
    """Lift a suspension.

    Raises:
        CertificateNotFound: never issued.
        NotRevocable: not suspended, revoked, expired, or `at` before the suspension.
    """
    issued = _changeable(connection, serial, at)
    if issued.revoked_at is None:
        raise _refusal(issued, "it is not suspended")
    _tell(audit, "certificate-release", issued, _named(by), at)
    return _change(connection, issued, Change.RELEASED, reason=None, at=at, by=by)


def _revoke(
    connection: Connection,
    issued: IssuedCertificate,
    *,
    reason: RevocationReason,
    at: datetime,
    invalid_since: datetime | None,
    by: str,
    audit: AuditRecorder,
) -> IssuedCertificate:
    if reason is RevocationReason.CERTIFICATE_HOLD:
        raise _refusal(issued, "certificateHold is a suspension's reason")
    if reason is RevocationReason.UNSPECIFIED and issued.profile in NEEDS_A_REASON:
        raise _refusal(issued, SAY_WHY)
    if invalid_since is not None:
        invalid_since = whole_seconds(invalid_since)
        if not issued.not_before <= invalid_since <= (issued.revoked_at or whole_seconds(at)):
            raise _refusal(issued, "its invalidity date lies before its issue or after its revocation")
    facts = {"reason": reason.value} | _named(by)
    if invalid_since is not None:
        facts["invalid_since"] = invalid_since.isoformat()
    _tell(audit, "certificate-revoke", issued, facts, at)
    return _change(
        connection, issued, Change.REVOKED, reason=reason, at=at, by=by, invalid_since=invalid_since
    )


def _changeable(connection: Connection, serial: int, at: datetime) -> IssuedCertificate:
    """The certificate, if its status may change at `at` at all."""
    at = whole_seconds(at)
    issued = load_certificate(connection, serial)
    if issued.is_revoked and issued.revoked_at is not None:
        raise _refusal(issued, f"revoked on {issued.revoked_at.isoformat()}")
    if at > issued.not_after:
        raise _refusal(issued, "it has expired")
    if at < issued.not_before:
        raise _refusal(issued, "it was not yet issued then")
    if issued.revoked_at is not None and at < issued.revoked_at:
        raise _refusal(issued, "it was not yet suspended then")
    return issued


def _change(
    connection: Connection,
    issued: IssuedCertificate,
    change: Change,
    *,
    reason: RevocationReason | None,
    at: datetime,
    by: str,
    invalid_since: datetime | None = None,
) -> IssuedCertificate:
    line = StatusChange(
        serial_number=issued.serial_number,
        change=change,
        changed_at=whole_seconds(at),
        reason=reason,
        invalidity_date=invalid_since,
        changed_by=by,
    )
    save_status_change(connection, line)
    return load_certificate(connection, issued.serial_number)


def _named(by: str) -> dict[str, str]:
    return {} if by == NOBODY_NAMED else {"by": by}


def _tell(
    audit: AuditRecorder, act: str, issued: IssuedCertificate, facts: dict[str, str], at: datetime
) -> None:
    audit(act, {"serial_number": serial_text(issued.serial_number), "name": issued.name} | facts, at)


def _refusal(issued: IssuedCertificate, reason: str) -> NotRevocable:
    return NotRevocable(serial_number=serial_text(issued.serial_number), reason=reason)
