"""Folds Arabic and Latin text so that a search finds what the searcher meant.

People write alef with or without its hamza, taa marbuta as haa, yaa without dots,
leave diacritics out and stretch words with tatweel. Folding removes these
differences from both sides of a comparison; its result is for matching only and is
never shown.
"""

import re
import unicodedata

_LETTERS = str.maketrans(
    {
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",  # Farsi yeh, as some keyboards write it
        "ئ": "ي",
        "ؤ": "و",
        "ء": None,
        "ة": "ه",
        "ک": "ك",
        "ـ": None,  # tatweel
        **{chr(0x0660 + digit): str(digit) for digit in range(10)},
        **{chr(0x06F0 + digit): str(digit) for digit in range(10)},
    }
)
_WORD = re.compile(r"\w+")
_ARTICLES = ("وال", "بال", "لل", "ال")
_SHORTEST_STEM = 3


def fold(text: str) -> str:
    """The text without the differences that a searcher does not mean.

    `fold(fold(x)) == fold(x)`.
    """
    decomposed = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    # Combining marks (Arabic diacritics, Latin accents) are what NFD leaves apart from their letters.
    bare = "".join(c for c in unicodedata.normalize("NFD", decomposed) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)


def words(text: str) -> tuple[str, ...]:
    """The folded words of `text`, without the Arabic article."""
    return tuple(_without_article(word) for word in _WORD.findall(fold(text)))


def _without_article(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) >= len(article) + _SHORTEST_STEM:
            return word.removeprefix(article)
    return word
