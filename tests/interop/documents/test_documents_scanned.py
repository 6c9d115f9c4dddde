"""The symbol read from paper by two readers of other makers, the page drawn by two others.

A 150-dpi scan in grey: turned, blurred, kept as a poor JPEG. Once the whole sheet lies before
the reader, once it is pointed at the symbol, as people point a camera.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter
from pypdf import PdfReader

from .conftest import KINDS, Delivered, Run
from .judges_table import Table

pytestmark = pytest.mark.interop

DPI = 150
PIXELS_PER_POINT = DPI / 72
TURNS = (0.0, 2.0, -3.5, 90.0, 181.5)
JPEG_QUALITY = 75
# Standard deviation of the blur, in pixels of 0.17 mm. zbar tells black from white by the mean of a wide
# neighbourhood, on a whole sheet mostly white paper, and so bears less there.
BLUR = {
    "zxing-cpp": {"sheet": 1.0, "symbol": 1.0},
    "zbar": {"sheet": 0.6, "symbol": 1.0},
}
POINTED_MARGIN = 12  # pixels around the symbol's own quiet zone

Draw = Callable[[Path], Image.Image]
"""Draws the last page, where the symbol stands."""


@cache
def by_pdfium(file: Path) -> Image.Image:
    with pypdfium2.PdfDocument(file) as document:
        image: Image.Image = document[len(document) - 1].render(scale=PIXELS_PER_POINT).to_pil()
    return image.convert("L")


@pytest.fixture
def draw(request: pytest.FixtureRequest, run: Run, tmp_path: Path) -> Draw:
    def by_poppler(file: Path) -> Image.Image:
        run("pdftoppm", "-r", DPI, "-gray", file, tmp_path / "page")
        with Image.open(max(tmp_path.glob("page*.pgm"))) as image:
            return image.copy()

    return by_poppler if request.param == "Poppler" else by_pdfium


def point_at_symbol(sheet: Image.Image, file: Path) -> Image.Image:
    """Cut out what the link over the symbol covers, and a little more."""
    page = PdfReader(file).pages[-1]
    notes: list[Any] = [each.get_object() for each in page["/Annots"]]
    (box,) = [each["/Rect"] for each in notes if "/#" in each.get("/A", {}).get("/URI", "")]
    left, bottom, right, top = (float(edge) * PIXELS_PER_POINT for edge in box)
    margin = POINTED_MARGIN
    return sheet.crop(
        (
            round(left) - margin,
            round(sheet.height - top) - margin,
            round(right) + margin,
            round(sheet.height - bottom) + margin,
        )
    )


def scan(image: Image.Image, *, blur: float, turn: float) -> Image.Image:
    turned = image.rotate(turn, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    kept = io.BytesIO()
    turned.filter(ImageFilter.GaussianBlur(blur)).save(kept, "JPEG", quality=JPEG_QUALITY)
    return Image.open(kept)


def read_by_zxing(image: Image.Image) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(image)]


def read_by_zbar(image: Image.Image) -> list[str]:
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode  # noqa: PLC0415  (needs the libzbar0 of the system)
    except ImportError as error:
        pytest.skip(f"libzbar0 is not installed: {error}")
    return [each.data.decode() for each in decode(image, symbols=[ZBarSymbol.QRCODE])]


READERS = {"zxing-cpp": read_by_zxing, "zbar": read_by_zbar}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("draw", ["PDFium", "Poppler"], indirect=True)
@pytest.mark.parametrize("reader", READERS)
def test_the_symbol_is_read_from_a_poor_scan(
    delivered: Delivered, draw: Draw, table: Table, reader: str, kind: str
) -> None:
    read = READERS[reader]
    file, genuine = delivered.files[kind], delivered.seal_texts[kind]
    sheet = draw(file)
    for what, image in (("sheet", sheet), ("symbol", point_at_symbol(sheet, file))):
        blur = BLUR[reader][what]
        for turn in TURNS:
            assert read(scan(image, blur=blur, turn=turn)) == [genuine], (what, turn)
        asked = f"the {what} at {DPI} dpi, blur {blur} px, {len(TURNS)} turns, JPEG {JPEG_QUALITY}"
        table.say(reader, asked, "the seal code")
