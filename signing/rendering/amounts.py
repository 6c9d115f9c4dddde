"""Amounts of money as they stand on a page, in figures and in Arabic words."""

from signing.formats.canonical_json import JsonValue
from signing.rendering.words import Gender, Noun, counted

_NEW_LIRA = Noun(
    singular="ليرة سورية",
    dual=("ليرتان سوريتان", "ليرتين سوريتين"),
    plural="ليرات سورية",
    accusative="ليرة سورية",
    gender=Gender.FEMININE,
)
_QIRSH = Noun(singular="قرش", dual=("قرشان", "قرشين"), plural="قروش", accusative="قرشاً")
_OLD_LIRA = Noun(
    singular="ليرة سورية قديمة",
    dual=("ليرتان سوريتان قديمتان", "ليرتين سوريتين قديمتين"),
    plural="ليرات سورية قديمة",
    accusative="ليرة سورية قديمة",
    gender=Gender.FEMININE,
)
_DOLLAR = Noun(
    singular="دولار أمريكي",
    dual=("دولاران أمريكيان", "دولارين أمريكيين"),
    plural="دولارات أمريكية",
    accusative="دولاراً أمريكياً",
)
_EURO = Noun(singular="يورو", dual=("يوروان", "يوروين"), plural="يوروات", accusative="يورو")
_CENT = Noun(singular="سنت", dual=("سنتان", "سنتين"), plural="سنتات", accusative="سنتاً")

# Currency → name of its unit, of its hundredth where one is in use.
_NAMES: dict[str, tuple[Noun, Noun | None]] = {
    "SYP": (_NEW_LIRA, _QIRSH),
    "SYP-OLD": (_OLD_LIRA, None),
    "USD": (_DOLLAR, _CENT),
    "EUR": (_EURO, _CENT),
}
_HUNDREDTHS = 100


def amount_on_page(minor: int, currency: str) -> dict[str, JsonValue]:
    """An amount of zero or more, in Arabic words and, as English, in figures with its currency code.

    Args:
        minor: in hundredths, or whole where the currency has none in use.
        currency: as records name it (`docs/formats/record.md`).

    Raises:
        ValueError: the amount is negative or too large for words, or there is no such currency.
    """
    if minor < 0:
        raise ValueError(f"a negative amount is not printed: {minor}")
    if currency not in _NAMES:
        raise ValueError(f"no words for the currency {currency}")
    unit, part = _NAMES[currency]
    if minor == 0:
        return {"ar": "لا شيء", "en": f"{currency} 0"}
    if part is None:
        return {"ar": counted(minor, unit), "en": f"{currency} {minor:,}"}
    whole, rest = divmod(minor, _HUNDREDTHS)
    words = [counted(number, noun) for number, noun in ((whole, unit), (rest, part)) if number]
    return {"ar": " و".join(words), "en": f"{currency} {whole:,}.{rest:02d}"}
