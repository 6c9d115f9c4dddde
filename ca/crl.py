"""Certificate revocation lists (RFC 5280 §5): one full list per authority.

An entry stays until it has appeared on one CRL issued after the certificate's
notAfter (§3.3). Numbers rise by one and instants never fall (§5.2.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.certificates import Issuer
from ca.clock import whole_seconds
from ca.errors import CrlNotMonotone, SignatureWrong
from ca.profiles import PROFILES, ProfileName
from ca.reasons import RevocationReason
from ca.serials import SerialNumber
from ca.store import IssuedCertificate, StoredCrl, find_revoked, load_last_crl, save_crl
from keys.private_key import as_private_key
from keys.signer import hash_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One entry of a CRL (RFC 5280 §5.1.2.6)."""

    serial_number: SerialNumber
    revoked_at: datetime  # UTC, whole seconds
    reason: RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlSchedule:
    """How often a list is renewed, and how long it may be relied on."""

    renew_after: timedelta
    lasts: timedelta  # longer than renew_after: the grace in which a late renewal harms nobody


SCHEDULES = {
    # The root issues rarely, and its key may rest in a safe.
    ProfileName.ROOT.value: CrlSchedule(renew_after=timedelta(days=30), lasts=timedelta(days=90)),
    ProfileName.ISSUING.value: CrlSchedule(
        renew_after=timedelta(hours=12), lasts=timedelta(days=1, hours=12)
    ),
}


def build_crl(
    issuer: Issuer,
    entries: Sequence[RevokedEntry],
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> bytes:
    """Sign a CRL v2 with CRL number and authority key identifier; DER.

    Raises:
        SignatureWrong: the key answered with a signature that its certificate does not verify.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(whole_seconds(this_update))
        .next_update(whole_seconds(next_update))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.signer.public_key), critical=False
        )
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(_revoked(entry))
    purpose = PROFILES[ProfileName(issuer.name)].purpose
    key = as_private_key(issuer.signer, purpose=purpose)
    crl = builder.sign(key, hash_of(issuer.signer.algorithm))
    if not crl.is_signature_valid(issuer.signer.public_key):
        raise SignatureWrong(key_id=issuer.signer.key_id)
    return crl.public_bytes(Encoding.DER)


def issue_crl(
    engine: Engine, issuer: Issuer, *, at: datetime, audit: AuditRecorder = unrecorded
) -> StoredCrl:
    """Sign the next CRL of an authority and keep it.

    Number, entries and signature are made in one transaction, so two processes never
    give one number to two lists.

    Raises:
        CrlNotMonotone: `at` is before the last list.
    """
    at = whole_seconds(at)
    audit("crl-issue", {"issuer": issuer.name}, at)
    with engine.begin() as connection:
        last = load_last_crl(connection, issuer.name)
        number = 1 if last is None else last.number + 1
        if last is not None and at < last.this_update:
            raise CrlNotMonotone(issuer=issuer.name, number=number)
        entries = [_entry(row) for row in find_revoked(connection, issuer.name) if _still_listed(row, last)]
        next_update = at + SCHEDULES[issuer.name].lasts
        der = build_crl(issuer, entries, number=number, this_update=at, next_update=next_update)
        crl = StoredCrl(issuer=issuer.name, number=number, this_update=at, next_update=next_update, der=der)
        save_crl(connection, crl)
    return crl


def current_crl(
    engine: Engine,
    issuer: Issuer,
    *,
    at: datetime,
    no_older_than: datetime | None = None,
    audit: AuditRecorder = unrecorded,
) -> StoredCrl:
    """The last CRL, or a new one where it is due: by age, or because something was revoked since.

    `no_older_than` is the issue of the certificates that it is wanted for: a list made before
    a certificate says nothing of it, and validators refuse it.
    """
    with engine.connect() as connection:
        last = load_last_crl(connection, issuer.name)
        revoked = find_revoked(connection, issuer.name)
    if last is None:
        return issue_crl(engine, issuer, at=at, audit=audit)
    listed = x509.load_der_x509_crl(last.der)
    missing = any(
        listed.get_revoked_certificate_by_serial_number(row.serial_number) is None
        for row in revoked
        if _still_listed(row, last)
    )
    too_old = no_older_than is not None and last.this_update < no_older_than
    if missing or too_old or at - last.this_update >= SCHEDULES[issuer.name].renew_after:
        return issue_crl(engine, issuer, at=at, audit=audit)
    return last


def _still_listed(row: IssuedCertificate, last: StoredCrl | None) -> bool:
    """RFC 5280 §3.3: until it was on a regular list issued after the certificate's end."""
    return last is None or last.this_update <= row.not_after


def _entry(row: IssuedCertificate) -> RevokedEntry:
    if row.revoked_at is None or row.reason is None:
        msg = f"certificate {row.name} is not revoked"
        raise ValueError(msg)
    return RevokedEntry(serial_number=row.serial_number, revoked_at=row.revoked_at, reason=row.reason)


def _revoked(entry: RevokedEntry) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(entry.serial_number)
        .revocation_date(whole_seconds(entry.revoked_at))
    )
    # RFC 5280 §5.3.1: the reason is left out rather than said to be unspecified.
    if entry.reason is not RevocationReason.UNSPECIFIED:
        builder = builder.add_extension(x509.CRLReason(entry.reason.flag), critical=False)
    return builder.build()
