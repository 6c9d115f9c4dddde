"""What may follow a seal is written in one way: that is read back, and nothing else is read."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.formats.pdf_ground import Ground, read_ground
from signing.formats.pdf_tables import NotOurForm, find_table, read_table
from signing.formats.pdf_updates import (
    DocumentTimeStamp,
    NothingNew,
    Store,
    encode_store,
    encode_time_stamp,
    read_updates,
)

# As pyHanko leaves a file behind a seal, without anything that nobody reads here.
OBJECTS = {
    3: b"<<\n/Type /Page\n/Tabs /S\n/Annots [ 2 0 R 6 0 R ]\n>>",
    4: b"<<\n/Type /Catalog\n/Pages 1 0 R\n/AcroForm 5 0 R\n>>",
    5: b"<<\n/Fields [ 6 0 R ]\n/SigFlags 3\n>>",
    6: b"<<\n/FT /Sig\n/P 3 0 R\n/V 7 0 R\n>>",
}


def sealed() -> bytes:
    pdf, places = b"%PDF-1.7\n", {}
    for number, content in OBJECTS.items():
        places[number] = len(pdf)
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places.values())
    table = b"xref\n0 1\n0000000000 65535 f \n3 4\n" + rows
    trailer = b"trailer\n<<\n/Size 8\n/Root 4 0 R\n/Info 2 0 R\n/ID [ <00> <%s> ]\n/Prev 9\n>>\n" % (
        b"0" * 32
    )
    return pdf + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


SEALED = sealed()
contents = st.lists(st.binary(max_size=60) | st.just(b"endstream\nendobj\n") | st.just(b"x\r"), max_size=3)
stores = st.tuples(contents, contents, contents)
tokens = st.binary(min_size=1, max_size=40)
updates = st.lists(stores | tokens, max_size=5)


def followed(written: list[object]) -> tuple[bytes, Ground, list[object]]:
    """The sealed file with these revisions; a store of nothing new is left out."""
    pdf, ground, kept = SEALED, read_ground(SEALED, len(SEALED)), []
    for each in written:
        match each:
            case bytes():
                made, _ = encode_time_stamp(ground, each.hex().encode())
            case (certificates, ocsps, crls):
                try:
                    made = encode_store(ground, certificates=certificates, ocsps=ocsps, crls=crls)
                except NothingNew:
                    continue
        kept.append(each)
        pdf, ground = pdf + made.content, made.ground
    return pdf, ground, kept


@given(updates)
def test_what_is_written_is_read_back(written: list[object]) -> None:
    pdf, ground, kept = followed(written)
    found, at_the_end = read_updates(pdf, read_ground(SEALED, len(SEALED)))

    assert at_the_end == ground
    assert at_the_end.digest.digest() == ground.digest.digest()
    assert [type(each) is DocumentTimeStamp for each in found] == [isinstance(each, bytes) for each in kept]
    for each, was in zip(found, kept, strict=True):
        if isinstance(each, DocumentTimeStamp):
            assert bytes.fromhex(each.digits.decode()) == was
            start, end = each.gap
            assert (pdf[start : start + 1], pdf[end - 1 : end]) == (b"<", b">")
        else:
            assert isinstance(was, tuple)
            assert set(each.certificates) <= set(was[0])
            assert set(each.crls) <= set(was[2])


@given(updates)
def test_tables_lead_to_their_objects(written: list[object]) -> None:
    pdf, _, _ = followed(written)
    found, _ = read_updates(pdf, read_ground(SEALED, len(SEALED)))
    for each in found:
        assert read_table(pdf, find_table(pdf, each.end)).offsets == each.offsets
        for number, place in each.offsets.items():
            assert pdf.startswith(b"%d 0 obj\n" % number, place)


@settings(max_examples=300)
@given(updates.filter(bool), st.data())
def test_one_changed_octet_is_refused_or_is_content(written: list[object], data: st.DataObject) -> None:
    """Whatever is accepted is written anew to the same octets, and only stored content can differ."""
    pdf, _, kept = followed(written)
    if not kept:
        return
    place = data.draw(st.integers(len(SEALED), len(pdf) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda value: value != pdf[place]))
    changed = pdf[:place] + bytes([octet]) + pdf[place + 1 :]
    try:
        found, _ = read_updates(changed, read_ground(SEALED, len(SEALED)))
    except NotOurForm:
        return
    again: list[object] = [
        bytes.fromhex(each.digits.decode())
        if isinstance(each, DocumentTimeStamp)
        else (each.certificates, each.ocsps, each.crls)
        for each in found
    ]
    assert followed(again)[0] == changed


@given(updates.filter(bool), st.binary(min_size=1, max_size=30))
def test_nothing_may_stand_behind_the_last_revision(written: list[object], tail: bytes) -> None:
    pdf, _, _ = followed(written)
    with pytest.raises(NotOurForm):
        read_updates(pdf + tail, read_ground(SEALED, len(SEALED)))


def replaced(old: bytes, new: bytes) -> Callable[[], bytes]:
    return lambda: re.sub(re.escape(old), new, SEALED, count=1)


@pytest.mark.parametrize(
    "pdf",
    [
        replaced(b"/Type /Catalog\n", b"/DSS 9 0 R\n/Type /Catalog\n"),
        replaced(b"/AcroForm 5 0 R\n", b"/AcroForm 5 0 R\n/AcroForm 5 0 R\n"),
        replaced(b"/SigFlags 3", b"/SigFlags 2"),
        replaced(b"/Annots [ 2 0 R 6 0 R ]", b"/Annots [ 2 0 R <<>>   ]"),
        replaced(b"/P 3 0 R", b"/P 9 0 R"),
        replaced(b"3 0 obj", b"9 0 obj"),
        replaced(b" 00000 n ", b" 00001 n "),
        replaced(b"0 1\n", b"0 0\n"),
        replaced(b"/Size 8", b"/Size x"),
        replaced(b"startxref\n", b"startxref\n9"),
    ],
    ids=[
        "a store already",
        "two forms",
        "other flags",
        "an annotation in place",
        "a page that is not in the revision",
        "an object elsewhere",
        "a generation",
        "a table that counts wrongly",
        "no size",
        "a table elsewhere",
    ],
)
def test_a_sealing_revision_of_another_form_is_no_ground(pdf: Callable[[], bytes]) -> None:
    changed = pdf()
    assert changed != SEALED
    with pytest.raises(NotOurForm):
        read_ground(changed, len(changed))


def test_a_store_of_too_much_is_refused() -> None:
    ground = read_ground(SEALED, len(SEALED))
    many = [b"%d" % each for each in range(65)]
    assert len(encode_store(ground, certificates=many[:64]).offsets) == 66
    with pytest.raises(NotOurForm):
        encode_store(ground, certificates=many)


def test_a_store_and_a_time_stamp_are_told_apart_by_type() -> None:
    pdf, _, _ = followed([([b"a"], [], []), b"t"])
    found, _ = read_updates(pdf, read_ground(SEALED, len(SEALED)))
    assert [type(each) for each in found] == [Store, DocumentTimeStamp]
