"""What a registry can answer.

    Answer
    ├── Record        here it is
    ├── NotFound      the register has no such person or event
    ├── Incomplete    there is an entry, but it is not finished and proves nothing yet
    ├── Contradicted  there is an entry, and it says the opposite of what the document would certify
    ├── Ambiguous     several events fit; name one of the candidates
    └── Pending       the agency answers later; come back with the question

None of these is an error: an error means that there was no answer, and no answer
is never a refusal. `NotFound`, `Incomplete` and `Contradicted` carry a `reason`
that can stand in a refusal notice as it is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from issuance.catalogue.models import DocumentKind, Text
from signing.formats.canonical_json import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why there is no record: a stable code and the sentence a citizen reads."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked of a registry and when; enough to ask for the answer again after a restart."""

    registry: str
    service: DocumentKind
    subject: str  # national number
    event: str | None  # registration number
    asked_at: datetime  # UTC
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of several events that fit the question."""

    event: str  # registration number
    date: str  # ISO 8601
    summary: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the register says; `data` is the `record` object of the embedded JSON (docs/formats/record.md)."""

    kind: DocumentKind
    data: dict[str, JsonValue]
    registry: str
    reference: str  # the register row answered from, such as `births/1199400017`
    as_of: datetime  # UTC; when the register was read


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The register has no such person or event."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """There is an entry, not finished: it proves nothing yet."""

    reason: Reason
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradicted:
    """There is an entry, and it says the opposite of what the document would certify."""

    reason: Reason
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Several events fit; the applicant must name one."""

    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The agency has the question and answers later."""

    question: Question
    expected_by: datetime  # UTC; after this the deadline escalates, it never refuses


Answer: TypeAlias = Record | NotFound | Incomplete | Contradicted | Ambiguous | Pending
