"""Octets in front and behind; files of two formats."""

import zipfile
from io import BytesIO

from attack_register import Source, attack
from attack_scene import Scene

TAIL, HEAD, TABLES = (
    "Octets behind the end",
    "Octets in front; files of two formats",
    "Tables and object streams",
)

_TAILS = {
    "a line end": b"\n",
    "a space": b" ",
    "a zero": b"\0",
    "a thousand zeros": b"\0" * 1000,
    "a comment": b"% more\n",
    "another end": b"%%EOF\n",
    "an end and text": b"text\n%%EOF\n",
    "a second startxref": b"startxref\n0\n%%EOF\n",
    "another PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n",
}


@attack(TAIL, Source.SITE, each=_TAILS.items())
def octets_behind_the_end(scene: Scene, tail: bytes) -> bytes:
    """Something stands behind the last revision."""
    return scene.sealed + tail


@attack(TAIL, Source.SITE, each=_TAILS.items())
def octets_behind_the_seal_alone(scene: Scene, tail: bytes) -> bytes:
    """The same, directly behind what the seal covers."""
    return scene.bare + tail


@attack(
    TAIL, Source.SITE, each=[("one octet", 1), ("the end", 6), ("the trailer", 200), ("half of it", 20_000)]
)
def cut_off(scene: Scene, octets: int) -> bytes:
    """The file is cut off in front of its end."""
    return scene.bare[:-octets].rstrip(b"\n") + b"x" * (octets == 1)


# --- in front -----------------------------------------------------------------------------------------------


def _archive() -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("extract.txt", "another document")
    return output.getvalue()


_HEADS = {
    "a line": b"junk\n",
    "a mark of byte order": b"\xef\xbb\xbf",
    "HTML": b"<html><body>Another extract</body></html>\n",
    "a GIF": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;\n",
    "a ZIP archive": _archive(),
    "an ELF program": b"\x7fELF\x02\x01\x01" + b"\0" * 57,
    "another header": b"%PDF-2.0\n",
}


@attack(HEAD, Source.POLYGLOT, each=_HEADS.items())
def octets_in_front(scene: Scene, head: bytes) -> bytes:
    """Something stands in front of the header, which readers look for in the first kilobyte."""
    return head + scene.sealed


@attack(HEAD, Source.POLYGLOT)
def archive_behind(scene: Scene) -> bytes:
    """A ZIP archive behind the end: archive programs read it from there."""
    return scene.sealed + _archive()


@attack(HEAD, Source.POLYGLOT)
def archive_in_a_comment_behind(scene: Scene) -> bytes:
    """The archive, and an end of a PDF behind it."""
    return scene.sealed + b"%" + _archive() + b"\n%%EOF\n"


@attack(HEAD, Source.POLYGLOT, each=[("2.0", b"%PDF-2.0"), ("1.4", b"%PDF-1.4"), ("none", b"%XYZ-1.7")])
def another_header(scene: Scene, header: bytes) -> bytes:
    """The header says another version, or none."""
    return header + scene.sealed[8:]


@attack(HEAD, Source.POLYGLOT, because="seal: HASH_FAILURE")
def second_comment_changed(scene: Scene) -> bytes:
    """The comment behind the header is changed: no reader looks at it, and it is signed."""
    return scene.bare.replace(b"%PDF-1.7\n%", b"%PDF-1.7\n#", 1)


@attack(HEAD, Source.POLYGLOT)
def line_ends_of_another_system(scene: Scene) -> bytes:
    """Every line end becomes two octets, as some transports do."""
    return scene.sealed.replace(b"\n", b"\r\n")
