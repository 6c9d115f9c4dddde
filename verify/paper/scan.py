"""Reads the codes off a scanned or photographed page: a PNG, a JPEG or a PDF file.

A picture is not decoded here: it is put into a PDF page as it is (both kinds of compression
are PDF's own) and PDFium draws it, so its limits hold for pictures too. What is read is only
text; whether a seal code is genuine says `verify.seal`. A file from a stranger belongs into a
judging process (`verify.isolation`), which bounds time and memory.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from signing.formats.seal_code import SealCodeError, UnknownSealVersion, parse_seal_code
from verify.paper.drawing import MAX_PIXELS, POINTS_PER_INCH, DrawnFile, Undrawable, open_drawing
from verify.paper.picture import PictureRefused, is_picture, page_of_picture
from verify.paper.symbols import read_symbols
from verify.verdict import Words

MAX_SCAN_OCTETS = 32 * 1024 * 1024
MAX_SCAN_PAGES = 40
# Symbols are printed at 0.55 mm a module: here 4.3 pixels.
SCAN_DPI = 200


class SymbolKind(StrEnum):
    """What a symbol's text is, as far as its form tells."""

    SEAL_CODE = "seal-code"  # of this verification address
    ELSEWHERE = "elsewhere"  # in our form, and leading to another address: a warning is due
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedSymbol:
    """One symbol; `page` counts from 1."""

    text: str
    page: int
    kind: SymbolKind


class ScanRefused(Exception):
    """A file that cannot be read as a scan; `code` is stable, `words` are for people."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, _WORDS[code]


_WORDS = {
    "scan-too-large": Words(
        ar="هذا الملف أكبر من أن يكون صورة لصفحة. احفظ الصورة بحجم أصغر ثم أعد المحاولة.",
        en="This file is too large for a picture of a page. Save the picture smaller and try again.",
    ),
    "scan-of-another-kind": Words(
        ar="لا يُقرأ هنا إلا ملف PNG أو JPEG أو PDF. احفظ الصورة بأحدها ثم أعد المحاولة.",
        en="Only a PNG, JPEG or PDF file can be read here. Save the picture as one of them and try again.",
    ),
    "scan-unreadable": Words(
        ar="تعذّرت قراءة هذا الملف: قد يكون تالفاً.", en="This file cannot be read: it may be damaged."
    ),
}


def scan(data: bytes, *, verify_origin: str) -> tuple[ScannedSymbol, ...]:
    """The QR symbols of a picture or of all pages of a file, each text once a page; none where none is read.

    Args:
        data: the file.
        verify_origin: the verification address of the documents that are asked about.

    Raises:
        ScanRefused: not a file that can be read as a scan, or beyond the limits.
    """
    if len(data) > MAX_SCAN_OCTETS:
        raise ScanRefused("scan-too-large")
    try:
        pdf = page_of_picture(data) if is_picture(data) else data
        if not pdf.startswith(b"%PDF-"):
            raise ScanRefused("scan-of-another-kind")
        with open_drawing(pdf) as file:
            if file.page_count > MAX_SCAN_PAGES:
                raise ScanRefused("scan-too-large")
            return tuple(_symbols(file, verify_origin))
    except PictureRefused as error:
        raise ScanRefused(error.code) from error
    except Undrawable as error:
        raise ScanRefused("scan-unreadable") from error


def _symbols(file: DrawnFile, verify_origin: str) -> Iterator[ScannedSymbol]:
    for index in range(file.page_count):
        for text in _texts(file, index):
            yield ScannedSymbol(text=text, page=index + 1, kind=_kind(text, verify_origin))


def _texts(file: DrawnFile, index: int) -> tuple[str, ...]:
    """Fine first; where nothing is read, coarser, which evens out noise and creases."""
    width, height = file.size(index)
    if not 0 < width * height < math.inf:
        raise Undrawable("a page without an area")
    finest = min(SCAN_DPI, POINTS_PER_INCH * math.sqrt(MAX_PIXELS / (width * height)) * 0.999)
    for dpi in (finest, finest / 2, finest / 3):
        if texts := read_symbols(file.draw(index, dpi=dpi)):
            return texts
    return ()


def _kind(text: str, verify_origin: str) -> SymbolKind:
    if text.startswith((f"{verify_origin}/#", f"{verify_origin}/%23")):
        return SymbolKind.SEAL_CODE
    try:
        parse_seal_code(text)
    except UnknownSealVersion:
        return SymbolKind.ELSEWHERE
    except SealCodeError:
        return SymbolKind.OTHER
    return SymbolKind.ELSEWHERE
