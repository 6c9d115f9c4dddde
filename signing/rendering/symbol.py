"""The QR symbol of a seal code, as vector (ISO/IEC 18004, model 2, error correction M).

The address is written as one 8-bit segment and its digits as one numeric segment,
3⅓ bits a digit. The symbol is one path of one fill, so no viewer draws seams between its
modules. The quiet zone is part of the picture: four modules of white on every side (§6.3.8).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from qrcode.base import rs_blocks
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import BIT_LIMIT_TABLE, length_in_bits

from signing.rendering.codewords import codewords
from signing.rendering.errors import SealTooLarge
from signing.rendering.modules import place

QUIET_MODULES = 4
# Version 25: 117 modules, 68.75 mm printed; a larger symbol is no longer read at a counter.
MAX_MODULES = 117
MAX_VERSION = (MAX_MODULES - 17) // 4
_MODE_BITS = 4
_NUMERIC: Literal[1] = 1  # mode indicators (§7.4.1)
_OCTETS: Literal[4] = 4
_DARK_RUN = re.compile("1+")
_DIGIT_BITS = {0: 0, 1: 4, 2: 7, 3: 10}  # of a group of so many digits (§7.4.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSymbol:
    """The two parts of a seal code's text: `https://<verify host>/#` and the digits behind it."""

    prefix: str  # written as an 8-bit segment
    digits: str  # written as a numeric segment

    @classmethod
    def of(cls, text: str) -> "SealSymbol":
        """The parts of a seal code's text."""
        address, mark, digits = text.partition("#")
        return cls(prefix=address + mark, digits=digits)

    @property
    def text(self) -> str:
        """What a reader of the symbol gets: the verification address."""
        return self.prefix + self.digits

    @property
    def origin(self) -> str:
        """The address of the verification page, without a trailing slash."""
        return self.prefix.removesuffix("#").removesuffix("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A drawn symbol; `modules` is its side without, `total` its side with the quiet zone."""

    modules: int
    svg: str

    @property
    def total(self) -> int:
        """Modules on a side, quiet zone included; the page prints each at 0.55 mm."""
        return self.modules + 2 * QUIET_MODULES


def draw(seal: SealSymbol) -> Drawing:
    """The symbol of `seal`, one unit of its view box a module.

    Raises:
        SealTooLarge: more than a printable symbol holds.
    """
    segments = (
        _Segment.of_octets(seal.prefix.encode("ascii")),
        _Segment.of_digits(seal.digits.encode("ascii")),
    )
    version = _version(segments, seal)
    rows = place(_codewords(segments, version), version)
    return Drawing(modules=len(rows), svg=_svg(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """Characters of one mode, packed: the last `bits` bits of `value` (§7.4)."""

    mode: Literal[1, 4]
    characters: int
    bits: int
    value: int

    @classmethod
    def of_octets(cls, data: bytes) -> "_Segment":
        return cls(mode=_OCTETS, characters=len(data), bits=8 * len(data), value=int.from_bytes(data))

    @classmethod
    def of_digits(cls, digits: bytes) -> "_Segment":
        bits, value = _pack_digits(digits)
        return cls(mode=_NUMERIC, characters=len(digits), bits=bits, value=value)


def _codewords(segments: Iterable[_Segment], version: int) -> list[int]:
    bits = value = 0
    for segment in segments:
        width = length_in_bits(segment.mode, version)
        head = segment.mode << width | segment.characters
        bits += _MODE_BITS + width + segment.bits
        value = (value << _MODE_BITS + width | head) << segment.bits | segment.value
    return codewords(value, bits, rs_blocks(version, ERROR_CORRECT_M))


def _pack_digits(digits: bytes) -> tuple[int, int]:
    """How many bits, and their value (§7.4.3)."""
    bits = value = 0
    for start in range(0, len(digits), 3):
        group = digits[start : start + 3]
        width = _DIGIT_BITS[len(group)]
        bits, value = bits + width, value << width | int(group)
    return bits, value


def _version(segments: tuple[_Segment, ...], seal: SealSymbol) -> int:
    """The smallest version that holds the segments."""
    for version in range(1, MAX_VERSION + 1):
        headers = sum(_MODE_BITS + length_in_bits(segment.mode, version) for segment in segments)
        if headers + sum(segment.bits for segment in segments) <= BIT_LIMIT_TABLE[ERROR_CORRECT_M][version]:
            return version
    raise SealTooLarge(characters=len(seal.text))


def _svg(rows: Sequence[str]) -> str:
    side = len(rows) + 2 * QUIET_MODULES
    runs = []
    for top, row in enumerate(rows, start=QUIET_MODULES):
        for run in _DARK_RUN.finditer(row):
            left, right = run.span()
            runs.append(f"M{left + QUIET_MODULES} {top}h{right - left}v1h{left - right}z")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{"".join(runs)}"/></svg>'
    )
