"""What a page shows is what its record says, whoever sealed it: the page is composed again and compared."""

import json
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sealing_office import ORIGIN, Office, birth
from sealing_pages import TEMPLATE, render, template_set
from sealing_papers import NUMBER, OTHER_NUMBER, Paper, Result, Shelf, archive_of, paper_of
from sealing_updates import Change

from signing.formats.canonical_json import encode_canonical_json
from signing.rendering import composer, view
from signing.rendering.symbol import SealSymbol, draw
from signing.rendering.template_set import (
    BadTemplateSet,
    TemplateSet,
    encode_template_set,
    parse_template_set,
    template_set_name,
)
from verify.documents import DocumentJudge
from verify.pages.archive import TemplateArchive
from verify.pages.sight import SYMBOL_CORNER
from verify.pages.symbol_alone import symbol_alone
from verify.paper.drawing import open_drawing
from verify.verdict import Indication, Outcome, ValidationReport, Verdict

PASSED, DIFFERENT = (Outcome.PASSED, "identical"), (Outcome.FAILED, "different")
READ, OTHER_SYMBOL = (Outcome.PASSED, "read"), (Outcome.FAILED, "other-symbol")


@pytest.fixture(scope="module")
def own() -> TemplateSet:
    return template_set()


@pytest.fixture(scope="module")
def old() -> TemplateSet:
    """As another version of the compiler would have made it, which is not at hand."""
    return template_set(compiler="typst 0.1.0")


@pytest.fixture
def paper(own: TemplateSet, sealed_by: Office) -> Paper:
    return paper_of(own, sealed_by)


def test_a_genuine_page_is_the_one_composed_again(paper: Paper, own: TemplateSet) -> None:
    assert paper.judge(paper.composed(own)) == (PASSED, READ)


def test_a_set_that_no_program_brings_any_more_still_verifies(sealed_by: Office) -> None:
    """Years later only the archive has it."""
    past = template_set({"templates/birth.typ": TEMPLATE.replace("Birth extract", "Extract of birth, 2019")})
    paper = paper_of(past, sealed_by)
    assert paper.judge(paper.composed(past)) == (PASSED, READ)


# What the right keys seal without looking


def test_another_name_in_the_drawing(office: Office) -> None:
    """Signature, record and seal code agree with each other, and the page with none of them."""
    record = birth(NUMBER)
    drawn = json.loads(json.dumps(record))
    drawn["record"]["child"]["given_name"]["en"] = "Salma"
    code = office.seal_code(office.claims(record))
    page = render(code, encode_canonical_json(record), encode_canonical_json(drawn))

    report = office.judge(office.sealer().seal(page, at=office.now))

    assert (report.indication, report.verdict) == (Indication.TOTAL_PASSED, Verdict.NOT_GENUINE)
    assert _failed(report) == {"page"}


def test_symbol_of_another_document_beside_the_right_link(office: Office) -> None:
    other = birth(OTHER_NUMBER)
    others = office.seal_code(office.claims(other, index=8))
    record = birth(NUMBER)
    code = office.seal_code(office.claims(record))
    with patch.object(view, "draw", lambda _: draw(SealSymbol.of(others))):
        page = render(code, encode_canonical_json(record))
    render.cache_clear()

    report = office.judge(office.sealer().seal(page, at=office.now))

    assert (report.indication, report.verdict) == (Indication.TOTAL_PASSED, Verdict.NOT_GENUINE)
    assert _failed(report) == {"page", "symbol"}


@pytest.mark.parametrize(
    ("before", "after", "symbol"),
    [
        ("link(data.seal.text)[Verify", "[and heir]\n  link(data.seal.text)[Verify", READ),
        ('font: "Amiri"', 'font: "Amiri", weight: "bold"', READ),
        ("bottom + left", "bottom + center", READ),
        ("bottom + left,", "bottom + left, hide(", (Outcome.FAILED, "no-symbol")),
    ],
    ids=["another word", "another font", "another place", "no symbol"],
)
def test_a_page_by_another_set_than_its_record_names(
    paper: Paper, before: str, after: str, symbol: Result
) -> None:
    text = TEMPLATE.replace(before, after)
    text = text.replace('code"))', 'code")))') if "hide" in after else text
    assert text != TEMPLATE
    assert paper.judge(paper.composed(template_set({"templates/birth.typ": text}))) == (DIFFERENT, symbol)


