"""What an insider has sealed by the service's own sealer: the form is right, the story is not."""

import re
from collections.abc import Callable
from typing import Any

from attack_register import Source, attack
from attack_scene import Attempt, Insider, Scene, judged
from attack_writing import (
    newest,
    next_number,
    rewritten,
    stream,
)
from attacks_in_the_shadow import rendered_catalog, rendered_page
from sealing_office import Office, birth, render

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level

SEALED = "Prepared by an insider"


def _by(insider: Insider, pdf: bytes) -> Attempt:
    return judged(insider.office, insider.seal(pdf))


def _attached(insider: Insider, names: bytes) -> bytes:
    number, content = rendered_catalog(insider.page)
    attachment, _ = newest(insider.page, b"/Type/Filespec")
    listed = b"/Names[%s]" % names.replace(b"@", b"%d 0 R" % attachment)
    return rewritten(insider.page, {number: re.sub(rb"/Names\[\(record\.json\)\d+ 0 R\]", listed, content)})


@attack(
    SEALED,
    Source.OURS,
    because="record, record-fields, agency",
    each=[
        ("none", b""),
        ("two", b"(record.json)@(zzz.json)@"),
        ("nine times the same", b"(record.json)@" * 9),
    ],
)
def attachments_other_than_one(scene: Scene, names: bytes) -> Attempt:
    """An insider has a file sealed that carries no record, or more than one attachment."""
    return _by(scene.insider, _attached(scene.insider, names))


@attack(
    SEALED,
    Source.OURS,
    because="record, record-fields, agency",
    each=[("data.json", b"data.json"), ("another case", b"Record.json"), ("a path", b"../record.json")],
)
def attachment_of_another_name(scene: Scene, name: bytes) -> Attempt:
    """The record is attached under another name."""
    number, content = newest(scene.insider.page, b"/Type/Filespec")
    renamed = content.replace(b"/UF(record.json)", b"/UF(%s)" % name)
    return _by(scene.insider, rewritten(scene.insider.page, {number: renamed}))


@attack(SEALED, Source.OURS, because="record, record-fields, agency")
def attachment_of_another_relationship(scene: Scene) -> Attempt:
    """The record is attached as something that is not the document's source."""
    number, content = newest(scene.insider.page, b"/Type/Filespec")
    other = content.replace(b"/AFRelationship/Source", b"/AFRelationship/Data")
    return _by(scene.insider, rewritten(scene.insider.page, {number: other}))


@attack(
    SEALED,
    Source.OURS,
    because="seal-code",
    each=[
        ("none", b"https://elsewhere.example/"),
        ("another host", b"https://verify.wathiqa.example.evil.example/#1000"),
        ("by plain http", b"http://verify.wathiqa.example/#1000"),
        ("a question for a fragment", b"https://verify.wathiqa.example/?1000"),
        ("a user in front", b"https://verify.wathiqa.example@evil.example/#1000"),
        ("another port", b"https://verify.wathiqa.example:444/#1000"),
    ],
)
def link_to(scene: Scene, address: bytes) -> Attempt:
    """An insider has a page sealed whose link is no seal code of this service."""
    return _by(scene.insider, _linked(scene.insider, address))


def _linked(insider: Insider, address: bytes) -> bytes:
    number, content = newest(insider.page, b"/S/URI")
    return rewritten(insider.page, {number: re.sub(rb"/URI\(.*?\)", b"/URI(%s)" % address, content)})


@attack(SEALED, Source.OURS, because="seal-code")
def link_with_a_code_cut_short(scene: Scene) -> Attempt:
    """The link's code ends before its signature does."""
    number, content = newest(scene.insider.page, b"/S/URI")
    cut = re.sub(rb"(/URI\(.*?)\d{40}\)", rb"\g<1>)", content)
    return _by(scene.insider, rewritten(scene.insider.page, {number: cut}))


