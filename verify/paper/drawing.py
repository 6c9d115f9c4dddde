"""Draws pages of a PDF file, one file at a time (PDFium is not made for threads).

Limits are on what is drawn: pages, and pixels of each page whatever size it claims to be.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pypdfium2
from pypdfium2 import PdfDocument, PdfiumError, PdfPage

from verify.paper.symbols import Drawing

MAX_PIXELS = 16_000_000
POINTS_PER_INCH = 72
_DRAWING = threading.Lock()


class Undrawable(Exception):
    """A file that cannot be drawn within the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """A part of a page by its lower left corner, in points."""

    width: float
    height: float


class DrawnFile:
    """An open file; see `open_drawing`."""

    def __init__(self, document: PdfDocument) -> None:
        self._document = document

    @property
    def page_count(self) -> int:
        """How many pages it has, by its own word."""
        return len(self._document)

    def size(self, index: int) -> tuple[float, float]:
        """Width and height of one page, in points."""
        width, height = self._page(index).get_size()
        return float(width), float(height)

    def draw(self, index: int, *, dpi: float, corner: Corner | None = None) -> Drawing:
        """One page, or the corner of it, in shades of grey."""
        page = self._page(index)
        width, height = page.get_size()
        if corner is not None:
            crop = (0, 0, max(0.0, width - corner.width), max(0.0, height - corner.height))
            width, height = width - crop[2], height - crop[3]
        else:
            crop = (0, 0, 0, 0)
        scale = dpi / POINTS_PER_INCH
        if not width * height * scale * scale <= MAX_PIXELS:
            raise Undrawable("a page of too many pixels")
        bitmap = page.render(scale=scale, crop=crop, grayscale=True)
        return _drawing(bitmap)

    def text(self, index: int) -> str:
        """The letters of one page as they are drawn."""
        return str(self._page(index).get_textpage().get_text_range())

    def _page(self, index: int) -> PdfPage:
        return self._document[index]


@contextmanager
def open_drawing(pdf: bytes) -> Iterator[DrawnFile]:
    """A file to be drawn; nobody else draws meanwhile.

    Raises:
        Undrawable: PDFium cannot read it, or not within the limits; also while it is being drawn.
    """
    with _DRAWING:
        try:
            document = pypdfium2.PdfDocument(pdf)
            try:
                yield DrawnFile(document)
            finally:
                document.close()
        except (PdfiumError, ValueError, OverflowError, MemoryError, RuntimeError) as error:
            raise Undrawable(f"{type(error).__name__}: {error}") from error


def _drawing(bitmap: pypdfium2.PdfBitmap) -> Drawing:
    rows, width, stride = bytes(bitmap.buffer), bitmap.width, bitmap.stride
    if stride != width:
        starts = range(0, stride * bitmap.height, stride)
        rows = b"".join(rows[start : start + width] for start in starts)
    return Drawing(width=width, height=bitmap.height, pixels=rows)
