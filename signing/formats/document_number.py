"""Document numbers: two digits of the year, nine of the sequence, one check digit.

The check digit follows ISO/IEC 7064, MOD 11,10: it finds every single wrong digit and
nearly every pair of neighbours swapped. People copy numbers from paper, so the parser
takes spaces, hyphens and Arabic-Indic digits; everything behind it sees twelve ASCII digits.
"""

import re
from typing import NewType

DocumentNumber = NewType("DocumentNumber", str)
"""Twelve ASCII digits whose last is the right check digit."""

FIRST_YEAR, LAST_YEAR = 2000, 2099  # what two digits can tell apart
MAX_SEQUENCE = 10**9 - 1

# Arabic-Indic (U+0660 …) and the Eastern forms (U+06F0 …) that Persian and Kurdish keyboards write.
_TO_ASCII = {start + digit: str(digit) for start in (0x0660, 0x06F0) for digit in range(10)}
_SEPARATORS = re.compile(r"[ \u00a0\u202f-]")
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
_MAX_TYPED_LENGTH = 40


def parse_document_number(text: str) -> DocumentNumber:
    """The number a person typed or a machine sent.

    Raises:
        ValueError: not twelve digits, or the check digit does not fit.
    """
    if len(text) > _MAX_TYPED_LENGTH:
        raise ValueError("too long for a document number")
    digits = _SEPARATORS.sub("", text.strip()).translate(_TO_ASCII)
    if not _TWELVE_DIGITS.fullmatch(digits):
        raise ValueError("a document number has twelve digits")
    if check_digit(digits[:-1]) != digits[-1]:
        raise ValueError("the check digit does not fit")
    return DocumentNumber(digits)


def make_document_number(year: int, sequence: int) -> DocumentNumber:
    """The number of the `sequence`-th document of `year` (four digits).

    Raises:
        ValueError: a year or a sequence that the twelve digits cannot hold.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"year outside {FIRST_YEAR}-{LAST_YEAR}: {year}")
    if not 1 <= sequence <= MAX_SEQUENCE:
        raise ValueError(f"sequence outside 1-{MAX_SEQUENCE}: {sequence}")
    body = f"{year % 100:02d}{sequence:09d}"
    return DocumentNumber(body + check_digit(body))


def format_document_number(number: DocumentNumber) -> str:
    """As printed: `2600 0000 0010`."""
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def check_digit(body: str) -> str:
    """The check digit of a string of ASCII digits (ISO/IEC 7064, hybrid system MOD 11,10)."""
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10
        product = (total or 10) * 2 % 11
    return str((11 - product) % 10)
