"""All four levels of PAdES, and an archive renewed: one page, sealed by the demonstration's own authority."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import crl, pem
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from issuance.installation import open_installation
from issuance.settings import Layout
from signing.formats.pades_level import Level
from verify.documents import DocumentJudge
from verify.files.structure import sealed_octets
from verify.trust import load_trust

from .conftest import Delivered, Run
from .judges_java import Findings, JavaJudges
from .judges_table import Table

pytestmark = pytest.mark.interop
RENEWED = "renewed"
NAMES = (*(level.value for level in Level), RENEWED)
every_level = pytest.mark.parametrize("name", NAMES)
# What EU DSS calls them (EN 319 142-1 §6).
CLAIMED = {
    "B-B": "PAdES-BASELINE-B",
    "B-T": "PAdES-BASELINE-T",
    "B-LT": "PAdES-BASELINE-LT",
    "B-LTA": "PAdES-BASELINE-LTA",
    RENEWED: "PAdES-BASELINE-LTA",
}
CALLED = {name: f"a seal of level {name}" for name in NAMES} | {RENEWED: "a seal of level B-LT, renewed"}
CARRY_THEIR_DATA = ("B-LT", "B-LTA", RENEWED)


@pytest.fixture(scope="module")
def levels(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a birth extract, sealed anew at every level; and as delivered, renewed for the archive."""
    folder = tmp_path_factory.mktemp("levels")
    pdf = delivered.files["birth"].read_bytes()
    page = pdf[: pdf.index(b"%%EOF") + len(b"%%EOF")]
    service = open_installation(Layout(root=delivered.root))
    try:
        at = service.parts.clock()
        seal = service.trust_services.seals()["civil-registry"].files
        made = {level.value: seal.seal(page, at=at, level=level) for level in Level}
        made[RENEWED] = seal.renew(pdf, sealed_octets=sealed_octets(pdf), at=service.parts.clock())
    finally:
        service.close()
    files = {name: folder / f"{name}.pdf" for name in NAMES}
    for name, file in files.items():
        file.write_bytes(made[name])
    return files


@pytest.fixture(scope="module")
def lists(delivered: Delivered) -> list[Path]:
    """The published CRLs, for the levels that do not carry them."""
    return sorted((delivered.public / "crl").glob("*.crl"))


@pytest.fixture(scope="module")
def dss(
    java_judges: JavaJudges, delivered: Delivered, levels: dict[str, Path], lists: list[Path]
) -> Findings:
    with_lists = ":".join(["0", *map(str, lists)])
    poor = [levels[name] for name in NAMES if name not in CARRY_THEIR_DATA]
    rich = [levels[name] for name in CARRY_THEIR_DATA]
    said = java_judges.ask("SealJudge", delivered.anchor, with_lists, *poor)
    return {**said, **java_judges.ask("SealJudge", delivered.anchor, "0", *rich)}


@pytest.fixture(scope="module")
def verapdf(java_judges: JavaJudges, levels: dict[str, Path]) -> Findings:
    return java_judges.ask("ConformanceJudge", *levels.values())


@every_level
def test_dss_passes_every_level_and_names_it(
    levels: dict[str, Path], dss: Findings, table: Table, name: str
) -> None:
    said = dss[levels[name].name, "0"]

    assert said["signatures"] == ["1"]
    assert said["indication"] == ["TOTAL_PASSED"], said
    assert said["level"] == [CLAIMED[name]]
    assert said["error"] == said["warning"] == []
    with_lists = "" if name in CARRY_THEIR_DATA else ", with the published CRLs"
    table.say("EU DSS", f"{CALLED[name]}{with_lists}", f"TOTAL_PASSED, {CLAIMED[name]}")


@pytest.mark.parametrize("name", ["B-B", "B-T"])
def test_dss_needs_the_published_lists_where_none_are_inside(
    java_judges: JavaJudges, delivered: Delivered, levels: dict[str, Path], name: str
) -> None:
    said = java_judges.ask("SealJudge", delivered.anchor, "0", levels[name])[levels[name].name, "0"]

    assert said["indication"] == ["INDETERMINATE"]
    assert said["level"] == [CLAIMED[name]]


@every_level
@pytest.mark.parametrize(("profile", "standard"), [("3a", "PDF/A-3a"), ("ua1", "PDF/UA-1")])
def test_verapdf_finds_no_failure_at_any_level(  # noqa: PLR0917 - fixtures and parameters
    levels: dict[str, Path], verapdf: Findings, table: Table, name: str, profile: str, standard: str
) -> None:
    said = verapdf[levels[name].name, profile]

    assert said["failure"] == []
    assert said["compliant"] == ["true"]
    table.say("veraPDF", f"{standard}, every level", "compliant")


@every_level
def test_qpdf_finds_no_error_at_any_level(levels: dict[str, Path], run: Run, table: Table, name: str) -> None:
    """Status 0: no error and no warning."""
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", levels[name])
    table.say("qpdf", "syntax, every level", "no errors, no warnings")


@every_level
def test_pdfsig_calls_the_seal_valid_at_every_level(
    levels: dict[str, Path], run: Run, table: Table, name: str
) -> None:
    """It speaks of each signature by itself, and cannot read document time-stamps: "not yet verified"."""
    seal, *stamps = run("pdfsig", levels[name]).split("Signature #")[1:]

    assert "Signature is Valid." in seal
    whole = name in {"B-B", "B-T"}
    assert ("Not total document signed" in seal) is not whole
    says = "Total document signed" if whole else "Not total document signed"
    assert len(stamps) == (name in {"B-LTA", RENEWED})
    for stamp in stamps:
        assert "\n  - Total document signed" in stamp
        says += "; the time-stamp: Total document signed"
    table.say("pdfsig", CALLED[name], f"Signature is Valid, {says}")


@every_level
def test_pyhanko_validates_every_level(
    delivered: Delivered, levels: dict[str, Path], lists: list[Path], table: Table, name: str
) -> None:
    """Intact, trusted, nothing changed behind it but what DocMDP allows for keeping a proof."""
    _, _, der = pem.unarmor(delivered.anchor.read_bytes())
    root = asn1_x509.Certificate.load(der)
    reader = PdfFileReader(BytesIO(levels[name].read_bytes()))
    seal, *stamps = reader.embedded_signatures
    settings = {"trust_roots": [root], "allow_fetching": False, "revocation_mode": "hard-fail"}
    if name in CARRY_THEIR_DATA:
        context = DocumentSecurityStore.read_dss(reader).as_validation_context(settings)
    else:
        issuing = (delivered.public / "certificates" / "issuing.cer").read_bytes()
        context = ValidationContext(
            **settings,
            crls=[crl.CertificateList.load(each.read_bytes()) for each in lists],
            other_certs=[asn1_x509.Certificate.load(issuing)],
        )
    status = validate_pdf_signature(seal, context, ts_validation_context=context)

    assert status.bottom_line, status.pretty_print_details()
    assert status.docmdp_ok
    for stamp in stamps:
        found = validate_pdf_timestamp(stamp, context)
        assert (found.intact, found.valid, found.trusted) == (True, True, True)
    table.say("pyHanko", "every level", "bottom line true, DocMDP kept")


@every_level
def test_ours_names_the_level_too(delivered: Delivered, levels: dict[str, Path], name: str) -> None:
    at = datetime.now(UTC)
    report = DocumentJudge(load_trust(str(delivered.public), at=at)).validate(
        levels[name].read_bytes(), at=at
    )

    assert report.is_sound, report.checks
    assert report.level is (Level.B_LTA if name == RENEWED else Level(name))
