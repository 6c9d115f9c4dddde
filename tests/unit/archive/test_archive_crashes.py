"""A run dies at a durable write, before it was done or after: nothing is lost, the next run ends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from archive_keeping import YEAR, Archive

from issuance.documents.files import Draft, FileStore
from issuance.documents.renewal import Outcome

DOCUMENTS = 3


class Killed(BaseException):
    """No handler sees this one, as none sees a power cut."""


@dataclass
class Fuse:
    """Dies at the given write of the second document."""

    write: str
    persisted: bool
    left: int = 1
    opened: list[Any] = field(default_factory=list)  # what a killed process leaves open

    @contextmanager
    def __call__(self, write: str) -> Iterator[None]:
        burns = write == self.write and self.left == 0
        if write == self.write:
            self.left -= 1
        if burns and not self.persisted:
            raise Killed
        yield
        if burns:
            raise Killed


@dataclass(frozen=True)
class FragileDraft:
    draft: Draft
    fuse: Fuse

    def place(self) -> Path:
        with self.fuse("place"):
            return self.draft.place()


class FragileFiles(FileStore):
    def __init__(self, directory: Path, fuse: Fuse) -> None:
        super().__init__(directory)
        self._fuse = fuse

    @contextmanager
    def draft(self, name: str, content: bytes) -> Iterator[Any]:
        with self._fuse("draft"):
            context = super().draft(name, content)
            self._fuse.opened.append(context)
            draft = context.__enter__()
        yield FragileDraft(draft, self._fuse)
        context.__exit__(None, None, None)


class FragileEngine:
    def __init__(self, engine: Any, fuse: Fuse) -> None:
        self._engine, self._fuse = engine, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    @contextmanager
    def begin(self) -> Iterator[Any]:
        with self._engine.connect() as connection:
            transaction = connection.begin()
            yield connection
            with self._fuse("commit"):
                transaction.commit()


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
@pytest.mark.parametrize("write", ["draft", "place", "commit"])
def test_a_run_killed_at_a_durable_write(archive: Archive, write: str, *, persisted: bool) -> None:
    numbers = [archive.keep(f"R{each}") for each in range(DOCUMENTS)]
    sealed = {number: archive.pdf(number) for number in numbers}
    archive.later(2.5)
    fuse = Fuse(write, persisted)
    files = FragileFiles(archive.files.path(f"{numbers[0]}.pdf").parents[1], fuse)
    with pytest.raises(Killed):
        archive.renew(files=files, engine=FragileEngine(archive.engine, fuse))

    first, second, third = numbers
    archive.check(first)
    assert len(archive.entries(first)) == 2
    assert archive.pdf(second).startswith(sealed[second])
    assert archive.validate(archive.pdf(second), archive.office.now).is_sound, "delivered meanwhile"
    assert archive.pdf(third) == sealed[third]

    is_done = (write, persisted) == ("commit", True)
    is_placed = (write, persisted) in {("place", True), ("commit", False)}
    expected = {second: Outcome.NOTED if is_placed else Outcome.RENEWED, third: Outcome.RENEWED}
    if is_done:
        del expected[second]
    assert archive.renew() == expected
    for number in numbers:
        archive.check(number)
        assert len(archive.entries(number)) == 2
    assert archive.renew() == {}


def test_drafts_of_a_killed_run_are_swept(archive: Archive) -> None:
    archive.keep("R0")
    archive.keep("R1")
    archive.later(2.5)
    fuse = Fuse("draft", persisted=True)
    directory = next(archive.files._directory.rglob("*.pdf")).parents[1]  # noqa: SLF001 - where drafts lie
    with pytest.raises(Killed):
        archive.renew(files=FragileFiles(directory, fuse))

    assert archive.files.sweep(before=archive.office.now + 99 * YEAR) == 1
