from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from ca.crl import current_crl, issue_crl
from ca.errors import CertificateNotFound, CrlNotMonotone, NotRevocable
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.store import load_last_crl
from keys.errors import WrongPurpose


def serials_of(der: bytes) -> set[int]:
    return {entry.serial_number for entry in x509.load_der_x509_crl(der)}


def revoke_now(
    pki: Any, name: str = "civil-registry", reason: RevocationReason = RevocationReason.SUPERSEDED
) -> int:
    serial: int = pki.hierarchy.seal(name).certificate.serial_number
    with pki.engine.begin() as connection:
        revoke(connection, serial, reason=reason, at=pki.now)
    return serial


def test_a_crl_is_signed_numbered_and_dated(pki: Any) -> None:
    issuing = pki.hierarchy.issuing
    crl = x509.load_der_x509_crl(issue_crl(pki.engine, issuing.as_issuer(), at=pki.now).der)

    assert crl.is_signature_valid(issuing.signer.public_key)
    assert crl.issuer == issuing.certificate.subject
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    assert crl.last_update_utc == pki.now
    assert crl.next_update_utc == pki.now + timedelta(days=1, hours=12)


@pytest.mark.parametrize(
    "reason", [each for each in RevocationReason if each is not RevocationReason.CERTIFICATE_HOLD]
)
def test_an_entry_carries_instant_and_reason(pki: Any, reason: RevocationReason) -> None:
    """RFC 5280 §5.3.1: `unspecified` is said by saying nothing."""
    serial = revoke_now(pki, reason=reason)
    crl = current_crl(pki.engine, pki.hierarchy.issuing.as_issuer(), at=pki.now)
    entry = x509.load_der_x509_crl(crl.der).get_revoked_certificate_by_serial_number(serial)

    assert entry is not None
    assert entry.revocation_date_utc == pki.now
    if reason is RevocationReason.UNSPECIFIED:
        assert not list(entry.extensions)
    else:
        assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason


def test_numbers_and_instants_only_rise(pki: Any) -> None:
    """RFC 5280 §5.2.3."""
    issuer = pki.hierarchy.issuing.as_issuer()
    numbers = [issue_crl(pki.engine, issuer, at=pki.later(minutes=1)).number for _ in range(5)]
    assert numbers == [2, 3, 4, 5, 6]

    with pytest.raises(CrlNotMonotone):
        issue_crl(pki.engine, issuer, at=pki.now - timedelta(minutes=1))
    with pki.engine.connect() as connection:
        last = load_last_crl(connection, "issuing")
    assert last is not None
    assert last.number == 6


def test_a_revocation_makes_a_new_list_due_at_once(pki: Any) -> None:
    issuer = pki.hierarchy.issuing.as_issuer()
    before = current_crl(pki.engine, issuer, at=pki.now)
    serial = revoke_now(pki)
    after = current_crl(pki.engine, issuer, at=pki.now)

    assert serials_of(before.der) == set()
    assert serials_of(after.der) == {serial}
    assert current_crl(pki.engine, issuer, at=pki.now) == after


def test_an_entry_stays_after_the_certificates_end(pki: Any) -> None:
    """The attack: a key that was revoked is taken for good by whoever has a list from after its end."""
    issuer = pki.hierarchy.issuing.as_issuer()
    serial = revoke_now(pki)
    end: datetime = pki.hierarchy.seal("civil-registry").certificate.not_valid_after_utc
    lists = [
        issue_crl(pki.engine, issuer, at=end + after)
        for after in (-timedelta(days=1), timedelta(days=1), timedelta(days=2), timedelta(days=3650))
    ]

    assert [serials_of(crl.der) for crl in lists] == [{serial}] * 4
    assert current_crl(pki.engine, issuer, at=end + timedelta(days=3650)) == lists[-1]


def test_a_root_lists_only_its_own(pki: Any) -> None:
    revoke_now(pki)

    pki.hold()
    with pki.engine.connect() as connection:
        last = load_last_crl(connection, "root")
    assert last is not None
    assert (last.number, serials_of(last.der)) == (2, set())


def test_a_key_of_another_purpose_signs_no_crl(pki: Any) -> None:
    issuer = replace(pki.hierarchy.issuing.as_issuer(), signer=pki.hierarchy.ocsp.signer)

    with pytest.raises(WrongPurpose):
        issue_crl(pki.engine, issuer, at=pki.now)


def test_a_failed_signature_burns_its_number(pki: Any) -> None:
    good = pki.hierarchy.issuing.as_issuer()
    with pytest.raises(WrongPurpose):
        issue_crl(pki.engine, replace(good, signer=pki.hierarchy.ocsp.signer), at=pki.now)

    assert issue_crl(pki.engine, good, at=pki.now).number == 3


def test_where_the_audit_cannot_be_written_no_crl_is_signed(pki: Any) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        issue_crl(pki.engine, pki.hierarchy.issuing.as_issuer(), at=pki.now, audit=full_disk)
    with pki.engine.connect() as connection:
        last = load_last_crl(connection, "issuing")
    assert last is not None
    assert last.number == 1


def test_revocation_is_once_and_for_good(pki: Any) -> None:
    revoke_now(pki, reason=RevocationReason.KEY_COMPROMISE)

    with pytest.raises(NotRevocable):
        revoke_now(pki, reason=RevocationReason.UNSPECIFIED)


def test_what_was_never_issued_cannot_be_revoked(pki: Any) -> None:
    with pki.engine.begin() as connection, pytest.raises(CertificateNotFound):
        revoke(connection, 12345, reason=RevocationReason.SUPERSEDED, at=pki.now)


@pytest.mark.parametrize("days", [-1, 365 * 4], ids=["before its issue", "after its end"])
def test_revocation_is_while_the_certificate_lasts(pki: Any, days: int) -> None:
    pki.later(days=days)

    with pytest.raises(NotRevocable):
        revoke_now(pki)
