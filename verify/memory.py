"""What a verifier has seen before, so that nobody can show it an older list again.

A signed list stays well signed for ever; only memory tells that a newer one existed.
Kept by the caller (a file, a database row); plain JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The newest version of each list seen so far."""

    trust_list_version: int = 0
    status_lists: Mapping[int, datetime] = field(default_factory=dict)  # list number → its issuing

    def advance(self, *, trust_list_version: int, status_lists: Mapping[int, datetime]) -> "Memory":
        """This memory and what was seen now, whichever is newer."""
        newest = dict(self.status_lists)
        for number, issued_at in status_lists.items():
            newest[number] = max(issued_at, newest.get(number, issued_at))
        return Memory(
            trust_list_version=max(self.trust_list_version, trust_list_version), status_lists=newest
        )


NOTHING_SEEN = Memory()


def encode_memory(memory: Memory) -> str:
    """As JSON."""
    lists = {str(number): int(instant.timestamp()) for number, instant in sorted(memory.status_lists.items())}
    return json.dumps({"trust_list": memory.trust_list_version, "status_lists": lists})


def parse_memory(text: str) -> Memory:
    """From JSON.

    Raises:
        ValueError: not what `encode_memory` wrote.
    """
    try:
        stored = json.loads(text)
        lists = {
            int(number): datetime.fromtimestamp(seconds, UTC)
            for number, seconds in stored["status_lists"].items()
        }
        return Memory(trust_list_version=int(stored["trust_list"]), status_lists=lists)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("not the memory of a verifier") from error
