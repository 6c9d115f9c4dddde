"""Certificates and time: EN 319 102-1 §5.2.6 and §5.6, on a closed profile."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from sealing_forgery import without_time_stamp
from sealing_office import Office
from sealing_pki import CA, NOW, OCSP, SEAL, TSA, Authority, Party, Revocation, certify, key, usage

from signing.formats.pades_level import Level
from signing.pades.revocation import RevocationData
from verify.verdict import Agreement, Indication, Outcome, SubIndication, Verdict

LATER = NOW + timedelta(days=10)


def crls(office: Office, at: datetime = LATER) -> list[bytes]:
    """What the authority publishes at `at`."""
    return [office.authority.crl(office.authority.issuing, at)]


def revoke(
    office: Office,
    party: Party,
    at: datetime,
    reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
) -> None:
    office.authority.revoked[party.certificate.serial_number] = Revocation(at, reason)


def test_time_stamped_before_revocation_is_valid(office: Office) -> None:
    """EN 319 102-1: proof of existence precedes revocation."""
    pdf = office.document()
    revoke(office, office.authority.seal, NOW + timedelta(days=5))

    report = office.judge(pdf, at=LATER, crls=crls(office))

    assert report.indication is Indication.TOTAL_PASSED
    assert "seal-certificate-revoked-later" in {check.code for check in report.checks}


def test_without_time_stamp_a_revoked_certificate_leaves_no_proof(office: Office) -> None:
    pdf = without_time_stamp(office.document())
    revoke(office, office.authority.seal, NOW + timedelta(days=5))

    report = office.judge(pdf, at=LATER, crls=crls(office))

    assert report.sub_indication is SubIndication.REVOKED_NO_POE


def test_sealed_after_revocation_by_its_own_word(office: Office) -> None:
    """The embedded answer is from before the revocation; the published list knows better."""
    pdf = office.document()
    revoke(office, office.authority.seal, NOW - timedelta(hours=1))

    report = office.judge(pdf, crls=crls(office))

    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.REVOKED
    assert report.verdict is Verdict.NOT_GENUINE


def test_compromise_dated_back_counts_from_then(office: Office) -> None:
    """RFC 5280 §5.3.2, by way of the revocation date alone when the entry has no invalidity date."""
    pdf = office.document()
    revoke(office, office.authority.seal, NOW + timedelta(minutes=1))
    assert office.judge(pdf, crls=crls(office)).indication is Indication.TOTAL_PASSED

    revoke(office, office.authority.seal, NOW)
    assert office.judge(pdf, crls=crls(office)).indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (x509.ReasonFlags.key_compromise, Indication.INDETERMINATE),
        (x509.ReasonFlags.ca_compromise, Indication.INDETERMINATE),
        (x509.ReasonFlags.cessation_of_operation, Indication.TOTAL_PASSED),
        (x509.ReasonFlags.superseded, Indication.TOTAL_PASSED),
    ],
)
def test_time_stamping_certificate_revoked_later(
    office: Office, reason: x509.ReasonFlags, expected: Indication
) -> None:
    """RFC 3161 §4: only a compromise takes down what was stamped before."""
    pdf = office.document()
    revoke(office, office.authority.tsa, NOW + timedelta(days=5), reason)

    assert office.judge(pdf, at=LATER, crls=crls(office)).indication is expected


def test_revoked_issuing_authority(office: Office) -> None:
    pdf = office.document()
    revoke(office, office.authority.issuing, NOW - timedelta(days=1))
    lists = [office.authority.crl(office.authority.root, LATER)]

    assert office.judge(pdf, crls=lists).indication is not Indication.TOTAL_PASSED


def test_without_any_answer_on_revocation_nothing_is_decided(office: Office) -> None:
    empty = replace(office.revocation(), ocsps=(), crls=())

    report = office.judge(office.document(revocation=empty))

    assert report.sub_indication is SubIndication.TRY_LATER
    assert report.verdict is Verdict.UNDECIDED


def test_answer_that_ended_before_the_seal_says_nothing(office: Office) -> None:
    old = office.revocation(NOW - timedelta(days=60))

    assert office.judge(office.document(revocation=old)).sub_indication is SubIndication.TRY_LATER


def test_answer_by_a_responder_that_was_not_delegated(office: Office) -> None:
    pki = office.authority
    impostor = certify("ocsp-impostor", pki.issuing, TSA)
    genuine = office.revocation()
    forged = replace(
        genuine, ocsps=tuple(pki.ocsp(each, NOW, responder=impostor) for each in (pki.seal, pki.tsa))
    )

    assert office.judge(office.document(revocation=forged)).sub_indication is SubIndication.TRY_LATER


def test_answer_by_a_responder_of_another_authority(office: Office) -> None:
    foreign = Authority("-foreign")
    pki = office.authority
    forged = replace(
        office.revocation(),
        ocsps=tuple(pki.ocsp(each, NOW, responder=foreign.responder) for each in (pki.seal, pki.tsa)),
    )

    assert office.judge(office.document(revocation=forged)).sub_indication is SubIndication.TRY_LATER


@pytest.mark.parametrize(
    ("bent", "expected"),
    [
        ({"not_before": NOW + timedelta(hours=1)}, SubIndication.NOT_YET_VALID),
        ({"not_after": NOW - timedelta(hours=1)}, SubIndication.OUT_OF_BOUNDS_NO_POE),
        (
            {"extensions": [*SEAL, (x509.BasicConstraints(ca=True, path_length=None), True)]},
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        ),
        (
            {"extensions": [*SEAL, (x509.InhibitAnyPolicy(0), True)]},
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        ),
    ],
    ids=["not yet valid", "expired before sealing", "an authority's", "a critical extension unknown here"],
)
def test_unfit_seal_certificate(office: Office, bent: dict[str, Any], expected: SubIndication) -> None:
    seal = office.authority.seal_certificate("civil-registry", **bent)
    sealer_at = office.sealer(seal=seal)
    sealer_at._not_before = sealer_at._not_after = NOW  # noqa: SLF001 - the forger's sealer checks nothing

    report = office.judge(office.document(seal=seal, sealer=sealer_at))

    assert report.sub_indication is expected
    assert report.indication is Indication.INDETERMINATE


@pytest.mark.parametrize(
    "extensions",
    [[(usage("content_commitment"), True)], [*TSA, *CA[:1]], OCSP],
    ids=["a seal certificate", "an authority", "a responder"],
)
def test_certificate_that_may_not_time_stamp(office: Office, extensions: list[Any]) -> None:
    stamper = certify("stamper", office.authority.issuing, extensions)
    stamp = office.authority.time_stamp(lambda: NOW, tsa=stamper)

    report = office.judge(office.document(time_stamp=stamp))

    assert report.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_time_stamp_by_an_unknown_authority(office: Office) -> None:
    stamp = Authority("-foreign").time_stamp(lambda: NOW)

    report = office.judge(office.document(time_stamp=stamp))

    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert report.verdict is not Verdict.GENUINE


@pytest.mark.parametrize("shift", [timedelta(hours=-1), timedelta(days=2), timedelta(days=300)])
def test_time_stamp_that_does_not_fit_the_claimed_time(office: Office, shift: timedelta) -> None:
    stamp = office.authority.time_stamp(lambda: NOW + shift)

    report = office.judge(office.document(time_stamp=stamp))

    assert report.sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE


def test_seal_certificate_under_a_seal_certificate(office: Office) -> None:
    """A leaf cannot issue: basic constraints are checked at every step."""
    below = certify("below", office.authority.seal, SEAL)
    pdf = office.document(seal=below, issuing=office.authority.seal)

    assert office.judge(pdf).verdict is not Verdict.GENUINE


def test_path_longer_than_an_authority_may_have(office: Office) -> None:
    pki = office.authority
    short = [(x509.BasicConstraints(ca=True, path_length=0), True), CA[1]]
    first = certify("short", pki.root, short)
    second = certify("too-deep", first, CA)
    seal = certify("deep-seal", second, SEAL, subject_name=pki.seal.certificate.subject)
    revocation = office.revocation()
    revocation = replace(revocation, certificates=(*revocation.certificates, first.der))

    report = office.judge(office.document(seal=seal, issuing=second, revocation=revocation))

    assert report.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_issuing_authority_is_found_among_hundreds_of_published_certificates(office: Office) -> None:
    """Every certificate ever issued is published, the issuing authority's being one of them."""
    pki = office.authority
    seals = [pki.seal.certificate, pki.tsa.certificate] * 150
    thin = replace(office.revocation(), certificates=())
    pdf = office.document(revocation=thin)

    assert office.judge(pdf, certificates=(*seals, pki.issuing.certificate)).verdict is Verdict.GENUINE
    assert office.judge(pdf, certificates=tuple(seals)).verdict is Verdict.GENUINE


