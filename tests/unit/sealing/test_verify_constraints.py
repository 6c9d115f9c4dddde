"""Every constraint of a signature's validation: looked at in order, with its outcome and its rule."""

from datetime import timedelta

import pytest
from sealing_office import Office
from sealing_pki import Authority, Revocation

from signing.formats.pades_level import Level
from verify.constraints import BROKEN, REQUIREMENTS
from verify.verdict import Constraint, Outcome, SubIndication, ValidationReport

SIGNED = ["format", "signing-certificate", "acceptance", "integrity", "signature-value"]
CERTIFIED = [
    "chain",
    "certificate-profile",
    "validity",
    "revocation-known",
    "not-revoked",
    "algorithms",
]


def seen(report: ValidationReport) -> dict[str, list[str]]:
    """The codes of each subject, in order."""
    subjects: dict[str, list[str]] = {}
    for each in report.constraints:
        subjects.setdefault(each.subject, []).append(each.code)
    return subjects


def broken(report: ValidationReport) -> Constraint:
    (constraint,) = [each for each in report.constraints if each.outcome is not Outcome.PASSED]
    return constraint


def test_a_genuine_archive_holds_every_constraint(office: Office) -> None:
    report = office.judge(office.document(level=Level.B_LTA))

    assert {each.outcome for each in report.constraints} == {Outcome.PASSED}
    assert seen(report) == {
        "file": ["format"],
        "seal": SIGNED,
        "archive-1": [*SIGNED, "integrity", "order", *CERTIFIED],
        "time-stamp": [*SIGNED, "integrity", "order", *CERTIFIED],
        "seal-certificate": ["order", *CERTIFIED],
    }
    (used,) = {each.facts["used"] for each in report.constraints if each.facts.get("used")}
    assert used == "ecdsa-p256 ecdsa-p384 sha256 sha384"
    assert all(each.rule and each.words.ar and each.words.en for each in report.constraints)


def test_a_constraint_that_is_broken_is_the_last_of_its_subject(office: Office) -> None:
    forger = Authority("-forged")
    report = office.judge(office.document(seal=forger.seal, issuing=forger.issuing))

    assert seen(report) == {"file": ["format"], "seal": SIGNED, "seal-certificate": ["chain"]}
    assert broken(report).outcome is Outcome.UNDECIDED
    assert broken(report).facts == {"sub_indication": "NO_CERTIFICATE_CHAIN_FOUND"}


def test_a_revoked_certificate_breaks_the_one_constraint(office: Office) -> None:
    pdf, pki, at = office.document(), office.authority, office.now + timedelta(hours=3)
    pki.revoked[pki.seal.certificate.serial_number] = Revocation(office.now - timedelta(days=1))
    report = office.judge(pdf, crls=(pki.crl(pki.issuing, at),))

    constraint = broken(report)
    assert (constraint.subject, constraint.code) == ("seal-certificate", "not-revoked")
    assert constraint.outcome is Outcome.FAILED
    assert constraint.facts["sub_indication"] == "REVOKED"


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7\n%%EOF"], ids=["nothing", "no document"])
def test_what_is_no_document_breaks_the_first_constraint(office: Office, pdf: bytes) -> None:
    report = office.judge(pdf)

    assert seen(report) == {"file": ["format"]}
    assert broken(report).outcome is Outcome.FAILED


def test_every_sub_indication_belongs_to_a_constraint() -> None:
    never_given = {
        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
        SubIndication.EXPIRED,
        SubIndication.GENERIC,
        SubIndication.NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
        SubIndication.SIGNED_DATA_NOT_FOUND,
    }
    assert set(BROKEN) == set(SubIndication) - never_given
    assert set(BROKEN.values()) == set(REQUIREMENTS)
