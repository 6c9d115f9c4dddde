"""Codewords: what the library computes with its own arithmetic."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode import QRCode
from qrcode.base import rs_blocks
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import BIT_LIMIT_TABLE, MODE_8BIT_BYTE, MODE_NUMBER, QRData, create_data, length_in_bits

from signing.rendering.codewords import codewords, error_correction
from signing.rendering.modules import MASK, place, side_of


def segment_bits(version: int, text: bytes) -> tuple[int, int]:
    """The segments of an 8-bit text: how many bits, and their value."""
    width = length_in_bits(MODE_8BIT_BYTE, version)
    head = MODE_8BIT_BYTE << width | len(text)
    return 4 + width + 8 * len(text), head << 8 * len(text) | int.from_bytes(text)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=1, max_value=25), st.data())
def test_codewords_are_those_of_the_library(version: int, data: st.DataObject) -> None:
    room = (BIT_LIMIT_TABLE[ERROR_CORRECT_M][version] - 4 - length_in_bits(MODE_8BIT_BYTE, version)) // 8
    text = data.draw(st.binary(min_size=1, max_size=room))
    bits, value = segment_bits(version, text)

    ours = codewords(value, bits, rs_blocks(version, ERROR_CORRECT_M))

    assert ours == create_data(version, ERROR_CORRECT_M, [QRData(text, mode=MODE_8BIT_BYTE)])


@pytest.mark.parametrize("digits", range(1, 35))
def test_the_last_bits_of_a_full_symbol(digits: int) -> None:
    """§7.4.9: the terminator is cut short where the symbol is full; version 1-M holds 34 digits."""
    number = QRData("7" * digits, mode=MODE_NUMBER)
    bits = value = 0
    for width, part in [(4, 1), (10, digits), *((w, int("7" * n)) for w, n in groups_of(digits))]:
        bits, value = bits + width, value << width | part

    assert codewords(value, bits, rs_blocks(1, ERROR_CORRECT_M)) == create_data(1, ERROR_CORRECT_M, [number])


def groups_of(digits: int) -> list[tuple[int, int]]:
    """Bits and digits of each group of a numeric segment."""
    rest = {0: [], 1: [(4, 1)], 2: [(7, 2)]}[digits % 3]
    return [(10, 3)] * (digits // 3) + rest


def test_the_standards_own_example() -> None:
    """ISO/IEC 18004 annex I.2: the symbol 1-M of `01234567`."""
    data = bytes.fromhex("10200c566180ec11ec11ec11ec11ec11")

    assert error_correction(data, 10) == bytes.fromhex("a524d4c1ed36c7872c55")


@pytest.mark.parametrize("version", [1, 2, 6, 7, 12, 13, 16, 25])
def test_modules_stand_where_the_library_draws_them(version: int) -> None:
    """Versions around those with alignment patterns (2), version information (7) and no remainder bits."""
    text = bytes(range(7, 7 + 12 * version % 249))
    symbol = QRCode(version=version, error_correction=ERROR_CORRECT_M, mask_pattern=MASK)
    symbol.add_data(QRData(text, mode=MODE_8BIT_BYTE))
    symbol.make(fit=False)
    bits, value = segment_bits(version, text)

    rows = place(codewords(value, bits, rs_blocks(version, ERROR_CORRECT_M)), version)

    assert rows == ["".join("01"[bool(module)] for module in row) for row in symbol.modules]
    assert len(rows) == side_of(version)
