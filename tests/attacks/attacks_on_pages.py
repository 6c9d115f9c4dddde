"""Pages that show something else than their record says, sealed by the service's own key.

The signature is genuine, and record and seal code agree. That the page says the same is only seen by
composing it again from the record, with the template set that the record names, and by reading the symbol
off the drawn page.
"""

import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

from attack_register import Source, attack
from attack_scene import Attempt, Insider, Scene, judged
from attack_writing import newest, next_number, rewritten, stream
from attacks_in_the_shadow import SHADOW, covered, rendered_catalog, rendered_page, with_second_page
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sealing_office import birth
from sealing_updates import Change, show_another_page

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from verify.verdict import Verdict

FAMILY, SIGHT = "Page and record differ", "Page and record differ, compared by sight"
OPEN = Verdict.UNDECIDED


def _by(insider: Insider, pdf: bytes) -> Attempt:
    return judged(insider.office, insider.seal(pdf))


def _with(insider: Insider, **changed: Any) -> dict[str, Any]:
    record = deepcopy(insider.record)
    record["record"]["child"] |= changed
    return record


@attack(
    FAMILY,
    Source.NDSS21,
    because="page",
    each=[
        ("another given name", {"given_name": {"ar": "ليلى", "en": "Leila"}}),
        ("another family name", {"family_name": {"ar": "الخطيب", "en": "Al-Khatip"}}),
        ("a space more", {"given_name": {"ar": "ليلى", "en": "Layla ."}}),
    ],
)
def page_shows(scene: Scene, said: dict[str, Any]) -> Attempt:
    """The page is composed from another record than the one that is embedded."""
    return _by(scene.insider, scene.insider.compose(_with(scene.insider, **said)))


@attack(FAMILY, Source.OURS, because="page, symbol")
def symbol_of_another_document(scene: Scene) -> Attempt:
    """The link and the record are this document's; the QR that people scan is another genuine one's."""
    insider = scene.insider
    other = birth(make_document_number(2026, 2))
    code = insider.office.seal_code(insider.office.claims(other, index=8))
    drawn = insider.compose_with(code)
    number, content = newest(drawn, b"/S/URI")
    own = insider.code.encode()
    return _by(insider, rewritten(drawn, {number: re.sub(rb"/URI\(.*?\)", b"/URI(%s)" % own, content)}))


def _content(pdf: bytes, content: bytes) -> bytes:
    """The page with this content and no other."""
    number, page = rendered_page(pdf)
    new = next_number(pdf)
    named = re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % new, page)
    return rewritten(pdf, {new: stream(content), number: named})


@attack(FAMILY, Source.OURS, because="page, symbol")
def page_without_a_symbol(scene: Scene) -> Attempt:
    """The page has the link and the record, and nothing that people could scan."""
    return _by(scene.insider, _content(scene.insider.page, b"BT ET"))


@attack(FAMILY, Source.NDSS21, because="page, symbol")
def sheet_over_the_page(scene: Scene) -> Attempt:
    """Shadow, not shown yet: a white sheet over the whole page."""
    return _by(scene.insider, covered(scene.insider.page)[0])


@attack(FAMILY, Source.NDSS21, because="page")
def content_that_nothing_names(scene: Scene) -> Attempt:
    """Shadow, not shown yet: a second content for the page among the objects."""
    return _by(scene.insider, with_second_page(scene.insider.page)[0])


@attack(FAMILY, Source.NDSS21, because="page")
def objects_in_a_stream_that_nothing_names(scene: Scene) -> Attempt:
    """Shadow, not shown yet: the other page stands as octets inside a stream."""
    inside = b"23 0 obj\n%s\nendobj\n" % SHADOW
    page = scene.insider.page
    return _by(scene.insider, rewritten(page, {next_number(page): stream(inside)}))


def _painted(scene: Scene, paint: bytes) -> Attempt:
    """More paint behind the page's own content."""
    pdf = scene.insider.page
    number, content = rendered_page(pdf)
    new = next_number(pdf)
    both = re.sub(rb"/Contents (\d+) 0 R", rb"/Contents[\1 0 R %d 0 R]" % new, content)
    return _by(scene.insider, rewritten(pdf, {new: stream(paint), number: both}))


_PAINTS = {"a white patch": b"1 g 72 740 40 20 re f", "a stroke": b"0 G 0.2 w 72 733 m 76 745 l S"}


@attack(FAMILY, Source.NDSS21, because="page", each=[*_PAINTS.items(), ("nothing that is seen", b"3 Tr")])
def painted_over(scene: Scene, paint: bytes) -> Attempt:
    """Something is drawn over a part of the page before it is sealed."""
    return _painted(scene, paint)


_ANNOTATIONS = {
    "a note": b"/Subtype/FreeText/Rect[70 690 300 720]/Contents(another name)/DA(/Helv 12 Tf)",
    "a hidden note": b"/Subtype/Text/F 2/Rect[0 0 9 9]/Contents(hidden)",
    "a script": b"/Subtype/Link/Rect[0 0 595 841]/A<</S/JavaScript/JS(1)>>",
    "a program": b"/Subtype/Link/Rect[0 0 595 841]/A<</S/Launch/F(other.exe)>>",
    "a link": b"/Subtype/Link/Rect[0 0 595 841]/A<</S/URI/URI(https://evil.example/)>>",
}


@attack(FAMILY, Source.SP21, because="page", each=_ANNOTATIONS.items())
def annotation_sealed(scene: Scene, entries: bytes) -> Attempt:
    """An annotation stands on the page before it is sealed."""
    return _annotated(scene, entries)


