"""A served installation, processes of their own: a revocation is known to who asks within a minute."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from issuance.serving import free_address

START_WITHIN_SECONDS = 180.0
KNOWN_WITHIN_SECONDS = 60.0
SEAL = "seal-workers-register"


@pytest.fixture
def root(demonstration: Path, tmp_path: Path) -> Path:
    shutil.copytree(demonstration, tmp_path / "served")
    return tmp_path / "served"


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    """Where it is served."""
    served = free_address()
    command = [sys.executable, "-m", "issuance.cli.commands", "serve", "--no-sandbox"]
    process = subprocess.Popen(
        [*command, "--port", str(served.port), "--directory", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    give_up = time.monotonic() + START_WITHIN_SECONDS
    while not _is_up(served.url):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up, "it did not come up"
        time.sleep(0.2)
    yield served.url
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=90)
    assert b"Traceback" not in err


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/crl/issuing.crl", timeout=5).is_success
    except httpx.HTTPError:
        return False


def _certificate(address: str, name: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(httpx.get(f"{address}/certificates/{name}.cer", timeout=30).content)


def _is_listed(address: str, serial: int) -> bool:
    crl = x509.load_der_x509_crl(httpx.get(f"{address}/crl/issuing.crl", timeout=30).content)
    return crl.get_revoked_certificate_by_serial_number(serial) is not None


def _statuses(address: str, leaf: x509.Certificate, issuer: x509.Certificate) -> set[str]:
    """What the responder says to a question, and what lies there signed before."""
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA256()).build()
    headers = {"Content-Type": "application/ocsp-request"}
    body = request.public_bytes(Encoding.DER)
    answers = (
        httpx.post(f"{address}/ocsp", content=body, headers=headers, timeout=30),
        httpx.get(f"{address}/ocsp/{leaf.serial_number:x}.ors", timeout=30),
    )
    return {ocsp.load_der_ocsp_response(each.content).certificate_status.name for each in answers}


def _wait_until_good(address: str, leaf: x509.Certificate, issuer: x509.Certificate) -> None:
    """What just began to serve may still be signing its first answers."""
    give_up = time.monotonic() + START_WITHIN_SECONDS
    while True:
        try:
            if _statuses(address, leaf, issuer) == {"GOOD"}:
                return
        except (ValueError, httpx.HTTPError):
            pass
        assert time.monotonic() < give_up, "no answer that it is good"
        time.sleep(0.2)


def test_a_revocation_by_another_process_is_known_to_everybody_within_a_minute(
    root: Path, address: str
) -> None:
    leaf, issuer = _certificate(address, SEAL), _certificate(address, "issuing")
    _wait_until_good(address, leaf, issuer)
    command = [sys.executable, "-m", "issuance.cli.commands", "ca", "revoke", f"{leaf.serial_number:x}"]

    started = time.monotonic()
    said = subprocess.run(
        [*command, "--reason", "keyCompromise", "--why", "stolen", "--directory", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    while not (_is_listed(address, leaf.serial_number) and _statuses(address, leaf, issuer) == {"REVOKED"}):
        assert time.monotonic() - started < KNOWN_WITHIN_SECONDS
        time.sleep(0.5)

    assert time.monotonic() - started < KNOWN_WITHIN_SECONDS
    # And the agency has a new key, which the same process seals with from now on.
    assert _certificate(address, SEAL).public_key() != leaf.public_key()
