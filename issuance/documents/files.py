"""Where sealed files lie: one file a document, whole or not there at all."""

import os
import secrets
from pathlib import Path
from typing import ClassVar

from issuance.errors import NotFound, Unavailable


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


class FileStore:
    """A directory of files named by document number or attachment, readable by the service alone.

    Args:
        directory: created when missing, with mode 0700.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, name: str) -> Path:
        """Where the file of this name lies.

        Raises:
            FileMissing: the name could lead out of the store.
        """
        if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
            raise FileMissing
        return self._directory / name[:4] / name

    def write(self, name: str, content: bytes) -> Path:
        """Store `content` whole: written beside, flushed to disk, then renamed.

        Raises:
            StorageFull: the disk refused; no part of the file remains.
        """
        path = self.path(name)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise StorageFull(name=name) from error
        return path

    def read(self, name: str) -> bytes:
        """The whole file.

        Raises:
            FileMissing: there is none.
        """
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise FileMissing(name=name) from error
