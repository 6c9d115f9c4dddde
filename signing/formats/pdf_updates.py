"""The two revisions that may follow a seal: a security store, and a document time-stamp.

    rendered · sealed [· store [· store? · time-stamp (· store · time-stamp)*]]      (EN 319 142-1 §5.4, §5.5)

Written here octet by octet, in one way only. So whoever reads can take out what is variable, the
stored objects and the token's digits, write the revision anew and compare: `read_updates` accepts
nothing that `encode_store` and `encode_time_stamp` would not have written. A store changes the
catalog's /DSS and adds streams; a time-stamp adds an invisible field to form and first page.
No VRI dictionary (EN 319 142-1 §5.4.2.3 leaves it open): what is stored serves every signature.

Pure: no parser of PDF, no cryptography but digests.
"""

import hashlib
import re
from binascii import hexlify, unhexlify
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import TypeAlias

from signing.formats.pdf_ground import Ground, Stored
from signing.formats.pdf_tables import NotOurForm, written_table

MAX_TIME_STAMPS = 32  # one in three years or so
MAX_STORED = 64  # objects in one store
MAX_TOKEN_OCTETS = 64 * 1024

_KINDS = (b"/Certs", b"/OCSPs", b"/CRLs")
_STREAM = re.compile(rb"\d{1,7} 0 obj\n<<\n/Length (\d{1,8})\n(/Filter /ASCIIHexDecode\n)?>>\nstream\n")
_STORE = re.compile(
    rb"\d{1,7} 0 obj\n<<\n/Type /DSS\n"
    + b"".join(rb"(?:%s \[ ((?:\d{1,7} 0 R )+)\]\n)?" % kind for kind in _KINDS)
    + rb">>\nendobj\n"
)
_FIELD = re.compile(rb"\d{1,7} 0 obj\n<<\n/FT /Sig\n")
_CONTENTS = b"/Contents <"
_HEXADECIMAL = re.compile(rb"[0-9a-f]{2,%d}" % (2 * MAX_TOKEN_OCTETS))
_BYTE_RANGE_OCTETS = 64  # `/ByteRange [0 a b c]` with room for the largest numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A revision with nothing but a security store (EN 319 142-1 §5.4); what it adds to the one before."""

    end: int  # of the revision
    offsets: dict[int, int]
    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTimeStamp:
    """A revision with nothing but a document time-stamp (EN 319 142-1 §5.5)."""

    end: int
    offsets: dict[int, int]
    gap: tuple[int, int]  # what its byte range leaves out, `<` and `>` included
    digits: bytes  # of the token, with padding


Update: TypeAlias = Store | DocumentTimeStamp


class NothingNew(ValueError):
    """All that is to be stored is stored already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One revision, the ground behind it, and where its objects stand."""

    content: bytes
    ground: Ground
    offsets: dict[int, int]


def encode_store(
    ground: Ground, *, certificates: Sequence[bytes], ocsps: Sequence[bytes] = (), crls: Sequence[bytes] = ()
) -> Written:
    """The revision that stores these DER objects, but for those stored before.

    Raises:
        NothingNew: all of them are stored already.
        NotOurForm: they are too many.
    """
    numbers, objects, digests = count(ground.size), [], set(ground.stored.digests)
    held = (ground.stored.certificates, ground.stored.ocsps, ground.stored.crls)
    stored = []
    for kind, before, contents in zip(_KINDS, held, (certificates, ocsps, crls), strict=True):
        added = []
        for content in contents:
            digest = hashlib.sha256(kind + content).digest()
            if digest not in digests:
                digests.add(digest)
                added.append(next(numbers))
                objects.append((added[-1], _stream(content)))
        stored.append((*before, *added))
    if not objects:
        raise NothingNew
    if len(objects) > MAX_STORED:
        raise NotOurForm("a store of too much")
    store = next(numbers)
    arrays = b"".join(
        b"%s [ %s]\n" % (kind, _references(held)) for kind, held in zip(_KINDS, stored, strict=True) if held
    )
    objects += [
        (store, b"<<\n/Type /DSS\n" + arrays + b">>"),
        (ground.root, b"<<\n%s/DSS %d 0 R\n>>" % (ground.catalog, store)),
    ]
    now = Stored(certificates=stored[0], ocsps=stored[1], crls=stored[2], digests=frozenset(digests))
    return _written(replace(ground, stored=now), objects, size=store + 1)


