"""The XML of ETSI TS 119 102-2; its schema judges it in tests/interop."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from verify.report.etsi import NAMESPACE, OUR_NAMESPACE, report_as_etsi_xml
from verify.report.plain import STAND_IN
from verify.verdict import (
    Check,
    Comparisons,
    DocumentStanding,
    DocumentStatus,
    Indication,
    Outcome,
    SignatureFacts,
    SubIndication,
    ValidationReport,
    Words,
)

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
IN = {"": NAMESPACE, "wq": OUR_NAMESPACE, "ds": "http://www.w3.org/2000/09/xmldsig#"}


def check(code: str, outcome: Outcome, **facts: str) -> Check:
    return Check(
        code=code, rule="EN 319 102-1 §5.2.6", outcome=outcome, words=Words(ar="ج", en="s"), facts=facts
    )


REPORT = ValidationReport(
    at=NOW,
    sha256="ab" * 32,
    indication=Indication.TOTAL_PASSED,
    sub_indication=None,
    standing=DocumentStanding(status=DocumentStatus.VALID, as_of=NOW),
    comparisons=Comparisons(record=Outcome.PASSED, agency=Outcome.PASSED),
    signature=SignatureFacts(signer="Seal", certificate_sha256="cd" * 32, claimed_at=NOW, proven_at=NOW),
    checks=(check("structure", Outcome.PASSED), check("seal-certificate", Outcome.PASSED)),
)


def read(*reports: tuple[str, ValidationReport]) -> ET.Element:
    return ET.fromstring(report_as_etsi_xml(reports))  # noqa: S314 - written a moment ago


def texts(root: ET.Element, path: str) -> list[str | None]:
    return [each.text for each in root.iterfind(path, IN)]


def test_indication_time_and_constraints_are_etsi_s() -> None:
    root = read(("a.pdf", REPORT))
    one = "SignatureValidationReport/"

    assert texts(root, one + "SignatureValidationStatus/MainIndication") == [
        "urn:etsi:019102:mainindication:total-passed"
    ]
    assert texts(root, one + "SignatureValidationStatus/SubIndication") == []
    assert texts(root, ".//ValidationTime") == ["2026-11-22T09:00:00Z"]
    assert texts(root, ".//ValidationStatus/MainIndication") == ["urn:etsi:019102:mainindication:passed"] * 2
    assert texts(root, ".//wq:Verdict") == ["genuine"]


def test_instants_have_whole_seconds() -> None:
    """EU DSS reads no fractions, and leaves out what it cannot read."""
    report = replace(REPORT, at=NOW.replace(microsecond=5), signature=SignatureFacts())

    assert texts(read(("a.pdf", report)), ".//POETime") == ["2026-11-22T09:00:00Z"]


def test_failure_names_its_sub_indication_and_the_revocation() -> None:
    failed = replace(
        REPORT,
        indication=Indication.TOTAL_FAILED,
        sub_indication=SubIndication.REVOKED,
        checks=(check("seal-certificate", Outcome.FAILED, sub_indication="REVOKED", since=NOW.isoformat()),),
    )
    root = read(("a.pdf", failed))

    assert texts(root, ".//SubIndication") == ["urn:etsi:019102:subindication:REVOKED"] * 2
    assert texts(root, ".//RevocationTime") == ["2026-11-22T09:00:00Z"]


def test_file_and_certificate_are_named_by_digest_and_referred_to() -> None:
    root = read(("a.pdf", REPORT), ("b.pdf", replace(REPORT, sha256="ef" * 32)))
    digests = [base64.b64decode(each or "").hex() for each in texts(root, ".//ds:DigestValue")]
    known = {each.get("id") for each in root.iter() if each.get("id")}
    referred = {each.get("VOReference") for each in root.iter() if each.get("VOReference")}

    assert digests == ["ab" * 32, "cd" * 32, "ef" * 32, "cd" * 32]
    assert referred <= known
    assert len(known) == 6


@pytest.mark.parametrize(
    "name", ["]]><x/>", "&amp;<!--", "a\x00\x1b\ufffe\ud800.pdf", "\u202efdp.exe"], ids=ascii
)
def test_name_of_a_file_stays_text(name: str) -> None:
    (said,) = texts(read((name, REPORT)), ".//DAIdentifier")

    assert said is not None
    assert said.replace(STAND_IN, "") == "".join(
        each for each in name if each not in "\x00\x1b\ufffe\ud800\u202e"
    )


@pytest.mark.parametrize("indication", Indication)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_answer_has_a_word_of_etsi_s(indication: Indication, outcome: Outcome) -> None:
    report = replace(REPORT, indication=indication, checks=(check("seal", outcome),))

    assert all(
        said and said.startswith("urn:etsi:019102:")
        for said in texts(read(("a", report)), ".//MainIndication")
    )


def test_file_that_was_not_read_has_no_digest() -> None:
    unread = ValidationReport(at=NOW, sha256="", checks=(check("too-large", Outcome.FAILED),))
    root = read(("a.pdf", unread))

    assert texts(root, ".//ds:DigestValue") == []
    assert not [each for each in root.iter() if each.get("VOReference")]
