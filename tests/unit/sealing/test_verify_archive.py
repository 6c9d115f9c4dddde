"""Levels, and archives renewed for years: what still counts when every certificate of the day has ended."""

from datetime import datetime, timedelta

import pytest
from sealing_forgery import taken_apart, without_time_stamp
from sealing_office import Office
from sealing_pki import NOW, TSA, Authority, Revocation, certify

from signing.formats.pades_level import Level
from signing.formats.pdf_updates import DocumentTimeStamp, Store
from verify.files.structure import read_sealed_file
from verify.signatures.algorithms import AGREED, Algorithms
from verify.signatures.chain import ChainJudge
from verify.signatures.signature import SignatureJudgement, judge_signature
from verify.verdict import Indication, SubIndication, ValidationReport, Verdict

PASSED = (Indication.TOTAL_PASSED, None)


def years(count: float) -> timedelta:
    return timedelta(days=365.25 * count)


def told(report: ValidationReport | SignatureJudgement) -> tuple[Indication, SubIndication | None]:
    return report.indication, report.sub_indication


def stopped_by(report: ValidationReport | SignatureJudgement) -> str:
    return next(check.code for check in report.checks if "sub_indication" in check.facts)


@pytest.fixture
def long() -> Office:
    """An authority of thirty years, whose seal and time-stamping certificates last two and three."""
    authority = Authority(lasting=years(30))
    authority.seal = authority.seal_certificate("civil-registry", not_after=NOW + years(2))
    office = Office(authority=authority)
    new_stamper(office, NOW)
    return office


def new_stamper(office: Office, at: datetime, *, key: str = "tsa") -> None:
    office.authority.tsa = certify(
        "tsa",
        office.authority.issuing,
        TSA,
        not_before=at - timedelta(days=1),
        not_after=at + years(3),
        key_name=key,
    )


def renewed_later(office: Office, pdf: bytes, *after: float) -> bytes:
    """Renewed at each of these times after the sealing, with the certificate of the day."""
    for each in after:
        new_stamper(office, NOW + years(each))
        pdf = office.renewed(pdf, NOW + years(each))
    return pdf


@pytest.mark.parametrize("level", Level)
def test_the_level_is_named_and_every_level_passes_with_what_is_published(
    office: Office, level: Level
) -> None:
    pki, at = office.authority, office.now + timedelta(hours=3)
    published = (pki.crl(pki.issuing, at), pki.crl(pki.root, at))
    report = office.judge(office.document(level=level), crls=published)

    assert report.level is level
    assert report.verdict is Verdict.GENUINE
    assert (report.signature.proven_at is None) is (level is Level.B_B)
    assert (report.signature.archived_at is None) is (level is not Level.B_LTA)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.B_B, (Indication.INDETERMINATE, SubIndication.TRY_LATER)),
        (Level.B_T, (Indication.INDETERMINATE, SubIndication.TRY_LATER)),
        (Level.B_LT, PASSED),
        (Level.B_LTA, PASSED),
    ],
)
def test_offline_a_level_is_worth_what_it_carries(
    office: Office, level: Level, expected: tuple[Indication, SubIndication | None]
) -> None:
    assert told(office.judge(office.document(level=level))) == expected


def test_a_plain_signature_counts_while_its_certificate_does_and_says_so(office: Office) -> None:
    pki = office.authority
    ends = office.now + timedelta(days=1)
    pdf = office.document(level=Level.B_B, seal=pki.seal_certificate("civil-registry", not_after=ends))
    published = (pki.crl(pki.issuing, office.now, days=9), pki.crl(pki.root, office.now, days=9))

    before = office.judge(pdf, crls=published)
    after = office.judge(pdf, at=ends + timedelta(seconds=1), crls=published)

    assert told(before) == PASSED
    assert before.signature.judgeable_until == ends
    assert "no-time-stamp" in {check.code for check in before.checks}
    assert told(after) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)
    (failed,) = [check for check in after.checks if check.code == "seal-certificate"]
    assert "nothing proves that the seal is older" in failed.words.en


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
@pytest.mark.parametrize("after", [3.1, 6, 12])
def test_without_renewal_nothing_counts_after_the_time_stamp_has_ended(
    long: Office, level: Level, after: float
) -> None:
    report = long.judge(long.document(level=level), at=NOW + years(after))

    assert told(report) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize(("after", "renewals"), [(4, 1), (6, 2), (12, 5)])
def test_a_chain_of_renewals_carries_a_seal_over_the_years(
    long: Office, level: Level, after: int, renewals: int
) -> None:
    """Nothing but the root is published; seal and time-stamping certificates ended long ago."""
    times = [1.5 + 2.5 * each for each in range(renewals)]
    pdf = renewed_later(long, long.document(level=level), *times)
    report = long.judge(pdf, at=NOW + years(after))

    assert told(report) == PASSED
    assert report.level is Level.B_LTA
    assert report.signature.archived_at == NOW + years(times[-1])
    assert report.signature.judgeable_until == NOW + years(times[-1] + 3)
    assert report.signature.proven_at == NOW + (years(1.5) if level is Level.B_B else timedelta())
    assert len(read_sealed_file(pdf).time_stamps) == renewals + (level is Level.B_LTA)


