"""Thieves of a key who wait, who choose what answers a file brings, or whom a short answer helps."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.x509 import ReasonFlags
from sealing_office import Office
from sealing_pki import NOW, TSA, Revocation, certify

from signing.pades.archive import Archivist
from verify.files.structure import sealed_octets
from verify.verdict import Indication, SubIndication

ENDS = NOW + timedelta(days=10)
AFTER = ENDS + timedelta(days=2)
UNKNOWN = (Indication.INDETERMINATE, SubIndication.TRY_LATER)


def told(
    office: Office, pdf: bytes, *, at: datetime, lists: tuple[bytes, ...]
) -> tuple[Indication, SubIndication | None]:
    report = office.judge(pdf, at=at, crls=lists)
    return report.indication, report.sub_indication


def lists_at(office: Office, at: datetime) -> tuple[bytes, ...]:
    pki = office.authority
    return pki.crl(pki.issuing, at), pki.crl(pki.root, at)


def test_a_list_from_after_a_seal_certificates_end_does_not_say_that_it_was_good(office: Office) -> None:
    """RFC 5280 §3.3: an entry may leave the list once the certificate has ended."""
    pki = office.authority
    pki.seal = pki.seal_certificate("civil-registry", not_after=ENDS)
    serial = pki.seal.certificate.serial_number
    own = office.revocation()
    pdf = office.document(revocation=replace(own, ocsps=own.ocsps[1:]))
    pki.revoked[serial] = Revocation(NOW - timedelta(days=5))
    listed = lists_at(office, ENDS)
    pki.revoked.clear()
    dropped = lists_at(office, AFTER)

    assert told(office, pdf, at=ENDS, lists=listed)[1] is SubIndication.REVOKED
    assert told(office, pdf, at=AFTER, lists=dropped) == UNKNOWN
    assert told(office, pdf, at=AFTER, lists=(*dropped, *listed))[1] is SubIndication.REVOKED


def test_a_list_from_after_a_time_stampers_end_does_not_say_that_it_was_good(office: Office) -> None:
    pki = office.authority
    pki.tsa = certify("tsa-short", pki.issuing, TSA, not_after=ENDS)
    own = office.revocation()
    pdf = office.document(revocation=replace(own, ocsps=own.ocsps[:1]))
    renewed_at = NOW + timedelta(days=5)
    pki.tsa = certify("tsa-new", pki.issuing, TSA)
    bare = office.revocation(renewed_at)  # without the list that tells of the older certificate
    archivist = Archivist(pki.time_stamp(lambda: renewed_at), lambda _: bare)
    archive = archivist.renew(pdf, sealed_octets=sealed_octets(pdf), at=renewed_at)

    assert told(office, archive, at=AFTER, lists=lists_at(office, AFTER)) == UNKNOWN


def test_what_was_stored_in_a_certificates_time_counts_for_ever(office: Office) -> None:
    pki = office.authority
    pki.seal = pki.seal_certificate("civil-registry", not_after=ENDS)
    pdf = office.document()

    assert told(office, pdf, at=AFTER, lists=()) == (Indication.TOTAL_PASSED, None)


NO_PROOF = (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)
REVOKED_AT = NOW + timedelta(days=5)


@pytest.mark.parametrize(
    ("reason", "expected"), [(None, NO_PROOF), (ReasonFlags.unspecified, (Indication.TOTAL_PASSED, None))]
)
def test_a_time_stamper_revoked_without_a_reason_is_worth_nothing(
    office: Office, reason: ReasonFlags | None, expected: object
) -> None:
    """RFC 3161 §4: no reason is the worst one; "unspecified", where it is written, does no harm."""
    pdf, pki = office.document(), office.authority
    pki.revoked[pki.tsa.certificate.serial_number] = Revocation(REVOKED_AT, reason)

    assert told(office, pdf, at=AFTER, lists=lists_at(office, AFTER)) == expected


def test_an_issuing_authority_revoked_without_a_reason_makes_its_time_stamps_worthless(
    office: Office,
) -> None:
    pdf, pki = office.document(), office.authority
    pki.revoked[pki.issuing.certificate.serial_number] = Revocation(REVOKED_AT, None)

    assert told(office, pdf, at=AFTER, lists=lists_at(office, AFTER)) == NO_PROOF


@pytest.mark.parametrize("delay", [timedelta(), timedelta(days=1)])
@pytest.mark.parametrize("first", [ReasonFlags.superseded, ReasonFlags.cessation_of_operation])
def test_an_old_harmless_revocation_does_not_hide_a_compromise(
    office: Office, first: ReasonFlags, delay: timedelta
) -> None:
    """Whoever has the stolen key stores the list of the day before in the file."""
    pki, own = office.authority, office.revocation()
    serial = pki.tsa.certificate.serial_number
    pki.revoked[serial] = Revocation(REVOKED_AT, first)
    older = pki.crl(pki.issuing, REVOKED_AT)
    pdf = office.document(revocation=replace(own, crls=(*own.crls, older)))
    pki.revoked[serial] = Revocation(REVOKED_AT + delay)

    assert told(office, pdf, at=AFTER, lists=lists_at(office, AFTER)) == NO_PROOF


def test_a_later_compromise_does_not_put_off_the_first_revocation(office: Office) -> None:
    """Sealed between the two: with a certificate that was withdrawn already."""
    pki, own = office.authority, office.revocation()
    serial = pki.seal.certificate.serial_number
    pki.revoked[serial] = Revocation(NOW - timedelta(days=1), ReasonFlags.superseded)
    older = pki.crl(pki.issuing, NOW)
    pdf = office.document(revocation=replace(own, crls=(*own.crls, older)))
    pki.revoked[serial] = Revocation(REVOKED_AT)

    indication, sub_indication = told(office, pdf, at=AFTER, lists=lists_at(office, AFTER))
    assert (indication, sub_indication) == (Indication.TOTAL_FAILED, SubIndication.REVOKED)
