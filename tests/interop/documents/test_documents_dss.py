"""EU DSS, with its default policy, on the seal of every kind: offline, by what the file itself holds.

docs/interop.md says what it remarks and why that is accepted.
"""

from pathlib import Path

import pytest

from ca.profiles import PROFILES, ProfileName

from .conftest import KINDS, Delivered
from .judges_java import Findings, JavaJudges
from .judges_table import Table

pytestmark = pytest.mark.interop
every_kind = pytest.mark.parametrize("kind", KINDS)

# Days ahead: now; after the OCSP responder's certificate and the longest validity of a document; after
# the seal certificate has ended; shortly before the time-stamping certificate ends.
NOW, LATER, SEAL_ENDED = 0, 400, PROFILES[ProfileName.SEAL].lifetime.days + 10
STAMP_ENDS = PROFILES[ProfileName.TIMESTAMP].lifetime.days - 1
TIMES = {
    NOW: "the seal, now",
    LATER: "the seal, in 400 days",
    SEAL_ENDED: "the seal, after its certificate's end",
    STAMP_ENDS: "the seal, at the time-stamp certificate's end",
}
# What the default policy says of every seal outside the European Union's trusted lists.
NO_TRUSTED_LIST = "Unable to build a certificate chain up to a trusted list!"


@pytest.fixture(scope="module")
def forged(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A letter of the title changed."""
    file = tmp_path_factory.mktemp("forged") / "forged.pdf"
    file.write_bytes(delivered.files["birth"].read_bytes().replace(b"/Subject(", b"/Subjekt(", 1))
    return file


@pytest.fixture(scope="module")
def dss(java_judges: JavaJudges, delivered: Delivered, forged: Path) -> Findings:
    days = ",".join(map(str, TIMES))
    return java_judges.ask("SealJudge", delivered.anchor, days, *delivered.files.values(), forged)


@every_kind
@pytest.mark.parametrize("days", TIMES)
def test_dss_passes_the_seal_for_years(
    delivered: Delivered, dss: Findings, table: Table, kind: str, days: int
) -> None:
    """EN 319 102-1 §5.6: the file carries all that a judgement needs, while its time-stamp lasts."""
    said = dss[delivered.files[kind].name, str(days)]

    assert said["signatures"] == ["1"]
    assert said["indication"] == ["TOTAL_PASSED"], said
    assert said["error"] == said["warning"] == []
    assert set(said["qualification"]) == {NO_TRUSTED_LIST}
    table.say("EU DSS", TIMES[days], "TOTAL_PASSED, no warnings")


@every_kind
def test_dss_names_the_level_that_the_service_claims(
    delivered: Delivered, dss: Findings, table: Table, kind: str
) -> None:
    said = dss[delivered.files[kind].name, str(NOW)]

    assert said["level"] == ["PAdES-BASELINE-LT"]
    table.say("EU DSS", "the level of what is delivered", "PAdES-BASELINE-LT")


@every_kind
def test_dss_uses_the_lists_in_the_file(delivered: Delivered, dss: Findings, kind: str) -> None:
    """A CRL of each authority: one for the seal and time-stamping certificates, one for their issuer."""
    said = dss[delivered.files[kind].name, str(NOW)]

    assert said["revocation"] == ["CRL from INPUT_DOCUMENT"] * 2


def test_dss_refuses_a_changed_page(dss: Findings, forged: Path) -> None:
    said = dss[forged.name, str(NOW)]

    assert said["indication"] == ["TOTAL_FAILED"]
    assert said["sub-indication"] == ["HASH_FAILURE"]


def test_dss_does_not_know_a_stranger_s_root(java_judges: JavaJudges, delivered: Delivered) -> None:
    stranger = delivered.public / "certificates" / "seal-workers-register.cer"
    file = delivered.files["birth"]
    said = java_judges.ask("SealJudge", stranger, NOW, file)[file.name, str(NOW)]

    assert said["sub-indication"] == ["NO_CERTIFICATE_CHAIN_FOUND"]
