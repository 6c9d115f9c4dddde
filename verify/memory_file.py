"""The memory of the command in a file: read once, replaced whole.

A file that cannot be read is never taken for an empty one, because forgetting is what
somebody who shows an old list would wish for.
"""

from pathlib import Path

from verify.memory import NOTHING_SEEN, Memory, encode_memory, parse_memory
from verify.regular_files import open_regular
from verify.whole_files import replace_file

MAX_OCTETS = 1 << 20


class MemoryUnreadable(ValueError):
    """The file is not a memory, or is one of another root; `path` names it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def load_memory(path: Path) -> Memory:
    """What the file remembers; nothing where there is no file yet.

    Raises:
        MemoryUnreadable: it is not the memory of a verifier.
        OSError: it cannot be read.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_OCTETS + 1)
    except FileNotFoundError:
        return NOTHING_SEEN
    if len(data) > MAX_OCTETS:
        raise MemoryUnreadable(path, "larger than any memory of a verifier")
    try:
        return parse_memory(data.decode())
    except ValueError as error:
        raise MemoryUnreadable(path, "not the memory of a verifier") from error


def save_memory(path: Path, memory: Memory) -> None:
    """Put `memory` into the file, which then holds the newest of both.

    Another run may have seen a newer list since this one began, so the file is read again.

    Raises:
        MemoryUnreadable: the file is not a memory, or is one of another root.
        OSError: it cannot be written; the old file, if there was one, still stands.
    """
    try:
        newest = load_memory(path).advance(
            root=memory.root,
            trust_list_version=memory.trust_list_version,
            root_crl=memory.root_crl,
            status_lists=memory.status_lists,
        )
    except MemoryUnreadable:
        raise
    except ValueError as error:
        raise MemoryUnreadable(path, str(error)) from error
    replace_file(path, encode_memory(newest).encode())
