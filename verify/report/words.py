"""What every status, outcome and part of a report is called, for people who know no cryptography."""

from collections.abc import Mapping
from enum import StrEnum

from signing.formats.status_list import RevocationReason
from verify.verdict import Agreement, DocumentStatus, Indication, Outcome, Words


class Language(StrEnum):
    """Which languages a report for people uses."""

    AR = "ar"
    EN = "en"
    BOTH = "both"


OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PASSED: ("✔", "green"),
    Outcome.FAILED: ("✖", "red"),
    Outcome.UNDECIDED: ("?", "cyan"),
}
OUTCOME_WORDS: Mapping[Outcome, Words] = {
    Outcome.PASSED: Words(ar="نجح", en="passed"),
    Outcome.FAILED: Words(ar="لم ينجح", en="failed"),
    Outcome.UNDECIDED: Words(ar="تعذّر الحكم", en="could not be decided"),
}
SEALS: Mapping[Indication, Words] = {
    Indication.TOTAL_PASSED: Words(ar="صحيح", en="right"),
    Indication.INDETERMINATE: Words(ar="لا يمكن الحكم عليه", en="cannot be decided"),
    Indication.TOTAL_FAILED: Words(ar="غير صحيح", en="wrong"),
}
STATUSES: Mapping[DocumentStatus, Words] = {
    DocumentStatus.VALID: Words(ar="سارية", en="in force"),
    DocumentStatus.REVOKED: Words(ar="ملغاة", en="withdrawn"),
    DocumentStatus.SUSPENDED: Words(ar="موقوفة مؤقتاً", en="suspended for now"),
    DocumentStatus.SUPERSEDED: Words(ar="حلّت محلها وثيقة أحدث", en="replaced by a newer document"),
    DocumentStatus.EXPIRED: Words(ar="انتهت مدتها", en="expired"),
    DocumentStatus.NOT_ISSUED: Words(ar="لم تصدر", en="never issued"),
    DocumentStatus.UNKNOWN: Words(ar="غير معروفة", en="not known"),
}
REVOCATIONS: Mapping[RevocationReason, Words] = {
    RevocationReason.ISSUED_IN_ERROR: Words(ar="صدرت خطأً", en="it was issued in error"),
    RevocationReason.RECORD_CORRECTED: Words(ar="صُحّح القيد", en="the record was corrected"),
    RevocationReason.FRAUD: Words(ar="احتيال", en="fraud"),
    RevocationReason.HOLDER_ASKED: Words(ar="بطلب من صاحبها", en="its holder asked for it"),
    RevocationReason.COURT_ORDER: Words(ar="بأمر قضائي", en="a court ordered it"),
}
NOT_LOOKED_AT = Words(ar="لم يُنظر فيه", en="not looked at")
CODE_IS_RIGHT = Words(ar="رمز الختم صحيح.", en="The seal code is right.")
AGREEMENTS: Mapping[Agreement, Words] = {
    Agreement.AGREES: Words(ar="متطابقة", en="agree"),
    Agreement.DIFFERS: Words(ar="مختلفة", en="differ"),
    Agreement.NOT_CHECKED: Words(ar="لم تُقارن كلها", en="not all compared"),
}

CLAIMED = Words(ar="ما تقوله الوثيقة عن نفسها، ولا يُعتد به", en="What it says of itself, not to be believed")
ABOUT = Words(ar="عن الوثيقة", en="About the document")
SEALING = Words(ar="عن ختمها", en="About its seal")
KNOWLEDGE = Words(ar="حداثة المعلومات", en="How current this is")
CHECKED = Words(ar="ما الذي فُحص", en="What was checked")
WHY = Words(ar="لماذا", en="Why")
DIFFERENT = Words(ar="ما يختلف فيها عن القيد", en="Where it differs from the record")
FIELDS = Words(ar="ما يقوله رمز الختم (المربع المطبوع)", en="What the seal code (the printed square) says")
COMPARE = Words(ar="قارن الآن كل سطر بالورقة.", en="Now compare each line with the paper.")
BEARER = Words(
    ar="هذا الفحص لا يثبت هوية حامل الوثيقة. اطلب بطاقته الشخصية.",
    en="This check does not prove who the bearer is. Ask for an identity card.",
)

NUMBER = Words(ar="رقم الوثيقة", en="Document number")
KIND = Words(ar="نوعها", en="Kind")
AGENCY = Words(ar="الجهة المصدرة", en="Issued by")
ISSUED = Words(ar="صدرت في", en="Issued on")
EXPIRES = Words(ar="صالحة حتى", en="Valid until")
SUPERSEDED_BY = Words(ar="الوثيقة الأحدث", en="The newer document")
REASON = Words(ar="سبب إلغائها", en="Why it was withdrawn")
SEALED_BY = Words(ar="خُتمت باسم", en="Sealed by")
SEALED_AT = Words(ar="وقت الختم المثبت", en="Proven time of sealing")
CLAIMED_AT = Words(ar="وقت الختم بحسب من ختمها", en="Time of sealing, by the sealer's own word")
ARCHIVED_AT = Words(ar="آخر طابع للأرشيف", en="Last renewed for the archive")
JUDGEABLE = Words(ar="يمكن التحقق من ختمها حتى", en="Its seal can be checked until")
SEAL = Words(ar="الختم الإلكتروني", en="Electronic seal")
STATUS = Words(ar="حالتها في السجل", en="Status in the register")
AGREEMENT = Words(ar="الصفحة والقيد والرمز", en="Page, record and code")
JUDGED_AT = Words(ar="جرى التحقق بحسب الحال في", en="Judged as of")
STATUS_AS_OF = Words(ar="آخر معلومة من السجل", en="Last word of the register")
NO_STATUS = Words(ar="لا توجد", en="none at hand")
LISTS_AS_OF = Words(ar="قائمة الجهات الموثوقة", en="List of trusted agencies")
BEWARE = Words(ar="انتبه", en="Beware")
ROLLED_BACK = Words(
    ar="شوهدت من قبل قائمة أحدث من هذه، فلا يُبنى عليها حكم.",
    en="A newer list than this was seen before, so nothing rests on it.",
)
ENOUGH_UNTIL = Words(ar="يكفي هذا بلا إنترنت حتى", en="Enough without a connection until")
FINGERPRINT = Words(ar="بصمة الملف", en="The file's fingerprint (SHA-256)")


def said(words: Words, language: Language) -> tuple[str, ...]:
    """The sentence, a line for each language."""
    return {
        Language.AR: (words.ar,),
        Language.EN: (words.en,),
        Language.BOTH: (words.ar, words.en),
    }[language]


def joined(words: Words, language: Language) -> str:
    """The words in one line; once, where both languages say the same."""
    return " · ".join(dict.fromkeys(said(words, language)))
