"""What the checks of a document say to people, in Arabic and English.

One table for what passed; for what did not, by check and sub-indication, then by check.
"""

from collections.abc import Mapping

from verify.errors import NotVerified
from verify.verdict import Check, Indication, Outcome, SubIndication, Words

_PASSED: Mapping[str, Words] = {
    "structure": Words(
        ar="بنية الملف سليمة ولم يُضف إليه شيء بعد ختمه.",
        en="The file is well formed and nothing was added after it was sealed.",
    ),
    "seal": Words(
        ar="الختم الإلكتروني يغطي الملف كله ولم يتغير فيه حرف.",
        en="The electronic seal covers the whole file and not one byte has changed.",
    ),
    "time-stamp": Words(
        ar="وقت الختم مثبت بطابع زمني موثوق.", en="A trusted time-stamp proves when it was sealed."
    ),
    "seal-certificate": Words(
        ar="شهادة الجهة صادرة عن سلطة التصديق ولم تكن ملغاة عند الختم.",
        en="The agency's certificate comes from the authority and was not revoked when it sealed.",
    ),
    "seal-certificate-revoked-later": Words(
        ar="أُلغيت شهادة الجهة بعد الختم، وهذا لا يمس ما خُتم قبل ذلك.",
        en="The agency's certificate was revoked after the sealing; what was sealed before stands.",
    ),
    "record": Words(
        ar="القيد المرفق بالملف هو القيد الذي يسميه رمز الختم.",
        en="The record inside the file is the one that the seal code names.",
    ),
    "record-fields": Words(
        ar="حقول رمز الختم تطابق القيد المرفق.", en="The fields of the seal code agree with the record."
    ),
    "agency": Words(
        ar="الجهة المذكورة في رمز الختم هي صاحبة الشهادة.",
        en="The agency named in the seal code is the one whose certificate sealed the file.",
    ),
}

_FAILED: Mapping[str, Words] = {
    "structure": Words(
        ar="ليس هذا الملف كما تصدره الجهة: عُدّل بعد ختمه أو لم يُختم.",
        en="This file is not as an agency issues it: it was changed after sealing, or never sealed.",
    ),
    "structure-later-time-stamp": Words(
        ar="رُفض هذا الملف لأنه أُضيف إليه بعد ختمه ما يبدو طابعاً زمنياً للأرشيف (PAdES-B-LTA)، "
        "ونسخ الأرشيف غير مقبولة بعد. افحص الملف كما صدر.",
        en="This file is refused: something was added after its sealing, by its form an archive time-stamp "
        "(PAdES-B-LTA), and archive copies are not accepted yet. Check the file as it was issued.",
    ),
    "seal": Words(ar="الختم الإلكتروني غير صحيح.", en="The electronic seal is wrong."),
    "time-stamp": Words(
        ar="لا يوجد طابع زمني موثوق يثبت وقت الختم.", en="No trusted time-stamp proves when it was sealed."
    ),
    "seal-certificate": Words(
        ar="لا يمكن الوثوق بالشهادة التي خُتم بها الملف.",
        en="The certificate that sealed the file cannot be relied on.",
    ),
    "seal-code": Words(
        ar="لا يوجد في الملف رمز ختم واحد واضح.", en="The file does not carry exactly one seal code."
    ),
    "record": Words(
        ar="القيد المرفق بالملف ليس القيد الذي يسميه رمز الختم.",
        en="The record inside the file is not the one that the seal code names.",
    ),
    "record-fields": Words(
        ar="حقول رمز الختم لا تطابق القيد المرفق.", en="The fields of the seal code differ from the record."
    ),
    "agency": Words(
        ar="لم تختم الملفَ الجهةُ المذكورة في رمز الختم.",
        en="The file was not sealed by the agency named in the seal code.",
    ),
}

_PARTICULAR: Mapping[tuple[str, SubIndication], Words] = {
    ("seal", SubIndication.HASH_FAILURE): Words(
        ar="تغيّر محتوى الملف بعد ختمه.", en="The content of the file was changed after it was sealed."
    ),
    ("seal-certificate", SubIndication.NO_CERTIFICATE_CHAIN_FOUND): Words(
        ar="خُتم الملف بشهادة لا تعرفها سلطة التصديق.",
        en="The file was sealed with a certificate that the authority does not know.",
    ),
    ("seal-certificate", SubIndication.REVOKED): Words(
        ar="خُتم الملف بشهادة كانت ملغاة.", en="The file was sealed with a certificate already revoked."
    ),
    ("seal-certificate", SubIndication.REVOKED_NO_POE): Words(
        ar="أُلغيت الشهادة ولا دليل على أن الختم أقدم من إلغائها.",
        en="The certificate was revoked and nothing proves that the seal is older.",
    ),
    ("seal-certificate", SubIndication.TRY_LATER): Words(
        ar="لا توجد معلومة كافية عن إلغاء الشهادة. أعد المحاولة عند توفر الإنترنت.",
        en="Too little is known about revocation of the certificate. Try again with a connection.",
    ),
    ("time-stamp", SubIndication.TRY_LATER): Words(
        ar="لا توجد معلومة كافية عن شهادة الطابع الزمني. أعد المحاولة عند توفر الإنترنت.",
        en="Too little is known about the time-stamp's certificate. Try again with a connection.",
    ),
    ("time-stamp", SubIndication.OUT_OF_BOUNDS_NO_POE): Words(
        ar="انقضت مدة شهادة الطابع الزمني، ولا يوجد طابع أرشفة بعده.",
        en="The time-stamp's certificate has expired and no archive time-stamp follows.",
    ),
    ("time-stamp", SubIndication.TIMESTAMP_ORDER_FAILURE): Words(
        ar="الطابع الزمني لا يتفق مع وقت الختم أو مع الساعة.",
        en="The time-stamp does not fit the claimed time of sealing or the clock.",
    ),
}


def passed(code: str, **facts: str) -> Check:
    """A check that passed."""
    return Check(code=code, outcome=Outcome.PASSED, words=_PASSED[code], facts=facts)


def failed(reason: NotVerified) -> Check:
    """The check that a broken or an uncheckable rule belongs to."""
    undecided = reason.indication is Indication.INDETERMINATE
    words = _PARTICULAR.get((reason.check, reason.sub_indication), _FAILED[reason.sentence])
    outcome = Outcome.UNDECIDED if undecided else Outcome.FAILED
    facts = {"sub_indication": reason.sub_indication.value, **reason.facts}
    return Check(code=reason.check, outcome=outcome, words=words, facts=facts)


def differs(code: str, **facts: str) -> Check:
    """Two parts of the document that tell different stories."""
    return Check(code=code, outcome=Outcome.FAILED, words=_FAILED[code], facts=facts)
