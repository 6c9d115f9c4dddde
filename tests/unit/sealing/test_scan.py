"""Codes read off paper: photographs and scans, turned, noisy, with strangers' codes on them."""

import io
import zlib
from functools import cache
from struct import pack

import pypdfium2
import pytest
from PIL import Image, ImageFilter, ImageOps
from sealing_office import ORIGIN
from sealing_pages import render

from signing.rendering.symbol import SealSymbol, draw
from verify.paper.picture import MAX_PICTURE_PIXELS
from verify.paper.scan import MAX_SCAN_OCTETS, ScanRefused, SymbolKind, scan

CODE = f"{ORIGIN}/#1" + "27182818284590452353602874713526624977572470936999" * 10
SCAN_DPI = 150


@cache
def page() -> Image.Image:
    """The sheet as a scanner sees it: the symbol is in its lower left corner."""
    with pypdfium2.PdfDocument(render(CODE, RECORD)) as document:
        image: Image.Image = document[0].render(scale=SCAN_DPI / 72, grayscale=True).to_pil()
    return image.convert("L")


RECORD = (
    b'{"document":{"agency":"civil-registry","check_code":"7KQ2M9XA4RTB","number":"260000000017"},'
    b'"kind":"birth","record":{"child":{"family_name":{"en":"K"},"given_name":{"en":"L"}}}}'
)


def file_of(image: Image.Image, form: str, **options: int) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def texts(data: bytes) -> list[str]:
    return [symbol.text for symbol in scan(data, verify_origin=ORIGIN)]


def symbol_image(text: str) -> Image.Image:
    """Another symbol, drawn by our own writer at four pixels a module."""
    drawing = draw(SealSymbol(prefix=text, digits=""))
    side = drawing.total * 4
    image = Image.new("L", (drawing.total, drawing.total), 255)
    for run in drawing.svg.split('d="')[2].split("z")[:-1]:
        start, rest = run.lstrip("M").split("h", 1)
        left, top = map(int, start.split())
        image.paste(0, (left, top, left + int(rest.split("v")[0]), top + 1))
    return image.resize((side, side), Image.Resampling.NEAREST)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_usual_kind_of_png(mode: str) -> None:
    assert texts(file_of(page().convert(mode), "PNG")) == [CODE]


@pytest.mark.parametrize(("mode", "options"), [("L", {}), ("RGB", {"progressive": 1, "quality": 40})])
def test_every_usual_kind_of_jpeg(mode: str, options: dict[str, int]) -> None:
    assert texts(file_of(page().convert(mode), "JPEG", **options)) == [CODE]


@pytest.mark.parametrize("angle", [2, -7, 33, 90, 180, 271])
def test_a_page_that_lies_askew(angle: int) -> None:
    turned = page().rotate(angle, expand=True, fillcolor=180, resample=Image.Resampling.BICUBIC)
    assert texts(file_of(turned, "JPEG", quality=60)) == [CODE]


def test_a_page_in_bad_light_with_noise_and_blur() -> None:
    noise = Image.effect_noise(page().size, 60)
    dim = Image.blend(page().point(lambda value: 60 + value // 3), noise, 0.25)
    blurred = dim.filter(ImageFilter.GaussianBlur(0.8))
    assert texts(file_of(blurred, "JPEG", quality=30)) == [CODE]


def test_a_mirrored_and_an_inverted_page() -> None:
    assert texts(file_of(ImageOps.invert(page()), "PNG")) == [CODE]
    assert texts(file_of(ImageOps.mirror(page()), "PNG")) == [CODE]


def test_codes_of_strangers_are_told_apart() -> None:
    sheet = page().copy()
    foreign = "https://verify.wathiqa.examp1e.org/#2123456"
    sheet.paste(symbol_image("https://shop.example/sale"), (700, 100))
    sheet.paste(symbol_image(foreign), (100, 100))

    found = scan(file_of(sheet, "PNG"), verify_origin=ORIGIN)

    assert {(symbol.text, symbol.kind) for symbol in found} == {
        (CODE, SymbolKind.SEAL_CODE),
        (foreign, SymbolKind.ELSEWHERE),
        ("https://shop.example/sale", SymbolKind.OTHER),
    }


def test_pages_of_a_scanned_file_are_counted() -> None:
    blank = Image.new("L", page().size, 255)
    written = io.BytesIO()
    blank.save(written, "PDF", save_all=True, append_images=[page(), blank], resolution=SCAN_DPI)

    (symbol,) = scan(written.getvalue(), verify_origin=ORIGIN)

    assert (symbol.text, symbol.page, symbol.kind) == (CODE, 2, SymbolKind.SEAL_CODE)


def test_the_document_itself() -> None:
    assert texts(render(CODE, RECORD)) == [CODE]


def test_a_page_without_a_code() -> None:
    assert texts(file_of(Image.new("L", (400, 400), 255), "PNG")) == []


def png(
    width: int, height: int, data: bytes, *, depth: int = 8, colour: int = 0, interlace: int = 0
) -> bytes:
    """A file that says what it likes about itself."""
    head = pack(">LLBBBBB", width, height, depth, colour, 0, 0, interlace)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    body = b"".join(
        pack(">L", len(content)) + name + content + pack(">L", zlib.crc32(name + content))
        for name, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "scan-of-another-kind"),
        (b"GIF89a", "scan-of-another-kind"),
        (b"%PDF-1.7\nrubbish", "scan-unreadable"),
        (b"\x89PNG\r\n\x1a\n", "scan-unreadable"),
        (b"\xff\xd8\xff", "scan-unreadable"),
        (b"\xff\xd8\xff" + b"\xff" * 100_000, "scan-unreadable"),
        (b"\xff\xd8" + b"\xff\xe0\x00\x00" * 30_000, "scan-unreadable"),
        (png(16_000, 16_000, b""), "scan-too-large"),
        (png(2**31 - 1, 1, b""), "scan-too-large"),
        (png(0, 5, b""), "scan-unreadable"),
        (png(5, 5, b"", depth=3), "scan-unreadable"),
        (png(5, 5, b"", colour=3), "scan-unreadable"),
        (png(5, 5, b"", interlace=1), "scan-of-another-kind"),
        (png(5, 5, b"")[:-20], "scan-unreadable"),
        (bytes(MAX_SCAN_OCTETS + 1), "scan-too-large"),
    ],
    ids=[
        "nothing", "another kind", "no PDF", "a PNG's first octets", "a JPEG's first octets",
        "marks without end", "segments of no length", "too many pixels", "one endless row",
        "no width", "an unknown depth",
        "no palette", "interlaced", "cut short", "too many octets",
    ],
)  # fmt: skip
def test_what_is_no_scan_is_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(ScanRefused) as caught:
        scan(data, verify_origin=ORIGIN)
    assert caught.value.code == code
    assert caught.value.words.ar
    assert caught.value.words.en


def test_a_bomb_is_drawn_no_larger_than_its_head_says() -> None:
    """A few octets that unpack to a hundred times what the head says."""
    bomb = zlib.compress(bytes(30_000_000), 9)
    assert texts(png(300, 300, bomb)) == []
    assert MAX_PICTURE_PIXELS > 300 * 300
