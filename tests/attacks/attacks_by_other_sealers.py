"""The same page sealed again: by strangers, by certificates that ended or were revoked, by other agencies."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from attack_cms import signed_again
from attack_register import Source, attack
from attack_scene import LATER, Attempt, Scene, judged, published
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sealing_forgery import followed_by, taken_apart
from sealing_office import AGENCIES, Office
from sealing_pki import CA, IDENTIFIERS, NOW, OCSP, SEAL, TSA, Authority, Party, Revocation, certify, name

from signing.formats.pdf_updates import Store
from signing.pades import sealer as sealers
from verify.verdict import Verdict

SEALED, STORES = "Sealed again by others", "Security store"
UNKNOWN = "seal-certificate: NO_CERTIFICATE_CHAIN_FOUND"
OPEN = Verdict.UNDECIDED


def _by(office: Office, party: Party, issuing: Party | None = None, **bent: Any) -> bytes:
    """Sealed by a party whose sealer does not look at its certificate's dates."""
    with patch.object(sealers, "_check"):
        sealer = office.sealer(seal=party, issuing=issuing or office.authority.issuing, **bent)
    sealer._not_before = sealer._not_after = office.now  # noqa: SLF001 - the forger's sealer checks nothing
    return office.document(sealer=sealer)


class LookAlike(Authority):
    """Every name as in the genuine authority, every key another."""

    def __init__(self) -> None:
        super().__init__()
        self.root = certify("root", None, CA, key_name="root-look-alike")
        self.issuing = certify("issuing", self.root, CA, key_name="issuing-look-alike")
        self.tsa = certify("tsa", self.issuing, TSA, key_name="tsa-look-alike")
        self.responder = certify("ocsp", self.issuing, OCSP, key_name="ocsp-look-alike")
        self.seal = self.seal_certificate("civil-registry", key_name="seal-look-alike")


@attack(
    SEALED,
    Source.CHAIN,
    verdict=OPEN,
    because=UNKNOWN,
    each=[("other names", lambda: Authority("-forged")), ("the same names", LookAlike)],
)
def by_an_authority_of_ones_own(scene: Scene, authority: Any) -> Attempt:
    """A stranger makes root, issuing authority, seal and time-stamps, and seals a page like ours."""
    office = scene.fresh()
    real, office.authority = office.authority, authority()
    pdf = office.document()
    office.authority = real
    return judged(office, pdf)


@attack(SEALED, Source.CHAIN, verdict=OPEN, because=UNKNOWN)
def by_a_stranger_with_a_genuine_time_stamp(scene: Scene) -> Attempt:
    """The stranger's seal, and a time-stamp of ours over it."""
    office, forger = scene.fresh(), Authority("-forged")
    return judged(office, office.document(seal=forger.seal, issuing=forger.issuing))


@attack(SEALED, Source.CHAIN, verdict=OPEN, because=UNKNOWN)
def by_a_certificate_that_signed_itself(scene: Scene) -> Attempt:
    """A self-signed certificate with the agency's own name and identifier."""
    office = scene.fresh()
    subject = name("Seal of civil-registry", "Agency civil-registry", IDENTIFIERS["civil-registry"])
    own = certify("self", None, SEAL, subject_name=subject)
    return judged(office, _by(office, own))


@attack(
    SEALED,
    Source.CHAIN,
    because="seal-certificate: CHAIN_CONSTRAINTS_FAILURE",
    each=[
        ("the issuing authority", "issuing"),
        ("the time-stamping authority", "tsa"),
        ("the responder", "responder"),
    ],
)
def by_another_role(scene: Scene, role: str) -> Attempt:
    """A genuine certificate that is for something else seals the page."""
    office = scene.fresh()
    return judged(office, _by(office, getattr(office.authority, role)))


@attack(SEALED, Source.CHAIN, verdict=OPEN, because="seal-certificate: NO_CERTIFICATE_CHAIN_FOUND")
def by_a_certificate_under_a_seal(scene: Scene) -> Attempt:
    """The holder of a genuine seal certificate issues another with it (CVE-2002-0862 and its kind)."""
    office = scene.fresh()
    below = certify(
        "below", office.authority.seal, SEAL, subject_name=office.authority.seal.certificate.subject
    )
    return judged(office, _by(office, below, office.authority.seal))


Extensions = Sequence[tuple[x509.ExtensionType, bool]]
_UNFIT: dict[str, Extensions] = {
    "an authority too": [*SEAL, (x509.BasicConstraints(ca=True, path_length=None), True)],
    "a critical extension unknown here": [*SEAL, (x509.InhibitAnyPolicy(0), True)],
    "no key usage": [],
    "a key usage for connections": TSA[:1],
}


