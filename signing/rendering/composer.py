"""Composes documents: embedded JSON and seal symbol in, PDF/A-3a and PDF/UA-1 bytes out.

The same input and template set give the same bytes, always. One `Composer` is made for a
set and kept, because its compiler remembers what it laid out; `compose` may be called from
several threads, one compiles at a time.

Data reaches the templates only as JSON inside a quoted string, never as markup, so
nothing inside a name is ever an instruction.
"""

import json
import os
import re
import threading
import weakref
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import cast

import typst

from signing.formats.canonical_json import JsonValue, encode_canonical_json
from signing.rendering.coverage import check_texts, font_characters
from signing.rendering.errors import BadTemplateSet, TemplateFailed
from signing.rendering.stream_ends import separate_stream_ends
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import AGENCIES, HERE, PREPARATION, TemplateSet, packaged_set
from signing.rendering.view import parse_agencies, view_of

STANDARDS: "list[typst.PDFStandard]" = ["a-3a", "ua-1"]
PANIC = "PanicException"  # of pyo3_runtime, a module that cannot be imported
MAX_KEPT = 4
_KEPT: "dict[str, Composer]" = {}
_KEEPING = threading.Lock()
_PAGES = re.compile(rb"/Type/Pages/Count ([0-9]+)")


class Composer:
    """A template set and one reused compiler.

    Raises:
        BadTemplateSet: the set needs a preparation that this program does not know, or lacks a part.
    """

    def __init__(self, template_set: TemplateSet) -> None:
        if template_set.preparation != PREPARATION:
            raise BadTemplateSet(f"preparation {template_set.preparation} is not known here")
        try:
            self._agencies = parse_agencies(template_set.files[AGENCIES])
            # The page is drawable where the weight is regular or bold, so only what both can draw.
            self._drawable = frozenset.intersection(*map(font_characters, template_set.fonts))
        except (KeyError, ValueError, TypeError) as error:
            raise BadTemplateSet(f"{type(error).__name__}: {error}") from error
        self.template_set = template_set
        place = HERE
        if template_set.digest != packaged_set().digest:
            place = _unpacked(template_set)
            weakref.finalize(self, _remove, place, os.getpid())
        # Typst takes its input through the compiler's own state: one compilation at a time.
        self._lock = threading.Lock()
        self._place = place
        self._compiler = self._open_compiler()

    def compose(self, embedded: dict[str, JsonValue], seal: SealSymbol, *, at: datetime) -> bytes:
        """The page(s) of one document, with `embedded` attached as canonical `record.json`.

        Args:
            embedded: the whole embedded JSON, already valid by the schema of its kind.
            seal: the seal code in its two parts; its text is printed as the QR and linked to.
            at: the issuing instant, written as the PDF's creation date in whole seconds.

        Raises:
            UnrenderableText: a text holds a character that none of the fonts can draw.
            SealTooLarge: the seal code does not fit a printable symbol.
            TemplateFailed: the template stopped; its diagnostic is kept for the log.
        """
        kind = str(embedded.get("kind"))
        if kind not in self.template_set.kinds:
            raise TemplateFailed(kind=kind, diagnostic="no template of that kind")
        check_texts(embedded, self._drawable)
        view = view_of(embedded, seal, self._agencies)
        pdf = self._compile(kind, main_file(kind, view, embedded), at)
        if pages_of(pdf) > 1:
            # Measuring which rows go on which page is as much work again: only where one does not hold them.
            pdf = self._compile(kind, main_file(kind, view | {"parted": True}, embedded), at)
        return pdf

    def check_printable(self, value: JsonValue, *, field: str) -> None:
        """Check words before anybody pays for a page with them.

        Raises:
            UnrenderableText: a character that none of the fonts can draw; it names the place below `field`.
        """
        check_texts(value, self._drawable, field=field)

    def _open_compiler(self) -> "typst.Compiler":
        return typst.Compiler(
            root=self._place / "templates",
            font_paths=typst.Fonts(
                include_system_fonts=False,
                include_embedded_fonts=False,
                font_paths=[str(self._place / "fonts")],
            ),
            ignore_system_fonts=True,
            # No packages: places where there are none, instead of the home folder's.
            package_path=self._place / "packages",
            package_cache_path=self._place / "packages",
        )

    def _compile(self, kind: str, main: bytes, at: datetime) -> bytes:
        try:
            with self._lock:
                pdf = self._compiler.compile(main, format="pdf", pdf_standards=STANDARDS, timestamp=at)
        except typst.TypstError as error:
            raise TemplateFailed(kind=kind, diagnostic=error.diagnostic or error.message) from error
        except BaseException as error:
            if type(error).__name__ != PANIC:
                raise
            # A defect of the compiler itself, and no `Exception`: it would end the thread.
            self._compiler = self._open_compiler()  # what the old one holds may be half changed
            raise TemplateFailed(kind=kind, diagnostic=f"the compiler panicked: {error}") from error
        # A seal is appended as an incremental update, which must begin on a line of its own.
        return separate_stream_ends(cast("bytes", pdf)) + b"\n"


def kept_composer(template_set: TemplateSet) -> Composer:
    """The composer of this process for a set; the last few are kept.

    Raises:
        BadTemplateSet: as `Composer`.
    """
    with _KEEPING:
        composer = _KEPT.pop(template_set.digest, None) or Composer(template_set)
        _KEPT[template_set.digest] = composer
        while len(_KEPT) > MAX_KEPT:
            del _KEPT[next(iter(_KEPT))]
        return composer


def main_file(kind: str, view: JsonValue, embedded: JsonValue) -> bytes:
    """The file Typst starts from: fixed markup, and the data as two string literals of JSON.

    `sys.inputs` would be the usual road, but its content is part of Typst's standard library, so a
    new record would invalidate everything the compiler remembers: 30 ms a page instead of 10.
    """
    record = encode_canonical_json(embedded).decode()
    return f"""#import "/{kind}.typ": page
#pdf.attach(
  "record.json", bytes({literal(record)}),
  relationship: "source", mime-type: "application/json", description: "The record, as canonical JSON",
)
#page(json(bytes({literal(json.dumps(view, ensure_ascii=False))})))
""".encode()


def pages_of(pdf: bytes) -> int:
    """How many pages a file as Typst writes it has: its root of pages comes first.

    Raises:
        ValueError: some other file.
    """
    root = _PAGES.search(pdf)
    if root is None:
        raise ValueError("no root of pages")
    return int(root[1])


def literal(text: str) -> str:
    """`text` as a Typst string literal.

    Inside one, only the backslash and the quotation mark mean something (Typst reference, “String”,
    escapes); all else, `#` and `$` included, stands for itself.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unpacked(template_set: TemplateSet) -> Path:
    """The set as files: the compiler reads nothing else."""
    folder = Path(mkdtemp(prefix="template-set-"))
    for name, content in template_set.files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return folder


def _remove(folder: Path, maker: int) -> None:
    """Not for a process that was forked off its maker, which goes on with it."""
    if os.getpid() == maker:
        rmtree(folder, ignore_errors=True)
