"""EU DSS on an archive of twelve years: a chain of renewals, after every certificate of the first day."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

# The authority whose clock can be set is the one of the unit tests.
sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "sealing"))

from sealing_office import Office
from sealing_pki import NOW, TSA, Authority, certify

from .judges_java import Findings, JavaJudges
from .judges_table import Table

pytestmark = pytest.mark.interop
YEAR = timedelta(days=365)
RENEWED_AFTER = (2.5, 5, 7.5, 10)
JUDGED_AFTER = 12


@pytest.fixture(scope="module")
def years(java_judges: JavaJudges, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    authority = Authority(lasting=30 * YEAR)
    authority.seal = authority.seal_certificate("civil-registry", not_after=NOW + 2 * YEAR)
    office, folder = Office(authority=authority), tmp_path_factory.mktemp("years")

    def new_stamper(at: datetime) -> None:
        authority.tsa = certify("tsa", authority.issuing, TSA, not_before=at, not_after=at + 3 * YEAR)

    new_stamper(NOW)
    sealed = archived = office.document()
    for after in RENEWED_AFTER:
        new_stamper(NOW + after * YEAR)
        archived = office.renewed(archived, NOW + after * YEAR)
    (folder / "root.pem").write_bytes(authority.root.certificate.public_bytes(Encoding.PEM))
    (folder / "sealed.pdf").write_bytes(sealed)
    (folder / "archived.pdf").write_bytes(archived)
    days = (NOW + JUDGED_AFTER * YEAR - datetime.now(UTC)).days
    said = java_judges.ask(
        "SealJudge", folder / "root.pem", days, folder / "sealed.pdf", folder / "archived.pdf"
    )
    return {(file, ""): findings for (file, _), findings in said.items()}


def test_dss_passes_an_archive_that_was_renewed_in_time(years: Findings, table: Table) -> None:
    said = years["archived.pdf", ""]

    assert said["indication"] == ["TOTAL_PASSED"], said
    assert said["level"] == ["PAdES-BASELINE-LTA"]
    assert said["error"] == []
    table.say("EU DSS", "an archive after 12 years and 4 renewals", "TOTAL_PASSED, PAdES-BASELINE-LTA")


def test_dss_can_say_nothing_of_what_was_never_renewed(years: Findings) -> None:
    assert years["sealed.pdf", ""]["indication"] == ["INDETERMINATE"]
