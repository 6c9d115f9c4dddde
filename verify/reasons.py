"""Why a seal code got its verdict: one reason each, its words, and what it means.

The public page holds the same codes and words; `tests/unit/seal_code/test_page_words.py`
compares them (but for `REMEMBERED`). A reason says
both what the signature is worth (indication) and what the register says (status), because
people ask one question.
"""

from dataclasses import dataclass
from enum import StrEnum

from signing.formats.status_list import RevocationReason, Status
from verify.verdict import DocumentStatus, Indication, SubIndication, Words


class Reason(StrEnum):
    """Stable codes, also shown on the public page."""

    IN_FORCE = "in-force"
    STATUS_MISSING = "status-missing"
    STATUS_STALE = "status-stale"
    STATUS_NOT_UNDERSTOOD = "status-not-understood"
    REVOKED = "revoked"
    REVOKED_ISSUED_IN_ERROR = "revoked-issued-in-error"
    REVOKED_RECORD_CORRECTED = "revoked-record-corrected"
    REVOKED_FRAUD = "revoked-fraud"
    REVOKED_COURT_ORDER = "revoked-court-order"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    NOT_ISSUED = "not-issued"
    UNREADABLE = "unreadable"
    WRONG_ORIGIN = "wrong-origin"
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    KEY_NOT_PERMITTED = "key-not-permitted"
    FIELDS_MALFORMED = "fields-malformed"
    UNKNOWN_VERSION = "unknown-version"
    KEY_TOO_NEW = "key-too-new"
    KEY_COMPROMISED = "key-compromised"
    UNKNOWN_PROFILE = "unknown-profile"
    CLOCK_WRONG = "clock-wrong"
    TRUST_STALE = "trust-stale"
    TRUST_ROLLED_BACK = "trust-rolled-back"
    STATUS_ROLLED_BACK = "status-rolled-back"
    STATUS_OF_LATER = "status-of-later"


REMEMBERED = frozenset({Reason.TRUST_ROLLED_BACK, Reason.STATUS_ROLLED_BACK, Reason.STATUS_OF_LATER})
"""Reasons that the public page never gives: it keeps the newest list by itself, and is asked about now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a reason means."""

    indication: Indication
    sub_indication: SubIndication | None
    status: DocumentStatus
    words: Words
    why: RevocationReason | None = None  # of a revocation, where the list publishes it


def _genuine(status: DocumentStatus, ar: str, en: str, why: RevocationReason | None = None) -> Meaning:
    words = Words(ar=ar, en=en)
    return Meaning(
        indication=Indication.TOTAL_PASSED, sub_indication=None, status=status, words=words, why=why
    )


def _false(sub_indication: SubIndication, ar: str, en: str) -> Meaning:
    return Meaning(
        indication=Indication.TOTAL_FAILED,
        sub_indication=sub_indication,
        status=DocumentStatus.UNKNOWN,
        words=Words(ar=ar, en=en),
    )


def _open(sub_indication: SubIndication, ar: str, en: str) -> Meaning:
    return Meaning(
        indication=Indication.INDETERMINATE,
        sub_indication=sub_indication,
        status=DocumentStatus.UNKNOWN,
        words=Words(ar=ar, en=en),
    )


