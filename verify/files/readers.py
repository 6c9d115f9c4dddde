"""What two independent PDF parsers see in a file, in a form that can be compared.

A hostile file may be one thing to one parser and another thing to the next. So
pyHanko and pypdf both read it, and a document counts only if they see the same
catalog, pages, links, attachments, security store and signatures, and every object at
the same place of the file.

Every walk is bounded. Parsers raise whatever they like on hostile files; the caller
treats any exception as a failure of form.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol, cast

from pyhanko.pdf_utils import generic as hanko
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader
from pypdf.generic import IndirectObject, StreamObject

from verify.errors import FormatFailure

MAX_PAGES = 200
MAX_TREE_DEPTH = 16
MAX_TREE_NODES = 400  # pages and what holds them; a node may stand below many others
MAX_ANNOTATIONS = 500
MAX_LINKS = 1000  # of all pages together
MAX_TEXT = 8192  # a seal code has 3,200 characters
MAX_ATTACHMENTS = 16
MAX_STORE_OBJECTS = 512  # of all renewals together
MAX_STREAM_OCTETS = 8 * 1024 * 1024
# What a few octets unpack to costs time and memory before anything about it can be judged.
_UNPACKED = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=MAX_STREAM_OCTETS),
    document_budget=DocumentDecodeBudget(base_allowance=4 * MAX_STREAM_OCTETS, max_ratio=4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureView:
    """A signature field's value as a parser sees it."""

    field: str
    type: str
    filter: str
    sub_filter: str
    byte_range: tuple[int, ...]
    contents: bytes
    claimed: str  # /M, a PDF date, empty where absent
    certifies: bool  # /Perms /DocMDP refers to this very object
    permission: int | None  # P of its DocMDP transform


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file as one parser sees it."""

    catalog: frozenset[str]
    page_count: int
    links: tuple[str, ...]
    attachments: tuple[tuple[str, str, bytes], ...]  # name, AFRelationship, content
    certificates: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signatures: tuple[SignatureView, ...]
    other_fields: int
    places: frozenset[tuple[int, int]]  # object number and offset, of the newest of each
    changes: tuple[frozenset[tuple[int, int]], ...]  # the same, revision by revision


class _Parser(Protocol):
    """The little that differs between two libraries whose dictionaries behave alike."""

    root: Mapping[str, object]
    places: frozenset[tuple[int, int]]

    def resolve(self, value: object) -> object: ...
    def content(self, stream: object) -> bytes: ...
    def octets(self, value: object) -> bytes: ...
    def reference(self, dictionary: object, key: str) -> tuple[int, int] | None: ...


class _Hanko:
    def __init__(self, pdf: bytes) -> None:
        reader = PdfFileReader(BytesIO(pdf), strict=True, decode_limits=_UNPACKED)
        if reader.encrypted:
            raise FormatFailure("encrypted")
        self.root = cast("Mapping[str, object]", reader.root)
        tables = [reader.xrefs.get_xref_data(each) for each in range(reader.xrefs.total_revisions)]
        if any(each.xrefs_in_objstm or each.hybrid is not None for each in tables):
            raise FormatFailure("objects in streams of objects")
        self.changes = tuple(
            frozenset((number, offset) for number, (_, offset) in each.standard_xrefs.items())
            for each in tables
        )
        self.places = frozenset(
            {number: offset for change in self.changes for number, offset in change}.items()
        )

    def resolve(self, value: object) -> object:
        if isinstance(value, hanko.IndirectObject):
            return cast("object", value.get_object())  # type: ignore[no-untyped-call] # pyHanko leaves it untyped
        return value

    def content(self, stream: object) -> bytes:
        return cast("hanko.StreamObject", self.resolve(stream)).data

    def octets(self, value: object) -> bytes:
        octets: bytes = cast("hanko.ByteStringObject", value).original_bytes
        return octets

    def reference(self, dictionary: object, key: str) -> tuple[int, int] | None:
        raw = cast("hanko.DictionaryObject", dictionary).raw_get(key)
        return (raw.idnum, raw.generation) if isinstance(raw, hanko.IndirectObject) else None


class _Pypdf:
    def __init__(self, pdf: bytes) -> None:
        reader = PdfReader(BytesIO(pdf), strict=True)
        if reader.is_encrypted:
            raise FormatFailure("encrypted")
        self.root = cast("Mapping[str, object]", reader.root_object)
        self.places = frozenset(reader.xref.get(0, {}).items())

    def resolve(self, value: object) -> object:
        return value.get_object() if isinstance(value, IndirectObject) else value

    def content(self, stream: object) -> bytes:
        return cast("StreamObject", self.resolve(stream)).get_data()

    def octets(self, value: object) -> bytes:
        return cast("bytes", getattr(value, "original_bytes", value))

    def reference(self, dictionary: object, key: str) -> tuple[int, int] | None:
        raw = cast("StreamObject", dictionary).raw_get(key)
        return (raw.idnum, raw.generation) if isinstance(raw, IndirectObject) else None


def view_file(pdf: bytes) -> FileView:
    """The one view on which both parsers agree.

    Raises:
        FormatFailure: they differ, or a bound is exceeded.
        Exception: whatever a parser raises on a malformed file.
    """
    first = _Hanko(pdf)
    view = _view(first, first.changes)
    if view != _view(_Pypdf(pdf), first.changes):
        raise FormatFailure("two parsers see two different documents")
    return view


def _view(parser: _Parser, changes: tuple[frozenset[tuple[int, int]], ...]) -> FileView:
    root = parser.root
    pages = list(_pages(parser, root["/Pages"], MAX_TREE_DEPTH, iter(range(MAX_TREE_NODES))))
    store = _mapping(parser, root.get("/DSS", {}))
    signatures, others = _fields(parser)
    return FileView(
        catalog=frozenset(str(key) for key in root),
        page_count=len(pages),
        links=tuple(_links_of_all(parser, pages)),
        attachments=tuple(_attachments(parser)),
        certificates=_streams(parser, store, "/Certs"),
        ocsps=_streams(parser, store, "/OCSPs"),
        crls=_streams(parser, store, "/CRLs"),
        signatures=signatures,
        other_fields=others,
        places=parser.places,
        changes=changes,
    )


def _mapping(parser: _Parser, value: object) -> Mapping[str, object]:
    resolved = parser.resolve(value)
    if not isinstance(resolved, dict):
        raise FormatFailure("a dictionary was expected")
    return cast("Mapping[str, object]", resolved)


def _sequence(parser: _Parser, value: object, most: int) -> list[object]:
    resolved = parser.resolve(value)
    if not isinstance(resolved, list) or len(resolved) > most:
        raise FormatFailure(f"an array of at most {most} was expected")
    return [parser.resolve(each) for each in cast("Sequence[object]", resolved)]


def _pages(
    parser: _Parser, node: object, depth: int, visits: Iterator[int]
) -> Iterator[Mapping[str, object]]:
    if next(visits, None) is None:
        raise FormatFailure("the page tree has too many nodes")
    tree = _mapping(parser, node)
    if tree["/Type"] == "/Page":
        yield tree
        return
    if depth == 0:
        raise FormatFailure("the page tree is too deep")
    leaves = 0
    for kid in _sequence(parser, tree["/Kids"], MAX_PAGES):
        for page in _pages(parser, kid, depth - 1, visits):
            leaves += 1
            if leaves > MAX_PAGES:
                raise FormatFailure("too many pages")
            yield page
    if leaves != tree["/Count"]:
        raise FormatFailure("the page tree counts wrongly")


def _links_of_all(parser: _Parser, pages: Iterable[Mapping[str, object]]) -> Iterator[str]:
    links = (uri for page in pages for uri in _links(parser, page))
    for count, uri in enumerate(links):
        if count == MAX_LINKS:
            raise FormatFailure("too many links")
        yield uri


def _links(parser: _Parser, page: Mapping[str, object]) -> Iterator[str]:
    for each in _sequence(parser, page.get("/Annots", []), MAX_ANNOTATIONS):
        annotation = _mapping(parser, each)
        if annotation.get("/Subtype") == "/Link" and "/A" in annotation:
            action = _mapping(parser, annotation["/A"])
            if action.get("/S") == "/URI":
                yield _text(parser, action["/URI"])


def _text(parser: _Parser, value: object) -> str:
    if isinstance(value, str | bytes) and len(value) > MAX_TEXT:
        raise FormatFailure(f"a text of at most {MAX_TEXT} characters was expected")
    return str(parser.resolve(value)) if isinstance(value, str) else parser.octets(value).decode("ascii")


def _attachments(parser: _Parser) -> Iterator[tuple[str, str, bytes]]:
    names = _mapping(parser, parser.root.get("/Names", {}))
    tree = _mapping(parser, names.get("/EmbeddedFiles", {}))
    if "/Kids" in tree:
        raise FormatFailure("a tree of attachments with branches")
    entries = _sequence(parser, tree.get("/Names", []), 2 * MAX_ATTACHMENTS)
    for each in entries[1::2]:
        specification = _mapping(parser, each)
        embedded = _mapping(parser, specification["/EF"])
        name = _text(parser, specification["/UF"])
        yield name, str(specification.get("/AFRelationship", "")), parser.content(embedded["/F"])


def _streams(parser: _Parser, store: Mapping[str, object], key: str) -> tuple[bytes, ...]:
    return tuple(parser.content(each) for each in _sequence(parser, store.get(key, []), MAX_STORE_OBJECTS))


def _fields(parser: _Parser) -> tuple[tuple[SignatureView, ...], int]:
    form = _mapping(parser, parser.root.get("/AcroForm", {}))
    fields = [_mapping(parser, each) for each in _sequence(parser, form.get("/Fields", []), 64)]
    signed = [field for field in fields if field.get("/FT") == "/Sig" and "/V" in field]
    return tuple(_signature(parser, field) for field in signed), len(fields) - len(signed)


def _signature(parser: _Parser, field: Mapping[str, object]) -> SignatureView:
    value = _mapping(parser, field["/V"])
    reference = parser.reference(field, "/V")
    permissions = _mapping(parser, parser.root.get("/Perms", {}))
    certified = parser.reference(permissions, "/DocMDP") if "/DocMDP" in permissions else None
    return SignatureView(
        field=_text(parser, field["/T"]),
        type=str(value.get("/Type", "")),
        filter=str(value.get("/Filter", "")),
        sub_filter=str(value.get("/SubFilter", "")),
        byte_range=tuple(_integer(each) for each in _sequence(parser, value["/ByteRange"], 4)),
        contents=parser.octets(value["/Contents"]),
        claimed=_text(parser, value["/M"]) if "/M" in value else "",
        certifies=reference is not None and reference == certified,
        permission=_permission(parser, value),
    )


def _permission(parser: _Parser, signature: Mapping[str, object]) -> int | None:
    references = _sequence(parser, signature.get("/Reference", []), 1)
    for each in references:
        reference = _mapping(parser, each)
        if reference.get("/TransformMethod") == "/DocMDP":
            return _integer(_mapping(parser, reference["/TransformParams"])["/P"])
    return None


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatFailure("an integer was expected")
    return int(value)
