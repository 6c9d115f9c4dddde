"""Judging for others: what is not there in time is undecided, and too much at once is told."""

from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issuance.http.errors import TooMuchAtOnce
from issuance.http.idempotency import Answer, make_call
from issuance.identity.actors import Actor, ActorKind
from issuance.verification.errors import VerificationUnavailable
from issuance.verification.judges import MAX_AT_ONCE, Judges
from issuance.verification.kept import KeptAnswers
from verify.errors import CouldNotRun
from verify.verdict import ValidationReport, Verdict

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BANK = Actor(kind=ActorKind.MACHINE, id="bank-1", permissions=frozenset())


class Pool:
    """Judges when a test says so."""

    def __init__(self) -> None:
        self.asked: list[Future[ValidationReport]] = []

    def judge(self, name: str, content: bytes, *, at: datetime) -> Future[ValidationReport]:
        del name, content, at
        self.asked.append(Future())
        return self.asked[-1]

    def close(self) -> None:
        self.asked.clear()


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def judges(tmp_path: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Judges:
    monkeypatch.setattr("issuance.verification.judges.JudgingPool", lambda *_, **__: pool)
    return Judges(tmp_path)


def test_a_report_that_is_not_there_in_time_is_undecided_and_given_up(judges: Judges, pool: Pool) -> None:
    report = judges.begin(b"a file", at=NOON)(within_seconds=0)
    assert report.verdict is Verdict.UNDECIDED
    assert [check.code for check in report.checks] == ["too-slow"]
    assert pool.asked[0].cancelled()


def test_a_report_in_time_is_the_judges_own(judges: Judges, pool: Pool) -> None:
    waiting, expected = judges.begin(b"a file", at=NOON), ValidationReport(at=NOON, sha256="0" * 64)
    pool.asked[0].set_result(expected)
    assert waiting(within_seconds=0) is expected


def test_where_no_judge_can_be_started_nothing_is_judged(judges: Judges, pool: Pool) -> None:
    waiting = judges.begin(b"a file", at=NOON)
    pool.asked[0].set_exception(CouldNotRun("trust-list.cwt: is not there"))
    with pytest.raises(VerificationUnavailable):
        waiting(within_seconds=0)


def test_a_seal_code_is_not_judged_by_what_cannot_be_relied_on(tmp_path: Path) -> None:
    with pytest.raises(VerificationUnavailable):
        Judges(tmp_path).seal("whatever", at=NOON)


def test_too_many_calls_with_files_at_once_are_asked_to_come_again(judges: Judges) -> None:
    turns = [judges.turn() for _ in range(MAX_AT_ONCE)]
    for turn in turns:
        turn.__enter__()
    with pytest.raises(TooMuchAtOnce), judges.turn():
        pass
    turns[0].__exit__(None, None, None)
    with judges.turn():
        pass


def test_a_kept_answer_opens_for_its_own_call_and_under_its_own_key() -> None:
    kept, call = KeptAnswers(key=bytes(32)), _call(key="batch-7")
    answer = Answer(status=200, body=b"a.b.c", media_type="application/jose", headers={"RateLimit": "x"})
    closed = kept.close(call, answer)

    assert b"a.b.c" not in closed.body
    assert kept.open(call, closed) == answer
    wrong: list[tuple[KeptAnswers, Any]] = [
        (KeptAnswers(key=b"\1" * 32), call),
        (kept, _call(key="batch-8")),
        (kept, _call(key="batch-7", content=b"other")),
    ]
    for other, asked in wrong:
        with pytest.raises(VerificationUnavailable):
            other.open(asked, closed)


def _call(*, key: str, content: bytes = b"{}") -> Any:
    return make_call(BANK, "POST /api/verifications", key, content)
