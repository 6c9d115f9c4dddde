"""The symbol: exactly what was asked for, in the sizes the seal code was measured for."""

import re

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from signing.rendering.errors import SealTooLarge
from signing.rendering.symbol import QUIET_MODULES, Drawing, SealSymbol, draw

PREFIX = "https://verify.wathiqa.example/#"


def painted(drawing: Drawing, scale: int = 3) -> Image.Image:
    """The SVG painted by hand: its black runs are the whole of it."""
    image = Image.new("L", (drawing.total * scale,) * 2, 255)
    pen = ImageDraw.Draw(image)
    for left, top, width in re.findall(r"M(\d+) (\d+)h(\d+)v1", drawing.svg):
        x, y, w = int(left) * scale, int(top) * scale, int(width) * scale
        pen.rectangle((x, y, x + w - 1, y + scale - 1), fill=0)
    return image


@settings(max_examples=25, deadline=None)
@given(st.text("0123456789", min_size=20, max_size=900))
def test_a_reader_gets_the_text_back(digits: str) -> None:
    seal = SealSymbol(prefix=PREFIX, digits=digits)
    (found,) = zxingcpp.read_barcodes(painted(draw(seal)))
    assert found.text == seal.text
    assert found.ec_level == "M"


def test_a_birth_record_takes_version_12(seal: SealSymbol) -> None:
    """seal-code: 617 characters at error correction M."""
    drawing = draw(seal)
    assert (drawing.modules, drawing.total) == (65, 73)


def test_the_quiet_zone_is_white(seal: SealSymbol) -> None:
    drawing = draw(seal)
    image = painted(drawing, scale=1)
    inner = (QUIET_MODULES,) * 2 + (drawing.total - QUIET_MODULES,) * 2
    assert image.point(lambda value: 255 - value).getbbox() == inner


def test_the_same_text_draws_the_same(seal: SealSymbol) -> None:
    assert draw(seal) == draw(SealSymbol(prefix=seal.prefix, digits=seal.digits))


@pytest.mark.parametrize("length", [3000, 20_000])
def test_a_seal_too_large_for_paper_is_refused(length: int) -> None:
    with pytest.raises(SealTooLarge):
        draw(SealSymbol(prefix=PREFIX, digits="7" * length))