def test_two_symbols_on_one_page(paper: Paper) -> None:
    other = draw(SealSymbol(prefix=f"{ORIGIN}/#", digits="1" + "7" * 590)).svg.replace('"', "'")
    drawing = f'place(top + left, image(bytes("{other}"), format: "svg", width: 40mm, alt: "Another"))\n}}'
    two = template_set({"templates/birth.typ": TEMPLATE.rstrip().removesuffix("}") + drawing})
    assert paper.judge(paper.composed(two)) == (DIFFERENT, OTHER_SYMBOL)


def _other_contents(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"0 g 0 0 99 99 re f"))
    writer.mark_update(page.container_ref)


def _annotation(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 99, 99)))
    drawn = {pdf_name("/Subtype"): pdf_name("/Square"), pdf_name("/Rect"): box}
    page["/Annots"].append(writer.add_object(generic.DictionaryObject(drawn)))
    writer.mark_update(page.container_ref)


def _page_size(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/CropBox")] = generic.ArrayObject(map(generic.NumberObject, (0, 0, 99, 99)))
    writer.mark_update(page.container_ref)


def _other_font(writer: IncrementalPdfFileWriter) -> None:
    font = next(iter(writer.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"].values()))
    font.get_object()[pdf_name("/BaseFont")] = pdf_name("/Helvetica")
    writer.mark_update(font.get_object().container_ref)


def _unnamed_object(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"kept for later"))


@pytest.mark.parametrize(
    "change",
    [_other_contents, _annotation, _page_size, _other_font, _unnamed_object],
    ids=lambda each: each.__name__,
)
def test_the_sealing_revision_draws_nothing(paper: Paper, own: TemplateSet, change: Change) -> None:
    """The file begins with the right page, and shows another."""
    page, _ = paper.judge(paper.composed(own), change)
    assert page == (Outcome.FAILED, "sealing-changed-the-page")


# What cannot be compared


def test_without_the_set_nothing_is_said_of_the_page(paper: Paper, own: TemplateSet) -> None:
    page, symbol = paper.judge(paper.composed(own), archive=archive_of())
    assert page == (Outcome.UNDECIDED, "template-set-not-vouched-for")
    assert symbol == READ

    report = _judged_without(paper, own)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.verdict is Verdict.UNDECIDED


def test_a_set_counts_only_by_the_word_of_the_trust_list(paper: Paper, own: TemplateSet) -> None:
    """Who holds the seal key and the static host could publish a set that draws what they like."""
    page, _ = paper.judge(paper.composed(own), archive=archive_of(own, vouched=False))
    assert page == (Outcome.UNDECIDED, "template-set-not-vouched-for")


@pytest.mark.parametrize("octets", [None, b"", b"rubbish"], ids=["not there", "empty", "other octets"])
def test_a_set_that_is_not_what_its_name_says(paper: Paper, own: TemplateSet, octets: bytes | None) -> None:
    name = template_set_name(own.digest)
    archive = TemplateArchive(Shelf({} if octets is None else {name: octets}), vouched=[name])
    page, _ = paper.judge(paper.composed(own), archive=archive)
    finding = "template-set-missing" if octets is None else "template-set-unreadable"
    assert page == (Outcome.UNDECIDED, finding)


def test_a_preparation_that_this_program_does_not_know(sealed_by: Office, own: TemplateSet) -> None:
    paper = paper_of(template_set(preparation=99), sealed_by)
    page, _ = paper.judge(paper.composed(own))
    assert page == (Outcome.UNDECIDED, "other-preparation")


def test_another_compiler_that_writes_the_same_is_as_good(sealed_by: Office, old: TemplateSet) -> None:
    paper = paper_of(old, sealed_by)
    assert paper.judge(paper.composed(old)) == (PASSED, READ)


def test_another_compiler_that_writes_otherwise_is_compared_by_sight(
    sealed_by: Office, own: TemplateSet, old: TemplateSet
) -> None:
    """Other octets, nothing else to see: here by a creation date. The set's own compiler must repeat them."""
    paper, strict = paper_of(old, sealed_by), paper_of(own, sealed_by)
    assert paper.judge(paper.composed(old, later=1)) == ((Outcome.PASSED, "alike-by-sight"), READ)
    assert strict.judge(strict.composed(own, later=1)) == (DIFFERENT, READ)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Layla", "Layli"),
        ("bottom + left", "bottom + center"),
        ("Birth extract]", "Birth extract] + pagebreak()"),
    ],
    ids=["a letter", "a place", "a page"],
)
def test_what_looks_otherwise_is_not_passed_by_sight(
    sealed_by: Office, old: TemplateSet, before: str, after: str
) -> None:
    text = TEMPLATE.replace("#child.given_name.en", "Layla").replace(before, after)
    paper = paper_of(old, sealed_by)
    page, _ = paper.judge(paper.composed(template_set({"templates/birth.typ": text})))
    assert page == (Outcome.UNDECIDED, "other-compiler")


