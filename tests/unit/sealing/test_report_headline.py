"""What somebody at a counter reads first, and that nothing of a forgery looks like praise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sealing_office import Office

from signing.formats.document_number import make_document_number
from signing.formats.status_list import RevocationReason, Status
from verify.isolation.costs import too_slow
from verify.reasons import MEANINGS, Reason
from verify.report import words
from verify.report.headline import NAMES, headline_of
from verify.report.instants import day, duration, moment, moment_with_age
from verify.report.knowledge import Knowledge
from verify.report.told import tell_file
from verify.verdict import (
    Check,
    Comparisons,
    DocumentStanding,
    DocumentStatus,
    Indication,
    Outcome,
    SubIndication,
    ValidationReport,
    Verdict,
    Words,
)

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
AGREED = Comparisons(record=Outcome.PASSED, agency=Outcome.PASSED)


def report(indication: Indication, status: DocumentStatus) -> ValidationReport:
    return ValidationReport(
        at=NOW,
        sha256="ab" * 32,
        indication=indication,
        sub_indication=None,
        standing=DocumentStanding(status=status),
        comparisons=AGREED,
    )


@pytest.mark.parametrize("indication", Indication)
@pytest.mark.parametrize("status", DocumentStatus)
def test_every_verdict_has_a_headline_and_says_what_to_do(
    indication: Indication, status: DocumentStatus
) -> None:
    each = report(indication, status)
    headline = headline_of(each)

    assert headline.words is NAMES[each.verdict]
    assert all((headline.meaning.ar, headline.meaning.en, headline.advice.ar, headline.advice.en))
    refuses = any(word in headline.advice.en for word in ("Do not accept", "Do not rely"))
    assert refuses == (each.verdict is not Verdict.GENUINE)


def test_suspended_is_not_told_to_ask_for_a_new_one() -> None:
    headline = headline_of(report(Indication.TOTAL_PASSED, DocumentStatus.SUSPENDED))

    assert "suspended" in headline.meaning.en
    assert "now" in headline.advice.en


def test_document_of_another_authority_is_not_called_a_forgery() -> None:
    stranger = replace(
        report(Indication.INDETERMINATE, DocumentStatus.UNKNOWN),
        sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    )

    assert headline_of(stranger).words.en == "NOT SEALED UNDER THIS AUTHORITY"
    assert "لا تقبلها" in headline_of(stranger).advice.ar


def test_status_not_known_says_what_is_known_and_what_is_not() -> None:
    headline = headline_of(report(Indication.TOTAL_PASSED, DocumentStatus.UNKNOWN))

    assert "not known whether the agency withdrew it" in headline.meaning.en
    assert "connection" in headline.advice.en


def test_check_that_did_not_end_is_the_reason() -> None:
    assert "did not end in time" in headline_of(too_slow(NOW, "ab" * 32)).meaning.en


def test_nothing_of_a_forgery_looks_like_praise(office: Office) -> None:
    """A forged file may carry the code and record of a genuine document: what is right of it is borrowed."""
    changed = office.document().replace(b"/Lang (en)", b"/Lang (fr)", 1)
    judged = office.judge(changed)
    told = tell_file("a.pdf", judged)

    assert judged.verdict is Verdict.NOT_GENUINE
    assert [each.outcome for each in told.checks if each.outcome is Outcome.PASSED] == []
    assert [each for each in told.fields if each.agrees is not False] == []
    assert [label for label, _ in told.seal] == [words.SEAL]
    assert told.checks_title is words.WHY


def test_what_anybody_may_have_sealed_is_told_as_a_forgery_is(office: Office) -> None:
    """A stranger's seal may well be right: that praises nobody, and the name in it is his own choice."""
    stranger = replace(
        office.judge(office.document()),
        indication=Indication.INDETERMINATE,
        sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        standing=DocumentStanding(),
        comparisons=Comparisons(),
    )
    told = tell_file("a.pdf", stranger)

    assert told.is_claimed_only
    assert words.SEALED_BY not in dict(told.seal)
    assert [each for each in told.checks if each.outcome is Outcome.PASSED] == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(Status.REVOKED_FRAUD, Outcome.FAILED), (Status.SUSPENDED, Outcome.FAILED), (None, Outcome.UNDECIDED)],
)
def test_no_tick_stands_beside_bad_news(office: Office, status: Status | None, outcome: Outcome) -> None:
    document = office.document()
    if status is None:
        office.status_list_published = False
    else:
        office.statuses[next(iter(office.statuses))] = status
    told = tell_file("a.pdf", office.judge(document))
    first, *others = told.checks

    assert first.outcome is outcome
    assert any(each.words == words.CODE_IS_RIGHT for each in others)
    assert {each.outcome for each in others} == {Outcome.PASSED}


def test_an_older_list_than_one_seen_before_is_the_headline() -> None:
    older = Check(
        code="seal-code",
        rule="seal-code",
        outcome=Outcome.PASSED,
        words=MEANINGS[Reason.STATUS_ROLLED_BACK].words,
        facts={"reason": Reason.STATUS_ROLLED_BACK.value},
    )
    judged = replace(report(Indication.TOTAL_PASSED, DocumentStatus.UNKNOWN), checks=(older,))
    assert headline_of(judged).meaning == older.words


def test_what_was_not_looked_at_is_not_called_wrong(office: Office) -> None:
    judged = office.judge(b"no document")
    told = tell_file("a.txt", judged)

    assert told.seal == ((words.SEAL, words.NOT_LOOKED_AT),)
    assert words.STATUS_AS_OF not in dict(told.knowledge)


