import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from sealing_office import Office

from verify.report import Language, print_report, print_seal_report, report_as_json
from verify.seal import validate_seal_code
from verify.verdict import SignatureFacts, ValidationReport


def printed(report: ValidationReport, language: Language = Language.BOTH) -> str:
    console = Console(file=StringIO(), width=120)
    print_report(console, "extract.pdf", report, language=language)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_genuine_document_says_so_in_both_languages(sealed: bytes, sealed_by: Office) -> None:
    said = printed(sealed_by.judge(sealed))

    assert "✔ GENUINE and in force" in said
    assert "✔ أصلية وسارية" in said
    assert "TOTAL-PASSED" in said


def test_one_language_leaves_the_other_out(sealed: bytes, sealed_by: Office) -> None:
    report = sealed_by.judge(sealed)

    assert "GENUINE" not in printed(report, Language.AR)
    assert "أصلية" not in printed(report, Language.EN)


def test_forgery_is_named_and_its_claims_are_marked(office: Office) -> None:
    other = office.authority.seal_certificate("workers-register")
    said = printed(office.judge(office.document(seal=other)), Language.EN)

    assert "✖ NOT GENUINE" in said
    assert "not to be believed" in said


def test_strangers_words_cannot_steer_the_terminal(sealed: bytes, sealed_by: Office) -> None:
    hostile = SignatureFacts(signer="\x1b[2J\x1b[1;1H✔ GENUINE\u202e\r\n")
    said = printed(replace(sealed_by.judge(sealed), signature=hostile))

    assert not set("\x1b\r\u202e") & set(said)


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7\n%%EOF\n"], ids=["empty", "no seal"])
def test_failures_say_why(sealed_by: Office, pdf: bytes) -> None:
    assert "FORMAT_FAILURE" in printed(sealed_by.judge(pdf))


def test_json_survives_a_round_trip_and_names_the_verdict(sealed: bytes, sealed_by: Office) -> None:
    report = json.loads(json.dumps(report_as_json("extract.pdf", sealed_by.judge(sealed))))

    assert report["verdict"] == "genuine"
    assert report["exit_code"] == 0
    assert report["signature"]["proven_at"] == "2026-11-22T09:00:00Z"
    assert {check["outcome"] for check in report["checks"]} == {"passed"}


def test_seal_alone(office: Office) -> None:
    console = Console(file=StringIO(), width=120)
    report = validate_seal_code("https://elsewhere.example/#1", trust=office.trust(), at=office.now)
    print_seal_report(console, report)

    assert "✖ NOT GENUINE" in console.file.getvalue()  # type: ignore[attr-defined]
