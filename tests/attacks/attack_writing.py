"""Writes PDF octets as forgers do: updates with or without their tables, one octet range for another.

Nothing here is careful: what a reader makes of the result is the reader's business.
"""

import itertools
import re
from collections.abc import Mapping

from sealing_updates import FORGED_PAGE

from signing.formats.pdf_tables import read_table

_TABLE = re.compile(rb"startxref\n(\d+)\n%%EOF\n?\Z")
_END = b"%%EOF\n"


def newest(pdf: bytes, marker: bytes) -> tuple[int, bytes]:
    """Number and content of the newest object without a stream that contains `marker`."""
    found = [
        (int(each[1]), each[2])
        for each in re.finditer(rb"(?<=\n)(\d+) 0 obj\n(.*?)\nendobj\n", pdf, re.DOTALL)
        if marker in each[2] and b"stream\n" not in each[2]
    ]
    return found[-1]


def page(pdf: bytes) -> tuple[int, bytes]:
    return newest(pdf, b"/Type /Page\n")


def catalog(pdf: bytes) -> tuple[int, bytes]:
    return newest(pdf, b"/Type /Catalog\n")


def form(pdf: bytes) -> tuple[int, bytes]:
    return newest(pdf, b"/SigFlags")


def signature(pdf: bytes) -> tuple[int, bytes]:
    return newest(pdf, b"/SubFilter /ETSI.CAdES.detached")


def next_number(pdf: bytes) -> int:
    return int(re.findall(rb"/Size (\d+)", pdf)[-1])


def last_table(pdf: bytes) -> int:
    return int(re.findall(rb"startxref\n(\d+)\n", pdf)[-1])


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<\n/Length %d\n%s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def forged_page(pdf: bytes) -> dict[int, bytes]:
    """Objects that show another page: the page again, and its new content."""
    number, content = page(pdf)
    new = next_number(pdf)
    return {
        new: stream(FORGED_PAGE),
        number: re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % new, content),
    }


def written(objects: Mapping[int, bytes], start: int) -> tuple[bytes, dict[int, int]]:
    """The objects one behind the other from the offset `start`, and where each stands."""
    body, places = b"", {}
    for number, content in objects.items():
        places[number] = start + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return body, places


def table(places: Mapping[int, int]) -> bytes:
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % each for each in sorted(places.items()))
    return b"xref\n0 1\n0000000000 65535 f \n" + rows


def trailer(pdf: bytes, *, size: int, more: bytes = b"", prev: int | None = None) -> bytes:
    root, _ = catalog(pdf)
    previous = last_table(pdf) if prev is None else prev
    return b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Prev %d\n%s>>\n" % (size, root, previous, more)


def appended(
    pdf: bytes,
    objects: Mapping[int, bytes],
    *,
    with_table: bool = True,
    with_trailer: bool = True,
    end: bytes | None = None,
    more: bytes = b"",
    prev: int | None = None,
) -> bytes:
    """An update written by hand; what is left out is left out."""
    body, places = written(objects, len(pdf))
    start = len(pdf) + len(body)
    tail = table(places) if with_table else b""
    size = max([*objects, next_number(pdf) - 1]) + 1
    tail += trailer(pdf, size=size, more=more, prev=prev) if with_trailer else b""
    closing = b"startxref\n%d\n%s" % (start, _END) if end is None else end
    return pdf + body + tail + closing


def exchanged(pdf: bytes, old: bytes, new: bytes) -> bytes:
    """The newest `old` replaced by `new`, made as long with spaces, so that every offset still holds."""
    assert len(new) <= len(old), (old, new)
    place = pdf.rindex(old)
    return pdf[:place] + new.ljust(len(old)) + pdf[place + len(old) :]


def matched(pdf: bytes, pattern: bytes, new: bytes) -> bytes:
    """The first match of `pattern` replaced by `new`, the length kept."""
    found = re.search(pattern, pdf, re.DOTALL)
    assert found is not None, pattern
    assert len(new) <= len(found[0]), (pattern, new)
    return pdf[: found.start()] + new.ljust(found.end() - found.start()) + pdf[found.end() :]


def rewritten(pdf: bytes, objects: Mapping[int, bytes]) -> bytes:
    """A file of one revision with these objects changed or added: one revision again, with a right table."""
    start = last_table(pdf)
    offsets = read_table(pdf, start).offsets
    ends = dict(itertools.pairwise([*sorted(offsets.values()), start]))
    raw = {number: pdf[place : ends[place]] for number, place in offsets.items()}
    for number, content in objects.items():
        raw[number] = b"%d 0 obj\n%s\nendobj\n" % (number, content)
    body, places = pdf[: min(offsets.values())], {}
    for number, octets in sorted(raw.items()):
        places[number] = len(body)
        body += octets
    rows = b"".join(b"%010d 00000 n \n" % places[number] for number in range(1, max(places) + 1))
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (max(places) + 1)
    end = re.sub(rb"/Size \d+", b"/Size %d" % (max(places) + 1), pdf[pdf.rindex(b"trailer") :])
    return body + head + rows + re.sub(rb"startxref\n\d+", b"startxref\n%d" % len(body), end)
