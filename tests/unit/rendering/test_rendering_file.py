"""The file around the page: quoted data, and stream ends no reader can mistake."""

import io
import json
import zlib

import pypdf
import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.rendering.composer import literal
from signing.rendering.stream_ends import separate_stream_ends


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_a_literal_holds_any_text(text: str) -> None:
    """Typst itself reads back what was quoted, whatever its markup would mean."""
    main = f"#metadata({literal(json.dumps(text, ensure_ascii=False))}) <said>".encode()
    said = json.loads(typst.query(main, "<said>", field="value", one=True, ignore_system_fonts=True))
    assert json.loads(said) == text


def small_pdf(*contents: bytes) -> bytes:
    """A file as Typst writes it: one revision, one classic cross-reference table."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        *(b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content) for content in contents),
    ]
    pdf, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n\r\n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        pdf
        + b"xref\n0 %d\n0000000000 65535 f\r\n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            size,
            table,
            size,
            len(pdf),
        )
    )


@given(
    st.lists(st.sampled_from([b"a", b"a\r", b"a\n", b"a\r\n", b"\r", b"", zlib.compress(b"x")]), max_size=6)
)
def test_every_stream_keeps_its_content(contents: list[bytes]) -> None:
    mended = separate_stream_ends(small_pdf(*contents))
    document = pypdf.PdfReader(io.BytesIO(mended), strict=True)
    found = [document.get_object(number).get_data() for number in range(4, 4 + len(contents))]
    assert found == contents
    assert mended.count(b"\r\r\nendstream") == sum(content.endswith(b"\r") for content in contents)


def test_a_file_without_such_ends_is_left_alone() -> None:
    pdf = small_pdf(b"a", b"b\n")
    assert separate_stream_ends(pdf) is pdf


def test_a_file_that_ends_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="cross-reference"):
        separate_stream_ends(small_pdf(b"a\r") + b"\ntail behind the end" * 9)
