"""Octets changed one by one, and what is no document at all; attacks by name are in `tests/attacks/`."""

from datetime import timedelta

import pytest
from sealing_forgery import cms_of, gap, with_cms, without_time_stamp
from sealing_office import AGENCIES, ORIGIN, Office, birth, render

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from verify.files.structure import MAX_DOCUMENT_OCTETS, sealed_octets
from verify.verdict import Indication, SubIndication, ValidationReport, Verdict

FIRST = make_document_number(2026, 1)


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


def test_what_was_changed_in_the_sealed_part_is_not_blamed_on_what_follows(
    sealed: bytes, sealed_by: Office
) -> None:
    place = sealed_octets(sealed) // 2
    changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
    report = sealed_by.judge(changed)
    assert report.verdict is Verdict.NOT_GENUINE
    assert "something was changed after sealing" in report.checks[0].facts["rule"]


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


def test_seal_code_by_the_key_of_another_agency(office: Office) -> None:
    report = office.judge(office.document(), agencies=AGENCIES[1:])

    assert report.verdict is Verdict.NOT_GENUINE


def test_seal_code_that_says_other_fields_than_the_record(office: Office) -> None:
    record = birth(FIRST)
    fields = list(office.claims(record).fields)
    fields[0] = "رنا"
    code = office.seal_code(office.claims(record, fields=tuple(fields)))

    report = office.judge(office.document(url=code))

    assert [check.code for check in report.checks if check.outcome == "failed"] == ["record-fields"]
    assert [field.agrees for field in report.fields].count(False) == 1


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
