"""What the two processes say to each other; plain values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Task(StrEnum):
    """What a judging process can be asked."""

    DOCUMENT = "document"  # the body is a file
    SEAL = "seal"  # the body is the text of a symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The first message to a new process."""

    trust: str  # directory or address of the published root
    at: datetime  # for which its lists are loaded
    memory: str  # as `verify.memory` writes it
    address_space_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One piece of work."""

    task: Task
    at: datetime
    processor_milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The answer to `Beginning`, and before each report: what of the lists was seen."""

    problem: str  # why nothing can be judged; empty where it can
    memory: str
