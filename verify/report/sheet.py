"""One sheet of a printed report, and the table of contents before many of them."""

from collections.abc import Iterable, Iterator, Mapping

from verify.report import words
from verify.report.headline import NAMES, SHAPES
from verify.report.markup import Markup, element
from verify.report.people import outcome_of
from verify.report.told import Row, Told, Value
from verify.report.words import OUTCOME_WORDS, OUTCOMES, Language
from verify.verdict import Check, FieldComparison, Outcome, Verdict, Words

_TITLE = Words(ar="تقرير التحقق من وثيقة رسمية", en="Verification of an official document")
_MANY = Words(ar="تقرير التحقق من وثائق رسمية", en="Verification of official documents")
_ORDER = Words(ar="الرقم", en="No.")
_FILE = Words(ar="الملف", en="File")
_UNREAD = Words(ar="تعذّر فتحه، ولم يُفحص", en="COULD NOT BE OPENED, not checked")
_UNREAD_SHAPE = "!"
_VERDICT = Words(ar="الحكم", en="Verdict")
_NOTE = Words(
    ar="يقول هذا التقرير ما وجدته أداة التحقق، وليس له ختم: "
    "من شكّ فيه أعاد التحقق من الملف نفسه بأمر wathiqa-verify.",
    en="This report tells what the verifier found and carries no seal of its own: "
    "whoever doubts it checks the same file again with wathiqa-verify.",
)
# Inside 48 × 48: a shape filled with the verdict's colour, and the mark on it.
_SHAPES: Mapping[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: ("M24 2a22 22 0 1 1 0 44a22 22 0 1 1 0-44z", "M14 25l7 7l14-15"),
    Verdict.NOT_IN_FORCE: ("M24 2l22 22l-22 22l-22-22z", "M16 24h16"),
    Verdict.NOT_GENUINE: ("M15 2h18l13 13v18l-13 13h-18l-13-13v-18z", "M16 16l16 16M32 16l-16 16"),
    Verdict.UNDECIDED: (
        "M8 3h32a5 5 0 0 1 5 5v32a5 5 0 0 1-5 5h-32a5 5 0 0 1-5-5v-32a5 5 0 0 1 5-5z",
        "M17 18a7 7 0 1 1 10 6q-3 2-3 5M24 36v.1",
    ),
}
_CLASSES: Mapping[Outcome, str] = {
    Outcome.PASSED: "outcome passed",
    Outcome.FAILED: "outcome failed",
    Outcome.UNDECIDED: "outcome open",
}


def sheet_of(number: int, told: Told, language: Language) -> Markup:
    """All about one file or code. The instant judged at stands beside the verdict."""
    about = words.CLAIMED if told.is_claimed_only else words.ABOUT
    return element(
        "article",
        _head(_TITLE, language),
        element("p", *_spoken("span", _FILE, language), element("bdi", told.name), class_="name"),
        _verdict(told, language),
        _sentences(told, language),
        _section(
            about, _table(told.document, language), language, "claimed" if told.is_claimed_only else None
        ),
        _section(told.fields_title, _fields(told.fields, language), language),
        _section(words.SEALING, _table(told.seal, language), language),
        _section(words.KNOWLEDGE, _table(told.knowledge[1:], language), language),
        _section(told.checks_title, _checks(told.checks, language), language),
        _notes((words.BEARER, _NOTE), language),
        class_=f"sheet {told.headline.verdict}",
        id=f"document-{number}",
    )


def overview_line(number: int, told: Told, language: Language) -> Markup:
    """One line of the table of contents."""
    mark = element("b", told.headline.shape, aria_hidden="true")
    document = dict(told.document).get(words.NUMBER)
    return element(
        "tr",
        element("td", f"{number}"),
        element("td", element("bdi", element("a", told.name, href=f"#document-{number}"))),
        element("td", element("bdi", document if isinstance(document, str) else "–")),
        element("td", mark, *_spoken("span", told.headline.words, language), class_="word"),
        class_=told.headline.verdict.value,
    )


def overview_of_unread(number: int, name: str, language: Language) -> Markup:
    """The line of a file that could not be opened."""
    mark = element("b", _UNREAD_SHAPE, aria_hidden="true")
    return element(
        "tr",
        element("td", f"{number}"),
        element("td", element("bdi", name)),
        element("td", element("bdi", "–")),
        element("td", mark, *_spoken("span", _UNREAD, language), class_="word"),
        class_=Verdict.UNDECIDED.value,
    )


