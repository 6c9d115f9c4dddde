"""What a later revision of a sealed file stands on: the few objects that it may write again.

A sealed file has two revisions, the rendered and the sealing one. What follows may write the
catalog again, with a security store; or form and first page, with one more invisible field. So
of everything in a file these three objects are read, by position and as octets. They stand in
the sealing revision, as pyHanko writes it there, and are signed.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from signing.formats.pdf_tables import NotOurForm, find_table, read_table

if TYPE_CHECKING:
    from hashlib import _Hash

_TRAILER = re.compile(
    rb"trailer\n<<\n/Size (\d{1,7})\n/Root (\d{1,7}) 0 R\n/Info (\d{1,7}) 0 R\n"
    rb"/ID \[ <([0-9a-f]{2,128})> <[0-9a-f]{32}> \]\n/Prev (\d{1,10})\n>>\nstartxref\n"
)
_REFERENCES = rb"((?:\d{1,7} 0 R )+)"
_FORM = re.compile(rb"(<<\n/Fields \[ )" + _REFERENCES + rb"(\]\n/SigFlags 3\n>>)")
_PAGE = re.compile(rb"(<<\n/Type /Page\n.*\n/Annots \[ )" + _REFERENCES + rb"(\]\n(?:.*\n)?>>)", re.DOTALL)
_CATALOG = re.compile(rb"<<\n(/Type /Catalog\n.*)>>", re.DOTALL)
_FORM_IN_CATALOG = re.compile(rb"\n/AcroForm (\d{1,7}) 0 R\n")
_PAGE_OF_FIELD = re.compile(rb"\n/P (\d{1,7}) 0 R\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """An object with one array that grows."""

    number: int
    before: bytes
    references: bytes
    behind: bytes

    def and_(self, number: int) -> "References":
        """The same with one more reference at the end."""
        return References(
            number=self.number,
            before=self.before,
            references=self.references + b"%d 0 R " % number,
            behind=self.behind,
        )

    @property
    def content(self) -> bytes:
        """The object without its number."""
        return self.before + self.references + self.behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Numbers of the streams of a security store, and the digests of what they hold."""

    certificates: tuple[int, ...] = ()
    ocsps: tuple[int, ...] = ()
    crls: tuple[int, ...] = ()
    digests: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The state of a file behind one of its revisions."""

    length: int  # octets so far
    table: int  # where the newest table of objects begins
    size: int  # the first object number that is free
    root: int
    info: int
    permanent_id: bytes  # hexadecimal
    catalog: bytes  # its entries as sealed, without a security store
    form: References
    page: References
    stored: Stored = field(default_factory=Stored)
    time_stamps: int = 0
    digest: "_Hash" = field(default_factory=hashlib.sha256, compare=False)  # running, over all octets


def read_ground(pdf: bytes, end: int) -> Ground:
    """What the sealing revision that ends at `end` offers to stand on.

    Raises:
        NotOurForm: the revision is not as our sealer writes it.
    """
    start = find_table(pdf, end)
    table = read_table(pdf, start)
    trailer = _TRAILER.match(pdf, table.trailer)
    if trailer is None or trailer.end() > end:
        raise NotOurForm("the trailer of the sealing revision is not one of ours")
    root = int(trailer[2])
    catalog = _CATALOG.fullmatch(_object(pdf, table.offsets, root))
    if catalog is None or b"/DSS" in catalog[1]:
        raise NotOurForm("the catalog is not as our sealer leaves it")
    form = _grown(pdf, table.offsets, _only(_FORM_IN_CATALOG, catalog[1]), _FORM)
    seal = int(form.references.split(b" ", 1)[0])
    page = _grown(pdf, table.offsets, _only(_PAGE_OF_FIELD, _object(pdf, table.offsets, seal)), _PAGE)
    digest = hashlib.sha256()
    digest.update(memoryview(pdf)[:end])
    return Ground(
        length=end,
        table=start,
        size=int(trailer[1]),
        root=root,
        info=int(trailer[3]),
        permanent_id=trailer[4],
        catalog=catalog[1],
        form=form,
        page=page,
        digest=digest,
    )


def _object(pdf: bytes, offsets: dict[int, int], number: int) -> bytes:
    """The content of an object that has no stream."""
    start = offsets.get(number)
    if start is None:
        raise NotOurForm("an object that should be there is not in the sealing revision")
    head = b"%d 0 obj\n" % number
    end = pdf.find(b"\nendobj\n", start)
    if not pdf.startswith(head, start) or end < 0:
        raise NotOurForm("an object is not where the table says")
    return pdf[start + len(head) : end]


def _only(pattern: re.Pattern[bytes], content: bytes) -> int:
    found = pattern.findall(content)
    if len(found) != 1:
        raise NotOurForm("an entry does not stand exactly once")
    return int(found[0])


def _grown(pdf: bytes, offsets: dict[int, int], number: int, pattern: re.Pattern[bytes]) -> References:
    content = _object(pdf, offsets, number)
    # Counted first: from each that there is, the pattern would search the rest of the object anew.
    matched = pattern.fullmatch(content) if content.count(b"/Annots") <= 1 else None
    if matched is None:
        raise NotOurForm("form or page are not as our sealer leaves them")
    return References(number=number, before=matched[1], references=matched[2], behind=matched[3])
