"""Every kind of document as a file: the same bytes, the standards, the record inside, the text outside."""

import io
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import jsonschema
import page as judge
import pypdf
import pypdfium2
import pytest

from issuance import catalogue as schemas_folder
from issuance.catalogue.models import DocumentKind
from issuance.rendering.errors import TemplateFailed, UnrenderableText
from issuance.rendering.renderer import Renderer
from signing.formats.canonical_json import encode_canonical_json
from signing.rendering.symbol import SealSymbol
from signing.rendering.view import in_groups

from .conftest import AT, ORIGIN, Embedded, Page, children, person, text, woman

KINDS = tuple(kind.value for kind in DocumentKind)

LONG = text(
    "عبد الرحمن محمد خير الدين عبد القادر نجم الدين شمس الدين الجزائري الحسني",
    "Abdulrahman Muhammad Khair ad-Din Abdulqadir Najm ad-Din al-Jazairi al-Hasani",
)


def reader(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf), strict=True)


def words_of(pdf: bytes) -> str:
    """The text in reading order, as pdfium gives it to a viewer's search box."""
    return "\n".join(each.get_textpage().get_text_range() for each in pypdfium2.PdfDocument(pdf))


def failures(pdf: bytes) -> list[str]:
    """What another maker's checker says against PDF/A-3a and PDF/UA-1."""
    reports = [judge.validate_pdf_bytes(pdf, profile=profile) for profile in ("3a", "ua1")]
    return [f"{failure.rule_id}: {failure.message}" for report in reports for failure in report.failures]