def overview_of(
    lines: Iterable[str], counted: Mapping[Verdict, int], unread: int, language: Language
) -> Iterator[str]:
    """How many of each verdict, and the table of contents; `lines` are markup already."""
    yield '<article class="sheet">'
    yield _head(_MANY, language)
    yield element("table", *_counts(counted, unread, language), class_="counts")
    yield '<table class="overview"><thead>'
    heads = (_ORDER, _FILE, words.NUMBER, _VERDICT)
    yield element("tr", *(element("th", *_spoken("span", each, language)) for each in heads))
    yield "</thead><tbody>\n"
    for line in lines:
        yield f"{line}\n"
    yield "</tbody></table></article>\n"


def _counts(counted: Mapping[Verdict, int], unread: int, language: Language) -> Iterator[Markup]:
    for verdict in Verdict:
        yield _count(SHAPES[verdict][0], NAMES[verdict], counted.get(verdict, 0), verdict, language)
    if unread:
        yield _count(_UNREAD_SHAPE, _UNREAD, unread, Verdict.UNDECIDED, language)


def _count(shape: str, name: Words, number: int, verdict: Verdict, language: Language) -> Markup:
    return element(
        "tr",
        element("td", shape, class_="word outcome", aria_hidden="true"),
        element("td", *_spoken("span", name, language), class_="word"),
        element("td", f"{number}"),
        class_=verdict.value,
    )


def _head(title: Words, language: Language) -> Markup:
    return element("header", element("h1", *_spoken("span", title, language)), class_="head")


def _verdict(told: Told, language: Language) -> Markup:
    shape, mark = _SHAPES[told.headline.verdict]
    drawing = element(
        "svg",
        element("path", d=shape, class_="fill"),
        element("path", d=mark, class_="mark"),
        viewBox="0 0 48 48",
        aria_hidden="true",
    )
    said = element("div", *_spoken("h2", told.headline.words, language))
    judged = element("div", *_spoken("p", told.judged_at, language), class_="judged")
    return element("div", drawing, said, judged, class_="verdict")


def _sentences(told: Told, language: Language) -> Markup:
    return element(
        "div",
        *_spoken("p", told.headline.meaning, language),
        *_spoken("p", told.headline.advice, language, class_="advice"),
        class_="sentences",
    )


def _section(
    title: Words, content: Markup | None, language: Language, class_: str | None = None
) -> Markup | None:
    if content is None:
        return None
    return element("section", element("h3", *_spoken("span", title, language)), content, class_=class_)


def _table(rows: Iterable[Row], language: Language) -> Markup | None:
    lines = [element("tr", *_sides(label, _value("td", value, language), language)) for label, value in rows]
    return element("table", *lines) if lines else None


def _sides(label: Words, value: Markup, language: Language) -> Iterator[Markup]:
    """Label and value; in both languages the value stands between its two labels."""
    first, *others = _spoken("th", label, language)
    yield first
    yield value
    yield from others


def _value(name: str, value: Value, language: Language) -> Markup:
    if isinstance(value, str):
        is_print = len(value) == 64  # noqa: PLR2004 - a SHA-256 in hexadecimal
        return element(name, element("bdi", value), class_="print" if is_print else None)
    if value.ar == value.en:
        return element(name, element("bdi", value.ar))
    return element(name, *_spoken("span", value, language))


def _checks(checks: Iterable[Check], language: Language) -> Markup | None:
    lines = [
        element(
            "tr",
            _mark(each.outcome),
            element("td", element("div", *_spoken("p", each.words, language), class_="sides")),
        )
        for each in checks
    ]
    return element("table", *lines, class_="checks") if lines else None


def _fields(fields: Iterable[FieldComparison], language: Language) -> Markup | None:
    lines = []
    for field in fields:
        value = element("td", element("bdi", field.value, dir="auto"))
        mark = _mark(outcome_of(field)) if field.agrees is not None else None
        lines.append(element("tr", mark, *_sides(field.label, value, language)))
    return element("table", *lines) if lines else None


def _mark(outcome: Outcome) -> Markup:
    shape, said = OUTCOMES[outcome][0], OUTCOME_WORDS[outcome]
    label = f"{said.ar} · {said.en}"
    return element("td", element("span", shape, role="img", aria_label=label), class_=_CLASSES[outcome])


def _notes(notes: Iterable[Words], language: Language) -> Markup:
    return element("footer", *(p for each in notes for p in _spoken("p", each, language)), class_="notes")


def _spoken(name: str, said: Words, language: Language, class_: str | None = None) -> Iterator[Markup]:
    """An element for each language, that says which it is."""
    if language is not Language.EN:
        yield element(name, said.ar, lang="ar", class_=class_)
    if language is not Language.AR:
        yield element(name, said.en, lang="en", class_=class_)
