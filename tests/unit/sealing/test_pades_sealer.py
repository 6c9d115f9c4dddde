from datetime import datetime, timedelta
from io import BytesIO

import page
import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pypdf import PdfReader
from sealing_forgery import cms_of, gap
from sealing_office import ORIGIN, Office, birth, render
from sealing_pki import NOW, Authority, KeySigner, Party, certify, usage

from keys.signer import Purpose
from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.pades.errors import OutsideValidity, UnfitCertificate, UnfitTimeStamp, UnsealableDocument
from signing.pades.sealer import Sealer


def rendered() -> bytes:
    record = birth(make_document_number(2026, 1))
    return render(f"{ORIGIN}/#1", encode_canonical_json(record))


# Its reading of ISO 19005-3 §6.4.3: no revision may follow a signature. veraPDF reads it as of the
# moment of signing, and so must whoever allows PAdES-B-LT in PDF/A at all.
BEHIND_THE_SEAL = "PDFA3A-SIGNATURE-BYTERANGE-001"


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_sealed_file_keeps_its_conformance(office: Office, profile: str, level: Level) -> None:
    """PDF/A-3a and PDF/UA-1, which a signature usually breaks."""
    report = page.validate_pdf_bytes(office.document(level=level), profile=profile)

    is_longer = profile == "3a" and level in {Level.B_LT, Level.B_LTA}
    assert [each.rule_id for each in report.failures] == ([BEHIND_THE_SEAL] if is_longer else [])


def test_rendered_file_stays_as_it_was(office: Office) -> None:
    pdf = rendered()
    result = office.sealer().seal(pdf, at=NOW)

    assert result.startswith(pdf)


@pytest.mark.parametrize(
    ("level", "revisions", "changed"),
    [
        (Level.B_B, 2, ModificationLevel.NONE),
        (Level.B_T, 2, ModificationLevel.NONE),
        (Level.B_LT, 3, ModificationLevel.LTA_UPDATES),
        (Level.B_LTA, 4, ModificationLevel.LTA_UPDATES),
    ],
)
def test_pyhanko_sees_nothing_behind_the_certifying_signature_but_proofs(
    office: Office, level: Level, revisions: int, changed: ModificationLevel
) -> None:
    reader = PdfFileReader(BytesIO(office.document(level=level)))
    signature, *time_stamps = reader.embedded_signatures
    signature.compute_integrity_info()
    entire = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)

    assert signature.coverage is entire[revisions > 2]
    assert signature.diff_result.modification_level is changed
    assert signature.docmdp_level.value == 1
    assert reader.xrefs.total_revisions == revisions
    assert [each.field_name for each in time_stamps] == ["TimeStamp1"] * (level is Level.B_LTA)
    for each in time_stamps:
        each.compute_integrity_info()
        assert each.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_a_declaration_that_serves_every_level_is_sealed(sealed: bytes) -> None:
    extensions = PdfReader(BytesIO(sealed)).root_object["/Extensions"]["/ESIC"]

    assert (extensions["/BaseVersion"], extensions["/ExtensionLevel"]) == ("/1.7", 2)


def test_two_documents_share_nothing_that_must_differ(office: Office) -> None:
    """Trailer identifiers: the first half is the file's, the second the revision's (ISO 32000-1 §14.4)."""
    first, second = (PdfReader(BytesIO(office.document(sequence=n))).trailer["/ID"] for n in (1, 2))

    assert first[1] != second[1]


def test_signing_time_stands_in_the_file_and_not_in_the_signature(sealed: bytes) -> None:
    """EN 319 142-1 §6.3."""
    attributes = cms_of(sealed)["content"]["signer_infos"][0]["signed_attrs"]

    field = PdfReader(BytesIO(sealed)).root_object["/AcroForm"]["/Fields"][0].get_object()
    assert field["/V"]["/M"] == "D:20261122090000Z"
    assert sorted(each["type"].native for each in attributes) == [
        "cms_algorithm_protection",
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    ]


