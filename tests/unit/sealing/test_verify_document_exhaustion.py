"""Small files made to keep a verifier busy for hours or to fill its memory: failures of form, at once."""

import time
import zlib
from collections.abc import Mapping

import pytest
from pyhanko.pdf_utils.decode_limits import PdfDecodeLimitError

from signing.formats.pdf_ground import _PAGE, _grown
from signing.formats.pdf_tables import NotOurForm
from verify.errors import NotVerified
from verify.files.readers import view_file
from verify.files.structure import read_sealed_file

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


def with_signature(before: bytes, behind: bytes = b"") -> bytes:
    """`before`, an object 9 with a gap as a seal leaves it, and `behind`."""
    gap = len(before) + len(b"9 0 obj\n<</Contents ")
    contents = b"<" + b"30" * 300 + b">"
    end = gap + len(contents)
    head = before + b"9 0 obj\n<</Contents " + contents
    tail = b"\n/ByteRange [0 %d %d %%010d]>>\nendobj\n" % (gap, end)
    length = len(tail) + len(b"0000000000") - len(b"%010d") + len(behind)
    return head + tail % length + behind


def document(objects: Mapping[int, bytes]) -> bytes:
    """One revision with a written table; object 9 is the signature."""
    body, places = b"%PDF-1.7\n", {}
    for number, content in objects.items():
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    places[9] = len(body)
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % each for each in sorted(places.items()))
    table = len(with_signature(body))
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (max(places) + 1, table)
    return with_signature(body, b"xref\n0 1\n0000000000 65535 f \n" + rows + trailer)


def kids(node: int, count: int) -> bytes:
    return b"<</Type/Pages/Count 0/Kids[%s]>>" % b" ".join([b"%d 0 R" % node] * count)


def rule(pdf: bytes) -> str:
    """What the parsers' bounds say; a file of another form never gets as far as this."""
    with pytest.raises(NotVerified) as refused:
        view_file(pdf)
    return refused.value.facts["rule"]


def test_page_tree_whose_nodes_stand_below_many_others() -> None:
    """Sixteen levels of two hundred fit into 4 KB, and have 200^16 paths and no page."""
    nodes = {number: kids(number + 1, 100) for number in (2, 3, 4)}

    assert rule(document({1: CATALOG, **nodes, 5: kids(6, 0)})) == "the page tree has too many nodes"


@pytest.mark.parametrize("kind", [b"/XRef", b"/XRe#66", b"/#58#52#65#66"])
def test_table_in_a_stream_that_names_a_hundred_million_objects_in_no_octets(kind: bytes) -> None:
    body = b"%PDF-1.7\n1 0 obj\n" + CATALOG + b"\nendobj\n"
    stream = b"/W[0 0 0]/Size 100000000/Root 1 0 R/Length 0>>\nstream\n\nendstream\nendobj\nstartxref\n"
    table = len(with_signature(body))

    pdf = with_signature(body, b"8 0 obj\n<</Type%s%s%d\n%%%%EOF\n" % (kind, stream, table))

    with pytest.raises(NotVerified) as refused:
        read_sealed_file(pdf)
    assert refused.value.facts["rule"] == "a table of objects in a stream"


def page(links: int, address: bytes) -> dict[int, bytes]:
    """A page of links that are one and the same object."""
    link = b"<</Type/Annot/Subtype/Link/A<</S/URI/URI(%s)>>>>" % address
    return {
        1: CATALOG,
        2: b"<</Type/Pages/Count 3/Kids[3 0 R 3 0 R 3 0 R]>>",
        3: b"<</Type/Page/Annots[%s]>>" % b" ".join([b"4 0 R"] * links),
        4: link,
    }


def test_more_links_than_any_document_has() -> None:
    assert rule(document(page(400, b"https://a.example"))) == "too many links"


def test_link_that_is_longer_than_any_code() -> None:
    assert "a text of at most" in rule(document(page(1, b"a" * 10_000)))


def test_attachment_that_unpacks_to_more_than_any_record() -> None:
    packed = zlib.compress(bytes(64 * 1024 * 1024), 9)
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) 3 0 R]>>>>>>",
        2: b"<</Type/Pages/Count 0/Kids[]>>",
        3: b"<</Type/Filespec/UF(a)/EF<</F 4 0 R>>>>",
        4: b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(packed), packed),
    }

    with pytest.raises(PdfDecodeLimitError):
        view_file(document(objects))


def test_page_that_announces_annotations_a_hundred_thousand_times() -> None:
    """Each of them once more searched to the end of the object would take minutes."""
    page = b"<<\n/Type /Page\n" + b"\n/Annots [ 3 0 R ]\n" * 100_000 + b"<"
    began = time.process_time()

    with pytest.raises(NotOurForm) as refused:
        _grown(b"4 0 obj\n" + page + b"\nendobj\n", {4: 0}, 4, _PAGE)

    assert str(refused.value) == "form or page are not as our sealer leaves them"
    assert time.process_time() - began < 1


def test_page_of_as_many_annotations_as_fit_is_read_once() -> None:
    page = b"<<\n/Type /Page\n/Annots [ " + b"3 0 R " * 1_000_000 + b"]\n<"
    began = time.process_time()

    with pytest.raises(NotOurForm):
        _grown(b"4 0 obj\n" + page + b"\nendobj\n", {4: 0}, 4, _PAGE)

    assert time.process_time() - began < 5