@attack(
    SEALED,
    Source.CHAIN,
    verdict=OPEN,
    because="seal-certificate: CHAIN_CONSTRAINTS_FAILURE",
    each=_UNFIT.items(),
)
def by_a_certificate_of_another_profile(scene: Scene, extensions: Extensions) -> Attempt:
    """A certificate under the genuine authority that no seal of ours has."""
    office = scene.fresh()
    seal = office.authority.seal_certificate("civil-registry", extensions=list(extensions))
    return judged(office, _by(office, seal))


@attack(
    SEALED,
    Source.CHAIN,
    verdict=OPEN,
    because="seal-certificate: CHAIN_CONSTRAINTS_FAILURE",
    each=[
        ("a surname", NameOID.SURNAME),
        ("a given name", NameOID.GIVEN_NAME),
        ("a pseudonym", NameOID.PSEUDONYM),
    ],
)
def by_an_officers_certificate(scene: Scene, named: x509.ObjectIdentifier) -> Attempt:
    """An officer of the agency seals a page with the certificate of their own key, which names them."""
    office = scene.fresh()
    subject = [*office.authority.seal.certificate.subject, x509.NameAttribute(named, "Haddad")]
    officer = certify("officer", office.authority.issuing, SEAL, subject_name=x509.Name(subject))
    return judged(office, _by(office, officer))


@attack(
    SEALED,
    Source.CHAIN,
    verdict=OPEN,
    because="seal-certificate: OUT_OF_BOUNDS_NO_POE",
)
def by_a_certificate_that_had_ended(scene: Scene) -> Attempt:
    """Sealed an hour after the certificate's end, with a genuine time-stamp."""
    office = scene.fresh()
    seal = office.authority.seal_certificate("civil-registry", not_after=NOW - timedelta(hours=1))
    return judged(office, _by(office, seal))


@attack(SEALED, Source.CHAIN, verdict=OPEN, because="seal-certificate: NOT_YET_VALID")
def by_a_certificate_that_had_not_begun(scene: Scene) -> Attempt:
    """Sealed an hour before the certificate's beginning."""
    office = scene.fresh()
    seal = office.authority.seal_certificate("civil-registry", not_before=NOW + timedelta(hours=1))
    return judged(office, _by(office, seal))


@attack(SEALED, Source.CHAIN, because="seal-certificate: REVOKED")
def by_a_revoked_certificate(scene: Scene) -> Attempt:
    """Sealed after the revocation by its own word; the file brings an answer from before it."""
    office = scene.fresh()
    pdf = office.document()
    serial = office.authority.seal.certificate.serial_number
    office.authority.revoked[serial] = Revocation(NOW - timedelta(hours=1))
    return judged(office, pdf, crls=published(office, NOW))


@attack(SEALED, Source.CHAIN, because="seal-certificate: REVOKED")
def by_a_revoked_certificate_that_was_only_replaced(scene: Scene) -> Attempt:
    """As before; that the certificate was replaced, not stolen, makes no difference."""
    office = scene.fresh()
    pdf = office.document()
    serial = office.authority.seal.certificate.serial_number
    office.authority.revoked[serial] = Revocation(NOW - timedelta(hours=1), x509.ReasonFlags.superseded)
    return judged(office, pdf, crls=published(office, NOW))


@attack(SEALED, Source.CHAIN, verdict=OPEN, because="time-stamp: REVOKED_NO_POE")
def under_a_revoked_authority(scene: Scene) -> Attempt:
    """The issuing authority was revoked the day before."""
    office = scene.fresh()
    pdf = office.document()
    office.authority.revoked[office.authority.issuing.certificate.serial_number] = Revocation(
        NOW - timedelta(days=1)
    )
    return judged(office, pdf, crls=published(office, NOW))


@attack(SEALED, Source.OURS, because="agency")
def by_another_agency(scene: Scene) -> Attempt:
    """An insider of another agency seals a page of this one."""
    office = scene.fresh()
    return judged(office, office.document(seal=office.authority.seal_certificate("workers-register")))


@attack(
    SEALED,
    Source.OURS,
    because="agency",
    each=[
        ("other letters", "ntrsy-0041776"),
        ("a space behind", "NTRSY-0041776 "),
        ("the name", "GO:SY-CIVIL"),
    ],
)
def under_an_identifier_like_the_agencys(scene: Scene, identifier: str) -> Attempt:
    """The certificate's identifier is nearly the one that the trust list gives the agency."""
    listed = (replace(AGENCIES[0], organization_identifier=identifier), AGENCIES[1])
    return judged(scene.office, scene.sealed, listed=listed)


@attack(SEALED, Source.OURS, because="agency")
def by_a_certificate_without_an_identifier(scene: Scene) -> Attempt:
    """The certificate names the agency in words and has no identifier."""
    office = scene.fresh()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Directorate of Civil Status")])
    seal = certify("nameless", office.authority.issuing, SEAL, subject_name=subject)
    return judged(office, _by(office, seal))


