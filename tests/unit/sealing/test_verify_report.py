import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console
from sealing_office import Office, birth

from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from verify.report.knowledge import knowledge_of
from verify.report.machines import report_as_json
from verify.report.people import write_people, write_seal
from verify.report.words import Language
from verify.seal import validate_seal_code
from verify.verdict import Outcome, SignatureFacts, SubIndication, ValidationReport, Verdict


def printed(report: ValidationReport, language: Language = Language.BOTH) -> str:
    console = Console(file=StringIO(), width=120)
    write_people(console, "extract.pdf", report, language=language)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_genuine_document_says_so_in_both_languages(sealed: bytes, sealed_by: Office) -> None:
    said = printed(sealed_by.judge(sealed))

    assert "✔ GENUINE and in force" in said
    assert "✔ أصلية وسارية" in said
    assert "You can rely on it." in said
    assert "يمكنك الاعتماد عليها" in said


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
def test_failures_say_why_and_what_to_do(sealed_by: Office, pdf: bytes) -> None:
    said = printed(sealed_by.judge(pdf), Language.EN)

    assert "✖ NOT GENUINE" in said
    assert "changed after sealing, or never sealed" in said
    assert "Do not accept it" in said


def test_json_survives_a_round_trip_and_names_the_verdict(sealed: bytes, sealed_by: Office) -> None:
    report = json.loads(json.dumps(report_as_json("extract.pdf", sealed_by.judge(sealed))))

    assert report["verdict"] == "genuine"
    assert report["exit_code"] == 0
    assert report["signature"]["proven_at"] == "2026-11-22T09:00:00Z"
    assert {check["outcome"] for check in report["checks"]} == {"passed"}


@pytest.mark.parametrize("language", Language)
def test_narrow_terminal_cuts_nothing_and_breaks_no_label(office: Office, language: Language) -> None:
    report = office.judge(office.document(level=Level.B_LTA))
    console = Console(file=StringIO(), width=80)
    write_people(console, "extract.pdf", report, language=language, knowledge=knowledge_of(office.trust()))
    said = console.file.getvalue()  # type: ignore[attr-defined]

    assert "…" not in said
    assert report.sha256[-10:] in said
    if language is not Language.AR:
        assert "Last renewed for the archive" in said
    if language is not Language.EN:
        assert "آخر طابع للأرشيف" in said


def test_seal_alone(office: Office) -> None:
    console = Console(file=StringIO(), width=120)
    report = validate_seal_code("https://elsewhere.example/#1", trust=office.trust(), at=office.now)
    write_seal(console, report)

    assert "✖ NOT GENUINE" in console.file.getvalue()  # type: ignore[attr-defined]


def seal_told(office: Office, language: Language) -> str:
    record = birth(make_document_number(2026, 1))
    console = Console(file=StringIO(), width=140)
    at = office.now + timedelta(hours=3)
    report = validate_seal_code(office.seal_code(office.claims(record)), trust=office.trust(), at=at)
    write_seal(console, report, language=language)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_seal_alone_says_what_it_is_whose_and_how_long_it_is_valid(office: Office) -> None:
    """A code without its file is all that a paper has."""
    english, arabic = seal_told(office, Language.EN), seal_told(office, Language.AR)

    for said in (
        "Birth extract",
        "Directorate of Civil Status",
        "Valid until",
        "20 February 2027",
        "in force",
    ):
        assert said in english, said
    for said in ("بيان ولادة", "مديرية الأحوال المدنية", "صالحة حتى", "20 شباط 2027", "سارية"):
        assert said in arabic, said


def test_level_and_how_long_the_signature_can_be_judged_are_told(office: Office) -> None:
    report = office.judge(office.document(level=Level.B_LTA))
    said, written = printed(report, Language.EN), report_as_json("x", report)

    assert "Its seal can be checked until" in said
    assert "19 November 2036" in said
    assert written["level"] == "B-LTA"
    assert written["signature"]["judgeable_until"] == "2036-11-19T09:00:00Z"
    assert written["signature"]["algorithms"] == ["ecdsa-p256", "ecdsa-p384", "sha256", "sha384"]


def test_of_a_file_whose_signature_is_wrong_it_is_not_said_who_sealed_it(office: Office) -> None:
    changed = office.document(level=Level.B_T).replace(b"/Lang (en)", b"/Lang (fr)", 1)
    report = office.judge(changed)
    (agency,) = [check for check in report.checks if check.code == "agency"]

    assert report.sub_indication is SubIndication.HASH_FAILURE
    assert agency.outcome is Outcome.UNDECIDED
    assert "cannot be said" in agency.words.en
    assert report.verdict is Verdict.NOT_GENUINE
    assert "not sealed by the agency" not in printed(report, Language.EN)
