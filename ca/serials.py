"""Serial numbers of certificates (RFC 5280 §4.1.2.2): positive, at most 20 octets, not to be guessed."""

import secrets
from collections.abc import Callable
from typing import NewType

from ca.errors import ProfileViolation

SerialNumber = NewType("SerialNumber", int)
SerialSource = Callable[[], int]

# RFC 5280 §4.1.2.2: at most 20 octets, of which the first may be a zero that keeps the number positive.
MAX_SERIAL_BITS = 20 * 8 - 1
# Half a digest's birthday bound: nobody can steer what is signed (64 random bits is the least allowed).
RANDOM_BITS = 127


def random_serial() -> int:
    """128 bits: a leading one, so that every serial has the same length, then 127 random ones."""
    return 1 << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


def check_serial(value: int) -> SerialNumber:
    """The serial number, if it may be one.

    Raises:
        ProfileViolation: not positive, or longer than 20 octets.
    """
    if value <= 0:
        raise ProfileViolation(field="serial number", rule="it is positive (RFC 5280 §4.1.2.2)")
    if value.bit_length() > MAX_SERIAL_BITS:
        raise ProfileViolation(field="serial number", rule="it has at most 20 octets (RFC 5280 §4.1.2.2)")
    return SerialNumber(value)


def serial_text(serial: int) -> str:
    """How a serial number is stored and shown: hexadecimal, no sign, no separators."""
    return f"{serial:x}"
