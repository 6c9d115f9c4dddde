"""Where each bit of a QR symbol stands (ISO/IEC 18004 §7.7 to §7.10).

Every symbol has the same mask. Choosing one (§7.8.3) keeps unlucky content from drawing
large plain areas; a signature and the digits that spell it are as good as random, so any
mask serves, and choosing would cost many times the drawing.

With version and mask given, a module always shows the same bit, as it is or inverted. So
the library draws a few symbols of each version once, and what it did with each bit is
remembered: a symbol is then picked together in a tenth of the time of drawing it.
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter
from typing import Any

from qrcode import QRCode
from qrcode.base import rs_blocks
from qrcode.constants import ERROR_CORRECT_M

MASK = 3
_LIGHT, _DARK = "0", "1"


def place(codewords: Iterable[int], version: int) -> list[str]:
    """The rows of the symbol, `1` for a dark module."""
    data = bytes(codewords)
    bits = f"{int.from_bytes(data):0{8 * len(data)}b}"
    inverted = bits.translate({ord(_LIGHT): _DARK, ord(_DARK): _LIGHT})
    modules = "".join(_picker(version)(_LIGHT + _DARK + bits + inverted))
    side = side_of(version)
    return [modules[start : start + side] for start in range(0, side * side, side)]


def side_of(version: int) -> int:
    """Modules on a side (§6.3.2)."""
    return 17 + 4 * version


@cache
def _picker(version: int) -> Callable[[str], tuple[str, ...]]:
    """Picks each module, in the order of rows, from: light, dark, all bits, all bits inverted."""
    octets = sum(block.total_count for block in rs_blocks(version, ERROR_CORRECT_M))
    bits = 8 * octets
    blank = _drawn(bytes(octets), version)
    # Symbol k shows, for each bit, whether its place (counted from 1) has bit k set; 0 is no bit's place.
    places = [0] * len(blank)
    for k in range(bits.bit_length()):
        marked = "".join(str(place >> k & 1) for place in range(1, bits + 1))
        drawn = _drawn(int(marked, 2).to_bytes(octets), version)
        for module, (before, after) in enumerate(zip(blank, drawn, strict=True)):
            places[module] |= (before != after) << k
    # Behind light and dark stands the bit of place 1; a module that is dark in the blank shows it inverted.
    return itemgetter(
        *(dark if place == 0 else 1 + place + dark * bits for place, dark in zip(places, blank, strict=True))
    )


def _drawn(codewords: bytes, version: int) -> list[bool]:
    symbol: QRCode[Any] = QRCode(version=version, error_correction=ERROR_CORRECT_M, mask_pattern=MASK)
    symbol.data_cache = list(codewords)
    symbol.make(fit=False)
    return [bool(module) for row in symbol.modules for module in row]
