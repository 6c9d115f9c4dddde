"""A certificate that was lost while it was signed, as an operator meets it."""

import shutil
from pathlib import Path

import pytest
from cryptography import x509
from installed_service import run

from ca.serials import check_serial
from ca.store import Intent, find_certificates, redeem_intent, reserve_serial, save_intent
from issuance.books import open_authority_books
from issuance.cli.commands import main
from issuance.settings import Layout

LOST = 0xD1ED


@pytest.fixture(scope="module")
def installation(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In which a process died between asking the key and storing the certificate."""
    copy = tmp_path_factory.mktemp("lost") / "demo"
    shutil.copytree(demonstration, copy)
    engine = open_authority_books(Layout(root=copy))
    with engine.begin() as connection:
        like = find_certificates(connection, name="seal-civil-registry")[0]
        intent = Intent(
            serial_number=check_serial(LOST),
            issuer=like.issuer,
            name=like.name,
            profile=like.profile,
            key_id=like.key_id,
            not_before=like.not_before,
            not_after=like.not_after,
            to_be_signed=like.certificate.tbs_certificate_bytes,
        )
        reserve_serial(connection, intent.serial_number, issuer=like.issuer, at=like.not_before)
        save_intent(connection, intent)
        redeem_intent(connection, intent)
    engine.dispose()
    return copy


def said(installation: Path, *command: str, code: int = 0) -> str:
    ran = run(main, "wathiqa", "ca", "lost", *command, "--directory", str(installation))
    assert ran.code == code, ran
    return ran.out or ran.err


def test_it_is_shown_and_can_be_put_on_the_list(installation: Path) -> None:
    assert "d1ed" in said(installation)

    assert "d1ed is revoked" in said(installation, "--revoke", "d1ed", "--why", "the machine lost power")

    listed = x509.load_der_x509_crl((installation / "public/crl/issuing.crl").read_bytes())
    assert listed.get_revoked_certificate_by_serial_number(LOST) is not None
    assert "d1ed" not in said(installation)
    assert "d1ed" in said(installation, "--revoke", "d1ed", code=1), "once"
    trail = run(main, "wathiqa", "ca", "audit", "--directory", str(installation)).out
    assert "the machine lost power" in trail
