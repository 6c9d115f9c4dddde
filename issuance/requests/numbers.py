"""Request numbers: `R-26-` and ten digits, of which nine are random and the last checks.

Digits alone can be read over a counter or a telephone, and typed on any keyboard,
Arabic-Indic ones too. Random ones neither count the requests nor follow one another.
The check digit is that of document numbers (ISO/IEC 7064, MOD 11,10).
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from issuance.errors import Invalid
from issuance.requests.models import RequestNumber
from signing.formats.document_number import check_digit

RANDOM_DIGITS = 9
_SHAPE = re.compile(r"R?([0-9]{2})([0-9]{10})")
_TO_ASCII = {start + digit: str(digit) for start in (0x0660, 0x06F0) for digit in range(10)}
_MAX_TYPED_LENGTH = 40


class RequestNumberMalformed(Invalid):
    """Not a request number: a digit is wrong or missing."""

    code: ClassVar[str] = "request-number-malformed"
    ar: ClassVar[str] = "رقم الطلب غير صحيح. يُرجى التحقق من أرقامه."
    en: ClassVar[str] = "This request number is not right. Please check its digits."


def make_request_number(at: datetime, random_below: Callable[[int], int]) -> RequestNumber:
    """A new number of the year of `at`."""
    body = f"{at:%y}{random_below(10**RANDOM_DIGITS):0{RANDOM_DIGITS}d}"
    return RequestNumber(f"R-{body[:2]}-{body[2:]}{check_digit(body)}")


def parse_request_number(text: str) -> RequestNumber:
    """Read a number as a person writes it, with or without `R`, hyphens and spaces.

    Raises:
        RequestNumberMalformed: wrong shape or wrong check digit.
    """
    if len(text) > _MAX_TYPED_LENGTH:
        raise RequestNumberMalformed
    match = _SHAPE.fullmatch(re.sub(r"[\s-]", "", text).upper().translate(_TO_ASCII))
    if match is None or check_digit(match[1] + match[2][:-1]) != match[2][-1]:
        raise RequestNumberMalformed
    return RequestNumber(f"R-{match[1]}-{match[2]}")
