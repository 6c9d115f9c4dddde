"""Shadow attacks (NDSS 2021): content prepared before sealing and brought to light behind the seal.

Whoever prepares must have a file sealed, so these are an insider's. The last step is an update, which is
never one of ours; what was prepared, and not shown yet, is found by rendering the page again
(`attacks_on_pages.py`).
"""

import re
from collections.abc import Mapping

from attack_register import Source, attack
from attack_scene import Attempt, Scene, judged
from attack_writing import (
    appended,
    catalog,
    form,
    newest,
    next_number,
    page,
    rewritten,
    stream,
    table,
    trailer,
    written,
)
from sealing_updates import FORGED_PAGE

FAMILY = "Shadow attacks"
SHADOW = stream(FORGED_PAGE)
COVER = stream(b"1 g 0 0 600 900 re f")


def rendered_page(pdf: bytes) -> tuple[int, bytes]:
    """The page as Typst writes it."""
    return newest(pdf, b"<</Type/Page/")


def rendered_catalog(pdf: bytes) -> tuple[int, bytes]:
    return newest(pdf, b"<</Type/Catalog")


def covered(pdf: bytes) -> tuple[bytes, int]:
    """One revision whose page has a white sheet over its text."""
    number, content = rendered_page(pdf)
    cover = next_number(pdf)
    both = re.sub(rb"/Contents (\d+) 0 R", rb"/Contents[\1 0 R %d 0 R]" % cover, content)
    return rewritten(pdf, {cover: COVER, number: both}), cover


def with_second_page(pdf: bytes) -> tuple[bytes, int]:
    """One revision with a second content for the page, which nothing names yet."""
    return rewritten(pdf, {next_number(pdf): SHADOW}), next_number(pdf)


def with_revision(pdf: bytes, objects: Mapping[int, bytes], *, listed: bool = True) -> bytes:
    """The rendered file and a revision of the insider's behind it, still in front of the seal."""
    root, _ = rendered_catalog(pdf)
    body, places = written(objects, len(pdf))
    size = max([*objects, next_number(pdf) - 1]) + 1
    old = re.findall(rb"startxref\n(\d+)\n", pdf)[-1]
    kept = re.findall(rb"(/Info \d+ 0 R/ID\[.*?\])", pdf)[-1]
    tail = b"trailer\n<</Size %d/Root %d 0 R/Prev %s%s>>\n" % (size, root, old, kept)
    rows = table(places if listed else {})
    return pdf + body + rows + tail + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(body))


def closed(pdf: bytes, rows: bytes, tail: bytes) -> bytes:
    """The file with a table and a trailer and no object behind it."""
    return pdf + rows + tail + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


@attack(FAMILY, Source.NDSS21)
def hide_the_cover_is_taken_away(scene: Scene) -> Attempt:
    """Hide: the page was sealed with a sheet over its text; an update takes the sheet away."""
    insider = scene.insider
    prepared, cover = covered(insider.page)
    return judged(insider.office, appended(insider.seal(prepared), {cover: stream(b" ")}))


@attack(FAMILY, Source.NDSS21)
def hide_the_cover_is_freed(scene: Scene) -> Attempt:
    """Hide: the update frees the sheet in its table and writes no object."""
    insider = scene.insider
    prepared, cover = covered(insider.page)
    pdf = insider.seal(prepared)
    rows = b"xref\n0 1\n0000000000 65535 f \n%d 1\n0000000000 00001 f \n" % cover
    return judged(insider.office, closed(pdf, rows, trailer(pdf, size=next_number(pdf))))


@attack(FAMILY, Source.NDSS21)
def replace_the_font(scene: Scene) -> bytes:
    """Replace: an update exchanges the font, so that the sealed letters show other shapes."""
    number, content = newest(scene.sealed, b"/FontDescriptor/FontName")
    return appended(scene.sealed, {number: re.sub(rb"/FontFile2 \d+ 0 R", b"", content)})


