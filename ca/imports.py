"""Taking in what a ceremony made: the root's certificate, those it signed, its revocation list.

The running service has no key of the root. What it knows of it stands in the books, put
there by `import_bundle`, which believes nothing but signatures and one fingerprint that
the operator read off a signed transcript. All of a bundle is taken in or none of it; a
bundle that is there already changes nothing.

A list of the root's takes the place of the one before only when it is signed by the same
root, its number rises, its instants do not fall, and it still names every certificate that
was ever revoked (RFC 5280 §3.3, §5.2.3). The list of a bundle's contents is signed by nobody, so
what was taken out of it must show: a bundle has every certificate of the root's that the books
know, and every one that its list names. So nobody can bring a revoked certificate back by
handing in a file.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID
from sqlalchemy import Connection, Engine, insert

from ca.auditing import AuditRecorder, unrecorded
from ca.ceremony.bundle import Bundle, BundledCertificate
from ca.ceremony.errors import ImportRefused, RootListEnded
from ca.ceremony.plan import ceremony_profile
from ca.errors import CaError, CertificateNotFound
from ca.lint import lint_certificate
from ca.profiles import PROFILES, ProfileName
from ca.reasons import RevocationReason
from ca.serials import SerialNumber, serial_text
from ca.store import (
    Change,
    Intent,
    IssuedCertificate,
    StatusChange,
    StoredCrl,
    find_certificates,
    load_certificate,
    load_last_crl,
    redeem_intent,
    reserve_serial,
    save_crl,
    save_intent,
    save_issued,
    save_status_change,
)
from ca.tables import crl_numbers
from keys.signer import PublicKey

ROOT = ProfileName.ROOT.value
MAX_NUMBER = 2**53
KeyLookup = Callable[[str], PublicKey | None]
"""The key of ours that has this name, None where there is none."""
_LIST_EXTENSIONS = {ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_NUMBER}
_ENTRY_EXTENSIONS = {x509.oid.CRLEntryExtensionOID.CRL_REASON, x509.oid.CRLEntryExtensionOID.INVALIDITY_DATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was new."""

    root_sha256: str
    certificates: tuple[str, ...]  # names
    revoked: tuple[str, ...]  # names
    crl: StoredCrl
    is_new_crl: bool

    @property
    def is_anything(self) -> bool:
        """Whether the books changed."""
        return bool(self.certificates or self.revoked or self.is_new_crl)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revocation:
    revoked_at: datetime
    reason: RevocationReason
    invalidity_date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """A list of the root's, its form and signature checked."""

    stored: StoredCrl
    revoked: dict[int, _Revocation]


def import_bundle(
    engine: Engine,
    bundle: Bundle,
    *,
    at: datetime,
    root_sha256: str | None,
    own_key: KeyLookup | None,
    may_have_ended: bool = False,
    left_out: Collection[int] = (),
    audit: AuditRecorder = unrecorded,
) -> Imported:
    """Check everything, then take it in, in one transaction.

    Args:
        engine: the books.
        bundle: what was handed in.
        at: now.
        root_sha256: the fingerprint of the root's certificate; needed where the books know no root.
        own_key: our keys by name; None where the keys are elsewhere (the ceremony's own machine).
        may_have_ended: take in a list that has run out, as the next ceremony must.
        left_out: serial numbers that the list may name although their certificates are not in the bundle:
            a rehearsal's stand-in did not sign those of the root.
        audit: told before anything is stored.

    Raises:
        ImportRefused: and nothing was taken in.
    """
    found = hashlib.sha256(bundle.certificates[0].der).hexdigest()
    with engine.begin() as connection:
        _check_root(connection, bundle, found, root_sha256)
        for each in bundle.certificates:
            _check_certificate(each, bundle.root, at, own_key)
        crl = _parse_list(bundle, at, may_have_ended=may_have_ended)
        _check_list(connection, crl)
        _check_whole(connection, crl, bundle, left_out)
        news = [each for each in bundle.certificates if _is_new(connection, each)]
        known = {each.certificate.serial_number: each for each in bundle.certificates}
        revoked = _newly_revoked(connection, crl, known)
        is_new_crl = load_last_crl(connection, ROOT) != crl.stored
        imported = Imported(
            root_sha256=found,
            certificates=tuple(each.name for each in news),
            revoked=tuple(known[serial].name for serial in revoked),
            crl=crl.stored,
            is_new_crl=is_new_crl,
        )
        if imported.is_anything:
            facts = {"ceremony": bundle.ceremony, "root_sha256": found, "issuer": ROOT}
            facts |= {"crl_number": str(crl.stored.number), "certificates": " ".join(imported.certificates)}
            audit("ceremony-import", facts, at)
            for each in news:
                _save_certificate(connection, each, at)
            if is_new_crl:
                _save_list(connection, crl.stored)
            for serial, revocation in revoked.items():
                _save_revocation(connection, serial, revocation, bundle.ceremony)
    return imported


