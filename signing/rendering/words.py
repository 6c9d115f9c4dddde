"""Arabic number words (tafqit): cardinals, ordinals of days, counted nouns.

The rules are those of classical counting, written without vowels except the
tanwin that decides a reading:

- one and two agree with the counted noun, three to ten take the opposite gender;
- in eleven and twelve both parts agree, in thirteen to nineteen the unit takes the
  opposite gender and the ten agrees;
- the noun is plural after 3–10, accusative singular after 11–99, genitive singular
  after a whole hundred, thousand or million, where a dual loses its nun (مئتا ألف);
- what ends in one or two beyond a hundred repeats the noun (مئة ألف وألفان).

Oblique stands for the genitive and the accusative, alike in all these forms.
"""

from dataclasses import dataclass
from enum import Enum

LARGEST = 10**12 - 1
HUNDRED, THOUSAND = 100, 1000


class Gender(Enum):
    """Gender of what is counted."""

    MASCULINE = 0
    FEMININE = 1


class Case(Enum):
    """The case in which the number stands in its sentence."""

    NOMINATIVE = 0
    OBLIQUE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A thing that can be counted, in the forms that counting asks for."""

    singular: str
    dual: tuple[str, str]  # nominative, oblique
    plural: str
    accusative: str
    gender: Gender = Gender.MASCULINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Noun):
    """A noun that is itself a number (thousand, million); before another noun its dual loses the nun."""

    value: int
    dual_construct: tuple[str, str]


SCALES = (
    Scale(
        value=10**9,
        singular="مليار",
        dual=("ملياران", "مليارين"),
        dual_construct=("مليارا", "ملياري"),
        plural="مليارات",
        accusative="ملياراً",
    ),
    Scale(
        value=10**6,
        singular="مليون",
        dual=("مليونان", "مليونين"),
        dual_construct=("مليونا", "مليوني"),
        plural="ملايين",
        accusative="مليوناً",
    ),
    Scale(
        value=THOUSAND,
        singular="ألف",
        dual=("ألفان", "ألفين"),
        dual_construct=("ألفا", "ألفي"),
        plural="آلاف",
        accusative="ألفاً",
    ),
)

# By gender of what is counted: three to ten are feminine in form where the noun is masculine.
_ONE = ("واحد", "واحدة")
_TWO = (("اثنان", "اثنين"), ("اثنتان", "اثنتين"))
_TWO_CONSTRUCT = (("اثنا", "اثني"), ("اثنتا", "اثنتي"))
_ELEVEN = ("أحد عشر", "إحدى عشرة")
_TEN_OF_TEENS = ("عشر", "عشرة")
_UNITS = (
    ("ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة"),
    ("ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر"),
)
_EIGHT_ALONE = "ثمانٍ"  # the feminine eight, when no noun or ten follows it directly
_TENS = ("عشر", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثمان", "تسع")
_TENS_ENDING = ("ون", "ين")
_TWO_HUNDRED = ("مئتان", "مئتين")
_TWO_HUNDRED_CONSTRUCT = ("مئتا", "مئتي")
_HUNDREDS = ("ثلاثمئة", "أربعمئة", "خمسمئة", "ستمئة", "سبعمئة", "ثمانمئة", "تسعمئة")
_DAY_ORDINALS = (
    ("الأول", "الثاني", "الثالث", "الرابع", "الخامس", "السادس", "السابع", "الثامن", "التاسع", "العاشر"),
    ("الحادي", "الثاني", "الثالث", "الرابع", "الخامس", "السادس", "السابع", "الثامن", "التاسع"),
)
LAST_DAY = 31


def cardinal(
    number: int, *, gender: Gender = Gender.MASCULINE, case: Case = Case.NOMINATIVE, construct: bool = False
) -> str:
    """The cardinal `number` in words.

    Args:
        number: 0 … 10¹² − 1.
        gender: of what is counted; masculine for a number by itself.
        case: of the whole number in its sentence.
        construct: whether the counted noun follows immediately (drops the nun of a final dual).

    Raises:
        ValueError: the number is out of range.
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"no words for {number}")
    if number == 0:
        return "صفر"
    parts, rest = [], number
    for scale in SCALES:
        count, rest = divmod(rest, scale.value)
        if count:
            parts.append(_scaled(count, scale, case, construct=construct and rest == 0))
    if rest:
        parts.append(_below_thousand(rest, gender, case, construct=construct))
    return " و".join(parts)


