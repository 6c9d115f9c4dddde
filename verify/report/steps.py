"""Writes an explanation for somebody who wants to know why, and by which rule."""

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from verify.report.explained import Explanation, Step
from verify.report.plain import plain
from verify.report.words import OUTCOME_WORDS, OUTCOMES, Language, joined, said
from verify.verdict import Constraint, Words

_NOT_REACHED = Words(
    ar="لم يُفحص: لا يوجد في الملف، أو توقف الفحص قبله.",
    en="Not looked at: there is none in the file, or an earlier step ended the check.",
)
_RULE = Words(ar="القاعدة", en="Rule")
_WHY = Words(ar="لماذا يهم", en="Why it matters")
_REQUIRED = Words(ar="المطلوب", en="Required")
_PRODUCT = Words(
    ar="الحكم حاصل ثلاثة أجزاء، وجزء واحد سيئ يكفي: الختم × الحالة في السجل × تطابق الأجزاء.",
    en="The verdict is the product of three parts, and one bad part is enough: "
    "the seal (indication) × the register (status) × the agreement.",
)


def write_explanation(
    console: Console, name: str, explanation: Explanation, *, language: Language = Language.BOTH
) -> None:
    """Writes every step, its outcome, what it means, and the rule that it cites."""
    style = f"bold {explanation.headline.colour}"
    console.print(Text(plain(name), style="bold"))
    for line in said(explanation.headline.words, language):
        console.print(Text(f"{explanation.headline.shape} {line}", style=style))
    for number, step in enumerate(explanation.steps, 1):
        console.print()
        for each in _step(number, step, language):
            console.print(each)
    console.print()
    for line in said(_PRODUCT, language):
        console.print(Text(line))
    for each in _facts(explanation.product, ""):
        console.print(Padding(each, (0, 0, 0, 3)))


def _step(number: int, step: Step, language: Language) -> Iterator[RenderableType]:
    question = step.question
    if step.outcome is None:
        yield Text(f"{number}. – {joined(question.title, language)}  [{plain(step.code)}]", style="dim")
        if not step.constraints:
            yield from _indented(_NOT_REACHED, language, style="dim")
        yield from _constraints(step.constraints, language)
        return
    shape, colour = OUTCOMES[step.outcome]
    outcome = joined(OUTCOME_WORDS[step.outcome], language)
    title = f"{number}. {shape} {joined(question.title, language)}: {outcome}"
    yield Text.assemble((title, f"bold {colour}"), f"  [{plain(step.code)}]")
    yield from _indented(question.asked, language, style="italic")
    if step.found is not None:
        yield from _indented(step.found, language)
    yield from _indented(question.why, language, style="dim", label=_WHY)
    if step.rule:
        yield Padding(Text(f"{joined(_RULE, language)}: {plain(step.rule)}", style="dim"), (0, 0, 0, 3))
    for each in _facts(step.facts, "dim"):
        yield Padding(each, (0, 0, 0, 3))
    yield from _constraints(step.constraints, language)


def _indented(
    words: Words, language: Language, *, style: str = "", label: Words | None = None
) -> Iterator[RenderableType]:
    lines = said(words, language)
    labels = said(label, language) if label else ("",) * len(lines)
    for line, before in zip(lines, labels, strict=True):
        text = f"{before}: {line}" if before else line
        yield Padding(Text(text, style=style), (0, 0, 0, 3))


def _constraints(constraints: Iterable[Constraint], language: Language) -> Iterator[RenderableType]:
    """One line each: what was measured, the constraint's name, its clause; then what it means."""
    for each in constraints:
        shape, colour = OUTCOMES[each.outcome]
        named = f" {plain(each.subject)} / {plain(each.code)}  ({plain(each.rule)})"
        yield Padding(Text.assemble((shape, colour), named), (0, 0, 0, 5))
        for before, line in zip(said(_REQUIRED, language), said(each.words, language), strict=True):
            yield Padding(Text(f"{before}: {line}", style="dim"), (0, 0, 0, 7))
        for fact in _facts(each.facts, "dim"):
            yield Padding(fact, (0, 0, 0, 7))


def _facts(facts: Mapping[str, str], style: str) -> Iterator[Text]:
    for name, value in facts.items():
        if value:
            yield Text(f"{plain(name)}: {plain(value)}", style=style)
