"""Universal signature forgery and incremental saving (CCS 2019), on our own files."""

import re

from attack_register import Source, attack
from attack_scene import Scene
from attack_writing import (
    appended,
    forged_page,
    last_table,
    matched,
    next_number,
    signature,
    trailer,
)
from sealing_forgery import gap
from sealing_updates import (
    Change,
    add_script,
    change_nothing,
    exchange_record,
    show_another_page,
    updated,
)

FORGERY, SAVING = "Universal signature forgery", "Incremental saving"

_CONTENTS = rb"/Contents <[0-9a-f]{100,}>"
_RANGE = rb"/ByteRange \[0 \d+ \d+ \d+\] *"
_WITHOUT_CONTENTS = {
    "missing": b"",
    "without a value": b"/Contents",
    "null": b"/Contents null",
    "empty": b"/Contents <>",
    "one zero": b"/Contents <00>",
    "0x00": b"/Contents 0x00",
    "zeros": b"/Contents <" + b"00" * 400 + b">",
    "an empty text": b"/Contents ()",
    "a reference to nothing": b"/Contents 999 0 R",
    "twice, the first empty": b"/Contents <> /Contents <3082>",
    "an odd number of digits": b"/Contents <308>",
}
_WITHOUT_RANGE = {
    "missing": b"",
    "without a value": b"/ByteRange",
    "null": b"/ByteRange null",
    "empty": b"/ByteRange []",
    "zeros": b"/ByteRange [0 0 0 0]",
    "minus one": b"/ByteRange [-1 -1 -1 -1]",
    "a negative length": b"/ByteRange [0 18714 34078 -332]",
    "a negative beginning": b"/ByteRange [-1 18714 34078 332]",
    "two numbers": b"/ByteRange [0 18714]",
    "six numbers": b"/ByteRange [0 1 2 3 4 5]",
    "fractions": b"/ByteRange [0.0 18.5 34.5 3.5]",
    "beyond the end": b"/ByteRange [0 18714 34078 9999999999]",
    "numbers of any size": b"/ByteRange [0 18714 34078 " + b"9" * 20 + b"]",
    "parts that overlap": b"/ByteRange [0 18714 100 332]",
    "nothing left out": b"/ByteRange [0 34410 34410 0]",
    "the first part alone": b"/ByteRange [0 18714 34078 0]",
    "a reference to nothing": b"/ByteRange 999 0 R",
    "a text": b"/ByteRange (0 1 2 3)",
    "twice, the second empty": b"/ByteRange [0 1 2 3] /ByteRange []",
}


def _in_place(scene: Scene, pattern: bytes, new: bytes) -> bytes:
    """The page cut to half its width, and the proof that would notice it taken away."""
    cut = scene.bare.replace(b"/MediaBox [ 0 0 595.2756", b"/MediaBox [ 0 0 295.2756", 1)
    return matched(cut, pattern, new)


def _in_update(scene: Scene, pattern: bytes, new: bytes) -> bytes:
    number, content = signature(scene.sealed)
    broken, count = re.subn(pattern, new.replace(b"\\", rb"\\"), content)
    assert count == 1
    return appended(scene.sealed, {number: broken, **forged_page(scene.sealed)})


@attack(FORGERY, Source.CCS19, each=_WITHOUT_CONTENTS.items())
def contents_in_place(scene: Scene, value: bytes) -> bytes:
    """The page is changed, and the signature's `/Contents` made unusable where it stands."""
    return _in_place(scene, _CONTENTS, value)


@attack(FORGERY, Source.CCS19, each=_WITHOUT_CONTENTS.items())
def contents_in_an_update(scene: Scene, value: bytes) -> bytes:
    """An update brings another page, and the signature once more with an unusable `/Contents`."""
    return _in_update(scene, _CONTENTS, value)


@attack(FORGERY, Source.CCS19, each=_WITHOUT_RANGE.items())
def byte_range_in_place(scene: Scene, value: bytes) -> bytes:
    """The page is changed, and the signature's `/ByteRange` made unusable where it stands."""
    return _in_place(scene, _RANGE, value)


@attack(FORGERY, Source.CCS19, each=_WITHOUT_RANGE.items())
def byte_range_in_an_update(scene: Scene, value: bytes) -> bytes:
    """An update brings another page, and the signature once more with an unusable `/ByteRange`."""
    return _in_update(scene, _RANGE, value)


@attack(
    FORGERY,
    Source.SITE,
    each=[
        ("no filter", (rb"/SubFilter /ETSI\.CAdES\.detached", b"")),
        ("a filter nobody knows", (rb"/SubFilter /ETSI\.CAdES\.detached", b"/SubFilter /None")),
        ("the oldest filter", (rb"/SubFilter /ETSI\.CAdES\.detached", b"/SubFilter /adbe.x509.rsa_sha1")),
        (
            "the filter of the years before",
            (rb"/SubFilter /ETSI\.CAdES\.detached", b"/SubFilter /adbe.pkcs7.sha1"),
        ),
        ("no handler", (rb"/Filter /Adobe\.PPKLite", b"")),
        ("no type", (rb"/Type /Sig\n", b"\n")),
        ("no value in the field", (rb"/V \d+ 0 R\n(?=>>\nendobj\n\d+ 0 obj\n<<\n/ByteRange)", b"\n")),
    ],
)
def signature_dictionary(scene: Scene, change: tuple[bytes, bytes]) -> bytes:
    """An entry of the signature's dictionary or field is taken away or made another."""
    return matched(scene.bare, *change)


