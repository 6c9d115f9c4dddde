"""ISO 19005-3 §6.1.7.1: a stream's length is told by its end, so its end must be unmistakable."""

import re

from signing.formats.pdf_updates import _content, _stream  # the smallest place where the rule can be seen

_PARTS = re.compile(rb"<<\n/Length (\d+)\n(/Filter /ASCIIHexDecode\n)?>>\nstream\n(.*)\nendstream", re.DOTALL)


def parts(content: bytes) -> tuple[bool, bytes]:
    matched = _PARTS.fullmatch(_stream(content))
    assert matched is not None
    assert int(matched[1]) == len(matched[3])
    return matched[2] is not None, matched[3]


def test_content_that_ends_in_a_carriage_return_is_written_so_that_it_does_not() -> None:
    content = bytes(range(256)) + b"\r"
    encoded, octets = parts(content)
    assert encoded
    assert not octets.endswith(b"\r")
    assert _content(octets, encoded=True) == content


def test_other_content_is_written_as_it_is() -> None:
    content = b"\x30\x03\x02\x01\x05"
    assert parts(content) == (False, content)
    assert _content(content, encoded=False) == content