def test_no_compiler_sees_a_record_that_the_code_does_not_name(paper: Paper, own: TemplateSet) -> None:
    pdf = paper.sealed(paper.composed(own))
    with patch.object(composer.Composer, "compose", side_effect=AssertionError):
        checks = paper.judge_sealed(pdf, record=birth(OTHER_NUMBER))
    assert checks == ((Outcome.UNDECIDED, "not-compared"),) * 2


def test_a_record_without_a_check_code_makes_no_page(own: TemplateSet, sealed_by: Office) -> None:
    """Its own set cannot have composed it."""
    whole = paper_of(own, sealed_by)
    record = json.loads(json.dumps(whole.record))
    del record["document"]["check_code"]
    paper = replace(whole, record=record, code=sealed_by.seal_code(sealed_by.claims(record)))
    page, _ = paper.judge(whole.composed(own))
    assert page == (Outcome.FAILED, "not-composable")


# The octets of a set


def test_a_set_is_read_back(own: TemplateSet) -> None:
    assert parse_template_set(encode_template_set(own), digest=own.digest) == own


@pytest.mark.parametrize(
    "name", ["templates/../x.typ", "templates/x", "other/x.typ", "templates/a/b.typ", "/templates/x.typ"]
)
def test_a_set_has_no_file_outside_its_folders(name: str) -> None:
    strange = template_set({name: "text"})
    with pytest.raises(BadTemplateSet):
        parse_template_set(encode_template_set(strange), digest=strange.digest)


def _failed(report: ValidationReport) -> set[str]:
    return {check.code for check in report.checks if check.outcome is Outcome.FAILED}


def _judged_without(paper: Paper, own: TemplateSet) -> ValidationReport:
    trust = replace(paper.office.trust(), source=Shelf({}))
    pdf = paper.sealed(paper.composed(own))
    return DocumentJudge(trust).validate(pdf, at=paper.office.now + timedelta(hours=3))


# The symbol


def test_the_symbol_alone_is_drawn_as_on_its_page(own: TemplateSet, paper: Paper) -> None:
    """Another picture of it is not: the operators are the page's own."""
    page = paper.composed(own)
    alone = symbol_alone(page)
    assert alone is not None
    assert alone.startswith(page)
    with open_drawing(page) as file:
        whole = file.draw(0, dpi=150, corner=SYMBOL_CORNER)
    with open_drawing(alone) as file:
        assert file.draw(0, dpi=150, corner=SYMBOL_CORNER) == whole
        assert not file.text(0)


@pytest.mark.parametrize("octets", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n<</Type/Pages/Count 1/Kids[9 0 R]>>\n"])
def test_a_file_of_another_make_has_no_symbol_of_ours(octets: bytes) -> None:
    assert symbol_alone(octets) is None
