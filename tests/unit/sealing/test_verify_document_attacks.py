"""What forgers do. Every attack must end in a report, and none in "genuine"."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sealing_forgery import cms_of, gap, with_cms, with_time_stamp, without_time_stamp
from sealing_office import AGENCIES, ORIGIN, Office, birth, render
from sealing_pki import Authority
from sealing_updates import CHANGES, Change, show_another_page, updated

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from verify.structure import MAX_DOCUMENT_OCTETS, sealed_octets
from verify.verdict import Agreement, Indication, SubIndication, ValidationReport, Verdict

FIRST = make_document_number(2026, 1)
SECOND = make_document_number(2026, 2)


def test_any_changed_byte_that_the_seal_covers_is_found(sealed: bytes, sealed_by: Office) -> None:
    """Some 300 places over the file, two kinds of change each."""
    start, end = gap(sealed)
    trust_at = sealed_by.now + timedelta(hours=3)
    for place in (*range(0, start, 127), *range(end, sealed_octets(sealed), 53)):
        for flip in (0x01, 0x80):
            broken = bytearray(sealed)
            broken[place] ^= flip
            report = sealed_by.judge(bytes(broken), at=trust_at)
            assert report.verdict is Verdict.NOT_GENUINE, place
            assert report.indication is Indication.TOTAL_FAILED, place


def test_any_changed_byte_behind_the_seal_improves_nothing(sealed: bytes, sealed_by: Office) -> None:
    """What is stored there can be broken, or be another's: it only proves, and says nothing."""
    genuine = sealed_by.judge(sealed)
    for place in range(sealed_octets(sealed), len(sealed), 41):
        broken = bytearray(sealed)
        broken[place] ^= 0x04
        report = sealed_by.judge(bytes(broken))
        assert report.verdict is not Verdict.GENUINE or report.signature == genuine.signature


def sealer_of(report: ValidationReport) -> tuple[str | None, ...]:
    facts = report.signature
    return facts.signer, facts.organization_identifier, facts.certificate_sha256


def test_any_changed_octet_of_the_signature_never_crashes_or_improves_anything(
    sealed: bytes, sealed_by: Office
) -> None:
    genuine = sealed_by.judge(sealed)
    content = cms_of(sealed).dump()
    for place in range(0, len(content), 23):
        broken = bytearray(content)
        broken[place] ^= 0x04
        report = sealed_by.judge(with_cms(sealed, bytes(broken)))
        # An embedded certificate that nothing needs may change; who sealed stays the same.
        assert report.verdict is not Verdict.GENUINE or sealer_of(report) == sealer_of(genuine)
        assert report.level in {None, Level.B_LT}, "no time-stamp is lost unnoticed"


@pytest.mark.parametrize(
    "tail",
    [b"\n", b" ", b"\0", b"%", b"%%EOF\n", b"x" * 407 + b"\nstartxref\n0\n%%EOF\n"],
    ids=["a line end", "a space", "a zero", "a comment", "another end", "a block behind a bad table (isa_B)"],
)
def test_bytes_behind_the_end_are_tampering(sealed: bytes, sealed_by: Office, tail: bytes) -> None:
    report = sealed_by.judge(sealed + tail)

    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.verdict is Verdict.NOT_GENUINE


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_incremental_update_is_tampering(sealed: bytes, sealed_by: Office, change: Change) -> None:
    report = sealed_by.judge(updated(sealed, change))

    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.verdict is Verdict.NOT_GENUINE


def test_update_with_the_byte_range_stretched_over_it_breaks_the_digest(
    sealed: bytes, sealed_by: Office
) -> None:
    changed = updated(sealed, show_another_page)
    _, end = gap(sealed)
    old = b"%d]" % (len(sealed) - end)
    new = b"%d]" % (len(changed) - end)
    stretched = changed.replace(old + b" " * (len(new) - len(old)), new, 1)

    assert sealed_by.judge(stretched).verdict is Verdict.NOT_GENUINE


def test_content_hidden_in_the_unsigned_gap_is_refused(sealed: bytes, sealed_by: Office) -> None:
    start, _ = gap(sealed)
    hidden = sealed[: start + 200] + b"> /X <" + sealed[start + 206 :]

    assert sealed_by.judge(hidden).sub_indication is SubIndication.FORMAT_FAILURE


def test_octets_behind_the_signature_object_are_refused(sealed: bytes, sealed_by: Office) -> None:
    content = cms_of(sealed).dump()

    report = sealed_by.judge(with_cms(sealed, content + b"\x01"))

    assert report.sub_indication is SubIndication.FORMAT_FAILURE


def test_stripped_time_stamp_leaves_a_seal_that_only_today_can_vouch_for(office: Office) -> None:
    seal = office.authority.seal_certificate("civil-registry", not_after=office.now + timedelta(days=30))
    stripped = without_time_stamp(office.document(seal=seal))
    report = office.judge(stripped)

    assert report.level is Level.B_B
    assert report.signature.proven_at is None
    assert report.signature.judgeable_until == office.now + timedelta(days=30)
    later = office.judge(stripped, at=office.now + timedelta(days=31))
    assert (later.indication, later.sub_indication) == (
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
    )
    assert later.verdict is not Verdict.GENUINE


