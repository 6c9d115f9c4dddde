"""What a stranger wrote, on its way to a terminal."""

import json
import re
import unicodedata
from collections.abc import Mapping

# Controls, formats such as direction overrides, surrogates, private use, line and paragraph separators.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Of these, JSON's own escapes are the same text; surrogates must be escaped or cannot be written at all.
_ESCAPED = _STEERING - {"Co"}
_SYMBOLS = frozenset({"So", "Sk"})  # such as the marks of our verdicts, and what looks like them
_STAND_IN = "\ufffd"


def without_steering(text: str) -> str:
    """`text` in which nothing can steer the terminal or reverse a line."""
    return "".join(" " if unicodedata.category(each) in _STEERING else each for each in text)


def as_name(text: str) -> str:
    """A name within a line of ours: it cannot look like another line, wherever the terminal breaks it.

    Marks are replaced and wide gaps closed; what has a gap in it stands in quotes.
    """
    shown = "".join(_STAND_IN if unicodedata.category(each) in _SYMBOLS else each for each in text)
    closed = re.sub(r"\s+", " ", without_steering(shown))
    return f"'{closed}'" if " " in closed else closed


def as_json_line(said: Mapping[str, object]) -> str:
    """One line of JSON, its end included, in which nothing acts on whoever looks at it raw.

    A file's name need not be UTF-8; JSON's own escape of its octets must not stop the others.
    """
    written = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    escaped = (json.dumps(each)[1:-1] if unicodedata.category(each) in _ESCAPED else each for each in written)
    return (written if written.isascii() and "\x7f" not in written else "".join(escaped)) + "\n"