def encode_time_stamp(ground: Ground, digits: bytes) -> tuple[Written, tuple[int, int]]:
    """The revision with a document time-stamp of these hexadecimal digits, and the gap where they stand."""
    field, value = ground.size, ground.size + 1
    number = ground.time_stamps + 1
    form, page = ground.form.and_(field), ground.page.and_(field)
    head = b"<<\n%s\n/Type /DocTimeStamp\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.RFC3161\n/Contents "
    objects = [
        (field, _field(number, page=page.number, value=value)),
        (value, head % (b" " * _BYTE_RANGE_OCTETS) + b"<" + digits + b">\n>>"),
        (page.number, page.content),
        (form.number, form.content),
    ]
    after = replace(ground, form=form, page=page, time_stamps=number)
    draft = _written(after, objects, size=value + 1)
    start = draft.offsets[value] + len(b"%d 0 obj\n" % value) + len(head % (b" " * _BYTE_RANGE_OCTETS))
    gap = (start, start + len(digits) + 2)
    byte_range = b"/ByteRange [0 %d %d %d]" % (*gap, draft.ground.length - gap[1])
    objects[1] = (value, head % byte_range.ljust(_BYTE_RANGE_OCTETS) + b"<" + digits + b">\n>>")
    return _written(after, objects, size=value + 1), gap


def read_updates(pdf: bytes, ground: Ground) -> tuple[tuple[Update, ...], Ground]:
    """The revisions behind the sealed one, oldest first, and what a next one would stand on.

    Raises:
        NotOurForm: an octet anywhere behind the seal is not as we write it.
    """
    found: list[Update] = []
    while ground.length < len(pdf):
        if len(found) > 2 * MAX_TIME_STAMPS:
            raise NotOurForm("too many revisions")
        if _STREAM.match(pdf, ground.length):
            update, ground = _read_store(pdf, ground)
        elif _FIELD.match(pdf, ground.length):
            update, ground = _read_time_stamp(pdf, ground)
        else:
            raise NotOurForm("something that is neither a store nor a time-stamp follows the seal")
        found.append(update)
    return tuple(found), ground


def _read_store(pdf: bytes, ground: Ground) -> tuple[Update, Ground]:
    position = ground.length
    streams: list[bytes] = []
    while (head := _STREAM.match(pdf, position)) is not None and len(streams) < MAX_STORED:
        end = head.end() + int(head[1])
        streams.append(_content(pdf[head.end() : end], encoded=head[2] is not None))
        position = end + len(b"\nendstream\nendobj\n")
    store = _STORE.match(pdf, position)
    if store is None:
        raise NotOurForm("no security store behind its streams")
    before = ground.stored
    counts = [(group or b"").count(b"R") for group in store.groups()]
    held = [len(before.certificates), len(before.ocsps), len(before.crls)]
    contents: Iterator[bytes] = iter(streams)
    certificates, ocsps, crls = (
        tuple(islice(contents, max(0, total - old))) for total, old in zip(counts, held, strict=True)
    )
    try:
        written = encode_store(ground, certificates=certificates, ocsps=ocsps, crls=crls)
    except NothingNew as error:
        raise NotOurForm("a store of nothing new") from error
    _compare(pdf, ground, written)
    update = Store(
        end=written.ground.length, offsets=written.offsets, certificates=certificates, ocsps=ocsps, crls=crls
    )
    return update, written.ground


