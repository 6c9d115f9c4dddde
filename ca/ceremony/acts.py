"""The acts of a plan that an open root carries out: certify, revoke, issue the list."""

from datetime import timedelta

from cryptography import x509

from ca.ceremony.bundle import BundledCertificate
from ca.ceremony.certified import certified_facts
from ca.ceremony.errors import PlanRefused, RequestRefused
from ca.ceremony.plan import Certify, IssueCrl, Revoke
from ca.ceremony.results import sha256
from ca.ceremony.root_key import KEY_ID
from ca.ceremony.scene import Scene
from ca.ceremony.transcript import Mark, MarkKind
from ca.certificates import CertificateRequest, Issuer, issue
from ca.crl import issue_crl
from ca.csr import CheckedRequest, check_subject, key_kind, parse_request
from ca.profiles import ProfileName
from ca.refusals import RequestRefused as RequestNotAccepted
from ca.revocation import revoke, revoke_authority
from ca.serials import serial_text
from ca.store import load_certificate, load_last_crl


def certify(scene: Scene, issuer: Issuer, act: Certify) -> BundledCertificate:
    """A certificate for a request that the plan states by its digest.

    Raises:
        RequestRefused: the request is not what it must be.
        PlanRefused: the certificate would outlive the root.
        ProfileViolation: it breaks its profile.
    """
    asked = _checked_request(scene, act)
    lifetime = timedelta(days=act.valid_days)
    at = scene.clock()
    if issuer.certificate is not None and at + lifetime > issuer.certificate.not_valid_after_utc:
        raise PlanRefused(
            field=f"certify {act.name}: valid-days",
            rule=f"not beyond the root, until {issuer.certificate.not_valid_after_utc:%Y-%m-%d}",
        )
    request = CertificateRequest(
        profile=act.profile,
        name=act.name,
        subject=act.subject.name(),
        key_id=act.name,
        public_key=asked.public_key,
        lifetime=lifetime,
    )
    certificate = issue(scene.books, issuer, request, at=at, urls=scene.plan.urls)
    scene.step(
        f"certify {act.name}: the certificate is signed",
        ("profile", act.profile.value),
        *certified_facts(certificate),
    )
    return BundledCertificate(name=act.name, profile=act.profile, certificate=certificate)


def _checked_request(scene: Scene, act: Certify) -> CheckedRequest:
    try:
        asked = parse_request(act.request)
        check_subject(asked.subject, act.subject.name())
    except RequestNotAccepted as error:
        raise RequestRefused(name=act.name, rule=str(error)) from error
    scene.step(
        f"certify {act.name}: the request is checked",
        ("request SHA-256", act.request_sha256),
        ("key", key_kind(asked.public_key)),
        ("public key SHA-256", asked.key_fingerprint),
        ("proof of possession", "the request is signed with the key"),
    )
    return asked


def withdraw(scene: Scene, act: Revoke) -> None:
    """Revokes what the plan names by its number and by its key.

    Raises:
        PlanRefused: the certificate of that number is of another key.
    """
    with scene.books.begin() as connection:
        found = load_certificate(connection, act.serial_number)
        if found.name != act.name:
            raise PlanRefused(
                field=f"revoke {serial_text(act.serial_number)}",
                rule=f"this certificate is of the key {found.name}, and the plan says {act.name}",
            )
        change = revoke_authority if found.profile is ProfileName.ISSUING else revoke
        by = f"ceremony {scene.plan.ceremony}"
        change(connection, act.serial_number, reason=act.reason, at=scene.clock(), by=by)
    scene.step(
        f"revoke {act.name}",
        ("serial number", serial_text(act.serial_number)),
        ("reason", act.reason.value),
    )


def issue_list(scene: Scene, issuer: Issuer, act: IssueCrl) -> bytes:
    """The root's revocation list, DER; its number follows the last.

    Raises:
        PlanRefused: the plan states another number.
    """
    with scene.books.connect() as connection:
        last = load_last_crl(connection, KEY_ID)
    due = 1 if last is None else last.number + 1
    if act.number != due:
        raise PlanRefused(field="issue-crl: number", rule=f"{due}, which follows the last list")
    crl = issue_crl(scene.books, issuer, at=scene.clock(), lasts=timedelta(days=act.valid_days))
    listed = sorted(serial_text(each.serial_number) for each in x509.load_der_x509_crl(crl.der))
    scene.step(
        "issue-crl: the revocation list is signed",
        ("number", str(crl.number)),
        ("relied on for", f"{act.valid_days} days"),
        ("revoked certificates", " ".join(listed) or "none"),
        ("SHA-256", Mark(MarkKind.DIGEST, sha256(crl.der))),
    )
    return crl.der
