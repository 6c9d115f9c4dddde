"""Which characters our fonts can draw, read from their `cmap` tables (OpenType 1.9, `cmap` formats 4 and 12).

A name is checked before the template runs, so that a character without a glyph
stops the document instead of printing an empty box. Direction overrides and other
invisible controls are refused as well: they draw nothing, and they let a name be
printed in another order than it is registered.
"""

import unicodedata
from collections.abc import Iterator
from struct import unpack_from

from signing.formats.canonical_json import JsonValue
from signing.rendering.errors import UnrenderableText

# Zero-width non-joiner and joiner: Persian and Kurdish spelling needs them.
JOINERS = frozenset("\u200c\u200d")
# Control, format (direction overrides), surrogate, private use, unassigned, line and paragraph separators.
_NEVER_PRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMAT_SEGMENTS, _FORMAT_COVERAGE = 4, 12
_LAST_SEGMENT = 0xFFFF


def font_characters(data: bytes) -> frozenset[str]:
    """The characters that a font's file (TrueType or OpenType, one face) maps to a glyph.

    Raises:
        ValueError: the file holds no `cmap` in a format we read.
    """
    cmap = _table(data, b"cmap")
    (count,) = unpack_from(">H", data, cmap + 2)
    characters: set[str] = set()
    for index in range(count):
        (offset,) = unpack_from(">L", data, cmap + 4 + 8 * index + 4)
        characters.update(map(chr, _subtable(data, cmap + offset)))
    if not characters:
        raise ValueError("no readable character map")
    return frozenset(characters)


def check_texts(value: JsonValue, drawable: frozenset[str], *, field: str = "") -> None:
    """Check every string inside `value`, each named by its path (`record.child.given_name.ar`).

    Raises:
        UnrenderableText: a string holds a character outside `drawable`, or one that is never printed.
    """
    match value:
        case str():
            for character in value:
                if not _is_drawable(character, drawable):
                    raise UnrenderableText(field=field, character=character)
        case dict():
            for name, inner in value.items():
                check_texts(inner, drawable, field=f"{field}.{name}" if field else name)
        case list():
            for index, inner in enumerate(value):
                check_texts(inner, drawable, field=f"{field}.{index}")
        case _:
            return


def _is_drawable(character: str, drawable: frozenset[str]) -> bool:
    if character in JOINERS:
        return True
    return character in drawable and unicodedata.category(character) not in _NEVER_PRINTED


def _table(data: bytes, tag: bytes) -> int:
    (count,) = unpack_from(">H", data, 4)
    for index in range(count):
        name, offset = unpack_from(">4s4xL", data, 12 + 16 * index)
        if name == tag:
            return int(offset)
    raise ValueError(f"no {tag.decode()} table")


def _subtable(data: bytes, start: int) -> Iterator[int]:
    (form,) = unpack_from(">H", data, start)
    if form == _FORMAT_SEGMENTS:
        yield from _segments(data, start)
    elif form == _FORMAT_COVERAGE:
        yield from _coverage(data, start)


def _segments(data: bytes, start: int) -> Iterator[int]:
    """Format 4: segments of the basic plane, some through a glyph array where 0 means no glyph."""
    (twice,) = unpack_from(">H", data, start + 6)
    count = twice // 2
    ends = unpack_from(f">{count}H", data, start + 14)
    starts = unpack_from(f">{count}H", data, start + 16 + twice)
    deltas = unpack_from(f">{count}h", data, start + 16 + 2 * twice)
    offsets_at = start + 16 + 3 * twice
    offsets = unpack_from(f">{count}H", data, offsets_at)
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, min(last, _LAST_SEGMENT - 1) + 1):
            if offsets[index]:
                (glyph,) = unpack_from(
                    ">H", data, offsets_at + 2 * index + offsets[index] + 2 * (code - first)
                )
            else:
                glyph = (code + deltas[index]) & 0xFFFF
            if glyph:
                yield code


def _coverage(data: bytes, start: int) -> Iterator[int]:
    """Format 12: groups of the whole of Unicode."""
    (groups,) = unpack_from(">L", data, start + 12)
    for index in range(groups):
        first, last, glyph = unpack_from(">3L", data, start + 16 + 12 * index)
        yield from range(first if glyph else first + 1, last + 1)