@attack(SEALED, Source.OURS, because="seal-code")
def two_links_with_two_codes(scene: Scene) -> Attempt:
    """The page carries the codes of two genuine documents."""
    insider = scene.insider
    record = birth(make_document_number(2026, 2))
    other = insider.office.seal_code(insider.office.claims(record, index=8)).encode()
    number, content = newest(insider.page, b"/S/URI")
    shown, listed = rendered_page(insider.page)
    new = next_number(insider.page)
    second = re.sub(rb"/URI\(.*?\)", b"/URI(%s)" % other, content)
    both = listed.replace(b"/Annots[%d 0 R]" % number, b"/Annots[%d 0 R %d 0 R]" % (number, new))
    return _by(insider, rewritten(insider.page, {new: second, shown: both}))


@attack(
    SEALED,
    Source.SITE,
    each=[("/OpenAction", b"/OpenAction 3 0 R"), ("/AA", b"/AA<<>>"), ("/Collection", b"/Collection<<>>")],
)
def document_that_acts(scene: Scene, entry: bytes) -> Attempt:
    """An insider has a file sealed that acts by itself when it is opened."""
    number, content = rendered_catalog(scene.insider.page)
    return _by(scene.insider, rewritten(scene.insider.page, {number: content[:-2] + entry + b">>"}))


@attack(SEALED, Source.SITE)
def name_spelled_otherwise(scene: Scene) -> Attempt:
    """The action's name is written with an escape, which every reader undoes."""
    number, content = rendered_catalog(scene.insider.page)
    return _by(
        scene.insider, rewritten(scene.insider.page, {number: content[:-2] + b"/Open#41ction 3 0 R>>"})
    )


# --- record and code ----------------------------------------------------------------------------------------


@attack(SEALED, Source.OURS, because="record")
def code_of_another_document(scene: Scene) -> Attempt:
    """The page carries the genuine code, QR and link, of another document."""
    office = scene.fresh()
    code = office.seal_code(office.claims(birth(make_document_number(2026, 2)), index=8))
    return judged(office, office.document(url=code))


@attack(SEALED, Source.OURS, because="record, record-fields")
def record_of_another_document(scene: Scene) -> Attempt:
    """Under this document's page and code stands another genuine document's record."""
    office = scene.fresh()
    other = birth(make_document_number(2026, 2), given_name="رنا")
    return judged(office, office.document(embedded=encode_canonical_json(other)))


@attack(SEALED, Source.OURS, because="record-fields")
def code_that_says_other_fields(scene: Scene) -> Attempt:
    """A genuine code names the right record by its digest, and says another name."""
    office = scene.fresh()
    record = birth(make_document_number(2026, 1))
    fields = ("رنا", *office.claims(record).fields[1:])
    code = office.seal_code(office.claims(record, fields=fields))
    return judged(office, office.document(record=record, url=code))


@attack(
    SEALED,
    Source.OURS,
    because="record, record-fields, agency",
    each=[
        ("a space more", lambda record: record.replace(b"{", b"{ ", 1)),
        ("a member twice", lambda record: record.replace(b"{", b'{"kind":"death",', 1)),
        ("cut off", lambda record: record[:-1]),
        ("deeply nested", lambda _: b"[" * 5000 + b"]" * 5000),
        ("a number too large", lambda record: record.replace(b'"birth"', b"1e999", 1)),
    ],
)
def record_written_otherwise(scene: Scene, change: Callable[[bytes], bytes]) -> Attempt:
    """The record says the same, or nearly, and is not written in its one form."""
    office = scene.fresh()
    record = birth(make_document_number(2026, 1))
    changed = change(encode_canonical_json(record))
    carrying = _carrying(office, record, changed)
    return judged(office, office.sealer().seal(carrying, at=office.now, level=Level.B_LT))


def _carrying(office: Office, record: dict[str, Any], content: bytes) -> bytes:
    """The rendered page with other octets as its attachment."""
    page = render(office.seal_code(office.claims(record)), encode_canonical_json(record))
    number = int(re.findall(rb"/EF<</F (\d+) 0 R", page)[-1])
    return rewritten(page, {number: stream(content, b"/Type /EmbeddedFile\n/Subtype /application#2Fjson\n")})