MEANINGS: dict[Reason, Meaning] = {
    Reason.IN_FORCE: _genuine(
        DocumentStatus.VALID,
        "رمز الختم صحيح والوثيقة سارية.",
        "The seal code is right and the document is in force.",
    ),
    Reason.STATUS_MISSING: _genuine(
        DocumentStatus.UNKNOWN,
        "رمز الختم صحيح، لكن تعذّر التحقق من أن الوثيقة لم تُلغَ. أعد المحاولة عند توفر الإنترنت.",
        "The seal code is right, but it could not be checked whether the document was withdrawn. "
        "Try again with a connection.",
    ),
    Reason.STATUS_STALE: _genuine(
        DocumentStatus.UNKNOWN,
        "رمز الختم صحيح، لكن آخر معلومة عن حالة الوثيقة قديمة. أعد المحاولة عند توفر الإنترنت.",
        "The seal code is right, but what is known of the document's status is old. "
        "Try again with a connection.",
    ),
    Reason.STATUS_NOT_UNDERSTOOD: _genuine(
        DocumentStatus.UNKNOWN,
        "رمز الختم صحيح، لكن حالة الوثيقة مكتوبة بصيغة أحدث من أداة التحقق هذه. حدّثها ثم أعد المحاولة.",
        "The seal code is right, but the document's status is of a kind that this verifier does not know. "
        "Update it and try again.",
    ),
    Reason.REVOKED: _genuine(
        DocumentStatus.REVOKED,
        "صدرت هذه الوثيقة فعلاً ثم ألغتها الجهة المصدرة.",
        "This document was issued and later withdrawn by its issuer.",
    ),
    Reason.REVOKED_ISSUED_IN_ERROR: _genuine(
        DocumentStatus.REVOKED,
        "صدرت هذه الوثيقة خطأً فألغتها الجهة المصدرة.",
        "This document was issued in error, and its issuer withdrew it.",
        RevocationReason.ISSUED_IN_ERROR,
    ),
    Reason.REVOKED_RECORD_CORRECTED: _genuine(
        DocumentStatus.REVOKED,
        "صُحّح القيد بعد صدور هذه الوثيقة فألغتها الجهة المصدرة. اطلب وثيقة جديدة.",
        "The record was corrected after this document was issued, and its issuer withdrew it. "
        "Ask for a new one.",
        RevocationReason.RECORD_CORRECTED,
    ),
    Reason.REVOKED_FRAUD: _genuine(
        DocumentStatus.REVOKED,
        "صدرت هذه الوثيقة بناءً على احتيال فألغتها الجهة المصدرة.",
        "This document was obtained by fraud, and its issuer withdrew it.",
        RevocationReason.FRAUD,
    ),
    Reason.REVOKED_COURT_ORDER: _genuine(
        DocumentStatus.REVOKED,
        "أُلغيت هذه الوثيقة بقرار قضائي.",
        "This document was withdrawn by order of a court.",
        RevocationReason.COURT_ORDER,
    ),
    Reason.SUSPENDED: _genuine(
        DocumentStatus.SUSPENDED,
        "أوقفت الجهة المصدرة العمل بهذه الوثيقة مؤقتاً. راجعها قبل الاعتماد عليها.",
        "The issuer has suspended this document for now. Ask there before relying on it.",
    ),
    Reason.SUPERSEDED: _genuine(
        DocumentStatus.SUPERSEDED,
        "صدرت هذه الوثيقة فعلاً ثم حلّت محلها وثيقة أحدث.",
        "This document was issued and later replaced by a newer one.",
    ),
    Reason.EXPIRED: _genuine(
        DocumentStatus.EXPIRED,
        "صدرت هذه الوثيقة فعلاً وانتهت مدة صلاحيتها.",
        "This document was issued, and its time of validity has passed.",
    ),
    Reason.NOT_ISSUED: Meaning(
        indication=Indication.TOTAL_PASSED,
        sub_indication=None,
        status=DocumentStatus.NOT_ISSUED,
        words=Words(
            ar="السجل لا يعرف هذه الوثيقة: لم تصدر عن الجهة.",
            en="The register does not know this document: it was never issued.",
        ),
    ),
    Reason.UNREADABLE: _false(
        SubIndication.FORMAT_FAILURE,
        "هذا ليس رمز ختم صحيحاً. إن كُتب يدوياً أو نُسخ ناقصاً فامسحه بالكاميرا من جديد.",
        "This is not a proper seal code. If it was typed or copied in part, scan it again.",
    ),
    Reason.WRONG_ORIGIN: _false(
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "هذا الرمز يشير إلى موقع آخر غير موقع التحقق الرسمي.",
        "This code leads to another site than the official verification site.",
    ),
    Reason.UNKNOWN_KEY: _false(
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "لم تختم أي جهة معروفة هذا الرمز.",
        "No known agency sealed this code.",
    ),
    Reason.BAD_SIGNATURE: _false(
        SubIndication.SIG_CRYPTO_FAILURE,
        "الختم غير صحيح: عُدّل محتواه أو لم يصدر عن الجهة.",
        "The seal is wrong: its content was changed, or the agency never made it.",
    ),
    Reason.KEY_NOT_PERMITTED: _false(
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "خُتم هذا الرمز بمفتاح لا يحق له ختم وثيقة كهذه.",
        "This code was sealed with a key that may not seal such a document.",
    ),
    Reason.FIELDS_MALFORMED: _false(
        SubIndication.FORMAT_FAILURE,
        "محتوى هذا الرمز لا يطابق نوع الوثيقة.",
        "The content of this code does not fit the kind of document.",
    ),
    Reason.UNKNOWN_VERSION: _open(
        SubIndication.GENERIC,
        "هذا الرمز أحدث من أداة التحقق هذه. حدّثها ثم أعد المحاولة.",
        "This code is newer than this verifier. Update it and try again.",
    ),
    Reason.KEY_TOO_NEW: _open(
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "خُتم هذا الرمز بمفتاح أحدث من معلومات التحقق المحفوظة هنا. أعد المحاولة عند توفر الإنترنت.",
        "This code was sealed with a key newer than what is kept here. Try again with a connection.",
    ),
    Reason.KEY_COMPROMISED: _open(
        SubIndication.REVOKED_NO_POE,
        "سُحب المفتاح الذي ختم هذه الوثيقة. راجع الجهة المصدرة.",
        "The key that sealed this document was withdrawn. Ask the issuing agency.",
    ),
    Reason.UNKNOWN_PROFILE: _open(
        SubIndication.GENERIC,
        "رمز الختم صحيح، لكن نوع الوثيقة غير معروف هنا. أعد المحاولة عند توفر الإنترنت.",
        "The seal code is right, but this kind of document is not known here. Try again with a connection.",
    ),
    Reason.CLOCK_WRONG: _open(
        SubIndication.NOT_YET_VALID,
        "بحسب ساعة هذا الجهاز لم تصدر الوثيقة بعد. صحّح التاريخ والوقت ثم أعد المحاولة.",
        "By this device's clock the document is not issued yet. Set date and time and try again.",
    ),
    Reason.TRUST_STALE: _open(
        SubIndication.TRY_LATER,
        "معلومات التحقق المحفوظة هنا قديمة. اتصل بالإنترنت مرة واحدة ثم أعد المحاولة.",
        "What is kept here for checking is too old. Connect once and try again.",
    ),
    Reason.TRUST_ROLLED_BACK: _open(
        SubIndication.TRY_LATER,
        "قائمة الثقة المعروضة أقدم من قائمة شوهدت من قبل، فلا يُعتد بها. "
        "احصل على النسخة المنشورة اليوم ثم أعد المحاولة.",
        "The trust list is older than one seen before, so nothing rests on it. "
        "Get the copy that is published today and try again.",
    ),
    Reason.STATUS_ROLLED_BACK: _genuine(
        DocumentStatus.UNKNOWN,
        "رمز الختم صحيح، لكن قائمة الحالات المعروضة أقدم من قائمة شوهدت من قبل، فلا يُعرف إن أُلغيت الوثيقة.",
        "The seal code is right, but the status list is older than one seen before, "
        "so it is not known whether the document was withdrawn.",
    ),
    Reason.STATUS_OF_LATER: _genuine(
        DocumentStatus.UNKNOWN,
        "رمز الختم صحيح. أُلغيت الوثيقة أو أُوقفت بحسب قائمة أحدث من الوقت المسؤول عنه، "
        "ولا يُعرف إن كانت سارية في ذلك الوقت.",
        "The seal code is right. A list younger than the time asked about says that the document no longer "
        "counts; whether it still did at that time is not known.",
    ),
}

WITHDRAWN: dict[Status, Reason] = {
    Status.REVOKED: Reason.REVOKED,
    Status.REVOKED_ISSUED_IN_ERROR: Reason.REVOKED_ISSUED_IN_ERROR,
    Status.REVOKED_RECORD_CORRECTED: Reason.REVOKED_RECORD_CORRECTED,
    Status.REVOKED_FRAUD: Reason.REVOKED_FRAUD,
    Status.REVOKED_COURT_ORDER: Reason.REVOKED_COURT_ORDER,
    Status.SUSPENDED: Reason.SUSPENDED,
    Status.SUPERSEDED: Reason.SUPERSEDED,
    Status.NOT_ISSUED: Reason.NOT_ISSUED,
}
"""Every value of a status list but `VALID`, and what it means."""
