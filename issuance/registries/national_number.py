"""National numbers: eleven digits (2 governorate, 2 civil registry office, 7 serial).

No check digit is known and a leading zero is possible, so a number is text, never
an integer. Numbers of invented people start with 99.
"""

import re
from typing import NewType

from issuance.registries.errors import InvalidNationalNumber

NationalNumber = NewType("NationalNumber", str)

DIGITS = 11
SAMPLE_PREFIX = "99"  # no governorate has this code: the person is invented

_TO_ASCII = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_SPACING = re.compile(r"[ \u00a0\u200e\u200f-]")
_SHAPE = re.compile(rf"[0-9]{{{DIGITS}}}")
_LONGEST_TEXT = 64  # nobody types more; an attacker might


def parse_national_number(text: str) -> NationalNumber:
    """Read a national number as people write it: spaces, hyphens and Arabic-Indic digits are accepted.

    Raises:
        InvalidNationalNumber: what remains is not eleven digits.
    """
    digits = _SPACING.sub("", text.translate(_TO_ASCII)) if len(text) <= _LONGEST_TEXT else ""
    if not _SHAPE.fullmatch(digits):
        raise InvalidNationalNumber
    return NationalNumber(digits)
