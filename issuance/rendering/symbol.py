"""The QR symbol of a seal code, as vector (ISO/IEC 18004, model 2, error correction M).

The address is written as one 8-bit segment and its digits as one numeric segment,
3⅓ bits a digit. The symbol is one path of one fill, so no viewer draws seams between its
modules. The quiet zone is part of the picture: four modules of white on every side (§6.3.8).

Every symbol has the same mask. Choosing one (§8.8) keeps unlucky content from drawing
large plain areas; a signature and the digits that spell it are as good as random, so any
mask serves, and choosing would cost four times the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, cast

from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import BIT_LIMIT_TABLE, MODE_8BIT_BYTE, MODE_NUMBER, BitBuffer, QRData, length_in_bits

from issuance.rendering.errors import SealTooLarge

QUIET_MODULES = 4
# Version 25: 117 modules, 62.5 mm printed; a larger symbol is no longer read at a counter.
MAX_MODULES = 117
MAX_VERSION = (MAX_MODULES - 17) // 4
MASK = 3
_MODE_BITS = 4
_DIGIT_BITS = {0: 0, 1: 4, 2: 7, 3: 10}  # of a group of so many digits (§7.4.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSymbol:
    """The two parts of a seal code's text: `https://<verify host>/#` and the digits behind it."""

    prefix: str  # written as an 8-bit segment
    digits: str  # written as a numeric segment

    @property
    def text(self) -> str:
        """What a reader of the symbol gets: the verification address."""
        return self.prefix + self.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A drawn symbol; `modules` is its side without, `total` its side with the quiet zone."""

    modules: int
    svg: str

    @property
    def total(self) -> int:
        """Modules on a side, quiet zone included; the page prints each at 0.5 mm."""
        return self.modules + 2 * QUIET_MODULES


def draw(seal: SealSymbol) -> Drawing:
    """The symbol of `seal`, one unit of its view box a module.

    Raises:
        SealTooLarge: more than a printable symbol holds.
    """
    segments = (
        _Packed(seal.prefix.encode("ascii"), MODE_8BIT_BYTE),
        _Packed(seal.digits.encode("ascii"), MODE_NUMBER),
    )
    symbol: QRCode[Any] = QRCode(
        version=_version(segments, seal), error_correction=ERROR_CORRECT_M, mask_pattern=MASK
    )
    for segment in segments:
        symbol.add_data(segment, optimize=0)
    symbol.make(fit=False)
    return Drawing(modules=symbol.modules_count, svg=_svg(symbol.modules))


class _Packed(QRData):
    """A segment that writes its bits at once; the library's own writes them one by one."""

    def __init__(self, data: bytes, mode: int) -> None:
        super().__init__(data, mode=cast("Literal[1, 4]", mode), check_data=False)
        if mode == MODE_NUMBER:
            self.bits, self._value = _pack_digits(data)
        else:
            self.bits, self._value = len(data) * 8, int.from_bytes(data)

    def write(self, buffer: BitBuffer) -> None:
        """Append the segment behind what the buffer holds."""
        length = buffer.length + self.bits
        before = int.from_bytes(bytes(buffer.buffer)) >> -buffer.length % 8
        whole = (before << self.bits | self._value) << -length % 8
        buffer.buffer[:] = whole.to_bytes(-(-length // 8))
        buffer.length = length


def _pack_digits(digits: bytes) -> tuple[int, int]:
    """How many bits, and their value (§7.4.3)."""
    bits = value = 0
    for start in range(0, len(digits), 3):
        group = digits[start : start + 3]
        width = _DIGIT_BITS[len(group)]
        bits, value = bits + width, value << width | int(group)
    return bits, value


def _version(segments: tuple[_Packed, ...], seal: SealSymbol) -> int:
    """The smallest version that holds the segments."""
    for version in range(1, MAX_VERSION + 1):
        headers = sum(_MODE_BITS + length_in_bits(segment.mode, version) for segment in segments)
        if headers + sum(segment.bits for segment in segments) <= BIT_LIMIT_TABLE[ERROR_CORRECT_M][version]:
            return version
    raise SealTooLarge(characters=len(seal.text))


def _svg(rows: Sequence[Sequence[bool | None]]) -> str:
    side = len(rows) + 2 * QUIET_MODULES
    runs = []
    for top, row in enumerate(rows, start=QUIET_MODULES):
        left = QUIET_MODULES
        for dark, run in groupby(row):
            width = len(list(run))
            if dark:
                runs.append(f"M{left} {top}h{width}v1h-{width}z")
            left += width
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{"".join(runs)}"/></svg>'
    )
