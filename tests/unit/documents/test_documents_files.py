"""Sealed files: whole or not there, and never outside the store."""

import os
import resource
import stat
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issuance.documents.files import FileMissing, FileStore, StorageFull

NAME, OLD, NEW = "260000000010.pdf", b"%PDF-old" * 400, b"%PDF-new" * 500


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents")


def everything(store: FileStore) -> list[Path]:
    return [path for path in store.path(NAME).parents[1].rglob("*") if path.is_file()]


class Killed(BaseException):
    """The process is gone: no handler of ours runs."""


def refuse(
    call: Callable[..., Any], error: BaseException, *, when: Callable[..., bool]
) -> Callable[..., Any]:
    def refusing(*given: Any, **more: Any) -> Any:
        if when(*given):
            raise error
        return call(*given, **more)

    return refusing


def always(*_: object) -> bool:
    return True


FULL = OSError(28, "No space left on device")
EARLIER, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
BROKEN_CALLS = ["open", "fsync", "replace", "mkdir"]


def test_what_was_written_is_read(store: FileStore) -> None:
    path = store.write(NAME, NEW)
    assert store.read(NAME) == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert everything(store) == [path]


def test_writing_again_replaces_the_whole(store: FileStore) -> None:
    store.write(NAME, NEW)
    store.write(NAME, OLD)
    assert store.read(NAME) == OLD
    assert len(everything(store)) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="no name"),
        pytest.param("..", id="the folder above"),
        pytest.param("../../etc/passwd", id="a path upwards"),
        pytest.param("/etc/passwd", id="a path from the root"),
        pytest.param("2600/0000", id="a path downwards"),
        pytest.param("..\\secret", id="a path of another system"),
        pytest.param(".260000000010.pdf.0a1b2c3d", id="a draft"),
        pytest.param("2600\0.pdf", id="a name that ends early"),
        pytest.param("abcd..ef.pdf", id="dots where the folder's name is taken from"),
        pytest.param("ABCDEFGH", id="a name that another disk could mix up"),
        pytest.param("2" * 300, id="a name no disk can hold"),
    ],
)
def test_a_name_that_leads_out_of_the_store_is_missing(store: FileStore, name: str) -> None:
    with pytest.raises(FileMissing):
        store.read(name)
    with pytest.raises(FileMissing):
        store.write(name, NEW)
    assert everything(store) == []


def test_a_file_that_is_not_there_is_missing(store: FileStore) -> None:
    with pytest.raises(FileMissing):
        store.read(NAME)


@pytest.mark.parametrize("broken", BROKEN_CALLS)
def test_a_full_disk_leaves_nothing(store: FileStore, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    monkeypatch.setattr(os, broken, refuse(getattr(os, broken), FULL, when=always))
    with pytest.raises(StorageFull):
        store.write(NAME, NEW)
    monkeypatch.undo()
    assert everything(store) == []
    store.write(NAME, NEW)
    assert store.read(NAME) == NEW


def test_a_write_that_ends_in_the_middle_leaves_nothing(store: FileStore) -> None:
    """A real short write: the kernel takes the first octets and refuses the rest."""
    store.write(NAME, OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(OLD) + 1, hard))
    try:
        with pytest.raises(StorageFull):
            store.write(NAME, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.read(NAME) == OLD
    assert len(everything(store)) == 1


@pytest.mark.parametrize("broken", BROKEN_CALLS)
def test_a_full_disk_leaves_the_old_file(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    store.write(NAME, OLD)
    monkeypatch.setattr(os, broken, refuse(getattr(os, broken), FULL, when=always))
    if broken != "mkdir":  # the folder is there already
        with pytest.raises(StorageFull):
            store.write(NAME, NEW)
        assert [path.name for path in everything(store)] == [NAME]
        monkeypatch.undo()
        assert store.read(NAME) == OLD


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_process_killed_while_writing_leaves_no_half_file_under_the_name(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    store.write(NAME, OLD)
    monkeypatch.setattr(os, broken, refuse(getattr(os, broken), Killed(), when=always))
    monkeypatch.setattr(Path, "unlink", refuse(Path.unlink, Killed(), when=always))
    with pytest.raises(Killed):
        store.write(NAME, NEW)
    monkeypatch.undo()
    assert store.read(NAME) == OLD
    assert [path.parent.name for path in everything(store) if path.name != NAME] == [".drafts"]
    assert store.sweep(before=LATER) == 1
    assert [path.name for path in everything(store)] == [NAME]


def test_a_draft_that_is_still_being_written_is_not_swept(store: FileStore) -> None:
    with store.draft(NAME, NEW) as draft:
        assert store.sweep(before=EARLIER) == 0
        draft.place()
    assert store.read(NAME) == NEW


def test_a_draft_is_not_there_until_it_is_placed(store: FileStore) -> None:
    with store.draft(NAME, NEW) as draft:
        with pytest.raises(FileMissing):
            store.read(NAME)
        draft.place()
        assert store.read(NAME) == NEW
    assert store.read(NAME) == NEW
    assert len(everything(store)) == 1


def test_a_draft_that_is_not_placed_is_gone(store: FileStore) -> None:
    store.write(NAME, OLD)
    with store.draft(NAME, NEW):
        pass
    assert store.read(NAME) == OLD
    assert len(everything(store)) == 1


def test_the_name_itself_is_on_the_disk_before_write_returns(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut, a row must not speak of a file whose name was never written down."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    path = store.write(NAME, NEW)
    assert synced[-1] == str(path.parent)
    assert Path(synced[0]).name.startswith(NAME)
    assert str(path.parents[1]) in synced  # the folder was new


def test_readers_and_writers_at_once_see_only_whole_files(store: FileStore) -> None:
    store.write(NAME, OLD)
    seen: set[bytes] = set()

    def write() -> None:
        for content in (NEW, OLD) * 10:
            store.write(NAME, content)

    def read() -> None:
        for _ in range(200):
            seen.add(store.read(NAME))

    threads = [threading.Thread(target=work) for work in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= {OLD, NEW}
    assert len(everything(store)) == 1


def test_documents_of_one_year_spread_over_folders(store: FileStore) -> None:
    """Ten million files in one folder would be one too many."""
    folders = Counter(store.path(f"26{sequence:09d}0.pdf").parent for sequence in range(5000))
    assert set(folders.values()) == {1000}