def test_a_file_that_stores_evidence_is_judged_by_it(office: Office) -> None:
    """Whoever exchanges the store gains nothing from published lists: they only tell who was revoked."""
    pki, at = office.authority, office.now + timedelta(hours=3)
    published = (pki.crl(pki.issuing, at), pki.crl(pki.root, at))
    stranger = Authority("-stranger")
    theirs = RevocationData(
        ocsps=(stranger.ocsp(stranger.seal, NOW),),
        crls=(stranger.crl(stranger.root, NOW, days=30),),
        certificates=(stranger.issuing.der, stranger.root.der),
    )

    report = office.judge(office.document(revocation=theirs), crls=published)

    assert (report.indication, report.sub_indication) == (Indication.INDETERMINATE, SubIndication.TRY_LATER)
    assert office.judge(office.document(level=Level.B_T), crls=published).verdict is Verdict.GENUINE


@pytest.mark.parametrize("level", Level)
def test_a_file_from_under_another_root_is_undecided(office: Office, level: Level) -> None:
    """It may be another authority's good document: nothing that it says can be checked here."""
    pdf = office.document(level=level)
    others = Office(authority=Authority("-others"), code_key=key("code-others"))
    report = others.judge(pdf)

    assert (report.verdict, report.indication) == (Verdict.UNDECIDED, Indication.INDETERMINATE)
    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert report.agreement is Agreement.NOT_CHECKED
    assert Outcome.FAILED not in {check.outcome for check in report.checks}
    assert report.document.number is None
    assert {check.code for check in report.checks} == {"structure", "seal", "seal-certificate", "seal-code"}


def test_a_changed_file_from_under_another_root_is_not_genuine(office: Office) -> None:
    changed = bytearray(office.document())
    changed[changed.index(b"/MediaBox[0 0 5") + len(b"/MediaBox[0 0 ")] += 1
    report = Office(authority=Authority("-others"), code_key=key("code-others")).judge(bytes(changed))

    assert report.verdict is Verdict.NOT_GENUINE
