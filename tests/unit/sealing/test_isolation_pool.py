"""Files are judged in processes that may die of them; the caller's never does."""

import hashlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sealing_office import NOW, Office
from sealing_publication import publish

from verify.documents import DocumentJudge
from verify.errors import CouldNotRun
from verify.files import structure
from verify.isolation import limits
from verify.isolation import process as isolated
from verify.isolation.limits import MAX_DOCUMENT_OCTETS, Limits
from verify.isolation.orders import Answered
from verify.isolation.plain import encode_plain
from verify.isolation.pool import JudgingPool
from verify.isolation.submissions import NotReadable, Submission
from verify.memory import NOTHING_SEEN, encode_memory
from verify.paper import scan
from verify.seal import validate_seal_code
from verify.trust import load_trust
from verify.verdict import Indication, SubIndication, Verdict

AT = NOW + timedelta(hours=3)


@pytest.fixture(scope="session")
def public(sealed_by: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(sealed_by, tmp_path_factory.mktemp("published") / "public")


@pytest.fixture(scope="module")
def pool(public: Path) -> Iterator[JudgingPool]:
    with JudgingPool(public, at=AT, workers=1) as opened:
        yield opened


def test_a_judge_apart_says_what_a_judge_at_hand_says(pool: JudgingPool, sealed: bytes, public: Path) -> None:
    at_hand = DocumentJudge(load_trust(public, at=AT))

    for pdf in (sealed, sealed[:-1], b""):
        assert pool.judge("extract.pdf", pdf).result() == at_hand.validate(pdf, at=AT)
    assert pool.judge("extract.pdf", sealed).result().verdict is Verdict.GENUINE


def test_a_seal_code_is_judged_apart_too(pool: JudgingPool, public: Path) -> None:
    trust = load_trust(public, at=AT)
    for text in ("hello", "\udce4", "https://verify.wathiqa.example/#1ABC"):
        assert pool.judge_seal(text).result() == validate_seal_code(text, trust=trust, at=AT)


def test_a_judge_inherits_nothing_that_opens_keys_or_databases(
    public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("WATHIQA_KEY_PASSPHRASE", "WATHIQA_PKCS11_PIN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD")
    for name in secrets:
        monkeypatch.setenv(name, "not for judges")
    with JudgingPool(public, at=AT, workers=1) as pool:
        (judge,) = pool._all  # noqa: SLF001  (its process)
        environment = Path(f"/proc/{judge._process.pid}/environ").read_bytes()  # noqa: SLF001  (as above)
    assert b"PATH=" in environment
    assert b"not for judges" not in environment


def test_results_come_in_the_order_of_the_files(public: Path, sealed: bytes, tmp_path: Path) -> None:
    """The first is the slowest, and one is not there."""
    there = tmp_path / "there.pdf"
    there.write_bytes(sealed)
    submissions = [
        Submission(name="0", content=sealed),
        Submission(name="1", content=b""),
        Submission(name="2", content=tmp_path / "nowhere.pdf"),
        Submission(name="3", content=there),
        *(Submission(name=str(each), content=b"") for each in range(4, 12)),
    ]
    with JudgingPool(public, at=AT, workers=2) as pool:
        outcomes = list(pool.judge_all(submissions))

    assert [each.name for each in outcomes] == [str(each) for each in range(12)]
    assert [each.report is not None for each in outcomes] == [True, True, False, *[True] * 9]
    assert outcomes[2].problem == os.strerror(2)
    assert outcomes[3].report.verdict is Verdict.GENUINE


def test_submissions_are_read_as_the_work_goes_on(pool: JudgingPool) -> None:
    """Ten thousand names are not ten thousand files in memory."""
    taken: list[int] = []

    def endless() -> Iterator[Submission]:
        while True:
            taken.append(len(taken))
            yield Submission(name="again", content=b"")

    outcomes = pool.judge_all(endless())
    for _ in range(5):
        next(outcomes)
    assert len(taken) < 10


def test_what_takes_too_much_processor_time_is_stopped_and_the_next_is_judged(
    public: Path, sealed: bytes
) -> None:
    """A millisecond is less than loading the parsers takes: the kernel ends the process."""
    with JudgingPool(public, at=AT, workers=1, limits=Limits(processor_seconds=0.001)) as pool:
        report = pool.judge("slow.pdf", sealed).result()

        assert (report.indication, report.sub_indication) == (
            Indication.TOTAL_FAILED,
            SubIndication.FORMAT_FAILURE,
        )
        assert [check.code for check in report.checks] == ["too-costly"]
        assert report.sha256 == hashlib.sha256(sealed).hexdigest()
        assert pool.judge("slow.pdf", sealed).result() == report


def test_a_judge_that_says_nothing_in_time_decides_nothing(public: Path, sealed: bytes) -> None:
    """A busy machine or a network that hangs is no fault of the file's."""
    with JudgingPool(public, at=AT, workers=1, limits=Limits(wall_seconds=0.01)) as pool:
        report = pool.judge("waiting.pdf", sealed).result()
    assert report.verdict is Verdict.UNDECIDED
    assert [check.code for check in report.checks] == ["too-slow"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits on Windows")
def test_what_takes_too_much_memory_is_never_genuine(public: Path, sealed: bytes) -> None:
    with JudgingPool(public, at=AT, workers=1, limits=Limits(address_space_octets=1 << 26)) as pool:
        report = pool.judge("large.pdf", sealed).result()
    assert (report.verdict, report.sub_indication) == (Verdict.NOT_GENUINE, SubIndication.FORMAT_FAILURE)


def test_what_is_larger_than_any_document_is_not_read(
    pool: JudgingPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = tmp_path / "huge.pdf"
    with huge.open("wb") as file:
        file.truncate(1 << 40)  # a hole; nobody could read it
    report = pool.judge("huge.pdf", huge).result()

    assert [check.code for check in report.checks] == ["too-large"]
    assert report.verdict is Verdict.NOT_GENUINE
    assert MAX_DOCUMENT_OCTETS == structure.MAX_DOCUMENT_OCTETS
    assert limits.MAX_SCAN_OCTETS == scan.MAX_SCAN_OCTETS
    monkeypatch.setattr(isolated.JudgeProcess, "ask", None)
    in_memory = pool.judge("huge.pdf", bytes(MAX_DOCUMENT_OCTETS + 1)).result()
    assert [check.code for check in in_memory.checks] == ["too-large"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on Windows")
def test_what_is_no_file_is_not_waited_for(pool: JudgingPool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    for path in (tmp_path / "pipe.pdf", tmp_path):
        with pytest.raises(NotReadable):
            pool.judge("pipe.pdf", path).result()


# What a process in the judge's place sends, as Python writes it.
ANSWERS = {
    "nothing": "b''",
    "half a frame": r"b'\0\0\0\x08\0\0'",
    "more than it may": r"b'\xff' * 8",
    "no JSON": r"b'\0\0\0\x02\0\0\0\0{]'",
    "a pickle": r"b'\0\0\0\x05\0\0\0\0\x80\x04K\x01.'",
    "another shape": r"""b'\0\0\0\x0d\0\0\0\0{"memory":[]}'""",
    "nested without end": r"b'\0\x0f\x42\x40\0\0\0\0' + b'[' * 1000000",
    "no report behind it": r"""b'\0\0\0\x0d\0\0\0\x02{"memory":""}{}'""",
}
TAKEN_OVER = """
import sys
take = lambda count: sys.stdin.buffer.read(count)
order = lambda: take(sum(int.from_bytes(take(4), 'big') for _ in range(2)))
order()
ready = b'{"problem":"","knowledge":{"trust_list_version":1,'
ready += b'"trust_list_issued_at":"2026-11-22T00:00:00+00:00",'
ready += b'"usable_until":"2026-11-22T00:00:00+00:00","is_rolled_back":false,"root":""}}'
sys.stdout.buffer.write(len(ready).to_bytes(4, 'big') + bytes(4) + ready)
sys.stdout.flush()
order()
sys.stdout.buffer.write(%s)
"""


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_judge_that_was_taken_over_is_not_believed(
    public: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """It begins as it should, and then says something else than a report."""
    monkeypatch.setattr(isolated, "_PROGRAM", TAKEN_OVER % answer)
    with JudgingPool(public, at=AT, workers=1) as pool:
        report = pool.judge("hostile.pdf", b"%PDF-1.7\n%%EOF\n").result()
    assert report.verdict is Verdict.NOT_GENUINE
    assert [check.code for check in report.checks] == ["too-costly"]


def test_a_report_on_another_file_is_not_taken_for_this_one(
    public: Path, sealed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge that was taken over repeats what it said of a genuine file."""
    genuine = encode_plain(DocumentJudge(load_trust(public, at=AT)).validate(sealed, at=AT))
    head = encode_plain(Answered(memory=encode_memory(NOTHING_SEEN)))
    frame = len(head).to_bytes(4, "big") + len(genuine).to_bytes(4, "big") + head + genuine
    monkeypatch.setattr(isolated, "_PROGRAM", TAKEN_OVER % repr(frame))
    with JudgingPool(public, at=AT, workers=1) as pool:
        assert pool.judge("forged.pdf", sealed[:-1]).result().verdict is Verdict.NOT_GENUINE
    with JudgingPool(public, at=AT, workers=1) as pool:
        assert pool.judge("genuine.pdf", sealed).result().verdict is Verdict.GENUINE


LEAVES_A_CHILD = """
import os
if os.fork() == 0:
    os.setsid()
    os.read(%d, 1)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can leave a child like this on Windows")
def test_a_child_that_holds_the_pipes_keeps_nobody_waiting(
    public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killing the judge does not reach it in a session of its own, where it stays until this test ends."""
    holding, released = os.pipe()
    monkeypatch.setattr(isolated, "_PROGRAM", LEAVES_A_CHILD % holding)
    popen = isolated.subprocess.Popen
    monkeypatch.setattr(
        isolated.subprocess, "Popen", lambda *args, **named: popen(*args, **named, pass_fds=[holding])
    )
    try:
        with (
            pytest.raises(CouldNotRun, match="did not start"),
            JudgingPool(public, at=AT, workers=1, limits=Limits(starting_seconds=0.5)),
        ):
            raise AssertionError("nobody answered")
    finally:
        os.close(released)
        os.close(holding)


def test_who_is_killed_by_others_blames_no_file(
    public: Path, sealed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator, or a kernel that is short of memory."""
    ask = isolated.JudgeProcess.ask

    def killed(process: isolated.JudgeProcess, *order: Any) -> bytes:
        os.kill(process.process_id, signal.SIGKILL)
        return ask(process, *order)

    monkeypatch.setattr(isolated.JudgeProcess, "ask", killed)
    with JudgingPool(public, at=AT, workers=1) as pool:
        report = pool.judge("genuine.pdf", sealed).result()
    assert report.verdict is Verdict.UNDECIDED
    assert [check.code for check in report.checks] == ["too-slow"]


def test_a_judge_leaves_no_files_behind(
    public: Path, sealed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It unpacks an archived template set, and is killed at the end."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with JudgingPool(public, at=AT, workers=1) as pool:
        assert pool.judge("extract.pdf", sealed).result().verdict is Verdict.GENUINE
        assert list(tmp_path.rglob("template-set-*"))
    assert not list(tmp_path.iterdir())


def test_nobody_is_blamed_for_what_those_before_used_up(pool: JudgingPool, sealed: bytes) -> None:
    """A process that ends between two files is replaced, and the second is judged by the new one."""
    pool.judge("first.pdf", sealed).result()
    before = pool.process_ids
    for each in before:
        os.kill(each, signal.SIGTERM)
    assert pool.judge("second.pdf", sealed).result().verdict is Verdict.GENUINE
    assert pool.process_ids.isdisjoint(before)


def test_a_process_is_replaced_after_so_many_files(public: Path) -> None:
    seen: set[int] = set()
    with JudgingPool(public, at=AT, workers=1, limits=Limits(files_per_process=2)) as pool:
        for _ in range(4):
            pool.judge_seal("hello").result()
            seen |= pool.process_ids
    assert len(seen) == 2


def test_lists_seen_by_any_process_are_remembered(pool: JudgingPool, sealed: bytes, public: Path) -> None:
    pool.judge("extract.pdf", sealed).result()
    trust = load_trust(public, at=AT)
    trust.status_list(1)
    assert pool.memory == trust.remember()


def test_a_trust_that_cannot_be_relied_on_is_told_before_any_file(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match=r"root\.pem"), JudgingPool(tmp_path, at=AT):
        raise AssertionError("nothing there to trust")


def test_a_pool_that_is_closed_blames_no_file(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is stopped while a file is judged says nothing of the file."""
    with JudgingPool(public, at=AT, workers=1) as pool:

        def stopped_meanwhile(*_: object) -> bytes:
            pool._is_closed = True  # noqa: SLF001 - as `close` does first
            raise isolated.JudgeGone(is_the_files_doing=True)

        monkeypatch.setattr(isolated.JudgeProcess, "ask", stopped_meanwhile)
        with pytest.raises(CouldNotRun, match="closed"):
            pool.judge("genuine.pdf", b"").result()


def test_who_leaves_in_the_middle_leaves_no_process(public: Path) -> None:
    with JudgingPool(public, at=AT, workers=1) as pool:
        (judge,) = pool.process_ids
        pool.judge("never.pdf", b"")
    with pytest.raises(ProcessLookupError):
        os.kill(judge, 0)
