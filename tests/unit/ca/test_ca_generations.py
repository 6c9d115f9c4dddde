"""Certificates follow the generations of keys: in advance, after a revocation, below another issuing CA."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ca.ceremony.errors import CeremonyNeeded
from ca.errors import CertificateNotFound
from ca.evidence import RevocationEvidence
from ca.publication import publish
from ca.reasons import RevocationReason
from ca.revocation import release, revoke, suspend
from ca.store import find_certificates
from keys.keyring import KeyState

SEAL = "seal-civil-registry"
SUPERSEDED = RevocationReason.SUPERSEDED


def issued(pki: Any, name: str) -> list[str]:
    """The keys that certificates of this name were issued for, oldest first."""
    with pki.engine.connect() as connection:
        return [row.key_id for row in reversed(find_certificates(connection, name=name))]


@pytest.mark.parametrize("line", [SEAL, "ocsp", "timestamp"])
def test_a_key_that_waits_is_certified_before_its_day(pki: Any, line: str) -> None:
    pki.keyring.rotate(line, at=pki.later(days=1), active_from=pki.now + timedelta(days=3))
    before = {each.name: each for each in pki.establish().credentials()}[line]

    assert before.signer.key_id == line
    assert issued(pki, line) == [line, f"{line}-2"]
    pki.later(days=4)
    after = {each.name: each for each in pki.establish().credentials()}[line]
    assert after.signer.key_id == f"{line}-2"
    assert after.certificate.public_key() == after.signer.public_key
    assert issued(pki, line) == [line, f"{line}-2"], "nothing was issued anew"


def test_the_certificate_of_a_retired_key_stays_published(pki: Any, tmp_path: Path) -> None:
    old = pki.hierarchy.seal("civil-registry").certificate
    pki.keyring.rotate(SEAL, at=pki.later(days=1), active_from=pki.now)
    pki.later(days=30)
    hierarchy = pki.establish()
    publish(tmp_path, hierarchy, pki.engine, at=pki.now)

    assert pki.keyring.record(SEAL).state is KeyState.RETIRED
    assert (tmp_path / f"certificates/{old.serial_number:x}.cer").exists()
    assert (tmp_path / f"certificates/{SEAL}.cer").read_bytes() == hierarchy.seal("civil-registry").der


def test_an_agency_whose_key_is_suspended_seals_nothing_and_the_others_do(pki: Any) -> None:
    pki.keyring.suspend(SEAL, at=pki.later(hours=1))
    hierarchy = pki.establish()

    assert set(hierarchy.seals) == {"workers-register"}
    with pytest.raises(CertificateNotFound):
        hierarchy.seal("civil-registry")
    pki.keyring.resume(SEAL, at=pki.later(hours=1))
    assert set(pki.establish().seals) == {"civil-registry", "workers-register"}


def test_a_suspended_certificate_is_not_got_round_by_another(pki: Any) -> None:
    seal = pki.hierarchy.seal("civil-registry").certificate
    with pki.engine.begin() as connection:
        suspend(connection, seal.serial_number, at=pki.later(hours=1))

    assert pki.establish().seal("civil-registry").certificate == seal
    with pki.engine.begin() as connection:
        release(connection, seal.serial_number, at=pki.later(hours=1))
    assert pki.establish().seal("civil-registry").certificate == seal


def test_a_key_that_waits_and_was_revoked_is_not_certified_again(pki: Any) -> None:
    pki.keyring.rotate(SEAL, at=pki.later(days=1), active_from=pki.now + timedelta(days=3))
    pki.establish()
    with pki.engine.begin() as connection:
        (waiting,) = [row for row in find_certificates(connection, name=SEAL) if row.key_id == f"{SEAL}-2"]
        revoke(
            connection, waiting.serial_number, reason=RevocationReason.KEY_COMPROMISE, at=pki.later(hours=1)
        )
    pki.establish()

    assert issued(pki, SEAL) == [SEAL, f"{SEAL}-2"]
    pki.later(days=4)
    assert pki.establish().seal("civil-registry").signer.key_id == f"{SEAL}-3"


# The issuing CA


def test_an_issuing_ca_that_follows_in_time_takes_over_and_the_former_s_lists_go_on(
    pki: Any, tmp_path: Path
) -> None:
    pki.keyring.rotate("issuing", at=pki.later(days=1), active_from=pki.now)
    assert pki.establish().issuing.name == "issuing", "until the ceremony"
    pki.hold(certify=["issuing-2"])
    hierarchy = pki.establish()

    assert hierarchy.issuing.name == "issuing-2"
    assert [each.name for each in hierarchy.former] == ["issuing"]
    assert hierarchy.issuing.certificate.subject != hierarchy.former[0].certificate.subject
    pki.later(days=5)
    done = publish(tmp_path, pki.establish(), pki.engine, at=pki.now)
    assert [crl.issuer for crl in done.crls] == ["root", "issuing-2", "issuing"]
    for name in ("issuing", "issuing-2"):
        crl = x509.load_der_x509_crl((tmp_path / f"crl/{name}.crl").read_bytes())
        authority = x509.load_der_x509_certificate((tmp_path / f"certificates/{name}.cer").read_bytes())
        assert crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # an authority's
        assert crl.last_update_utc == pki.now


def listed(folder: Path, name: str) -> set[int]:
    crl = x509.load_der_x509_crl((folder / f"crl/{name}.crl").read_bytes())
    return {entry.serial_number for entry in crl}


def test_the_lists_of_a_former_issuing_ca_go_on_while_its_certificates_last(pki: Any, tmp_path: Path) -> None:
    """The attack: a seal key is lost two months after the rotation, and no list says so ever again."""
    old = pki.hierarchy
    seal = old.seal("civil-registry").certificate
    pki.keyring.rotate("issuing", at=pki.later(days=1), active_from=pki.now)
    pki.hold(certify=["issuing-2"])
    pki.later(days=60)
    publish(tmp_path, pki.establish(), pki.engine, at=pki.now)
    with pki.engine.begin() as connection:
        revoke(connection, seal.serial_number, reason=RevocationReason.KEY_COMPROMISE, at=pki.now)
    publish(tmp_path, pki.establish(), pki.engine, at=pki.later(minutes=1))

    assert listed(tmp_path, "issuing") == {seal.serial_number}
    pki.now = max(seal.not_valid_after_utc, pki.now)
    pki.hold()
    publish(tmp_path, pki.establish(), pki.engine, at=pki.now)
    assert listed(tmp_path, "issuing") == {seal.serial_number}
    pki.now = old.issuing.certificate.not_valid_after_utc + timedelta(seconds=1)
    pki.hold()
    assert pki.establish().former == (), "its own certificate has ended"


def test_an_answer_that_is_not_made_any_more_is_not_left_lying(pki: Any, tmp_path: Path) -> None:
    """The attack: the file that says `good` of a certificate under the former issuing CA stays for good."""
    seal = pki.hierarchy.seal("civil-registry").certificate
    publish(tmp_path, pki.hierarchy, pki.engine, at=pki.now)
    files = [tmp_path / f"ocsp/{seal.serial_number:x}{suffix}" for suffix in (".ors", ".sha1.ors")]
    assert all(file.exists() for file in files)
    pki.keyring.rotate("issuing", at=pki.later(hours=1), active_from=pki.now)
    pki.hold(certify=["issuing-2"])
    hierarchy = pki.establish()
    publish(tmp_path, hierarchy, pki.engine, at=pki.now)
    with pki.engine.begin() as connection:
        revoke(connection, seal.serial_number, reason=RevocationReason.KEY_COMPROMISE, at=pki.now)

    publish(tmp_path, hierarchy, pki.engine, at=pki.later(minutes=1))

    assert not any(file.exists() for file in files)
    new = hierarchy.seal("civil-registry").certificate
    assert (tmp_path / f"ocsp/{new.serial_number:x}.ors").exists()
    assert listed(tmp_path, "issuing") == {seal.serial_number}


def test_everything_is_certified_anew_below_the_next_issuing_ca_and_only_once(pki: Any) -> None:
    old = pki.hierarchy
    revoked = [("issuing", old.issuing.certificate.serial_number, SUPERSEDED)]
    pki.keyring.replace("issuing", at=pki.later(days=1))
    with pytest.raises(CeremonyNeeded, match="certify issuing-2"):
        pki.establish()
    pki.hold(certify=["issuing-2"], revoke=revoked)
    new = pki.establish()

    for before, after in zip(old.credentials()[2:], new.credentials()[2:], strict=True):
        assert before.name == after.name
        if after.name != "trust-list":
            after.certificate.verify_directly_issued_by(new.issuing.certificate)
            assert before.signer.key_id == after.signer.key_id
            assert before.certificate != after.certificate
    assert new.former == ()
    count = len(issued(pki, SEAL))
    pki.establish()
    assert len(issued(pki, SEAL)) == count
    found = RevocationEvidence(new, pki.engine).for_seal("civil-registry", at=pki.now)
    assert new.issuing.certificate in found.certificates


def test_without_a_trust_list_certificate_the_rest_goes_on(pki: Any) -> None:
    pki.hold()
    pki.later(days=731)
    pki.hold()
    hierarchy = pki.establish()

    assert hierarchy.trust_list is None
    with pytest.raises(CeremonyNeeded, match="certify trust-list"):
        _ = hierarchy.trust_list_signer
    RevocationEvidence(hierarchy, pki.engine).for_seal("civil-registry", at=pki.now)
    pki.hold(certify=["trust-list"])
    assert pki.establish().trust_list_signer.certificate.not_valid_before_utc == pki.now


def test_nothing_is_established_without_a_root(
    pki: Any, offline_root: Any, open_keyring: Any, tmp_path: Path
) -> None:
    del offline_root
    pki.keyring = open_keyring(tmp_path / "another", pki.clock)
    with pytest.raises(CeremonyNeeded, match="certify issuing"):
        pki.establish()
    pki.later(days=365 * 20 + 1)
    with pytest.raises(CeremonyNeeded, match="create-root"):
        pki.establish()
