"""ISO 19005-3 §6.1.7.1: a stream's length is told by its end, so its end must be unmistakable."""

import re

from signing.pades.revision import _stream  # the smallest place where the rule can be seen


def test_content_that_ends_in_a_carriage_return_is_written_so_that_it_does_not() -> None:
    content = bytes(range(256)) + b"\r"
    stream = _stream(content)
    assert not stream.encoded_data.endswith(b"\r")
    assert stream.data == content


def test_other_content_is_written_as_it_is() -> None:
    content = b"\x30\x03\x02\x01\x05"
    assert _stream(content).encoded_data == content
    assert re.fullmatch(rb".*[^\r]", _stream(content).encoded_data, re.DOTALL)
