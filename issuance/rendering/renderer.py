"""Renders a document: embedded JSON and seal symbol in, PDF/A-3a and PDF/UA-1 bytes out.

The same input and template set give the same bytes, always. One `Renderer` is
loaded at start-up and kept; `render` may be called from several threads, one
compiles at a time.

Data reaches the templates only as JSON inside a quoted string, never as markup, so
nothing inside a name is ever an instruction.
"""

import json
import re
import threading
from collections.abc import Iterable
from datetime import date, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import cast

import typst

from issuance.agencies import AGENCIES
from issuance.money import Currency, Money
from issuance.rendering.amounts import amount_on_page
from issuance.rendering.coverage import check_texts, font_characters
from issuance.rendering.dates import date_on_page
from issuance.rendering.errors import TemplateFailed
from issuance.rendering.stream_ends import separate_stream_ends
from issuance.rendering.symbol import SealSymbol, draw
from issuance.rendering.words import groups_in_words
from signing.formats.canonical_json import JsonValue, encode_canonical_json

HERE = Path(__file__).parent
TEMPLATES, FONTS = HERE / "templates", HERE / "fonts"
KINDS = (
    "individual-extract",
    "family-extract",
    "birth",
    "marriage",
    "divorce",
    "death",
    "non-employment",
    "refusal-notice",
)
STANDARDS: "list[typst.PDFStandard]" = ["a-3a", "ua-1"]
GROUP = 4
_PAGES = re.compile(rb"/Type/Pages/Count ([0-9]+)")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Renderer:
    """The template set, its fonts and one reused compiler.

    Args:
        verify_origin: address of the public verification page, without a trailing slash.
    """

    def __init__(self, *, verify_origin: str) -> None:
        self._verify = {"origin": verify_origin, "host": verify_origin.partition("://")[2]}
        fonts = sorted(FONTS.glob("*.ttf"))
        # The page is drawable where the weight is regular or bold, so only what both can draw.
        self._drawable = frozenset.intersection(*map(font_characters, fonts))
        self._digests = {kind: _digest(kind) for kind in KINDS}
        # Typst takes its input through the compiler's own state: one compilation at a time.
        self._lock = threading.Lock()
        self._compiler = typst.Compiler(
            root=TEMPLATES,
            font_paths=typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
            ),
            ignore_system_fonts=True,
        )

    def render(
        self, embedded: dict[str, JsonValue], seal: SealSymbol, *, check_code: str, at: datetime
    ) -> bytes:
        """The page(s) of one document, with `embedded` attached as canonical `record.json`.

        Args:
            embedded: the whole embedded JSON, already valid by the schema of its kind.
            seal: the seal code in its two parts; its text is printed as the QR and linked to.
            check_code: twelve Crockford characters, printed in groups of four for the torn-code fallback.
            at: the issuing instant, written as the PDF's creation date.

        Raises:
            UnrenderableText: a text holds a character that none of our fonts can draw.
            SealTooLarge: the seal code does not fit a printable symbol.
            TemplateFailed: the template stopped; its diagnostic is kept for the log.
        """
        kind = str(embedded.get("kind"))
        if kind not in self._digests:
            raise TemplateFailed(kind=kind, diagnostic="no template of that kind")
        check_texts(embedded, self._drawable)
        drawing = draw(seal)
        view: dict[str, JsonValue] = {
            "embedded": embedded,
            "agency": _agency(embedded),
            "number": _number(embedded),
            "dates": _dates(embedded),
            "refund": _refund(embedded),
            "verify": cast("JsonValue", self._verify),
            "parted": False,
            "seal": {
                "text": seal.text,
                "svg": drawing.svg,
                "modules": drawing.modules,
                "check_code": in_groups(check_code),
            },
        }
        pdf = self._compile(kind, main_file(kind, view, embedded), at)
        if pages_of(pdf) > 1:
            # Measuring which rows go on which page is as much work again: only where one does not hold them.
            pdf = self._compile(kind, main_file(kind, view | {"parted": True}, embedded), at)
        return pdf

    def check_printable(self, value: JsonValue, *, field: str) -> None:
        """Check words before anybody pays for a page with them.

        Raises:
            UnrenderableText: a character that none of our fonts can draw; it names the place below `field`.
        """
        check_texts(value, self._drawable, field=field)

    def template_digest(self, kind: str) -> str:
        """SHA-256 (hex) over all that decides how a document of `kind` looks: templates, fonts, compiler."""
        return self._digests[kind]

    def _compile(self, kind: str, main: bytes, at: datetime) -> bytes:
        try:
            with self._lock:
                pdf = self._compiler.compile(main, format="pdf", pdf_standards=STANDARDS, timestamp=at)
        except typst.TypstError as error:
            raise TemplateFailed(kind=kind, diagnostic=error.diagnostic or error.message) from error
        # A seal is appended as an incremental update, which must begin on a line of its own.
        return separate_stream_ends(cast("bytes", pdf)) + b"\n"


def in_groups(characters: str) -> str:
    """`260000000017` as `2600 0000 0010`, with spaces that do not break."""
    return "\u00a0".join(characters[start : start + GROUP] for start in range(0, len(characters), GROUP))


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


def _digest(kind: str) -> str:
    digest = sha256(f"typst {version('typst')}\n".encode())
    others = {f"{other}.typ" for other in KINDS if other != kind}
    files = [*HERE.glob("*.py"), *TEMPLATES.glob("*.typ"), *FONTS.glob("*.ttf")]
    for file in sorted(files, key=lambda file: file.relative_to(HERE).as_posix()):
        if file.name not in others:
            name = file.relative_to(HERE).as_posix()
            digest.update(f"{name} {sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _agency(embedded: dict[str, JsonValue]) -> JsonValue:
    document = cast("dict[str, str]", embedded["document"])
    for agency in AGENCIES:
        if agency.id == document["agency"]:
            return {"ar": agency.ar, "en": agency.en}
    raise TemplateFailed(kind=str(embedded["kind"]), diagnostic=f"no agency {document['agency']}")


def _number(embedded: dict[str, JsonValue]) -> JsonValue:
    document = cast("dict[str, str]", embedded["document"])
    digits = document["number"]
    return {"groups": in_groups(digits), "words": groups_in_words(digits)}


def _dates(value: JsonValue) -> dict[str, JsonValue]:
    """Every ISO date inside `value`, as it stands on the page."""
    match value:
        case str() if (day := _day(value)) is not None:
            return {value: date_on_page(day)}
        case dict():
            return _merged(value.values())
        case list():
            return _merged(value)
        case _:
            return {}


def _day(words: str) -> date | None:
    """The day that `words` name; None for others, such as an applicant's `2026-99-99`."""
    try:
        return date.fromisoformat(words) if _ISO_DATE.fullmatch(words) else None
    except ValueError:
        return None


def _merged(values: Iterable[JsonValue]) -> dict[str, JsonValue]:
    dates: dict[str, JsonValue] = {}
    for value in values:
        dates |= _dates(value)
    return dates


def _refund(embedded: dict[str, JsonValue]) -> JsonValue:
    record = cast("dict[str, dict[str, JsonValue]]", embedded["record"])
    if "refund" not in record:
        return None
    refund = record["refund"]
    return amount_on_page(
        Money(minor=cast("int", refund["minor"]), currency=Currency(cast("str", refund["currency"])))
    )
