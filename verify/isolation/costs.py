"""The reports on files that were too much for a judge, or for reading at all."""

from collections.abc import Mapping
from datetime import datetime

from verify.verdict import Check, Indication, Outcome, SubIndication, ValidationReport, Words

TOO_COSTLY = "too-costly"
TOO_LARGE = "too-large"
TOO_SLOW = "too-slow"
RULE = "docs/operations/verifying.md"

_TOO_COSTLY = Words(
    ar="توقف الفحص: يتطلب هذا الملف من الوقت أو الذاكرة أضعاف ما تتطلبه أي وثيقة رسمية،"
    " أو صُنع ليُعطّل من يفحصه. فهو ليس كما تصدره الجهة.",
    en="Checking broke off: this file takes many times more time or memory than any official document,"
    " or it is made to break what checks it. It is not as an agency issues it.",
)
_TOO_LARGE = Words(
    ar="هذا الملف أكبر من أي وثيقة رسمية، ولم يُقرأ.",
    en="This file is larger than any official document; it was not read.",
)
_TOO_SLOW = Words(
    ar="لم ينتهِ الفحص في الوقت المحدد. أعد المحاولة لاحقًا.",
    en="Checking did not end in time. Try again later.",
)
WORDS: Mapping[str, Words] = {TOO_COSTLY: _TOO_COSTLY, TOO_LARGE: _TOO_LARGE, TOO_SLOW: _TOO_SLOW}


def too_costly(at: datetime, sha256: str) -> ValidationReport:
    """Its judge died of it, or answered nonsense (EN 319 102-1, FORMAT_FAILURE)."""
    check = Check(code=TOO_COSTLY, rule=RULE, outcome=Outcome.FAILED, words=_TOO_COSTLY)
    return _refused(at, sha256, check)


def too_large(at: datetime, octets: int, limit: int) -> ValidationReport:
    """It was not read, so that it has no digest either."""
    facts = {"octets": str(octets), "limit": str(limit)}
    check = Check(code=TOO_LARGE, rule=RULE, outcome=Outcome.FAILED, words=_TOO_LARGE, facts=facts)
    return _refused(at, "", check)


def too_slow(at: datetime, sha256: str) -> ValidationReport:
    """Time went by without the processor: the network, or a busy machine. That says nothing of the file."""
    return ValidationReport(
        at=at,
        sha256=sha256,
        indication=Indication.INDETERMINATE,
        sub_indication=SubIndication.TRY_LATER,
        checks=(Check(code=TOO_SLOW, rule=RULE, outcome=Outcome.UNDECIDED, words=_TOO_SLOW),),
    )


def _refused(at: datetime, sha256: str, check: Check) -> ValidationReport:
    return ValidationReport(
        at=at,
        sha256=sha256,
        indication=Indication.TOTAL_FAILED,
        sub_indication=SubIndication.FORMAT_FAILURE,
        checks=(check,),
    )
