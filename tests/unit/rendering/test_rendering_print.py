"""The seal read from paper: a 150-dpi scan, blurred and turned, by two readers of other makers."""

import io

import pypdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from signing.rendering.symbol import SealSymbol

from .conftest import ORIGIN, Embedded, Page

MILLIMETRES = 72 / 25.4
TURNS = (0.0, 2.0, -3.5, 90.0, 181.5)
MODULE = 0.55
# Standard deviation of the blur in pixels of 0.17 mm. With modules of 0.5 mm zbar stopped at 0.6.
ZXING_BLUR, ZBAR_BLUR = 1.2, 0.8


def scan(pdf: bytes, *, blur: float, turn: float) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    image = document[len(document) - 1].render(scale=150 / 72).to_pil().convert("L")
    turned = image.rotate(turn, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    return turned.filter(ImageFilter.GaussianBlur(blur))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", ["birth", "family-extract"])
def test_zxing_reads_a_scan(page: Page, embedded: Embedded, seal: SealSymbol, kind: str, turn: float) -> None:
    found = zxingcpp.read_barcodes(scan(page(embedded(kind)), blur=ZXING_BLUR, turn=turn))
    assert [code.text for code in found] == [seal.text]


@pytest.mark.interop
@pytest.mark.parametrize("turn", TURNS)
def test_zbar_reads_a_scan(page: Page, embedded: Embedded, seal: SealSymbol, turn: float) -> None:
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode  # noqa: PLC0415  (needs the libzbar0 of the system)
    except ImportError as error:
        pytest.skip(f"libzbar0 is not installed: {error}")
    found = decode(scan(page(embedded("birth")), blur=ZBAR_BLUR, turn=turn), symbols=[ZBarSymbol.QRCODE])
    assert [code.data.decode() for code in found] == [seal.text]


def test_the_symbol_stands_clear_of_the_edge(page: Page, embedded: Embedded) -> None:
    """seal-code: at least 15 mm from every edge, 40.15 mm wide with its quiet zone."""
    sheet = pypdf.PdfReader(io.BytesIO(page(embedded("birth")))).pages[-1]
    (box,) = [
        note.get_object()["/Rect"]
        for note in sheet["/Annots"]
        if note.get_object()["/A"]["/URI"].startswith(f"{ORIGIN}/#")
    ]
    left, bottom, right, top = (float(edge) / MILLIMETRES for edge in box)
    assert (right - left, top - bottom) == pytest.approx((73 * MODULE, 73 * MODULE), abs=0.05)
    assert min(left, bottom, 210 - right, 297 - top) >= 15


def test_nothing_is_printed_behind_the_symbol(page: Page, embedded: Embedded) -> None:
    """Black and white only, quiet zone included: the ornament stays away."""
    document = pypdfium2.PdfDocument(page(embedded("birth")))
    image = document[0].render(scale=300 / 72).to_pil().convert("RGB")
    (found,) = zxingcpp.read_barcodes(image)
    corners = [found.position.top_left, found.position.bottom_right]
    quiet = round(4 * MODULE / 25.4 * 300)
    box = (corners[0].x - quiet, corners[0].y - quiet, corners[1].x + quiet, corners[1].y + quiet)
    pixels = image.crop(box).getcolors(1 << 24)
    assert all(max(colour) - min(colour) == 0 for _, colour in pixels)
