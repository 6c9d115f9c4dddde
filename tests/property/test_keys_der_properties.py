import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from keys.der import OCTET_STRING, SEQUENCE, Reader, integer, object_identifier, parse_sequence, tlv


@given(st.integers(min_value=-(2**200), max_value=2**200))
def test_integers_are_written_as_another_library_writes_them(value: int) -> None:
    assert integer(value) == core.Integer(value).dump()
    assert Reader(integer(value)).read_integer() == value


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=8))
def test_object_identifiers_are_written_as_another_library_writes_them(
    first: int, second: int, rest: list[int]
) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))

    assert object_identifier(dotted) == core.ObjectIdentifier(dotted).dump()


@given(st.binary(max_size=300))
def test_what_is_written_is_read_back(content: bytes) -> None:
    assert Reader(tlv(OCTET_STRING, content)).read(OCTET_STRING) == content
    assert tlv(OCTET_STRING, content) == core.OctetString(content).dump()


@given(st.binary(max_size=64))
def test_every_accepted_sequence_is_its_own_encoding(data: bytes) -> None:
    """Nothing but ValueError escapes, and what is accepted re-encodes to itself."""
    try:
        reader = parse_sequence(data)
    except ValueError:
        return
    parts = []
    try:
        while (tag := reader.next_tag()) is not None:
            parts.append(tlv(tag, reader.read(tag)))
    except ValueError:
        return
    assert tlv(SEQUENCE, *parts) == data


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x02", id="no length"),
        pytest.param(b"\x02\x00", id="integer without octets"),
        pytest.param(b"\x02\x02\x00\x01", id="superfluous leading zero"),
        pytest.param(b"\x02\x02\xff\xff", id="superfluous leading ones"),
        pytest.param(b"\x02\x81\x01\x01", id="length not the shortest"),
        pytest.param(b"\x02\x80\x01\x00\x00", id="indefinite length"),
        pytest.param(b"\x02\x02\x01", id="cut short"),
        pytest.param(b"\x04\x01\x01", id="another tag"),
    ],
)
def test_what_is_not_der_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Reader(der).read_integer()
