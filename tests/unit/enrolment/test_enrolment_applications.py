"""From an application to a certificate: two officers, one key, one certificate."""

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from enrolment_office import AMAL, BASEL, CLERK, HIND, HOLDER, REGISTRY, Office, new_key, request_of
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from ca.applications import Application, ApplicationState, decode_name, encode_name, load_application
from ca.csr import parse_request
from ca.enrolment import (
    APPROVALS_NEEDED,
    MOST_OPEN,
    OPEN_FOR,
    RENEWAL_WINDOW,
    TRY_AGAIN_AFTER,
    expire_applications,
    find_due,
    reject,
    settle,
    withdraw,
)
from ca.errors import ProfileViolation
from ca.names import Officer, agency_name, officer_name
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.refusals import (
    ApplicationClosed,
    ApplicationNotFound,
    ApprovalsMissing,
    ApprovedBefore,
    KeyReused,
    OwnApplication,
    RenewalProofWrong,
    RenewalRefused,
    SubjectNotRegistered,
    TooManyOpen,
)
from ca.revocation import revoke, suspend

MACHINE = "machine:civil-registry-0a1b2c"


def _proof(key: ec.EllipticCurvePrivateKey, new: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    """A request for `new`, and what `key` says to it."""
    request = request_of(new)
    return request, key.sign(request, ec.ECDSA(hashes.SHA256()))


# Two officers


def test_two_officers_make_a_certificate_of_an_application(office: Office) -> None:
    key = new_key()
    application = office.submit(key)
    office.approve(application.number, AMAL, BASEL)

    issued = office.issue(application.number)

    certificate = issued.certificate
    assert certificate.public_key() == key.public_key()
    assert certificate.subject == agency_name(REGISTRY)
    assert issued.name == HOLDER
    certificate.verify_directly_issued_by(office.issuer.certificate)  # type: ignore[arg-type]
    assert [act for act, _ in office.told] == [
        "application-submit",
        "application-approve",
        "application-approve",
        "application-issue",
        "certificate-issue",
        "application-issued",
    ]
    assert all(facts["by"] for act, facts in office.told if act.startswith("application"))


def test_an_issued_application_is_answered_with_its_one_certificate(office: Office) -> None:
    application = office.approved()
    first = office.issue(application.number)
    office.later(days=40)
    assert office.issue(application.number) == first
    assert office.rows("SELECT count(*) FROM ca_certificates WHERE profile = 'seal'") == [(1,)]


@pytest.mark.parametrize(
    ("officers", "blocked"),
    [
        pytest.param((), set(), id="nobody approved"),
        pytest.param((AMAL,), set(), id="one officer"),
        pytest.param((AMAL, BASEL), {BASEL}, id="one of two was blocked since"),
        pytest.param((AMAL, BASEL), {AMAL, BASEL}, id="both were blocked since"),
    ],
)
def test_fewer_than_two_that_count_issue_nothing(
    office: Office, officers: tuple[str, ...], blocked: set[str]
) -> None:
    application = office.submit()
    office.approve(application.number, *officers)
    office.blocked = blocked
    with pytest.raises(ApprovalsMissing):
        office.issue(application.number)
    assert office.rows("SELECT * FROM ca_attempts") == []

    office.blocked.clear()
    office.approve(application.number, *({AMAL, BASEL} - {*officers}), HIND)
    office.blocked = blocked - {HIND, AMAL} if blocked == {BASEL} else set()
    assert office.issue(application.number)


def test_one_officer_counts_once(office: Office) -> None:
    application = office.submit()
    office.approve(application.number, AMAL)
    with pytest.raises(ApprovedBefore):
        office.approve(application.number, AMAL)
    with pytest.raises(ApprovalsMissing):
        office.issue(application.number)


@pytest.mark.parametrize("own", [CLERK, HIND], ids=["who submitted it", "whose certificate it becomes"])
def test_nobody_decides_on_their_own_application(office: Office, own: str) -> None:
    application = office.submit(beneficiary=HIND)
    with pytest.raises(OwnApplication):
        office.approve(application.number, own)
    with pytest.raises(OwnApplication), office.engine.begin() as connection:
        reject(connection, application.number, by=own, reason="no", at=office.now)


def test_the_database_itself_refuses_what_too_few_approved(office: Office) -> None:
    """For whoever comes with SQL."""
    application = office.submit(beneficiary=HIND)
    office.approve(application.number, AMAL)
    with office.engine.begin() as connection:
        for own in (CLERK, HIND):  # the program would not write these
            connection.exec_driver_sql(
                "INSERT INTO ca_approvals VALUES (?, ?, '2026-11-22 08:00:00')", (application.number, own)
            )
    for statement in (
        "UPDATE ca_applications SET state = 'issuing'",
        "UPDATE ca_applications SET state = 'issued'",
        "UPDATE ca_applications SET approvals_needed = 0",
        "UPDATE ca_applications SET request = x'00'",
        "DELETE FROM ca_applications",
        "UPDATE ca_approvals SET approved_by = 'staff:basel'",
        "DELETE FROM ca_approvals",
    ):
        with pytest.raises(IntegrityError), office.engine.begin() as connection:
            connection.exec_driver_sql(statement)


# Other ends


def test_one_officer_is_enough_to_say_no_and_no_is_no(office: Office) -> None:
    application = office.approved()
    with office.engine.begin() as connection:
        rejected = reject(connection, application.number, by=HIND, reason="letter not signed", at=office.now)
    assert (rejected.state, rejected.reason) == (ApplicationState.REJECTED, "letter not signed")
    _assert_closed(office, application.number)


def test_a_withdrawn_application_stays_withdrawn(office: Office) -> None:
    application = office.approved()
    with office.engine.begin() as connection:
        withdraw(connection, application.number, by=CLERK, at=office.now)
    _assert_closed(office, application.number)


def test_what_nobody_decides_on_ends_after_thirty_days(office: Office) -> None:
    old = office.submit()
    office.later(days=29)
    young = office.submit()
    office.later(days=1)
    with office.engine.begin() as connection:
        over = expire_applications(connection, at=office.now, audit=office.audit)
    assert [each.number for each in over] == [old.number]
    _assert_closed(office, old.number)
    office.approve(young.number, AMAL)


def test_an_application_past_its_time_is_closed_before_anybody_tidies_up(office: Office) -> None:
    application = office.approved()
    office.now += OPEN_FOR
    _assert_closed(office, application.number)


def _assert_closed(office: Office, number: str) -> None:
    with pytest.raises(ApplicationClosed):
        office.approve(number, "staff:somebody-else")
    with pytest.raises(ApplicationClosed):
        office.issue(number)
    with pytest.raises(ApplicationClosed), office.engine.begin() as connection:
        reject(connection, number, by=HIND, reason="again", at=office.now)
    with pytest.raises(ApplicationClosed), office.engine.begin() as connection:
        withdraw(connection, number, by=CLERK, at=office.now)


def test_what_does_not_exist_is_not_found(office: Office) -> None:
    with pytest.raises(ApplicationNotFound):
        office.approve("A-26-0000000000", AMAL)
    with pytest.raises(ApplicationNotFound):
        office.issue("A-26-0000000000")


# One key


def test_a_key_is_applied_for_once_whatever_became_of_it(office: Office) -> None:
    key = new_key()
    application = office.submit(key)
    with pytest.raises(KeyReused):
        office.submit(key)
    with office.engine.begin() as connection:
        reject(connection, application.number, by=HIND, reason="no", at=office.now)
    with pytest.raises(KeyReused):
        office.submit(key, agency="workers-register", holder="enrolled-workers-register-x")


def test_a_key_that_is_certified_is_not_applied_for(office: Office) -> None:
    """Somebody who found the authority's own key would have to hold it; the books know it anyway."""
    stolen = new_key()
    digest = parse_request(request_of(stolen)).key_fingerprint
    with office.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS ca_certificates_as_signed")
        connection.exec_driver_sql(
            "UPDATE ca_certificates SET key_digest = ? WHERE name = 'issuing'", (digest,)
        )
    with pytest.raises(KeyReused):
        office.submit(stolen)


def test_the_subject_is_the_registered_one_or_nothing(office: Office) -> None:
    registered = [*agency_name(REGISTRY)]
    with pytest.raises(SubjectNotRegistered):
        office.submit(asked=x509.Name(registered[:3]))
    assert office.submit(asked=x509.Name(registered)).subject == agency_name(REGISTRY)


# Renewal


def test_a_renewal_overlaps_and_needs_two_officers_again(office: Office) -> None:
    present = office.issued()
    office.later(days=100)

    application = office.submit(renews=present.serial_number, by=MACHINE)
    with pytest.raises(ApprovalsMissing):
        office.issue(application.number)
    office.approve(application.number, AMAL, BASEL)
    following = office.issue(application.number)

    assert following.name == present.name
    assert following.not_before < present.not_after < following.not_after
    assert following.certificate.public_key() != present.certificate.public_key()


def test_near_its_end_the_present_key_speaks_for_the_new_one(office: Office) -> None:
    key, new = new_key(), new_key()
    present = office.issued(key)
    office.now = present.not_after - RENEWAL_WINDOW
    application = _renew(office, present.serial_number, *_proof(key, new))
    assert application.approvals_needed == 0
    assert office.issue(application.number).certificate.public_key() == new.public_key()


def test_long_before_its_end_the_present_key_is_not_enough(office: Office) -> None:
    key = new_key()
    present = office.issued(key)
    office.now = present.not_after - RENEWAL_WINDOW - timedelta(days=1)
    application = _renew(office, present.serial_number, *_proof(key, new_key()))
    with pytest.raises(ApprovalsMissing):
        office.issue(application.number)


@pytest.mark.parametrize("other", ["subject", "agency", "profile", "everything"])
def test_the_present_key_speaks_for_no_other_name_agency_or_profile(office: Office, other: str) -> None:
    """The attack: a clerk's own key, in its last 90 days, asks for a minister's certificate."""
    key, new = new_key(), new_key()
    clerk = officer_name(Officer(given_name="هند", surname="المثال", identifier="OF:SY-1042"), REGISTRY)
    courts = replace(REGISTRY, code="courts", organization_identifier="GO:SY-COURTS")
    minister = officer_name(Officer(given_name="وزير", surname="العدل", identifier="OF:SY-0001"), courts)
    first: dict[str, Any] = {
        "profile": ProfileName.OFFICER,
        "holder": "enrolled-officer-" + "a" * 32,
        "subject": clerk,
        "beneficiary": HIND,
    }
    changes = {"subject": minister, "agency": courts.code, "profile": ProfileName.SEAL}
    present = office.issued(key, **first)
    office.now = present.not_after - timedelta(days=60)
    request, proof = _proof(key, new)
    asked = first | (changes if other == "everything" else {other: changes[other]})

    application = office.submit(by=HIND, renews=present.serial_number, request=request, proof=proof, **asked)

    assert application.approvals_needed == APPROVALS_NEEDED
    assert find_due_now(office) == []
    with pytest.raises(ApprovalsMissing):
        office.issue(application.number)


def test_an_officers_present_key_speaks_for_the_same_name(office: Office) -> None:
    key = new_key()
    officer = officer_name(Officer(given_name="هند", surname="المثال", identifier="OF:SY-1042"), REGISTRY)
    first: dict[str, Any] = {
        "profile": ProfileName.OFFICER,
        "holder": "enrolled-officer-" + "a" * 32,
        "subject": officer,
        "beneficiary": HIND,
    }
    present = office.issued(key, **first)
    for _ in range(2):  # a renewal is renewed in its turn
        office.now = present.not_after - timedelta(days=60)
        following = new_key()
        request, proof = _proof(key, following)
        application = office.submit(
            by=HIND, renews=present.serial_number, request=request, proof=proof, **first
        )
        assert application.approvals_needed == 0
        key, present = following, office.issue(application.number)


def find_due_now(office: Office) -> list[str]:
    with office.engine.connect() as connection:
        return find_due(connection, at=office.now, still_counts=office.still_counts)


@pytest.mark.interop
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(("ec", "ec_paramgen_curve:P-256"), id="P-256"),
        pytest.param(("ec", "ec_paramgen_curve:P-384"), id="P-384"),
        pytest.param(("rsa", "rsa_keygen_bits:3072"), id="RSA-3072"),
    ],
)
def test_openssl_makes_the_requests_and_the_proof(
    office: Office, tmp_path: Path, kind: tuple[str, str]
) -> None:
    """The recipe of docs/operations/enrolment.md, line by line."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")

    def run(*command: str) -> None:
        subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)

    for name in ("archive", "new"):
        made = ("-newkey", kind[0], "-pkeyopt", kind[1], "-nodes", "-keyout", f"{name}.key")
        run("req", "-new", *made, "-subj", "/", "-out", f"{name}.csr")
    present = office.issue(_approved_file(office, tmp_path / "archive.csr"))
    office.now = present.not_after - timedelta(days=60)
    run("req", "-in", "new.csr", "-outform", "DER", "-out", "new.der")
    run("dgst", "-sha256", "-sign", "archive.key", "-out", "new.proof", "new.der")
    request, proof = (tmp_path / "new.csr").read_bytes(), (tmp_path / "new.proof").read_bytes()

    application = _renew(office, present.serial_number, request, proof)

    assert office.issue(application.number).name == present.name


def _approved_file(office: Office, path: Path) -> str:
    application = office.submit(request=path.read_bytes())
    office.approve(application.number, AMAL, BASEL)
    return application.number


@pytest.mark.parametrize("forge", ["another key", "another request", "rubbish"])
def test_what_the_present_key_did_not_sign_is_refused(office: Office, forge: str) -> None:
    key, new = new_key(), new_key()
    present = office.issued(key)
    office.now = present.not_after - timedelta(days=10)
    request, proof = _proof(new_key() if forge == "another key" else key, new)
    if forge == "another request":
        request = request_of(new_key())
    with pytest.raises(RenewalProofWrong):
        _renew(office, present.serial_number, request, b"rubbish" if forge == "rubbish" else proof)


def _renew(office: Office, serial: int, request: bytes, proof: bytes) -> Application:
    return office.submit(by=MACHINE, renews=serial, request=request, proof=proof)


@pytest.mark.parametrize("trouble", ["revoked", "suspended", "expired", "another holder", "unknown", "twice"])
def test_only_what_is_in_force_and_ones_own_is_renewed_once(office: Office, trouble: str) -> None:
    present = office.issued()
    serial, holder = present.serial_number, HOLDER
    office.later(days=1)
    with office.engine.begin() as connection:
        if trouble == "revoked":
            revoke(connection, serial, reason=RevocationReason.SUPERSEDED, at=office.now)
        if trouble == "suspended":
            suspend(connection, serial, at=office.now)
    if trouble == "expired":
        office.now = present.not_after + timedelta(seconds=1)
    if trouble == "another holder":
        holder = "enrolled-workers-register-archive"
    if trouble == "unknown":
        serial = type(serial)(serial + 1)
    if trouble == "twice":
        office.submit(renews=serial)
    with pytest.raises(RenewalRefused):
        office.submit(renews=serial, holder=holder)


def test_a_certificate_revoked_while_its_renewal_waits_is_not_followed(office: Office) -> None:
    present = office.issued()
    office.later(days=1)
    application = office.approved(renews=present.serial_number)
    with office.engine.begin() as connection:
        revoke(connection, present.serial_number, reason=RevocationReason.KEY_COMPROMISE, at=office.now)
    with pytest.raises(RenewalRefused):
        office.issue(application.number)
    _assert_closed(office, application.number)
    assert _due(office) == []


def test_a_system_gone_wild_does_not_bury_the_others(office: Office) -> None:
    made = [office.submit(by=MACHINE) for _ in range(MOST_OPEN)]
    with pytest.raises(TooManyOpen):
        office.submit(by=MACHINE)
    assert office.submit(agency="workers-register", holder="enrolled-workers-register-x")
    with office.engine.begin() as connection:
        withdraw(connection, made[0].number, by=MACHINE, at=office.now)
    assert office.submit(by=MACHINE)


@given(parts=st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=16), max_size=6))
def test_a_name_is_kept_to_the_octet(parts: list[str]) -> None:
    oids = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.ORGANIZATION_IDENTIFIER, NameOID.SURNAME)
    name = x509.Name([x509.NameAttribute(oids[n % 4], text) for n, text in enumerate(parts)])
    assert decode_name(encode_name(name)).public_bytes() == name.public_bytes()
    registered = agency_name(REGISTRY)
    assert decode_name(encode_name(registered)).public_bytes() == registered.public_bytes()


# What is due


def test_due_is_what_two_officers_approved_and_each_attempt_waits(office: Office) -> None:
    waiting, ready = office.submit(), office.approved()
    assert _due(office) == [ready.number]
    office.issuer = _broken(office)
    with pytest.raises(OSError, match="unplugged"):
        office.issue(ready.number)
    assert _due(office) == [ready.number]  # it broke off: to be settled
    office.later(minutes=1)
    with pytest.raises(OSError, match="unplugged"):
        office.issue(ready.number)
    assert waiting.number not in _due(office)
    assert len(office.rows("SELECT * FROM ca_attempts")) == 2
    settle(office.engine, ready.number, at=office.now)
    assert _due(office) == []
    office.now += TRY_AGAIN_AFTER
    assert _due(office) == [ready.number]


def test_what_the_profile_forbids_fails_for_good(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: Any, **__: Any) -> None:
        raise ProfileViolation(field="subject", rule="not like this")

    application = office.approved()
    monkeypatch.setattr("ca.certificates.lint_certificate", forbid)
    with pytest.raises(ProfileViolation):
        office.issue(application.number)
    monkeypatch.undo()
    with office.engine.connect() as connection:
        failed = load_application(connection, application.number)
    assert failed.state is ApplicationState.FAILED
    assert "not like this" in (failed.reason or "")
    assert _due(office) == []
    _assert_closed(office, application.number)


def _due(office: Office) -> list[str]:
    with office.engine.connect() as connection:
        return find_due(connection, at=office.now, still_counts=office.still_counts)


def _broken(office: Office) -> Any:
    class Unplugged:
        key_id, purpose = office.issuer.signer.key_id, office.issuer.signer.purpose
        algorithm, public_key = office.issuer.signer.algorithm, office.issuer.signer.public_key

        def sign(self, data: bytes, *, purpose: object) -> bytes:
            del data, purpose
            raise OSError("unplugged")

    return replace(office.issuer, signer=Unplugged())
