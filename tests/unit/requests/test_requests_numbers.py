"""Request numbers: read over a counter, typed on any keyboard, wrong in no single digit."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_world import NOON, World, citizen

from issuance.requests.numbers import (
    RANDOM_DIGITS,
    RequestNumberMalformed,
    make_request_number,
    parse_request_number,
)

YEARS = st.integers(2000, 2099)
RANDOM = st.integers(0, 10**RANDOM_DIGITS - 1)
ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def number_of(year: int, drawn: int) -> str:
    return make_request_number(datetime(year, 7, 1, tzinfo=UTC), lambda _: drawn)


@given(year=YEARS, drawn=RANDOM)
def test_a_number_is_read_back_however_it_is_written(year: int, drawn: int) -> None:
    number = number_of(year, drawn)
    assert len(number) == len("R-26-0000000000")
    assert parse_request_number(number) == number
    spoken = number.replace("-", " ").lower()
    for written in (spoken, number[2:], number[2:].translate(ARABIC_INDIC), number.translate(PERSIAN)):
        assert parse_request_number(f" {written} ") == number


@given(year=YEARS, drawn=RANDOM, place=st.integers(0, 11), other=st.integers(1, 9))
def test_every_single_wrong_digit_is_refused(year: int, drawn: int, place: int, other: int) -> None:
    digits = number_of(year, drawn)[2:].replace("-", "")
    wrong = str((int(digits[place]) + other) % 10)
    with pytest.raises(RequestNumberMalformed):
        parse_request_number(digits[:place] + wrong + digits[place + 1 :])


@given(st.text(max_size=60))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        number = parse_request_number(text)
    except RequestNumberMalformed:
        return
    assert parse_request_number(number) == number


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("R-26-000000001", id="a digit missing"),
        pytest.param("R-26-00000000177", id="a digit too many"),
        pytest.param("RR-26-0000000017", id="another prefix"),
        pytest.param("X-26-0000000017", id="another letter"),
        pytest.param("R-26-０000000017", id="a full-width digit"),
        pytest.param("R-26-0000000017" + " " * 40, id="endless spaces"),
        pytest.param("9" * 10_000, id="endless digits"),
    ],
)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(RequestNumberMalformed):
        parse_request_number(text)


def test_a_number_that_is_taken_is_drawn_again(world: World) -> None:
    """A million requests a year in a thousand million numbers: one in a thousand draws is taken."""
    drawn = iter([5, 5, 5, 7])
    world.draw = lambda _: next(drawn)
    assert world.open().number == make_request_number(NOON, lambda _: 5)
    assert world.open(citizen("99010000002"), applicant="99010000002").number == make_request_number(
        NOON, lambda _: 7
    )
