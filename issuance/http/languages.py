"""Choosing between Arabic and English (RFC 9110 §12.5.4). Arabic unless English is preferred."""

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["ar", "en"]

MAX_HEADER_CHARACTERS = 400


def preferred_language(accept_language: str | None) -> Language:
    """The better of the two languages for an `Accept-Language` header; a malformed one says nothing."""
    qualities = {"ar": 0.0, "en": 0.0}
    for item in (accept_language or "")[:MAX_HEADER_CHARACTERS].split(","):
        name, _, parameter = item.strip().partition(";")
        language = name.strip().lower().split("-")[0]
        if language in qualities:
            qualities[language] = max(qualities[language], _quality(parameter))
    return "en" if qualities["en"] > qualities["ar"] else "ar"


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
