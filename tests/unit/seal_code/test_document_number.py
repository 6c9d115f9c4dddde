import pytest

from signing.formats.document_number import (
    check_digit,
    format_document_number,
    make_document_number,
    parse_document_number,
)


@pytest.mark.parametrize(
    ("body", "digit"),
    [("3657426180", "9"), ("8609574271", "9"), ("9457740319", "4")],
    ids=["German tax number", "another German tax number", "Croatian personal number"],
)
def test_check_digit_agrees_with_published_numbers(body: str, digit: str) -> None:
    """ISO/IEC 7064 MOD 11,10 as used by others."""
    assert check_digit(body) == digit


def test_numbers_are_made_printed_and_read_back() -> None:
    number = make_document_number(2026, 1)
    assert number == "260000000010"
    assert format_document_number(number) == "2600 0000 0010"
    for typed in ("2600 0000 0010", "2600-0000-0010", " ٢٦٠٠ ٠٠٠٠ ٠٠١٠ ", "۲۶۰۰۰۰۰۰۰۰۱۰", "260000000010"):
        assert parse_document_number(typed) == number


def test_every_single_wrong_digit_is_found() -> None:
    number = make_document_number(2026, 123_456_789)
    for at, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            with pytest.raises(ValueError, match="check digit"):
                parse_document_number(number[:at] + wrong + number[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "26000000001", "2600000000100", "26000000001O", "2600 0000 001²", "٢" * 41, "+260000000010"]
)
def test_what_is_not_twelve_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"digits|too long"):
        parse_document_number(text)


@pytest.mark.parametrize(("year", "sequence"), [(1999, 1), (2100, 1), (2026, 0), (2026, 10**9)])
def test_what_twelve_digits_cannot_hold_is_refused(year: int, sequence: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        make_document_number(year, sequence)
