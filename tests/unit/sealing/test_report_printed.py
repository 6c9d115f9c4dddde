"""The printed report: what a stranger wrote stays text, and what is in it can be seen on paper."""

from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO

import pytest
from sealing_office import Office

from verify.report.instants import moment
from verify.report.knowledge import knowledge_of
from verify.report.markup import element
from verify.report.plain import STAND_IN, plain
from verify.report.printed import PrintedReport, report_as_html
from verify.report.words import Language
from verify.verdict import DocumentFacts, FieldComparison, SignatureFacts, ValidationReport, Words

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)>&lt;'
REVERSED = "invoice\u202efdp.exe\u2066\u200f"


class Seen(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def genuine(sealed: bytes, sealed_by: Office) -> ValidationReport:
    return sealed_by.judge(sealed)


def hostile(report: ValidationReport) -> ValidationReport:
    """Every text that a stranger can have written, as bad as he can."""
    said = MARKUP + REVERSED
    both = Words(ar=said, en=said)
    checks = tuple(replace(each, facts={said: said}) for each in report.checks)
    return replace(
        report,
        document=DocumentFacts(number=said, kind=said, agency=said, agency_name=both),
        signature=SignatureFacts(signer=said),
        fields=(FieldComparison(name=said, label=both, value=said, agrees=False),),
        checks=checks,
    )


@pytest.mark.parametrize("language", Language)
def test_no_name_and_no_record_becomes_markup(genuine: ValidationReport, language: Language) -> None:
    page = report_as_html([(MARKUP + REVERSED, hostile(genuine)), ("b", genuine)], language=language)
    seen, honest = Seen(page), Seen(report_as_html([("a", genuine), ("b", genuine)], language=language))

    assert {tag for tag, _ in seen.tags} == {tag for tag, _ in honest.tags}
    assert not any(key.startswith("on") or key in {"src", "style"} for _, each in seen.tags for key in each)
    assert MARKUP in seen.text


def test_nothing_that_reverses_a_line_is_left(genuine: ValidationReport) -> None:
    page = report_as_html([(REVERSED, hostile(genuine))])

    assert not {"\u202e", "\u2066", "\u200f"} & set(page)
    assert f"invoice{STAND_IN}fdp.exe" in page


def test_name_that_is_not_utf_8_can_be_written(genuine: ValidationReport) -> None:
    page = report_as_html([("\udcff.pdf", genuine)])

    assert f"{STAND_IN}.pdf".encode() in page.encode("utf-8")


def test_nothing_is_fetched_and_nothing_runs(genuine: ValidationReport) -> None:
    seen = Seen(report_as_html([("a.pdf", genuine)]))
    (policy,) = [each["content"] for tag, each in seen.tags if each.get("http-equiv")]

    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not [tag for tag, _ in seen.tags if tag in {"link", "script", "img", "iframe", "object"}]
    assert [each["href"] for tag, each in seen.tags if tag == "a"] == []


def test_headline_instant_age_and_advice_are_on_the_sheet(
    genuine: ValidationReport, sealed_by: Office
) -> None:
    knowledge = knowledge_of(sealed_by.trust())
    page = Seen(report_as_html([("a.pdf", genuine)], knowledge=knowledge)).text

    for said in (
        "GENUINE and in force",
        "أصلية وسارية",
        "You can rely on it.",
        moment(genuine.at).en,
        "1 hour before this check",
        "قبل هذا التحقق بساعة واحدة",
        genuine.sha256,
        "carries no seal of its own",
    ):
        assert said in page, said


def test_no_code_of_a_machine_is_told_to_people(office: Office, sealed: bytes) -> None:
    changed = sealed.replace(b"/Lang (en)", b"/Lang (fr)", 1)
    page = Seen(report_as_html([("a", office.judge(changed)), ("b", office.judge(b""))])).text

    for code in ("TOTAL", "_FAILURE", "INDETERMINATE", "PAdES", "sub_indication", "rule:"):
        assert code not in page, code


def test_many_are_counted_and_listed_first(genuine: ValidationReport, office: Office) -> None:
    written = StringIO()
    with PrintedReport(language=Language.EN) as report:
        report.add("one.pdf", genuine)
        report.add("two.pdf", office.judge(b""))
        report.add("three.pdf", genuine)
        report.write(written)
    seen = Seen(written.getvalue())

    assert [each["href"] for tag, each in seen.tags if tag == "a"] == [f"#document-{n}" for n in (1, 2, 3)]
    assert [each["id"] for _, each in seen.tags if "id" in each] == [f"document-{n}" for n in (1, 2, 3)]
    assert "✔GENUINE and in force2" in seen.text
    assert "✖NOT GENUINE1" in seen.text


ACTING = ("\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u061c", "\x1b", "\n", "\ud800", "\ufeff")


def test_file_that_could_not_be_opened_is_not_passed_over(genuine: ValidationReport) -> None:
    written = StringIO()
    with PrintedReport(language=Language.EN) as report:
        report.add("one.pdf", genuine)
        report.add_unread("gone<b>.pdf")
        report.write(written)
    seen = Seen(written.getvalue())

    assert "gone<b>.pdf" in seen.text
    assert "!COULD NOT BE OPENED, not checked1" in seen.text


@pytest.mark.parametrize("character", ACTING, ids=ascii)
def test_what_acts_is_seen_instead(character: str) -> None:
    assert plain(f"a{character}b") == f"a{STAND_IN}b"
    assert element("p", character, title=character) == f'<p title="{STAND_IN}">{STAND_IN}</p>'


def test_joiners_of_letters_stay() -> None:
    assert plain("می\u200cخواهم") == "می\u200cخواهم"
