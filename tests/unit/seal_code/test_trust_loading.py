"""What is published is believed only as far as the root vouches for it."""

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import ca.profiles
from signing.formats.cbor import Tagged, encode_cbor, parse_cbor
from signing.formats.status_list import Status
from signing.formats.trust_list import TRUST_LIST_SIGNING
from verify.memory import encode_memory, parse_memory
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.sources import MAX_BYTES, DirectorySource, SourceUnavailable, open_source
from verify.trust import RolledBack, TrustError, TrustRefused, TrustUnavailable, load_trust


def _certificate(world: Any, **changes: Any) -> x509.Certificate:
    """A certificate for the trust-list key, right in all but `changes`."""
    choice = {
        "key": world.root_key,
        "issuer": "Root",
        "usage": [TRUST_LIST_SIGNING],
        "ca": False,
        "days": 100,
        **changes,
    }
    issued_at = world.trust_list().issued_at

    def name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Trust list"))
        .issuer_name(name(choice["issuer"]))
        .public_key(world.trust_signer.public_key)
        .serial_number(4711)
        .not_valid_before(issued_at - timedelta(days=200))
        .not_valid_after(issued_at + timedelta(days=choice["days"]))
        .add_extension(x509.BasicConstraints(ca=choice["ca"], path_length=None), critical=True)
    )
    if choice["usage"]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(choice["usage"]), critical=True)
    return builder.sign(choice["key"], hashes.SHA384())


def test_the_right_certificate_is_believed(world: Any) -> None:
    world.publish_trust_list(_certificate(world))
    assert world.trust().trust_list == world.trust_list()


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ec.generate_private_key(ec.SECP384R1())},
        {"issuer": "Another root"},
        {"usage": []},
        {"usage": [ExtendedKeyUsageOID.OCSP_SIGNING]},
        {"usage": [TRUST_LIST_SIGNING, ExtendedKeyUsageOID.OCSP_SIGNING]},
        {"ca": True},
        {"days": -1},
    ],
    ids=[
        "signed by another key",
        "issued in another name",
        "for no stated use",
        "for OCSP",
        "for more than trust lists",
        "of an authority",
        "expired when the list was signed",
    ],
)
def test_another_certificate_is_refused(world: Any, changes: dict[str, Any]) -> None:
    world.publish_trust_list(_certificate(world, **changes))
    with pytest.raises(TrustRefused, match="certificate"):
        world.trust()


def test_a_revoked_certificate_is_refused(world: Any) -> None:
    certificate = _certificate(world)
    world.publish_trust_list(certificate)
    day = world.trust_list().issued_at
    entry = x509.RevokedCertificateBuilder().serial_number(4711).revocation_date(day).build()
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.issuer)
        .last_update(day)
        .next_update(day + timedelta(days=1))
        .add_revoked_certificate(entry)
        .sign(world.root_key, hashes.SHA384())
    )
    (world.public / "crl" / "root.crl").write_bytes(crl.public_bytes(Encoding.DER))
    with pytest.raises(TrustRefused, match="revoked"):
        world.trust()
    with pytest.raises(TrustRefused, match="revoked"):
        # Whoever stole the key dates a list back, and is asked about the past.
        load_trust(world.public, at=day - timedelta(days=1))


def test_without_a_list_of_the_root_the_trust_list_is_not_believed(world: Any) -> None:
    """Whoever controls the place leaves out the list in which the certificate is revoked."""
    path = world.public / "crl" / "root.crl"
    genuine = path.read_bytes()
    path.unlink()
    with pytest.raises(TrustUnavailable, match="list of revoked certificates is not there"):
        world.trust()
    path.write_bytes(genuine)
    stranger = replace(world, root_key=ec.generate_private_key(ec.SECP384R1()))
    stranger.publish_root_crl()
    with pytest.raises(TrustUnavailable, match="list of revoked certificates is not there"):
        world.trust()


def test_a_list_of_the_root_that_has_expired_says_nothing_of_today(world: Any) -> None:
    world.publish_root_crl(lasts=timedelta(days=100))
    at = world.claims().issued_at + timedelta(hours=1)
    trust = load_trust(world.public, at=at)
    assert not trust.is_stale(world.claims().issued_at)
    assert trust.is_stale(at)
    assert validate_seal_code(world.seal_text(), trust=trust, at=at).reason is Reason.TRUST_STALE


