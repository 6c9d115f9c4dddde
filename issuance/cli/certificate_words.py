"""Certificates, lists and acts as an operator reads them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from sqlalchemy import Connection, select

from ca.applications import Application
from ca.profiles import ADOBE_AUTHENTIC_DOCUMENTS, DOCUMENT_SIGNING, TRUST_LIST_SIGNING
from ca.serials import SerialNumber, serial_text
from ca.store import IssuedCertificate, StatusChange, StoredCrl, find_certificates, load_last_crl
from issuance.audit.models import audit_entries

MOMENT = "%Y-%m-%d %H:%M"
_KNOWN_ACTS = "authority."
_TWO_DAYS = 48  # hours
_PARTS = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
}
_USAGES = {
    DOCUMENT_SIGNING: "documentSigning",
    ADOBE_AUTHENTIC_DOCUMENTS: "Adobe authentic documents",
    TRUST_LIST_SIGNING: "trust list signing",
}


def certificate_lines(issued: IssuedCertificate, *, status: str, key: str, at: datetime) -> Iterator[str]:
    """What a certificate says and is."""
    certificate = issued.certificate
    yield f"Certificate {serial_text(issued.serial_number)}"
    left = (issued.not_after - at).days
    ends = f"{left} days left" if left >= 0 else f"ended {-left} days ago"
    facts = {
        "name": issued.name,
        "profile": issued.profile.value,
        "status": status,
        "subject": words_of(certificate.subject),
        "issuer": f"{issued.issuer}: {words_of(certificate.issuer)}",
        "key": key,
        "valid": f"{issued.not_before:{MOMENT}} to {issued.not_after:{MOMENT}} UTC, {ends}",
        "usages": ", ".join(_usages(certificate)),
        "fingerprint": f"SHA-256 {certificate.fingerprint(hashes.SHA256()).hex(':')}",
        **dict(_addresses(certificate)),
    }
    for label, text in facts.items():
        if text:
            yield f"  {label:<12} {text}"


def history_lines(
    issued: IssuedCertificate,
    changes: Sequence[StatusChange],
    application: Application | None,
    people: Mapping[str, str],
) -> Iterator[str]:
    """What happened to a certificate, oldest first."""
    if application is not None:
        yield (
            f"  {application.submitted_at:{MOMENT}}  application {application.number} "
            f"by {who_is(application.submitted_by, people)}"
        )
        for approval in application.approvals:
            yield f"  {approval.at:{MOMENT}}  approved by {who_is(approval.by, people)}"
    yield f"  {issued.not_before:{MOMENT}}  issued"
    for change in changes:
        said = "suspended" if change.change == "held" else change.change.value
        reason = "" if change.reason is None else f", {change.reason.value}"
        since = (
            "" if change.invalidity_date is None else f", key lost since {change.invalidity_date:{MOMENT}}"
        )
        yield f"  {change.changed_at:{MOMENT}}  {said} by {who_is(change.changed_by, people)}{reason}{since}"


def list_rows(connection: Connection, *, at: datetime) -> list[tuple[str, ...]]:
    """One row for each authority's newest list."""
    return [
        (
            crl.issuer,
            str(crl.number),
            f"{crl.this_update:{MOMENT}}",
            _age(at - crl.this_update),
            f"{crl.next_update:{MOMENT}}" if at <= crl.next_update else f"{crl.next_update:{MOMENT}} OVER",
            str(len(x509.load_der_x509_crl(crl.der))),
        )
        for crl in _lists(connection)
    ]


def entry_rows(connection: Connection) -> list[tuple[str, ...]]:
    """One row for each entry of the newest lists."""
    names = {each.serial_number: each.name for each in find_certificates(connection)}
    rows: list[tuple[str, ...]] = []
    for crl in _lists(connection):
        for entry in x509.load_der_x509_crl(crl.der):
            said = {type(each.value): each.value for each in entry.extensions}
            reason, lost = said.get(x509.CRLReason), said.get(x509.InvalidityDate)
            rows.append(
                (
                    crl.issuer,
                    serial_text(entry.serial_number),
                    names.get(SerialNumber(entry.serial_number), "?"),
                    f"{entry.revocation_date_utc:{MOMENT}}",
                    reason.reason.value if isinstance(reason, x509.CRLReason) else "unspecified",
                    f"{lost.invalidity_date_utc:{MOMENT}}" if isinstance(lost, x509.InvalidityDate) else "-",
                )
            )
    return rows


def act_rows(connection: Connection, people: Mapping[str, str], *, last: int) -> list[tuple[str, ...]]:
    """The newest acts of the authority, oldest first."""
    query = (
        select(audit_entries)
        .where(audit_entries.c.action.startswith(_KNOWN_ACTS, autoescape=True))
        .order_by(audit_entries.c.sequence.desc())
        .limit(last)
    )
    return [
        (
            str(row.sequence),
            f"{row.at:{MOMENT}}",
            who_is(f"{row.actor_kind}:{row.actor_id}", people),
            row.action.removeprefix(_KNOWN_ACTS),
            row.object_id,
            _said(json.loads(row.facts), row.object_id),
        )
        for row in reversed(connection.execute(query).all())
    ]


def _lists(connection: Connection) -> list[StoredCrl]:
    authorities = {each.issuer for each in find_certificates(connection)}
    found = (load_last_crl(connection, name) for name in sorted(authorities, reverse=True))
    return [crl for crl in found if crl is not None]


def who_is(name: str, people: Mapping[str, str]) -> str:
    """Somebody's login, where they are of the staff; else the name in the books."""
    return people.get(name, name)


def words_of(name: x509.Name) -> str:
    """A distinguished name, part after part, not escaped."""
    return ", ".join(f"{_part_name(part.oid)}={part.value!s}" for part in name)


def _part_name(identifier: x509.ObjectIdentifier) -> str:
    return _PARTS.get(identifier) or identifier._name  # noqa: SLF001  (the library's only table of these names)


def _usages(certificate: x509.Certificate) -> Iterator[str]:
    for extension in certificate.extensions:
        match extension.value:
            case x509.KeyUsage() as usage:
                plain = (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "key_agreement",
                    "key_cert_sign",
                    "crl_sign",
                )
                yield from (each.replace("_", " ") for each in plain if getattr(usage, each))
            case x509.ExtendedKeyUsage() as extended:
                yield from (_usage_name(each) for each in extended)


def _usage_name(identifier: x509.ObjectIdentifier) -> str:
    known = identifier._name  # noqa: SLF001  (the library's only table of these names)
    return _USAGES.get(identifier) or (identifier.dotted_string if known == "Unknown OID" else known)


def _addresses(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    for extension in certificate.extensions:
        match extension.value:
            case x509.CRLDistributionPoints() as points:
                names = [name.value for point in points for name in point.full_name or ()]
                yield "list", ", ".join(map(str, names))
            case x509.AuthorityInformationAccess() as access:
                for each in access:
                    is_status = each.access_method == AuthorityInformationAccessOID.OCSP
                    yield ("status at" if is_status else "issuer at", str(each.access_location.value))


def _said(facts: Mapping[str, object], about: str) -> str:
    """What an entry says beside who, what and about what; the reasons in words come first."""
    rest = {name: value for name, value in facts.items() if name not in {"by", "key"} and value != about}
    ordered = sorted(rest.items(), key=lambda item: (item[0] not in {"why", "reason"}, item[0]))
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in ordered)


def _age(age: timedelta) -> str:
    hours, minutes = divmod(int(age.total_seconds()) // 60, 60)
    if hours >= _TWO_DAYS:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