def load_root(connection: Connection) -> IssuedCertificate | None:
    """The root that the books know, None before the first import."""
    return next(iter(find_certificates(connection, name=ROOT)), None)


def last_root_crl(engine: Engine, *, at: datetime) -> StoredCrl:
    """The root's list that is to be relied on at `at`.

    Raises:
        RootListEnded: there is none, or it has run out.
    """
    with engine.connect() as connection:
        last = load_last_crl(connection, ROOT)
    if last is None or at > last.next_update:
        raise RootListEnded(ended="-" if last is None else f"{last.next_update:%Y-%m-%d}")
    return last


def _check_root(connection: Connection, bundle: Bundle, found: str, stated: str | None) -> None:
    known = load_root(connection)
    # The fingerprint that was found is not told: it would be copied instead of compared.
    if known is None and stated is None:
        raise ImportRefused(field="the root", rule="its fingerprint is stated, from the signed transcript")
    if known is not None and known.der != bundle.certificates[0].der:
        raise ImportRefused(field="the root", rule="it is the one that the books know, and this is another")
    if stated is not None and stated.replace(":", "").lower() != found:
        raise ImportRefused(field="the root", rule="its SHA-256 is the one stated, and this is another")
    roots = [each.name for each in bundle.certificates if each.profile is ProfileName.ROOT]
    if bundle.certificates[0].name != ROOT or roots != [ROOT]:
        raise ImportRefused(field="the root", rule="it comes first, and once")


def _check_certificate(
    each: BundledCertificate, root: x509.Certificate, at: datetime, own_key: KeyLookup | None
) -> None:
    certificate, is_root = each.certificate, each.profile is ProfileName.ROOT
    try:
        certificate.verify_directly_issued_by(root)
        lint_certificate(certificate, PROFILES[each.profile], issuer=None if is_root else root)
    except (InvalidSignature, ValueError, TypeError, CaError) as error:
        raise ImportRefused(field=each.name, rule=f"signed by the root, in its profile ({error})") from error
    if certificate.not_valid_before_utc > at:
        begins = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC"
        raise ImportRefused(field=each.name, rule=f"its validity has begun, and it begins on {begins}")
    if is_root:
        return
    if ceremony_profile(each.name) is not each.profile:
        raise ImportRefused(field=each.name, rule="the name of a key of its profile")
    if own_key is not None and not _same_key(own_key(each.name), certificate.public_key()):
        raise ImportRefused(field=each.name, rule="it certifies the key of ours that has this name")


def _same_key(ours: PublicKey | None, theirs: object) -> bool:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if ours is None or not hasattr(theirs, "public_bytes"):
        return False
    return bool(ours.public_bytes(*form) == theirs.public_bytes(*form))


def _parse_list(bundle: Bundle, at: datetime, *, may_have_ended: bool) -> _List:
    """RFC 5280 §5: a full list, signed by the root, of our own form."""
    try:
        crl = x509.load_der_x509_crl(bundle.crl)
        root_key = bundle.root.public_key()
        is_signed = crl.is_signature_valid(root_key)  # type: ignore[arg-type]  # a root's key can verify
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        # Others narrow a list to a part of the certificates, or make it a supplement to another.
        is_full = {extension.oid for extension in crl.extensions} == _LIST_EXTENSIONS
        this_update, next_update = crl.last_update_utc, crl.next_update_utc
        revoked = {entry.serial_number: _revocation(entry) for entry in crl}
    except (ValueError, TypeError, x509.ExtensionNotFound) as error:
        raise ImportRefused(field="root.crl", rule=f"a revocation list of the root ({error})") from error
    youngest = max(each.certificate.not_valid_before_utc for each in bundle.certificates)
    for holds, rule in (
        (crl.issuer == bundle.root.subject and is_signed, "signed by the root"),
        (crl.public_bytes(Encoding.DER) == bundle.crl, "one list and nothing behind it"),
        (is_full and len(revoked) == len(list(crl)), "a full list, each certificate once"),
        (1 <= number <= MAX_NUMBER, "a number"),
        (this_update <= at, f"its time has come, and it begins on {this_update:%Y-%m-%d %H:%M:%S} UTC"),
        (next_update is not None and (may_have_ended or at <= next_update), "not run out"),
        (this_update >= youngest, "made no earlier than the certificates that come with it"),
    ):
        if not holds:
            raise ImportRefused(field="root.crl", rule=rule)
    assert next_update is not None  # noqa: S101  (checked above)
    stored = StoredCrl(
        issuer=ROOT, number=number, this_update=this_update, next_update=next_update, der=bundle.crl
    )
    return _List(stored=stored, revoked=revoked)


