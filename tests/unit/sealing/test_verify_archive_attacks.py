"""What may follow a seal, and what forgers would put there. Nothing is accepted wrongly."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from sealing_forgery import followed_by, taken_apart
from sealing_office import Office
from sealing_pki import NOW, Authority, token
from sealing_updates import CHANGES, Change, show_another_page, updated

from signing.formats.pades_level import Level
from signing.formats.pdf_ground import read_ground
from signing.formats.pdf_updates import (
    MAX_TIME_STAMPS,
    DocumentTimeStamp,
    Store,
    encode_store,
    encode_time_stamp,
)
from verify.files.structure import sealed_octets
from verify.verdict import Indication, Outcome, SubIndication, ValidationReport, Verdict

Forgery = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def keeper() -> Office:
    return Office()


@pytest.fixture(scope="module")
def archived(keeper: Office) -> bytes:
    """Seal, store, time-stamp, store, time-stamp."""
    return keeper.renewed(keeper.document(level=Level.B_LTA), NOW + timedelta(hours=1))


def is_form_failure(report: ValidationReport) -> bool:
    return (report.verdict, report.sub_indication) == (Verdict.NOT_GENUINE, SubIndication.FORMAT_FAILURE)


def test_the_archive_that_is_attacked_is_genuine(keeper: Office, archived: bytes) -> None:
    assert keeper.judge(archived).verdict is Verdict.GENUINE
    assert [type(each) for each in taken_apart(archived)[1]] == [Store, DocumentTimeStamp] * 2


# --- octets that were changed ---------------------------------------------------------------------------


def test_any_changed_byte_behind_the_seal_of_an_archive_is_found(keeper: Office, archived: bytes) -> None:
    """All of it is covered by the newest time-stamp, but that time-stamp's own octets."""
    *_, last = taken_apart(archived)[1]
    assert isinstance(last, DocumentTimeStamp)
    start, end = last.gap
    for place in (*range(sealed_octets(archived), start, 61), *range(end, len(archived), 7)):
        broken = bytearray(archived)
        broken[place] ^= 0x01
        report = keeper.judge(bytes(broken))
        assert report.verdict is Verdict.NOT_GENUINE, place
        assert report.indication is Indication.TOTAL_FAILED, place


@pytest.mark.parametrize(
    "tail",
    [b"\n", b" ", b"\0", b"%%EOF\n", b"x" * 407 + b"\nstartxref\n0\n%%EOF\n"],
    ids=["a line end", "a space", "a zero", "another end", "a block behind a bad table"],
)
@pytest.mark.parametrize("level", Level)
def test_bytes_behind_the_last_revision(keeper: Office, level: Level, tail: bytes) -> None:
    assert is_form_failure(keeper.judge(keeper.document(level=level) + tail))


def test_every_beginning_of_an_archive_is_one_of_its_older_states_or_nothing(
    keeper: Office, archived: bytes
) -> None:
    sealed, updates = taken_apart(archived)
    whole = {len(sealed), *(each.end for each in updates)}
    for length in (*range(len(sealed) - 300, len(archived), 211), *(each - 1 for each in sorted(whole))):
        report = keeper.judge(archived[:length])
        # An end without its line end is what some transports leave of it.
        if length not in whole and length + 1 not in whole:
            assert is_form_failure(report), length


# --- revisions of another kind ---------------------------------------------------------------------------


@pytest.mark.parametrize("level", Level)
def test_a_revision_of_any_other_kind(keeper: Office, level: Level) -> None:
    """More kinds of them are in `tests/attacks/`."""
    assert is_form_failure(keeper.judge(updated(keeper.document(level=level), show_another_page)))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_revision_of_another_kind_under_a_genuine_time_stamp(keeper: Office, change: Change) -> None:
    """The authority stamps whatever digest it is asked about; that makes no form right."""
    changed = updated(keeper.document(), change)

    assert is_form_failure(keeper.judge(stamped_by_others(changed, keeper)))


