"""Deterministic CBOR (RFC 8949 §4.2), the few kinds that seals and lists need.

Integers of 64 bits, byte strings, text strings, arrays, maps with integer or text keys,
tags, false, true and null. The parser takes only what the encoder writes: definite
lengths, shortest forms, keys in order and once, nothing behind the end, limited depth. So
whatever is accepted re-encodes to the same bytes, and a signature covers one spelling.

A general decoder is not used on purpose: it would build bignums, dates, shared references
and floats out of a stranger's input before anything could be checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MAX_DEPTH = 16  # a trust list with profiles, fields and columns needs ten
_MAX_ARGUMENT = 2**64 - 1

# Major types (RFC 8949 §3.1) and the three simple values we write (§3.3).
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SIMPLE_VALUES: dict[int, bool | None] = {20: False, 21: True, 22: None}
# Additional information 24 to 27: how many octets of argument follow (§3).
_ARGUMENT_OCTETS = {24: 1, 25: 2, 26: 4, 27: 8}
_SMALLEST_FOR_OCTETS = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag number (RFC 8949 §3.4)."""

    tag: int
    value: "CborValue"


CborKey: TypeAlias = int | str
CborValue: TypeAlias = (
    "bool | int | bytes | str | Sequence[CborValue] | Mapping[CborKey, CborValue] | Tagged | None"
)


class CborError(ValueError):
    """Not the deterministic CBOR that this module writes."""


def encode_cbor(value: CborValue) -> bytes:
    """The deterministic encoding of `value`.

    Raises:
        CborError: an integer beyond 64 bits, a lone surrogate, a type without an encoding here,
            or deeper nesting than the parser takes.
    """
    return _encode(value, MAX_DEPTH)


def _encode(value: CborValue, depth: int) -> bytes:  # noqa: PLR0911 -- one answer for each kind of value
    if depth == 0:
        raise CborError("nested too deeply")
    match value:
        case None | bool():
            return bytes([_SIMPLE << 5 | {False: 20, True: 21, None: 22}[value]])
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            return _encode_text(value)
        case Tagged():
            return _head(_TAG, value.tag) + _encode(value.value, depth - 1)
        case list() | tuple():
            return _head(_ARRAY, len(value)) + b"".join(_encode(item, depth - 1) for item in value)
        case Mapping():
            # RFC 8949 §4.2.1: keys in bytewise order of their encodings.
            entries = sorted((_encode(key, 1), _encode(item, depth - 1)) for key, item in value.items())
            return _head(_MAP, len(entries)) + b"".join(key + item for key, item in entries)
        case _:
            raise CborError(f"no encoding for {type(value).__name__}")


def _encode_text(text: str) -> bytes:
    try:
        encoded = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CborError("text with a lone surrogate") from error
    return _head(_TEXT, len(encoded)) + encoded


def _head(major: int, argument: int) -> bytes:
    if argument < 24:  # noqa: PLR2004 -- RFC 8949 §3: arguments below 24 sit in the first octet
        return bytes([major << 5 | argument])
    for information, octets in _ARGUMENT_OCTETS.items():
        if argument >> (8 * octets) == 0:
            return bytes([major << 5 | information]) + argument.to_bytes(octets, "big")
    raise CborError("an integer beyond 64 bits")


def parse_cbor(data: bytes) -> CborValue:
    """The value that `data` encodes; arrays come back as tuples, maps as dictionaries.

    Raises:
        CborError: anything that `encode_cbor` would have written otherwise, or not at all.
    """
    value, end = _Reader(data).read(0, MAX_DEPTH)
    if end != len(data):
        raise CborError("bytes behind the end")
    return value


class _Reader:
    """Reads one value at a position and answers the position behind it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, depth: int) -> tuple[CborValue, int]:  # noqa: PLR0911 -- as above
        if depth == 0:
            raise CborError("nested too deeply")
        major, argument, at = self._read_head(start)
        match major:
            case 0:
                return argument, at
            case 1:
                return -1 - argument, at
            case 2:
                return self._take(at, argument), at + argument
            case 3:
                return self._read_text(at, argument), at + argument
            case 4:
                return self._read_array(at, argument, depth)
            case 5:
                return self._read_map(at, argument, depth)
            case 6:
                value, end = self.read(at, depth - 1)
                return Tagged(argument, value), end
            case _:
                return self._read_simple(start), at

    def _read_head(self, start: int) -> tuple[int, int, int]:
        first = self._take(start, 1)[0]
        major, information = first >> 5, first & 0x1F
        if major == _SIMPLE or information < 24:  # noqa: PLR2004 -- as in _head
            return major, information, start + 1
        octets = _ARGUMENT_OCTETS.get(information)
        if octets is None:
            raise CborError("an indefinite length or a reserved form")
        argument = int.from_bytes(self._take(start + 1, octets), "big")
        if argument < _SMALLEST_FOR_OCTETS[octets]:
            raise CborError("not the shortest form")
        return major, argument, start + 1 + octets

    def _read_simple(self, start: int) -> bool | None:
        information = self._data[start] & 0x1F
        if information not in _SIMPLE_VALUES:
            raise CborError("a floating-point or other simple value")
        return _SIMPLE_VALUES[information]

    def _read_text(self, at: int, length: int) -> str:
        try:
            return self._take(at, length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise CborError("text that is not UTF-8") from error

    def _read_array(self, at: int, length: int, depth: int) -> tuple[CborValue, int]:
        self._refuse_beyond_end(at, length)
        items: list[CborValue] = []
        for _ in range(length):
            item, at = self.read(at, depth - 1)
            items.append(item)
        return tuple(items), at

    def _read_map(self, at: int, length: int, depth: int) -> tuple[CborValue, int]:
        self._refuse_beyond_end(at, 2 * length)
        entries: dict[CborKey, CborValue] = {}
        previous = b""
        for _ in range(length):
            key_start = at
            key, at = self.read(at, 1)
            encoded_key = self._data[key_start:at]
            if encoded_key <= previous:
                raise CborError("keys repeated or out of order")
            if not isinstance(key, int | str) or isinstance(key, bool):
                raise CborError("a key that is neither an integer nor text")
            previous = encoded_key
            entries[key], at = self.read(at, depth - 1)
        return entries, at

    def _refuse_beyond_end(self, at: int, items: int) -> None:
        # Every item takes at least one octet: a huge count costs nothing to refuse.
        if items > len(self._data) - at:
            raise CborError("more items than octets")

    def _take(self, at: int, length: int) -> bytes:
        if length > len(self._data) - at:
            raise CborError("cut short")
        return self._data[at : at + length]
