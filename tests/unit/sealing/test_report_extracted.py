"""`extract`: the parts of a file, under names of ours, for their reader alone, over nothing."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.x509 import ocsp
from sealing_office import Office

from signing.formats.pades_level import Level
from verify.errors import CouldNotRun
from verify.files.structure import read_sealed_file
from verify.report import parts
from verify.report.extracted import extract
from verify.report.part import Part
from verify.report.parts import NotOfOurForm, parts_of


@pytest.fixture(scope="module")
def archived() -> tuple[Office, bytes]:
    office = Office()
    return office, office.document(level=Level.B_LTA)


def by_name(found: tuple[Part, ...]) -> dict[str, bytes]:
    names = {each.name: each.content for each in found}
    assert len(names) == len(found)
    return names


def test_all_that_other_tools_need_is_there(archived: tuple[Office, bytes]) -> None:
    _, pdf = archived
    found, file = by_name(parts_of(pdf)), read_sealed_file(pdf)

    assert json.loads(found["record.json"])["kind"] == "birth"
    assert pdf.startswith(found["sealed.pdf"])
    assert hashlib.sha256(found["seal-content.bin"]).digest() == file.signed_digest
    assert found["seal.p7s"] == file.cms
    stamp = cms.ContentInfo.load(found["time-stamps/seal-1.tst"])["content"]["encap_content_info"][
        "content"
    ].parsed
    imprint = stamp["message_imprint"]["hashed_message"].native
    assert imprint == hashlib.sha256(found["seal-signature.bin"]).digest()
    assert "time-stamps/document-1.tst" in found
    certificates = [der for name, der in found.items() if name.startswith("certificates/")]
    assert (
        len({x509.load_der_x509_certificate(der).serial_number for der in certificates})
        == len(certificates)
        >= 4
    )
    assert [x509.load_der_x509_crl(der) for name, der in found.items() if name.endswith(".crl")]
    assert [ocsp.load_der_ocsp_response(der) for name, der in found.items() if name.endswith(".ors")]


@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_what_a_file_lacks_is_not_made_up(office: Office, level: Level) -> None:
    names = set(by_name(parts_of(office.document(level=level))))

    assert ("time-stamps/seal-1.tst" in names) == (level is Level.B_T)
    assert not [name for name in names if name.startswith("revocation/")]


def test_forged_file_is_taken_apart_like_any_other(office: Office) -> None:
    changed = office.document(level=Level.B_T).replace(b"/Lang (en)", b"/Lang (fr)", 1)

    assert "seal.p7s" in by_name(parts_of(changed))


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7\n%%EOF\n"], ids=["empty", "no seal"])
def test_file_of_another_form_is_not_taken_apart(pdf: bytes) -> None:
    with pytest.raises(NotOfOurForm):
        parts_of(pdf)


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "record.json\x00.exe", "a/b", ""])
def test_no_name_from_the_file_becomes_a_path(
    archived: tuple[Office, bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    _, pdf = archived
    file = replace(
        read_sealed_file(pdf), attachments=((name, "/Source", b"x"), ("record.json", "/Source", b"y"))
    )
    monkeypatch.setattr(parts, "read_sealed_file", lambda _: file)

    found = by_name(parts_of(pdf))

    assert found["attachments/attachment-1.bin"] == b"x"
    assert found["attachments/attachment-2.bin"] == b"y"
    assert not [each for each in found if ".." in each or each.startswith("/") or "\x00" in each]


def test_verdict_lies_beside_the_parts_and_nobody_else_reads_them(
    archived: tuple[Office, bytes], tmp_path: Path
) -> None:
    office, pdf = archived
    written = extract("a\u202e.pdf", parts_of(pdf), office.judge(pdf), tmp_path / "out")

    note = (tmp_path / "out" / "READ-ME.txt").read_text(encoding="utf-8")
    assert "✔ GENUINE and in force" in note
    assert "None of them is to be believed without this verdict." in note
    assert "\u202e" not in note
    assert json.loads((tmp_path / "out" / "report.json").read_bytes())["verdict"] == "genuine"
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "out", *written)} == {0}
    assert sorted(written) == sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/passwd", "a/b/c.txt", ".profile", "seal.p7s\n"])
def test_a_name_from_a_judge_that_was_taken_over_is_not_written(
    archived: tuple[Office, bytes], tmp_path: Path, name: str
) -> None:
    office, pdf = archived
    with pytest.raises(CouldNotRun, match="deceived"):
        extract("a.pdf", (Part(name=name, content=b""),), office.judge(pdf), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(archived: tuple[Office, bytes], tmp_path: Path) -> None:
    office, pdf = archived
    kept = tmp_path / "kept.txt"
    kept.write_bytes(b"mine")

    with pytest.raises(CouldNotRun, match="not empty"):
        extract("a.pdf", parts_of(pdf), office.judge(pdf), tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]


def test_where_nothing_can_be_written_it_says_so(archived: tuple[Office, bytes], tmp_path: Path) -> None:
    office, pdf = archived
    for directory in (tmp_path / "no" / "such", tmp_path / "file"):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(CouldNotRun):
            extract("a.pdf", parts_of(pdf), office.judge(pdf), directory)
