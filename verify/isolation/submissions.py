"""What is handed in to be judged, and how it is read: never more than a document can be."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


class NotReadable(Exception):
    """There is no such file, or it may not be read; `reason` says it to people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(Exception):
    """It is larger than any document; it was not read."""

    def __init__(self, octets: int) -> None:
        super().__init__()
        self.octets = octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One document: its name in the report, and its octets, or where they are, or why there are none."""

    name: str
    content: bytes | Path
    problem: str = ""
    _opened: list[os.stat_result] = field(default_factory=list, repr=False, compare=False)

    @property
    def about(self) -> os.stat_result | None:
        """Of the very file that was read last, whatever has its name by now; None where none was."""
        return self._opened[-1] if self._opened else None

    def read(self, max_octets: int) -> bytes:
        """Its octets.

        Raises:
            TooLarge: more than `max_octets`.
            NotReadable: they cannot be had.
        """
        if self.problem:
            raise NotReadable(self.problem)
        if isinstance(self.content, bytes):
            return _bounded(self.content, len(self.content), max_octets)
        try:
            with open(self.content, "rb", opener=_open_at_once) as file:
                self._opened.append(os.fstat(file.fileno()))
                return _bounded(*_read(file, self._opened[-1], max_octets), max_octets)
        except OSError as error:
            raise NotReadable(error.strerror or "cannot be read") from error


def _read(file: BinaryIO, about: os.stat_result, max_octets: int) -> tuple[bytes, int]:
    if not stat.S_ISREG(about.st_mode):
        raise NotReadable("not a regular file")
    if about.st_size > max_octets:
        return b"", about.st_size
    # A file may grow while it is read.
    data = file.read(max_octets + 1)
    return data, len(data)


def _bounded(data: bytes, octets: int, max_octets: int) -> bytes:
    if octets > max_octets:
        raise TooLarge(octets)
    return data


def _open_at_once(path: str, flags: int) -> int:
    """A named pipe with nobody at its other end blocks whoever opens it, unless told not to."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