def test_an_older_list_of_the_root_is_noticed_by_who_remembers(world: Any) -> None:
    world.publish_root_crl(number=2)
    memory = parse_memory(encode_memory(world.trust().remember()))
    assert memory.root_crl == len("ab")
    world.publish_root_crl(number=1)
    at = world.claims().issued_at
    trust = load_trust(world.public, at=at, memory=memory)
    assert validate_seal_code(world.seal_text(), trust=trust, at=at).reason is Reason.TRUST_ROLLED_BACK
    assert trust.remember() == memory


def test_a_memory_of_the_release_before_is_still_one() -> None:
    assert parse_memory('{"root": "", "trust_list": 3, "status_lists": {}}').root_crl == 0


def _tamper(world: Any, name: str) -> None:
    path = world.public / name
    value = parse_cbor(path.read_bytes())
    assert isinstance(value, Tagged)
    protected, unprotected, content, signature = value.value  # type: ignore[misc]
    assert isinstance(signature, bytes)
    changed = bytes([*signature[:-1], signature[-1] ^ 1])
    path.write_bytes(encode_cbor(Tagged(18, [protected, unprotected, content, changed])))


def test_a_changed_trust_list_is_refused(world: Any) -> None:
    _tamper(world, "trust-list.cwt")
    with pytest.raises(TrustRefused, match="signature"):
        world.trust()


@pytest.mark.parametrize("content", [b"", b"\xd2\x84", b"\xff" * 100, b"\xd2" * 100_000, bytes(2 << 20)])
def test_garbage_is_refused(world: Any, content: bytes) -> None:
    (world.public / "trust-list.cwt").write_bytes(content)
    with pytest.raises(TrustError):
        world.trust()


@pytest.mark.parametrize("name", ["root.pem", "trust-list.cwt"])
def test_nothing_is_believed_without_root_and_trust_list(world: Any, name: str) -> None:
    (world.public / name).unlink()
    with pytest.raises(TrustUnavailable, match=name):
        world.trust()


def test_a_status_list_by_another_key_is_refused(world: Any) -> None:
    world.status = replace(world.status, key=ec.generate_private_key(ec.SECP256R1()))
    world.publish_status(Status.VALID)
    with pytest.raises(TrustRefused, match="status key"):
        world.trust().status_list(1)


def test_a_changed_status_list_is_refused(world: Any) -> None:
    _tamper(world, "status/1.cwt")
    with pytest.raises(TrustRefused, match="status key"):
        world.trust().status_list(1)


def test_one_list_does_not_pass_for_another(world: Any) -> None:
    (world.public / "status/2.cwt").write_bytes((world.public / "status/1.cwt").read_bytes())
    with pytest.raises(TrustRefused, match="another list"):
        world.trust().status_list(2)


def test_a_missing_status_list_is_unavailable(world: Any) -> None:
    with pytest.raises(TrustUnavailable):
        world.trust().status_list(9)


def test_a_rolled_back_status_list_is_refused_by_who_remembers(world: Any) -> None:
    old = (world.public / "status/1.cwt").read_bytes()
    issued_at = world.trust().status_list(1).issued_at
    world.publish_status(Status.REVOKED, at=issued_at + timedelta(hours=1))
    trust = world.trust()
    trust.status_list(1)
    memory = parse_memory(encode_memory(trust.remember()))
    (world.public / "status/1.cwt").write_bytes(old)
    with pytest.raises(RolledBack, match="older"):
        load_trust(world.public, at=issued_at, memory=memory).status_list(1)


def test_a_rolled_back_trust_list_is_noticed_by_who_remembers(world: Any) -> None:
    memory = world.trust().remember()
    assert memory.trust_list_version == 7
    world.publish_trust_list(version=6)
    at = world.claims().issued_at
    trust = load_trust(world.public, at=at, memory=memory)
    assert trust.is_rolled_back
    assert validate_seal_code(world.seal_text(), trust=trust, at=at).reason is Reason.TRUST_ROLLED_BACK
    assert trust.remember() == memory
    assert not load_trust(world.public, at=at).is_rolled_back


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"trust_list": null, "status_lists": {}}', '{"trust_list":1,"status_lists":{"x":1}}'],
)
def test_a_broken_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- JSON's own or ours
        parse_memory(text)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "status/../../x", "a//b", "", ".hidden", "x\0y", "C:\\x"]
)
def test_a_name_never_leads_out_of_the_published_root(world: Any, name: str) -> None:
    with pytest.raises(SourceUnavailable):
        DirectorySource(world.public).read(name)


def test_plain_http_is_no_place_to_read_trust_from() -> None:
    with pytest.raises(ValueError, match="https"):
        open_source("http://verify.wathiqa.example")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture
