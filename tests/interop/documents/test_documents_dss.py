"""EU DSS, with its default policy, on the seal of every kind: offline, by what the file itself holds.

docs/interop.md says what it remarks and why that is accepted.
"""

from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from ca.profiles import PROFILES, ProfileName

from .conftest import KINDS, Delivered, Run
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
def longer(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The security store written once more, as a revision of its own behind the seal."""
    writer = IncrementalPdfFileWriter(BytesIO(delivered.files["birth"].read_bytes()))
    store = writer.root["/DSS"]
    again = generic.StreamObject(stream_data=store["/Certs"][0].data)
    store["/Certs"].append(writer.add_object(again))
    writer.mark_update(writer.root.raw_get("/DSS"))
    file = tmp_path_factory.mktemp("longer") / "longer.pdf"
    with file.open("wb") as written:
        writer.write(written)
    return file


@pytest.fixture(scope="module")
def dss(java_judges: JavaJudges, delivered: Delivered, forged: Path, longer: Path) -> Findings:
    days = ",".join(map(str, TIMES))
    return java_judges.ask("SealJudge", delivered.anchor, days, *delivered.files.values(), forged, longer)


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
def test_dss_counts_only_a_security_store_behind_the_seal(
    delivered: Delivered, dss: Findings, table: Table, kind: str
) -> None:
    """EN 319 142-1 §6.3 asks for the store, not for its revision; ours is inside what is sealed (ADR 3)."""
    said = dss[delivered.files[kind].name, str(NOW)]

    assert said["level"] == ["PAdES-BASELINE-T"]
    table.say("EU DSS", "the seal's level", "PAdES-BASELINE-T: it counts only a store behind the seal")


def test_dss_says_lt_of_the_same_store_behind_the_seal(
    dss: Findings, longer: Path, run: Run, table: Table
) -> None:
    """So nothing is missing. But then the seal no longer covers the file, and pdfsig says so."""
    said = dss[longer.name, str(NOW)]

    assert said["indication"] == ["TOTAL_PASSED"]
    assert said["level"] == ["PAdES-BASELINE-LT"]
    table.say("EU DSS", "the level, the same store written again behind the seal", "PAdES-BASELINE-LT")
    assert "Not total document signed" in run("pdfsig", longer)


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
