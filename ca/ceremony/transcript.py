"""The transcript of a ceremony: every step with its facts, as text that people sign and as JSON.

What a rehearsal cannot foretell (keys, serial numbers, signatures, instants, who came) stands in
marked fields, `[[kind: value]]`. Everything else must be the same in rehearsal and ceremony,
line by line; `compare` says whether it is. A mark hides little: its value has the form of its
kind, and nothing else is taken for one.

The text is the transcript; the JSON says the same to programs, and the text follows from it.
Pure: the instants are handed in.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from ca.ceremony.errors import TranscriptRefused
from ca.clock import whole_seconds

TITLE = "Wathiqa key ceremony: transcript, format 1"
END = "End of the transcript."
MAX_OCTETS = 1_048_576
_LABEL_WIDTH = 26


class MarkKind(StrEnum):
    """What may differ between a rehearsal and the ceremony."""

    MODE = "mode"
    INSTANT = "instant"
    KEY = "key"  # SHA-256 of a SubjectPublicKeyInfo
    SERIAL = "serial"
    DIGEST = "digest"  # SHA-256 of something signed
    SET = "set"  # the number that sheets of one split share
    PEOPLE = "people"  # who of those named in the plan


_FORMS = {
    MarkKind.MODE: r"rehearsal|ceremony",
    MarkKind.INSTANT: r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC",
    MarkKind.KEY: r"[0-9a-f]{64}",
    MarkKind.SERIAL: r"[1-9a-f][0-9a-f]{0,39}",
    MarkKind.DIGEST: r"[0-9a-f]{64}",
    MarkKind.SET: r"[0-9]{1,5}",
    MarkKind.PEOPLE: r"[^\[\]\n]{1,2000}",
}
_MARK = re.compile("|".join(rf"\[\[{kind}: (?:{form})\]\]" for kind, form in _FORMS.items()))
_KIND = re.compile(r"\[\[([a-z]+): ")


@dataclass(frozen=True, slots=True)
class Mark:
    """A value that a rehearsal cannot foretell."""

    kind: MarkKind
    value: str

    def __str__(self) -> str:
        return f"[[{self.kind}: {self.value}]]"


Value = str | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened."""

    title: str
    facts: tuple[tuple[str, Value], ...] = ()
    at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Transcript:
    """What happened so far; only ever longer."""

    head: tuple[tuple[str, Value], ...]
    steps: list[Step] = field(default_factory=list)

    def text(self) -> str:
        """The transcript that people sign; the same bytes for the same steps."""
        lines = [TITLE, "", *_facts(self.head, indent="")]
        for number, step in enumerate(self.steps, start=1):
            lines += ["", f"{number:2}. {step.title}", *_facts(_told(step), indent="    ")]
        return "\n".join([*lines, "", END, ""])

    def encode(self) -> bytes:
        """The text as bytes."""
        return self.text().encode("utf-8")

    @property
    def sha256(self) -> str:
        """What the witnesses sign."""
        return hashlib.sha256(self.encode()).hexdigest()

    def to_json(self) -> bytes:
        """The same for programs."""
        steps = [
            {"title": step.title, "facts": [_pair(*fact) for fact in _told(step)]} for step in self.steps
        ]
        head = [_pair(*fact) for fact in self.head]
        found = {"format": TITLE, "head": head, "steps": steps}
        return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

    def value(self, title: str, label: str) -> str | None:
        """What the first step of this title says under this label."""
        for step in self.steps:
            for name, value in step.facts if step.title == title else ():
                if name == label:
                    return value.value if isinstance(value, Mark) else value
        return None


