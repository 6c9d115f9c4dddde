import json
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.formats.canonical_json import MAX_SAFE_INTEGER, JsonValue, encode_canonical_json

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
INTEGERS = st.integers(min_value=-MAX_SAFE_INTEGER, max_value=MAX_SAFE_INTEGER)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def utf16_order(key: str) -> bytes:
    return key.encode("utf-16-be")


def in_order(value: JsonValue) -> JsonValue:
    """Every object rebuilt with its keys as RFC 8785 §3.2.3 sorts them."""
    match value:
        case dict():
            return {key: in_order(value[key]) for key in sorted(value, key=utf16_order)}
        case list():
            return [in_order(item) for item in value]
        case _:
            return value


@given(VALUES)
def test_members_stand_in_utf16_order_and_nothing_else_changes(value: JsonValue) -> None:
    """RFC 8785 §3.2.3, whichever of the two ways of writing is taken."""
    expected = json.dumps(in_order(value), ensure_ascii=False, separators=(",", ":")).encode()

    assert encode_canonical_json(value) == expected


def test_keys_beyond_the_basic_plane_come_before_the_private_use_area() -> None:
    """RFC 8785 §3.2.3: by UTF-16 code units, not by code points."""
    assert encode_canonical_json({"\ue000": 1, "\U00010000": 2}) == '{"\U00010000":2,"\ue000":1}'.encode()


class Kind(StrEnum):
    BIRTH = "birth"


def test_named_constants_are_written_as_their_text() -> None:
    assert encode_canonical_json({Kind.BIRTH: Kind.BIRTH}) == b'{"birth":"birth"}'


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1.0, id="a float"),
        pytest.param([{"a": 0.5}], id="a float inside"),
        pytest.param(MAX_SAFE_INTEGER + 1, id="an integer beyond 53 bits"),
        pytest.param({"a": [-MAX_SAFE_INTEGER - 1]}, id="a negative integer beyond 53 bits, inside"),
        pytest.param({1: "a"}, id="a key that is not text"),
        pytest.param({None: "a"}, id="a key that is null"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param({"\ud800": 1}, id="a lone surrogate in a key"),
        pytest.param(b"octets", id="octets"),
        pytest.param({"a": (1, 2)}, id="a tuple"),
    ],
)
def test_what_is_not_canonical_json_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the codec's own errors are among them
        encode_canonical_json(value)  # type: ignore[arg-type]
