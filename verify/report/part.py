"""What `extract` hands out, apart from what reads it: the caller of a judging process parses nothing."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"(?:[a-z-]{1,40}/)?[a-z0-9-]{1,80}\.[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: its name below the directory, with `/`, and its octets."""

    name: str
    content: bytes

    @property
    def is_named_by_us(self) -> bool:
        """Whether its name stays below the directory, whoever says that it is a name of ours."""
        return _NAME.fullmatch(self.name) is not None
