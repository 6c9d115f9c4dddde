"""The headline: the verdict as somebody at a counter understands it, and what to do now.

A word, a shape and a colour each say it alone; then one sentence that says what it means, and one
that says what to do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.reasons import Reason
from verify.verdict import (
    Check,
    DocumentStatus,
    Outcome,
    SubIndication,
    ValidationReport,
    Verdict,
    Words,
)

if TYPE_CHECKING:
    from verify.seal import SealReport

SHAPES: Mapping[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: ("✔", "green"),
    Verdict.NOT_IN_FORCE: ("■", "yellow"),
    Verdict.NOT_GENUINE: ("✖", "red"),
    Verdict.UNDECIDED: ("?", "cyan"),
}
NAMES: Mapping[Verdict, Words] = {
    Verdict.GENUINE: Words(ar="أصلية وسارية", en="GENUINE and in force"),
    Verdict.NOT_IN_FORCE: Words(ar="أصلية لكنها غير سارية", en="GENUINE but NOT IN FORCE"),
    Verdict.NOT_GENUINE: Words(ar="غير أصلية", en="NOT GENUINE"),
    Verdict.UNDECIDED: Words(ar="لا يمكن الحكم عليها", en="CANNOT BE DECIDED"),
}
_STRANGER = Words(ar="لم تُختم لدى هذه السلطة", en="NOT SEALED UNDER THIS AUTHORITY")

_GENUINE = Words(
    ar="أصدرت الجهة المذكورة أدناه هذه الوثيقة، ولم يتغيّر فيها شيء منذ ختمها، وهي سارية بحسب السجل.",
    en="The agency named below issued this document, nothing in it has changed since it was sealed, "
    "and by the register it is in force.",
)
_RELY = Words(
    ar="يمكنك الاعتماد عليها. وإن كانت أمامك ورقة فقارن كل سطر مما يلي بها، وانظر بقية ما فيها في الملف.",
    en="You can rely on it. If you hold it on paper, compare each of the following lines with the paper, "
    "and for the rest of the paper look at the file.",
)
_COMPARE = Words(
    ar="قارن الآن كل سطر مما يلي بالورقة. أي اختلاف يعني أن الورقة عُدّلت.",
    en="Now compare each of the following lines with the paper. "
    "Any difference means that the paper was altered.",
)
_ENDED: Mapping[DocumentStatus, Words] = {
    DocumentStatus.REVOKED: Words(
        ar="أصدرت الجهة هذه الوثيقة فعلاً ثم ألغتها.",
        en="The agency did issue this document, and withdrew it later.",
    ),
    DocumentStatus.SUSPENDED: Words(
        ar="أصدرت الجهة هذه الوثيقة فعلاً، وأوقفت العمل بها مؤقتاً.",
        en="The agency did issue this document, and has suspended it for now.",
    ),
    DocumentStatus.SUPERSEDED: Words(
        ar="أصدرت الجهة هذه الوثيقة فعلاً، ثم حلّت محلها وثيقة أحدث.",
        en="The agency did issue this document, and a newer one has taken its place.",
    ),
    DocumentStatus.EXPIRED: Words(
        ar="أصدرت الجهة هذه الوثيقة فعلاً، وانتهت مدة صلاحيتها.",
        en="The agency did issue this document, and its time of validity has passed.",
    ),
}
_REFUSE = Words(ar="لا تقبلها. اطلب وثيقة جديدة.", en="Do not accept it. Ask for a new document.")
_REFUSE_NOW = Words(
    ar="لا تقبلها الآن. راجع الجهة المصدرة.", en="Do not accept it now. Ask the issuing agency."
)
_NOT_ISSUED = Words(
    ar="لم تصدر هذه الوثيقة: لا يعرفها سجل الجهة.",
    en="This document was never issued: the agency's register does not know it.",
)
_WRONG = Words(
    ar="لم تصدر هذه الوثيقة عن الجهة، أو تغيّر فيها شيء بعد ختمها.",
    en="The agency did not issue this document, or something in it was changed after it was sealed.",
)
_TELL = Words(ar="لا تقبلها، وأبلغ الجهة المصدرة.", en="Do not accept it, and tell the issuing agency.")
_NOT_KNOWN = Words(
    ar="ختمها صحيح ولم يتغيّر فيها شيء، لكن لا يُعرف إن ألغتها الجهة بعد ذلك.",
    en="Its seal is right and nothing in it has changed, "
    "but it is not known whether the agency withdrew it since.",
)
_OPEN = Words(ar="لا تكفي المعلومات المتوفرة هنا للحكم.", en="What is at hand is not enough to decide.")
_WAIT = Words(ar="لا تعتمد عليها قبل أن ينجح التحقق.", en="Do not rely on it until a check succeeds.")
_AGAIN = Words(
    ar="لا تعتمد عليها بعد. أعد التحقق عند توفر الإنترنت.",
    en="Do not rely on it yet. Check again with a connection.",
)
_ELSEWHERE = Words(
    ar="لا تقبلها على أنها صادرة عن جهة تعرفها هذه السلطة.",
    en="Do not accept it as a document of an agency that this authority knows.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict in a few words, what it means, and what to do."""

    verdict: Verdict
    words: Words
    meaning: Words
    advice: Words

    @property
    def shape(self) -> str:
        """One character."""
        return SHAPES[self.verdict][0]

    @property
    def is_of_a_stranger(self) -> bool:
        """Whether anybody at all may have made the seal."""
        return self.words is _STRANGER

    @property
    def colour(self) -> str:
        """As a terminal names it."""
        return SHAPES[self.verdict][1]