def test_time_stamp_of_another_document_is_refused(office: Office) -> None:
    other = cms_of(office.document(sequence=2))["content"]["signer_infos"][0]["unsigned_attrs"]

    report = office.judge(with_time_stamp(office.document(), other))

    assert report.sub_indication is SubIndication.HASH_FAILURE
    assert report.verdict is Verdict.NOT_GENUINE


def test_resealed_by_a_certificate_nobody_knows(office: Office) -> None:
    """The forger renders the same page again and seals it with a look-alike authority."""
    genuine = office.document()
    forger = Authority("-forged")
    office.authority, real = forger, office.authority
    forged = office.document()
    office.authority = real

    report = office.judge(forged)

    assert office.judge(genuine).verdict is Verdict.GENUINE
    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert report.agreement is Agreement.NOT_CHECKED
    assert report.verdict is Verdict.UNDECIDED


def test_resealed_with_a_genuine_time_stamp(office: Office) -> None:
    forger = Authority("-forged")
    pdf = office.document(seal=forger.seal, issuing=forger.issuing)

    report = office.judge(pdf)
    assert (report.verdict, report.sub_indication) == (
        Verdict.UNDECIDED,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    )


def test_sealed_by_another_agency(office: Office) -> None:
    """The agency in the seal code must be the one whose certificate sealed the file."""
    other = office.authority.seal_certificate("workers-register")
    report = office.judge(office.document(seal=other))

    assert report.indication is Indication.TOTAL_PASSED
    assert [check.code for check in report.checks if check.outcome == "failed"] == ["agency"]
    assert report.verdict is Verdict.NOT_GENUINE


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param("GO:SY-CIVIL-REGISTRY", id="the agency's name in capitals, which once counted"),
        pytest.param("ntrsy-0041776", id="other letters"),
        pytest.param("NTRSY-0041776 ", id="a space behind"),
    ],
)
def test_sealed_under_an_identifier_that_the_trust_list_does_not_give_the_agency(
    office: Office, identifier: str
) -> None:
    listed = (replace(AGENCIES[0], organization_identifier=identifier), AGENCIES[1])
    report = office.judge(office.document(), listed=listed)

    assert [check.code for check in report.checks if check.outcome == "failed"] == ["agency"]
    assert report.verdict is Verdict.NOT_GENUINE


def test_seal_code_by_the_key_of_another_agency(office: Office) -> None:
    report = office.judge(office.document(), agencies=AGENCIES[1:])

    assert report.verdict is Verdict.NOT_GENUINE


def test_seal_code_of_another_document(office: Office) -> None:
    genuine = office.seal_code(office.claims(birth(SECOND), index=8))
    report = office.judge(office.document(url=genuine))

    assert report.indication is Indication.TOTAL_PASSED
    assert report.agreement is Agreement.DIFFERS
    assert report.verdict is Verdict.NOT_GENUINE


def test_seal_code_that_says_other_fields_than_the_record(office: Office) -> None:
    record = birth(FIRST)
    fields = list(office.claims(record).fields)
    fields[0] = "رنا"
    code = office.seal_code(office.claims(record, fields=tuple(fields)))

    report = office.judge(office.document(url=code))

    assert [check.code for check in report.checks if check.outcome == "failed"] == ["record-fields"]
    assert [field.agrees for field in report.fields].count(False) == 1


def test_record_that_is_not_canonical(office: Office) -> None:
    embedded = encode_canonical_json(birth(FIRST)).replace(b"{", b"{ ", 1)

    report = office.judge(office.document(embedded=embedded))

    assert report.agreement is Agreement.DIFFERS


@pytest.mark.parametrize(
    "url",
    [
        f"{ORIGIN}/#1000",
        f"{ORIGIN}/about",
        "https://verify.wathiqa.example.evil.example/#1" + "0" * 34,
        f"{ORIGIN}/#",
    ],
    ids=["code too short", "no code", "another site", "empty code"],
)
def test_document_without_a_proper_seal_code(office: Office, url: str) -> None:
    report = office.judge(office.document(url=url))

    assert report.verdict is Verdict.NOT_GENUINE


@pytest.mark.parametrize(
    "pdf",
    [
        b"",
        b"%PDF-1.7\n",
        b"%PDF-1.7\n%%EOF\n",
        b"GIF89a",
        b"%PDF-1.7\n" + b"[" * 100_000 + b"\n%%EOF\n",
        b"%PDF-1.7\n/ByteRange [0 1 2 3]%%EOF\n",
        b"%PDF-1.7\n".ljust(MAX_DOCUMENT_OCTETS + 1),
    ],
    ids=["empty", "a header", "header and end", "no PDF", "nesting", "a byte range alone", "too large"],
)
def test_rubbish_is_a_failure_of_form(sealed_by: Office, pdf: bytes) -> None:
    report = sealed_by.judge(pdf)

    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.FORMAT_FAILURE


def test_every_beginning_of_a_document_is_a_failure_of_form(sealed: bytes, sealed_by: Office) -> None:
    for length in range(0, len(sealed) - 1, 499):
        assert sealed_by.judge(sealed[:length]).sub_indication is SubIndication.FORMAT_FAILURE


def test_rendered_but_never_sealed(sealed_by: Office) -> None:
    record = birth(FIRST)
    pdf = render(f"{ORIGIN}/#1", encode_canonical_json(record))

    assert sealed_by.judge(pdf).sub_indication is SubIndication.FORMAT_FAILURE
