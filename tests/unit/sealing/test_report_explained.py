"""`explain`: every step has an outcome, a rule and a meaning; what was not looked at is told."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from sealing_office import Office

from signing.formats.pades_level import Level
from verify.constraints import REQUIREMENTS
from verify.report.explained import Explanation, explain, explain_code
from verify.report.questions import LIMITS, QUESTIONS, question_behind
from verify.report.steps import write_explanation
from verify.report.words import Language
from verify.rules import RULES
from verify.seal import validate_seal_code
from verify.verdict import Outcome


def written(explanation: Explanation, language: Language = Language.EN) -> str:
    console = Console(file=StringIO(), width=160)
    write_explanation(console, "a.pdf", explanation, language=language)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_every_rule_has_its_question() -> None:
    assert [code for code in RULES if question_behind(code) is None] == []
    assert question_behind("seal-certificate-revoked-later") is QUESTIONS["seal-certificate"]
    assert question_behind("record-fields") is QUESTIONS["record-fields"]
    assert question_behind("archive-12") is QUESTIONS["archive"]
    assert question_behind("no-time-stamp") is QUESTIONS["time-stamp"]
    assert question_behind("too-costly") is LIMITS
    assert question_behind("sealing-wax") is None


def test_genuine_file_is_explained_step_by_step(sealed: bytes, sealed_by: Office) -> None:
    report = sealed_by.judge(sealed)
    explanation = explain(report)
    said = written(explanation)

    looked_at = [step for step in explanation.steps if step.outcome]
    assert [step.code for step in looked_at] == [check.code for check in report.checks]
    assert all(step.rule in said and step.found and step.found.en in said for step in looked_at)
    assert sum(len(step.constraints) for step in explanation.steps) == len(report.constraints)
    assert {each.code for step in explanation.steps for each in step.constraints} <= set(REQUIREMENTS)
    assert "EN 319 102-1 §5.2.7" in said
    assert "indication: TOTAL-PASSED" in said
    assert "Why it matters" in said


def test_failed_step_says_which_constraint_and_what_was_not_reached(office: Office) -> None:
    changed = office.document(level=Level.B_T).replace(b"/Lang (en)", b"/Lang (fr)", 1)
    explanation = explain(office.judge(changed))
    said = written(explanation)

    (failed,) = [
        each for step in explanation.steps for each in step.constraints if each.outcome is Outcome.FAILED
    ]
    assert (failed.subject, failed.code) == ("seal", "integrity")
    assert "✖ seal / integrity" in said
    assert "HASH_FAILURE" in said
    assert {"seal-certificate", "time-stamp"} <= {
        step.code for step in explanation.steps if step.outcome is None
    }
    assert "Not looked at" in said


def test_both_languages(sealed: bytes, sealed_by: Office) -> None:
    said = written(explain(sealed_by.judge(sealed)), Language.BOTH)

    assert "هل صُنع الختم لهذا المحتوى بعينه" in said
    assert "Was the seal made for exactly this content" in said


def test_facts_of_a_stranger_do_not_steer_the_terminal(sealed: bytes, sealed_by: Office) -> None:
    report = sealed_by.judge(sealed)
    hostile = replace(report.checks[0], facts={"name\x1b[2J": "\u202e\r"}, outcome=Outcome.FAILED)

    assert not set("\x1b\r\u202e") & set(written(explain(replace(report, checks=(hostile,)))))


@pytest.mark.parametrize("text", ["https://elsewhere.example/#1", "nonsense"])
def test_seal_code_is_explained(office: Office, text: str) -> None:
    report = validate_seal_code(text, trust=office.trust(), at=office.now)
    said = written(explain_code(report))

    assert f"reason: {report.reason}" in said
    assert report.words.en in said