@attack(
    SEALED,
    Source.CADES,
    verdict=OPEN,
    because="seal-certificate: CRYPTO_CONSTRAINTS_FAILURE",
    each=[("of 192 bits", ec.SECP192R1()), ("of Bitcoin", ec.SECP256K1())],
)
def by_a_key_on_another_curve(scene: Scene, curve: ec.EllipticCurve) -> bytes:
    """A certificate under the genuine authority with a key on a curve that no seal may have."""
    with patch("sealing_pki.key", lambda _: ec.generate_private_key(curve)):
        other = scene.office.authority.seal_certificate("civil-registry")
    return signed_again(scene.sealed, other)


# --- the security store -------------------------------------------------------------------------------------


def _stored(pdf: bytes, **parts: tuple[bytes, ...]) -> bytes:
    sealed, _ = taken_apart(pdf)
    store = {"certificates": (), "ocsps": (), "crls": (), **parts}
    return followed_by(sealed, (Store(end=0, offsets={}, **store),))


@attack(STORES, Source.PADES, verdict=OPEN, because="time-stamp: TRY_LATER")
def store_taken_away(scene: Scene) -> bytes:
    """The store is cut off: nothing says that the certificates are not revoked."""
    return scene.bare


@attack(STORES, Source.PADES, verdict=OPEN, because="time-stamp: TRY_LATER")
def store_of_a_stranger(scene: Scene) -> Attempt:
    """The store is replaced by another authority's."""
    office, other = scene.fresh(), scene.fresh()
    other.authority = LookAlike()
    data = other.revocation()
    parts = {"certificates": data.certificates, "ocsps": data.ocsps, "crls": data.crls}
    return judged(office, _stored(office.document(), **parts))


@attack(STORES, Source.PADES, verdict=OPEN, because="time-stamp: TRY_LATER")
def store_of_old_answers(scene: Scene) -> Attempt:
    """The store is replaced by genuine answers that ended before the seal was made."""
    office = scene.fresh()
    data = office.revocation(NOW - timedelta(days=60))
    parts = {"certificates": data.certificates, "ocsps": data.ocsps, "crls": data.crls}
    return judged(office, _stored(office.document(), **parts))


@attack(STORES, Source.PADES, verdict=OPEN, because="time-stamp: TRY_LATER")
def store_of_answers_about_others(scene: Scene) -> Attempt:
    """The store's genuine answers are about other certificates of the same authority."""
    office, pki = scene.fresh(), scene.office.authority
    others = [pki.seal_certificate("workers-register"), pki.seal_certificate("civil-registry")]
    data = office.revocation()
    parts = {"certificates": data.certificates, "ocsps": tuple(pki.ocsp(each, NOW) for each in others)}
    return judged(office, _stored(office.document(), **parts, crls=data.crls))


@attack(
    STORES,
    Source.CHAIN,
    verdict=OPEN,
    because="time-stamp: TRY_LATER",
    each=[("a stamper", TSA), ("a seal", SEAL)],
)
def answers_by(scene: Scene, extensions: Extensions) -> Attempt:
    """Answers signed by a genuine certificate that was not delegated (RFC 6960 §4.2.2.2)."""
    office = scene.fresh()
    pki, data = office.authority, office.revocation()
    impostor = certify("ocsp-impostor", pki.issuing, list(extensions))
    answers = tuple(pki.ocsp(each, NOW, responder=impostor) for each in (pki.seal, pki.tsa))
    return judged(office, office.document(revocation=replace(data, ocsps=answers)))


@attack(STORES, Source.PADES, because="seal-certificate: REVOKED")
def older_answer_stored(scene: Scene) -> Attempt:
    """The thief of a key stores the answer of the day before the revocation; the published list knows."""
    office = scene.fresh()
    pki = office.authority
    before = office.revocation()
    pki.revoked[pki.seal.certificate.serial_number] = Revocation(NOW - timedelta(hours=2))
    return judged(office, office.document(revocation=before), crls=published(office, NOW))


@attack(STORES, Source.PADES, verdict=OPEN, because="time-stamp: REVOKED_NO_POE")
def harmless_reason_stored(scene: Scene) -> Attempt:
    """A list that gives a harmless reason is stored, to hide the theft that a later list tells of."""
    office = scene.fresh()
    pki, own = office.authority, office.revocation()
    serial, revoked_at = pki.tsa.certificate.serial_number, NOW + timedelta(days=5)
    pki.revoked[serial] = Revocation(revoked_at, x509.ReasonFlags.superseded)
    older = pki.crl(pki.issuing, revoked_at)
    pdf = office.document(revocation=replace(own, crls=(*own.crls, older)))
    pki.revoked[serial] = Revocation(revoked_at + timedelta(days=1))
    return judged(office, pdf, LATER, crls=published(office, LATER))


@attack(
    STORES, Source.PADES, each=[("a certificate", "certificates"), ("an answer", "ocsps"), ("a list", "crls")]
)
def rubbish_stored(scene: Scene, kind: str) -> Attempt:
    """The store is replaced by one in our form with rubbish in it."""
    return judged(scene.office, _stored(scene.sealed, **{kind: (b"rubbish",)}))
