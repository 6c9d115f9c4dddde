"""What the checks of a document say to people, in Arabic and English.

One table for what passed; for what did not, by check and sub-indication, then by check.
"""

from collections.abc import Mapping

from verify.errors import NotVerified
from verify.rules import RULES
from verify.verdict import Check, Indication, Outcome, SubIndication, Words

PASSED: Mapping[str, Words] = {
    "structure": Words(
        ar="شكل الملف صحيح، ولم يُضف إليه بعد ختمه سوى ما يُثبت الختم نفسه.",
        en="The form of the file is right; nothing was added after sealing but proofs of the seal.",
    ),
    "seal": Words(
        ar="الختم الإلكتروني صحيح، ولم يتغيّر حرف مما خُتم.",
        en="The electronic seal is right, and not a letter of what was sealed has changed.",
    ),
    "time-stamp": Words(
        ar="وقت الختم مثبت بطابع زمني موثوق.", en="A trusted time-stamp proves when it was sealed."
    ),
    "no-time-stamp": Words(
        ar="لا يوجد طابع زمني، فيُحكم على الختم بحسب ما يسري الآن، ما دامت شهادته سارية.",
        en="There is no time-stamp: the seal is judged by what holds now, while its certificate is valid.",
    ),
    "archive": Words(
        ar="تُثبت طوابع الأرشيف الزمنية أن الملف خُتم حين كان يمكن الاعتماد على ختمه.",
        en="Archive time-stamps prove that the file was sealed while its seal could be relied on.",
    ),
    "seal-certificate": Words(
        ar="شهادة الجهة صادرة عن سلطة التصديق، وكانت سارية عند الختم.",
        en="The agency's certificate comes from the authority and was in force when it sealed.",
    ),
    "seal-certificate-revoked-later": Words(
        ar="أُلغيت شهادة الجهة بعد الختم، ولا يضر ذلك ما خُتم قبله.",
        en="The agency's certificate was withdrawn after the sealing; what was sealed before still counts.",
    ),
    "record": Words(
        ar="القيد المرفق بالملف هو الذي صُنع له رمز الختم.",
        en="The record inside the file is the one that the seal code was made for.",
    ),
    "record-fields": Words(
        ar="ما يقوله رمز الختم هو ما يقوله القيد المرفق.", en="The seal code says what the record says."
    ),
    "agency": Words(
        ar="ختمت الملفَ الجهةُ التي يذكرها رمز الختم.",
        en="The file was sealed by the agency that the seal code names.",
    ),
}

FAILED: Mapping[str, Words] = {
    "structure": Words(
        ar="ليس هذا الملف كما تصدره الجهة: عُدّل بعد ختمه أو لم يُختم.",
        en="This file is not as an agency issues it: it was changed after sealing, or never sealed.",
    ),
    "seal": Words(ar="الختم الإلكتروني غير صحيح.", en="The electronic seal is wrong."),
    "time-stamp": Words(
        ar="لا يوجد طابع زمني موثوق يثبت وقت الختم.", en="No trusted time-stamp proves when it was sealed."
    ),
    "archive": Words(
        ar="لا يمكن الاعتماد على طابع زمني أُضيف للأرشيف.",
        en="A time-stamp that an archive added cannot be relied on.",
    ),
    "seal-certificate": Words(
        ar="لا يمكن الوثوق بالشهادة التي خُتم بها الملف.",
        en="The certificate that sealed the file cannot be relied on.",
    ),
    "seal-code": Words(
        ar="لا يوجد في الملف رمز ختم واحد واضح.", en="The file does not carry exactly one seal code."
    ),
    "record": Words(
        ar="القيد المرفق بالملف ليس الذي صُنع له رمز الختم.",
        en="The record inside the file is not the one that the seal code was made for.",
    ),
    "record-fields": Words(
        ar="ما يقوله رمز الختم غير ما يقوله القيد المرفق.",
        en="The seal code says something else than the record.",
    ),
    "agency": Words(
        ar="لم تختم الملفَ الجهةُ المذكورة في رمز الختم.",
        en="The file was not sealed by the agency named in the seal code.",
    ),
}

UNSAID: Mapping[str, Words] = {
    "seal-code": Words(
        ar="لم تُقارن أجزاء الملف، لأنه مختوم لدى خدمة أخرى غير الموثوقة هنا.",
        en="The parts of the file were not compared: it was sealed under another authority.",
    ),
    "agency": Words(
        ar="لا يمكن القول من ختم الملف.",
        en="It cannot be said who sealed the file.",
    ),
}

PASSED_OVER: Mapping[str, Words] = {
    "archive-passed-over": Words(
        ar="لا يمكن الاعتماد على طابع زمني أُضيف للأرشيف، وقد حُكم على الختم من دونه.",
        en="A time-stamp that an archive added cannot be relied on; the seal was judged without it.",
    ),
}