def variants(embedded: Embedded) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every kind as it usually is, and the pages that usually break a layout."""
    yield from ((kind, embedded(kind)) for kind in KINDS)
    yield "a family of fourteen children", embedded("family-extract", children=children(14))
    yield "a family of sixty children", embedded("family-extract", children=children(60))
    yield "a family of none", embedded("family-extract", spouses=[], children=[])
    yield "a head who is a woman", embedded("family-extract", head=woman())
    yield "a head who has died", embedded("family-extract", head=person(death_date="2024-02-29"))
    yield "a father who has died", embedded("birth", father=person(death_date="2024-02-29"))
    yield "many remarks", embedded("individual-extract", remarks=[text("ملاحظة.", "Remark.")] * 12)
    worst = embedded("birth")
    worst["document"]["number"] = "269999999997"
    yield "the longest number in words", worst
    yield "long names", embedded("individual-extract", person=person(given_name=LONG, mother_name=LONG))
    yield "no remarks", embedded("individual-extract", remarks=[])
    bare = embedded("death")
    bare["document"] |= {"purpose": None, "valid_until": None, "issued_at_office": None}
    bare["record"]["event"].pop("time")
    bare["record"]["event"].pop("cause")
    bare["record"]["person"] |= {"given_name": text("ليلى"), "nationality": "PS"}
    yield "nothing optional", bare


@pytest.fixture(scope="module")
def pages(embedded: Embedded, page: Page) -> dict[str, bytes]:
    return {name: page(value) for name, value in variants(embedded)}


def test_every_variant_conforms(pages: dict[str, bytes]) -> None:
    """PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), judged by page-validation."""
    assert {name: failures(pdf) for name, pdf in pages.items() if failures(pdf)} == {}


def test_the_usual_document_is_one_page(pages: dict[str, bytes]) -> None:
    usual = (*KINDS, "the longest number in words", "a head who has died", "a father who has died")
    assert {name: len(reader(pages[name]).pages) for name in usual} == dict.fromkeys(usual, 1)


def test_the_same_input_gives_the_same_bytes(
    pages: dict[str, bytes], embedded: Embedded, seal: SealSymbol
) -> None:
    """Whatever was rendered before, in whatever order, by whichever renderer."""
    again = Renderer()
    for kind in reversed(KINDS):
        assert again.render(embedded(kind), seal, at=AT) == pages[kind], kind


def test_threads_do_not_mix_their_documents(
    renderer: Renderer, embedded: Embedded, seal: SealSymbol, pages: dict[str, bytes]
) -> None:
    got: dict[str, bytes] = {}

    def render(kind: str) -> None:
        got[kind] = renderer.render(embedded(kind), seal, at=AT)

    threads = [threading.Thread(target=render, args=(kind,)) for kind in KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {kind: pages[kind] for kind in KINDS}


def test_the_file_ends_with_a_line_end(pages: dict[str, bytes]) -> None:
    """trust.md: an incremental update begins on a line of its own."""
    assert all(pdf.endswith(b"%%EOF\n") for pdf in pages.values())


def test_the_record_is_embedded_as_its_source(pages: dict[str, bytes], embedded: Embedded) -> None:
    """ISO 19005-3 §6.8: an associated file names its relationship."""
    for name, value in variants(embedded):
        document = reader(pages[name])
        assert document.attachments == {"record.json": [encode_canonical_json(value)]}, name
        (file,) = document.trailer["/Root"]["/AF"]
        assert file.get_object()["/AFRelationship"] == "/Source"
        assert file.get_object()["/EF"]["/F"]["/Subtype"] == "/application/json"


def test_title_language_and_direction_are_declared(pages: dict[str, bytes]) -> None:
    root = reader(pages["birth"]).trailer["/Root"]
    assert root["/Lang"] == "ar-SY"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader(pages["birth"]).metadata.title == "بيان ولادة 2600\u00a00000\u00a00017"
    assert reader(pages["birth"]).metadata.creation_date == AT


def test_the_qr_alone_carries_the_seal(pages: dict[str, bytes], seal: SealSymbol) -> None:
    """The whole code on the last page, the bare address on every one; tab order for the seal to come."""
    for name, pdf in pages.items():
        sheets = reader(pdf).pages
        links = [[note.get_object()["/A"]["/URI"] for note in sheet.get("/Annots", [])] for sheet in sheets]
        assert [link for sheet in links for link in sheet].count(seal.text) == 1, name
        assert seal.text in links[-1], name
        assert all(ORIGIN in found for found in links), name
        assert all(sheet["/Tabs"] == "/S" for sheet in sheets), name


def test_every_page_carries_the_number_and_its_place(pages: dict[str, bytes]) -> None:
    for name, pdf in pages.items():
        sheets = reader(pdf).pages
        number = json.loads(reader(pdf).attachments["record.json"][0])["document"]["number"]
        for index, sheet in enumerate(sheets, 1):
            said = sheet.extract_text()
            assert in_groups(number) in said, name
            assert f"Page {index} of {len(sheets)}" in said, name


def test_the_head_of_a_long_family_is_repeated(pages: dict[str, bytes]) -> None:
    sheets = pypdfium2.PdfDocument(pages["a family of sixty children"])
    heads = [sheet.get_textpage().get_text_range().count("Mother") for sheet in sheets]
    assert len(heads) > 2
    assert all(heads)


@pytest.mark.parametrize(
    "sentence",
    [
        "الجمهورية العربية السورية",
        "مديرية الأحوال المدنية",
        "عبد الرحمن الحلبي",
        "محمد خير",
        "فاطمة الزهراء",
        "22 تشرين الثاني 2026",
        "ألفان وستمئة",
    ],
)
def test_names_are_found_by_a_viewer(pages: dict[str, bytes], sentence: str) -> None:
    assert sentence in words_of(pages["birth"])


@pytest.mark.parametrize("sentence", ["Abdulrahman Al-Halabi", "7KQ2 M9XA 4RTB", "28 April 2019, 03:17"])
def test_the_english_line_is_found_in_order(pages: dict[str, bytes], sentence: str) -> None:
    assert sentence in reader(pages["birth"]).pages[0].extract_text().replace("\u00a0", " ")


@pytest.mark.interop
@pytest.mark.parametrize("sentence", ["الجمهورية العربية السورية", "جورية نورية", "آدم الحلبي", "بيان ولادة"])
def test_names_are_found_by_pdftotext(pages: dict[str, bytes], sentence: str) -> None:
    """Kerning would make poppler see a gap inside نورية; a lam-alef ligature must stay in order."""
    if which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    said = subprocess.run(
        ["pdftotext", "-", "-"], input=pages["birth"], stdout=subprocess.PIPE, check=True
    ).stdout.decode()
    assert sentence in said


@pytest.mark.parametrize(
    "name",
    [
        "#let x = 1",
        "*غامق*",
        "$x^2$",
        "\\ \\# \\u{41}",
        '") #panic("x',
        "@ref <label>",
        "// تعليق",
        "= عنوان",
        "`raw`",
        "#[",
        "${a}",
    ],
)
def test_markup_in_a_name_is_letters(page: Page, embedded: Embedded, name: str) -> None:
    pdf = page(embedded("individual-extract", person=person(given_name=text(name))))
    record = json.loads(reader(pdf).attachments["record.json"][0])
    assert record["record"]["person"]["given_name"]["ar"] == name
    letters = [letter for letter in name if letter.isalnum()]
    assert set(letters) <= set(words_of(pdf))
    assert failures(pdf) == []


def test_a_name_no_font_can_draw_is_refused(page: Page, embedded: Embedded) -> None:
    with pytest.raises(UnrenderableText) as caught:
        page(embedded("birth", father=person(given_name=text("漢"))))
    assert caught.value.facts == {"field": "record.father.given_name.ar", "character": "U+6F22"}


def test_a_template_that_stops_keeps_its_diagnostic_for_the_log(page: Page, embedded: Embedded) -> None:
    broken = embedded("birth")
    del broken["record"]["mother"]
    with pytest.raises(TemplateFailed) as caught:
        page(broken)
    assert "birth.typ" in caught.value.diagnostic
    assert "birth.typ" not in str(caught.value)


def test_a_failure_leaves_the_renderer_usable(
    page: Page, embedded: Embedded, pages: dict[str, bytes]
) -> None:
    with pytest.raises(TemplateFailed):
        page(embedded("birth", event={}))
    assert page(embedded("birth")) == pages["birth"]


def test_the_samples_are_records_of_their_schemas(embedded: Embedded) -> None:
    """The pages tested here are pages that the catalogue's schemas allow."""
    schemas = Path(schemas_folder.__file__).parent / "schemas"
    for kind in KINDS:
        schema = json.loads((schemas / f"{kind}-1.json").read_text(encoding="utf-8"))
        assert list(jsonschema.Draft202012Validator(schema).iter_errors(embedded(kind))) == []


def test_an_unknown_agency_has_no_letterhead(page: Page, embedded: Embedded) -> None:
    strange = embedded("birth")
    strange["document"]["agency"] = "ministry-of-rain"
    with pytest.raises(TemplateFailed):
        page(strange)


def test_an_unknown_kind_has_no_template(page: Page, embedded: Embedded) -> None:
    with pytest.raises(TemplateFailed):
        page(embedded("birth") | {"kind": "../birth"})
