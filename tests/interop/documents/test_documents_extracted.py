"""What `wathiqa-verify extract` writes is what OpenSSL takes, as it lies there."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from verify.documents import DocumentJudge
from verify.report.extracted import extract
from verify.report.parts import parts_of
from verify.trust import load_trust

from .conftest import Delivered, Run
from .judges_table import Table

pytestmark = pytest.mark.interop


@pytest.fixture
def parts(delivered: Delivered, tmp_path: Path) -> Path:
    now, pdf = datetime.now(UTC), delivered.files["birth"].read_bytes()
    report = DocumentJudge(load_trust(delivered.public, at=now)).validate(pdf, at=now)
    extract("birth.pdf", parts_of(pdf), report, tmp_path / "parts")
    return tmp_path / "parts"


def test_openssl_verifies_the_extracted_seal(
    delivered: Delivered, parts: Path, run: Run, table: Table, tmp_path: Path
) -> None:
    content = ("-in", parts / "seal.p7s", "-content", parts / "seal-content.bin", "-out", tmp_path / "out")
    trust = ("-CAfile", delivered.anchor, "-purpose", "any")
    said = run("openssl", "cms", "-verify", "-binary", "-inform", "DER", *content, *trust)

    assert "CMS Verification successful" in said
    table.say("openssl", "the seal as `extract` writes it", "CMS Verification successful")


def test_openssl_verifies_the_extracted_time_stamp(
    delivered: Delivered, parts: Path, run: Run, table: Table
) -> None:
    token = ("-token_in", "-in", parts / "time-stamps" / "seal-1.tst", "-data", parts / "seal-signature.bin")
    trust = ("-CAfile", delivered.anchor, "-untrusted", _authorities(parts, run))
    said = run("openssl", "ts", "-verify", *token, *trust)

    assert "Verification: OK" in said
    table.say("openssl", "the time-stamp as `extract` writes it", "Verification: OK")


def _authorities(parts: Path, run: Run) -> Path:
    """The extracted certificates as one PEM file."""
    together = parts.parent / "certificates.pem"
    together.write_text(
        "".join(run("openssl", "x509", "-in", each) for each in sorted((parts / "certificates").iterdir())),
        encoding="ascii",
    )
    return together