def counted(number: int, noun: Noun, *, case: Case = Case.NOMINATIVE) -> str:
    """`number` with its noun: ليرتان، ثلاث ليرات، إحدى عشرة ليرة، مئتا ليرة."""
    last = number % HUNDRED
    if number > HUNDRED and last in {1, 2}:
        whole = cardinal(number - last, gender=noun.gender, case=case, construct=True)
        return f"{whole} {noun.singular} و{counted(last, noun, case=case)}"
    if number in {1, 2}:
        return noun.singular if number == 1 else noun.dual[case.value]
    words = cardinal(number, gender=noun.gender, case=case, construct=last <= len(_UNITS[0]) + 2)
    return f"{words} {_form_after(last, noun)}"


def ordinal_day(day: int) -> str:
    """The day of a month as a masculine ordinal with the article: الثاني والعشرون.

    Raises:
        ValueError: no month has such a day.
    """
    if not 1 <= day <= LAST_DAY:
        raise ValueError(f"no such day of a month: {day}")
    tens, unit = divmod(day, 10)
    if day <= len(_DAY_ORDINALS[0]):
        return _DAY_ORDINALS[0][day - 1]
    if tens == 1:
        return f"{_DAY_ORDINALS[1][unit - 1]} عشر"
    whole = f"ال{_TENS[tens - 2]}{_TENS_ENDING[0]}"
    return f"{_DAY_ORDINALS[1][unit - 1]} و{whole}" if unit else whole


def groups_in_words(digits: str, *, size: int = 4) -> str:
    """A string of digits as it is read aloud, group by group.

    Every group has the same length, so its leading zeros need no word and the
    reading still belongs to one number only.
    """
    groups = (digits[start : start + size] for start in range(0, len(digits), size))
    return " – ".join(cardinal(int(group)) for group in groups)


def _form_after(last: int, noun: Noun) -> str:
    if 3 <= last <= 10:  # noqa: PLR2004  (the rule of grammar itself)
        return noun.plural
    return noun.accusative if last else noun.singular


def _scaled(count: int, scale: Scale, case: Case, *, construct: bool) -> str:
    last = count % HUNDRED
    if not construct or 3 <= last <= 10:  # noqa: PLR2004  (a plural looks the same before a noun)
        return counted(count, scale, case=case)
    if last == 2:  # noqa: PLR2004  (the dual)
        dual = scale.dual_construct[case.value]
        return dual if count == last else f"{counted(count - last, scale, case=case)} و{dual}"
    # Before another noun the accusative drops its tanwin: أحد عشر ألف ليرة.
    return counted(count, scale, case=case).removesuffix(scale.accusative) + (
        scale.singular if last > 10 else ""  # noqa: PLR2004  (11–99 take the accusative)
    )


def _below_thousand(number: int, gender: Gender, case: Case, *, construct: bool) -> str:
    hundreds, rest = divmod(number, HUNDRED)
    parts = []
    if hundreds:
        parts.append(_hundreds(hundreds, case, construct=construct and rest == 0))
    if rest:
        parts.append(_below_hundred(rest, gender, case, construct=construct))
    return " و".join(parts)


def _hundreds(hundreds: int, case: Case, *, construct: bool) -> str:
    match hundreds:
        case 1:
            return "مئة"
        case 2:
            return (_TWO_HUNDRED_CONSTRUCT if construct else _TWO_HUNDRED)[case.value]
        case _:
            return _HUNDREDS[hundreds - 3]


def _below_hundred(number: int, gender: Gender, case: Case, *, construct: bool) -> str:
    tens, unit = divmod(number, 10)
    if number <= 10:  # noqa: PLR2004  (ten itself is counted like a unit)
        return _unit(number, gender, case, construct=construct)
    if tens == 1:
        return _teen(unit, gender, case)
    whole = _TENS[tens - 2] + _TENS_ENDING[case.value]
    if unit == 0:
        return whole
    if unit == 1:
        return f"{('واحد', 'إحدى')[gender.value]} و{whole}"
    return f"{_unit(unit, gender, case, construct=False)} و{whole}"


def _unit(number: int, gender: Gender, case: Case, *, construct: bool) -> str:
    match number:
        case 1:
            return _ONE[gender.value]
        case 2:
            return _TWO[gender.value][case.value]
        case 8 if gender is Gender.FEMININE and not construct:
            return _EIGHT_ALONE
        case _:
            return _UNITS[gender.value][number - 3]


def _teen(unit: int, gender: Gender, case: Case) -> str:
    match unit:
        case 1:
            return _ELEVEN[gender.value]
        case 2:
            return f"{_TWO_CONSTRUCT[gender.value][case.value]} {_TEN_OF_TEENS[gender.value]}"
        case _:
            return f"{_UNITS[gender.value][unit - 3]} {_TEN_OF_TEENS[gender.value]}"
