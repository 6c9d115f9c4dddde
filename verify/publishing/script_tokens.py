"""The tokens of a script (ECMA-262 §12), and a script of tokens, as far as the page's own scripts need it.

Whatever is written is read again and compared. A line break stays wherever leaving it out could join
two statements (ECMA-262 §12.10).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)
    |(?P<number>\.?\d[\w.]*)
    |(?P<name>[A-Za-z_$\#][\w$]*)
    |(?P<sign>=>|\?\.|\?\?=?|\*\*=?|\+\+|--|[-+*/%&|^<>=!]=+|&&=?|\|\|=?|<<=?|>>>?=?|\.\.\.
        |[-+*/%&|^<>=!~?:;,.(){}\[\]])
    """,
    re.DOTALL | re.VERBOSE,
)
_EXPRESSION = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_BEFORE_AN_EXPRESSION = frozenset({"return", "typeof", "case", "of", "in", "await", "yield", "void", "throw"})
CLOSING = {")": "(", "]": "[", "}": "{"}
_CONTINUES = frozenset(
    {")", "]", "}", ",", ";", ".", "?.", ":", "?", "&&", "||", "??", "=", "==", "===", "=>"}
)


class NotCompacted(ValueError):
    """A script in which this module does not know its way."""


@dataclass(frozen=True, slots=True)
class Token:
    """One of them; spaces and comments are none."""

    kind: str
    text: str
    broken: bool  # whether a line break stood before it


@lru_cache(maxsize=8)  # a script is looked at three times
def read_tokens(source: str) -> tuple[Token, ...]:
    """The tokens of a script.

    Raises:
        NotCompacted: a character that begins none.
    """
    return tuple(_each_token(source))


def _each_token(source: str) -> Iterator[Token]:
    position, before, kind, broken = 0, "", "", False
    while position < len(source):
        found = None
        if _may_be_expression(before, kind):
            found = _EXPRESSION.match(source, position)
        group = "expression" if found else ""
        found = found or _TOKEN.match(source, position)
        if found is None:
            raise NotCompacted(f"at {source[position : position + 20]!r}")
        group, position = group or str(found.lastgroup), found.end()
        if group in {"space", "comment"}:
            broken = broken or "\n" in found[0]
            continue
        yield Token(group, found[0], broken)
        before, kind, broken = found[0], group, False


def _may_be_expression(before: str, kind: str) -> bool:
    return before in _BEFORE_AN_EXPRESSION or (kind in {"", "sign"} and before not in CLOSING)


def write_tokens(tokens: Sequence[Token]) -> str:
    """A script of these tokens, with no more space than it needs.

    Raises:
        NotCompacted: read again, it has others.
    """
    written: list[str] = []
    before = ""
    for token in tokens:
        if token.broken and _needs_break(before, token.text):
            written.append("\n")
        elif _needs_space(before, token.text):
            written.append(" ")
        written.append(token.text)
        before = token.text
    compacted = "".join(written) + "\n"
    if [token.text for token in read_tokens(compacted)] != [token.text for token in tokens]:
        raise NotCompacted("the tokens changed")
    return compacted


def _needs_break(before: str, after: str) -> bool:
    ends = before[-1:] in {*"\"'`/)]}"} or _is_word(before[-1:]) or before in {"++", "--"}
    return bool(before) and ends and after not in _CONTINUES


def _needs_space(before: str, after: str) -> bool:
    if before[-1:] == "/" and len(before) > 1:  # an expression: letters behind it would be its flags
        return _is_word(after[:1])
    if _is_word(before[-1:]) and _is_word(after[:1]):
        return True
    return before[-1:] == after[:1] and after[:1] in {"+", "-", "/"}


def _is_word(character: str) -> bool:
    return bool(character) and (character.isalnum() or character in "_$#")