def headline_of(report: ValidationReport) -> Headline:
    """The headline over the report on a file; its checks give the reason of what is not genuine."""
    verdict, checks = report.verdict, report.checks
    if report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND and verdict is Verdict.UNDECIDED:
        meaning = _first(checks, Outcome.UNDECIDED) or _OPEN
        return Headline(verdict=verdict, words=_STRANGER, meaning=meaning, advice=_ELSEWHERE)
    meaning, advice = _sentences(report)
    return Headline(verdict=verdict, words=NAMES[verdict], meaning=meaning, advice=advice)


def headline_of_code(report: "SealReport") -> Headline:
    """The headline over a code without its file: the paper is yet to be compared with it."""
    verdict = report.verdict
    advice = {
        Verdict.GENUINE: _COMPARE,
        Verdict.NOT_IN_FORCE: _REFUSE_NOW if report.status is DocumentStatus.SUSPENDED else _REFUSE,
        Verdict.NOT_GENUINE: _TELL,
        Verdict.UNDECIDED: _WAIT,
    }[verdict]
    return Headline(verdict=verdict, words=NAMES[verdict], meaning=report.words, advice=advice)


def _sentences(report: ValidationReport) -> tuple[Words, Words]:
    match report.verdict:
        case Verdict.GENUINE:
            return _GENUINE, _RELY
        case Verdict.NOT_IN_FORCE:
            is_suspended = report.status is DocumentStatus.SUSPENDED
            return _ENDED[report.status], _REFUSE_NOW if is_suspended else _REFUSE
        case Verdict.NOT_GENUINE:
            never = _NOT_ISSUED if report.status is DocumentStatus.NOT_ISSUED else _WRONG
            return _first(report.checks, Outcome.FAILED) or never, _TELL
        case Verdict.UNDECIDED:
            doubt = _first(report.checks, Outcome.UNDECIDED) or _rolled_back(report.checks)
            return (_NOT_KNOWN, _AGAIN) if doubt is None else (doubt, _WAIT)


def _rolled_back(checks: Iterable[Check]) -> Words | None:
    """An older list than one seen before may be somebody's trick: that is told first."""
    older = (each for each in checks if each.facts.get("reason") == Reason.STATUS_ROLLED_BACK)
    return next((each.words for each in older), None)


def _first(checks: Iterable[Check], outcome: Outcome) -> Words | None:
    return next((each.words for each in checks if each.outcome is outcome), None)
