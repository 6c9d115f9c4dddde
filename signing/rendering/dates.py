"""Dates as they stand on a page: the Syrian month names, English beside them, and words against alteration.

Months carry the names used in Syria (كانون الثاني … كانون الأول), as `ar_SY` does
and `ar_EG` does not.
"""

from datetime import date

from signing.formats.canonical_json import JsonValue
from signing.rendering.words import Case, Gender, cardinal, ordinal_day

MONTHS = (
    ("كانون الثاني", "January"),
    ("شباط", "February"),
    ("آذار", "March"),
    ("نيسان", "April"),
    ("أيار", "May"),
    ("حزيران", "June"),
    ("تموز", "July"),
    ("آب", "August"),
    ("أيلول", "September"),
    ("تشرين الأول", "October"),
    ("تشرين الثاني", "November"),
    ("كانون الأول", "December"),
)


def date_on_page(day: date) -> dict[str, JsonValue]:
    """A date in Arabic, in English and in Arabic words."""
    arabic, english = MONTHS[day.month - 1]
    return {
        "ar": f"{day.day} {arabic} {day.year}",
        "en": f"{day.day} {english} {day.year}",
        "words": date_in_words(day),
    }


def date_in_words(day: date) -> str:
    """A date in Arabic words: «الثاني والعشرون من تشرين الثاني سنة ألفين وست وعشرين»."""
    year = cardinal(day.year, gender=Gender.FEMININE, case=Case.OBLIQUE)
    return f"{ordinal_day(day.day)} من {MONTHS[day.month - 1][0]} سنة {year}"
