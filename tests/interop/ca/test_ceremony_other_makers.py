"""OpenSSL and GnuTLS judge what a ceremony got and what it made; OpenSSL opens the root's key from sheets."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from ca.ceremony.results import write_results
from ca.ceremony.shares import combine, passphrase_of
from ca.reasons import RevocationReason
from ca.store import prepare_books

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, offline_root: Any, open_keyring: Any) -> Iterator[Any]:
    """Two ceremonies by the machine's clock: the second replaces the issuing CA."""
    folder = tmp_path_factory.mktemp("ceremony")
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare_books(engine)
    now = datetime.now(UTC)
    keyring = open_keyring(folder, lambda: now)
    root = offline_root(keyring, engine)
    root.found(at=now)
    old = root.last.bundle.certificates[1].certificate
    keyring.replace("issuing", at=now)
    root.hold(
        at=now,
        certify=["issuing-2"],
        revoke=[("issuing", old.serial_number, RevocationReason.KEY_COMPROMISE)],
    )
    write_results(folder / "results", root.last.files)
    for each in root.last.bundle.certificates:
        (folder / f"{each.name}.pem").write_bytes(each.certificate.public_bytes(Encoding.PEM))
    crl = x509.load_der_x509_crl(root.last.bundle.crl)
    (folder / "crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    yield folder, root
    engine.dispose()


def run(folder: Path, tool: str, *arguments: str, status: int = 0) -> str:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [tool, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_openssl_follows_the_chain_and_the_root_s_list(held: Any) -> None:
    folder, _ = held
    strict = ("verify", "-x509_strict", "-CAfile", "root.pem", "-CRLfile", "crl.pem", "-crl_check")

    assert run(folder, "openssl", *strict, "issuing-2.pem", "trust-list.pem").count(": OK") == 2
    assert "certificate revoked" in run(folder, "openssl", *strict, "issuing.pem", status=2)
    assert "verify OK" in run(folder, "openssl", "crl", "-in", "crl.pem", "-noout", "-CAfile", "root.pem")


def test_gnutls_follows_them_too(held: Any) -> None:
    folder, _ = held
    (folder / "chain.pem").write_text(
        (folder / "issuing-2.pem").read_text() + (folder / "root.pem").read_text()
    )

    assert "Verified" in run(folder, "certtool", "--verify-chain", "--infile", "chain.pem")
    listed = ("--verify-crl", "--load-ca-certificate", "root.pem", "--infile", "crl.pem")
    assert "Verified" in run(folder, "certtool", *listed)


def test_openssl_verifies_that_requests_are_signed_by_their_keys(held: Any) -> None:
    folder, _ = held
    said = run(folder, "openssl", "req", "-verify", "-noout", "-in", "results/requests/issuing-2.csr.pem")

    assert "OK" in said


def test_openssl_opens_the_root_s_key_with_what_any_two_sheets_say(held: Any) -> None:
    """So the key is not lost with this program: SLIP-0039 and PKCS #8 are enough."""
    folder, root = held
    sheets = root.room.sheets
    for pair in ([sheets[0], sheets[1]], [sheets[2], sheets[0]]):
        secret = passphrase_of(combine(pair)).decode()
        opened = run(
            folder, "openssl", "pkey", "-in", "results/root.key.pem", "-passin", f"pass:{secret}", "-pubout"
        )
        key = run(folder, "openssl", "x509", "-in", "root.pem", "-noout", "-pubkey")
        assert key.strip() in opened
    run(folder, "openssl", "pkey", "-in", "results/root.key.pem", "-passin", "pass:00", status=1)
