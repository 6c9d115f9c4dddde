"""What the two processes say to each other; plain values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.report.knowledge import Knowledge
from verify.report.part import Part
from verify.verdict import Words

# Of a report on a seal code: what people are shown stands in its document and its fields.
KEPT_BACK = frozenset({"claims"})


class Task(StrEnum):
    """What a judging process can be asked."""

    DOCUMENT = "document"  # the body is a file
    SEAL = "seal"  # the body is the text of a symbol
    PARTS = "parts"  # the body is a file that is to be taken apart
    SCAN = "scan"  # the body is a picture of a page


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
    """The answer to `Beginning`."""

    problem: str = ""  # why nothing can be judged; empty where it can
    knowledge: Knowledge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenApart:
    """The parts of a file; None where it is not of our form."""

    parts: tuple[Part, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One QR symbol on a picture."""

    text: str
    page: int  # counted from 1
    is_seal_code: bool  # in the form of one, wherever it leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was read off a picture, or why it was not."""

    symbols: tuple[Symbol, ...] = ()
    refused: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What comes before the report that was ordered."""

    memory: str  # what of the lists was seen so far, as `verify.memory` writes it
