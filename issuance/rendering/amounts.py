"""Amounts of money as they stand on a page, in figures and in Arabic words."""

from issuance.money import Currency, Money
from issuance.rendering.words import Gender, Noun, counted
from signing.formats.canonical_json import JsonValue

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
_NAMES: dict[Currency, tuple[Noun, Noun | None]] = {
    Currency.SYP: (_NEW_LIRA, _QIRSH),
    Currency.SYP_OLD: (_OLD_LIRA, None),
    Currency.USD: (_DOLLAR, _CENT),
    Currency.EUR: (_EURO, _CENT),
}
_HUNDREDTHS = 100


def amount_on_page(money: Money) -> dict[str, JsonValue]:
    """An amount of zero or more, in Arabic words and, as English, in figures with its currency code.

    Raises:
        ValueError: the amount is negative or too large for words.
    """
    if money.minor < 0:
        raise ValueError(f"a negative amount is not printed: {money.minor}")
    unit, part = _NAMES[money.currency]
    if money.minor == 0:
        return {"ar": "لا شيء", "en": f"{money.currency} 0"}
    if part is None:
        return {"ar": counted(money.minor, unit), "en": f"{money.currency} {money.minor:,}"}
    whole, rest = divmod(money.minor, _HUNDREDTHS)
    words = [counted(number, noun) for number, noun in ((whole, unit), (rest, part)) if number]
    return {"ar": " و".join(words), "en": f"{money.currency} {whole:,}.{rest:02d}"}