def _revocation(entry: x509.RevokedCertificate) -> _Revocation:
    reason, invalidity = RevocationReason.UNSPECIFIED, None
    for extension in entry.extensions:
        if extension.oid not in _ENTRY_EXTENSIONS:
            msg = f"an entry with the extension {extension.oid.dotted_string}"
            raise ValueError(msg)
        if isinstance(extension.value, x509.CRLReason):
            reason = RevocationReason(extension.value.reason.value)
        if isinstance(extension.value, x509.InvalidityDate):
            invalidity = extension.value.invalidity_date_utc
    if reason is RevocationReason.CERTIFICATE_HOLD:
        msg = "a root suspends nothing"
        raise ValueError(msg)
    return _Revocation(revoked_at=entry.revocation_date_utc, reason=reason, invalidity_date=invalidity)


def _check_list(connection: Connection, crl: _List) -> None:
    """RFC 5280 §3.3 and §5.2.3, against the last list in the books."""
    last, new = load_last_crl(connection, ROOT), crl.stored
    if last is None or last.der == new.der:
        return
    if new.number <= last.number:
        raise ImportRefused(
            field="root.crl", rule=f"numbered above {last.number}, the last one, and this is {new.number}"
        )
    if new.this_update < last.this_update:
        raise ImportRefused(
            field="root.crl", rule=f"no older than the last one, of {last.this_update:%Y-%m-%d %H:%M:%S} UTC"
        )
    for entry in x509.load_der_x509_crl(last.der):
        if crl.revoked.get(entry.serial_number) != _revocation(entry):
            shown = serial_text(entry.serial_number)
            raise ImportRefused(field="root.crl", rule=f"it still says of {shown} what the last one said")


def _check_whole(connection: Connection, crl: _List, bundle: Bundle, left_out: Collection[int]) -> None:
    """Whether all is there that the root signed, as far as the books and the list know."""
    here = {each.certificate.serial_number for each in bundle.certificates}
    in_books = {row.serial_number: row.name for row in find_certificates(connection, issuer=ROOT)}
    for serial in sorted(in_books.keys() - here):
        raise ImportRefused(
            field="bundle.json",
            rule=f"it has every certificate of the root's that the books know, and {serial_text(serial)} "
            f"({in_books[serial]}) is missing",
        )
    for named in sorted(crl.revoked.keys() - here - set(left_out)):
        raise ImportRefused(
            field="bundle.json",
            rule=f"it has every certificate that the list names, and {serial_text(named)} is missing",
        )


def _is_new(connection: Connection, each: BundledCertificate) -> bool:
    serial = each.certificate.serial_number
    try:
        known = load_certificate(connection, serial)
    except CertificateNotFound:
        return True
    if known.der != each.der or known.name != each.name or known.profile is not each.profile:
        raise ImportRefused(
            field=each.name, rule=f"{serial_text(serial)} is the certificate that the books know"
        )
    return False


def _newly_revoked(
    connection: Connection, crl: _List, known: dict[int, BundledCertificate]
) -> dict[int, _Revocation]:
    """Certificates of the bundle that are on the list, and not yet revoked in the books."""
    before = {row.serial_number for row in find_certificates(connection, issuer=ROOT) if row.is_revoked}
    found = {serial: crl.revoked[serial] for serial in crl.revoked.keys() & known.keys() - before}
    for serial, revocation in found.items():
        certificate = known[serial].certificate
        if known[serial].profile is ProfileName.ROOT:
            raise ImportRefused(field="root.crl", rule="a root does not revoke itself")
        if not certificate.not_valid_before_utc <= revocation.revoked_at <= crl.stored.this_update:
            raise ImportRefused(
                field="root.crl",
                rule=f"{known[serial].name} is revoked while it lasts, and not after the list",
            )
    return found


def _save_certificate(connection: Connection, each: BundledCertificate, at: datetime) -> None:
    certificate = each.certificate
    serial = SerialNumber(certificate.serial_number)
    intent = Intent(
        serial_number=serial,
        issuer=ROOT,
        name=each.name,
        profile=each.profile,
        key_id=each.name,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        to_be_signed=certificate.tbs_certificate_bytes,
    )
    reserve_serial(connection, serial, issuer=ROOT, at=at)
    save_intent(connection, intent)
    redeem_intent(connection, intent)
    save_issued(connection, serial, each.der)


def _save_list(connection: Connection, crl: StoredCrl) -> None:
    number = {"issuer": ROOT, "number": crl.number, "this_update": crl.this_update}
    connection.execute(insert(crl_numbers).values(number))
    save_crl(connection, crl)


def _save_revocation(connection: Connection, serial: int, revocation: _Revocation, ceremony: str) -> None:
    change = StatusChange(
        serial_number=SerialNumber(serial),
        change=Change.REVOKED,
        changed_at=revocation.revoked_at,
        reason=revocation.reason,
        invalidity_date=revocation.invalidity_date,
        changed_by=f"ceremony {ceremony}",
    )
    save_status_change(connection, change)
