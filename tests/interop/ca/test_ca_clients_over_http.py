"""OpenSSL, GnuTLS, NSS, curl and pkilint as clients of our OCSP and time-stamping services, over HTTP."""

import base64
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI

from ca.crl import current_crl
from ca.front import AuthorityFront
from ca.http import create_router
from ca.presigned import LOOK_EVERY_SECONDS, PresignedAnswers
from ca.reasons import RevocationReason
from ca.revocation import revoke, suspend
from ca.services import AuthorityServices
from ca.timestamp_policy import ORDERED_POLICY, SHARED
from issuance.serving import LOOPBACK, free_address

pytestmark = pytest.mark.interop
Run = Callable[..., str]
# OpenSSL wants authorities only among what it is given to build chains with, and takes a unit all the same.
NOT_OF_OURS = "wathiqa time stamping unit' is not a ca cert"


@pytest.fixture(scope="module")
def seconds() -> list[float]:
    """The clock by which the server looks into the books anew."""
    return [0.0]


@pytest.fixture(scope="module")
def served(written: Any, seconds: list[float]) -> Iterator[str]:
    """The authority's address: a server in a thread, which ends with the module."""
    presigned = PresignedAnswers(written.engine, elapsed=lambda: seconds[0])
    services = AuthorityServices(
        lambda: written.hierarchy, written.engine, lambda: written.now, presigned=presigned
    )
    app = FastAPI(openapi_url=None)
    app.include_router(create_router(services))
    app.add_middleware(AuthorityFront, services=services)
    address = free_address()
    server = uvicorn.Server(
        uvicorn.Config(app, host=LOOPBACK, port=address.port, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + 30
    while not server.started and time.monotonic() < give_up:
        time.sleep(0.02)
    assert server.started
    yield address.url
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def run(written: Any) -> Run:
    """Runs a tool among the files, expects its status, answers all it said: no warning in it."""

    def command(tool: str, *arguments: object, status: int = 0) -> str:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
        words = [tool, *map(str, arguments)]
        done = subprocess.run(
            words, cwd=written.directory, capture_output=True, text=True, check=False, timeout=60
        )
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        remarks = [line for line in said.lower().splitlines() if "warning" in line]
        assert [line for line in remarks if NOT_OF_OURS not in line] == [], said
        return said

    return command


@pytest.fixture(scope="module")
def changed(written: Any, seconds: list[float]) -> Any:
    """One seal is revoked, the time-stamping certificate stays good, another seal is on hold."""
    pki = written.hierarchy
    with written.engine.begin() as connection:
        revoke(
            connection,
            pki.seal("rsa").certificate.serial_number,
            reason=RevocationReason.KEY_COMPROMISE,
            at=written.now,
        )
        suspend(connection, pki.seal("ec").certificate.serial_number, at=written.now)
    seconds[0] += LOOK_EVERY_SECONDS
    return written


OURS = ("-issuer", "issuing.pem", "-CAfile", "root.pem")


@pytest.mark.parametrize("nonce", [(), ("-no_nonce",)], ids=["with a nonce", "without"])
@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_asks_about_a_good_certificate(
    served: str, run: Run, digest: str, nonce: tuple[str, ...]
) -> None:
    said = run("openssl", "ocsp", *OURS, digest, "-cert", "timestamp.pem", "-url", f"{served}/ocsp", *nonce)

    assert "timestamp.pem: good" in said
    assert "Response verify OK" in said
    assert "Next Update" in said


def test_openssl_asks_about_several_at_once_and_hears_what_each_is(
    changed: Any, served: str, run: Run
) -> None:
    assert changed.engine is not None
    names = ("timestamp", "seal-rsa", "seal-ec")
    asked = [word for name in names for word in ("-cert", f"{name}.pem")]
    said = run("openssl", "ocsp", *OURS, *asked, "-serial", "0x1234567890", "-url", f"{served}/ocsp")

    assert "Response verify OK" in said
    for words in (
        "timestamp.pem: good",
        "seal-rsa.pem: revoked",
        "Reason: keyCompromise",
        "seal-ec.pem: revoked",
        "Reason: certificateHold",
        "0x1234567890: unknown",
    ):
        assert words in said


def test_openssl_hears_that_another_authority_is_not_ours(served: str, run: Run) -> None:
    """RFC 5019 §2.2.3."""
    said = run(
        "openssl", "ocsp", "-issuer", "root.pem", "-cert", "issuing.pem", "-url", f"{served}/ocsp",
        "-CAfile", "root.pem", status=1,
    )  # fmt: skip

    assert "unauthorized (6)" in said


def test_openssl_signs_its_request_and_is_answered_all_the_same(served: str, run: Run) -> None:
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=client", "-keyout", "client.key", "-out", "client.pem")  # fmt: skip
    said = run("openssl", "ocsp", *OURS, "-cert", "timestamp.pem", "-signer", "client.pem", "-signkey",
               "client.key", "-url", f"{served}/ocsp")  # fmt: skip

    assert "timestamp.pem: good" in said


@pytest.mark.parametrize("nonce", ["--nonce", "--no-nonce"])
def test_gnutls_asks_and_believes(served: str, run: Run, nonce: str) -> None:
    who = ("--load-issuer", "issuing.pem", "--load-cert", "timestamp.pem", "--load-signer", "ocsp.pem")
    said = run("ocsptool", f"--ask={served}/ocsp", *who, nonce)

    assert "Verifying OCSP Response: Success" in said
    assert "Certificate Status: good" in said


def test_gnutls_hears_of_a_revocation(changed: Any, served: str, run: Run) -> None:
    assert changed.engine is not None
    who = ("--load-issuer", "issuing.pem", "--load-cert", "seal-rsa.pem", "--load-signer", "ocsp.pem")
    said = run("ocsptool", f"--ask={served}/ocsp", *who)

    assert "Certificate Status: revoked" in said
    assert "Verifying OCSP Response: Success" in said


def test_curl_keeps_an_answer_as_caches_do(served: str, run: Run, written: Any) -> None:
    """RFC 5019 §5, §6; RFC 9110 §13."""
    run("openssl", "ocsp", *OURS, "-cert", "timestamp.pem", "-no_nonce", "-reqout", "get.req")
    encoded = base64.b64encode((written.directory / "get.req").read_bytes()).decode()
    address = f"{served}/ocsp/{encoded.replace('/', '%2F').replace('+', '%2B')}"
    headers = run("curl", "-sS", "-f", "-D", "-", "-o", "get.resp", address).lower()
    tag = next(line.split(": ")[1] for line in headers.splitlines() if line.startswith("etag"))
    again = run("curl", "-sS", "-o", "nothing", "-w", "%{http_code}", "-H", f"If-None-Match: {tag}", address)
    head = run("curl", "-sS", "--head", address).lower()

    assert again == "304"
    assert f"etag: {tag}" in head
    for name in ("cache-control: max-age=", "last-modified: ", "expires: ", "date: "):
        assert name in headers
    judged = run("openssl", "ocsp", *OURS, "-cert", "timestamp.pem", "-no_nonce", "-respin", "get.resp")
    assert "timestamp.pem: good" in judged


def answers_of_every_kind(changed: Any, served: str, run: Run) -> Iterator[Path]:
    for name in ("timestamp", "seal-rsa", "seal-ec"):
        for digest in ("-sha1", "-sha256"):
            for nonce in (("-nonce",), ("-no_nonce",)):
                file = changed.directory / f"{name}{digest}{nonce[0]}.resp"
                run("openssl", "ocsp", *OURS, digest, "-cert", f"{name}.pem", *nonce, "-url",
                    f"{served}/ocsp", "-respout", file)  # fmt: skip
                yield file
    unknown = changed.directory / "unknown.resp"
    run("openssl", "ocsp", *OURS, "-serial", "99", "-url", f"{served}/ocsp", "-respout", unknown)
    yield unknown


def test_pkilint_finds_nothing_in_any_answer(changed: Any, served: str, run: Run) -> None:
    linter = str(Path(sys.executable).with_name("lint_ocsp_response"))
    for file in answers_of_every_kind(changed, served, run):
        said = run(linter, "lint", "--severity", "INFO", "--format", "JSON", file)
        assert json.loads(said)["results"] == [], file.name


TRUST = ("-CAfile", "root.pem", "-untrusted", "issuing.pem")


def stamped(run: Run, served: str, *query: object) -> str:
    """What openssl says of the reply to a query that it made and curl sent."""
    run("openssl", "ts", "-query", *query, "-out", "q.tsq")
    said = run(
        "curl", "-sS", "-f", "-o", "r.tsr", "-w", "%{content_type}", "--data-binary", "@q.tsq",
        "-H", "Content-Type: application/timestamp-query", f"{served}/tsa",
    )  # fmt: skip
    assert said == "application/timestamp-reply"
    return run("openssl", "ts", "-reply", "-in", "r.tsr", "-text")


@pytest.mark.parametrize("digest", ["-sha256", "-sha384", "-sha512"])
@pytest.mark.parametrize("nonce", [(), ("-no_nonce",)], ids=["with a nonce", "without"])
def test_openssl_believes_a_time_stamp_fetched_over_http(
    served: str, run: Run, written: Any, digest: str, nonce: tuple[str, ...]
) -> None:
    (written.directory / "text").write_text("وثيقة")
    said = stamped(run, served, "-data", "text", digest, "-cert", *nonce)

    assert f"Policy OID: {SHARED.oid}" in said
    assert "Accuracy: 0x01 seconds, unspecified millis, unspecified micros" in said
    assert "Ordering: no" in said
    # The milliseconds of the machine's clock, which openssl prints as they stand.
    assert f"{written.now:%b %e %H:%M:%S}".split()[-1] in said
    verified = run("openssl", "ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", *TRUST)
    assert "Verification: OK" in verified


def test_openssl_believes_a_time_stamp_without_certificates_when_it_has_them(
    served: str, run: Run, written: Any
) -> None:
    chain = b"".join(
        credential.certificate.public_bytes(Encoding.PEM)
        for credential in (written.hierarchy.timestamp, written.hierarchy.issuing)
    )
    (written.directory / "tsa-chain.pem").write_bytes(chain)
    stamped(run, served, "-digest", "ab" * 32, "-sha256")
    verified = run(
        "openssl", "ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem",
        "-untrusted", "tsa-chain.pem",
    )  # fmt: skip

    assert "Verification: OK" in verified


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (("-digest", "00" * 20, "-sha1"), "unrecognized or unsupported algorithm identifier"),
        (
            ("-digest", "00" * 32, "-sha256", "-tspolicy", "1.2.3.4"),
            "the requested TSA policy is not supported",
        ),
        (
            ("-digest", "00" * 32, "-sha256", "-tspolicy", ORDERED_POLICY),
            "the requested TSA policy is not supported",
        ),
    ],
    ids=["SHA-1", "a stranger's policy", "order from a shared key"],
)
def test_openssl_reads_why_it_was_refused(served: str, run: Run, query: tuple[str, ...], words: str) -> None:
    said = stamped(run, served, *query)

    assert "Status: Rejected." in said
    assert words in said


