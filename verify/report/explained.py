"""`explain`: why a file got its verdict, step by step.

Each step says what was asked and why that matters, what was found, the rule behind it with its clause,
and the finer constraints of ETSI EN 319 102-1 that were applied. Steps that were not reached are told
too: silence is not consent. Here stand the codes that a report for people leaves out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from verify.report.headline import Headline, headline_of, headline_of_code
from verify.report.instants import instant_as_text
from verify.report.questions import QUESTIONS, UNKNOWN, Question, question_behind
from verify.verdict import Check, Constraint, Outcome, ValidationReport, Words

if TYPE_CHECKING:
    from verify.seal import SealReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; its `outcome` is None where it was not reached or there was nothing to look at."""

    code: str
    question: Question
    outcome: Outcome | None = None
    found: Words | None = None
    rule: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All steps in their order, and how they come to the verdict."""

    headline: Headline
    steps: tuple[Step, ...]
    product: Mapping[str, str]  # the parts of the verdict and their values, by their stable names


def explain(report: ValidationReport) -> Explanation:
    """Why a file got its verdict."""
    steps = [*_steps(report)]
    sub = f" / {report.sub_indication}" if report.sub_indication else ""
    as_of = instant_as_text(report.status_as_of)
    product = {
        "at": instant_as_text(report.at) or "",
        "indication": f"{report.indication}{sub}",
        "level": str(report.level or "-"),
        "status": f"{report.status}" + (f" ({as_of})" if as_of else ""),
        "agreement": report.agreement.value,
        "verdict": report.verdict.value,
        "exit_code": str(report.verdict.exit_code),
    }
    return Explanation(headline=headline_of(report), steps=tuple(steps), product=product)


def explain_code(report: "SealReport") -> Explanation:
    """Why a seal code got its verdict."""
    sub = f" / {report.sub_indication}" if report.sub_indication else ""
    as_of = instant_as_text(report.status_as_of)
    product = {
        "at": instant_as_text(report.at) or "",
        "reason": report.reason.value,
        "indication": f"{report.indication}{sub}",
        "status": f"{report.status}" + (f" ({as_of})" if as_of else ""),
        "verdict": report.verdict.value,
        "exit_code": str(report.verdict.exit_code),
    }
    return Explanation(headline=headline_of_code(report), steps=(_step(report.check, ()),), product=product)


def _steps(report: ValidationReport) -> Iterator[Step]:
    """What was looked at, in the order of the report; then what was not.

    A constraint stands below the first check of its subject. Where a judgement stopped before a check was
    written down, its constraints are told all the same.
    """
    left = list(report.constraints)
    for check in report.checks:
        behind = question_behind(check.code)
        belongs = tuple(each for each in left if question_behind(each.subject) is behind)
        left = [each for each in left if each not in belongs]
        yield _step(check, belongs)
    reached = {question_behind(check.code) for check in report.checks}
    for code, question in QUESTIONS.items():
        if question not in reached:
            belongs = tuple(each for each in left if question_behind(each.subject) is question)
            yield Step(code=code, question=question, constraints=belongs)


def _step(check: Check, constraints: tuple[Constraint, ...]) -> Step:
    return Step(
        code=check.code,
        question=question_behind(check.code) or UNKNOWN,
        outcome=check.outcome,
        found=check.words,
        rule=check.rule,
        facts=check.facts,
        constraints=constraints,
    )