def test_what_is_wrong_comes_first(office: Office) -> None:
    office.status_list_published = False
    told = tell_file("a.pdf", replace(office.judge(office.document()), comparisons=Comparisons()))
    outcomes = [each.outcome for each in told.checks]

    assert outcomes == sorted(outcomes, key=[Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED].index)


def test_reason_and_the_newer_document_are_told() -> None:
    number = make_document_number(2026, 2)
    standing = DocumentStanding(
        status=DocumentStatus.REVOKED, reason=RevocationReason.COURT_ORDER, superseded_by=number
    )
    told = tell_file(
        "a.pdf", replace(report(Indication.TOTAL_PASSED, DocumentStatus.REVOKED), standing=standing)
    )

    assert dict(told.document)[words.REASON] == Words(ar="بأمر قضائي", en="a court ordered it")
    assert dict(told.document)[words.SUPERSEDED_BY] == number


@pytest.mark.parametrize("is_rolled_back", [False, True])
def test_how_old_the_knowledge_is_and_whether_it_went_back(*, is_rolled_back: bool) -> None:
    knowledge = Knowledge(
        trust_list_version=3,
        trust_list_issued_at=NOW - timedelta(days=3),
        usable_until=NOW + timedelta(days=27),
        is_rolled_back=is_rolled_back,
    )
    unknown = report(Indication.TOTAL_PASSED, DocumentStatus.UNKNOWN)
    said = dict(tell_file("a.pdf", unknown, knowledge).knowledge)

    assert said[words.JUDGED_AT] == moment(NOW)
    assert said[words.STATUS_AS_OF] == words.NO_STATUS
    assert said[words.LISTS_AS_OF] == Words(
        ar="رقم 3، 19 تشرين الثاني 2026، 12:00 بتوقيت دمشق (قبل هذا التحقق بـ 3 أيام)",
        en="No. 3, 19 November 2026, 12:00 Damascus time (3 days before this check)",
    )
    assert words.ENOUGH_UNTIL not in said  # it is not enough now
    assert (words.BEWARE in said) is is_rolled_back


def test_the_first_end_that_matters_to_the_document_is_told() -> None:
    """A trust list lasts for weeks; what the register said of a document for days."""
    listed = NOW + timedelta(days=27)
    knowledge = Knowledge(trust_list_version=3, trust_list_issued_at=NOW, usable_until=listed)

    def told(status: DocumentStatus, until: datetime | None) -> object:
        standing = DocumentStanding(status=status, as_of=NOW, counts_until=until)
        each = replace(report(Indication.TOTAL_PASSED, status), standing=standing)
        return dict(tell_file("a.pdf", each, knowledge).knowledge).get(words.ENOUGH_UNTIL)

    sooner, later = NOW + timedelta(days=3), NOW + timedelta(days=30)
    assert told(DocumentStatus.VALID, sooner) == moment(sooner)
    assert told(DocumentStatus.VALID, later) == moment(listed)
    assert told(DocumentStatus.REVOKED, None) == moment(listed)


def test_the_end_of_the_list_that_says_in_force_is_in_the_report(office: Office) -> None:
    judged = office.judge(office.document())
    assert judged.standing.counts_until == office.status_claims().expires_at
    office.statuses[next(iter(office.statuses))] = Status.REVOKED
    assert office.judge(office.document()).standing.counts_until is None


def test_every_word_of_the_model_has_a_name() -> None:
    assert set(words.STATUSES) == set(DocumentStatus)
    assert set(words.SEALS) == set(Indication)
    assert set(words.OUTCOMES) == set(words.OUTCOME_WORDS) == set(Outcome)
    assert set(words.REVOCATIONS) == set(RevocationReason)
    assert set(NAMES) == set(Verdict)


@pytest.mark.parametrize(
    ("length", "ar", "en"),
    [
        (timedelta(seconds=5), "دقيقة واحدة", "1 minute"),
        (timedelta(minutes=2), "دقيقتين", "2 minutes"),
        (timedelta(hours=1, minutes=59), "ساعة واحدة", "1 hour"),
        (timedelta(hours=3), "3 ساعات", "3 hours"),
        (timedelta(hours=11), "11 ساعة", "11 hours"),
        (timedelta(days=2), "يومين", "2 days"),
        (timedelta(days=10), "10 أيام", "10 days"),
        (timedelta(days=30), "30 يوماً", "30 days"),
        (timedelta(days=100), "100 يوم", "100 days"),
        (timedelta(days=103), "103 أيام", "103 days"),
        (timedelta(days=365), "365 يوماً", "365 days"),
    ],
)
def test_durations_are_counted_as_each_language_counts(length: timedelta, ar: str, en: str) -> None:
    assert duration(length) == Words(ar=ar, en=en)


def test_instants_are_those_of_damascus_and_say_so() -> None:
    late = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)

    assert day(late) == Words(ar="1 كانون الثاني 2027", en="1 January 2027")
    assert moment(late) == Words(
        ar="1 كانون الثاني 2027، 01:30 بتوقيت دمشق", en="1 January 2027, 01:30 Damascus time"
    )


def test_age_is_told_before_and_after() -> None:
    before, after = (
        moment_with_age(NOW - timedelta(days=2), NOW),
        moment_with_age(NOW + timedelta(hours=5), NOW),
    )

    assert before.ar.endswith("(قبل هذا التحقق بيومين)")
    assert before.en.endswith("(2 days before this check)")
    assert after.ar.endswith("(بعد هذا التحقق بـ 5 ساعات)")
    assert after.en.endswith("(5 hours after this check)")
    assert moment_with_age(NOW, NOW) == moment(NOW)
