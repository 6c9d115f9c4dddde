"""The applicant's own words on a page: whatever was let in before paying can be printed afterwards."""

import pytest

from .conftest import Embedded, Page


@pytest.mark.parametrize(
    "words",
    ["2026-99-99", "0000-01-01", "2026-02-30", "2026-11-22", "\u200c", '#"\\', "$x$ *y* _z_ <a> @b // /* `"],
    ids=["no day", "no year", "no such day", "a day", "a joiner", "a literal's end", "markup"],
)
def test_purpose_of_any_printable_words_stops_no_page(page: Page, embedded: Embedded, words: str) -> None:
    record = embedded("individual-extract")
    record["document"] |= {"purpose": {"ar": words}}

    assert page(record).startswith(b"%PDF-1.7")
