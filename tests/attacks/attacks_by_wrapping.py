"""Signature wrapping (CCS 2019): the second signed part moved, or something put where nothing is signed."""

import re

from attack_register import Source, attack
from attack_scene import Scene
from attack_writing import (
    forged_page,
    next_number,
    page,
    stream,
    table,
    trailer,
    written,
)
from sealing_forgery import gap
from sealing_updates import (
    FORGED_PAGE,
)

WRAPPING = "Signature wrapping"


def _wrapped(pdf: bytes, *, second_range: bool, first: bool, keep_digits: bool, filled: bytes) -> bytes:
    """The second signed part moved backwards; in the room between, objects and a table of the forger's.

    The table stands exactly where the moved part says that the table is.
    """
    start, end = gap(pdf)
    digits = pdf[start:end]
    shown = digits if keep_digits else digits.rstrip(b">").rstrip(b"0") + b">"
    tail = pdf[end:]
    place = int(re.findall(rb"startxref\n(\d+)\n", tail)[-1])
    objects = forged_page(pdf)
    room = place - start
    moved = place + 1200 + sum(map(len, objects.values()))
    other = b"/ByteRange [0 %d %d %d]" % (start, moved, len(tail)) if second_range else b""
    inside = (other + b" /Contents " + shown) if first else (shown + b"\n" + other)
    inside += b"\n>>\nendobj\n"
    body, places = written(objects, start + len(inside))
    assert len(inside) + len(body) <= room, "the forger's objects do not fit in front of the table"
    block = inside + body
    block += b"%".ljust(room - len(block) - 1, filled) + b"\n"
    block += table(places) + trailer(pdf, size=max(objects) + 1, prev=place)
    block += b"startxref\n%d\n%%%%EOF\n%%" % place
    return pdf[:start] + block.ljust(moved - start - 1, filled) + b"\n" + tail


@attack(
    WRAPPING,
    Source.CCS19,
    each=[
        ("a second range behind the digits", {"second_range": True, "first": False}),
        ("a second range in front of them", {"second_range": True, "first": True}),
        ("the range as it was", {"second_range": False, "first": False}),
    ],
)
def second_part_moved(scene: Scene, shape: dict[str, bool]) -> bytes:
    """The signed end is moved backwards; other objects and another table stand in front of it."""
    return _wrapped(scene.bare, **shape, keep_digits=False, filled=b" ")


@attack(WRAPPING, Source.CCS19, each=[("spaces", b" "), ("zeros", b"\0"), ("letters", b"A")])
def room_filled(scene: Scene, filled: bytes) -> bytes:
    """Moved as before, with the room between filled up with other octets."""
    return _wrapped(scene.bare, second_range=True, first=False, keep_digits=False, filled=filled)


@attack(WRAPPING, Source.SITE)
def second_part_moved_under_the_store(scene: Scene) -> bytes:
    """Moved as before, with the store that we wrote behind it."""
    moved = _wrapped(scene.bare, second_range=True, first=False, keep_digits=False, filled=b" ")
    return moved + scene.sealed[len(scene.bare) :]


@attack(WRAPPING, Source.SITE)
def objects_in_the_gap(scene: Scene) -> bytes:
    """Objects in the zeros behind the digits, where nothing is signed; nothing is moved."""
    start, end = gap(scene.bare)
    digits = scene.bare[start:end].rstrip(b">").rstrip(b"0")
    hidden = b"0>\n>>\nendobj\n" + written({next_number(scene.bare): stream(FORGED_PAGE)}, 0)[0]
    filled = (digits + hidden + b"1 0 obj\n<<\n/X <").ljust(end - start - 1, b"0") + b">"
    return scene.bare[:start] + filled + scene.bare[end:]


@attack(
    WRAPPING,
    Source.SITE,
    each=[("a space", b" "), ("a line end", b"\n"), ("a letter", b"x"), ("a comment", b"%x\n")],
)
def other_octets_among_the_digits(scene: Scene, octets: bytes) -> bytes:
    """White space or anything else among the digits, which readers skip."""
    start, _ = gap(scene.bare)
    return scene.bare[: start + 9] + octets + scene.bare[start + 9 + len(octets) :]


@attack(WRAPPING, Source.SITE, each=[("before", -2), ("behind", 2)])
def gap_larger_than_the_digits(scene: Scene, shift: int) -> bytes:
    """The range leaves out more than the digits: two octets of the dictionary are signed no more."""
    start, end = gap(scene.bare)
    behind = len(scene.bare) - end
    old = b"/ByteRange [0 %d %d %d]" % (start, end, behind)
    new = b"/ByteRange [0 %d %d %d]" % (start + min(shift, 0), end + max(shift, 0), behind - max(shift, 0))
    assert old in scene.bare
    return scene.bare.replace(old, new, 1)


@attack(WRAPPING, Source.SITE)
def capitals_among_the_digits(scene: Scene) -> bytes:
    """The same signature in other letters, which changes what the archive's time-stamps are over."""
    start, end = gap(scene.archived)
    return scene.archived[:start] + scene.archived[start:end].upper() + scene.archived[end:]


@attack(WRAPPING, Source.SITE)
def page_shown_from_the_gap(scene: Scene) -> bytes:
    """An update makes the page's content an object that stands in the unsigned gap."""
    inside = objects_in_the_gap(scene)
    assert isinstance(inside, bytes)
    number, content = page(scene.bare)
    place = inside.index(b"%d 0 obj\n" % next_number(scene.bare))
    new = re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % next_number(scene.bare), content)
    body, places = written({number: new}, len(inside))
    rows = table({**places, next_number(scene.bare): place})
    start = len(inside) + len(body)
    tail = trailer(scene.bare, size=next_number(scene.bare) + 1)
    return inside + body + rows + tail + b"startxref\n%d\n%%%%EOF\n" % start
