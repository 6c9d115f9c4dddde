"""Why a register has no record to give: stable codes and the sentences a citizen reads.

The codes stand in refusal notices, statistics and service definitions, so one is
never reused for another meaning.
"""

from issuance.catalogue.models import DocumentKind, Text
from issuance.registries.answers import Reason


def _reason(code: str, ar: str, en: str) -> Reason:
    return Reason(code=code, text=Text(ar=ar, en=en))


PERSON_NOT_FOUND = _reason(
    "person-not-found",
    "لا يوجد في السجل المدني شخص بهذا الرقم الوطني.",
    "The civil register has no person with this national number.",
)
FAMILY_NOT_FOUND = _reason(
    "family-not-found",
    "لا يوجد لصاحب العلاقة قيد عائلي: لم يُسجَّل له زواج قائم ولا والدٌ في السجل.",
    "There is no family entry: neither a marriage nor a father of this person stands in the register.",
)
PERSON_DECEASED = _reason(
    "person-deceased",
    "صاحب العلاقة متوفى بحسب السجل المدني، فلا تُمنح هذه الوثيقة باسمه.",
    "According to the civil register this person has died, so this document cannot be given.",
)
EMPLOYED = _reason(
    "employed",
    "صاحب العلاقة مسجّل في سجل العاملين على رأس عمله، فلا تُمنح وثيقة غير عامل.",
    "The workers' register lists this person as employed, so a certificate of not being employed "
    "cannot be given.",
)

EVENT_NOT_FOUND = {
    DocumentKind.BIRTH: _reason(
        "birth-not-found",
        "لا توجد في السجل المدني واقعة ولادة مسجّلة لصاحب العلاقة بهذه البيانات.",
        "The civil register has no birth event of this person with these particulars.",
    ),
    DocumentKind.MARRIAGE: _reason(
        "marriage-not-found",
        "لا توجد في السجل المدني واقعة زواج مسجّلة لصاحب العلاقة بهذه البيانات.",
        "The civil register has no marriage of this person with these particulars.",
    ),
    DocumentKind.DIVORCE: _reason(
        "divorce-not-found",
        "لا توجد في السجل المدني واقعة طلاق مسجّلة لصاحب العلاقة بهذه البيانات.",
        "The civil register has no divorce of this person with these particulars.",
    ),
    DocumentKind.DEATH: _reason(
        "death-not-found",
        "لا توجد في السجل المدني واقعة وفاة مسجّلة لصاحب العلاقة بهذه البيانات.",
        "The civil register has no death of this person with these particulars.",
    ),
}

DIVORCE_AWAITS = {
    "judgment": _reason(
        "divorce-awaits-judgment",
        "واقعة الطلاق غير مكتملة: لم تصل إلى السجل المدني صورة الحكم المكتسب الدرجة القطعية.",
        "The divorce is not complete: the final judgment of the court has not reached the civil register.",
    ),
    "office": _reason(
        "divorce-awaits-office",
        "واقعة الطلاق غير مكتملة: لم تثبّتها بعد أمانة السجل المدني لقيد الزوجة.",
        "The divorce is not complete: the civil registry office of the wife's entry has not confirmed it.",
    ),
}
