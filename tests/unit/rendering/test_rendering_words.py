"""Readings a grammarian would accept, and no two numbers that read alike."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.rendering.amounts import amount_on_page
from signing.rendering.dates import date_in_words, date_on_page
from signing.rendering.words import (
    LARGEST,
    Case,
    Gender,
    Noun,
    cardinal,
    counted,
    groups_in_words,
    ordinal_day,
)

LIRA = Noun(
    singular="ليرة", dual=("ليرتان", "ليرتين"), plural="ليرات", accusative="ليرة", gender=Gender.FEMININE
)
POUND = Noun(singular="قرش", dual=("قرشان", "قرشين"), plural="قروش", accusative="قرشاً")


@pytest.mark.parametrize(
    ("number", "reading"),
    [
        (0, "صفر"),
        (1, "واحد"),
        (2, "اثنان"),
        (3, "ثلاثة"),
        (8, "ثمانية"),
        (10, "عشرة"),
        (11, "أحد عشر"),
        (12, "اثنا عشر"),
        (15, "خمسة عشر"),
        (20, "عشرون"),
        (21, "واحد وعشرون"),
        (99, "تسعة وتسعون"),
        (100, "مئة"),
        (200, "مئتان"),
        (345, "ثلاثمئة وخمسة وأربعون"),
        (1000, "ألف"),
        (2000, "ألفان"),
        (2026, "ألفان وستة وعشرون"),
        (3000, "ثلاثة آلاف"),
        (11_000, "أحد عشر ألفاً"),
        (100_000, "مئة ألف"),
        (102_000, "مئة ألف وألفان"),
        (200_000, "مئتا ألف"),
        (1_000_000, "مليون"),
        (2_003_004, "مليونان وثلاثة آلاف وأربعة"),
        (260_000_000_017, "مئتان وستون ملياراً وسبعة عشر"),
    ],
)
def test_a_number_by_itself_is_masculine_and_nominative(number: int, reading: str) -> None:
    assert cardinal(number) == reading


@pytest.mark.parametrize(
    ("number", "reading"),
    [
        (1, "ليرة"),
        (2, "ليرتان"),
        (3, "ثلاث ليرات"),
        (8, "ثماني ليرات"),
        (10, "عشر ليرات"),
        (11, "إحدى عشرة ليرة"),
        (12, "اثنتا عشرة ليرة"),
        (18, "ثماني عشرة ليرة"),
        (21, "إحدى وعشرون ليرة"),
        (28, "ثمانٍ وعشرون ليرة"),
        (100, "مئة ليرة"),
        (101, "مئة ليرة وليرة"),
        (102, "مئة ليرة وليرتان"),
        (103, "مئة وثلاث ليرات"),
        (200, "مئتا ليرة"),
        (1000, "ألف ليرة"),
        (2000, "ألفا ليرة"),
        (5000, "خمسة آلاف ليرة"),
        (15_000, "خمسة عشر ألف ليرة"),
        (200_000, "مئتا ألف ليرة"),
    ],
)
def test_a_feminine_noun_turns_the_number(number: int, reading: str) -> None:
    assert counted(number, LIRA) == reading


@pytest.mark.parametrize(
    ("number", "reading"),
    [
        (1, "قرش"),
        (2, "قرشان"),
        (3, "ثلاثة قروش"),
        (11, "أحد عشر قرشاً"),
        (25, "خمسة وعشرون قرشاً"),
        (100, "مئة قرش"),
    ],
)
def test_a_masculine_noun_takes_the_other_form(number: int, reading: str) -> None:
    assert counted(number, POUND) == reading


@pytest.mark.parametrize(
    ("day", "reading"),
    [
        (date(2026, 11, 22), "الثاني والعشرون من تشرين الثاني سنة ألفين وست وعشرين"),
        (date(1990, 3, 1), "الأول من آذار سنة ألف وتسعمئة وتسعين"),
        (date(2011, 1, 11), "الحادي عشر من كانون الثاني سنة ألفين وإحدى عشرة"),
        (date(2012, 10, 31), "الحادي والثلاثون من تشرين الأول سنة ألفين واثنتي عشرة"),
        (date(2028, 8, 30), "الثلاثون من آب سنة ألفين وثمانٍ وعشرين"),
    ],
)
def test_a_date_in_words(day: date, reading: str) -> None:
    assert date_in_words(day) == reading


def test_a_date_carries_the_month_names_used_in_syria() -> None:
    assert date_on_page(date(2026, 11, 22)) | {"words": ""} == {
        "ar": "22 تشرين الثاني 2026",
        "en": "22 November 2026",
        "words": "",
    }


@pytest.mark.parametrize(
    ("money", "reading"),
    [
        ((1_500_000, "SYP"), ("خمسة عشر ألف ليرة سورية", "SYP 15,000.00")),
        ((250, "SYP"), ("ليرتان سوريتان وخمسون قرشاً", "SYP 2.50")),
        ((300, "SYP-OLD"), ("ثلاثمئة ليرة سورية قديمة", "SYP-OLD 300")),
        ((1100, "USD"), ("أحد عشر دولاراً أمريكياً", "USD 11.00")),
        ((0, "SYP"), ("لا شيء", "SYP 0")),
    ],
)
def test_an_amount_in_words(money: tuple[int, str], reading: tuple[str, str]) -> None:
    assert tuple(amount_on_page(*money).values()) == reading


def test_a_negative_amount_is_not_printed() -> None:
    with pytest.raises(ValueError, match="negative"):
        amount_on_page(-1, "SYP")


def test_no_two_small_numbers_read_alike() -> None:
    for gender in Gender:
        for case in Case:
            assert len({cardinal(number, gender=gender, case=case) for number in range(10_000)}) == 10_000


@given(st.integers(0, LARGEST), st.integers(0, LARGEST))
def test_no_two_numbers_read_alike(one: int, other: int) -> None:
    assert (cardinal(one) == cardinal(other)) == (one == other)
    assert (counted(one, LIRA) == counted(other, LIRA)) == (one == other)


@given(st.integers(1, 10**9), st.sampled_from([10**3, 10**6, 10**9]))
def test_a_number_and_its_neighbours_read_differently(number: int, step: int) -> None:
    assert len({cardinal(number), cardinal(number + step), cardinal(number - 1)}) == 3


@given(st.text("0123456789", min_size=12, max_size=12), st.text("0123456789", min_size=12, max_size=12))
def test_no_two_document_numbers_read_alike(one: str, other: str) -> None:
    assert (groups_in_words(one) == groups_in_words(other)) == (one == other)


def test_no_two_dates_of_a_century_read_alike() -> None:
    days = [date(1950, 1, 1) + timedelta(days=offset) for offset in range(0, 36_500, 7)]
    assert len(set(map(date_in_words, days))) == len(days)


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_what_has_no_words_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="no words"):
        cardinal(number)


@pytest.mark.parametrize("day", [0, 32])
def test_no_month_has_that_day(day: int) -> None:
    with pytest.raises(ValueError, match="no such day"):
        ordinal_day(day)
