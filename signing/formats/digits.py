"""Bytes as decimal digits, for the numeric segment of a QR symbol.

Seven bytes, read as a little-endian integer, become 17 digits; a tail of one to six
bytes becomes 3, 5, 8, 10, 13 or 15. A QR symbol stores three digits in ten bits, so a
byte costs 8.1 bits, as dense as base45, and digits are legal anywhere in a URL.

The mapping is one to one: every byte string has one spelling, and the parser refuses any
other length and any group whose value does not fit its bytes.
"""

import re

GROUP_BYTES = 7
# How many digits hold so many bytes; index 0 is unused.
DIGITS_FOR_BYTES = (0, 3, 5, 8, 10, 13, 15, 17)
GROUP_DIGITS = DIGITS_FOR_BYTES[GROUP_BYTES]

_BYTES_FOR_DIGITS = {digits: size for size, digits in enumerate(DIGITS_FOR_BYTES) if size}
_ASCII_DIGITS = re.compile(r"[0-9]*")


def encode_digits(data: bytes) -> str:
    """The one spelling of `data` in digits."""
    groups = (data[start : start + GROUP_BYTES] for start in range(0, len(data), GROUP_BYTES))
    return "".join(f"{int.from_bytes(group, 'little'):0{DIGITS_FOR_BYTES[len(group)]}d}" for group in groups)


def parse_digits(text: str) -> bytes:
    """The bytes that `text` spells.

    Raises:
        ValueError: a character other than 0-9, a length no byte string has, a group out of range.
    """
    if not _ASCII_DIGITS.fullmatch(text):
        raise ValueError("a character that is not a digit")
    return b"".join(
        _parse_group(text[start : start + GROUP_DIGITS]) for start in range(0, len(text), GROUP_DIGITS)
    )


def _parse_group(group: str) -> bytes:
    size = _BYTES_FOR_DIGITS.get(len(group))
    if size is None:
        raise ValueError(f"no byte string ends in a group of {len(group)} digits")
    value = int(group)
    if value >> (8 * size):
        raise ValueError("a group of digits beyond its bytes")
    return value.to_bytes(size, "little")
