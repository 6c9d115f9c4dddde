"""Closed lists of values that travel in a seal code as small integers.

Append-only: a number once given keeps its meaning for as long as paper lasts. The signed
trust list carries these tables, so that a page published earlier can still name a value
added later.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One value: its number on paper, its key in the record, its words for people."""

    number: int
    key: str
    ar: str
    en: str


CodeTables = Mapping[str, tuple[Code, ...]]

SEX, MARITAL_STATUS, GOVERNORATE = "sex", "marital-status", "governorate"
EMPLOYMENT, CURRENCY = "employment", "currency"


def _table(*rows: tuple[str, str, str]) -> tuple[Code, ...]:
    return tuple(
        Code(number=number, key=key, ar=ar, en=en) for number, (key, ar, en) in enumerate(rows, start=1)
    )


CODE_TABLES: CodeTables = {
    SEX: _table(("male", "ذكر", "Male"), ("female", "أنثى", "Female")),
    MARITAL_STATUS: _table(  # of a man or of a woman: one of the two stands on the paper
        ("single", "عازب أو عازبة", "Single"),
        ("married", "متزوج أو متزوجة", "Married"),
        ("divorced", "مطلق أو مطلقة", "Divorced"),
        ("widowed", "أرمل أو أرملة", "Widowed"),
    ),
    GOVERNORATE: _table(  # ISO 3166-2:SY
        ("SY-DI", "دمشق", "Damascus"),
        ("SY-RD", "ريف دمشق", "Rif Dimashq"),
        ("SY-HL", "حلب", "Aleppo"),
        ("SY-HI", "حمص", "Homs"),
        ("SY-HM", "حماة", "Hama"),
        ("SY-LA", "اللاذقية", "Latakia"),
        ("SY-TA", "طرطوس", "Tartus"),
        ("SY-ID", "إدلب", "Idlib"),
        ("SY-DY", "دير الزور", "Deir ez-Zor"),
        ("SY-RA", "الرقة", "Raqqa"),
        ("SY-HA", "الحسكة", "Al-Hasakah"),
        ("SY-DR", "درعا", "Daraa"),
        ("SY-SU", "السويداء", "As-Suwayda"),
        ("SY-QU", "القنيطرة", "Quneitra"),
    ),
    EMPLOYMENT: _table(("not-employed", "غير عامل", "Not employed")),
    CURRENCY: _table(
        ("SYP", "ليرة سورية جديدة", "new Syrian pounds"),
        ("SYP-OLD", "ليرة سورية قديمة", "old Syrian pounds"),
        ("USD", "دولار أمريكي", "US dollars"),
        ("EUR", "يورو", "euros"),
    ),
}


def code_of_key(tables: CodeTables, table: str, key: str) -> Code:
    """The code whose record key is `key`.

    Raises:
        ValueError: the table has no such key.
    """
    return _only(tables, table, [code for code in tables.get(table, ()) if code.key == key], key)


def code_of_number(tables: CodeTables, table: str, number: int) -> Code:
    """The code whose number on paper is `number`.

    Raises:
        ValueError: the table has no such number.
    """
    return _only(tables, table, [code for code in tables.get(table, ()) if code.number == number], number)


def _only(tables: CodeTables, table: str, found: list[Code], wanted: object) -> Code:
    if not found:
        known = "no such table" if table not in tables else f"not in the table {table}"
        raise ValueError(f"{wanted}: {known}")
    return found[0]
