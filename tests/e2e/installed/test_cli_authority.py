"""`wathiqa ca` as its people use it: an agency enrolled, its certificate shown, held, released, revoked."""

import io
import re
import shutil
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from installed_service import Ran, certificate_request, run

from issuance.cli.commands import main

PASSWORD = "نخلة الباب القديم تسعة"
OFFICERS = {
    "hind": "registration-officer",
    "amal": "registration-officer",
    "basel": "registration-officer",
    "sami": "security-officer",
}


class Console:
    """Somebody before one installation; passwords come through a pipe."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._monkeypatch = root, monkeypatch

    def __call__(self, *command: str, typed: str = "") -> Ran:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return run(main, "wathiqa", *command, "--directory", str(self.root))

    def done(self, *command: str, typed: str = "") -> str:
        ran = self(*command, typed=typed)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.out

    def refused(self, *command: str, typed: str = "") -> str:
        ran = self(*command, typed=typed)
        assert (ran.code, ran.out) == (1, ""), ran
        return ran.err

    def by(self, login: str, *command: str) -> str:
        """What a member of staff does who knows their password."""
        return self.done("ca", *command, "--as", login, typed=f"{PASSWORD}\n")

    def serials(self, name: str) -> list[str]:
        lines = self.done("ca", "list", "--name", name).splitlines()[1:]
        return [line.split()[0] for line in lines]

    def listed(self) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl((self.root / "public/crl/issuing.crl").read_bytes())


@pytest.fixture(scope="module")
def installation(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("enrolling") / "demo"
    shutil.copytree(demonstration, copy)
    return copy


@pytest.fixture
def console(installation: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(installation, monkeypatch)


def test_an_agency_is_enrolled_and_its_certificate_lives_and_ends(console: Console, tmp_path: Path) -> None:
    """The whole of docs/operations/enrolment.md, typed."""
    for login, role in OFFICERS.items():
        created = ("accounts", "create", login, "--full-name", login, "--role", role)
        assert PASSWORD not in console.done(*created, typed=f"{PASSWORD}\n")
    key, request = ec.generate_private_key(ec.SECP256R1()), tmp_path / "request.pem"
    request.write_text(certificate_request(key), encoding="ascii")
    asked = ("enrol", "submit", str(request), "--agency", "civil-registry", "--system", "archive")
    said = console.by("hind", *asked, "--evidence", "letter 14")
    number = said.split()[0]
    assert said == f"{number} is submitted; approvals needed: 2\n"

    assert "does not decide" in _refused_by(console, "hind", "enrol", "approve", number)
    assert "does not allow" in _refused_by(console, "sami", "enrol", "approve", number)
    assert "not right" in console.refused("ca", "enrol", "approve", number, "--as", "amal", typed="guess\n")
    assert console.by("amal", "enrol", "approve", number) == f"{number} has 1 of 2 approvals\n"
    assert "1 of 2" in console.refused("ca", "issue", number)
    assert re.search(rf"{number} +submitted +seal .* 1 of 2", console.done("ca", "enrol", "list"))
    said = console.by("basel", "enrol", "approve", number)

    (serial,) = console.serials("enrolled-civil-registry-archive")
    assert said == f"{number} has certificate {serial}, which is published\n"
    assert (console.root / f"public/certificates/{serial}.cer").exists()
    assert console.done("ca", "issue", number).split()[3] == f"{serial},"
    shown = console.done("ca", "show", serial)
    for words in (
        "in force",
        "مديرية الأحوال المدنية",
        "P-256",
        "1094 days left",
        "approved by amal",
        number,
    ):
        assert words in shown
    pem = console.done("ca", "show", serial, "--pem")
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.public_key() == key.public_key()
    assert certificate.fingerprint(hashes.SHA256()).hex(":") in shown
    assert f"Application {number}: issued" in console.done("ca", "enrol", "show", number)

    console.by("sami", "suspend", serial, "--why", "the card was lost")
    held = console.done("ca", "crl")
    assert re.search(rf"issuing +{serial} +enrolled-civil-registry-archive .* certificateHold", held)
    console.done("ca", "resume", serial, "--why", "the card was found")
    assert serial not in console.done("ca", "crl")
    console.by("sami", "revoke", serial, "--reason", "keyCompromise", "--why", "the card was stolen")
    assert console.listed().get_revoked_certificate_by_serial_number(int(serial, 16)) is not None
    assert "revoked" in console.refused("ca", "revoke", serial, "--reason", "superseded")
    ended = console.done("ca", "show", serial).splitlines()
    assert [line.split("  ")[-1] for line in ended[-4:]] == [
        "issued",
        "suspended by sami, certificateHold",
        "released by system:operator",
        "revoked by sami, keyCompromise",
    ]
    acts = console.done("ca", "audit")
    assert "why: the card was stolen" in acts
    assert re.search(r"the chain is whole: [0-9]+ entries, head [0-9a-f]{64}\n$", acts)


def _refused_by(console: Console, login: str, *command: str) -> str:
    return console.refused("ca", *command, "--as", login, typed=f"{PASSWORD}\n")


def test_an_officer_is_certified_in_person(console: Console, tmp_path: Path) -> None:
    for login in ("rana.desk", "rana.one", "rana.two"):
        created = ("accounts", "create", login, "--full-name", login, "--role", "registration-officer")
        console.done(*created, typed=f"{PASSWORD}\n")
    place = ("--agency", "civil-registry", "--office", "damascus-1", "--national-number", "99343456858")
    signer = ("accounts", "create", "rana.signs", "--full-name", "رنا المثال", "--role", "registrar", *place)
    console.done(*signer, typed=f"{PASSWORD}\n")
    request = tmp_path / "request.pem"
    request.write_text(certificate_request(), encoding="ascii")
    asked = ("enrol", "submit", str(request), "--agency", "civil-registry", "--evidence", "seen in person")
    person = ("--given-name", "رنا", "--surname", "المثال", "--identifier", "OF:SY-1043")

    number = console.by("rana.desk", *asked, "--officer", "rana.signs", *person).split()[0]
    for login in ("rana.one", "rana.two"):
        said = console.by(login, "enrol", "approve", number)

    shown = console.done("ca", "show", said.split()[3].strip(","))
    assert re.search(r"profile +officer", shown)
    assert "CN=رنا المثال" in shown
    both = console("ca", *asked, "--officer", "rana.signs", "--system", "archive", "--as", "rana.desk")
    assert (both.code, "either" in both.err) == (2, True)


def test_a_list_is_signed_though_none_was_due(console: Console) -> None:
    before = console.listed()
    said = console.done("ca", "crl", "--issue")
    after = console.listed()
    number = after.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert said.startswith(f"list {number} of issuing is signed and published\n")
    assert after.public_bytes(Encoding.DER) != before.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("ca", "show", "ff"), "no certificate ff"),
        (("ca", "suspend", "ff", "--why", "x"), "no certificate ff"),
        (("ca", "enrol", "show", "A-26-0000000000"), "no application A-26-0000000000"),
        (("ca", "issue", "A-26-0000000000"), "no application A-26-0000000000"),
    ],
)
def test_what_does_not_exist_is_told_in_a_sentence(
    console: Console, command: tuple[str, ...], said: str
) -> None:
    assert said in console.refused(*command)


def test_services_are_listed_for_a_directory_like_everything_else(console: Console, tmp_path: Path) -> None:
    assert "birth" in console.done("services", "list")
    assert "in order" in console.done("services", "check")
    elsewhere = run(main, "wathiqa", "services", "list", "--directory", str(tmp_path))
    assert (elsewhere.code, "no installation here" in elsewhere.err) == (1, True)


def test_an_empty_password_through_a_pipe_makes_no_account(console: Console) -> None:
    created = ("accounts", "create", "nobody", "--full-name", "x", "--role", "auditor")
    assert "password" in console.refused(*created, typed="")
    assert "nobody" not in console.done("accounts", "list")
