"""`wathiqa-verify --memory FILE`: nobody shows it an older list than one it has seen."""

import json
import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from signing.formats.status_list import Status
from verify.app import main
from verify.memory import Memory, encode_memory, parse_memory
from verify.memory_file import MemoryUnreadable, load_memory, save_memory

Run = Callable[..., int]


@pytest.fixture
def run(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on the example document, three hours after its issue; answers the exit status."""

    def command(*more: str, memory: Path = tmp_path / "memory.json") -> int:
        at = world.claims().issued_at + timedelta(hours=3)
        options = ["--trust", str(world.public), "--at", at.isoformat(), "--memory", str(memory)]
        arguments = ["--seal", world.seal_text(), *options, *more]
        monkeypatch.setattr("sys.argv", ["wathiqa-verify", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return command


def test_the_first_run_makes_the_memory_and_the_next_one_uses_it(
    world: Any, run: Run, tmp_path: Path
) -> None:
    assert run() == 0
    kept = load_memory(tmp_path / "memory.json")
    assert kept.trust_list_version == 7
    assert kept.status_lists == {1: world.trust().status_list(1).issued_at}
    assert run() == 0


def test_a_rolled_back_trust_list_decides_nothing_and_says_so(
    world: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish_trust_list(version=8)
    assert run() == 0
    remembered = (tmp_path / "memory.json").read_bytes()
    world.publish_trust_list(version=7)
    capsys.readouterr()

    assert run("--language", "en") == 2
    assert "older than one seen before" in " ".join(capsys.readouterr().out.split())
    assert run("--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert report["reason"] == "trust-rolled-back"
    assert report["fields"] == []
    assert (tmp_path / "memory.json").read_bytes() == remembered


def test_a_rolled_back_status_list_decides_nothing_and_says_so(
    world: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The withdrawn document must not be in force again because somebody kept yesterday's list."""
    listed_at = world.trust().status_list(1).issued_at
    old = (world.public / "status/1.cwt").read_bytes()
    world.publish_status(Status.REVOKED, at=listed_at + timedelta(minutes=1))
    assert run() == 1
    (world.public / "status/1.cwt").write_bytes(old)
    capsys.readouterr()

    assert run("--language", "ar") == 2
    assert "أقدم" in capsys.readouterr().out
    assert run("--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert (report["reason"], report["status"]) == ("status-rolled-back", "unknown")


def test_a_newer_list_goes_on(world: Any, run: Run, tmp_path: Path) -> None:
    assert run() == 0
    world.publish_trust_list(version=9)
    assert run() == 0
    assert load_memory(tmp_path / "memory.json").trust_list_version == 9


def test_a_memory_of_another_root_is_not_mixed_with_this_one(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Versions count up under one root; under another they mean nothing."""
    assert run() == 0
    kept = load_memory(tmp_path / "memory.json")
    assert len(kept.root) == 64
    other = Memory(root="0" * 64, trust_list_version=1)
    (tmp_path / "memory.json").write_text(encode_memory(other))
    assert run() == 3
    assert "another root" in capsys.readouterr().err
    assert load_memory(tmp_path / "memory.json") == other


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"root": 1}', "\udce4"])
def test_a_broken_memory_is_not_taken_for_an_empty_one(
    run: Run, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "memory.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = path.read_bytes()
    assert run() == 3
    assert "memory.json" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on Windows")
def test_nobody_waits_for_a_named_pipe_that_is_called_a_memory(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "memory.json")
    with pytest.raises(OSError, match="not a regular file"):
        load_memory(tmp_path / "memory.json")


def test_a_memory_that_cannot_be_kept_is_no_quiet_matter(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(memory=tmp_path / "nowhere" / "memory.json") == 3
    assert "memory.json" in capsys.readouterr().err


def test_what_another_run_remembered_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    save_memory(path, Memory(root="a" * 64, trust_list_version=9))
    save_memory(path, Memory(root="a" * 64, trust_list_version=8))
    assert load_memory(path).trust_list_version == 9
    with pytest.raises(MemoryUnreadable, match="another root"):
        save_memory(path, Memory(root="b" * 64, trust_list_version=8))


def test_a_crash_while_writing_leaves_the_old_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory.json"
    save_memory(path, Memory(root="a" * 64, trust_list_version=8))

    def fail(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        save_memory(path, Memory(root="a" * 64, trust_list_version=9))
    assert load_memory(path).trust_list_version == 8
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_only_its_owners_to_write(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    save_memory(path, Memory(root="a" * 64, trust_list_version=8))
    assert stat.S_IMODE(path.stat().st_mode) & 0o022 == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"root":"","trust_list":-1,"status_lists":{}}',
        '{"root":"","trust_list":true,"status_lists":{}}',
        '{"root":"","trust_list":1,"status_lists":{"1":1e300}}',
        '{"root":"","trust_list":1,"status_lists":{"1":99999999999999}}',
        '{"root":"xyz","trust_list":1,"status_lists":{}}',
        '{"root":"","trust_list":1}',
    ],
)
def test_only_what_was_written_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="not the memory"):
        parse_memory(text)