# --- incremental saving -------------------------------------------------------------------------------------


@attack(
    SAVING,
    Source.CCS19,
    each=[
        ("another page", show_another_page),
        ("another record", exchange_record),
        ("a script", add_script),
        ("nothing new", change_nothing),
    ],
)
def update(scene: Scene, change: Change) -> bytes:
    """An ordinary incremental update behind the signed octets."""
    return updated(scene.sealed, change)


@attack(SAVING, Source.CCS19)
def update_without_a_table(scene: Scene) -> bytes:
    """New objects and a trailer without their cross-reference table, which lenient readers rebuild."""
    return appended(scene.sealed, forged_page(scene.sealed), with_table=False)


@attack(SAVING, Source.CCS19)
def update_without_a_trailer(scene: Scene) -> bytes:
    """New objects and a table, and no trailer."""
    return appended(scene.sealed, forged_page(scene.sealed), with_trailer=False)


@attack(SAVING, Source.CCS19)
def update_without_table_and_trailer(scene: Scene) -> bytes:
    """New objects and nothing else; the old end follows once more."""
    end = b"startxref\n%d\n%%%%EOF\n" % last_table(scene.sealed)
    return appended(scene.sealed, forged_page(scene.sealed), with_table=False, with_trailer=False, end=end)


@attack(SAVING, Source.CCS19)
def objects_alone(scene: Scene) -> bytes:
    """New objects behind the end of the file, and no other end."""
    return appended(scene.sealed, forged_page(scene.sealed), with_table=False, with_trailer=False, end=b"")


@attack(SAVING, Source.CCS19)
def update_with_the_signature_copied(scene: Scene) -> bytes:
    """The update repeats the signature's own object, so that it seems to belong to the newest revision."""
    number, content = signature(scene.sealed)
    return appended(scene.sealed, {**forged_page(scene.sealed), number: content})


@attack(SAVING, Source.CCS19)
def update_without_a_table_with_the_signature_copied(scene: Scene) -> bytes:
    """As before, and without a table."""
    number, content = signature(scene.sealed)
    return appended(scene.sealed, {**forged_page(scene.sealed), number: content}, with_table=False)


@attack(SAVING, Source.CCS19)
def update_with_the_byte_range_stretched_over_it(scene: Scene) -> bytes:
    """The signature's last number is raised until the update seems to be signed."""
    changed = updated(scene.bare, show_another_page)
    _, end = gap(scene.bare)
    return changed.replace(b"%d]  " % (len(scene.bare) - end), b"%d]" % (len(changed) - end), 1)


@attack(SAVING, Source.CCS19, each=[("two", 2), ("nine", 9)])
def several_ends(scene: Scene, count: int) -> bytes:
    """The update is closed by more than one `%%EOF`."""
    return updated(scene.sealed, show_another_page) + b"%%EOF\n" * (count - 1)


@attack(SAVING, Source.SITE)
def block_behind_a_table_that_leads_nowhere(scene: Scene) -> bytes:
    """Octets behind a table that cannot be read, which readers skip (`isa_B`)."""
    return scene.sealed + b"x" * 407 + b"\nstartxref\n0\n%%EOF\n"


@attack(SAVING, Source.SITE)
def update_in_a_comment(scene: Scene) -> bytes:
    """The update's lines begin with a percent sign, for readers that search backwards."""
    more = appended(scene.sealed, forged_page(scene.sealed))[len(scene.sealed) :]
    return scene.sealed + b"%" + more.replace(b"\n", b"\n%").rstrip(b"%")


@attack(SAVING, Source.SITE)
def update_that_leads_back_to_the_signed_table(scene: Scene) -> bytes:
    """The update's own table is there, and `startxref` names the signed one."""
    end = b"startxref\n%d\n%%%%EOF\n" % last_table(scene.sealed)
    return appended(scene.sealed, forged_page(scene.sealed), end=end)


@attack(SAVING, Source.SITE)
def update_that_frees_the_signature(scene: Scene) -> bytes:
    """The update's table frees the signature field: the paper looks as if it never had one."""
    number, _ = signature(scene.sealed)
    rows = b"xref\n0 1\n0000000000 65535 f \n%d 1\n0000000000 00001 f \n" % number
    start = len(scene.sealed)
    tail = trailer(scene.sealed, size=next_number(scene.sealed))
    return scene.sealed + rows + tail + b"startxref\n%d\n%%%%EOF\n" % start


@attack(SAVING, Source.INCREMENTAL)
def update_between_seal_and_store(scene: Scene) -> bytes:
    """The update stands between the seal and the store that we wrote behind it."""
    store = scene.sealed[len(scene.bare) :]
    return updated(scene.bare, show_another_page) + store


@attack(SAVING, Source.INCREMENTAL)
def update_under_the_seals_own_end(scene: Scene) -> bytes:
    """The store is cut off and an update put in its place."""
    return updated(scene.bare, show_another_page)
