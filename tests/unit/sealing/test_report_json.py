"""The report for machines: the published JSON Schema is its grammar, no looser and no tighter."""

import json
from datetime import timedelta
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sealing_office import Office, birth

from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.formats.status_list import RevocationReason, Status
from verify.isolation.costs import too_costly, too_large, too_slow
from verify.report.machines import as_line, report_as_json, seal_report_as_json, unread_as_json
from verify.seal import validate_seal_code
from verify.verdict import Agreement, DocumentStatus, Indication, Outcome, SubIndication, Verdict

SCHEMA: dict[str, Any] = json.loads(
    resources.files("verify.report").joinpath("verification-report.schema.json").read_text(encoding="utf-8")
)
GRAMMAR = Draft202012Validator(SCHEMA)


def reports(office: Office, sealed: bytes) -> dict[str, Any]:
    at = office.now + timedelta(hours=3)
    code = office.seal_code(office.claims(birth(make_document_number(2026, 9))))
    changed = sealed.replace(b"/Lang (en)", b"/Lang (fr)", 1)
    judged = {
        "genuine": report_as_json("a.pdf", office.judge(sealed)),
        "archived": report_as_json("a.pdf", office.judge(office.document(level=Level.B_LTA))),
        "changed": report_as_json("\udcff.pdf", office.judge(changed)),
        "empty": report_as_json("a.pdf", office.judge(b"")),
        "too costly": report_as_json("a.pdf", too_costly(at, "ab" * 32)),
        "too large": report_as_json("a.pdf", too_large(at, 9, 8)),
        "too slow": report_as_json("a.pdf", too_slow(at, "ab" * 32)),
        "unread": unread_as_json("a.pdf"),
        "code": seal_report_as_json(validate_seal_code(code, trust=office.trust(), at=at)),
        "nonsense": seal_report_as_json(validate_seal_code("x", trust=office.trust(), at=at)),
    }
    office.statuses[7] = Status.REVOKED_FRAUD
    judged["revoked"] = report_as_json("a.pdf", office.judge(sealed))
    return judged


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    office = Office()
    return {name: as_line(each) for name, each in reports(office, office.document()).items()}


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_report_is_one_line_of_the_grammar(lines: dict[str, str]) -> None:
    for name, line in lines.items():
        assert line.count("\n") == 1, name
        line.encode("utf-8")
        errors = [error.message for error in GRAMMAR.iter_errors(json.loads(line))]
        assert errors == [], name


def test_revocation_tells_its_reason(lines: dict[str, str]) -> None:
    revoked = json.loads(lines["revoked"])

    assert (revoked["verdict"], revoked["status"], revoked["status_reason"]) == (
        "not-in-force",
        "revoked",
        "fraud",
    )
    assert revoked["status_as_of"].endswith("Z")


def test_grammar_refuses_what_no_report_says(lines: dict[str, str]) -> None:
    genuine = json.loads(lines["genuine"])

    assert not GRAMMAR.is_valid({**genuine, "verdict": "probably"})
    assert not GRAMMAR.is_valid({**genuine, "another": 1})
    assert not GRAMMAR.is_valid({key: value for key, value in genuine.items() if key != "sha256"})
    assert not GRAMMAR.is_valid({**json.loads(lines["unread"]), "exit_code": 0})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("verdict", Verdict),
        ("outcome", Outcome),
        ("indication", Indication),
        ("status", DocumentStatus),
        ("sub_indication", [*SubIndication, None]),
    ],
)
def test_words_of_the_grammar_are_those_of_the_verdict(name: str, values: list[str | None]) -> None:
    assert SCHEMA["$defs"][name]["enum"] == [None if each is None else str(each) for each in values]


def test_values_written_in_place_are_those_of_the_verdict() -> None:
    report = SCHEMA["$defs"]["document_report"]["properties"]

    assert report["agreement"]["enum"] == [*Agreement]
    assert report["status_reason"]["enum"] == [*RevocationReason, None]
    assert report["level"]["enum"] == [*Level, None]
