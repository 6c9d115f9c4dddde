"""Canonical JSON (RFC 8785, JCS), restricted to what official records need.

Values are strings, integers of at most 53 bits, booleans, null, lists and objects;
floating-point numbers are refused, so the number serialisation of RFC 8785 §3.2.2.3
never matters. Keys are sorted by UTF-16 code units (§3.2.3).
"""

import json
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

# RFC 8785 §3.2.2.3 (I-JSON, RFC 7493 §2.2): integers beyond this lose precision elsewhere.
MAX_SAFE_INTEGER = 2**53 - 1


def encode_canonical_json(value: JsonValue) -> bytes:
    """The canonical UTF-8 bytes of `value`.

    Raises:
        ValueError: a float, an integer beyond 53 bits, a non-string key or a lone surrogate.
    """
    # Official records have plain keys: then code points are in the order of UTF-16 code units, and the
    # standard library's C encoder, a tenth of the time, writes the same.
    text = _ENCODER.encode(value) if _is_plain(value) else _write(value)
    return text.encode("utf-8")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _is_plain(value: object) -> bool:
    match value:
        case str() | bool() | None:
            return True
        case int():
            return abs(value) <= MAX_SAFE_INTEGER
        case list():
            return all(map(_is_plain, value))
        case dict():
            return all(type(key) is str and key.isascii() for key in value) and all(
                map(_is_plain, value.values())
            )
        case _:
            return False


def _write(value: object) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            if abs(value) > MAX_SAFE_INTEGER:
                msg = f"integer beyond 53 bits: {value}"
                raise ValueError(msg)
            return str(value)
        case list():
            return "[" + ",".join(_write(item) for item in value) + "]"
        case dict():
            if not all(isinstance(key, str) for key in value):
                msg = "object key that is not a string"
                raise ValueError(msg)
            keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
            return "{" + ",".join(f"{_write(key)}:{_write(value[key])}" for key in keys) + "}"
        case _:
            msg = f"not a JSON value of ours: {type(value).__name__}"
            raise ValueError(msg)
