"""Documents of several pages: every row once, the seal block never alone, every page says whose it is."""

import functools
import io
import itertools
import re
from dataclasses import dataclass
from typing import Any

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, NameObject

from signing.rendering.composer import pages_of

from .conftest import ORIGIN, Embedded, Page, children, person, text, woman

NUMBER = "2600\u00a00000\u00a00017"
SEAL = "How to verify this document"
_DRAWN = re.compile(rb"(?:[-0-9.]+ ){2}[ml]\b|(?:[-0-9.]+ ){6}c\b|(?:[-0-9.]+ ){4}re\b")
LONG_AR, LONG_EN = "عبد الرحمن محمد خير الدين عبد القادر", "Abdulrahman Muhammad Khair ad-Din Abdulqadir"


@dataclass(frozen=True)
class Sheet:
    page: pypdf.PageObject
    text: str


@functools.lru_cache(maxsize=1)  # reading the words off a page costs as much as drawing it
def sheets(pdf: bytes) -> list[Sheet]:
    pages = pypdf.PdfReader(io.BytesIO(pdf), strict=True).pages
    return [Sheet(page=page, text=_words_on(page)) for page in pages]


def _words_on(page: pypdf.PageObject) -> str:
    """Without the lines and modules that are drawn between the words: they take most of the reading."""
    written = DecodedStreamObject()
    written.set_data(_DRAWN.sub(b"", page["/Contents"].get_object().get_data()))
    page[NameObject("/Contents")] = written
    return page.extract_text()


def numbers_on(sheet: Sheet, people: list[dict[str, Any]]) -> list[str]:
    return [one["national_number"] for one in people if one["national_number"] in sheet.text]


def assert_every_page_belongs(pdf: bytes) -> None:
    """Number, place, agency's link (so a tab order, ISO 14289-1 §7.18.3) and what goes on."""
    found = sheets(pdf)
    for index, sheet in enumerate(found, 1):
        said = sheet.text
        assert said.count(NUMBER) == 2, "once at the head, once at the foot"
        assert f"Page {index} of {len(found)}" in said
        assert sheet.page["/Tabs"] == "/S"
        assert any(note.get_object()["/A"]["/URI"] == ORIGIN for note in sheet.page["/Annots"])
        assert ("Continued on the next page" in said) == (index < len(found))
        assert ("extract (continued)" in said) == (index > 1)
        assert (SEAL in said) == (index == len(found))


@pytest.mark.parametrize("count", [5, 7, 14, 30])
def test_a_family_is_shared_out(page: Page, embedded: Embedded, count: int) -> None:
    people = children(count)
    pdf = page(embedded("family-extract", children=people))
    assert_every_page_belongs(pdf)
    runs = [numbers_on(sheet, people) for sheet in sheets(pdf)]
    assert list(itertools.chain(*runs)) == [one["national_number"] for one in people]
    assert all(len(run) >= 2 for run in runs), "no page with fewer than two rows, the seal's included"
    for sheet, run in zip(sheets(pdf), runs, strict=True):
        said = sheet.text
        assert "Status" in said, "each page has the heads of its columns"
        assert ("Children (continued)" in said) == (run[0] != people[0]["national_number"])


@pytest.mark.parametrize("words", [1, 3, 5])
@pytest.mark.parametrize("kind", ["family-extract", "birth", "individual-extract"])
def test_whatever_the_length_of_names(page: Page, embedded: Embedded, kind: str, words: int) -> None:
    name = text(" ".join([LONG_AR] * words)[:200].strip(), " ".join([LONG_EN] * words)[:200].strip())
    long = {"given_name": name, "father_name": name, "mother_name": name}
    people = {
        "family-extract": {
            "head": person(**long),
            "spouses": [woman(marriage_date="2019-04-28", **long)],
            "children": [child | long for child in children(5)],
        },
        "birth": {"child": person(**long), "father": person(**long), "mother": woman(**long)},
        "individual-extract": {"person": person(**long)},
    }
    value = embedded(kind, **people[kind])
    value["document"]["purpose"] = name
    pdf = page(value)
    assert_every_page_belongs(pdf)
    if kind == "family-extract":
        family = value["record"]["children"]
        found = [number for sheet in sheets(pdf) for number in numbers_on(sheet, family)]
        assert found == [child["national_number"] for child in family]


@pytest.mark.parametrize("count", [3, 8, 20])
def test_the_last_remarks_stay_with_the_seal(page: Page, embedded: Embedded, count: int) -> None:
    remarks = [text(f"ملاحظة {index}.", f"Remark ({index})") for index in range(count)]
    pdf = page(embedded("individual-extract", remarks=remarks))
    assert_every_page_belongs(pdf)
    last = sheets(pdf)[-1].text
    assert all(f"Remark ({index})" in last for index in (count - 2, count - 1))
    said = " ".join(sheet.text for sheet in sheets(pdf))
    assert [said.count(f"Remark ({index})") for index in range(count)] == [1] * count


def test_a_single_page_is_not_measured(page: Page, embedded: Embedded) -> None:
    pdf = page(embedded("family-extract"))
    assert pages_of(pdf) == len(sheets(pdf)) == 1


def test_another_makers_file_has_no_page_count() -> None:
    with pytest.raises(ValueError, match="root of pages"):
        pages_of(b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n")


def test_a_dead_head_of_family_is_marked(page: Page, embedded: Embedded) -> None:
    said = sheets(page(embedded("family-extract", head=person(death_date="2024-02-29"))))[0].text
    assert "Deceased, 29 February 2024" in said
    assert "Deceased" not in sheets(page(embedded("family-extract")))[0].text


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        ("individual-extract", {"person": person(death_date="2024-02-29")}),
        ("birth", {"father": person(death_date="2024-02-29")}),
        ("birth", {"child": person(death_date="2024-02-29")}),
        ("marriage", {"wife": woman(death_date="2024-02-29")}),
        ("divorce", {"husband": person(death_date="2024-02-29")}),
        ("family-extract", {"spouses": [woman(marriage_date="2019-04-28", death_date="2024-02-29")]}),
        ("family-extract", {"children": [children(1)[0] | {"death_date": "2024-02-29"}]}),
    ],
)
def test_the_dead_are_marked_wherever_they_stand(
    page: Page, embedded: Embedded, kind: str, who: dict[str, Any]
) -> None:
    assert "Deceased, 29 February 2024" in sheets(page(embedded(kind, **who)))[0].text


def test_the_day_of_a_death_is_said_once(page: Page, embedded: Embedded) -> None:
    pdf = page(embedded("death", person=person(death_date="2019-04-28")))
    assert sheets(pdf)[0].text.count("28 April 2019") == 1
