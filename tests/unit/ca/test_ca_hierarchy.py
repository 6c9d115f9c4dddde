import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from ca.ceremony.errors import CeremonyNeeded
from ca.crl import current_crl
from ca.errors import CertificateNotFound, CertificateRevoked, ClockWrong, ProfileViolation
from ca.evidence import RevocationEvidence
from ca.publication import publish
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.store import count_revocations, find_certificates
from ca.urls import PublicUrls
from keys.errors import WrongPurpose
from keys.signer import Purpose


def everything(pki: Any) -> list[bytes]:
    with pki.engine.connect() as connection:
        return sorted(row.der for row in find_certificates(connection))


def test_establishing_twice_changes_nothing(pki: Any) -> None:
    first, keys = everything(pki), pki.keyring.key_ids()
    pki.establish()

    assert everything(pki) == first
    assert pki.keyring.key_ids() == keys
    assert keys == [
        "issuing", "ocsp", "seal-civil-registry", "seal-workers-register", "timestamp", "trust-list",
    ]  # fmt: skip
    assert not hasattr(pki.hierarchy.root, "signer")


def test_the_ocsp_certificate_is_renewed_in_time_and_nothing_else_is(pki: Any) -> None:
    before = pki.hierarchy
    pki.later(days=21)
    after = pki.establish()

    changed = {
        new.name
        for old, new in zip(before.credentials(), after.credentials(), strict=True)
        if old.certificate != new.certificate
    }
    assert changed == {"ocsp"}
    assert after.ocsp.certificate.not_valid_after_utc == pki.now + timedelta(days=30)


def test_a_seal_whose_certificate_was_revoked_gets_a_new_key(pki: Any) -> None:
    old = pki.hierarchy.seal("civil-registry")
    with pki.engine.begin() as connection:
        revoke(
            connection,
            old.certificate.serial_number,
            reason=RevocationReason.KEY_COMPROMISE,
            at=pki.later(days=1),
        )
    new = pki.establish().seal("civil-registry")

    assert new.signer.key_id == "seal-civil-registry-2"
    assert new.signer.public_key != old.signer.public_key
    assert pki.establish().seal("civil-registry").certificate == new.certificate


def test_a_certificate_revoked_in_the_second_of_its_issue_is_replaced_once(empty: Any) -> None:
    """Then both begin at the same instant, and only their keys tell which is the newer one."""
    pki, rising = empty(), itertools.count(2**120)
    old = pki.establish(serial_source=lambda: next(rising)).seal("civil-registry").certificate
    with pki.engine.begin() as connection:
        revoke(connection, old.serial_number, reason=RevocationReason.KEY_COMPROMISE, at=pki.now)
    new = pki.establish(serial_source=lambda: next(rising)).seal("civil-registry").certificate
    issued = len(everything(pki))

    assert pki.establish().seal("civil-registry").certificate == new
    assert len(everything(pki)) == issued


def test_revocations_are_counted(pki: Any) -> None:
    with pki.engine.begin() as connection:
        assert count_revocations(connection) == 0
        for name in ("ocsp", "timestamp"):
            serial = getattr(pki.hierarchy, name).certificate.serial_number
            revoke(connection, serial, reason=RevocationReason.SUPERSEDED, at=pki.now)
        assert count_revocations(connection) == 2


def test_a_crash_in_the_middle_is_made_good_by_establishing_again(empty: Any) -> None:
    pki = empty()
    pki.keyring.generate("ocsp", purpose=Purpose.OCSP)  # the key was made, then the power failed

    assert pki.establish().ocsp.signer.key_id == "ocsp"


def test_a_key_of_another_purpose_under_the_name_is_refused(empty: Any) -> None:
    pki = empty()
    pki.keyring.generate("ocsp", purpose=Purpose.SEAL)

    with pytest.raises(WrongPurpose):
        pki.establish()


def test_a_renamed_agency_gets_a_certificate_in_its_new_name(pki: Any) -> None:
    renamed = [replace(agency, name_en="Bureau") for agency in pki.agencies]
    pki.later(days=1)
    hierarchy = pki.establish(agencies=renamed)

    assert "Bureau" in hierarchy.seal("civil-registry").certificate.subject.rfc4514_string()


def test_a_clock_before_the_issue_is_noticed(pki: Any) -> None:
    pki.later(days=-1)

    with pytest.raises(ClockWrong):
        pki.establish()


def test_an_authority_is_never_renewed_by_itself(pki: Any) -> None:
    pki.later(days=365 * 10 + 1)

    with pytest.raises(CeremonyNeeded, match="certify issuing"):
        pki.establish()


def test_an_unknown_agency_has_no_seal(pki: Any) -> None:
    with pytest.raises(CertificateNotFound):
        pki.hierarchy.seal("nobody")


@pytest.mark.parametrize("origin", ["ftp://a", "http://a/", "", "javascript:x"])
def test_an_origin_that_is_no_web_address_is_refused(origin: str) -> None:
    with pytest.raises(ProfileViolation):
        PublicUrls(origin=origin)


