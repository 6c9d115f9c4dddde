"""A file whose last page draws the symbol alone, by the operators that the page itself has for it.

Drawing a whole page costs as much as composing it, nearly all for text. Where a page is
known to the last octet, only its symbol is left to be read. So the operators between the
marks of the symbol's figure, by far the longest of a page, become the page's content in a
revision behind the file; resources, page and box stay what they are.
"""

import re
import zlib

MAX_CONTENT_OCTETS = 4 * 1024 * 1024
_KIDS = re.compile(rb"<</Type/Pages/Count [0-9]+/Kids\[(?:[0-9]+ 0 R ?)*?([0-9]+) 0 R\]>>")
_CONTENTS = re.compile(rb"/Contents ([0-9]+) 0 R")
_TRAILER = re.compile(rb"trailer\n<</Size ([0-9]+)/Root ([0-9]+ 0 R)")
_END = re.compile(rb"startxref\n([0-9]+)\n%%EOF\n\Z")


def symbol_alone(rendered: bytes) -> bytes | None:
    """The file with its symbol alone; None where it is not written as our pages are.

    Args:
        rendered: a file as the compiler made it, one revision.
    """
    kids, end = _KIDS.search(rendered, 0, 4096), _END.search(rendered, max(0, len(rendered) - 64))
    trailer = _TRAILER.search(rendered, rendered.rfind(b"\ntrailer\n"))
    page = -1 if kids is None else rendered.find(b"\n%s 0 obj\n" % kids[1])
    contents = None if page < 0 else _CONTENTS.search(rendered, page, rendered.find(b"endobj", page))
    if end is None or trailer is None or contents is None:
        return None
    marked = _content(rendered, contents[1]).split(b"BDC\n")[1:]
    figures = [each.partition(b"\nEMC")[0] for each in marked if each.startswith(b"q ")]
    return _with_content(rendered, contents[1], max(figures, key=len), trailer, end) if figures else None


def _content(rendered: bytes, number: bytes) -> bytes:
    start = rendered.find(b"stream\n", rendered.find(b"\n%s 0 obj\n" % number)) + len(b"stream\n")
    try:
        return zlib.decompressobj().decompress(memoryview(rendered)[start:], MAX_CONTENT_OCTETS)
    except zlib.error:
        return b""


def _with_content(
    rendered: bytes, number: bytes, content: bytes, trailer: re.Match[bytes], end: re.Match[bytes]
) -> bytes:
    stream = b"%s 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (number, len(content), content)
    at = len(rendered)
    table = b"xref\n0 1\n0000000000 65535 f \n%s 1\n%010d 00000 n \n" % (number, at)
    ended = b"trailer\n<</Size %s/Root %s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        trailer[1],
        trailer[2],
        end[1],
        at + len(stream),
    )
    return rendered + stream + table + ended
