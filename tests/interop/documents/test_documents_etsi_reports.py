"""Our validation reports by ETSI's own schema of TS 119 102-2, and as EU DSS reads them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from verify.documents import DocumentJudge
from verify.report.etsi import report_as_etsi_xml
from verify.trust import load_trust
from verify.verdict import SubIndication, ValidationReport

from .conftest import Delivered
from .judges_java import Findings, JavaJudges
from .judges_table import Table

pytestmark = pytest.mark.interop

HOSTILE = "\u202e]]><ValidationReport a='\">.pdf"


@pytest.fixture(scope="module")
def reports(delivered: Delivered) -> list[tuple[str, ValidationReport]]:
    """On what was delivered; on a file changed, and on no file at all."""
    now = datetime.now(UTC)
    judge = DocumentJudge(load_trust(delivered.public, at=now))
    files = {path.name: path.read_bytes() for path in delivered.files.values()}
    files[HOSTILE] = delivered.files["birth"].read_bytes().replace(b"/Subject(", b"/Subjekt(", 1)
    files["empty.pdf"] = b""
    return [(name, judge.validate(pdf, at=now)) for name, pdf in files.items()]


@pytest.fixture(scope="module")
def read(
    java_judges: JavaJudges,
    reports: list[tuple[str, ValidationReport]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Findings:
    folder = tmp_path_factory.mktemp("etsi")
    ours, broken, every = folder / "ours.xml", folder / "broken.xml", folder / "every.xml"
    written = report_as_etsi_xml(reports)
    ours.write_text(written, encoding="utf-8")
    broken.write_text(written.replace("HashOnly", "HashAlone"), encoding="utf-8")
    every.write_text(report_as_etsi_xml(_every(reports[0][1])), encoding="utf-8")
    return java_judges.ask("ReportJudge", ours, broken, every)


def _every(report: ValidationReport) -> list[tuple[str, ValidationReport]]:
    return [(each.value, replace(report, sub_indication=each)) for each in SubIndication]


def test_etsi_s_schema_accepts_them_and_dss_reads_the_same_verdicts(
    reports: list[tuple[str, ValidationReport]], read: Findings, table: Table
) -> None:
    assert read["ours.xml", "0"]["refused"] == []
    for place, (name, report) in enumerate(reports, 1):
        said = read["ours.xml", f"{place}"]
        assert said["indication"] == [report.indication.value.replace("-", "_")], name
        assert len(said["constraint"]) == len(report.checks) + len(report.constraints)
    table.say("EU DSS", "our report by ETSI TS 119 102-2", "valid by its schema, same indications")


def test_every_reason_is_one_that_the_schema_accepts(read: Findings) -> None:
    assert read["every.xml", "0"]["refused"] == []
    assert [read["every.xml", f"{place}"]["file"] for place in range(1, len(SubIndication) + 1)] == [
        [each.value] for each in SubIndication
    ]


def test_schema_is_really_asked(read: Findings) -> None:
    (said,) = read["broken.xml", "0"]["refused"]

    assert "HashAlone" in said