def test_what_is_published_is_all_that_a_verifier_needs(pki: Any, tmp_path: Path) -> None:
    done = publish(tmp_path, pki.hierarchy, pki.engine, at=pki.now)

    assert (
        x509.load_pem_x509_certificate((tmp_path / "root.pem").read_bytes()) == pki.hierarchy.root.certificate
    )
    for name in ("root", "issuing", "ocsp", "timestamp", "trust-list", "seal-civil-registry"):
        x509.load_der_x509_certificate((tmp_path / "certificates" / f"{name}.cer").read_bytes())
    serial = f"{pki.hierarchy.seal('civil-registry').certificate.serial_number:x}"
    response = ocsp.load_der_ocsp_response((tmp_path / "ocsp" / f"{serial}.ors").read_bytes())
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert {path.name for path in (tmp_path / "crl").iterdir()} == {"root.crl", "issuing.crl"}
    assert pki.now < done.next_due <= pki.now + timedelta(days=2)
    assert not list(tmp_path.rglob(".*"))


def test_publishing_again_renews_only_what_is_due(pki: Any, tmp_path: Path) -> None:
    first = publish(tmp_path, pki.hierarchy, pki.engine, at=pki.now)
    same = publish(tmp_path, pki.hierarchy, pki.engine, at=pki.later(hours=1))
    later = publish(tmp_path, pki.hierarchy, pki.engine, at=pki.later(hours=12))

    assert [crl.number for crl in first.crls] == [1, 1]
    assert same.crls == first.crls
    assert [crl.number for crl in later.crls] == [1, 2]


def test_a_full_disk_leaves_the_old_file_whole(
    pki: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, pki.hierarchy, pki.engine, at=pki.now)
    old = (tmp_path / "crl" / "issuing.crl").read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ca.publication.os.fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            publish(tmp_path, pki.hierarchy, pki.engine, at=pki.later(days=1))

    assert (tmp_path / "crl" / "issuing.crl").read_bytes() == old
    assert not list(tmp_path.rglob(".*"))


def test_evidence_is_shared_while_fresh_and_made_anew_after(pki: Any) -> None:
    evidence = RevocationEvidence(pki.hierarchy, pki.engine)
    first = evidence.for_seal("civil-registry", at=pki.now)

    assert evidence.for_seal("civil-registry", at=pki.later(minutes=9)) is first
    assert evidence.for_seal("civil-registry", at=pki.later(minutes=2)) is not first


def test_evidence_needs_no_certificate_that_ends_before_the_seal_s(pki: Any) -> None:
    """EN 319 102-1 §5.2.6: an answer is worth as long as the certificate of its signer lives."""
    seal = pki.hierarchy.seal("civil-registry").certificate
    found = RevocationEvidence(pki.hierarchy, pki.engine).for_seal("civil-registry", at=pki.now)
    lists = {each.issuer: each for each in map(x509.load_der_x509_crl, found.crls)}

    for certificate in (seal, pki.hierarchy.timestamp.certificate, pki.hierarchy.issuing.certificate):
        assert certificate.issuer in lists
    assert min(each.not_valid_after_utc for each in found.certificates) > seal.not_valid_after_utc


def test_evidence_knows_a_seal_that_is_younger_than_the_last_list(pki: Any) -> None:
    """A list made before a certificate says nothing of it."""
    issuing = pki.hierarchy.issuing.as_issuer()
    before = current_crl(pki.engine, issuing, at=pki.now)
    pki.later(hours=1)
    hierarchy = pki.establish(agencies=(*pki.agencies, replace(pki.agencies[0], code="new")))
    found = RevocationEvidence(hierarchy, pki.engine).for_seal("new", at=pki.later(hours=1))
    lists = {each.issuer: each for each in map(x509.load_der_x509_crl, found.crls)}

    issued_at = hierarchy.seal("new").certificate.not_valid_before_utc
    assert before.this_update < issued_at <= lists[issuing.subject].last_update_utc


def test_a_list_that_is_made_for_evidence_is_told_to_the_audit(pki: Any) -> None:
    told: list[str] = []
    pki.later(days=29)
    hierarchy = pki.establish()
    evidence = RevocationEvidence(hierarchy, pki.engine, audit=lambda act, _facts, _at: told.append(act))
    evidence.for_seal("civil-registry", at=pki.now)
    assert told == []
    evidence.for_seal("civil-registry", at=pki.later(days=2))
    assert told == ["crl-issue"]  # the issuing CA's; the root's lasts


def test_there_is_no_evidence_for_a_revoked_seal(pki: Any) -> None:
    evidence = RevocationEvidence(pki.hierarchy, pki.engine)
    serial = pki.hierarchy.seal("civil-registry").certificate.serial_number
    with pki.engine.begin() as connection:
        revoke(connection, serial, reason=RevocationReason.SUPERSEDED, at=pki.now)

    with pytest.raises(CertificateRevoked):
        evidence.for_seal("civil-registry", at=pki.now)