@dataclass(frozen=True, slots=True)
class Difference:
    """A stretch where two transcripts do not agree."""

    line: int  # in the first
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two transcripts stand to one another."""

    lines: int  # compared
    marked: int  # fields that may differ, and do
    differences: tuple[Difference, ...]

    @property
    def agree(self) -> bool:
        """Whether they differ only in what must differ."""
        return not self.differences


def instant(at: datetime) -> Mark:
    """An instant as transcripts write it, to the second."""
    return Mark(MarkKind.INSTANT, f"{whole_seconds(at):%Y-%m-%d %H:%M:%S} UTC")


def parse_json(data: bytes) -> Transcript:
    """The transcript that this JSON holds.

    Raises:
        TranscriptRefused: anything else.
    """
    try:
        found: Any = json.loads(data[:MAX_OCTETS].decode("utf-8"))
        if found["format"] != TITLE or set(found) != {"format", "head", "steps"}:
            raise TranscriptRefused(where="format", rule=TITLE)
        head = tuple(_fact(each) for each in found["head"])
        steps = [
            Step(title=_plain(each["title"]), facts=tuple(_fact(fact) for fact in each["facts"]))
            for each in found["steps"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise TranscriptRefused(where="JSON", rule=f"as a ceremony writes it ({error})") from error
    return Transcript(head=head, steps=steps)


def compare(first: bytes, second: bytes) -> Comparison:
    """Whether two transcripts say the same but for their marked fields.

    Raises:
        TranscriptRefused: one of them is no transcript, or a mark has not the form of its kind.
    """
    both = [_lines(first, "the first"), _lines(second, "the second")]
    bare = [[_MARK.sub(_without_value, line) for line in lines] for lines in both]
    matcher = SequenceMatcher(a=bare[0], b=bare[1], autojunk=False)
    differences, marked, compared = [], 0, 0
    for tag, begin, end, other, until in matcher.get_opcodes():
        if tag == "equal":
            compared += end - begin
            pairs = zip(both[0][begin:end], both[1][other:until], strict=True)
            marked += sum(_differing(one, two) for one, two in pairs)
        else:
            stretch = Difference(begin + 1, tuple(both[0][begin:end]), tuple(both[1][other:until]))
            differences.append(stretch)
    return Comparison(lines=compared, marked=marked, differences=tuple(differences))


def _differing(one: str, two: str) -> int:
    pairs = zip(_MARK.findall(one), _MARK.findall(two), strict=True)
    return sum(first != second for first, second in pairs)


def _lines(data: bytes, which: str) -> list[str]:
    try:
        lines = data[: MAX_OCTETS + 1].decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise TranscriptRefused(where=which, rule="it is written in UTF-8") from error
    if len(data) > MAX_OCTETS or lines[0] != TITLE or lines[-2:] != [END, ""]:
        raise TranscriptRefused(where=which, rule=f"it begins “{TITLE}” and ends “{END}”")
    for number, line in enumerate(lines, start=1):
        if "[[" in _MARK.sub("", line) or "]]" in _MARK.sub("", line):
            raise TranscriptRefused(
                where=f"{which}, line {number}", rule="a marked field has the form of its kind"
            )
    return lines


def _without_value(found: re.Match[str]) -> str:
    kind = _KIND.match(found[0])
    return f"[[{kind[1] if kind else '?'}]]"


def _told(step: Step) -> tuple[tuple[str, Value], ...]:
    return step.facts if step.at is None else (*step.facts, ("at", instant(step.at)))


def _facts(facts: Sequence[tuple[str, Value]], *, indent: str) -> list[str]:
    return [f"{indent}{label + ' ':.<{_LABEL_WIDTH}} {value}" for label, value in facts]


def _pair(label: str, value: Value) -> dict[str, str]:
    if isinstance(value, Mark):
        return {"label": label, "kind": value.kind.value, "value": value.value}
    return {"label": label, "value": value}


def _fact(found: dict[str, str]) -> tuple[str, Value]:
    label, value = _plain(found["label"]), _plain(found["value"])
    if "kind" not in found:
        return label, value
    mark = Mark(MarkKind(found["kind"]), value)
    if _MARK.fullmatch(str(mark)) is None:
        raise TranscriptRefused(where=label, rule="a marked field has the form of its kind")
    return label, mark


def _plain(text: str) -> str:
    if not isinstance(text, str) or "\n" in text or "[[" in text or "]]" in text:
        raise TranscriptRefused(where="JSON", rule="texts of one line, without marks")
    return text
