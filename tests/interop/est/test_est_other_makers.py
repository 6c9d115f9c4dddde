"""EST judged by a client of another maker: GlobalSign's `estclient` over TLS; `openssl` on what it got."""

import base64
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection

from ca.applications import ApplicationState
from issuance.app import Service
from issuance.authority.est import PROOF_HEADER
from issuance.identity import accounts, machines
from issuance.identity.accounts import NewAccount
from issuance.identity.actors import Actor, system_actor
from issuance.identity.machines import NewClient
from issuance.identity.permissions import Permission, Role
from issuance.identity.tokens import load_staff
from issuance.installation import initialise
from issuance.serving import LOOPBACK, free_address
from issuance.settings import Layout, Settings
from issuance.web import create_app

pytestmark = pytest.mark.interop
TOOL = "github.com/globalsign/est/cmd/estclient"
BUILD_WITHIN_SECONDS = 300
TEST = system_actor("test")


@pytest.fixture(scope="module")
def estclient(request: pytest.FixtureRequest) -> str:
    """The client on PATH, or built once by Go from the pinned sources."""
    if found := shutil.which("estclient"):
        return found
    folder = request.config.cache.mkdir("estclient")  # type: ignore[union-attr]  # the cache is there
    built = folder / "estclient"
    if built.exists():
        return str(built)
    if shutil.which("go") is None:
        pytest.skip("estclient is not installed, and there is no Go to build it")
    for name in ("go.mod", "go.sum"):
        shutil.copy(Path(__file__).with_name(name), folder / name)
    done = subprocess.run(
        ["go", "build", "-o", str(built), TOOL],
        cwd=folder,
        env=os.environ | {"GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_WITHIN_SECONDS,
    )
    if done.returncode != 0:
        pytest.skip(f"estclient cannot be built here: {done.stderr.strip()[-200:]}")
    return str(built)


@dataclass
class Site:
    """A served installation behind TLS, as a proxy would be before it, and a system that may enrol."""

    service: Service
    server: str
    anchor: Path
    client: NewClient
    officers: tuple[Actor, Actor]
    tool: str
    folder: Path

    def ask(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        proven = ("-user", self.client.id, "-pass", self.client.secret)
        where = ("-server", self.server, "-explicit", str(self.anchor))
        return subprocess.run(
            [self.tool, command, *where, *proven, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def approve_all(self) -> None:
        for each in self.service.desk.applications(state=ApplicationState.SUBMITTED):
            for officer in self.officers:
                self.service.desk.approve(each.number, by=officer, at=datetime.now(UTC))

    def request(self, key: ec.EllipticCurvePrivateKey, subject: x509.Name) -> tuple[Path, bytes]:
        """A request as a file, and its DER."""
        made = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
        path = self.folder / f"{key.public_key().public_numbers().x:x}.csr"
        path.write_bytes(made.public_bytes(Encoding.PEM))
        return path, made.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def site(estclient: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("est")
    service = initialise(Layout(root=root / "service"), Settings(), passphrase_in_file=True, persons=500)
    with service.parts.engine.begin() as connection:
        client = machines.create_client(
            connection,
            name="archive",
            agency="civil-registry",
            scopes=frozenset({Permission.CERTIFICATES_APPLY}),
            by=TEST,
            at=datetime.now(UTC),
        )
        one, two = (_officer(connection, login) for login in ("one.officer", "two.officer"))
    certificate, key = _tls(root)
    address = free_address()
    config = uvicorn.Config(
        create_app(service),
        host=LOOPBACK,
        port=address.port,
        log_level="warning",
        ssl_certfile=str(certificate),
        ssl_keyfile=str(key),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    where = f"{LOOPBACK}:{address.port}"
    yield Site(service, where, certificate, client, (one, two), estclient, root)
    server.should_exit = True
    thread.join(timeout=30)
    service.close()


def _officer(connection: Connection, login: str) -> Actor:
    new = NewAccount(login=login, full_name=login, roles=frozenset({Role.REGISTRATION_OFFICER}))
    account = accounts.create_account(
        connection,
        new,
        password_hash="x",
        by=TEST,
        at=datetime.now(UTC),
    )
    return load_staff(connection, account)


def _tls(root: Path) -> tuple[Path, Path]:
    """What the proxy has: a certificate of its own for this machine."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "proxy")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, file = root / "tls.pem", root / "tls.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, file


def test_the_authorities_are_fetched_and_belong_together(site: Site) -> None:
    out = site.folder / "authorities.pem"
    done = site.ask("cacerts", "-out", str(out))
    assert done.returncode == 0, done.stderr
    found = x509.load_pem_x509_certificates(out.read_bytes())
    hierarchy = site.service.trust_services.hierarchy
    assert set(found) == {hierarchy.issuing.certificate, *hierarchy.issuing.chain}


def test_what_is_wanted_is_understood(site: Site) -> None:
    done = site.ask("csrattrs")
    assert done.returncode == 0, done.stderr
    assert "1.2.840.10045.2.1" in done.stdout or "ecPublicKey" in done.stdout, done.stdout


def test_a_system_waits_for_two_officers_fetches_its_certificate_and_renews_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, new = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    request, _ = site.request(key, x509.Name([]))
    first = site.ask("enroll", "-csr", str(request))
    assert first.returncode != 0
    assert "waits for two officers" in first.stderr  # the answer 202, as it reads it out

    site.approve_all()
    out = site.folder / "seal.pem"
    done = site.ask("enroll", "-csr", str(request), "-out", str(out))
    assert done.returncode == 0, done.stderr
    present = x509.load_pem_x509_certificate(out.read_bytes())
    assert present.public_key() == key.public_key()
    _openssl_verifies(site, out)

    monkeypatch.setattr("ca.enrolment.RENEWAL_WINDOW", timedelta(days=5 * 365))  # else three years would pass
    request, der = site.request(new, present.subject)
    proof = base64.b64encode(key.sign(der, ec.ECDSA(hashes.SHA256()))).decode()
    following, held = site.folder / "following.pem", site.folder / "seal.key"
    held.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    # It insists on having the present certificate, for a TLS that would ask for it; a proxy does not.
    mine = ("-certs", str(out), "-key", str(held), "-headers", f"{PROOF_HEADER}: {proof}")
    done = site.ask("reenroll", "-csr", str(request), "-out", str(following), *mine)
    assert done.returncode == 0, done.stderr
    assert x509.load_pem_x509_certificate(following.read_bytes()).public_key() == new.public_key()
    _openssl_verifies(site, following)


def test_a_refusal_reaches_the_person_before_the_client(site: Site) -> None:
    weak = ec.generate_private_key(ec.SECP521R1())
    request, _ = site.request(weak, x509.Name([]))
    done = site.ask("enroll", "-csr", str(request))
    assert done.returncode != 0
    assert "P-256" in done.stderr + done.stdout


def _openssl_verifies(site: Site, certificate: Path) -> None:
    """The chain, and both authorities' lists as they are published at this moment."""
    public = site.service.layout.public
    lists = site.folder / "lists.pem"
    loaded = [
        x509.load_der_x509_crl((public / f"crl/{name}.crl").read_bytes()) for name in ("root", "issuing")
    ]
    lists.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in loaded))
    issuing = site.folder / "issuing.pem"
    issuing.write_bytes(site.service.trust_services.hierarchy.issuing.certificate.public_bytes(Encoding.PEM))
    root = str(public / "root.pem")
    command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", str(lists), "-CAfile", root]
    done = subprocess.run(
        [*command, "-untrusted", str(issuing), str(certificate)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