def test_openssl_may_name_the_policy(served: str, run: Run) -> None:
    assert "Status: Granted." in stamped(
        run, served, "-digest", "11" * 32, "-sha256", "-tspolicy", SHARED.oid
    )


def test_nss_refuses_a_seal_that_the_list_revokes(changed: Any, served: str, run: Run) -> None:
    store = changed.directory / "nss"
    store.mkdir()
    where = ("-d", f"sql:{store}")
    run("certutil", "-N", *where, "--empty-password")
    for name in ("root", "issuing", "seal-rsa", "seal-ec"):
        trust = "C,C,C" if name == "root" else ",,"
        run("certutil", "-A", *where, "-n", name, "-t", trust, "-a", "-i", f"{name}.pem")
    assert "certificate is valid" in run("certutil", "-V", *where, "-n", "seal-rsa", "-u", "S")
    crl = current_crl(
        changed.engine, changed.hierarchy.issuing.as_issuer(), at=changed.now + timedelta(seconds=1)
    )
    run("curl", "-sS", "-f", "-o", "fetched.crl", f"{served}/crl/issuing.crl")
    assert (changed.directory / "fetched.crl").read_bytes() == crl.der
    run("crlutil", "-I", "-i", "fetched.crl", *where)

    said = run("certutil", "-V", *where, "-n", "seal-rsa", "-u", "S", status=255)
    assert "has been revoked" in said


def test_gnutls_verifies_the_list_fetched_over_http(served: str, run: Run) -> None:
    run("curl", "-sS", "-f", "-o", "gnutls.crl", f"{served}/crl/issuing.crl")
    said = run(
        "certtool",
        "--verify-crl",
        "--load-ca-certificate",
        "certificates/issuing.cer",
        "--inder",
        "--infile",
        "gnutls.crl",
    )

    assert "Verified" in said
