"""Published files: a reader sees the old one or the new one, whatever happens in between."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from issuance.public_files import sweep_public, write_public

OLD, NEW = b"old" * 100, b"new" * 100
EARLIER, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "status" / "1.cwt"


def full(*_: object) -> NoReturn:
    raise OSError(28, "No space left on device")


def killed(*_: object) -> NoReturn:
    raise Killed


def test_a_published_file_is_readable_by_everybody_and_stands_alone(path: Path) -> None:
    write_public(path, OLD)
    write_public(path, NEW)
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_what_did_not_change_is_not_written_again(path: Path) -> None:
    write_public(path, OLD)
    before = path.stat()
    write_public(path, OLD)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    write_public(path, OLD)
    monkeypatch.setattr(os, broken, full)
    with pytest.raises(OSError, match="No space"):
        write_public(path, NEW)
    assert path.read_bytes() == OLD
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_process_left_is_swept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_public(path, OLD)
    monkeypatch.setattr(os, "fsync", killed)
    monkeypatch.setattr(os, "unlink", killed)
    with pytest.raises(Killed):
        write_public(path, NEW)
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert sweep_public(path.parents[1], before=EARLIER) == 0  # it may still be written
    assert sweep_public(path.parents[1], before=LATER) == 1
    assert list(path.parent.iterdir()) == [path]
