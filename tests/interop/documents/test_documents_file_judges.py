"""veraPDF, page-validation, qpdf and Poppler on the file of every kind, as sealed."""

from pathlib import Path

import page
import pytest

from verify.files.structure import sealed_octets

from .conftest import KINDS, Delivered, Run
from .judges_java import Findings, JavaJudges
from .judges_table import Table

pytestmark = pytest.mark.interop
every_kind = pytest.mark.parametrize("kind", KINDS)
PROFILES = {"3a": "PDF/A-3a", "ua1": "PDF/UA-1"}


@pytest.fixture(scope="module")
def spoilt(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document that no longer says it is tagged: PDF/A-3a and PDF/UA-1 both ask for that."""
    file = tmp_path_factory.mktemp("spoilt") / "spoilt.pdf"
    file.write_bytes(delivered.files["birth"].read_bytes().replace(b"/MarkInfo", b"/MarkOnto"))
    return file


@pytest.fixture(scope="module")
def verapdf(java_judges: JavaJudges, delivered: Delivered, spoilt: Path) -> Findings:
    return java_judges.ask("ConformanceJudge", *delivered.files.values(), spoilt)


@every_kind
@pytest.mark.parametrize("profile", PROFILES)
def test_verapdf_finds_no_failure(
    delivered: Delivered, verapdf: Findings, table: Table, kind: str, profile: str
) -> None:
    said = verapdf[delivered.files[kind].name, profile]

    assert said["failure"] == []
    assert said["compliant"] == ["true"]
    assert int(said["checks"][0]) > 1000
    table.say("veraPDF", PROFILES[profile], "compliant")


@pytest.mark.parametrize("profile", PROFILES)
def test_verapdf_would_have_found_one(verapdf: Findings, spoilt: Path, profile: str) -> None:
    assert verapdf[spoilt.name, profile]["compliant"] == ["false"]


@every_kind
@pytest.mark.parametrize("profile", PROFILES)
def test_page_validation_finds_no_failure(
    delivered: Delivered, table: Table, kind: str, profile: str
) -> None:
    """Its reading of ISO 19005-3 §6.4.3 allows no revision behind a signature; the sealed part has none."""
    pdf = delivered.files[kind].read_bytes()
    report = page.validate_pdf_bytes(pdf, profile=profile)
    sealed = page.validate_pdf_bytes(pdf[: sealed_octets(pdf)], profile=profile)

    assert {each.rule_id for each in report.failures} <= {"PDFA3A-SIGNATURE-BYTERANGE-001"}
    assert [(each.rule_id, each.message) for each in sealed.failures] == []
    says = "; ".join(each.rule_id for each in report.failures) or "0 failures"
    table.say("page-validation", PROFILES[profile], says)
    table.say("page-validation", f"{PROFILES[profile]}, the sealed part", "0 failures")


@every_kind
def test_qpdf_finds_no_error(delivered: Delivered, run: Run, table: Table, kind: str) -> None:
    """Status 0: no error and no warning."""
    said = run("qpdf", "--check", delivered.files[kind])

    assert "No syntax or stream encoding errors found" in said
    table.say("qpdf", "syntax", "no errors, no warnings")


@every_kind
def test_poppler_finds_the_record_and_the_structure(
    delivered: Delivered, run: Run, table: Table, kind: str
) -> None:
    """The record can be taken out of the file without any software of ours."""
    said = run("pdfinfo", delivered.files[kind])
    assert "Tagged:          yes" in said
    assert "Encrypted:       no" in said
    run("pdfdetach", "-saveall", "-o", ".", delivered.files[kind])

    assert f'"kind":"{kind}"' in run("cat", "record.json")
    table.say("pdfdetach", "the embedded record", "record.json")
