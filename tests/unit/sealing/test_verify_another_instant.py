"""`--at`: what lists and proofs say of another instant than now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sealing_office import Office
from sealing_pki import Revocation

from signing.formats.pades_level import Level
from signing.formats.status_list import Status
from verify.reasons import MEANINGS, Reason
from verify.verdict import DocumentStatus, Indication, SubIndication, ValidationReport, Verdict


@dataclass(frozen=True)
class Once:
    """One document of one office; its status list is two hours younger than the seal."""

    office: Office
    pdf: bytes

    def judge(self, status: Status, at: datetime) -> ValidationReport:
        self.office.statuses[7] = status
        return self.office.judge(self.pdf, at=at)


@pytest.fixture(scope="module")
def once() -> Once:
    office = Office()
    return Once(office, office.document())


BEFORE, AFTER, LONG_AFTER = timedelta(hours=1), timedelta(hours=3), timedelta(days=20)


@pytest.mark.parametrize(
    ("status", "since_the_seal", "expected"),
    [
        (Status.VALID, BEFORE, Verdict.GENUINE),
        (Status.VALID, LONG_AFTER, Verdict.UNDECIDED),
        (Status.REVOKED_FRAUD, BEFORE, Verdict.UNDECIDED),
        (Status.REVOKED_FRAUD, AFTER, Verdict.NOT_IN_FORCE),
        (Status.REVOKED_FRAUD, LONG_AFTER, Verdict.NOT_IN_FORCE),
        (Status.SUPERSEDED, BEFORE, Verdict.UNDECIDED),
        (Status.SUSPENDED, BEFORE, Verdict.UNDECIDED),
        (Status.SUSPENDED, LONG_AFTER, Verdict.NOT_IN_FORCE),
        (Status.NOT_ISSUED, BEFORE, Verdict.NOT_GENUINE),
    ],
    ids=[
        "a younger list says valid, so it was",
        "an old list cannot say valid",
        "revoked, by a younger list: nobody knows since when",
        "revoked",
        "revoked for ever",
        "superseded, by a younger list: nobody knows since when",
        "suspended, by a younger list: nobody knows since when",
        "suspended when somebody last asked",
        "never released, so not then either",
    ],
)
def test_what_a_list_says_of_another_instant(
    once: Once, status: Status, since_the_seal: timedelta, expected: Verdict
) -> None:
    report = once.judge(status, once.office.now + since_the_seal)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.verdict is expected
    assert report.standing.as_of == once.office.now + timedelta(hours=2)


def test_a_younger_list_is_told_apart_from_an_old_one(once: Once) -> None:
    report = once.judge(Status.REVOKED, once.office.now + BEFORE)

    assert report.status is DocumentStatus.UNKNOWN
    (check,) = [check for check in report.checks if check.code == "seal-code"]
    assert check.facts["reason"] == Reason.STATUS_OF_LATER.value
    assert check.words == MEANINGS[Reason.STATUS_OF_LATER].words


def test_the_reason_of_a_revocation_is_told(once: Once) -> None:
    report = once.judge(Status.REVOKED_COURT_ORDER, once.office.now + AFTER)

    assert report.standing.reason == "court-order"
    assert once.judge(Status.REVOKED, once.office.now + AFTER).standing.reason is None


def test_before_it_was_sealed_nothing_can_be_said(once: Once) -> None:
    report = once.judge(Status.VALID, once.office.now - timedelta(days=1))

    assert report.indication is Indication.INDETERMINATE
    assert report.verdict is Verdict.UNDECIDED


def test_a_plain_seal_borrows_no_past(office: Office) -> None:
    """Revoked since: that the file is older, only whoever asks about the past says."""
    pki, at = office.authority, office.now + AFTER
    pdf = office.document(level=Level.B_B)
    crls = (pki.crl(pki.issuing, at), pki.crl(pki.root, at))
    assert office.judge(pdf, at=at, crls=crls).verdict is Verdict.GENUINE

    pki.revoked[pki.seal.certificate.serial_number] = Revocation(at + timedelta(days=1))
    report = office.judge(pdf, at=at, crls=(pki.crl(pki.issuing, at), crls[1]))

    assert (report.indication, report.sub_indication) == (
        Indication.INDETERMINATE,
        SubIndication.REVOKED_NO_POE,
    )


def test_an_archive_time_stamp_of_later_is_passed_over(office: Office) -> None:
    """As of the day before, the seal's own time-stamp proves it."""
    pdf = office.renewed(office.document(), office.now + timedelta(days=9))
    report = office.judge(pdf)

    assert report.verdict is Verdict.GENUINE
    assert [check.code for check in report.checks if check.facts.get("sub_indication")] == [
        "archive-passed-over"
    ]
