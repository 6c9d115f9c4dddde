"""OpenSSL and GnuTLS judge keys, certificates, CRLs, OCSP responses and time-stamps."""

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from ca.crl import current_crl
from ca.reasons import RevocationReason
from ca.revocation import revoke

pytestmark = pytest.mark.interop
Run = Callable[..., str]


@pytest.fixture
def run(written: Any) -> Run:
    """Runs a tool among the files, expects success, answers all it said."""

    def command(tool: str, *arguments: str, status: int = 0) -> str:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
        done = subprocess.run(
            [tool, *arguments], cwd=written.directory, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return command


def test_openssl_opens_the_key_files(run: Run) -> None:
    """PBES2 with scrypt (RFC 7914 §7)."""
    for name in ("issuing", "seal-ec", "seal-rsa"):
        path = f"keyring/keys/{name}.key.pem"
        right = ("-passin", "pass:correct horse battery")
        assert "BEGIN PRIVATE KEY" in run("openssl", "pkcs8", "-in", path, *right)
        run("openssl", "pkcs8", "-in", path, "-passin", "pass:wrong horse", status=1)


def test_openssl_builds_every_chain(run: Run) -> None:
    strict = ("verify", "-x509_strict", "-CAfile", "root.pem")
    below = ("seal-ec.pem", "seal-rsa.pem", "ocsp.pem")

    assert run("openssl", *strict, "-untrusted", "issuing.pem", *below).count(": OK") == 3
    purpose = ("-untrusted", "issuing.pem", "-purpose", "timestampsign", "timestamp.pem")
    assert run("openssl", *strict, *purpose).count(": OK") == 1
    # Our own critical extended key usage is unknown to it, so no purpose is checked.
    assert run("openssl", *strict, "issuing.pem", "trust-list.pem").count(": OK") == 2


def test_openssl_says_the_seal_is_no_tls_server_and_no_authority(run: Run) -> None:
    said = run("openssl", "x509", "-in", "seal-ec.pem", "-noout", "-purpose")

    assert "SSL server : No" in said
    assert "SSL server CA : No" in said
    assert "Time Stamp signing : No" in said


def test_gnutls_builds_the_chain_and_reads_the_crl(written: Any, run: Run) -> None:
    chain = "".join(
        (written.directory / f"{name}.pem").read_text() for name in ("seal-ec", "issuing", "root")
    )
    (written.directory / "chain.pem").write_text(chain)

    assert "Chain verification output: Verified" in run("certtool", "--verify-chain", "--infile", "chain.pem")
    said = run("certtool", "--crl-info", "--inder", "--infile", "crl/issuing.crl")
    assert "CRL Number" in said


def test_openssl_verifies_the_crls_and_refuses_a_revoked_seal(written: Any, run: Run) -> None:
    for name in ("root", "issuing"):
        path = f"crl/{name}.crl"
        assert "verify OK" in run(
            "openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-CAfile", f"{name}.pem"
        )
    serial = written.hierarchy.seal("rsa").certificate.serial_number
    with written.engine.begin() as connection:
        revoke(connection, serial, reason=RevocationReason.KEY_COMPROMISE, at=written.now)
    crl = current_crl(written.engine, written.hierarchy.issuing.as_issuer(), at=written.now)
    (written.directory / "new.crl").write_bytes(crl.der)
    run("openssl", "crl", "-inform", "DER", "-in", "new.crl", "-out", "new.pem")

    check = (
        "verify",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "issuing.pem",
        "-crl_check",
        "-CRLfile",
        "new.pem",
    )
    assert "seal-ec.pem: OK" in run("openssl", *check, "seal-ec.pem")
    assert "certificate revoked" in run("openssl", *check, "seal-rsa.pem", status=2)


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_asks_and_believes_our_ocsp_responder(written: Any, run: Run, digest: str) -> None:
    who = ("-issuer", "issuing.pem", digest, "-cert", "timestamp.pem")
    run("openssl", "ocsp", *who, "-reqout", "ocsp.req")
    with written.engine.connect() as connection:
        request = (written.directory / "ocsp.req").read_bytes()
        answer = written.hierarchy.ocsp_responder().respond(connection, request, at=written.now)
    (written.directory / "ocsp.resp").write_bytes(answer.der)

    # -no_nonce adds no second nonce to the request that is read back; the one inside it is compared.
    said = run(
        "openssl",
        "ocsp",
        *who,
        "-reqin",
        "ocsp.req",
        "-no_nonce",
        "-respin",
        "ocsp.resp",
        "-CAfile",
        "root.pem",
    )
    assert "timestamp.pem: good" in said
    assert "Response verify OK" in said


def test_gnutls_believes_the_published_ocsp_response(written: Any, run: Run) -> None:
    serial = f"{written.hierarchy.timestamp.certificate.serial_number:x}"
    said = run(
        "ocsptool",
        "--verify-response",
        "--load-response",
        f"ocsp/{serial}.sha1.ors",
        "--load-signer",
        "ocsp.pem",
    )

    assert "Verifying OCSP Response: Success" in said


@pytest.mark.parametrize("digest", ["-sha256", "-sha384", "-sha512"])
def test_openssl_believes_our_time_stamps(written: Any, run: Run, digest: str) -> None:
    (written.directory / "data").write_text("وثيقة")
    run("openssl", "ts", "-query", "-data", "data", digest, "-cert", "-out", "ts.tsq")
    stamper = written.hierarchy.time_stamper(lambda: written.now)
    (written.directory / "ts.tsr").write_bytes(stamper.respond((written.directory / "ts.tsq").read_bytes()))
    trust = ("-CAfile", "root.pem", "-untrusted", "issuing.pem")

    assert "Verification: OK" in run(
        "openssl", "ts", "-verify", "-queryfile", "ts.tsq", "-in", "ts.tsr", *trust
    )
    (written.directory / "data").write_text("وثيقة أخرى")
    said = run("openssl", "ts", "-verify", "-data", "data", "-in", "ts.tsr", *trust, status=1)
    assert "message imprint mismatch" in said


def test_openssl_reads_our_refusal(written: Any, run: Run) -> None:
    run("openssl", "ts", "-query", "-digest", "00" * 20, "-sha1", "-out", "bad.tsq")
    stamper = written.hierarchy.time_stamper(lambda: written.now)
    (written.directory / "bad.tsr").write_bytes(stamper.respond((written.directory / "bad.tsq").read_bytes()))
    said = run("openssl", "ts", "-reply", "-in", "bad.tsr", "-text")

    assert "Status: Rejected." in said
    assert "unrecognized or unsupported algorithm identifier" in said


def test_openssl_believes_a_token_on_its_own(written: Any, run: Run) -> None:
    digest = "ab" * 32
    token = written.hierarchy.time_stamper(lambda: written.now, with_chain=True).token(bytes.fromhex(digest))
    (written.directory / "token.der").write_bytes(token)
    said = run(
        "openssl", "ts", "-verify", "-digest", digest, "-token_in", "-in", "token.der", "-CAfile", "root.pem"
    )

    assert "Verification: OK" in said
