"""No character is ever printed as an empty box, and none that reorders a name is printed at all."""

import pytest
from PIL import ImageFont

from issuance.rendering.errors import UnrenderableText as TellsWhichCharacter
from signing.rendering.coverage import check_texts, font_characters
from signing.rendering.errors import UnrenderableText
from signing.rendering.template_set import HERE, packaged_set

REGULAR = HERE / "fonts" / "Amiri-Regular.ttf"


@pytest.fixture(scope="module")
def drawable() -> frozenset[str]:
    return frozenset.intersection(*map(font_characters, packaged_set().fonts))


@pytest.mark.parametrize(
    "name",
    [
        "محمّد الأميـن ابن عليّ",
        "ئۆمەر پێنجوێنی",
        "گلپر چهارده ژاله",
        "Ḥalab – Šām’s “Łódź”",
        "١٢٣ ۱۲۳ 123",
        "می‌خواهم",
    ],
)
def test_names_of_the_region_can_be_drawn(name: str, drawable: frozenset[str]) -> None:
    check_texts(name, drawable)


@pytest.mark.parametrize(
    ("character", "why"),
    [
        ("漢", "no glyph"),
        ("😀", "no glyph, beyond the basic plane"),
        ("\u202e", "right-to-left override"),
        ("\u2066", "isolate"),
        ("\u200f", "mark"),
        ("\n", "control"),
        ("\x00", "control"),
        ("\ue000", "private use"),
        ("\ud800", "lone surrogate"),
        ("\ufeff", "byte order mark"),
    ],
    ids=lambda value: value if value.isascii() and value.isprintable() else None,
)
def test_what_cannot_be_drawn_is_named(character: str, why: str, drawable: frozenset[str]) -> None:
    del why
    embedded = {"record": {"children": [{"given_name": {"ar": f"مر{character}يم"}}]}}
    with pytest.raises(UnrenderableText) as caught:
        check_texts(embedded, drawable)
    assert caught.value.field == "record.children.0.given_name.ar"
    told = TellsWhichCharacter(field=caught.value.field, character=caught.value.character)
    assert told.facts["character"] == f"U+{ord(character):04X}"


def test_the_character_map_agrees_with_freetype() -> None:
    """Another reader of the same font: FreeType draws its box for exactly the characters we call missing."""
    font = ImageFont.truetype(str(REGULAR), 40, layout_engine=ImageFont.Layout.BASIC)
    box = bytes(font.getmask("\U000e0fff"))
    ours = font_characters(REGULAR.read_bytes())
    codes = [*range(0x21, 0x7F), *range(0xA1, 0x250), *range(0x600, 0x700), *range(0x2010, 0x2040)]
    assert [
        hex(code) for code in codes if (bytes(font.getmask(chr(code))) == box) == (chr(code) in ours)
    ] == []


def test_a_file_that_is_no_font_is_refused() -> None:
    with pytest.raises(ValueError, match="cmap"):
        font_characters(b"\x00\x01\x00\x00" + bytes(60))
