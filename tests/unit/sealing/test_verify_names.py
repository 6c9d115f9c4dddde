"""Names that a stranger gave to files, and files that are exchanged, do not steer the command."""

import json
import os
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verify.app import main
from verify.cli.filed import Filed
from verify.cli.journal import Journal
from verify.cli.outputs import People
from verify.errors import CouldNotRun
from verify.isolation.costs import too_large
from verify.isolation.submissions import Submission
from verify.report.words import Language
from verify.terminal import as_json_line
from verify.verdict import Verdict

ROOT = "ab" * 32


def journal(path: Path, root: str = ROOT) -> Journal:
    return Journal(path, trust="public", root=root, at=None)


def submitted(path: Path) -> Submission:
    return Submission(name=str(path), content=path)


def judged(path: Path) -> Submission:
    submission = submitted(path)
    submission.read(1 << 20)
    return submission


@pytest.mark.parametrize("name", ["--trust=forger.pdf", "-x.pdf", "--html=a.pdf", "--json", "--no.pdf"])
@pytest.mark.parametrize("before", [[], ["check"], ["explain"], ["scan"], ["--trust", "genuine"]])
def test_a_file_with_the_name_of_an_option_is_no_option(
    name: str,
    before: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`wathiqa-verify *.pdf` in a folder that a stranger filled, with a root of his own in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr("sys.argv", ["wathiqa-verify", *before, name, "extract.pdf"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{name}: a file here has the name of an option" in said.err


def test_a_file_exchanged_while_it_is_judged_is_judged_again(tmp_path: Path) -> None:
    pdf = tmp_path / "extract.pdf"
    pdf.write_bytes(b"genuine")
    with journal(tmp_path / "journal") as kept:
        submission = judged(pdf)
        pdf.write_bytes(b"forged, and longer")
        kept.write(submission, Verdict.GENUINE)
    with journal(tmp_path / "journal") as kept:
        assert kept.verdict_on(submitted(pdf)) is None


def test_a_file_exchanged_between_runs_is_judged_again_whatever_its_time(tmp_path: Path) -> None:
    pdf = tmp_path / "extract.pdf"
    pdf.write_bytes(b"genuine")
    about = pdf.stat()
    with journal(tmp_path / "journal") as kept:
        kept.write(judged(pdf), Verdict.GENUINE)
        assert kept.verdict_on(submitted(pdf)) is Verdict.GENUINE
    other = tmp_path / "other.pdf"
    other.write_bytes(b"forged!")
    os.utime(other, ns=(about.st_atime_ns, about.st_mtime_ns))
    other.replace(pdf)
    assert (pdf.stat().st_size, pdf.stat().st_mtime_ns) == (about.st_size, about.st_mtime_ns)
    with journal(tmp_path / "journal") as kept:
        assert kept.verdict_on(submitted(pdf)) is None


@pytest.mark.parametrize(
    "content", [b'{"an": "export of one line"}', b"%PDF-1.7 " + b"x" * 100, b'{"journal":1,"trust":"public"}']
)
def test_a_file_named_as_journal_by_mistake_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    named = tmp_path / "export.json"
    named.write_bytes(content)
    with pytest.raises(CouldNotRun, match="not the journal of a run"):
        journal(named)
    assert named.read_bytes() == content


@pytest.mark.parametrize("octets", [0, 1, 20])
def test_a_heading_that_was_cut_off_is_written_again(tmp_path: Path, octets: int) -> None:
    path = tmp_path / "journal"
    with journal(path):
        whole = path.read_bytes()
    path.write_bytes(whole[:octets])
    with journal(path):
        assert path.read_bytes() == whole


def test_reports_of_two_files_are_two_files_and_follow_no_link(tmp_path: Path) -> None:
    filed = Filed(tmp_path / "xml")
    report = too_large(datetime(2026, 11, 22, tzinfo=UTC), 9 << 20, 8 << 20)
    read = replace(report, sha256="ab" * 32)
    long = "٠" * 120
    for folder in ("one", "two"):
        filed.document(f"{folder}/extract.pdf", report)
        filed.document(f"{folder}/extract.pdf", read)
        filed.document(f"{folder}/{long}.pdf", read)
    reports = sorted((tmp_path / "xml").iterdir())
    assert len(reports) == 6
    assert sum("ab" * 32 in path.name for path in reports) == 4

    victim = tmp_path / "victim"
    victim.write_text("keep")
    mine = next(path for path in reports if "unread" in path.name)
    mine.unlink()
    mine.symlink_to(victim)
    for folder in ("one", "two"):
        filed.document(f"{folder}/extract.pdf", report)
    assert victim.read_text() == "keep"
    assert not mine.is_symlink()
    assert sorted((tmp_path / "xml").iterdir()) == reports


def test_a_line_of_json_holds_nothing_that_acts() -> None:
    name = "x\u009b31m\u202efdp\u2028\x7f\U000e0001\u200d\udce4.exe"
    line = as_json_line({"file": name, "ar": "وثيقة"})
    assert json.loads(line) == {"file": name, "ar": "وثيقة"}
    assert "وثيقة" in line
    assert all(unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in line[:-1])
    assert line.count("\n") == 1


@pytest.mark.parametrize("gap", [" " * 58, "\u2003" * 58, "." * 58, "\u00a0" * 58])
def test_a_name_does_not_look_like_a_verdict_of_ours(gap: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal breaks a long line: what stands behind the break begins a line of its own."""
    people = People(language=Language.EN, brief=True, knowledge=None)
    people.document(
        f"a{gap}✔ GENUINE and in force  extract.pdf",
        too_large(datetime(2026, 11, 22, tzinfo=UTC), 9 << 20, 8 << 20),
    )
    said = capsys.readouterr().out
    assert "✔" not in said
    assert "  extract" not in said
    assert said.split("'")[1].endswith("GENUINE and in force extract.pdf")


def test_a_journal_belongs_to_one_root(tmp_path: Path) -> None:
    """`--trust public` may be another place today, and a trust store another store."""
    with journal(tmp_path / "journal"):
        pass
    with pytest.raises(CouldNotRun, match="another root"):
        journal(tmp_path / "journal", root="cd" * 32)


@pytest.mark.parametrize("words", [[], ["trust"]])
def test_without_a_word_the_help_is_in_lines(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["wathiqa-verify", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (3, "")
    assert said.err.startswith("Usage: ")
    assert len(said.err.splitlines()) > 6
