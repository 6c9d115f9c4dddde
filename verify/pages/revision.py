"""Whether the sealing revision leaves the rendered page as it is.

The file begins with the rendered page, octet by octet; but a PDF revision may write any
object again, and a reader shows the newest. So the revision that our sealer writes
(`signing/pades/revision.py`) is compared with the rendered objects, token by token: it
writes the first page again with one more annotation, the catalog with form and
certification, and three new objects of which none draws anything. Nothing else.
"""

import re
from collections.abc import Iterator

from signing.formats.pdf_tables import NotOurForm, find_table, read_table

MAX_OBJECTS = 8
_TOKEN = re.compile(rb"\s+|<<|>>|[\[\]]|<[0-9A-Fa-f]*>|/[^\s/<>\[\]()]+|\((?:[^()\\]|\\.)*\)|[^\s/<>\[\]()]+")
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_OBJECT = re.compile(rb"([0-9]{1,7}) 0 obj\n")
_FIELD_TAIL = re.compile(rb"/P (\d{1,7}) 0 R /V (\d{1,7}) 0 R >>")
_FIELD_HEAD = (
    rb"<< /FT /Sig /T \([A-Za-z0-9]{1,32}\) /Type /Annot /Subtype /Widget /F 132 "
    rb"/Rect \[ -9999 -9999 -9999 -9999 \] "
)
_FIELD = re.compile(_FIELD_HEAD + _FIELD_TAIL.pattern)
_ROOT = re.compile(rb"<</Size ([0-9]{1,7})/Root ([0-9]{1,7}) 0 R")
_TRAILER = re.compile(
    rb"trailer\n<<\n/Size [0-9]{1,7}\n/Root ([0-9]{1,7}) 0 R\n[^>]*>[^>]*> \]\n/Prev ([0-9]{1,10})\n>>\n"
)


class PageChanged(Exception):
    """The revision is not as our sealer writes it on this page."""


def require_untouched(pdf: bytes, rendered: bytes, end: int) -> None:
    """Check that `pdf`, which begins with `rendered`, shows the same pages at its sealing revision's `end`.

    Raises:
        PageChanged: it may show something else.
    """
    try:
        table = read_table(pdf, find_table(pdf, end))
        rendered_table = find_table(rendered, len(rendered))
    except NotOurForm as error:
        raise PageChanged(str(error)) from error
    found = _ROOT.search(rendered, rendered.rfind(b"\ntrailer\n"))
    trailer = _TRAILER.match(pdf, table.trailer, end)
    if found is None or trailer is None or (trailer[1], int(trailer[2])) != (found[2], rendered_table):
        raise PageChanged("the revision does not stand on the rendered file")
    root, written = int(found[2]), dict(_objects(pdf, len(rendered), table.start, table.offsets))
    if root not in written:
        raise PageChanged("no catalog in the revision")
    field, page, signature = _field(written)
    form = _only(set(written) - {root, page, field, signature})
    if written[form] != b"<< /Fields [ %d 0 R ] /SigFlags 3 >>" % field:
        raise PageChanged("another form")
    if min(form, field, signature) < int(found[1]):
        raise PageChanged("a rendered object was written again")
    _require(written[root], _with_form(_rendered(rendered, root), form, signature))
    _require(written[page], _with_field(_rendered(rendered, page), field))


def _objects(pdf: bytes, start: int, end: int, offsets: dict[int, int]) -> Iterator[tuple[int, bytes]]:
    """The objects between the rendered file and the table, one behind the other, without a gap."""
    if len(offsets) > MAX_OBJECTS:
        raise PageChanged("more objects than sealing needs")
    for number, offset in sorted(offsets.items(), key=lambda entry: entry[1]):
        head = _OBJECT.match(pdf, start)
        close = pdf.find(b"\nendobj\n", start, end)
        if head is None or offset != start or int(head[1]) != number or close < 0:
            raise PageChanged("an object is not where the one before it ends")
        yield number, _plain(pdf[head.end() : close])
        start = close + len(b"\nendobj\n")
    if start != end:
        raise PageChanged("something stands between the objects and their table")


def _field(written: dict[int, bytes]) -> tuple[int, int, int]:
    """Number of the field, of the page it is on and of the signature."""
    found = [
        (number, matched) for number, content in written.items() if (matched := _FIELD.fullmatch(content))
    ]
    if len(found) != 1:
        raise PageChanged("not exactly one field that draws nothing")
    number, matched = found[0]
    page, signature = int(matched[1]), int(matched[2])
    if page not in written or signature not in written:
        raise PageChanged("page or signature are not in the revision")
    return number, page, signature


def _only(numbers: set[int]) -> int:
    if len(numbers) != 1:
        raise PageChanged("other objects than sealing writes")
    return numbers.pop()


def _rendered(rendered: bytes, number: int) -> bytes:
    head = b"\n%d 0 obj\n" % number
    start = rendered.find(head)
    end = rendered.find(b"\nendobj\n", start)
    if start < 0 or end < 0:
        raise PageChanged("no such object was rendered")
    return _plain(rendered[start + len(head) : end])


def _with_form(catalog: bytes, form: int, signature: int) -> bytes:
    return catalog.removesuffix(b">>") + (
        b"/Extensions << /ESIC << /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 2 >> >> "
        b"/AcroForm %d 0 R /Perms << /DocMDP %d 0 R >> >>" % (form, signature)
    )


def _with_field(page: bytes, field: int) -> bytes:
    """Typst writes a page's annotations last."""
    return page.removesuffix(b"] >>") + b"%d 0 R ] >>" % field


def _require(written: bytes, expected: bytes) -> None:
    if written != expected:
        raise PageChanged("a rendered object was written otherwise")


def _plain(content: bytes) -> bytes:
    """The tokens of an object (ISO 32000-2 §7.2), each behind one space, strings without octal escapes."""
    tokens, at = [], 0
    while at < len(content):
        matched = _TOKEN.match(content, at)
        if matched is None:
            raise PageChanged("an object that is not written as ours are")
        if not matched[0].isspace():
            tokens.append(_ESCAPED.sub(lambda each: bytes([int(each[1], 8) & 0xFF]), matched[0]))
        at = matched.end()
    return b" ".join(tokens)
