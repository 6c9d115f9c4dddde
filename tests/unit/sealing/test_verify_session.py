"""The command on many documents, and on names that somebody else chose."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sealing_office import NOW, Office
from sealing_publication import publish

from verify.app import main
from verify.cli import check, extract
from verify.isolation.pool import Judged, JudgingPool
from verify.isolation.submissions import Submission
from verify.memory_file import load_memory

AT = NOW + timedelta(hours=3)
Run = Callable[..., int]


@pytest.fixture(scope="session")
def public(sealed_by: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(sealed_by, tmp_path_factory.mktemp("published") / "public")


@pytest.fixture(scope="module")
def pool(public: Path) -> Iterator[JudgingPool]:
    with JudgingPool(public, at=AT, workers=1) as opened:
        yield opened


@pytest.fixture
def run(public: Path, pool: JudgingPool, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, with judging processes that stay from run to run: starting them is what takes time."""

    @contextmanager
    def lent(*_: object, **__: object) -> Iterator[JudgingPool]:
        yield pool

    for module in (check, extract):
        monkeypatch.setattr(module, "open_pool", lent)

    def command(*arguments: object) -> int:
        given = [*map(str, arguments), "--trust", str(public), "--at", AT.isoformat()]
        monkeypatch.setattr("sys.argv", ["wathiqa-verify", *given])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return command