def test_signature_object_is_der(sealed: bytes) -> None:
    """X.690: a strict parser reads it, and another encoder writes the same attributes."""
    content = cms_of(sealed)
    attributes = content["content"]["signer_infos"][0]["signed_attrs"]

    assert cms.CMSAttributes(list(attributes)).dump()[1:] == attributes.dump()[1:]
    assert len(pkcs7.load_der_pkcs7_certificates(content.dump())) == 2


def test_root_is_not_embedded(office: Office) -> None:
    pki = office.authority
    chain = [pki.issuing.certificate, pki.root.certificate]
    stamp = pki.time_stamp(lambda: NOW)
    sealer = Sealer(
        KeySigner(pki.seal.private), pki.seal.certificate, chain, stamp, lambda _: office.revocation()
    )
    certificates = cms_of(sealer.seal(rendered(), at=NOW))["content"]["certificates"]

    assert len(certificates) == 2


def test_room_for_the_signature_is_what_it_needs(office: Office) -> None:
    sealer = office.sealer()
    _, *later = (sealer.seal(rendered(), at=NOW) for _ in range(3))
    for pdf in later:
        start, end = gap(pdf)
        spare = (end - start - 2) // 2 - len(cms_of(pdf).dump())
        assert 0 <= spare < 64


def test_larger_token_gets_its_room(office: Office) -> None:
    """The authority's tokens grow, by a longer chain say: sealed anew, once."""
    stamp = office.authority.time_stamp(lambda: NOW)
    padding = [b""]
    sealer = office.sealer(time_stamp=lambda digest: stamp(digest) + padding[0])
    sealer.seal(rendered(), at=NOW)
    padding[0] = bytes(9000)

    assert cms_of(sealer.seal(rendered(), at=NOW))["content_type"].native == "signed_data"


@pytest.mark.parametrize(
    "pdf",
    [b"", b"no PDF at all", b"%PDF-1.7\n", lambda sealed: sealed],
    ids=["empty", "no PDF", "a header", "sealed already"],
)
def test_unsealable(office: Office, sealed: bytes, pdf: object) -> None:
    given = pdf(sealed) if callable(pdf) else pdf
    signer = KeySigner(office.authority.seal.private)
    with pytest.raises(UnsealableDocument):
        office.sealer().seal(given, at=NOW)

    assert signer.uses == []


@pytest.mark.parametrize("at", [NOW - timedelta(days=101), NOW + timedelta(days=4000)])
def test_outside_validity(office: Office, at: datetime) -> None:
    with pytest.raises(OutsideValidity):
        office.sealer().seal(rendered(), at=at)


def test_token_about_something_else(office: Office) -> None:
    stamp = office.authority.time_stamp(lambda: NOW)
    with pytest.raises(UnfitTimeStamp):
        office.sealer(time_stamp=lambda _: stamp(bytes(32))).seal(rendered(), at=NOW)


def test_enormous_token(office: Office) -> None:
    with pytest.raises(UnfitTimeStamp):
        office.sealer(time_stamp=lambda digest: digest + bytes(100_000)).seal(rendered(), at=NOW)


def sealer_of(signer: KeySigner, party: Party, issuing: Party) -> Sealer:
    return Sealer(signer, party.certificate, [issuing.certificate], lambda _: b"", lambda _: None)


def test_certificate_of_another_key(office: Office) -> None:
    pki = office.authority
    with pytest.raises(UnfitCertificate):
        sealer_of(KeySigner(pki.tsa.private), pki.seal, pki.issuing)


def test_key_of_another_purpose(office: Office) -> None:
    pki = office.authority
    with pytest.raises(UnfitCertificate):
        sealer_of(KeySigner(pki.seal.private, purpose=Purpose.OCSP), pki.seal, pki.issuing)


def test_certificate_that_may_not_commit(office: Office) -> None:
    pki = office.authority
    party = certify("no-commitment", pki.issuing, [(usage("digital_signature"), True)])
    with pytest.raises(UnfitCertificate):
        sealer_of(KeySigner(party.private), party, pki.issuing)


def test_chain_of_another_authority(office: Office) -> None:
    pki = office.authority
    with pytest.raises(UnfitCertificate):
        sealer_of(KeySigner(pki.seal.private), pki.seal, Authority("-foreign").issuing)
