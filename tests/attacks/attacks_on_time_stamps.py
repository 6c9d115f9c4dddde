"""Time-stamps taken away, exchanged, or made by somebody who may not."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from asn1crypto import cms, core
from attack_register import Source, attack
from attack_scene import LATER, Attempt, Scene, judged, published
from cryptography import x509
from sealing_forgery import cms_of, with_time_stamp, without_time_stamp
from sealing_office import Office
from sealing_pki import NOW, OCSP, SEAL, TSA, Authority, Revocation, certify, token

from verify.verdict import Verdict

STAMPS = "Time-stamps"
CONSTRAINTS = "seal: SIG_CONSTRAINTS_FAILURE"
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


@attack(STAMPS, Source.PADES, verdict=Verdict.UNDECIDED, because="seal-certificate: OUT_OF_BOUNDS_NO_POE")
def stripped_and_shown_after_the_end(scene: Scene) -> Attempt:
    """The time-stamp, which no signature covers, is taken away; the seal certificate has ended since."""
    office = scene.fresh()
    seal = office.authority.seal_certificate("civil-registry", not_after=office.now + timedelta(days=30))
    return judged(office, without_time_stamp(office.document(seal=seal)), NOW + timedelta(days=31))


@attack(STAMPS, Source.PADES, verdict=Verdict.UNDECIDED, because="seal-certificate: REVOKED_NO_POE")
def stripped_and_shown_after_a_revocation(scene: Scene) -> Attempt:
    """The time-stamp is taken away; the certificate was revoked since: sealed before or after?"""
    office = scene.fresh()
    pdf = without_time_stamp(office.document())
    serial = office.authority.seal.certificate.serial_number
    office.authority.revoked[serial] = Revocation(NOW + timedelta(days=5))
    return judged(office, pdf, LATER, crls=published(office, LATER))


@attack(STAMPS, Source.CADES, because="time-stamp: HASH_FAILURE")
def time_stamp_of_another_document(scene: Scene) -> bytes:
    """The genuine time-stamp of another seal."""
    other = cms_of(scene.office.document(sequence=2))["content"]["signer_infos"][0]["unsigned_attrs"]
    return with_time_stamp(scene.sealed, other)


def _tokens(*tokens: bytes, kind: str = "signature_time_stamp_token") -> cms.CMSAttributes:
    values = [cms.ContentInfo.load(each) for each in tokens]
    return cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": values})])


@attack(STAMPS, Source.CADES, verdict=Verdict.UNDECIDED, because="time-stamp: SIG_CONSTRAINTS_FAILURE")
def two_time_stamps(scene: Scene) -> bytes:
    """Two genuine time-stamps of different times over one seal: which one counts?"""
    signer = cms_of(scene.sealed)["content"]["signer_infos"][0]
    digest = hashlib.sha256(signer["signature"].native).digest()
    stamps = [token(scene.office.authority, digest, NOW + timedelta(hours=each)) for each in (0, 1)]
    return with_time_stamp(scene.sealed, _tokens(*stamps))


@attack(STAMPS, Source.CADES, because=CONSTRAINTS)
def unsigned_attribute_that_nobody_knows(scene: Scene) -> bytes:
    """Something else stands where nothing is signed."""
    other = cms.CMSAttributes([cms.CMSAttribute({"type": "1.2.3.4", "values": [core.Any(core.Null())]})])
    return with_time_stamp(scene.sealed, other)


@attack(STAMPS, Source.CADES, verdict=Verdict.UNDECIDED, because="time-stamp: NO_CERTIFICATE_CHAIN_FOUND")
def time_stamp_of_a_stranger(scene: Scene) -> Attempt:
    """Somebody's own time-stamping authority vouches for the time."""
    office = scene.fresh()
    return judged(office, office.document(time_stamp=Authority("-forged").time_stamp(lambda: NOW)))


@attack(
    STAMPS,
    Source.CADES,
    verdict=Verdict.UNDECIDED,
    because="time-stamp: CHAIN_CONSTRAINTS_FAILURE",
    each=[("a seal", SEAL), ("a responder", OCSP)],
)
def time_stamp_by_the_certificate_of(scene: Scene, extensions: Extensions) -> Attempt:
    """A genuine certificate that is for something else makes the time-stamp (RFC 3161 §2.3)."""
    office = scene.fresh()
    stamper = certify("stamper", office.authority.issuing, list(extensions))
    return judged(office, office.document(time_stamp=office.authority.time_stamp(lambda: NOW, tsa=stamper)))


@attack(
    STAMPS,
    Source.CADES,
    verdict=Verdict.UNDECIDED,
    because="time-stamp: TIMESTAMP_ORDER_FAILURE",
    each=[("an hour before", -1), ("two days behind", 48), ("a year behind", 8760)],
)
def time_stamp_far_from_the_claimed_time(scene: Scene, hours: int) -> Attempt:
    """A genuine time-stamp, and a claimed time that does not fit it."""
    office = scene.fresh()
    stamp = office.authority.time_stamp(lambda: NOW + timedelta(hours=hours))
    return judged(office, office.document(time_stamp=stamp))


@attack(
    STAMPS,
    Source.CADES,
    verdict=Verdict.UNDECIDED,
    because="time-stamp: REVOKED_NO_POE",
    each=[("stolen", True), ("no reason given", False)],
)
def time_stamp_out_of_a_revoked_certificate(scene: Scene, stolen: bool) -> Attempt:  # noqa: FBT001 - a variant
    """The time-stamping certificate was revoked since: whoever has its key can choose any time."""
    office = scene.fresh()
    pdf = office.document()
    serial = office.authority.tsa.certificate.serial_number
    revoked_at = NOW + timedelta(days=5)
    office.authority.revoked[serial] = Revocation(revoked_at) if stolen else Revocation(revoked_at, None)
    return judged(office, pdf, LATER, crls=published(office, LATER))


def _ending(office: Office) -> bytes:
    """A document whose time-stamp's certificate ends in nine days."""
    authority = office.authority
    authority.tsa = certify("tsa-short", authority.issuing, TSA, not_after=NOW + timedelta(days=9))
    pdf = office.document()
    authority.tsa = certify("tsa-next", authority.issuing, TSA)
    return pdf


@attack(STAMPS, Source.PADES, verdict=Verdict.UNDECIDED, because="archive: NO_CERTIFICATE_CHAIN_FOUND")
def archive_renewed_by_strangers(scene: Scene) -> Attempt:
    """The proof inside has ended; somebody's own authority says that it was renewed in time."""
    office = scene.fresh()
    pdf, real = _ending(office), office.authority
    office.authority = Authority("-forged")
    forged = office.renewed(pdf, NOW)
    office.authority = real
    return judged(office, forged, LATER)


@attack(STAMPS, Source.PADES, verdict=Verdict.UNDECIDED, because="archive: TIMESTAMP_ORDER_FAILURE")
def archive_renewed_tomorrow(scene: Scene) -> Attempt:
    """The proof inside has ended; a time-stamp from the future is over it."""
    office = scene.fresh()
    return judged(office, office.renewed(_ending(office), LATER + timedelta(days=1)), LATER)


@attack(STAMPS, Source.PADES, verdict=Verdict.UNDECIDED, because="time-stamp: OUT_OF_BOUNDS_NO_POE")
def archive_renewed_too_late(scene: Scene) -> Attempt:
    """Renewed when the proof inside had ended: by then nothing showed that it was older."""
    office = scene.fresh()
    return judged(office, office.renewed(_ending(office), LATER), LATER + timedelta(hours=1))
