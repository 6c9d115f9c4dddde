"""The QR symbol of a seal code, as vector (ISO/IEC 18004, model 2, error correction M).

The address is written as one 8-bit segment and its digits as one numeric segment,
3⅓ bits a digit. The encoder evaluates all eight masks and is deterministic. The
symbol is one path of one fill, so no viewer draws seams between its modules. The
quiet zone is part of the picture: four modules of white on every side (§6.3.8).
"""

import re
from dataclasses import dataclass
from typing import cast

import zxingcpp

from issuance.rendering.errors import SealTooLarge

QUIET_MODULES = 4
# Version 25: 117 modules, 62.5 mm printed; a larger symbol is no longer read at a counter.
MAX_MODULES = 117
_DARK_RUN = re.compile(rb"\x00+")


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
    try:
        barcode = zxingcpp.create_barcode(seal.text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    except ValueError as error:
        raise SealTooLarge(characters=len(seal.text)) from error
    image = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    modules = image.shape[0]
    if modules > MAX_MODULES:
        raise SealTooLarge(characters=len(seal.text))
    return Drawing(modules=modules, svg=_svg(bytes(cast("bytes", image)), modules))


def _svg(pixels: bytes, modules: int) -> str:
    side = modules + 2 * QUIET_MODULES
    runs = []
    for row in range(modules):
        line = pixels[row * modules : (row + 1) * modules]
        for run in _DARK_RUN.finditer(line):
            left, right = run.span()
            runs.append(f"M{left + QUIET_MODULES} {row + QUIET_MODULES}h{right - left}v1h{left - right}z")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{"".join(runs)}"/></svg>'
    )