def host(world: Any) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(world.public)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_static_host_is_as_good_as_a_directory(world: Any, host: str) -> None:
    """A host lists no folders: the signed trust list names the certificates and CRLs."""
    certificate = _certificate(world)
    (world.public / "certificates").mkdir()
    (world.public / "certificates" / "trust.cer").write_bytes(certificate.public_bytes(Encoding.DER))
    names = ("certificates/trust.cer", "certificates/../x.cer", "crl/root.crl")
    world.publish_trust_list(certificate, files=names)
    trust = load_trust(host, at=world.claims().issued_at)
    assert trust.certificates == (certificate,) == world.trust().certificates
    assert trust.status_list(1) == world.trust().status_list(1)
    with pytest.raises(TrustUnavailable, match="not there"):
        trust.status_list(2)


def test_a_host_that_redirects_is_not_followed(world: Any, host: str) -> None:
    with pytest.raises(TrustUnavailable, match="302"):
        load_trust(f"{host}/moved", at=world.claims().issued_at)


def test_a_host_that_does_not_answer_is_unavailable(world: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = unused.getsockname()[1]
        with pytest.raises(TrustUnavailable):
            load_trust(f"http://127.0.0.1:{port}", at=world.claims().issued_at)


def test_the_authority_issues_what_verifiers_expect() -> None:
    """ca/ and signing/ do not know each other; the identifier both write is compared here."""
    assert ca.profiles.TRUST_LIST_SIGNING == TRUST_LIST_SIGNING


class _Watched(DirectorySource):
    """Tells what was read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read_names: list[str] = []

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        self.read_names.append(name)
        return super().read(name, max_bytes=max_bytes)


@pytest.fixture
def watched(world: Any, monkeypatch: pytest.MonkeyPatch) -> _Watched:
    source = _Watched(world.public)
    monkeypatch.setattr("verify.trust.open_source", lambda _: source)
    return source


def _fill(world: Any, folder: str, suffix: str, count: int = 3, content: bytes = b"no artefact") -> None:
    (world.public / folder).mkdir(exist_ok=True)
    for number in range(count):
        (world.public / folder / f"{number}{suffix}").write_bytes(content)


def test_nothing_else_is_read_before_the_list_is_believed(world: Any, watched: _Watched) -> None:
    """Or whoever can write an unsigned list makes every verifier read what it names."""
    _fill(world, "certificates", ".cer")
    _fill(world, "crl", ".crl")
    _tamper(world, "trust-list.cwt")
    with pytest.raises(TrustRefused, match="signature"):
        world.trust()
    assert watched.read_names == ["root.pem", "trust-list.cwt"]


def test_certificates_are_read_when_they_are_asked_for(world: Any, watched: _Watched) -> None:
    _fill(world, "certificates", ".cer")
    trust = world.trust()
    assert watched.read_names == ["root.pem", "trust-list.cwt", "crl/root.crl"]
    with pytest.raises(TrustRefused, match="not a certificate"):
        _ = trust.certificates


def test_all_that_is_read_is_bounded_together(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = _certificate(world).public_bytes(Encoding.DER)
    _fill(world, "certificates", ".cer", count=5, content=certificate)
    assert len(world.trust().certificates) == 5
    monkeypatch.setattr("verify.trust.MAX_TOTAL_BYTES", 4 * len(certificate))
    with pytest.raises(TrustUnavailable, match="larger"):
        _ = world.trust().certificates


def test_one_artefact_is_no_larger_than_its_kind(world: Any) -> None:
    _fill(world, "certificates", ".cer", count=1, content=bytes(1 << 17))
    with pytest.raises(TrustUnavailable, match="larger"):
        _ = world.trust().certificates
    with (world.public / "root.pem").open("ab") as file:
        file.write(bytes(1 << 17))
    with pytest.raises(TrustUnavailable, match="larger"):
        world.trust()


@pytest.mark.parametrize("name", ["root.pem", "trust-list.cwt", "crl/root.crl"])
def test_a_named_pipe_is_no_artefact(world: Any, name: str) -> None:
    """Opening one waits for whoever writes into it, for ever."""
    path = world.public / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(TrustUnavailable, match="not a regular file"):
        world.trust()


def test_a_folder_or_a_device_is_no_artefact(world: Any) -> None:
    (world.public / "trust-list.cwt").unlink()
    (world.public / "trust-list.cwt").mkdir()
    with pytest.raises(TrustUnavailable):
        world.trust()
    (world.public / "trust-list.cwt").rmdir()
    (world.public / "trust-list.cwt").symlink_to("/dev/zero")
    with pytest.raises(TrustUnavailable, match="not a regular file"):
        world.trust()
