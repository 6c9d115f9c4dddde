"""Where sealed files lie: one file a document, whole or not there at all.

A file is written as a draft, which has no name yet, flushed to the disk, and then put
in its place by renaming; the folder is flushed too, so that a row never speaks of a
file that a power cut takes away. What a killed process leaves is a draft, and swept.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from issuance.errors import NotFound, Unavailable

# Document numbers and digests; what else is asked for does not exist.
_NAME = re.compile(r"[0-9a-z]{8,64}(\.pdf)?")
_DRAFTS = ".drafts"


class StorageFull(Unavailable):
    """The file could not be written; nothing was left behind."""

    code: ClassVar[str] = "storage-full"
    ar: ClassVar[str] = "تعذّر حفظ الملف الآن. ستُستأنف المعاملة تلقائياً، ولا حاجة إلى إعادة الدفع."
    en: ClassVar[str] = (
        "The file could not be stored just now. The request goes on by itself; do not pay again."
    )


class FileMissing(NotFound):
    """The file is not in the store."""

    code: ClassVar[str] = "file-missing"
    ar: ClassVar[str] = "الملف غير موجود."
    en: ClassVar[str] = "The file is not there."


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file's content, safely on the disk under no name; gone unless it is placed."""

    _content: Path
    _path: Path

    def place(self) -> Path:
        """Give it its name, replacing what had it.

        Raises:
            StorageFull: the disk refused; what had the name still has it.
        """
        try:
            folder = self._path.parent
            if not folder.exists():
                folder.mkdir(exist_ok=True, mode=0o700)
                _flush(folder.parent)
            self._content.replace(self._path)
            _flush(folder)
        except OSError as error:
            raise StorageFull(name=self._path.name) from error
        return self._path


class FileStore:
    """A directory of files named by document number or digest, readable by the service alone.

    Args:
        directory: created when missing, with mode 0700.
    """

    def __init__(self, directory: Path) -> None:
        self._directory, self._drafts = directory, directory / _DRAFTS
        self._drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)

    def path(self, name: str) -> Path:
        """Where the file of this name lies.

        Raises:
            FileMissing: not a name of ours.
        """
        if not _NAME.fullmatch(name):
            raise FileMissing
        # A thousand document numbers that follow one another share a folder.
        return self._directory / name[4:8] / name

    def write(self, name: str, content: bytes) -> Path:
        """Store `content` whole, replacing what was there.

        Raises:
            StorageFull: the disk refused; no part of the file remains.
        """
        with self.draft(name, content) as draft:
            return draft.place()

    @contextmanager
    def draft(self, name: str, content: bytes) -> Iterator[Draft]:
        """`content` on the disk, ready to be placed while the block runs.

        So the slow part is over when a transaction begins, and the file takes its name
        only in the transaction that says so.

        Raises:
            StorageFull: the disk refused; no part of the file remains.
        """
        path, beside = self.path(name), self._drafts / f"{name}.{secrets.token_hex(4)}"
        try:
            try:
                descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(descriptor)
            except OSError as error:
                raise StorageFull(name=name) from error
            yield Draft(_content=beside, _path=path)
        finally:
            beside.unlink(missing_ok=True)

    def sweep(self, *, before: datetime) -> int:
        """Remove drafts last written before this instant: their process was killed. Says how many."""
        dead = [
            draft
            for draft in self._drafts.iterdir()
            if datetime.fromtimestamp(draft.stat().st_mtime, UTC) < before
        ]
        for draft in dead:
            draft.unlink(missing_ok=True)
        return len(dead)

    def read(self, name: str) -> bytes:
        """The whole file.

        Raises:
            FileMissing: there is none.
        """
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise FileMissing(name=name) from error


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
