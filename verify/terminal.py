"""What a stranger wrote, on its way to a terminal."""

import unicodedata

# Controls, formats such as direction overrides, surrogates, private use, line and paragraph separators.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def without_steering(text: str) -> str:
    """`text` in which nothing can steer the terminal or reverse a line."""
    return "".join(" " if unicodedata.category(each) in _STEERING else each for each in text)