class Stamps(TimeStamper):
    """The office's own time-stamping authority, for pyHanko."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        assert md_algorithm == "sha256"
        return cms.ContentInfo.load(token(self._office.authority, message_digest, NOW))


def stamped_by_others(pdf: bytes, office: Office) -> bytes:
    writer, output = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    PdfTimeStamper(Stamps(office)).timestamp_pdf(writer, "sha256", output=output)
    return output.getvalue()


def test_an_archive_copy_of_another_maker_is_not_one_of_ours(keeper: Office) -> None:
    assert is_form_failure(keeper.judge(stamped_by_others(keeper.document(), keeper)))


# --- our own form, with something changed in it ------------------------------------------------------------


def substituted(pattern: bytes, by: bytes, *, count: int = 1) -> Forgery:
    """Change what stands behind the seal, its length kept, so that every offset still holds."""

    def forge(pdf: bytes) -> bytes:
        end = sealed_octets(pdf)
        changed, found = re.subn(pattern, by, pdf[end:], count=count)
        assert found, pattern
        assert len(changed) == len(pdf) - end
        return pdf[:end] + changed

    return forge


IN_OUR_FORM: dict[str, Forgery] = {
    "another page tree": substituted(rb"/Pages 1 0 R", b"/Pages 9 0 R"),
    "another language": substituted(rb"/Lang \(en\)", b"/Lang (fr)"),
    "another attachment": substituted(rb"/AF \[ (\d)(\d) 0 R \]", rb"/AF [ \g<2>\g<1> 0 R ]"),
    "another first page": substituted(rb"/Contents (\d)(\d) 0 R", rb"/Contents \g<2>\g<1> 0 R"),
    "a box of another size": substituted(rb"/MediaBox \[ 0 0 595", b"/MediaBox [ 0 0 295"),
    "another seal in the form": substituted(rb"/Fields \[ \d\d 0 R", b"/Fields [ 99 0 R"),
    "a permission taken away": substituted(rb"/DocMDP \d\d 0 R", b"/DocMDP 99 0 R"),
    "a field that can be seen": substituted(rb"/Rect \[ -9999 -9999", b"/Rect [ +0000 +0000"),
    "a field with another name": substituted(rb"/T \(TimeStamp1\)", b"/T (TimeStamp9)"),
    "a signature of another kind": substituted(rb"/Type /DocTimeStamp", b"/Type /Sig         "),
    "another sub filter": substituted(rb"/ETSI.RFC3161", b"/ETSI.RFC9999"),
    "a table that points elsewhere": substituted(rb"\n\d{10} 00000 n", b"\n0000000016 00000 n"),
    "an entry freed": substituted(rb" 00000 n ", b" 00000 f "),
    "an older table skipped": substituted(rb"/Prev \d{5}", b"/Prev 16690"),
    "the store named twice": substituted(rb"/Type /DSS\n/Certs", b"/Certs[]  \n/Certs"),
    "a comment in white space": substituted(rb"\nendobj\n", b"%endobj\n"),
    "capitals among the digits": substituted(rb"/Contents <3082", b"/Contents <3082".upper()[:-1] + b"A"),
    "the range of the time-stamp shorter": substituted(
        rb"/ByteRange \[0 (\d+) (\d+) (\d+)\] ", rb"/ByteRange [0 \1 \2 \3 ]"
    ),
    "white space moved": substituted(rb"> >|>>\nendobj", b">>\rendobj"),
}


@pytest.mark.parametrize("forge", IN_OUR_FORM.values(), ids=IN_OUR_FORM)
def test_changed_objects_in_revisions_of_ours(keeper: Office, archived: bytes, forge: Forgery) -> None:
    assert is_form_failure(keeper.judge(forge(archived)))


def test_a_key_that_stands_twice_in_the_catalog(keeper: Office) -> None:
    """The parsers take one or the other; we take neither. The file's own tables are right."""
    pdf = keeper.document()
    sealed, (store,) = taken_apart(pdf)
    ground = read_ground(sealed, len(sealed))
    twice = ground.catalog + b"/DSS 1 0 R\n"
    assert isinstance(store, Store)
    object.__setattr__(ground, "catalog", twice)
    written = encode_store(ground, certificates=store.certificates, ocsps=store.ocsps, crls=store.crls)

    assert is_form_failure(keeper.judge(sealed + written.content))


# --- tokens and order --------------------------------------------------------------------------------------


def test_a_time_stamp_over_a_shorter_range(keeper: Office) -> None:
    """The token of the sealed part alone, moved behind a store that it does not cover."""
    plain = keeper.renewed(keeper.document(level=Level.B_T), NOW)
    sealed, (store, stamp) = taken_apart(plain)
    other = keeper.document(level=Level.B_T)
    moved = followed_by(other, (store, stamp))

    report = keeper.judge(moved)
    assert (report.verdict, report.sub_indication) == (Verdict.NOT_GENUINE, SubIndication.HASH_FAILURE)
    assert keeper.judge(followed_by(sealed, (store, stamp))).verdict is Verdict.GENUINE


