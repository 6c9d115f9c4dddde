"""What a document says, changed in a revision behind the seal, or in the signed octets themselves."""

import re

from attack_register import Source, attack
from attack_scene import Scene
from attack_writing import (
    appended,
    catalog,
    exchanged,
    matched,
    newest,
    page,
    stream,
)
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sealing_office import ORIGIN, birth
from sealing_updates import CHANGES, Change, updated

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number

SECOND, INSIDE = "Second revision", "Signed octets changed"
HASH = "seal: HASH_FAILURE"
_EMPTY = generic.DictionaryObject


def _root(name: str, value: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[name] = value
        writer.update_root()

    return change


def _page(name: str, value: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        shown = writer.root["/Pages"]["/Kids"][0]
        shown[name] = value
        writer.update_container(shown)

    return change


def _without(name: str) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        del writer.root[name]
        writer.update_root()

    return change


def add_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    other = dict(writer.root["/Pages"]["/Kids"][0])
    pages["/Kids"].append(writer.add_object(_EMPTY(other)))
    pages["/Count"] = generic.NumberObject(2)
    writer.update_container(pages)


def add_attachment(writer: IncrementalPdfFileWriter) -> None:
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    names.append(generic.TextStringObject("zzz.json"))
    names.append(names[1])
    writer.update_root()


def link_elsewhere(writer: IncrementalPdfFileWriter) -> None:
    link = writer.root["/Pages"]["/Kids"][0]["/Annots"][0]
    link["/A"]["/URI"] = generic.TextStringObject("https://verify.wathiqa.example.evil.example/#1")
    writer.update_container(link)


def _numbers(*values: int) -> generic.ArrayObject:
    return generic.ArrayObject([generic.NumberObject(value) for value in values])


_MORE = {
    "a page more": add_page,
    "an attachment more": add_attachment,
    "a link to another site": link_elsewhere,
    "no attachments": _without("/Names"),
    "no seal in the form": _without("/AcroForm"),
    "a layer that hides": _root("/OCProperties", _EMPTY({pdf_name("/OCGs"): generic.ArrayObject()})),
    "a collection that shows an attachment first": _root("/Collection", _EMPTY()),
    "an XFA form": _root("/NeedsRendering", generic.BooleanObject(value=True)),
    "an action when closed": _root("/AA", _EMPTY({pdf_name("/WC"): _EMPTY()})),
    "another language": _root("/Lang", generic.TextStringObject("fr")),
    "other labels of pages": _root("/PageLabels", _EMPTY()),
    "a page turned round": _page("/Rotate", generic.NumberObject(180)),
    "a page cut": _page("/CropBox", _numbers(0, 0, 595, 400)),
    "a page scaled": _page("/UserUnit", generic.NumberObject(9)),
    "a page without fonts": _page("/Resources", _EMPTY()),
    "a page that acts": _page("/AA", _EMPTY({pdf_name("/O"): _EMPTY()})),
    "a page without its link": _page("/Annots", generic.ArrayObject()),
}


@attack(SECOND, Source.INCREMENTAL, each=[(each.__name__.replace("_", " "), each) for each in CHANGES])
def revision_behind_the_archive(scene: Scene, change: Change) -> bytes:
    """An update behind a renewed archive copy."""
    return updated(scene.archived, change)


@attack(SECOND, Source.INCREMENTAL, each=_MORE.items())
def revision_with(scene: Scene, change: Change) -> bytes:
    """An update that changes what is shown, attached or done."""
    return updated(scene.sealed, change)


@attack(SECOND, Source.INCREMENTAL)
def font_with_other_shapes(scene: Scene) -> bytes:
    """An update exchanges the shapes of the letters for those of the other font."""
    first, second = re.findall(rb"/FontFile\d \d+ 0 R", scene.sealed)
    number, content = newest(scene.sealed, second)
    return appended(scene.sealed, {number: content.replace(second, first)})


@attack(SECOND, Source.INCREMENTAL)
def record_of_another_document(scene: Scene) -> bytes:
    """An update puts another genuine document's record in the place of this one's."""
    record = encode_canonical_json(birth(make_document_number(2026, 2)))
    number = int(re.findall(rb"/EF<</F (\d+) 0 R", scene.sealed)[-1])
    return appended(scene.sealed, {number: stream(record, b"/Type /EmbeddedFile\n")})


@attack(SECOND, Source.INCREMENTAL)
def catalog_of_a_revision_before(scene: Scene) -> bytes:
    """An update writes the catalog as it was before the seal: readers see no seal at all."""
    number, content = newest(scene.sealed, b"<</Type/Catalog")
    return appended(scene.sealed, {number: content})


@attack(SECOND, Source.INCREMENTAL)
def rendered_revision_alone(scene: Scene) -> bytes:
    """The seal is cut off: a page of ours that nobody sealed."""
    return scene.bare[: scene.bare.index(b"%%EOF\n") + 6]


# --- in place -----------------------------------------------------------------------------------------------


@attack(
    INSIDE,
    Source.INCREMENTAL,
    because=HASH,
    each=[
        ("the paper's size", (rb"/MediaBox \[ 0 0 595\.2756", b"/MediaBox [ 0 0 295.2756")),
        ("the title", (rb"/Title\(Birth extract\)/Creator", b"/Title(Death extract)/Creator")),
        ("the widths of letters", (rb"/W\[0 0 364", b"/W[0 0 964")),
        ("the name of the attachment", (rb"/UF\(record\.json\)/EF", b"/UF(record.jsom)/EF")),
        ("the language", (rb"/Lang \(en\)", b"/Lang (fr)")),
        ("the claimed time", (rb"/M \(D\\07220261122", b"/M (D\\07220261121")),
        ("the letters of the name", (rb"<xmp:CreatorTool>.", b"<xmp:CreatorTool>X")),
    ],
)
def octets_changed(scene: Scene, change: tuple[bytes, bytes]) -> bytes:
    """Octets that are signed are changed where they stand, their number kept."""
    return matched(scene.bare, *change)


@attack(INSIDE, Source.INCREMENTAL, because=HASH)
def content_of_the_page_exchanged(scene: Scene) -> bytes:
    """The page's packed content is replaced by another of the same length."""
    number = int(re.findall(rb"/Contents (\d+) 0 R", page(scene.bare)[1])[0])
    start = scene.bare.index(b"stream\n", scene.bare.index(b"\n%d 0 obj\n" % number)) + 7
    end = scene.bare.index(b"\nendstream", start)
    return scene.bare[:start] + scene.bare[start:end][::-1] + scene.bare[end:]


@attack(INSIDE, Source.INCREMENTAL)
def link_changed(scene: Scene) -> bytes:
    """The address behind the link is changed by a digit, and the store left as it was."""
    place = scene.sealed.index(b"/URI(" + ORIGIN.encode()) + len(ORIGIN) + 60
    digit = b"1" if scene.sealed[place : place + 1] != b"1" else b"2"
    return scene.sealed[:place] + digit + scene.sealed[place + 1 :]


@attack(INSIDE, Source.INCREMENTAL, because=HASH)
def link_changed_by_a_digit(scene: Scene) -> bytes:
    """The same in a file that ends with the seal."""
    changed = link_changed(scene)
    assert isinstance(changed, bytes)
    return changed[: len(scene.bare)]


@attack(INSIDE, Source.INCREMENTAL)
def catalog_that_acts(scene: Scene) -> bytes:
    """An entry of the signed catalog is made an action."""
    number, content = catalog(scene.bare)
    del number
    return exchanged(scene.bare, content, content.replace(b"/Outlines 3 0 R", b"/AA      3 0 R"))
