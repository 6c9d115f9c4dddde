"""The authority of the demonstration asked over HTTP, by the clients of other makers.

The served installation is a process of its own and stops with the module.
"""

import base64
import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuance.serving import free_address

from .conftest import Delivered, Run, require
from .judges_table import Table

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def served(delivered: Delivered, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demonstration's installation, served from a copy."""
    require("curl")
    root = tmp_path_factory.mktemp("served") / "demo"
    shutil.copytree(delivered.root, root)
    address = free_address()
    command = [sys.executable, "-m", "issuance.cli.commands", "serve", "--no-sandbox"]
    options = ["--directory", str(root), "--port", str(address.port)]
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        waiting = ("--retry", "60", "--retry-delay", "1", "--retry-connrefused", "--retry-max-time", "60")
        subprocess.run(
            ["curl", "--silent", "--fail", *waiting, f"{address.url}/crl/root.crl"],
            check=True,
            capture_output=True,
        )
        yield address.url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def certificates(delivered: Delivered, run: Run, tmp_path: Path) -> Path:
    """The published certificates as PEM, which is what OpenSSL wants."""
    for file in (delivered.public / "certificates").glob("[!0-9a-f]*.cer"):
        run("openssl", "x509", "-inform", "DER", "-in", file, "-out", tmp_path / f"{file.stem}.pem")
    return tmp_path


@pytest.mark.parametrize("name", ["seal-civil-registry", "seal-workers-register", "timestamp"])
def test_openssl_asks_whether_a_certificate_is_good(
    served: str, certificates: Path, run: Run, table: Table, name: str
) -> None:
    """RFC 6960 by POST; openssl puts a nonce into the request and compares it."""
    who = ("-issuer", certificates / "issuing.pem", "-cert", certificates / f"{name}.pem")
    said = run("openssl", "ocsp", *who, "-url", f"{served}/ocsp", "-CAfile", certificates / "root.pem")

    assert f"{name}.pem: good" in said
    assert "Response verify OK" in said
    assert "WARNING" not in said
    table.say("openssl ocsp", "the responder, over HTTP", "good, Response verify OK")


def test_gnutls_asks_whether_a_certificate_is_good(
    served: str, certificates: Path, run: Run, table: Table
) -> None:
    who = ("--load-issuer", certificates / "issuing.pem", "--load-cert", certificates / "timestamp.pem")
    said = run("ocsptool", f"--ask={served}/ocsp", *who, "--load-signer", certificates / "ocsp.pem")

    assert "Verifying OCSP Response: Success" in said
    assert "Certificate Status: good" in said
    table.say("ocsptool", "the responder, over HTTP", "good, Success")


def test_curl_asks_by_get_as_caches_do(served: str, certificates: Path, run: Run, table: Table) -> None:
    """RFC 5019 §5: without a nonce, the answer may be kept."""
    who = ("-issuer", certificates / "issuing.pem", "-cert", certificates / "timestamp.pem")
    run("openssl", "ocsp", *who, "-no_nonce", "-reqout", certificates / "request.der")
    request = base64.b64encode((certificates / "request.der").read_bytes()).decode().replace("/", "%2F")
    answer = certificates / "answer.der"
    said = run("curl", "-sS", "-f", "-D", "-", "-o", answer, f"{served}/ocsp/{request}").lower()

    assert "content-type: application/ocsp-response" in said
    assert "cache-control: max-age=" in said or "cache-control: public" in said
    said = run("openssl", "ocsp", *who, "-no_nonce", "-respin", answer, "-CAfile", certificates / "root.pem")
    assert "timestamp.pem: good" in said
    table.say("openssl ocsp", "an answer by GET, fetched by curl", "good")


def test_curl_fetches_a_time_stamp_that_openssl_believes(
    served: str, certificates: Path, run: Run, table: Table
) -> None:
    """RFC 3161 §3.4."""
    query, reply = certificates / "query.tsq", certificates / "reply.tsr"
    run("openssl", "ts", "-query", "-data", certificates / "root.pem", "-sha512", "-cert", "-out", query)
    sending = ("--data-binary", f"@{query}", "-H", "Content-Type: application/timestamp-query")
    said = run("curl", "-sS", "-f", "-o", reply, "-w", "%{content_type}", *sending, f"{served}/tsa")
    assert said == "application/timestamp-reply"
    said = run(
        "openssl", "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", certificates / "root.pem"
    )

    assert "Verification: OK" in said
    table.say("openssl ts", "the time-stamping unit, over HTTP", "Verification: OK")


@pytest.mark.parametrize("name", ["root", "issuing"])
def test_curl_fetches_lists_that_openssl_believes(
    served: str, certificates: Path, run: Run, table: Table, name: str
) -> None:
    """RFC 5280 §4.2.1.13, RFC 2585: as certificates point to them."""
    file = certificates / f"{name}.crl"
    said = run("curl", "-sS", "-f", "-o", file, "-w", "%{content_type}", f"{served}/crl/{name}.crl")
    assert said == "application/pkix-crl"
    issuer = certificates / f"{name}.pem"
    said = run("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-CAfile", issuer)

    assert "verify OK" in said
    table.say("openssl crl", "the lists, over HTTP", "verify OK")


def test_nss_takes_each_certificate_for_what_it_is(certificates: Path, run: Run, table: Table) -> None:
    """A seal speaks for documents and mail, a responder answers; none of them serves a web site."""
    store = f"sql:{certificates}"
    run("certutil", "-N", "-d", store, "--empty-password")
    for name in ("root", "issuing", "seal-civil-registry", "ocsp", "timestamp"):
        trust = "C,C,C" if name == "root" else ",,"
        run("certutil", "-A", "-d", store, "-n", name, "-t", trust, "-a", "-i", certificates / f"{name}.pem")
    signs_mail, answers, serves_web = "S", "O", "V"
    fit = {("seal-civil-registry", signs_mail), ("ocsp", answers)}

    for name, usage in itertools.product(
        ("seal-civil-registry", "ocsp", "timestamp"), (signs_mail, answers, serves_web)
    ):
        status = 0 if (name, usage) in fit else 255
        said = run("certutil", "-V", "-e", "-d", store, "-n", name, "-u", usage, status=status)
        assert ("certificate is valid" in said) is (status == 0)
    table.say("certutil (NSS)", "seal, responder and time-stamp certificates", "fit for their own use only")
