"""Opening what should be a file: a pipe or a device in its place may block whoever opens it, or never end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """The file at `path`, to be read.

    Raises:
        OSError: there is none, or it is no regular file; nothing was waited for.
    """
    file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115  (it is the caller's to close)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def _open_at_once(path: str, flags: int) -> int:
    """A named pipe with nobody at its other end blocks whoever opens it, unless told not to."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
