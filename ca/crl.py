"""Certificate revocation lists (RFC 5280 §5): one full list per authority, in the order that cannot go wrong.

    reserve the number, read what is revoked   (durable; one transaction)
    build and lint, with a throwaway key
    store what is to be signed                 (durable)
    mark that signing begins                   (durable; a second time is refused)
    sign: the key is given these bytes and no others
    store the list                             (durable)

An entry stays for good. §3.3 would let it go after the certificate's end, but documents outlive
certificates: whoever checks an old seal by a list of today must still read there that its key was
lost. The lists do not say so of themselves: ZLint refuses expiredCertsOnCRL (ITU-T X.509).

Numbers rise and are never used twice, instants never fall (§5.2.3). An error burns the number: the
next list leaves a gap, which the standard allows. A list with a higher number knows at least as
much, because entries are read while the number is reserved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine

from ca.algorithms import signature_algorithm
from ca.auditing import AuditRecorder, unrecorded
from ca.certificates import Issuer
from ca.clock import whole_seconds
from ca.errors import SignatureWrong
from ca.intents import Intended, IntentKind, finish_signing, sign_as_intended
from ca.list_entries import RevokedCertificate, find_revoked, reserve_crl_number
from ca.profiles import ProfileName, authority_profile
from ca.reasons import RevocationReason
from ca.second_opinion import require_good_crl
from ca.serials import SerialNumber
from ca.store import (
    StoredCrl,
    load_last_crl,
    save_crl,
)
from ca.throwaway import ThrowawaySigner
from keys.der import BIT_STRING, SEQUENCE, tlv
from keys.private_key import as_private_key
from keys.signer import hash_of, require_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One entry of a CRL (RFC 5280 §5.1.2.6)."""

    serial_number: SerialNumber
    revoked_at: datetime  # UTC, whole seconds
    reason: RevocationReason
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlSchedule:
    """How often a list is renewed, and how long it may be relied on."""

    renew_after: timedelta
    lasts: timedelta  # longer than renew_after: the grace in which a late renewal harms nobody


SCHEDULES = {
    # The root's key rests in a safe: its list comes from a ceremony, which is to be held within the grace.
    ProfileName.ROOT: CrlSchedule(renew_after=timedelta(days=305), lasts=timedelta(days=365)),
    ProfileName.ISSUING: CrlSchedule(renew_after=timedelta(hours=12), lasts=timedelta(days=1, hours=12)),
}


def draft_crl(
    issuer: Issuer,
    entries: Sequence[RevokedEntry],
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> bytes:
    """What is to be signed of a CRL v2 with CRL number and authority key identifier; no key of ours is used.

    Raises:
        ProfileViolation: a linter finds fault with it.
        WrongPurpose: the issuer's key is not for what the issuer does.
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
    purpose = issuer.purpose
    require_purpose(issuer.signer, purpose)
    algorithm = issuer.signer.algorithm
    throwaway = as_private_key(ThrowawaySigner(algorithm, purpose), purpose=purpose)
    draft = builder.sign(throwaway, hash_of(algorithm))
    require_good_crl(draft.public_bytes(Encoding.DER))
    return draft.tbs_certlist_bytes


def issue_crl(
    engine: Engine,
    issuer: Issuer,
    *,
    at: datetime,
    lasts: timedelta | None = None,
    audit: AuditRecorder = unrecorded,
) -> StoredCrl:
    """All the steps, in their order, see the head of this module; call it outside a transaction.

    `lasts` is how long the list may be relied on, where the schedule does not say.

    Raises:
        CrlNotMonotone: `at` is before the last list.
        ProfileViolation: a linter finds fault with the list; nothing was signed.
        SignatureWrong: the key answered with a signature that its certificate does not verify.
    """
    at = whole_seconds(at)
    next_update = at + (lasts or SCHEDULES[authority_profile(issuer.name)].lasts)
    with engine.begin() as connection:
        number = reserve_crl_number(connection, issuer.name, this_update=at)
        entries = [_entry(row) for row in find_revoked(connection, issuer.name)]
    to_be_signed = draft_crl(issuer, entries, number=number, this_update=at, next_update=next_update)
    audit("crl-issue", {"issuer": issuer.name, "number": str(number)}, at)
    der, intended = _sign(engine, issuer, number, to_be_signed, at)
    crl = StoredCrl(issuer=issuer.name, number=number, this_update=at, next_update=next_update, der=der)
    with engine.begin() as connection:
        save_crl(connection, crl)
        finish_signing(connection, [intended])
    return crl


def _sign(
    engine: Engine, issuer: Issuer, number: int, to_be_signed: bytes, at: datetime
) -> tuple[bytes, Intended]:
    intended = Intended(
        kind=IntentKind.CRL,
        subject=f"{issuer.name} {number}",
        key_id=issuer.signer.key_id,
        to_be_signed=to_be_signed,
    )
    (signature,) = sign_as_intended(engine, [intended], issuer.signer, purpose=issuer.purpose, at=at)
    der = tlv(
        SEQUENCE,
        to_be_signed,
        signature_algorithm(issuer.signer.algorithm),
        tlv(BIT_STRING, b"\0", signature),
    )
    signed = x509.load_der_x509_crl(der)
    if signed.tbs_certlist_bytes != to_be_signed or not signed.is_signature_valid(issuer.signer.public_key):
        raise SignatureWrong(key_id=issuer.signer.key_id)
    return der, intended


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
    changed = _differs(x509.load_der_x509_crl(last.der), revoked)
    too_old = no_older_than is not None and last.this_update < no_older_than
    if changed or too_old or at - last.this_update >= SCHEDULES[authority_profile(issuer.name)].renew_after:
        return issue_crl(engine, issuer, at=at, audit=audit)
    return last


def _differs(listed: x509.CertificateRevocationList, rows: Sequence[RevokedCertificate]) -> bool:
    """Whether something was revoked, suspended or released since."""
    said = {entry.serial_number: _content(entry) for entry in listed}
    return said != {row.serial_number: _content(_revoked(_entry(row))) for row in rows}


def _content(entry: x509.RevokedCertificate) -> tuple[datetime, frozenset[x509.ExtensionType]]:
    return entry.revocation_date_utc, frozenset(extension.value for extension in entry.extensions)


def _entry(row: RevokedCertificate) -> RevokedEntry:
    return RevokedEntry(
        serial_number=row.serial_number,
        revoked_at=row.revoked_at,
        reason=row.reason,
        invalidity_date=row.invalidity_date,
    )


def _revoked(entry: RevokedEntry) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(entry.serial_number)
        .revocation_date(whole_seconds(entry.revoked_at))
    )
    # RFC 5280 §5.3.1: the reason is left out rather than said to be unspecified.
    if entry.reason is not RevocationReason.UNSPECIFIED:
        builder = builder.add_extension(x509.CRLReason(entry.reason.flag), critical=False)
    if entry.invalidity_date is not None:
        invalid = x509.InvalidityDate(whole_seconds(entry.invalidity_date).replace(tzinfo=None))
        builder = builder.add_extension(invalid, critical=False)
    return builder.build()