def test_one_renewal_that_came_too_late_is_not_mended_by_the_next(long: Office) -> None:
    pdf = renewed_later(long, long.document(), 3.5, 6)
    report = long.judge(pdf, at=NOW + years(7))

    assert told(report) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert stopped_by(report) == "time-stamp"


def test_an_archive_stripped_back_is_what_it_was_before(long: Office) -> None:
    sealed = long.document()
    pdf = renewed_later(long, sealed, 1.5)
    _, updates = taken_apart(pdf)

    assert pdf.startswith(sealed)
    assert [type(each) for each in updates] == [Store, Store, DocumentTimeStamp]
    stripped = long.judge(pdf[: updates[0].end])
    bare = long.judge(pdf[: len(taken_apart(pdf)[0])])
    assert (told(stripped), stripped.level) == (PASSED, Level.B_LT)
    assert (bare.level, bare.sub_indication) == (Level.B_T, SubIndication.TRY_LATER)


def test_a_certificate_revoked_after_the_archive_was_renewed_does_no_harm(long: Office) -> None:
    """EN 319 102-1 §5.6.2.2: the time-stamp is proven older than the compromise of its key."""
    first = long.authority.tsa
    pdf = renewed_later(long, long.document(), 1)
    long.authority.revoked[first.certificate.serial_number] = Revocation(NOW + years(1.5))
    pki, at = long.authority, NOW + years(2)

    assert told(long.judge(pdf, at=at, crls=(pki.crl(pki.issuing, at),))) == PASSED


def test_a_time_stamper_revoked_before_the_renewal_proves_nothing(long: Office) -> None:
    first = long.authority.tsa
    pdf = renewed_later(long, long.document(), 1)
    long.authority.revoked[first.certificate.serial_number] = Revocation(NOW + years(0.5))
    pki, at = long.authority, NOW + years(2)
    report = long.judge(pdf, at=at, crls=(pki.crl(pki.issuing, at),))

    assert told(report) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)


def test_the_newest_time_stamper_revoked_proves_nothing(long: Office) -> None:
    """While the seal's own time-stamp lasts, it is enough; afterwards nothing proves anything."""
    pdf = renewed_later(long, long.document(), 1)
    newest = long.authority.tsa.certificate.serial_number
    long.authority.revoked[newest] = Revocation(NOW + years(1.5))
    pki, at = long.authority, NOW + years(2)
    report = long.judge(pdf, at=at, crls=(pki.crl(pki.issuing, at),))
    late = NOW + years(3.5)
    later = long.judge(pdf, at=late, crls=(pki.crl(pki.issuing, late),))

    assert told(report) == PASSED
    assert stopped_by(report) == "archive-passed-over"
    assert report.signature.judgeable_until == NOW + years(3)
    assert told(later) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)
    assert stopped_by(later) == "archive"


def test_a_seal_revoked_between_sealing_and_renewal_needs_its_own_time_stamp(long: Office) -> None:
    pdf = renewed_later(long, long.document(), 1)
    bare = renewed_later(long, without_time_stamp(long.document(level=Level.B_T)), 1)
    revoked_at = NOW + timedelta(days=9)
    long.authority.revoked[long.authority.seal.certificate.serial_number] = Revocation(revoked_at)
    pki, at = long.authority, NOW + years(2)
    crls = (pki.crl(pki.issuing, at),)

    assert told(long.judge(pdf, at=at, crls=crls)) == PASSED
    assert told(long.judge(bare, at=at, crls=crls)) == (
        Indication.INDETERMINATE,
        SubIndication.REVOKED_NO_POE,
    )


def judged(office: Office, pdf: bytes, *, at: datetime, weak: dict[str, datetime]) -> SignatureJudgement:
    chain = ChainJudge(roots=(office.authority.root.certificate,))
    algorithms = Algorithms(ends={**AGREED, **weak})
    return judge_signature(read_sealed_file(pdf), chain=chain, at=at, algorithms=algorithms)


def test_a_weakened_algorithm_counts_where_a_stronger_time_stamp_is_older(long: Office) -> None:
    """EN 319 102-1 §5.6.3: P-256 falls after two years; the second archive was stamped with P-384 before."""
    pdf, broken = long.document(), {"ecdsa-p256": NOW + years(2)}
    weak = renewed_later(long, pdf, 1)
    long.authority.tsa = certify(
        "tsa", long.authority.root, TSA, not_after=NOW + years(9), key_name="root-tsa"
    )
    strong = long.renewed(pdf, NOW + years(1))

    before = judged(long, weak, at=NOW + years(1.5), weak=broken)
    after = judged(long, weak, at=NOW + years(2.5), weak=broken)
    carried = judged(long, strong, at=NOW + years(8), weak=broken)

    assert told(before) == told(carried) == PASSED
    assert before.facts.judgeable_until == NOW + years(2)
    assert carried.facts.judgeable_until == NOW + years(9)
    assert told(after) == (Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
    assert stopped_by(after) == "archive"


def test_a_hash_that_is_on_no_list_never_counts(long: Office) -> None:
    ends = {name: end for name, end in AGREED.items() if name != "sha256"}
    chain = ChainJudge(roots=(long.authority.root.certificate,))
    judgement = judge_signature(
        read_sealed_file(long.document()), chain=chain, at=NOW, algorithms=Algorithms(ends=ends)
    )

    assert told(judgement) == (Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
