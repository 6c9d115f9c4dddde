"""Makes the page's files small: without comments and indentation, local names in one or two letters.

Of names, one spelling becomes one other in the whole file, whatever its scope: local ones, if they never
stand where they could mean something to others (behind a dot, as a key, in braces that may be an object,
as an import or export), and those that the caller says are ours alone. A test compares them with every
name that a browser has. Whoever wants to read the page finds its sources under `verify/browser/`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, product
from string import ascii_letters

from verify.publishing.script_tokens import CLOSING, NotCompacted, Token, read_tokens, write_tokens

_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """as async await break case catch class const continue default delete do else export extends false
        finally for from function get if import in instanceof let new null of return set static super switch
        this throw true try typeof undefined var void while yield""",
    )
)
_DECLARES = frozenset({"const", "let", "var", "function", "class"})
_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]*)";$', re.MULTILINE)
_NOTHING: Mapping[str, str] = {}
_HOLE = re.compile(r"\$\{([^{}]*)\}")  # of a template; what stands in ours is one expression without words
_STYLE_SIGNS = re.compile(r"\s*([{};,>])\s*")


def compact_script(source: str, *, shared: Sequence[str] = (), moved: Mapping[str, str] = _NOTHING) -> str:
    """The same script in fewer octets.

    Args:
        source: a script in our style: every statement ends in a semicolon, none is empty.
        shared: names of ours, of any kind, that become the same short ones in every script of the page.
        moved: modules that are part of another one, and of which.

    Raises:
        NotCompacted: a character that begins no token, or other tokens when read again.
    """

    def now_from(found: re.Match[str]) -> str:
        return f'import {{{found[1]}}} from "{moved.get(found[2], found[2])}";'

    source = _IMPORT.sub(now_from, source)
    return write_tokens(_shortened(source, short_names(source, shared)))


def compact_bundle(sources: Sequence[str], *, shared: Sequence[str], exports: Sequence[str]) -> str:
    """Modules as one, in the order in which they import each other; what they export keeps its shared name.

    Raises:
        NotCompacted: as above.
    """
    tokens: list[Token] = []
    taken: set[str] = set()
    for source in sources:
        bare = re.sub(r"^export ", "", _IMPORT.sub("", source), flags=re.MULTILINE)
        exported = re.findall(
            r"^export (?:async )?(?:const|let|function|class) (\w+)", source, flags=re.MULTILINE
        )
        names = short_names(bare, shared, taken={*taken, *exported}, kept=exported)
        taken |= {names.get(name, name) for name in _outermost(read_tokens(bare))}
        tokens += _shortened(bare, names)
    everywhere = short_names("", shared)
    listed = ", ".join(everywhere.get(name, name) for name in exports)
    return write_tokens([*tokens, *read_tokens(f"\nexport {{ {listed} }};")])


def _shortened(source: str, names: Mapping[str, str]) -> list[Token]:
    tokens = [_renamed_token(token, names) for token in read_tokens(source)]
    return _without_closing_semicolons(_without_parentheses(_with_joined_constants(tokens)))


def compact_style(source: str) -> str:
    """A style sheet without comments and the spaces around its signs. Strings in it name fonts."""
    bare = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL))
    return _STYLE_SIGNS.sub(r"\1", bare.replace(": ", ":")).replace(";}", "}").strip() + "\n"


def short_names(
    source: str, shared: Sequence[str] = (), *, taken: Iterable[str] = (), kept: Iterable[str] = ()
) -> Mapping[str, str]:
    """Which names of a script become which; the most frequent local ones become the shortest.

    `taken` are names that none of the outermost may become, `kept` those that stay.
    """
    tokens = read_tokens(source)
    own = {token.text for token in tokens} | set(re.findall(r"\w+", _templates(tokens)))
    if any(name.startswith("$") for name in own):
        raise NotCompacted("names that begin with $ are for shared ones")
    everywhere = dict(zip(shared, (f"${end}" for end in _endings()), strict=False))
    local = _declared(tokens) - _meaningful(tokens) - everywhere.keys() - set(kept)
    counts = Counter(token.text for token in tokens if token.text in local)
    outer, chosen = _outermost(tokens), dict[str, str]()
    for name, _ in counts.most_common():
        avoided = {*own, *_KEYWORDS, *chosen.values(), *(taken if name in outer else ())}
        short = next(each for each in _endings() if each not in avoided)
        if len(short) < len(name):
            chosen[name] = short
    return {**everywhere, **chosen}


def _outermost(tokens: Sequence[Token]) -> set[str]:
    """Names declared outside all brackets: modules that become one may not share them."""
    found, depth = set(), 0
    for before, token in pairwise(tokens):
        depth += (before.text in CLOSING.values()) - (before.text in CLOSING)
        if depth == 0 and before.text in _DECLARES:
            found.add(token.text)
    return found


def _renamed_token(token: Token, names: Mapping[str, str]) -> Token:
    text = _renamed(token.text, names)
    return token if text == token.text else replace(token, text=text)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """A token with its names renamed: itself, or those in the holes of a template."""
    if not text.startswith("`"):
        return names.get(text, text)
    if "${" in _HOLE.sub("", text):
        raise NotCompacted("braces in a hole of a template")

    def fill(hole: re.Match[str]) -> str:
        return "${" + "".join(names.get(each.text, each.text) for each in read_tokens(hole[1])) + "}"

    return _HOLE.sub(fill, text)


def _endings() -> Iterator[str]:
    for length in (1, 2):
        yield from map("".join, product(ascii_letters, repeat=length))


def _with_joined_constants(tokens: Sequence[Token]) -> list[Token]:
    """`const a = 1; const b = 2;` as one declaration."""
    written: list[Token] = []
    joinable = [False]  # by depth: whether the statement at hand is a declaration of constants
    joined = False
    for token, after in zip(tokens, [*(each.text for each in tokens[1:]), ""], strict=True):
        if joined:  # the word is there already
            joined = False
            continue
        if token.text in CLOSING.values():
            joinable.append(False)
        elif token.text in CLOSING:
            joinable.pop()
        elif token.text == "const" and not (written and written[-1].text in {"export", "("}):
            joinable[-1] = True
        elif token.text == ";":
            joined = joinable[-1] = joinable[-1] and after == "const"
        written.append(replace(token, text=",") if joined else token)
    return written


def _without_parentheses(tokens: Sequence[Token]) -> list[Token]:
    """`x => …` for `(x) => …`."""
    written: list[Token] = []
    for token in tokens:
        written.append(token)
        match [each.text for each in written[-4:]]:
            case ["(", _, ")", "=>"] if written[-3].kind == "name":
                written[-4:] = [replace(written[-3], broken=written[-4].broken), token]
    return written


def _without_closing_semicolons(tokens: Sequence[Token]) -> list[Token]:
    """`}` ends a statement too (ECMA-262 §12.10.1), unless the statement is the empty one of a loop."""
    written: list[Token] = []
    heads: list[bool] = []  # of open parentheses: whether they follow `for`, `while` or `if`
    is_head = False  # whether the parenthesis closed last was one of those
    for token in tokens:
        is_empty = is_head and written[-2:-1] and written[-2].text == ")"
        if token.text == "}" and written and written[-1].text == ";" and not is_empty:
            written.pop()
        if token.text == "(":
            heads.append(bool(written) and written[-1].text in {"for", "while", "if"})
        elif token.text == ")":
            is_head = heads.pop()
        written.append(token)
    return written


def _declared(tokens: Sequence[Token]) -> set[str]:
    """Names behind `const` and its like, in the pattern there, and of parameters."""
    found: set[str] = set()
    opened: list[int] = []
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.kind == "name" and (before in _DECLARES or after == "=>"):
            found.add(token.text)
        if token.text in {"(", "[", "{"}:
            opened.append(at)
        elif token.text in CLOSING:
            start = opened.pop()
            head = [each.text for each in tokens[max(0, start - 2) : start]]
            if after == "=>" or head[-1:] in (["const"], ["let"], ["catch"]) or head[:1] == ["function"]:
                found |= {
                    each.text
                    for behind, each in pairwise(tokens[start:at])
                    if each.kind == "name" and behind.text not in {"=", "."}  # but for what a default says
                }
    return found - _KEYWORDS


def _meaningful(tokens: Sequence[Token]) -> set[str]:
    """Names that stand, anywhere in the script, where they may mean something to others."""
    found = set(re.findall(r"\w+", _templates(tokens)))
    opened: list[str] = []
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.text in {"(", "[", "{"}:
            opened.append(token.text)
        elif token.text in CLOSING:
            opened.pop()
        if token.kind != "name":
            continue
        in_braces = opened[-1:] == ["{"] and before in {"{", ","} and after in {",", "}", "=", "(", "as"}
        if before in {".", "?.", "export"} or after == ":" or in_braces:
            found.add(token.text)
        if before in _DECLARES | {"async"} and _is_exported(tokens, at):
            found.add(token.text)
    return found


def _is_exported(tokens: Sequence[Token], at: int) -> bool:
    return "export" in {token.text for token in tokens[max(0, at - 3) : at]}


def _templates(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens if token.text.startswith("`"))
