"""What a stranger wrote, on its way to somebody's eyes.

A file's name, a certificate's subject or a field may hold characters that are not seen but act:
they reverse a line (`invoice\u202efdp.exe`), break it, or steer a terminal. Each is shown as one
visible stand-in, so that nothing acts and nobody overlooks that it was there.
"""

import unicodedata

STAND_IN = "\ufffd"
MAX_CHARACTERS = 1000
# Controls, formats such as direction marks, surrogates, private use, unassigned, line and paragraph ends.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters of one word are joined or kept apart by these; they reorder nothing.
_JOINERS = "\u200c\u200d"


def plain(text: str) -> str:
    """`text` in which nothing acts, cut where it is longer than anybody reads."""
    shown = text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
    return "".join(each if _is_plain(each) else STAND_IN for each in shown)


def _is_plain(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _ACTING
