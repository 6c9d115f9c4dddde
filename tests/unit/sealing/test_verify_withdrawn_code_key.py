"""A file whose seal code is by a key that was withdrawn: its own seal vouches for it, or nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from sealing_office import Office, birth
from sealing_pki import NOW

from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.formats.status_list import Status
from signing.formats.trust_list import KeyState
from verify.verdict import Agreement, Indication, Verdict

STOLEN = KeyState.COMPROMISED


def test_a_file_that_its_own_seal_vouches_for_stays_genuine(office: Office) -> None:
    report = office.judge(office.document(), code_key=STOLEN)
    assert report.verdict is Verdict.GENUINE
    assert report.agreement is Agreement.AGREES


def test_what_the_register_says_of_it_counts(office: Office) -> None:
    pdf = office.document()
    office.statuses[7] = Status.REVOKED
    assert office.judge(pdf, code_key=STOLEN).verdict is Verdict.NOT_IN_FORCE


def test_a_changed_file_gets_nothing_from_it(office: Office) -> None:
    pdf = bytearray(office.document())
    pdf[pdf.index(b"/Contents") - 200] ^= 1
    report = office.judge(bytes(pdf), code_key=STOLEN)
    assert report.indication is Indication.TOTAL_FAILED
    assert report.verdict is Verdict.NOT_GENUINE


def test_a_file_sealed_by_somebody_who_is_not_trusted_is_not_vouched_for(office: Office) -> None:
    report = office.judge(office.document(), code_key=STOLEN, roots=())
    assert report.verdict is not Verdict.GENUINE
    assert report.agreement is not Agreement.AGREES


def test_a_forged_code_in_a_file_of_another_record_is_told_apart(office: Office) -> None:
    """The thief cannot seal files; what an agency sealed with another code in it is not one story."""
    other = birth(make_document_number(2026, 2))
    forged = office.seal_code(office.claims(other))
    report = office.judge(office.document(url=forged), code_key=STOLEN)
    assert report.agreement is Agreement.DIFFERS
    assert report.verdict is Verdict.NOT_GENUINE


def test_a_code_from_outside_the_keys_window_is_false_in_any_file(office: Office) -> None:
    record = birth(make_document_number(2026, 1))
    code = office.seal_code(office.claims(record, issued_at=datetime(2025, 6, 1, tzinfo=UTC)))
    report = office.judge(office.document(url=code, record=record), code_key=STOLEN)
    assert report.verdict is Verdict.NOT_GENUINE


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LT])
def test_a_file_sealed_after_the_withdrawal_does_not_vouch_for_a_code_dated_back(
    office: Office, level: Level
) -> None:
    """The thief's code borrows the entry of a document in force; any system of the agency sealed it today."""
    withdrawn = NOW - timedelta(days=30)
    record = birth(make_document_number(2026, 77))
    code = office.seal_code(office.claims(record, issued_at=withdrawn - timedelta(days=1)))
    pdf = office.document(url=code, record=record, level=level)
    pki = office.authority
    lists = (pki.crl(pki.issuing, NOW), pki.crl(pki.root, NOW))

    report = office.judge(pdf, code_key=STOLEN, code_key_ends=withdrawn, crls=lists)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.verdict is not Verdict.GENUINE


def test_a_file_time_stamped_before_the_withdrawal_vouches_for_its_code(office: Office) -> None:
    pdf = office.document()
    assert office.judge(pdf, code_key=STOLEN, code_key_ends=NOW).verdict is Verdict.GENUINE


def test_a_seal_that_nothing_time_stamps_vouches_for_no_code(office: Office) -> None:
    pdf, pki = office.document(level=Level.B_B), office.authority
    lists = (pki.crl(pki.issuing, NOW), pki.crl(pki.root, NOW))
    assert office.judge(pdf, crls=lists).verdict is Verdict.GENUINE
    assert office.judge(pdf, crls=lists, code_key=STOLEN).verdict is Verdict.UNDECIDED
