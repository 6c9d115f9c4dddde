"""Reads QR symbols off drawn pages, with a reader of another maker (zxing-cpp) than the writer's."""

from collections.abc import Iterable
from dataclasses import dataclass

import zxingcpp

MAX_SYMBOLS = 64
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
MAX_TEXT_LENGTH = 8192  # a QR symbol holds at most 7,089 digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Shades of grey, one octet a pixel, row by row."""

    width: int
    height: int
    pixels: bytes


def read_symbols(drawing: Drawing) -> tuple[str, ...]:
    """The texts of the QR symbols on a drawing, each once, as their readers find them.

    A symbol that is not text is left out.
    """
    image = memoryview(drawing.pixels).cast("B", shape=(drawing.height, drawing.width))
    found = zxingcpp.read_barcodes(image, formats=_QR, text_mode=zxingcpp.TextMode.Plain)
    return _texts(symbol.text for symbol in found[:MAX_SYMBOLS] if symbol.valid)


def _texts(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in found if 0 < len(text) <= MAX_TEXT_LENGTH))