PARTICULAR: Mapping[tuple[str, SubIndication], Words] = {
    ("seal", SubIndication.HASH_FAILURE): Words(
        ar="تغيّر محتوى الملف بعد ختمه.", en="The content of the file was changed after it was sealed."
    ),
    ("seal-certificate", SubIndication.NO_CERTIFICATE_CHAIN_FOUND): Words(
        ar="لم يُختم هذا الملف تحت سلطة التصديق الموثوقة هنا: قد يكون لجهة أخرى، وقد يكون مزوّراً.",
        en="This file was not sealed under the authority that is trusted here: "
        "it may be another authority's, or forged.",
    ),
    ("seal-certificate", SubIndication.NOT_YET_VALID): Words(
        ar="لم تكن شهادة الجهة قد بدأت في ذلك الوقت. تأكد من الساعة أو من الوقت المسؤول عنه.",
        en="The agency's certificate had not begun at that time. Check the clock, or the time asked about.",
    ),
    ("seal-certificate", SubIndication.CHAIN_CONSTRAINTS_FAILURE): Words(
        ar="الشهادة التي خُتم بها الملف لا يحق لها ختم وثائق.",
        en="The certificate that sealed the file may not seal documents.",
    ),
    ("seal-certificate", SubIndication.REVOKED): Words(
        ar="خُتم الملف بشهادة كانت ملغاة.", en="The file was sealed with a certificate already withdrawn."
    ),
    ("seal-certificate", SubIndication.REVOKED_NO_POE): Words(
        ar="أُلغيت شهادة الجهة، ولا دليل على أن الختم أقدم من إلغائها.",
        en="The agency's certificate was withdrawn, and nothing proves that the seal is older.",
    ),
    ("seal-certificate", SubIndication.TRY_LATER): Words(
        ar="لا يُعرف إن كانت شهادة الجهة قد أُلغيت. أعد المحاولة عند توفر الإنترنت.",
        en="It is not known whether the agency's certificate was withdrawn. Try again with a connection.",
    ),
    ("seal-certificate", SubIndication.OUT_OF_BOUNDS_NO_POE): Words(
        ar="انتهت مدة شهادة الجهة، ولا دليل على أن الختم أقدم من انتهائها.",
        en="The agency's certificate has expired, and nothing proves that the seal is older.",
    ),
    ("seal-certificate", SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE): Words(
        ar="لم تعد طريقة هذا الختم قوية بما يكفي، ولا دليل على أنه أقدم من ذلك.",
        en="This kind of seal is not strong enough any more, and nothing proves that it is older than that.",
    ),
    ("archive", SubIndication.OUT_OF_BOUNDS_NO_POE): Words(
        ar="انتهت مدة شهادة طابع زمني للأرشيف قبل أن يُجدَّد.",
        en="The certificate of an archive time-stamp ended before the archive was renewed.",
    ),
    ("archive", SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE): Words(
        ar="لم تعد طريقة طابع زمني للأرشيف قوية بما يكفي، ولم يُجدَّد قبل ذلك.",
        en="A kind of archive time-stamp ceased to be strong enough before the archive was renewed.",
    ),
    ("archive", SubIndication.TRY_LATER): Words(
        ar="لا يُعرف إن كانت شهادة طابع زمني للأرشيف قد أُلغيت. أعد المحاولة عند توفر الإنترنت.",
        en="It is not known whether an archive time-stamp's certificate was withdrawn. "
        "Try again with a connection.",
    ),
    ("archive", SubIndication.HASH_FAILURE): Words(
        ar="طابع زمني للأرشيف ليس عن هذا الملف.", en="An archive time-stamp is not about this file."
    ),
    ("time-stamp", SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE): Words(
        ar="لم تعد طريقة الطابع الزمني قوية بما يكفي، ولا يوجد طابع أرشفة أقدم من ذلك.",
        en="This kind of time-stamp is not strong enough any more, "
        "and no archive time-stamp is older than that.",
    ),
    ("time-stamp", SubIndication.TRY_LATER): Words(
        ar="لا يُعرف إن كانت شهادة الطابع الزمني قد أُلغيت. أعد المحاولة عند توفر الإنترنت.",
        en="It is not known whether the time-stamp's certificate was withdrawn. Try again with a connection.",
    ),
    ("time-stamp", SubIndication.REVOKED_NO_POE): Words(
        ar="أُلغيت شهادة الطابع الزمني، فلم يعد يثبت شيئاً.",
        en="The time-stamp's certificate was withdrawn, so it proves nothing any more.",
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
    return Check(code=code, rule=RULES[code], outcome=Outcome.PASSED, words=PASSED[code], facts=facts)


def failed(reason: NotVerified) -> Check:
    """The check that a broken or an uncheckable rule belongs to."""
    undecided = reason.indication is Indication.INDETERMINATE
    words = PARTICULAR.get((reason.check, reason.sub_indication), FAILED[reason.check])
    outcome = Outcome.UNDECIDED if undecided else Outcome.FAILED
    facts = {"sub_indication": reason.sub_indication.value, **reason.facts}
    return Check(code=reason.check, rule=RULES[reason.check], outcome=outcome, words=words, facts=facts)


def passed_over(reason: NotVerified) -> Check:
    """A proof that is none, where the file needs no other than it has."""
    code = f"{reason.check}-passed-over"
    facts = {"sub_indication": reason.sub_indication.value, **reason.facts}
    return Check(code=code, rule=RULES[code], outcome=Outcome.UNDECIDED, words=PASSED_OVER[code], facts=facts)


def differs(code: str, **facts: str) -> Check:
    """Two parts of the document that tell different stories."""
    return Check(code=code, rule=RULES[code], outcome=Outcome.FAILED, words=FAILED[code], facts=facts)


def unsaid(code: str, **facts: str) -> Check:
    """Two parts that cannot be compared, because one of them says nothing that could be believed."""
    return Check(code=code, rule=RULES[code], outcome=Outcome.UNDECIDED, words=UNSAID[code], facts=facts)
