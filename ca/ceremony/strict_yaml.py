"""YAML in which nothing is guessed: every scalar is text, no key stands twice, no anchors, no tags.

So `no` is not false, `1e3` is not a number, and what a reviewer reads in the file is what
the program reads.
"""

import re
from collections import Counter
from collections.abc import Mapping

import yaml

from ca.ceremony.errors import PlanRefused

MAX_OCTETS = 262_144
# Characters that a reviewer does not see, or that turn the direction of what stands beside them.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


class _Loader(yaml.BaseLoader):
    """Scalars as text; aliases and duplicate keys refused."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("anchors and aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002  (PyYAML's)
        found = dict(super().construct_mapping(node, deep=deep))  # first: it refuses keys that are no text
        for key, count in Counter(key.value for key, _ in node.value).items():
            if count > 1:
                raise yaml.YAMLError(f"the key {key!r} stands twice")
        return found


def parse_yaml(data: bytes) -> object:
    """The one document in `data`.

    Raises:
        PlanRefused: not UTF-8, not YAML, too long, or something that is read differently than it looks.
    """
    if len(data) > MAX_OCTETS:
        raise PlanRefused(field="the file", rule=f"at most {MAX_OCTETS} octets")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlanRefused(field="the file", rule="it is written in UTF-8") from error
    if (unseen := _UNSEEN.search(text)) is not None:
        line = text.count("\n", 0, unseen.start()) + 1
        raise PlanRefused(field=f"line {line}", rule=f"the invisible character U+{ord(unseen[0]):04X}")
    try:
        found: object = yaml.load(text, _Loader)  # noqa: S506  (derives from BaseLoader, which makes nothing but text)
    except (yaml.YAMLError, RecursionError) as error:
        raise PlanRefused(field="the file", rule=f"it is YAML: {_first_line(error)}") from error
    return found


class Fields:
    """A mapping that is read field by field; what nobody asked for is refused at the end."""

    def __init__(self, node: object, where: str) -> None:
        if not isinstance(node, dict):
            raise PlanRefused(field=where or "the file", rule="a mapping of names to values")
        self._left: dict[str, object] = dict(node)
        self._where = where

    def path(self, name: str) -> str:
        """How an error names a field of this mapping."""
        return f"{self._where}.{name}" if self._where else name

    def has(self, name: str) -> bool:
        """Whether the field is there, unread."""
        return name in self._left

    def text(self, name: str, *, longest: int = 200) -> str:
        """A text on one line.

        Raises:
            PlanRefused: absent, empty, too long, or with marks of the transcript in it.
        """
        value = self._take(name)
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise PlanRefused(field=self.path(name), rule="a text, not empty, without blanks around it")
        if len(value) > longest or "\n" in value or "\t" in value or "[[" in value or "]]" in value:
            raise PlanRefused(
                field=self.path(name), rule=f"one line of at most {longest} characters, no [[ ]]"
            )
        return value

    def matching(self, name: str, form: re.Pattern[str], rule: str) -> str:
        """A text of one form.

        Raises:
            PlanRefused: another form; `rule` says which is wanted.
        """
        value = self._take(name)
        if not isinstance(value, str) or form.fullmatch(value) is None:
            raise PlanRefused(field=self.path(name), rule=rule)
        return value

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number in decimal digits.

        Raises:
            PlanRefused: anything else, or out of bounds.
        """
        rule = f"a whole number from {low} to {high}"
        value = int(self.matching(name, _DECIMAL, rule))
        if not low <= value <= high:
            raise PlanRefused(field=self.path(name), rule=rule)
        return value

    def mapping(self, name: str) -> "Fields":
        """A mapping inside this one."""
        return Fields(self._take(name), self.path(name))

    def mappings(self, name: str) -> list["Fields"]:
        """A list of mappings, not empty."""
        value = self._take(name)
        if not isinstance(value, list) or not value:
            raise PlanRefused(field=self.path(name), rule="a list, not empty")
        return [Fields(each, f"{self.path(name)}[{place}]") for place, each in enumerate(value, start=1)]

    def finish(self) -> None:
        """Assert that every field was read.

        Raises:
            PlanRefused: one was not; nobody knows what it was meant to say.
        """
        for name in self._left:
            raise PlanRefused(field=self.path(str(name)), rule="no such field is known")

    def _take(self, name: str) -> object:
        if name not in self._left:
            raise PlanRefused(field=self.path(name), rule="it must be stated")
        return self._left.pop(name)


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]


_DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")


def refuse_unless(holds: Mapping[tuple[str, str], bool]) -> None:
    """Assert each condition, by field and rule.

    Raises:
        PlanRefused: the first that does not hold.
    """
    for (field, rule), is_so in holds.items():
        if not is_so:
            raise PlanRefused(field=field, rule=rule)
