"""Tables of objects that lead elsewhere, streams of objects, objects written twice."""

import re
import zlib
from collections.abc import Callable
from dataclasses import replace

from attack_register import Source, attack
from attack_scene import Scene
from attack_writing import (
    appended,
    catalog,
    exchanged,
    forged_page,
    last_table,
    matched,
    next_number,
    page,
    stream,
    table,
    trailer,
    written,
)
from sealing_forgery import followed_by, taken_apart
from sealing_updates import show_another_page, updated

TABLES = "Tables and object streams"


def _rewritten_update(scene: Scene, more: bytes) -> bytes:
    return appended(scene.sealed, forged_page(scene.sealed), more=more)


def _table_stream(pdf: bytes, objects: dict[int, bytes], *, packed: dict[int, tuple[int, int]]) -> bytes:
    """An update whose table is a stream; `packed` says which objects stand in which stream of objects."""
    body, places = written(objects, len(pdf))
    own = max([*objects, *packed, next_number(pdf) - 1]) + 1
    places[own] = len(pdf) + len(body)
    rows, index = b"", b""
    for number in sorted({*places, *packed}):
        index += b"%d 1 " % number
        kind, first, second = (2, *packed[number]) if number in packed else (1, places[number], 0)
        rows += bytes([kind]) + first.to_bytes(4, "big") + bytes([second])
    root, _ = catalog(pdf)
    head = b"<<\n/Type /XRef\n/Size %d\n/W [ 1 4 1 ]\n/Index [ %s]\n/Root %d 0 R\n/Prev %d\n/Length %d\n>>\n"
    content = head % (own + 1, index, root, last_table(pdf), len(rows))
    body += b"%d 0 obj\n%sstream\n%s\nendstream\nendobj\n" % (own, content, rows)
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % places[own]


@attack(TABLES, Source.ISO32000)
def table_in_a_stream(scene: Scene) -> bytes:
    """The update's table is a stream."""
    return _table_stream(scene.sealed, forged_page(scene.sealed), packed={})


@attack(TABLES, Source.ISO32000)
def page_in_a_stream_of_objects(scene: Scene) -> bytes:
    """The other page stands packed in a stream of objects."""
    objects = forged_page(scene.sealed)
    number, _ = page(scene.sealed)
    content = objects.pop(number)
    holder = max(objects) + 1
    packed = zlib.compress(b"%d 0 %s" % (number, content))
    entries = b"/Type /ObjStm\n/N 1\n/First %d\n/Filter /FlateDecode\n" % len(b"%d 0 " % number)
    objects[holder] = stream(packed, entries)
    return _table_stream(scene.sealed, objects, packed={number: (holder, 0)})


@attack(TABLES, Source.ISO32000)
def hybrid_table(scene: Scene) -> bytes:
    """The update's trailer names a table in a stream beside the written one; readers differ on which wins."""
    objects = forged_page(scene.sealed)
    behind = _table_stream(scene.sealed, objects, packed={})
    place = int(re.findall(rb"startxref\n(\d+)\n", behind)[-1])
    cut = behind[: behind.rindex(b"startxref")]
    tail = trailer(scene.sealed, size=next_number(scene.sealed) + 2, more=b"/XRefStm %d\n" % place)
    return cut + b"xref\n0 1\n0000000000 65535 f \n" + tail + b"startxref\n%d\n%%%%EOF\n" % len(cut)


@attack(
    TABLES,
    Source.ISO32000,
    each=[("XRefStm 0", b"/XRefStm 0\n"), ("XRefStm far off", b"/XRefStm 99999999\n")],
)
def hybrid_table_that_leads_nowhere(scene: Scene, more: bytes) -> bytes:
    """The trailer names a table in a stream that is not there."""
    return _rewritten_update(scene, more)


@attack(TABLES, Source.ISO32000)
def previous_table_is_itself(scene: Scene) -> bytes:
    """The update's table says that the one before it is itself: readers go round in circles."""
    body, _ = written(forged_page(scene.sealed), len(scene.sealed))
    return appended(scene.sealed, forged_page(scene.sealed), prev=len(scene.sealed) + len(body))


@attack(TABLES, Source.ISO32000)
def previous_tables_in_a_circle(scene: Scene) -> bytes:
    """Two updates, each of which names the other as the one before."""
    first = appended(scene.sealed, forged_page(scene.sealed), prev=10**6)
    second = appended(first, forged_page(first))
    return second.replace(b"/Prev 1000000\n", b"/Prev %d  \n" % last_table(second), 1)


@attack(TABLES, Source.ISO32000, each=[("0", 0), ("into a stream", 12_000), ("behind the end", 99_999_999)])
def startxref_elsewhere(scene: Scene, place: int) -> bytes:
    """The signed file's last `startxref` is changed."""
    old = b"startxref\n%d\n" % last_table(scene.bare)
    return (
        exchanged(scene.bare, old, b"startxref\n%d\n" % place)
        if place < 10**5
        else scene.bare.replace(old, b"startxref\n%d\n" % place)
    )


