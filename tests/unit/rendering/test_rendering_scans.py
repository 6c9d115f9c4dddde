"""How blurred and how compressed a scan may be: the table of the decision record, measured anew."""

import io
from collections import Counter

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from issuance.rendering.renderer import Renderer
from signing.rendering.symbol import SealSymbol

from .conftest import AT, DIGITS, ORIGIN, Embedded

# Versions 12, 13 and 15: most extracts, most births, a family of six.
SEALS = {"marriage": 590, "birth": 640, "family-extract": 860}
TURNS = (0.0, 2.0, -3.5, 90.0, 181.5)
BLURS = (0.4, 0.6, 0.8, 1.0, 1.2)  # standard deviation, in pixels of 0.17 mm
QUALITIES = (90, 60, 30)  # of the JPEG

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def sheets(renderer: Renderer, embedded: Embedded) -> list[tuple[str, Image.Image]]:
    """What a reader should find, and the whole page at 150 dpi."""
    found = []
    for kind, digits in SEALS.items():
        seal = SealSymbol(prefix=f"{ORIGIN}/#", digits=(DIGITS * 2)[:digits])
        pdf = renderer.render(embedded(kind), seal, at=AT)
        image = pypdfium2.PdfDocument(pdf)[0].render(scale=150 / 72).to_pil().convert("L")
        found.append((seal.text, image))
    return found


def scan(image: Image.Image, *, turn: float, blur: float, quality: int) -> Image.Image:
    turned = image.rotate(turn, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    file = io.BytesIO()
    turned.filter(ImageFilter.GaussianBlur(blur)).save(file, "JPEG", quality=quality)
    return Image.open(file)


@pytest.mark.parametrize("blur", BLURS)
def test_scans_are_read(sheets: list[tuple[str, Image.Image]], blur: float) -> None:
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode  # noqa: PLC0415  (needs the libzbar0 of the system)
    except ImportError as error:
        pytest.skip(f"libzbar0 is not installed: {error}")
    zxing: Counter[int] = Counter()
    zbar: Counter[int] = Counter()
    for text, image in sheets:
        for turn in TURNS:
            for quality in QUALITIES:
                page = scan(image, turn=turn, blur=blur, quality=quality)
                zxing[quality] += [code.text for code in zxingcpp.read_barcodes(page)] == [text]
                found = decode(page, symbols=[ZBarSymbol.QRCODE])
                zbar[quality] += [code.data.decode() for code in found] == [text]
    scans = len(sheets) * len(TURNS)
    for quality in QUALITIES:
        print(  # noqa: T201  (the table is what this run is for)
            f"blur {blur} px, quality {quality}: zxing-cpp {zxing[quality]}, zbar {zbar[quality]} of {scans}"
        )
    assert zxing == dict.fromkeys(QUALITIES, scans)
    if blur <= 0.8:
        assert zbar.total() >= 0.9 * scans * len(QUALITIES)