@attack(FAMILY, Source.NDSS21)
def replace_the_meaning_of_letters(scene: Scene) -> bytes:
    """Replace: an update gives the font another encoding; who copies the text copies other words."""
    number, content = newest(scene.sealed, b"/Subtype/Type0")
    new = next_number(scene.sealed)
    other = re.sub(rb"/ToUnicode \d+ 0 R", b"/ToUnicode %d 0 R" % new, content)
    return appended(scene.sealed, {new: stream(b"begincmap endcmap"), number: other})


@attack(FAMILY, Source.NDSS21)
def replace_the_value_of_a_field(scene: Scene) -> bytes:
    """Replace: an update lays a text field over the page, with a value."""
    number, content = form(scene.sealed)
    new = next_number(scene.sealed)
    field = (
        b"<<\n/FT /Tx\n/T (name)\n/V (another)\n/Type /Annot\n/Subtype /Widget\n/Rect [ 70 690 300 720 ]\n>>"
    )
    more = content.replace(b"/Fields [ ", b"/Fields [ %d 0 R " % new)
    return appended(scene.sealed, {new: field, number: more})


@attack(FAMILY, Source.NDSS21)
def hide_and_replace_the_page(scene: Scene) -> Attempt:
    """Hide and replace: another content was sealed unseen; an update makes the page name it."""
    insider = scene.insider
    prepared, hidden = with_second_page(insider.page)
    pdf = insider.seal(prepared)
    number, content = page(pdf)
    named = re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % hidden, content)
    return judged(insider.office, appended(pdf, {number: named}))


@attack(FAMILY, Source.NDSS21)
def hide_and_replace_the_catalog(scene: Scene) -> Attempt:
    """Hide and replace: a second catalog was sealed unseen; only the trailer of an update names it."""
    insider = scene.insider
    _, content = rendered_catalog(insider.page)
    second = next_number(insider.page)
    pdf = insider.seal(rewritten(insider.page, {second: content}))
    old, new = b"/Root %d 0 R" % catalog(pdf)[0], b"/Root %d 0 R" % second
    tail = trailer(pdf, size=next_number(pdf)).replace(old, new)
    return judged(insider.office, closed(pdf, b"xref\n0 1\n0000000000 65535 f \n", tail))


@attack(FAMILY, Source.NDSS21)
def hide_and_replace_by_the_table(scene: Scene) -> Attempt:
    """Hide and replace: another content stands sealed in a comment; a table points to it."""
    insider = scene.insider
    number = int(re.findall(rb"/Contents (\d+) 0 R", rendered_page(insider.page)[1])[0])
    inside = b"BT ET\n%d 0 obj\n%s\nendobj\n" % (number, SHADOW)
    pdf = insider.seal(rewritten(insider.page, {next_number(insider.page): stream(inside)}))
    place = pdf.index(b"%d 0 obj\n%s" % (number, SHADOW))
    return judged(insider.office, closed(pdf, table({number: place}), trailer(pdf, size=next_number(pdf))))


@attack(FAMILY, Source.NDSS21)
def sealed_with_a_revision_more(scene: Scene) -> Attempt:
    """A revision of the insider's stands between page and seal, by a sealer that does not look."""
    insider = scene.insider
    prepared = with_revision(insider.page, {next_number(insider.page): SHADOW})
    return judged(insider.office, insider.seal_anything(prepared))


@attack(FAMILY, Source.NDSS21)
def sealed_with_an_object_that_no_table_names(scene: Scene) -> Attempt:
    """The other content stands between page and seal, and no table names it: readers that rebuild find it."""
    insider = scene.insider
    number = int(re.findall(rb"/Contents (\d+) 0 R", rendered_page(insider.page)[1])[0])
    prepared = with_revision(insider.page, {number: SHADOW}, listed=False)
    return judged(insider.office, insider.seal_anything(prepared))
