"""OpenSSL and GnuTLS read suspensions, releases and invalidity dates."""

import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from ca.certificates import issue
from ca.crl import current_crl
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.revocation import release, revoke, suspend
from ca.store import prepare_books

sys.path.insert(0, str(Path(__file__).parents[2] / "unit/ca"))
from authority_by_hand import NOW, URLS, good, issuing, request

pytestmark = pytest.mark.interop
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    prepare_books(engine)
    for profile in (ProfileName.ROOT, ProfileName.ISSUING):
        (tmp_path / f"{profile.value}.pem").write_bytes(good(profile).public_bytes(Encoding.PEM))
    return engine


def run(folder: Path, tool: str, *arguments: str) -> str:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [tool, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout + done.stderr


def judged(folder: Path, engine: Engine, at: datetime) -> str:
    """What `openssl verify` says of the seal by the list of that moment."""
    (folder / "issuing.crl").write_bytes(current_crl(engine, issuing(), at=at).der)
    run(folder, "openssl", "crl", "-inform", "DER", "-in", "issuing.crl", "-out", "crl.pem")
    trust = ("-CAfile", "root.pem", "-untrusted", "issuing.pem", "-crl_check", "-CRLfile", "crl.pem")
    return run(folder, "openssl", "verify", "-attime", str(int(at.timestamp())), *trust, "seal.pem")


def test_they_refuse_what_is_on_hold_and_take_what_was_released(tmp_path: Path, engine: Engine) -> None:
    seal = issue(engine, issuing(), request(ProfileName.SEAL), at=NOW, urls=URLS)
    (tmp_path / "seal.pem").write_bytes(seal.public_bytes(Encoding.PEM))
    assert "seal.pem: OK" in judged(tmp_path, engine, NOW)

    with engine.begin() as connection:
        suspend(connection, seal.serial_number, at=NOW + HOUR)
    assert "certificate revoked" in judged(tmp_path, engine, NOW + HOUR)
    assert "Certificate Hold" in run(tmp_path, "openssl", "crl", "-in", "crl.pem", "-noout", "-text")

    with engine.begin() as connection:
        release(connection, seal.serial_number, at=NOW + 2 * HOUR)
    assert "seal.pem: OK" in judged(tmp_path, engine, NOW + 2 * HOUR)


def test_they_read_reason_and_invalidity_date(tmp_path: Path, engine: Engine) -> None:
    seal = issue(engine, issuing(), request(ProfileName.SEAL), at=NOW, urls=URLS)
    (tmp_path / "seal.pem").write_bytes(seal.public_bytes(Encoding.PEM))
    with engine.begin() as connection:
        lost = RevocationReason.KEY_COMPROMISE
        revoke(connection, seal.serial_number, reason=lost, at=NOW + 3 * HOUR, invalid_since=NOW + HOUR)
    judged(tmp_path, engine, NOW + 3 * HOUR)
    said = run(tmp_path, "openssl", "crl", "-in", "crl.pem", "-noout", "-text")

    assert "Key Compromise" in said
    assert "Invalidity Date" in said
    assert f"{NOW + HOUR:%b %d %H:%M:%S %Y} GMT" in said
    read = run(tmp_path, "certtool", "--crl-info", "--inder", "--infile", "issuing.crl")
    assert "Revoked certificates (1)" in read
    assert f"{seal.serial_number:x}" in read.replace(":", "")
