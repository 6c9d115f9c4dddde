"""The words of a report: what every verdict, status and outcome is called, and its shape and colour.

A word, a shape and a colour each say it alone: no one of the three is needed to understand it.
"""

from datetime import datetime
from enum import StrEnum

from verify.verdict import Agreement, DocumentStatus, Outcome, Verdict, Words


class Language(StrEnum):
    """Which languages a report for people uses."""

    AR = "ar"
    EN = "en"
    BOTH = "both"


VERDICTS = {
    Verdict.GENUINE: ("✔", "green", Words(ar="أصلية وسارية", en="GENUINE and in force")),
    Verdict.NOT_IN_FORCE: ("■", "yellow", Words(ar="أصلية لكنها غير سارية", en="GENUINE but NOT IN FORCE")),
    Verdict.NOT_GENUINE: ("✖", "red", Words(ar="غير أصلية", en="NOT GENUINE")),
    Verdict.UNDECIDED: ("?", "cyan", Words(ar="لا يمكن الحكم عليها", en="CANNOT BE DECIDED")),
}
OUTCOMES = {
    Outcome.PASSED: ("✔", "green"),
    Outcome.FAILED: ("✖", "red"),
    Outcome.UNDECIDED: ("?", "cyan"),
}
STATUSES = {
    DocumentStatus.VALID: Words(ar="سارية", en="in force"),
    DocumentStatus.REVOKED: Words(ar="ملغاة", en="revoked"),
    DocumentStatus.SUSPENDED: Words(ar="موقوفة مؤقتاً", en="suspended"),
    DocumentStatus.SUPERSEDED: Words(ar="حلّت محلها وثيقة أخرى", en="superseded"),
    DocumentStatus.EXPIRED: Words(ar="انتهت مدتها", en="expired"),
    DocumentStatus.NOT_ISSUED: Words(ar="لم تصدر", en="never issued"),
    DocumentStatus.UNKNOWN: Words(ar="غير معروفة", en="not known"),
}
AGREEMENTS = {
    Agreement.AGREES: Words(ar="متطابقة", en="agree"),
    Agreement.DIFFERS: Words(ar="مختلفة", en="differ"),
    Agreement.NOT_CHECKED: Words(ar="لم تُفحص", en="not compared"),
}
CLAIMED = Words(
    ar="ما تقوله الوثيقة عن نفسها، ولا يُعتد به:", en="What it says of itself, not to be believed:"
)
COMPARE = Words(ar="قارن الآن كل سطر بالورقة.", en="Now compare each line with the paper.")
BEARER = Words(ar="هذا الفحص لا يثبت هوية حامل الوثيقة.", en="This check does not prove who the bearer is.")


def said(words: Words, language: Language) -> tuple[str, ...]:
    """The sentence, a line for each language."""
    return {
        Language.AR: (words.ar,),
        Language.EN: (words.en,),
        Language.BOTH: (words.ar, words.en),
    }[language]


def joined(words: Words | None, language: Language) -> str | None:
    """The words in one line."""
    return " · ".join(said(words, language)) if words else None


def instant_as_text(at: datetime | None) -> str | None:
    """As ISO 8601 writes it, in UTC."""
    return at.isoformat().replace("+00:00", "Z") if at else None
