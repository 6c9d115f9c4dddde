"""What of a file is not drawn and yet does something, or is drawn by other readers only.

Two files may look alike while one of them carries a note, a script or a layer that a reader shows when it
likes. So where pages are compared by sight, all that stands around the drawing must be the same: the
catalog's entries, each page's, each annotation and what it does, the title. A file of another compiler that
differs in one of them is not judged by sight.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import TypeAlias, cast

from pypdf import PdfReader
from pypdf.generic import IndirectObject

MAX_ANNOTATIONS = 500
_BY_SEALING = frozenset({"/AcroForm", "/Perms", "/Extensions", "/DSS"})
_ACTION = ("/S", "/URI")
Furniture: TypeAlias = tuple[object, ...]
_Dictionary: TypeAlias = Mapping[str, object]


class NotComparable(Exception):
    """A file that is not built as ours are."""


def same_furniture(first: bytes, second: bytes) -> bool:
    """Whether both files carry the same around what they draw."""
    try:
        return _furniture(first) == _furniture(second)
    # Whatever a parser stumbles over: such a file is not compared by sight.
    except Exception:  # noqa: BLE001 - parsers raise what they like
        return False


def _furniture(pdf: bytes) -> Furniture:
    reader = PdfReader(BytesIO(pdf), strict=True)
    root = cast("_Dictionary", reader.root_object)
    pages = tuple(_page(cast("_Dictionary", page)) for page in reader.pages)
    title = str(reader.metadata.title) if reader.metadata else ""
    return frozenset(map(str, root)) - _BY_SEALING, pages, title


def _page(page: _Dictionary) -> Furniture:
    listed = _resolved(page.get("/Annots", []))
    if not isinstance(listed, list) or len(listed) > MAX_ANNOTATIONS:
        raise NotComparable
    annotations = (_annotation(_dictionary(each)) for each in listed)
    kept = tuple(each for each in annotations if each is not None)
    return frozenset(map(str, page)) - {"/Annots"}, kept


def _annotation(annotation: _Dictionary) -> Furniture | None:
    """None for the seal's own field, which the sealing revision adds and has no area."""
    if annotation.get("/Subtype") == "/Widget" and annotation.get("/FT") == "/Sig":
        return None
    action = _dictionary(annotation.get("/A", {}))
    does = tuple(str(action.get(name)) for name in _ACTION)
    return str(annotation.get("/Subtype")), frozenset(map(str, annotation)), frozenset(map(str, action)), does


def _dictionary(value: object) -> _Dictionary:
    resolved = _resolved(value)
    if not isinstance(resolved, dict):
        raise NotComparable
    return cast("_Dictionary", resolved)


def _resolved(value: object) -> object:
    return value.get_object() if isinstance(value, IndirectObject) else value
