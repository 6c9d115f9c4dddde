"""Which documents were named: files, folders, patterns, a list of names, or one on standard input.

Nothing is opened here but folders: names are handed on one by one, so that a million of
them take no more memory than one.
"""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from verify.errors import CouldNotRun
from verify.isolation.submissions import Submission

STANDARD_INPUT = "-"
_SUFFIX = ".pdf"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The documents of one run; may be gone through more than once."""

    names: tuple[str, ...]
    max_octets: int

    def __iter__(self) -> Iterator[Submission]:
        """Each document, in the order named; within a folder or pattern, by name."""
        for name in self.names:
            if name == STANDARD_INPUT:
                # One octet more than is allowed tells that it is too large.
                yield Submission(name=name, content=sys.stdin.buffer.read(self.max_octets + 1))
            else:
                yield from _found(name)

    def count(self) -> int:
        """How many there are; reads folders, no documents."""
        return sum(1 if name == STANDARD_INPUT else sum(1 for _ in _found(name)) for name in self.names)


def read_names(source: str) -> tuple[str, ...]:
    """The names in a list, one a line; `-` is standard input.

    Raises:
        CouldNotRun: the list cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if source == STANDARD_INPUT else Path(source).read_bytes()
    except OSError as error:
        raise CouldNotRun(f"{source}: {error.strerror}") from error
    return tuple(os.fsdecode(line) for line in data.splitlines() if line.strip())


def _found(name: str) -> Iterator[Submission]:
    path = Path(name)
    if path.is_dir():
        yield from _or_nothing(_below(name), name, "no file in it ends in .pdf")
    elif glob.has_magic(name) and not path.exists():
        # A person's pattern, relative or absolute; `Path.glob` takes no absolute ones.
        named = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - see above
        matching = (each for each in named if not Path(each).is_dir())
        yield from _or_nothing(matching, name, "no file is named like this")
    else:
        yield _submission(name)


def _below(folder: str) -> Iterator[str]:
    for where, folders, files in os.walk(folder):
        folders.sort()
        yield from (str(Path(where) / file) for file in sorted(files) if file.lower().endswith(_SUFFIX))


def _or_nothing(names: Iterable[str], named: str, reason: str) -> Iterator[Submission]:
    is_empty = True
    for name in names:
        is_empty = False
        yield _submission(name)
    if is_empty:
        yield Submission(name=named, content=b"", problem=reason)


def _submission(name: str) -> Submission:
    return Submission(name=name, content=Path(name))
