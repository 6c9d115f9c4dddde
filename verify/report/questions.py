"""What each step of a verification asks, and why that matters, for people who know no cryptography."""

from collections.abc import Mapping
from dataclasses import dataclass

from verify.verdict import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One step: its name, what is asked, and why."""

    title: Words
    asked: Words
    why: Words


def _of(title: tuple[str, str], asked: tuple[str, str], why: tuple[str, str]) -> Question:
    return Question(
        title=Words(ar=title[0], en=title[1]),
        asked=Words(ar=asked[0], en=asked[1]),
        why=Words(ar=why[0], en=why[1]),
    )


QUESTIONS: Mapping[str, Question] = {
    "structure": _of(
        ("بنية الملف", "Form of the file"),
        (
            "هل كُتب الملف بالصيغة الوحيدة التي تصدر بها الوثائق، ولم يُضف إليه شيء بعد ختمه؟",
            "Is the file in the one form in which documents are issued, with nothing added after sealing?",
        ),
        (
            "من يزوّر ملفاً مختوماً يضيف إليه شيئاً يعرضه البرنامج ولا يشمله الختم.",
            "Whoever forges a sealed file adds something that a viewer shows and the seal does not cover.",
        ),
    ),
    "seal": _of(
        ("الختم الإلكتروني", "Electronic seal"),
        (
            "هل صُنع الختم لهذا المحتوى بعينه، حرفاً بحرف؟",
            "Was the seal made for exactly this content, to the last byte?",
        ),
        (
            "إن تغيّر حرف واحد لم يعد الختم يطابق المحتوى، ولا يمكن صنع ختم آخر دون المفتاح السري.",
            "Change one byte, and the seal fits no longer; without the secret key nobody makes another.",
        ),
    ),
    "archive": _of(
        ("طوابع الأرشيف", "Archive time-stamps"),
        (
            "هل جُدّد إثبات وقت الختم قبل أن يضعف؟",
            "Was the proof of when it was sealed renewed before it weakened?",
        ),
        (
            "تنتهي الشهادات وتضعف الخوارزميات مع السنين، وكل طابع يُثبت أن ما تحته كان موجوداً قبل ذلك.",
            "Certificates end and algorithms weaken; each time-stamp proves that what it covers is older.",
        ),
    ),
    "time-stamp": _of(
        ("وقت الختم", "Time of sealing"),
        (
            "هل يُثبت شاهد مستقل متى كان الختم موجوداً؟",
            "Does an independent witness prove when the seal existed?",
        ),
        (
            "من يسرق مفتاحاً بعد إلغائه يستطيع أن يكتب تاريخاً قديماً، ولا يستطيع أن ينال طابعاً زمنياً قديماً.",
            "Who steals a key after it was revoked can write an old date, but cannot get an old time-stamp.",
        ),
    ),
    "seal-certificate": _of(
        ("شهادة الجهة", "The agency's certificate"),
        (
            "هل صدرت الشهادة عن سلطة التصديق، وكانت سارية وغير ملغاة وقت الختم؟",
            "Was the certificate issued by the authority, and valid and not revoked at the time of sealing?",
        ),
        (
            "الشهادة هي ما يقول لمن المفتاح، والسلطة وحدها تقول ذلك.",
            "The certificate says whose the key is, and only the authority may say so.",
        ),
    ),
    "seal-code": _of(
        ("رمز الختم", "Seal code"),
        (
            "هل رمز الختم على الصفحة صحيح، وماذا يقول السجل عن الوثيقة؟",
            "Is the seal code on the page right, and what does the register say of the document?",
        ),
        (
            "الوثيقة الأصلية قد تكون أُلغيت بعد إصدارها، ولا يعرف ذلك إلا السجل.",
            "A genuine document may have been withdrawn since; only the register knows.",
        ),
    ),
    "record": _of(
        ("القيد المرفق", "The record inside"),
        (
            "هل القيد المرفق بالملف هو الذي خُتم الرمز عنه؟",
            "Is the record inside the file the one that the code was sealed for?",
        ),
        (
            "رمز صحيح من وثيقة أخرى لا يجعل هذه الوثيقة صحيحة.",
            "A right code taken from another document does not make this one right.",
        ),
    ),
    "record-fields": _of(
        ("حقول الرمز", "Fields of the code"),
        (
            "هل يقول الرمز والقيد الشيء نفسه، حقلاً حقلاً؟",
            "Do code and record say the same, field by field?",
        ),
        (
            "ما يقرؤه المرء على الورقة يجب أن يكون ما سجّلته الجهة.",
            "What one reads on paper must be what the agency recorded.",
        ),
    ),
    "agency": _of(
        ("الجهة", "The agency"),
        (
            "هل ختمت الملف الجهة نفسها التي يسميها الرمز؟",
            "Was the file sealed by the very agency that the code names?",
        ),
        (
            "لا يحق لجهة أن تختم وثائق جهة أخرى.",
            "No agency may seal another agency's documents.",
        ),
    ),
    "page": _of(
        ("الصفحة", "The page"),
        (
            "إذا أُعدّت الصفحة من جديد من القيد المرفق، فهل تكون هي نفسها؟",
            "Made again from the record, is the page the same?",
        ),
        (
            "قد تعرض صفحة مختومة غير ما يقوله القيد الذي تحمله.",
            "A sealed page might show something else than the record it carries.",
        ),
    ),
    "symbol": _of(
        ("الرمز المطبوع", "The code as drawn"),
        (
            "هل الرمز المرسوم على الصفحة، كما تقرؤه الكاميرا، هو رمز هذه الوثيقة؟",
            "Is the code drawn on the page, as a camera reads it, the code of this document?",
        ),
        (
            "من يمسح الورقة بكاميرا يجب أن يصل إلى هذه الوثيقة لا إلى غيرها.",
            "Whoever scans the paper must arrive at this document and at no other.",
        ),
    ),
}
"""By the code of a check, in the order in which they are looked at."""

LIMITS = _of(
    ("حدود الفحص", "Limits of a check"),
    ("هل أمكن فحص الملف ضمن الحدود؟", "Could the file be checked within the limits?"),
    (
        "ملف يُرهق أداة التحقق ليس كما تصدره الجهات، وقد يكون مصنوعاً لتعطيلها.",
        "A file that exhausts the verifier is not as agencies issue them, and may be made to disable it.",
    ),
)
UNKNOWN = _of(
    ("فحص آخر", "Another check"),
    ("ما الذي وجده هذا الفحص؟", "What did this check find?"),
    ("يقوله ما وُجد.", "What was found says so."),
)
ORDER = tuple(QUESTIONS)

_SAME: Mapping[str, str] = {"file": "structure", "no-time-stamp": "time-stamp"}
_LIMITS = frozenset({"too-costly", "too-large", "too-slow"})


def question_behind(code: str) -> Question | None:
    """The question that a check, or the subject of a constraint, belongs to; None where it is not known.

    A code may say more behind the question's own (`archive-passed-over`, `archive-2`,
    `seal-certificate-revoked-later`): the longest question that it begins with.
    """
    if code in _LIMITS:
        return LIMITS
    known = _SAME.get(code, code)
    behind = [each for each in ORDER if known == each or known.startswith(f"{each}-")]
    return QUESTIONS[max(behind, key=len)] if behind else None
