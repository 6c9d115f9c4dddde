"""Files that are replaced whole: whoever reads sees the old one or the new one, never half of one."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path`, for its owner alone; see `replace_whole`."""
    replace_whole(path, lambda stream: stream.write(data))


def replace_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Put what `write` writes at `path`, for its owner alone.

    Raises:
        OSError: the disk refused; the old file, if there was one, still stands.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
