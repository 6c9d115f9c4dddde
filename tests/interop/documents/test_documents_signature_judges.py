"""pdfsig, NSS, mutool and OpenSSL on the seal of every kind, with the root as all they are told."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pypdf import PdfReader

from verify.files.structure import sealed_octets

from .conftest import KINDS, Delivered, Run
from .judges_table import Table

pytestmark = pytest.mark.interop
every_kind = pytest.mark.parametrize("kind", KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A sealed file taken apart by pypdf and asn1crypto, as files for OpenSSL."""

    content: Path  # what the signature covers
    seal: Path  # the CMS object, DER
    token: Path  # the time-stamp token, DER
    stamped: Path  # the signature value
    certificate: Path  # of the seal
    certificates: Path  # from the document security store
    crls: Path  # as above


@pytest.fixture
def take_apart(delivered: Delivered, tmp_path: Path) -> Callable[[str], Parts]:
    def take(kind: str) -> Parts:
        pdf = delivered.files[kind].read_bytes()
        root: Any = PdfReader(delivered.files[kind]).root_object
        value = root["/AcroForm"]["/Fields"][0].get_object()["/V"]
        _, end, second, length = value["/ByteRange"]
        der = bytes(value["/Contents"].original_bytes)
        signed = cms.ContentInfo.load(der)["content"]
        signer = signed["signer_infos"][0]
        (token,) = [each["values"][0] for each in signer["unsigned_attrs"] if _is_time_stamp(each)]
        store = root["/DSS"]

        def keep(name: str, data: bytes) -> Path:
            (tmp_path / name).write_bytes(data)
            return tmp_path / name

        def stored(name: str) -> list[bytes]:
            return [each.get_object().get_data() for each in store.get(name, [])]

        certificates = [x509.load_der_x509_certificate(each) for each in stored("/Certs")]
        crls = [x509.load_der_x509_crl(each) for each in stored("/CRLs")]
        serial = signer["sid"].chosen["serial_number"].native
        inside = [x509.load_der_x509_certificate(each.chosen.dump()) for each in signed["certificates"]]
        (sealing,) = [each for each in inside if each.serial_number == serial]
        return Parts(
            content=keep("content", pdf[:end] + pdf[second : second + length]),
            seal=keep("seal.der", signed_only(der)),
            token=keep("token.der", token.dump()),
            stamped=keep("stamped", signer["signature"].native),
            certificate=keep("sealing.pem", sealing.public_bytes(Encoding.PEM)),
            certificates=keep(
                "store.pem", b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
            ),
            crls=keep("crls.pem", b"".join(each.public_bytes(Encoding.PEM) for each in crls)),
        )

    return take


def signed_only(padded: bytes) -> bytes:
    """Without the zeros behind it that fill the reserved room."""
    return cms.ContentInfo.load(padded).dump()


def _is_time_stamp(attribute: Any) -> bool:
    return bool(attribute["type"].native == "signature_time_stamp_token")


@every_kind
def test_pdfsig_calls_the_seal_valid_and_sees_that_something_follows(
    delivered: Delivered, run: Run, table: Table, kind: str
) -> None:
    said = run("pdfsig", delivered.files[kind])

    # What follows is the store: `wathiqa-verify` says that it is nothing else (ADR 18).
    assert said.count("Signature #") == 1
    assert "Signature is Valid." in said
    assert "Not total document signed" in said
    assert "ETSI.CAdES.detached" in said
    table.say("pdfsig", "the seal", "Signature is Valid, Not total document signed")


@every_kind
def test_pdfsig_trusts_the_seal_once_the_root_is_imported(
    delivered: Delivered, run: Run, table: Table, tmp_path: Path, kind: str
) -> None:
    """What Okular, Evince and every other reader on Poppler and NSS shows."""
    store = f"sql:{tmp_path}"
    run("certutil", "-N", "-d", store, "--empty-password")
    run("certutil", "-A", "-d", store, "-n", "root", "-t", ",C,", "-a", "-i", delivered.anchor)
    said = run("pdfsig", "-no-ocsp", "-nssdir", store, delivered.files[kind])

    assert "Certificate is Trusted." in said
    table.say("pdfsig", "the seal certificate, the root imported into NSS", "Certificate is Trusted")


def test_pdfsig_refuses_a_changed_page(delivered: Delivered, run: Run, tmp_path: Path) -> None:
    said = run("pdfsig", changed(delivered.files["birth"], tmp_path))

    assert "Signature is Valid." not in said


@every_kind
def test_mutool_finds_the_sealed_part_unchanged(
    delivered: Delivered, run: Run, table: Table, tmp_path: Path, kind: str
) -> None:
    """It takes the store behind the seal for an edit; without it, the file is as it was sealed.

    Its certificate verdict is left aside: it trusts what is built into it and nothing else.
    """
    pdf = delivered.files[kind].read_bytes()
    sealed = tmp_path / "sealed.pdf"
    sealed.write_bytes(pdf[: sealed_octets(pdf)])

    assert "The document is unchanged since signing." in run("mutool", "sign", "-v", sealed)
    said = run("mutool", "sign", "-v", delivered.files[kind])
    assert "The signature is valid but there have been edits since signing." in said
    table.say("mutool", "the seal", "valid, edits since signing; the sealed part: unchanged since signing")


@every_kind
def test_openssl_verifies_the_seal(
    delivered: Delivered, take_apart: Callable[[str], Parts], run: Run, table: Table, kind: str
) -> None:
    parts = take_apart(kind)
    command = ("cms", "-verify", "-binary", "-inform", "DER", "-in", parts.seal, "-out", "out")
    said = run("openssl", *command, "-content", parts.content, "-CAfile", delivered.anchor)

    assert "CMS Verification successful" in said
    table.say("openssl cms", "the seal", "Verification successful")
    parts.content.write_bytes(parts.content.read_bytes().replace(b"/Title", b"/Tible", 1))
    run("openssl", *command, "-content", parts.content, "-CAfile", delivered.anchor, status=4)


@every_kind
def test_openssl_verifies_the_embedded_time_stamp(
    delivered: Delivered, take_apart: Callable[[str], Parts], run: Run, table: Table, kind: str
) -> None:
    """RFC 3161: the token is over the signature value; its chain comes from the security store."""
    parts = take_apart(kind)
    trust = ("-CAfile", delivered.anchor, "-untrusted", parts.certificates)
    said = run("openssl", "ts", "-verify", "-data", parts.stamped, "-in", parts.token, "-token_in", *trust)

    assert "Verification: OK" in said
    table.say("openssl ts", "the time-stamp", "Verification: OK")


@every_kind
def test_openssl_needs_nothing_but_the_root_to_check_revocation(
    delivered: Delivered, take_apart: Callable[[str], Parts], run: Run, table: Table, kind: str
) -> None:
    """EN 319 142-1 §6.3, level LT: every certificate and every CRL of the path is in the file."""
    parts = take_apart(kind)
    store = ("-untrusted", parts.certificates, "-crl_check_all", "-CRLfile", parts.crls)
    said = run("openssl", "verify", "-x509_strict", "-CAfile", delivered.anchor, *store, parts.certificate)

    assert ": OK" in said
    table.say("openssl verify", "path and CRLs out of the file itself", "OK")


def changed(file: Path, directory: Path) -> Path:
    """The same file with one letter of its title changed, behind the cross-reference table's back."""
    pdf = file.read_bytes()
    (directory / "changed.pdf").write_bytes(pdf.replace(b"/Subject(", b"/Subjekt(", 1))
    assert b"/Subjekt(" in (directory / "changed.pdf").read_bytes()
    return directory / "changed.pdf"