@pytest.mark.parametrize(
    "order", ["T", "TS", "TT", "SSS", "STT", "STSS", "STSTT", "SSTT", "SSSTT", "STSSTT"], ids=str
)
def test_another_order_of_revisions(keeper: Office, order: str) -> None:
    """Each revision is written as we write it, and each time-stamp is over what stands before it."""
    assert is_form_failure(keeper.judge(in_order(keeper, order)))


@pytest.mark.parametrize("order", ["", "S", "ST", "SST", "STST", "SSTST"], ids=str)
def test_the_order_of_revisions_that_counts(keeper: Office, order: str) -> None:
    pki = keeper.authority
    crls = (pki.crl(pki.issuing, NOW), pki.crl(pki.root, NOW))
    assert keeper.judge(in_order(keeper, order), crls=crls).verdict is Verdict.GENUINE


def in_order(office: Office, order: str) -> bytes:
    pdf = office.document(level=Level.B_T)
    ground = read_ground(pdf, len(pdf))
    for number, each in enumerate(order):
        if each == "S":
            data = office.revocation(NOW + timedelta(minutes=number))
            written = encode_store(ground, certificates=data.certificates, ocsps=data.ocsps, crls=data.crls)
        else:
            room = 2 * 4096
            draft, (start, end) = encode_time_stamp(ground, b"0" * room)
            digest = ground.digest.copy()
            digest.update(draft.content[: start - ground.length])
            digest.update(draft.content[end - ground.length :])
            digits = token(office.authority, digest.digest(), NOW).hex().encode().ljust(room, b"0")
            written, _ = encode_time_stamp(ground, digits)
        pdf, ground = pdf + written.content, written.ground
    return pdf


def test_more_time_stamps_than_a_file_may_have(keeper: Office) -> None:
    most = "ST" * MAX_TIME_STAMPS

    assert keeper.judge(in_order(keeper, most)).verdict is Verdict.GENUINE
    assert is_form_failure(keeper.judge(in_order(keeper, most + "ST")))


def passed_over(report: ValidationReport) -> str:
    """Why a time-stamp of the archive was passed over; the seal stands without it."""
    assert report.verdict is Verdict.GENUINE
    assert report.signature.archived_at is None
    (check,) = [check for check in report.checks if check.outcome is not Outcome.PASSED]
    assert check.code == "archive-passed-over"
    return check.facts["sub_indication"]


def test_an_archive_stamped_by_strangers_proves_nothing(keeper: Office) -> None:
    """A time-stamp that nobody knows takes nothing away from the seal's own, while that lasts."""
    pdf, real = keeper.document(), keeper.authority
    keeper.authority = Authority("-forged")
    try:
        forged = keeper.renewed(pdf, NOW)
    finally:
        keeper.authority = real

    assert passed_over(keeper.judge(forged)) == SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    later = keeper.judge(forged, at=NOW + timedelta(days=3651))
    assert later.indication is Indication.INDETERMINATE
    assert later.verdict is not Verdict.GENUINE


def test_an_archive_stamped_by_a_certificate_that_may_not(keeper: Office) -> None:
    pdf, pki = keeper.document(), keeper.authority
    stamper, pki.tsa = pki.tsa, pki.seal
    try:
        forged = keeper.renewed(pdf, NOW)
    finally:
        pki.tsa = stamper

    assert passed_over(keeper.judge(forged)) == SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_a_time_stamp_from_the_future(keeper: Office) -> None:
    report = keeper.judge(keeper.renewed(keeper.document(), NOW + timedelta(days=1)))

    assert passed_over(report) == SubIndication.TIMESTAMP_ORDER_FAILURE


def test_a_forged_seal_under_a_genuine_archive_time_stamp(keeper: Office) -> None:
    """Whoever renews does not judge; a time-stamp makes a bad seal no better."""
    forger = Authority("-forged")
    pdf = keeper.document(seal=forger.seal, issuing=forger.issuing, level=Level.B_LTA)

    report = keeper.judge(pdf)
    assert (report.verdict, report.sub_indication) == (
        Verdict.UNDECIDED,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    )


def test_a_store_of_rubbish_is_a_failure_and_no_crash(keeper: Office) -> None:
    sealed = keeper.document(level=Level.B_T)
    rubbish = Store(end=0, offsets={}, certificates=(b"no certificate",), ocsps=(b"x",), crls=(b"", b"y\r"))
    report = keeper.judge(followed_by(sealed, (rubbish,)))

    assert is_form_failure(report)
    assert [check.outcome for check in report.checks if check.code == "structure"] == [Outcome.FAILED]