def _annotated(scene: Scene, entries: bytes) -> Attempt:
    pdf = scene.insider.page
    number, content = rendered_page(pdf)
    new = next_number(pdf)
    listed = re.sub(rb"/Annots\[", b"/Annots[%d 0 R " % new, content)
    return _by(scene.insider, rewritten(pdf, {new: b"<</Type/Annot%s>>" % entries, number: listed}))


@attack(FAMILY, Source.NDSS21, because="page")
def font_with_the_shapes_of_another(scene: Scene) -> Attempt:
    """The letters' shapes are exchanged before sealing; copied text says the same as before."""
    pdf = scene.insider.page
    first, second = re.findall(rb"/FontFile\d \d+ 0 R", pdf)
    number, content = newest(pdf, second)
    other = content.replace(second, first)
    return _by(scene.insider, rewritten(pdf, {number: other}))


@attack(FAMILY, Source.NDSS21, because="page")
def text_that_is_copied_otherwise(scene: Scene) -> Attempt:
    """The letters are said to mean others: who copies or reads aloud gets other words."""
    pdf = scene.insider.page
    number, content = newest(pdf, b"/Subtype/Type0")
    other = re.sub(rb"/ToUnicode \d+ 0 R", b"", content)
    return _by(scene.insider, rewritten(pdf, {number: other}))


@attack(FAMILY, Source.NDSS21, because="page")
def layer_that_can_be_hidden(scene: Scene) -> Attempt:
    """The catalog knows optional layers."""
    pdf = scene.insider.page
    number, content = rendered_catalog(pdf)
    layers = content[:-2] + b"/OCProperties<</OCGs[]/D<<>>>>>>"
    return _by(scene.insider, rewritten(pdf, {number: layers}))


@attack(FAMILY, Source.OURS, because="page")
def title_of_another_document(scene: Scene) -> Attempt:
    """The title that readers show in their window is another."""
    pdf = scene.insider.page
    number, content = newest(pdf, b"/CreationDate")
    return _by(scene.insider, rewritten(pdf, {number: content.replace(b"Birth", b"Death", 1)}))


def _page_again(name: str, value: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        shown = writer.root["/Pages"]["/Kids"][0]
        shown[pdf_name(name)] = value
        writer.update_container(shown)

    return change


def _exchange_font(writer: IncrementalPdfFileWriter) -> None:
    fonts = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"]
    fonts[pdf_name("/f0")] = fonts.raw_get("/f1")
    writer.update_container(fonts)


@attack(
    FAMILY,
    Source.NDSS21,
    because="page",
    each=[
        ("other fonts", _exchange_font),
        ("a page turned round", _page_again("/Rotate", generic.NumberObject(180))),
        ("a page scaled", _page_again("/UserUnit", generic.NumberObject(2))),
    ],
)
def sealing_revision_with(scene: Scene, change: Change) -> Attempt:
    """The rendered page is ours; the insider's sealer changes it in the sealing revision."""
    return judged(scene.insider.office, scene.insider.seal_anything(scene.insider.page, change))


@attack(FAMILY, Source.NDSS21, because="page, symbol")
def sealing_revision_with_another_page(scene: Scene) -> Attempt:
    """The sealing revision gives the page another content altogether."""
    return judged(scene.insider.office, scene.insider.seal_anything(scene.insider.page, show_another_page))


# --- template sets ------------------------------------------------------------------------------------------


def _naming(scene: Scene, template: str | None) -> Attempt:
    office = scene.fresh()
    record = birth(make_document_number(2026, 1))
    if template is None:
        del record["document"]["template"]
    else:
        record["document"]["template"] = template
    return judged(office, office.document(record=record, embedded=encode_canonical_json(record)))


@attack(
    FAMILY,
    Source.OURS,
    verdict=OPEN,
    because="page",
    each=[("none", None), ("one that is nowhere", "a" * 64), ("a path", "../" * 21 + "a")],
)
def template_named(scene: Scene, template: str | None) -> Attempt:
    """The record names no template set, or one that nobody published: the page cannot be compared."""
    return _naming(scene, template)


# --- by sight -----------------------------------------------------------------------------------------------


def _by_sight(made: Attempt) -> Attempt:
    """Asked of a verifier with another version of the compiler, which cannot compare octets."""
    return replace(made, compiler="another")


@attack(SIGHT, Source.SP21, verdict=OPEN, because="page", each=_ANNOTATIONS.items())
def annotation_that_is_not_drawn(scene: Scene, entries: bytes) -> Attempt:
    """An annotation stands on the page before it is sealed; not every reader draws it."""
    return _by_sight(_annotated(scene, entries))


@attack(SIGHT, Source.NDSS21, verdict=OPEN, because="page", each=_PAINTS.items())
def painted_for_a_verifier_that_looks(scene: Scene, paint: bytes) -> Attempt:
    """Something is drawn over a part of the page before it is sealed."""
    return _by_sight(_painted(scene, paint))


@attack(SIGHT, Source.NDSS21, verdict=OPEN, because="page")
def name_of_another_person(scene: Scene) -> Attempt:
    """The page is composed from another record than the one that is embedded."""
    said = {"given_name": {"ar": "ليلى", "en": "Leila"}}
    return _by_sight(_by(scene.insider, scene.insider.compose(_with(scene.insider, **said))))


@attack(SIGHT, Source.NDSS21, verdict=OPEN, because="page")
def layer_for_a_verifier_that_looks(scene: Scene) -> Attempt:
    """The catalog knows optional layers."""
    return _by_sight(layer_that_can_be_hidden(scene))


@attack(SIGHT, Source.OURS, verdict=OPEN, because="page")
def title_for_a_verifier_that_looks(scene: Scene) -> Attempt:
    """The title that readers show in their window is another."""
    return _by_sight(title_of_another_document(scene))