@attack(
    TABLES,
    Source.ISO32000,
    each=[("itself", last_table), ("the header", lambda _: 10), ("nothing", lambda _: 0)],
)
def seals_previous_table_elsewhere(scene: Scene, place: Callable[[bytes], int]) -> bytes:
    """The sealing revision's `/Prev` is changed in place."""
    return matched(scene.bare, rb"/Prev \d+\n", b"/Prev %05d\n" % place(scene.bare))


@attack(TABLES, Source.ISO32000)
def row_that_leads_to_another_object(scene: Scene) -> bytes:
    """A row of the signed table points to another object's octets."""
    return matched(scene.bare, rb"\n0000000016 00000 n", b"\n0000000068 00000 n")


@attack(TABLES, Source.ISO32000)
def object_written_twice_in_one_update(scene: Scene) -> bytes:
    """The update writes the page twice, once as it was; the table names the other."""
    number, content = page(scene.sealed)
    objects = forged_page(scene.sealed)
    first = b"%d 0 obj\n%s\nendobj\n" % (number, content)
    body, places = written(objects, len(scene.sealed) + len(first))
    rows = table(places) + trailer(scene.sealed, size=max(objects) + 1)
    start = len(scene.sealed) + len(first) + len(body)
    return scene.sealed + first + body + rows + b"startxref\n%d\n%%%%EOF\n" % start


@attack(TABLES, Source.ISO32000)
def object_of_another_generation(scene: Scene) -> bytes:
    """The update's page has generation 1, and its table says so."""
    number, _ = page(scene.sealed)
    pdf = appended(scene.sealed, forged_page(scene.sealed))
    place = pdf.rindex(b"\n%d 0 obj" % number) + 1
    row = b"%d 1\n%010d 00000 n" % (number, place)
    pdf = exchanged(pdf, row, row.replace(b" 00000 n", b" 00001 n"))
    return exchanged(pdf, b"\n%d 0 obj" % number, b"\n%d 1 obj" % number)


@attack(TABLES, Source.ISO32000)
def row_twice_in_one_table(scene: Scene) -> bytes:
    """The update's table has two rows for the page, the second with the sealed one."""
    number, _ = page(scene.sealed)
    pdf = appended(scene.sealed, forged_page(scene.sealed))
    old = scene.sealed.rindex(b"\n%d 0 obj" % number) + 1
    place = pdf.rindex(b"trailer\n")
    return pdf[:place] + b"%d 1\n%010d 00000 n \n" % (number, old) + pdf[place:]


@attack(
    TABLES,
    Source.ISO32000,
    each=[("another catalog", b"/Root 35 0 R\n"), ("encrypted", b"/Encrypt 35 0 R\n")],
)
def trailer_that_says_more(scene: Scene, more: bytes) -> bytes:
    """The update's trailer has one more entry."""
    return _rewritten_update(scene, more)


@attack(TABLES, Source.ISO32000)
def store_with_another_table(scene: Scene) -> bytes:
    """Our own store, with a row for the page that leads to octets in the store."""
    number, _ = page(scene.bare)
    row = b"%d 1\n%010d 00000 n \n" % (number, len(scene.bare))
    pdf = scene.sealed
    place = pdf.rindex(b"trailer\n")
    return pdf[:place] + row + pdf[place:]


@attack(
    TABLES,
    Source.ISO32000,
    each=[("a certificate", "certificates"), ("an answer", "ocsps"), ("a list", "crls")],
)
def store_that_hides_a_page(scene: Scene, kind: str) -> bytes:
    """A store in our form in which a stored object is a page, for readers that rebuild tables."""
    number, content = page(scene.bare)
    hidden = b"x\nendstream\nendobj\n%d 0 obj\n%s\nendobj\n" % (number, content)
    sealed, (store,) = taken_apart(scene.sealed)
    return followed_by(sealed, (replace(store, **{kind: (*getattr(store, kind), hidden)}),))


@attack(TABLES, Source.ISO32000)
def linearised(scene: Scene) -> bytes:
    """A dictionary of linearisation in front: readers begin with another table."""
    head = b"99 0 obj\n<</Linearized 1/L 40000/H[500 100]/O 23/E 20000/N 1/T 16690>>\nendobj\n"
    place = scene.bare.index(b"1 0 obj")
    return scene.bare[:place] + head + scene.bare[place:]


@attack(TABLES, Source.ISO32000, each=[("XRef", b"/XRef"), ("XRef spelled otherwise", b"/X#52ef")])
def update_that_names_a_table_in_a_stream(scene: Scene, name: bytes) -> bytes:
    """An ordinary update with a stream that says it is a table."""
    pdf = updated(scene.sealed, show_another_page)
    return appended(pdf, {next_number(pdf): stream(b"", b"/Type %s\n/W [ 0 0 0 ]\n/Size 100000000\n" % name)})
