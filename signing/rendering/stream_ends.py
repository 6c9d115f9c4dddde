"""Makes the end of every stream in a rendered file unmistakable.

ISO 19005-3 §6.1.7.1 counts a stream's `/Length` up to the end-of-line marker before
`endstream`. Compressed data ends in any byte; where that byte is a carriage return
and the writer puts a line feed behind it, a reader that looks backwards takes both
for the marker and finds the length one too large. One stream in 256 ends so, one
document in forty has one. There the marker is written as CR LF, which no reader
can mistake, and the cross-reference table is moved along.

Only for files as Typst writes them: one revision with one classic cross-reference table.
"""

import re
from bisect import bisect_left

_AMBIGUOUS_END = re.compile(rb"\r(?=\nendstream\nendobj)")
_ENTRY = re.compile(rb"([0-9]{10}) 00000 n")
_START = re.compile(rb"startxref\n([0-9]+)\n%%EOF\s*\Z")


def separate_stream_ends(pdf: bytes) -> bytes:
    """`pdf` with every ambiguous end-of-line marker before `endstream` written as CR LF.

    Raises:
        ValueError: the file does not end as Typst ends it.
    """
    ends = [match.end() for match in _AMBIGUOUS_END.finditer(pdf)]
    if not ends:
        return pdf
    start = _START.search(pdf, len(pdf) - 64)
    if start is None:
        raise ValueError("no cross-reference table at the end of the file")
    table_at = int(start[1])

    def moved(offset: int) -> int:
        return offset + bisect_left(ends, offset)

    body = _AMBIGUOUS_END.sub(b"\r\r", pdf[:table_at])
    table = _ENTRY.sub(lambda entry: b"%010d 00000 n" % moved(int(entry[1])), pdf[table_at : start.start()])
    return body + table + b"startxref\n%d\n%%%%EOF" % moved(table_at)