@pytest.fixture
def folder(tmp_path: Path, sealed: bytes) -> Path:
    """A genuine document, one that was changed, and one more level down; and something else."""
    archive = tmp_path / "archive"
    (archive / "more").mkdir(parents=True)
    (archive / "a.pdf").write_bytes(sealed)
    (archive / "b.PDF").write_bytes(sealed + b" ")
    (archive / "more" / "c.pdf").write_bytes(sealed)
    (archive / "readme.txt").write_text("nothing official")
    return archive


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_is_gone_through_in_its_order(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--json") == 1

    reports = lines(capsys.readouterr().out)
    assert [Path(str(each["file"])).name for each in reports] == ["a.pdf", "b.PDF", "c.pdf"]
    assert [each["verdict"] for each in reports] == ["genuine", "not-genuine", "genuine"]


def test_patterns_lists_and_standard_input_name_documents_too(
    run: Run, folder: Path, sealed: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    listed = folder / "list.txt"
    listed.write_text(f"{folder / 'more' / 'c.pdf'}\n\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(sealed)))

    assert run(folder / "*.pdf", "-", "--from", listed, "--json") == 0

    reports = lines(capsys.readouterr().out)
    names = [str(folder / "a.pdf"), "-", str(folder / "more" / "c.pdf")]
    assert [each["file"] for each in reports] == names


def test_what_names_no_document_is_said_and_hides_nothing(
    run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    assert run(empty, tmp_path / "*.pdf", tmp_path / "no.pdf", folder / "a.pdf", "--json") == 3

    said = capsys.readouterr()
    assert [each["about"] for each in lines(said.out)] == ["unread", "unread", "unread", "document"]
    assert [line.rpartition(": ")[2] for line in said.err.splitlines()] == [
        "no file in it ends in .pdf",
        "no file is named like this",
        os.strerror(2),
    ]


def test_many_are_told_in_a_line_each_and_counted(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--brief", "--language", "en") == 1

    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"✔ GENUINE and in force  {folder / 'a.pdf'}"
    assert said[1].startswith(f"✖ NOT GENUINE  {folder / 'b.PDF'}  ")
    assert [line.split() for line in said[-2:]] == [
        ["2", "✔", "GENUINE", "and", "in", "force"],
        ["1", "✖", "NOT", "GENUINE"],
    ]


def test_an_interrupted_run_goes_on_where_it_stopped(
    run: Run, folder: Path, sealed: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A killed process may leave half a line; a document that changed meanwhile is judged again."""
    journal = tmp_path / "run.journal"
    assert run(folder, "--json", "--resume", journal) == 1
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole[:2]) + whole[2][:20])
    capsys.readouterr()

    assert run(folder, "--json", "--resume", journal) == 1
    assert [Path(str(each["file"])).name for each in lines(capsys.readouterr().out)] == ["b.PDF", "c.pdf"]
    assert run(folder, "--json", "--resume", journal) == 1  # by what the journal says of b.PDF
    assert capsys.readouterr().out == ""
    (folder / "b.PDF").write_bytes(sealed)
    assert run(folder, "--json", "--resume", journal) == 0
    assert [Path(str(each["file"])).name for each in lines(capsys.readouterr().out)] == ["b.PDF"]


@pytest.mark.parametrize("content", [b"{}\n", b"[]\n", b"\xff\n", b'{"journal":1,"trust":"x","at":null}\n'])
def test_a_journal_of_something_else_is_left_alone(
    run: Run, folder: Path, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "run.journal"
    journal.write_bytes(content)
    assert run(folder, "--resume", journal) == 3
    assert journal.read_bytes() == content
    assert "run.journal" in capsys.readouterr().err


def test_a_report_to_be_printed_is_written_beside_the_others(
    run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert run(folder, "--json", "--html", page) == 1
    assert len(lines(capsys.readouterr().out)) == 3
    assert page.read_text(encoding="utf-8").count("<article") == 1 + 3  # and the overview
    assert run(folder, "--html", tmp_path / "nowhere" / "report.html") == 3


def test_a_document_is_taken_apart_with_its_verdict(
    run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = tmp_path / "parts"
    assert run("extract", folder / "a.pdf", "--to", parts) == 0
    assert str(parts / "record.json") in capsys.readouterr().out.splitlines()
    assert json.loads((parts / "report.json").read_bytes())["verdict"] == "genuine"
    (folder / "c.pdf").write_bytes(b"no document")
    assert run("extract", folder / "c.pdf", "--to", tmp_path / "others") == 3
    assert "not in the one form" in capsys.readouterr().err
    assert not (tmp_path / "others").exists()


def test_why_is_told_with_the_rule(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", folder / "b.PDF", "--language", "en") == 1
    said = capsys.readouterr().out
    assert "EN 319 102-1" in said
    assert "[structure]" in said


def test_reports_for_each_file_lie_in_their_folder(run: Run, folder: Path, tmp_path: Path) -> None:
    """Two files of one name are two reports."""
    (folder / "more" / "b.pdf").write_bytes(b"no document")
    assert run(folder, "--brief", "--xml", tmp_path / "xml") == 1
    names = sorted(path.name.rsplit("-", 2)[0] for path in (tmp_path / "xml").iterdir())
    assert names == ["a", "b", "b", "c"]


def test_who_stops_a_run_hears_how_to_go_on(
    run: Run,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge_all = JudgingPool.judge_all

    def interrupted(pool: JudgingPool, submissions: Iterable[Submission]) -> Iterator[Judged]:
        yield next(judge_all(pool, submissions))
        raise KeyboardInterrupt

    monkeypatch.setattr(JudgingPool, "judge_all", interrupted)
    memory, journal = tmp_path / "memory.json", tmp_path / "journal"
    assert run(folder, "--json", "--resume", journal, "--memory", memory) == 3
    said = capsys.readouterr()
    assert "stopped after 1 documents; the same command goes on from there" in said.err
    assert len(lines(said.out)) == 1
    assert load_memory(memory).status_lists.keys() == {1}
    assert len(journal.read_bytes().splitlines()) == 2


def test_a_symbol_that_is_none_of_ours_is_said_to_be_so(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("seal", "https://example.com/", "--language", "en") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "NOT GENUINE" in said
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n\nhello again\n"))
    assert run("seal", "-", "--json") == 1
    assert [each["about"] for each in lines(capsys.readouterr().out)] == ["seal-code", "seal-code"]


def test_name_of_a_file_does_not_steer_the_terminal(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap = tmp_path / "\x1b]0;genuine\x07\n\u202e.pdf"
    assert run(trap) == 3

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    trap.write_bytes(b"no PDF")
    assert run(trap, "--brief") == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(capsys.readouterr().out)


def test_name_that_is_not_utf_8_hides_no_other_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, plain = tmp_path / os.fsdecode(b"\xff.pdf"), tmp_path / "plain.pdf"
    for file in (odd, plain):
        file.write_bytes(b"no PDF")
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    monkeypatch.setattr(sys, "stdout", out)

    assert run(odd, plain, "--json", "--resume", tmp_path / "journal") == 1

    out.seek(0)
    assert [each["file"] for each in lines(out.read())] == [str(odd), str(plain)]


def test_codes_are_read_off_paper_and_judged(
    run: Run, tmp_path: Path, sealed: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that was scanned, and a picture of something else."""
    page, other = tmp_path / "page.pdf", tmp_path / "other.txt"
    page.write_bytes(sealed)
    other.write_text("no picture")

    assert run("scan", page, "--json") == 0
    (report,) = lines(capsys.readouterr().out)
    assert (report["verdict"], report["scan"]) == ("genuine", {"file": str(page), "page": 1})
    assert run("scan", page, other, tmp_path / "nowhere.png", "--language", "en") == 3
    said = capsys.readouterr()
    assert f"{page} · 1" in said.out
    assert said.err.count("\n") == 2
