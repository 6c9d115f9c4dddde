"""What a verifier has seen before, so that nobody can show it an older list again.

A signed list stays well signed for ever; only memory tells that a newer one existed.
Versions count up under one root, so a memory belongs to one. Pure: kept by the caller
(`memory_file.py` for the command); plain JSON.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

_ROOT = re.compile(r"(?:[0-9a-f]{64})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The newest version of each list seen so far under one root."""

    root: str = ""  # SHA-256 of its certificate, hexadecimal; empty before any was seen
    trust_list_version: int = 0
    root_crl: int = 0  # number of the root's CRL
    status_lists: Mapping[int, datetime] = field(default_factory=dict)  # list number → its issuing

    def belongs_to(self, root: str) -> bool:
        """Whether it may be used under `root`: it is empty, or was made there."""
        return self.root in {"", root}

    def advance(
        self, *, root: str, trust_list_version: int, root_crl: int, status_lists: Mapping[int, datetime]
    ) -> "Memory":
        """This memory and what was seen now, whichever is newer.

        Raises:
            ValueError: seen under another root.
        """
        if not self.belongs_to(root):
            raise ValueError("is the memory of another root")
        newest = dict(self.status_lists)
        for number, issued_at in status_lists.items():
            newest[number] = max(issued_at, newest.get(number, issued_at))
        return Memory(
            root=root,
            trust_list_version=max(self.trust_list_version, trust_list_version),
            root_crl=max(self.root_crl, root_crl),
            status_lists=newest,
        )


NOTHING_SEEN = Memory()


def encode_memory(memory: Memory) -> str:
    """As JSON."""
    lists = {str(number): int(instant.timestamp()) for number, instant in sorted(memory.status_lists.items())}
    stored = {
        "root": memory.root,
        "trust_list": memory.trust_list_version,
        "root_crl": memory.root_crl,
        "status_lists": lists,
    }
    return json.dumps(stored)


def parse_memory(text: str) -> Memory:
    """From JSON.

    Raises:
        ValueError: not what `encode_memory` wrote.
    """
    try:
        stored = {"root_crl": 0} | json.loads(text)  # 0.1.0 did not remember it
        root, lists = stored["root"], stored["status_lists"]
        versions = stored["trust_list"], stored["root_crl"]
        memory = Memory(
            root=root,
            trust_list_version=int(versions[0]),
            root_crl=int(versions[1]),
            status_lists={
                int(number): datetime.fromtimestamp(seconds, UTC) for number, seconds in lists.items()
            },
        )
        # One spelling for each memory: whatever else JSON can say is not ours.
        is_ours = _ROOT.fullmatch(root) is not None and json.loads(encode_memory(memory)) == stored
    except (KeyError, TypeError, AttributeError, OverflowError, OSError, ValueError, RecursionError) as error:
        raise ValueError("not the memory of a verifier") from error
    if not is_ours or any(type(each) is not int or each < 0 for each in versions):
        raise ValueError("not the memory of a verifier")
    return memory
