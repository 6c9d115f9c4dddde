"""Enrolment broken at each durable write, twice: failed, and failed but persisted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from enrolment_office import AMAL, BASEL, CLERK, HIND, HOLDER, REGISTRY, Office, new_key, request_of
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ca.applications import ApplicationState, find_applications, load_application
from ca.certificates import CertificateRequest, issue, sign
from ca.enrolment import APPROVALS_NEEDED, SETTLING
from ca.errors import AlreadyRedeemed
from ca.names import agency_name
from ca.profiles import ProfileName
from ca.refusals import ApprovedBefore, KeyReused
from ca.store import IssuedCertificate
from ca.urls import PublicUrls

# Reserved, intended, begun, signed and kept; before them the attempt, after them the end.
WRITES_OF_AN_ISSUE = 6


class Crashed(Exception):
    """The process is gone."""


@contextmanager
def crash_at(engine: Engine, write: int, *, persisted: bool) -> Iterator[None]:
    """The commit of this number fails: before it reached the disk, or after."""
    commits, real = count(1), engine.dialect.do_commit

    def commit(connection: Any) -> None:
        if next(commits) != write:
            real(connection)
            return
        if persisted:
            real(connection)
        raise Crashed

    engine.dialect.do_commit = commit  # type: ignore[method-assign]
    try:
        yield
    finally:
        engine.dialect.do_commit = real  # type: ignore[method-assign]


def _assert_nothing_wrong(office: Office) -> None:
    """Never two certificates for one application, never one without two approvals."""
    issued = office.rows(
        "SELECT serial_number FROM ca_certificates WHERE state = 'issued' AND profile = 'seal'"
    )
    tried = dict(office.rows("SELECT serial_number, number FROM ca_attempts"))
    owners = [tried[serial] for (serial,) in issued]
    assert len(owners) == len(set(owners))
    for number in owners:
        with office.engine.connect() as connection:
            application = load_application(connection, number)
        officers = {each.by for each in application.approvals}
        assert len(officers - {CLERK}) >= APPROVALS_NEEDED
        assert application.state in {ApplicationState.ISSUING, ApplicationState.ISSUED}


BROKEN = [
    pytest.param(write, persisted, id=f"write {write} {'failed but persisted' if persisted else 'failed'}")
    for write in range(1, WRITES_OF_AN_ISSUE + 1)
    for persisted in (False, True)
]


@pytest.mark.parametrize(("write", "persisted"), BROKEN)
def test_an_issue_that_broke_off_is_taken_up_to_one_certificate(
    office: Office, write: int, *, persisted: bool
) -> None:
    application = office.approved()
    with pytest.raises(Crashed), crash_at(office.engine, write, persisted=persisted):
        office.issue(application.number)
    _assert_nothing_wrong(office)

    office.later(minutes=1)
    issued = office.issue(application.number)

    _assert_nothing_wrong(office)
    assert office.rows(
        "SELECT count(*) FROM ca_certificates WHERE state = 'issued' AND profile = 'seal'"
    ) == [(1,)]
    with office.engine.connect() as connection:
        after = load_application(connection, application.number)
    assert (after.state, after.serial_number) == (ApplicationState.ISSUED, issued.serial_number)
    assert office.issue(application.number) == issued


def test_every_write_of_an_issue_was_broken(office: Office) -> None:
    """If an issue gained a write, the table above would miss it."""
    writes = 0
    real = office.engine.dialect.do_commit

    def counted(connection: Any) -> None:
        nonlocal writes
        writes += 1
        real(connection)

    application = office.approved()
    office.engine.dialect.do_commit = counted  # type: ignore[method-assign]
    office.issue(application.number)
    # The first is that of `settle`, which finds nothing to take up.
    assert writes == 1 + WRITES_OF_AN_ISSUE


@pytest.mark.parametrize(("write", "persisted"), BROKEN)
def test_an_officer_blocked_after_the_crash_counts_no_more(
    office: Office, write: int, *, persisted: bool
) -> None:
    application = office.approved()
    with pytest.raises(Crashed), crash_at(office.engine, write, persisted=persisted):
        office.issue(application.number)
    office.blocked.add(BASEL)
    made = _is_made(office)
    if made:  # the certificate was there before the officer was blocked
        assert office.issue(application.number)
        return
    with pytest.raises(Exception, match="approvals"):
        office.issue(application.number)
    assert not _is_made(office)


def _is_made(office: Office) -> bool:
    return office.rows("SELECT 1 FROM ca_certificates WHERE state = 'issued' AND profile = 'seal'") != []


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_submission_that_broke_off_is_there_once_or_not_at_all(office: Office, *, persisted: bool) -> None:
    request = request_of(new_key())
    with pytest.raises(Crashed), crash_at(office.engine, 1, persisted=persisted):
        office.submit(request=request)
    if persisted:
        with pytest.raises(KeyReused):
            office.submit(request=request)
    else:
        office.submit(request=request)
    with office.engine.connect() as connection:
        assert len(find_applications(connection)) == 1


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_an_approval_that_broke_off_counts_once(office: Office, *, persisted: bool) -> None:
    application = office.submit()
    with pytest.raises(Crashed), crash_at(office.engine, 1, persisted=persisted):
        office.approve(application.number, AMAL)
    if persisted:
        with pytest.raises(ApprovedBefore):
            office.approve(application.number, AMAL)
    else:
        office.approve(application.number, AMAL)
    with office.engine.connect() as connection:
        assert [each.by for each in load_application(connection, application.number).approvals] == [AMAL]


@pytest.mark.parametrize(
    "silent", ["application-issue", "certificate-issue", "application-issued", "application-approve"]
)
def test_an_audit_that_cannot_be_written_stops_everything(office: Office, silent: str) -> None:
    application = office.submit()
    office.approve(application.number, AMAL)
    tell = office.audit

    def fail(act: str, *rest: Any) -> None:
        if act == silent:
            raise OSError("the disk is full")
        tell(act, *rest)

    office.audit = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="full"):
        _approve_and_issue(office, application.number)
    _assert_nothing_wrong(office)
    if (
        silent != "application-issued"
    ):  # there the certificate is, and the application still waits for its entry
        assert not _is_made(office)
    office.audit = tell  # type: ignore[method-assign]
    if silent == "application-approve":
        office.approve(application.number, HIND)
    assert office.issue(application.number)
    _assert_nothing_wrong(office)


def _approve_and_issue(office: Office, number: str) -> None:
    office.approve(number, BASEL)
    office.issue(number)


def test_a_key_that_does_not_answer_costs_a_number_and_no_application(office: Office) -> None:
    """The signature may exist somewhere; nobody has a certificate, and the next attempt is another one."""
    application = office.approved()
    signer = office.issuer.signer

    class Unplugged:
        key_id, purpose, algorithm = signer.key_id, signer.purpose, signer.algorithm
        public_key = signer.public_key

        def sign(self, data: bytes, *, purpose: Any) -> bytes:
            signer.sign(data, purpose=purpose)  # it signed, and the answer was lost
            raise ConnectionError

    whole = office.issuer
    office.issuer = replace(whole, signer=Unplugged())
    with pytest.raises(ConnectionError):
        office.issue(application.number)
    office.issuer = whole
    office.issue(application.number)
    _assert_nothing_wrong(office)
    assert len(office.rows("SELECT * FROM ca_attempts")) == 2
    burnt = [facts["burnt"] for act, facts in office.told if act == "application-reopen"]
    assert len(burnt) == 1
    assert office.told[-1][1]["by"] == SETTLING


@pytest.mark.parametrize("moment", ["before it is built", "while it is signed"])
def test_two_processes_that_issue_at_once_make_one_certificate(
    office: Office, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A lock keeps them apart; where it did not, the books let the first one's attempt go no further."""
    application = office.approved()
    second: list[IssuedCertificate] = []

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        if not second:
            second.append(None)  # type: ignore[arg-type]  # under way
            second[0] = office.issue(application.number)
        return real(*arguments, **named)

    place = "ca.enrolment.issue" if moment == "before it is built" else "ca.certificates.sign"
    real = issue if moment == "before it is built" else sign
    monkeypatch.setattr(place, meanwhile)
    with pytest.raises(IntegrityError, match="given up"):
        office.issue(application.number)

    _assert_nothing_wrong(office)
    assert office.issue(application.number) == second[0]
    assert len(office.rows("SELECT * FROM ca_attempts")) == 2


def test_no_enrolled_certificate_is_made_past_its_application(office: Office) -> None:
    request = CertificateRequest(
        profile=ProfileName.SEAL,
        name=HOLDER,
        subject=agency_name(REGISTRY),
        key_id="x",
        public_key=new_key().public_key(),
    )
    with pytest.raises(AlreadyRedeemed) as refused:
        issue(office.engine, office.issuer, request, at=office.now, urls=PublicUrls())
    assert "has an application" in str(refused.value.__cause__)
    assert office.rows("SELECT * FROM ca_certificates WHERE profile = 'seal'") == []
