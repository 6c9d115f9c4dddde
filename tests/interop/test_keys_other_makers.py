"""GnuTLS and OpenSSL look at keys that we had a token make, and OpenSSL at our key files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "custody"))

from soft_hsm import PIN, SoftHsm

from keys.signer import Algorithm, Purpose
from keys.software import SoftwareCustody

pytestmark = pytest.mark.interop
IN_TOKEN = [Algorithm.P256, Algorithm.P384, Algorithm.RSA3072]


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    if shutil.which("p11tool") is None:
        pytest.skip("p11tool is not installed (Debian: gnutls-bin)")
    return SoftHsm(tmp_path_factory.mktemp("softhsm"))


def p11tool(hsm: SoftHsm, *arguments: str) -> str:
    command = ["p11tool", "--provider", hsm.library, "--login", "--set-pin", PIN, "--batch", *arguments]
    environment = {**os.environ, "SOFTHSM2_CONF": str(hsm.settings)}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("algorithm", IN_TOKEN)
def test_gnutls_finds_the_key_locked_in_signs_with_it_and_reads_its_public_half(
    hsm: SoftHsm, algorithm: Algorithm
) -> None:
    hsm.wipe()
    signer = hsm.custody().generate("seal-a", purpose=Purpose.SEAL, algorithm=algorithm)

    listed = p11tool(hsm, "--list-privkeys", "pkcs11:object=seal-a")
    assert "Label: seal-a" in listed
    for flag in ("CKA_PRIVATE", "CKA_NEVER_EXTRACTABLE", "CKA_SENSITIVE"):
        assert flag in listed
    p11tool(hsm, "--test-sign", "pkcs11:object=seal-a;type=private")
    exported = p11tool(hsm, "--export-pubkey", "pkcs11:object=seal-a;type=private")
    assert (
        signer.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() in exported
    )


@pytest.mark.parametrize("algorithm", [*IN_TOKEN, Algorithm.ED25519])
def test_openssl_opens_a_key_file_with_its_passphrase_and_finds_the_same_key(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    signer = SoftwareCustody(tmp_path, lambda: b"correct horse").generate(
        "seal-a", purpose=Purpose.SEAL, algorithm=algorithm
    )
    command = [
        "openssl",
        "pkey",
        "-in",
        str(tmp_path / "seal-a.key.pem"),
        "-passin",
        "pass:correct horse",
        "-pubout",
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stdout == signer.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
