"""Deterministic CBOR (RFC 8949 §4.2), looked at without building anything from it.

A signer looks at what it is asked to sign: is it this structure, in its one spelling, and what
stands under which key? Definite lengths, shortest heads, keys in order and once, valid UTF-8,
bounded depth, nothing behind the end; numbers, strings, arrays, maps, false, true and null.
All errors are `ValueError`.
"""

from collections.abc import Mapping
from typing import NoReturn

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
_MAX_DEPTH = 16
_IMMEDIATE = 24  # RFC 8949 §3: arguments below this sit in the first octet
_ARGUMENT_OCTETS = {24: 1, 25: 2, 26: 4, 27: 8}
_SMALLEST = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
_FALSE_TRUE_NULL = frozenset({20, 21, 22})


def byte_strings(data: bytes, start: int, count: int) -> list[bytes]:
    """The contents of `count` byte strings that fill `data` from `start` to its end."""
    found = []
    for _ in range(count):
        major, length, at = _head(data, start)
        if major != BYTES or at + length > len(data):
            _refuse("a byte string was expected")
        start = at + length
        found.append(data[at:start])
    if start != len(data):
        _refuse("bytes behind the end")
    return found


def map_entries(data: bytes) -> Mapping[bytes, bytes]:
    """The encodings of the values of the map that is all of `data`, by the encodings of their keys."""
    major, count, at = _head(data, 0)
    if major != MAP:
        _refuse("a map was expected")
    entries: dict[bytes, bytes] = {}
    previous = b""
    for _ in range(count):
        end = _key_end(data, at, previous)
        previous = data[at:end]
        at = _end(data, end, _MAX_DEPTH)
        entries[previous] = data[end:at]
    if at != len(data):
        _refuse("bytes behind the end")
    return entries


def integer(value: int) -> bytes:
    """The encoding of an integer."""
    major, argument = (UNSIGNED, value) if value >= 0 else (NEGATIVE, -1 - value)
    return _encode_head(major, argument)


def text(value: str) -> bytes:
    """The encoding of a text."""
    encoded = value.encode()
    return _encode_head(TEXT, len(encoded)) + encoded


def _encode_head(major: int, argument: int) -> bytes:
    if argument < _IMMEDIATE:
        return bytes((major << 5 | argument,))
    information, octets = next(
        (info, octets) for info, octets in _ARGUMENT_OCTETS.items() if argument >> (8 * octets) == 0
    )
    return bytes((major << 5 | information,)) + argument.to_bytes(octets, "big")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type and argument of the head at `at`, and where it ends."""
    if at >= len(data):
        _refuse("cut short")
    major, information = data[at] >> 5, data[at] & 0x1F
    if information < _IMMEDIATE:
        return major, information, at + 1
    octets = _ARGUMENT_OCTETS.get(information)
    if octets is None or major == SIMPLE or at + 1 + octets > len(data):
        _refuse("an indefinite length, a reserved form or a head cut short")
    argument = int.from_bytes(data[at + 1 : at + 1 + octets], "big")
    if argument < _SMALLEST[octets]:
        _refuse("not the shortest head")
    return major, argument, at + 1 + octets


def _end(data: bytes, at: int, depth: int) -> int:
    """Where the value at `at` ends."""
    if depth == 0:
        _refuse("nested too deeply")
    major, argument, at = _head(data, at)
    match major:
        case 0 | 1:
            return at
        case 2 | 3:
            return _string_end(data, at, argument, is_text=major == TEXT)
        case 4:
            for _ in range(argument):
                at = _end(data, at, depth - 1)
            return at
        case 5:
            previous = b""
            for _ in range(argument):
                end = _key_end(data, at, previous)
                previous = data[at:end]
                at = _end(data, end, depth - 1)
            return at
        case 7 if argument in _FALSE_TRUE_NULL:
            return at
        case _:
            raise ValueError("a tag, a floating-point or an undefined value")


def _string_end(data: bytes, at: int, length: int, *, is_text: bool) -> int:
    end = at + length
    if end > len(data):
        _refuse("cut short")
    if is_text:
        data[at:end].decode("utf-8")
    return end


def _key_end(data: bytes, at: int, previous: bytes) -> int:
    """Where the key at `at` ends: an integer or a text that comes after `previous`."""
    major, length, end = _head(data, at)
    if major == TEXT:
        end = _string_end(data, end, length, is_text=True)
    elif major not in {UNSIGNED, NEGATIVE}:
        _refuse("a key that is neither an integer nor text")
    if data[at:end] <= previous:
        _refuse("keys repeated or out of order")
    return end


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