def _read_time_stamp(pdf: bytes, ground: Ground) -> tuple[Update, Ground]:
    start = pdf.find(_CONTENTS, ground.length) + len(_CONTENTS)
    end = pdf.find(b">", start)
    if start < len(_CONTENTS) or not 0 < end - start <= 2 * MAX_TOKEN_OCTETS:
        raise NotOurForm("a time-stamp without its token")
    digits = pdf[start:end]
    if not _HEXADECIMAL.fullmatch(digits):
        raise NotOurForm("the token of a time-stamp is not one hexadecimal string")
    written, gap = encode_time_stamp(ground, digits)
    _compare(pdf, ground, written)
    update = DocumentTimeStamp(end=written.ground.length, offsets=written.offsets, gap=gap, digits=digits)
    return update, written.ground


def _compare(pdf: bytes, ground: Ground, written: Written) -> None:
    if pdf.startswith(written.content, ground.length):
        return
    before, changing, behind = written.content.rpartition(_changing(ground))
    start = ground.length + len(before)
    found = pdf[start : start + len(changing)]
    if pdf.startswith(before + found + behind, ground.length):
        raise NotOurForm("something was changed after sealing: what follows was written for other octets")
    raise NotOurForm("a revision behind the seal is not as we write it")


def _field(number: int, *, page: int, value: int) -> bytes:
    """The same invisible field as the seal's: no area, outside the crop box."""
    return (
        b"<<\n/FT /Sig\n/T (TimeStamp%d)\n/Type /Annot\n/Subtype /Widget\n/F 132\n"
        b"/Rect [ -9999 -9999 -9999 -9999 ]\n/P %d 0 R\n/V %d 0 R\n>>" % (number, page, value)
    )


def _stream(content: bytes) -> bytes:
    """A stream whose end no reader can mistake.

    ISO 19005-3 §6.1.7.1 counts `/Length` up to the end-of-line marker before `endstream`; content that
    ends in a carriage return makes that marker look one octet longer. One object in 256 does, and is
    written in hexadecimal, which always ends in `>`.
    """
    filter_ = b""
    if content.endswith(b"\r"):
        content, filter_ = hexlify(content) + b">", b"/Filter /ASCIIHexDecode\n"
    return b"<<\n/Length %d\n%s>>\nstream\n%s\nendstream" % (len(content), filter_, content)


def _content(octets: bytes, *, encoded: bool) -> bytes:
    if not encoded:
        return octets
    try:
        return unhexlify(octets.removesuffix(b">"))
    except ValueError as error:
        raise NotOurForm("a stream that is not hexadecimal") from error


def _references(numbers: Sequence[int]) -> bytes:
    return b"".join(b"%d 0 R " % number for number in numbers)


def _changing(ground: Ground) -> bytes:
    """The changing part of a file's identifier (ISO 32000-2 §14.4), made from all that stands before it."""
    return hexlify(ground.digest.digest()[:16])


def _written(ground: Ground, objects: Sequence[tuple[int, bytes]], *, size: int) -> Written:
    """`objects`, their table and the trailer, behind everything that `ground` stands for."""
    parts, offsets, position = [], {}, ground.length
    for number, content in objects:
        part = b"%d 0 obj\n%s\nendobj\n" % (number, content)
        offsets[number] = position
        parts.append(part)
        position += len(part)
    parts.append(written_table(offsets))
    names = (size, ground.root, ground.info, ground.permanent_id, _changing(ground), ground.table)
    parts.append(
        b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n/ID [ <%s> <%s> ]\n/Prev %d\n>>\n" % names
    )
    parts.append(b"startxref\n%d\n%%%%EOF\n" % position)
    content = b"".join(parts)
    digest = ground.digest.copy()
    digest.update(content)
    after = replace(ground, length=ground.length + len(content), table=position, size=size, digest=digest)
    return Written(content=content, ground=after, offsets=offsets)
