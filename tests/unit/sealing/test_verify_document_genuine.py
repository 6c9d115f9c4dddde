from dataclasses import replace
from datetime import timedelta

import pytest
from sealing_office import Office

from signing.formats.document_number import make_document_number
from signing.formats.status_list import Status
from verify.documents import DocumentJudge, validate_document
from verify.memory import Memory
from verify.verdict import Agreement, DocumentStatus, Indication, Outcome, SubIndication, Verdict


def test_sealed_document_is_genuine_and_in_force(office: Office) -> None:
    report = office.judge(office.document())

    assert report.verdict is Verdict.GENUINE
    assert report.indication is Indication.TOTAL_PASSED
    assert report.sub_indication is None
    assert report.agreement is Agreement.AGREES
    assert {check.outcome for check in report.checks} == {Outcome.PASSED}
    assert {check.code for check in report.checks} == {
        "structure",
        "seal",
        "time-stamp",
        "seal-certificate",
        "seal-code",
        "record",
        "record-fields",
        "agency",
        "page",
        "symbol",
    }


def test_report_names_document_signer_and_fields(office: Office) -> None:
    report = office.judge(office.document(sequence=5))

    assert report.document.number == make_document_number(2026, 5)
    assert report.document.kind == "birth"
    assert report.document.agency == "civil-registry"
    assert report.signature.organization_identifier == "NTRSY-0041776"
    assert report.signature.claimed_at == report.signature.proven_at == office.now
    assert report.fields
    assert all(field.agrees for field in report.fields)


def test_one_judge_and_the_function_for_one_file_agree(office: Office) -> None:
    pdf = office.document()
    at = office.now + timedelta(hours=3)

    assert validate_document(pdf, trust=office.trust(), at=at) == office.judge(pdf, at=at)


@pytest.mark.parametrize(
    ("status", "expected", "verdict"),
    [
        (Status.REVOKED, DocumentStatus.REVOKED, Verdict.NOT_IN_FORCE),
        (Status.SUSPENDED, DocumentStatus.SUSPENDED, Verdict.NOT_IN_FORCE),
        (Status.SUPERSEDED, DocumentStatus.SUPERSEDED, Verdict.NOT_IN_FORCE),
        (Status.NOT_ISSUED, DocumentStatus.NOT_ISSUED, Verdict.NOT_GENUINE),
    ],
    ids=[
        "revoked in the register",
        "suspended in the register",
        "superseded in the register",
        "never issued, whoever sealed it",
    ],
)
def test_status_in_the_register_stands_beside_the_signature(
    office: Office, status: Status, expected: DocumentStatus, verdict: Verdict
) -> None:
    pdf = office.document()
    office.statuses[7] = status

    report = office.judge(pdf)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.status is expected
    assert report.verdict is verdict


def test_without_a_status_list_nothing_is_in_force(office: Office) -> None:
    pdf = office.document()
    office.status_list_published = False

    report = office.judge(pdf)

    assert report.status is DocumentStatus.UNKNOWN
    assert report.verdict is Verdict.UNDECIDED
    assert report.is_sound


def test_after_its_time_the_document_is_genuine_but_expired(office: Office) -> None:
    report = office.judge(office.document(), at=office.now + timedelta(days=91))

    # The trust list of that day is stale too: undecided, never "in force".
    assert report.verdict is not Verdict.GENUINE


def test_signature_outlives_its_certificate_because_it_was_time_stamped(office: Office) -> None:
    seal = office.authority.seal_certificate("civil-registry", not_after=office.now + timedelta(hours=1))
    report = office.judge(office.document(seal=seal))

    assert report.indication is Indication.TOTAL_PASSED


def test_token_is_worth_as_long_as_its_certificate_lives(office: Office) -> None:
    report = office.judge(office.document(), at=office.now + timedelta(days=4000))

    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_under_a_trust_list_older_than_one_seen_before_nothing_is_decided(office: Office) -> None:
    """But a file that breaks the rule of form needs no list to be refused."""
    pdf, at = office.document(), office.now + timedelta(hours=3)
    remembers = replace(office.trust(), memory=Memory(trust_list_version=2))

    report = DocumentJudge(remembers).validate(pdf, at=at)
    assert report.verdict is Verdict.UNDECIDED
    assert report.verdict.exit_code == 2
    assert not report.fields
    (check,) = [check for check in report.checks if check.code == "seal-code"]
    assert "older than one seen before" in check.words.en
    assert DocumentJudge(remembers).validate(pdf + b" ", at=at).verdict is Verdict.NOT_GENUINE
