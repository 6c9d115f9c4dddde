"""The sentences of every problem, in Arabic and English.

An error class carries its own sentence (`ar`, `en`, with `{fact}` placeholders) beside
its `code`; the seven kinds of issuance/errors.py have theirs here. The *title* of a
problem is that of its kind and never varies (RFC 9457 §3.1.3); the *detail* is the
error's own sentence with its facts filled in.

Only facts named in a sentence are shown to the caller: the others are for the log. A fact that
is itself words (a `Sentence`) is shown in the language of the sentence it stands in.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Literal

from issuance.errors import (
    Conflict,
    Forbidden,
    Invalid,
    IssuanceError,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

MAX_FACT_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence in both languages."""

    ar: str
    en: str


TITLES: dict[type[IssuanceError], Sentence] = {
    NotFound: Sentence(ar="غير موجود", en="Not found"),
    Invalid: Sentence(ar="طلب غير صحيح", en="Not valid"),
    Conflict: Sentence(ar="لا تسمح به الحالة الراهنة", en="Not possible in the present state"),
    Forbidden: Sentence(ar="غير مسموح", en="Not allowed"),
    Unauthenticated: Sentence(ar="تسجيل الدخول مطلوب", en="Sign-in needed"),
    TooMany: Sentence(ar="محاولات كثيرة", en="Too many attempts"),
    Unavailable: Sentence(ar="غير متاح حالياً", en="Not available at present"),
    IssuanceError: Sentence(ar="خطأ داخلي", en="Internal error"),
}

_GENERAL: dict[type[IssuanceError], Sentence] = {
    NotFound: Sentence(
        ar="ما تطلبه غير موجود أو ليس لك.", en="What you ask for does not exist or is not yours."
    ),
    Invalid: Sentence(ar="في الطلب ما لا يصح.", en="Something in the request cannot be right."),
    Conflict: Sentence(ar="لا يمكن ذلك في الحالة الراهنة.", en="This cannot be done in the present state."),
    Forbidden: Sentence(ar="لا يجوز لك هذا العمل.", en="You may not do this."),
    Unauthenticated: Sentence(ar="سجّل الدخول أولاً.", en="Sign in first."),
    TooMany: Sentence(ar="انتظر قليلاً ثم حاول من جديد.", en="Wait a little, then try again."),
    Unavailable: Sentence(
        ar="تعذر الوصول إلى جهة أخرى. حاول بعد قليل.", en="Another party did not answer. Try again shortly."
    ),
    IssuanceError: Sentence(
        ar="حدث خطأ من جانبنا. أعد المحاولة، واذكر رقم الطلب إن تكرر.",
        en="Something went wrong on our side. Try again, and quote the request id if it happens again.",
    ),
}


def title_of(error: type[IssuanceError]) -> Sentence:
    """The title of the kind of problem that `error` is."""
    return next(TITLES[kind] for kind in error.__mro__ if kind in TITLES)


def sentence_of(error: type[IssuanceError]) -> Sentence:
    """The error's own sentence, its placeholders unfilled; that of its kind where it has none."""
    for kind in error.__mro__:
        own = vars(kind)
        if "ar" in own and "en" in own:
            return Sentence(ar=own["ar"], en=own["en"])
        if kind in _GENERAL:
            return _GENERAL[kind]
    raise TypeError(error)


def detail_of(error: IssuanceError) -> Sentence:
    """The error's sentence with its facts filled in."""
    template = sentence_of(type(error))
    return Sentence(
        ar=fill(template.ar, _in_language(error.facts, "ar")),
        en=fill(template.en, _in_language(error.facts, "en")),
    )


def placeholders(template: str) -> frozenset[str]:
    """The facts a sentence names."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def fill(template: str, facts: Mapping[str, object]) -> str:
    """Fill a sentence; a fact that is not there shows as an ellipsis rather than as another error."""
    return template.format_map({name: _shown(facts.get(name, "…")) for name in placeholders(template)})


def _in_language(facts: Mapping[str, object], language: Literal["ar", "en"]) -> dict[str, object]:
    return {
        name: getattr(fact, language) if isinstance(fact, Sentence) else fact for name, fact in facts.items()
    }


def _shown(value: object) -> str:
    """A fact as plain text: no control, format or bidirectional-override character may come through."""
    text = str(value)[:MAX_FACT_CHARACTERS]
    return "".join(letter for letter in text if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co"})
