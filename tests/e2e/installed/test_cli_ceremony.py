"""A ceremony through the commands, as operator and custodians meet them: from `init --ceremony` to `init`."""

import hashlib
import io
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installed_service import Ran, run
from rich.console import Console

from ca.ceremony.sheets import words_of
from issuance.cli.ceremony_room import TerminalRoom, warn_of_connections
from issuance.cli.commands import main
from issuance.installation import prepare_ceremony, prepare_installation
from issuance.settings import Layout, Settings

FILLED_IN = {
    'purpose: "CHANGE-ME"': 'purpose: "The first root"',
    'place: "CHANGE-ME"': 'place: "Room 3"',
    '"CHANGE-ME 1"': '"أمل حداد"',
    '"CHANGE-ME 2"': '"Basil Nasser"',
    '"CHANGE-ME 3"': '"Carim Sabbagh"',
    '"CHANGE-ME"': '"هند المثال"',
}


class People:
    """Who sits before the terminal: they answer what they are asked, slips included."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, plan_digits: str) -> None:
        self.plan_digits, self.paper, self.slips = plan_digits, "", 0
        self.sheets: list[str] = []
        self.begun_at: list[int] = []
        self.bring: Iterator[int] = iter(())
        monkeypatch.setattr(Console, "input", lambda _, prompt="": self.answer(prompt))
        monkeypatch.setattr(TerminalRoom, "_show", lambda _, sheet: self.write(" ".join(sheet.words)))

    def write(self, words: str) -> None:
        self.paper = words
        self.sheets.append(words)

    def answer(self, prompt: str) -> str:
        if "digest" in prompt:
            return self.plan_digits
        if "Press Enter" in prompt:
            return ""
        place = int(re.fullmatch(r" +(\d+)\. ", prompt)[1])
        if not self.paper:
            return self.sheets[next(self.bring)]
        if self.slips:
            self.slips -= 1
            return self.paper.replace(self.paper.split()[6], "academic", 1)
        words, self.paper = self.paper.split(), ""
        self.begun_at.append(place)
        return " ".join(words[place - 1 :])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = Layout(root=tmp_path_factory.mktemp("ceremony") / "service")
    prepare_installation(layout, Settings(), passphrase_in_file=True, persons=600)
    plan = prepare_ceremony(layout)
    assert plan == layout.requests / "plan.yaml"
    return layout


@pytest.fixture(scope="module")
def plan(prepared: Layout) -> Path:
    path = prepared.requests / "plan.yaml"
    text = path.read_text(encoding="utf-8")
    for blank, filled in FILLED_IN.items():
        text = text.replace(blank, filled)
    path.write_text(text, encoding="utf-8")
    return path


def ceremony(*words: object) -> Ran:
    return run(main, "wathiqa", "ca", "ceremony", *map(str, words))


def digits(plan: Path) -> str:
    return hashlib.sha256(plan.read_bytes()).hexdigest()[:8]


def test_a_first_ceremony_from_requests_to_a_service(
    prepared: Layout, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(monkeypatch, digits(plan))
    people.slips = 1
    rehearsal, out = tmp_path / "rehearsal.txt", tmp_path / "out"
    directory = ("--directory", str(prepared.root))
    assert "Hold a ceremony" in run(main, "wathiqa", "init", *directory).err
    again = run(main, "wathiqa", "init", "--ceremony", *directory)
    assert (again.code, digits(plan)) == (0, people.plan_digits), "a plan that was filled in stays"
    assert "already" in run(main, "wathiqa", "ca", "requests", *directory).err

    assert ceremony(plan, "--out", rehearsal, "--rehearse").code == 0
    held = ceremony(plan, "--out", out)

    assert held.code == 0, held.err
    assert "Not yet: word 7 is not the one on the sheet." in held.out
    assert people.begun_at[0] == 7, "the six words before the slip are not asked for again"
    assert "That is sheet 1, word for word." in held.out
    before_asked = held.out.partition("The plan is read")[0]
    assert digits(plan) not in before_asked, "the digest comes from paper, not from the screen"
    assert "The ceremony is complete" in held.out
    for words in people.sheets:
        assert words not in held.out
        assert not any(words.encode() in path.read_bytes() for path in out.rglob("*") if path.is_file())
    agreed = ceremony("compare", rehearsal, out / "transcript.txt")
    assert (agreed.code, agreed.err) == (0, "")
    assert "agree" in agreed.out
    assert ceremony("check", out).code == 0
    assert "already" in ceremony(plan, "--out", out).err

    fingerprint = re.findall(r"certificate SHA-256 \.+ \[\[digest: ([0-9a-f]{64})\]\]", _text(out))[0]
    taken = ("wathiqa", "ca", "import", str(out), *directory)
    assert "from the signed transcript" in run(main, *taken).err
    assert "another" in run(main, *taken, "--root-sha256", "0" * 64).err
    first = run(main, *taken, "--root-sha256", fingerprint)
    assert first.out.splitlines()[:3] == [f"new certificate: {n}" for n in ("root", "issuing", "trust-list")]
    assert "nothing changed" in run(main, *taken).out
    done = run(main, "wathiqa", "init", *directory)
    assert (done.code, "Installed" in done.out) == (0, True), done.err
    assert not prepared.offline_root.exists()
    assert run(main, "wathiqa", "ca", "status", *directory).code == 0
    assert _told(prepared, "authority.ceremony-import") == 1

    _hold_a_later_one(prepared, people, out, tmp_path)


def _hold_a_later_one(prepared: Layout, people: People, earlier: Path, folder: Path) -> None:
    directory = ("--directory", str(prepared.root))
    asked = run(
        main,
        "wathiqa",
        "ca",
        "requests",
        *directory,
        "--out",
        str(folder / "later"),
        "--certify",
        "trust-list",
    )
    assert asked.code == 0, asked.err
    plan = folder / "later/plan.yaml"
    text = plan.read_text(encoding="utf-8").replace("earlier: CHANGE-ME", f"earlier: ../{earlier.name}")
    contents = hashlib.sha256((earlier / "bundle/bundle.json").read_bytes()).hexdigest()
    assert contents in (earlier / "transcript.txt").read_text(encoding="utf-8"), "people sign it"
    text = text.replace("earlier-bundle-sha256: CHANGE-ME", f"earlier-bundle-sha256: {contents}")
    for blank, filled in FILLED_IN.items():
        text = text.replace(blank, filled)
    plan.write_text(text, encoding="utf-8")
    assert ceremony(plan, "--out", folder / "rehearsal-2.txt", "--rehearse").code == 0
    people.plan_digits, people.bring = digits(plan), iter((2, 2, 0))  # the third custodian gives theirs twice

    held = ceremony(plan, "--out", folder / "out-2")

    assert held.code == 0, held.err
    assert "Not yet: sheet 3 was given before" in held.out
    compared = ceremony("compare", folder / "rehearsal-2.txt", folder / "out-2/transcript.txt")
    assert compared.code == 0, compared.out
    taken = run(main, "wathiqa", "ca", "import", str(folder / "out-2/bundle"), *directory)
    assert taken.out.startswith("new certificate: trust-list\nrevocation list of the root: number 2,")


def test_sheets_may_be_printed_and_are_removed_when_the_ceremony_breaks_off(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, out, sheets = People(monkeypatch, digits(plan)), tmp_path / "out", tmp_path / "out-sheets"

    def printed(prompt: str) -> str:
        if "digest" in prompt:
            return people.plan_digits
        newest = max(sheets.iterdir(), key=lambda path: path.name)
        if newest.name.startswith("sheet-3") and not may_go_on:
            raise KeyboardInterrupt
        return words_of(newest.read_text(encoding="utf-8"))

    monkeypatch.setattr(Console, "input", lambda _, prompt="": printed(prompt))
    may_go_on = False
    assert ceremony(plan, "--out", out, "--shares", "files").code != 0
    assert not out.exists()
    assert not sheets.exists()  # or the next try would take it for an earlier ceremony's

    may_go_on = True
    held = ceremony(plan, "--out", out, "--shares", "files")
    assert held.code == 0, held.err
    assert [path.stat().st_mode & 0o777 for path in sheets.iterdir()] == [0o600] * 3
    assert "destroy the files" in " ".join(held.out.split())


def test_a_plan_that_was_not_the_reviewed_one_is_not_carried_out(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stated in ("00000000", digits(plan)[:7], ""):
        People(monkeypatch, stated)
        assert "reviewed" in ceremony(plan, "--out", tmp_path / "out").err
    assert not (tmp_path / "out").exists()


def test_differences_are_shown_line_by_line(plan: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.txt"
    assert ceremony(plan, "--out", one, "--rehearse").code == 0
    other = tmp_path / "other.txt"
    other.write_text(one.read_text(encoding="utf-8").replace("7300 days", "7299 days"), encoding="utf-8")

    compared = ceremony("compare", one, other)

    assert compared.code == 1
    assert re.search(r"- .*7300 days\n +\+ .*7299 days", compared.out)


def test_only_what_the_root_certified_is_asked_of_a_ceremony(prepared: Layout, tmp_path: Path) -> None:
    asked = ("wathiqa", "ca", "requests", "--directory", str(prepared.root), "--out", str(tmp_path / "asked"))

    assert "a key that a ceremony certifies" in run(main, *asked, "--certify", "seal-civil-registry").err
    assert run(main, *asked, "--revoke", "12ab", "--replace", "issuing").code == 1
    assert "one of issuing, trust-list" in run(main, *asked, "--replace", "issuing-2").err
    listed = run(main, "wathiqa", "keys", "list", "--directory", str(prepared.root)).out
    assert "issuing-2" not in listed, "no key was replaced for a request that was refused"
    assert run(main, *asked, "--revoke", "no serial").code == 2


def test_a_machine_that_is_connected_is_told_to_be_so(tmp_path: Path) -> None:
    for name, state in (("lo", "up"), ("eth0", "up"), ("wlan0", "down")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "operstate").write_text(f"{state}\n")
    said = io.StringIO()
    warn_of_connections(Console(file=said), tmp_path)

    assert said.getvalue().count("connected") == 1
    assert "eth0 is up" in said.getvalue()


def _text(out: Path) -> str:
    return (out / "transcript.txt").read_text(encoding="utf-8")


def _told(layout: Layout, action: str) -> Any:
    with sqlite3.connect(layout.database) as connection:
        found = connection.execute("SELECT count(*) FROM audit_entries WHERE action = ?", (action,))
        return found.fetchone()[0]
