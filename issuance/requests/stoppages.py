"""What can stop a stage: a stable code, and words for the officer who finds the request held.

Errors of the service carry code and words themselves, and so do those of `keys` and `ca`.
The others know nothing of requests or of officers; they get theirs in the table below, by
class, the nearest ancestor first. Whatever is in neither is a defect of the program.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from ca.errors import CaError
from ca.timestamp_request import RequestRefused
from issuance.errors import IssuanceError, Unavailable
from issuance.problems import Sentence, detail_of, fill
from keys.errors import KeyCustodyError, KeyUnavailable
from signing.formats.cbor import CborError
from signing.formats.claims import ClaimsError
from signing.formats.cose import CoseError
from signing.formats.fields import UnsealableValue
from signing.formats.seal_code import SealCodeTooLarge
from signing.pades.errors import (
    OutsideValidity,
    SealingError,
    UnfitCertificate,
    UnfitTimeStamp,
    UnsealableDocument,
)
from verify.trust import TrustRefused, TrustUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Stoppage:
    """Why a stage stopped."""

    code: str  # kebab-case, stable; docs/operations/held-requests.md says what to do
    words: Sentence
    may_pass: bool  # another party, the disk or the database: trying again later may help


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What an error of another package means here; sentences may name its attributes."""

    code: str
    ar: str
    en: str
    may_pass: bool = False


_SEAL_CODE_IMPOSSIBLE = _Meaning(
    code="seal-code-impossible",
    ar="تعذّر إعداد رمز الختم لهذه الوثيقة.",
    en="The seal code of this document could not be made.",
)
_DATABASE_UNAVAILABLE = _Meaning(
    code="database-unavailable",
    ar="لم تُجب قاعدة البيانات.",
    en="The database did not answer.",
    may_pass=True,
)
MEANINGS: Mapping[type[Exception], _Meaning] = {
    OutsideValidity: _Meaning(
        code="seal-certificate-not-valid",
        ar="شهادة ختم الجهة غير سارية في هذا الوقت: انتهت مدتها أو لم تبدأ بعد.",
        en="The agency's seal certificate is not valid at this time: it has ended, or not begun.",
    ),
    UnfitCertificate: _Meaning(
        code="seal-certificate-unfit",
        ar="شهادة ختم الجهة ومفتاحها لا يصلحان معاً لختم وثيقة.",
        en="The agency's seal certificate and its key cannot seal a document together.",
    ),
    UnsealableDocument: _Meaning(
        code="page-not-sealable",
        ar="الصفحة المعدّة للطباعة ليست بالشكل الذي يمكن ختمه.",
        en="The page that was made is not of a form that can be sealed.",
    ),
    UnfitTimeStamp: _Meaning(
        code="time-stamp-unfit",
        ar="أجابت خدمة الطابع الزمني بطابع لا يصلح لهذا الختم.",
        en="The time-stamping service answered with a stamp that does not fit this seal.",
    ),
    SealingError: _Meaning(
        code="sealing-failed", ar="تعذّر ختم الوثيقة.", en="The document could not be sealed."
    ),
    UnsealableValue: _Meaning(
        code="field-not-sealable",
        ar="قيمة الحقل «{path}» في القيد لا يمكن أن توضع في رمز الختم.",
        en="The value of the field “{path}” in the record cannot stand in a seal code.",
    ),
    SealCodeTooLarge: _Meaning(
        code="seal-code-too-large",
        ar="بيانات رمز الختم أكبر مما يتسع له رمز واحد ({size} بايت).",
        en="The content of the seal code is more than one code can hold ({size} bytes).",
    ),
    ClaimsError: _SEAL_CODE_IMPOSSIBLE,
    CborError: _SEAL_CODE_IMPOSSIBLE,
    CoseError: _SEAL_CODE_IMPOSSIBLE,
    RequestRefused: _Meaning(
        code="time-stamp-refused",
        ar="رفضت خدمة الطابع الزمني أن تختم الوقت: ساعة الخادم أو شهادة الخدمة غير صحيحة.",
        en="The time-stamping service refused: the server's clock or the service's certificate is not right.",
    ),
    TrustUnavailable: _Meaning(
        code="published-files-missing",
        ar="لم يُعثر على ملف التحقق المنشور {artefact}، ولا تُسلَّم وثيقة لا يمكن لأحد التحقق منها.",
        en="The published file {artefact} is not there, and no document is released that nobody can check.",
        may_pass=True,
    ),
    TrustRefused: _Meaning(
        code="published-files-refused",
        ar="لا يمكن الوثوق بملف التحقق المنشور {artefact}، ولا تُسلَّم وثيقة لا يمكن لأحد التحقق منها.",
        en="The published file {artefact} cannot be relied on, and no document is released that "
        "nobody can check.",
    ),
    OSError: _Meaning(
        code="storage-unavailable", ar="لم يُجب التخزين.", en="The storage did not answer.", may_pass=True
    ),
    OperationalError: _DATABASE_UNAVAILABLE,
    PoolExhausted: _DATABASE_UNAVAILABLE,
    Exception: _Meaning(
        code="internal",
        ar="أوقف هذا الطلبَ خللٌ في البرنامج. التفاصيل في سجل النظام تحت رقم الطلب.",
        en="A defect of the program stopped this request. Details are in the log under the request's number.",
    ),
}


def stoppage_of(error: Exception) -> Stoppage:
    """What `error` means for the request whose stage raised it."""
    match error:
        case IssuanceError():
            return Stoppage(code=error.code, words=detail_of(error), may_pass=isinstance(error, Unavailable))
        case KeyCustodyError() | CaError():
            words = Sentence(ar=fill(error.ar, error.facts), en=fill(error.en, error.facts))
            return Stoppage(code=error.code, words=words, may_pass=isinstance(error, KeyUnavailable))
        case _:
            meaning = next(MEANINGS[kind] for kind in type(error).__mro__ if kind in MEANINGS)
            words = Sentence(ar=fill(meaning.ar, vars(error)), en=fill(meaning.en, vars(error)))
            return Stoppage(code=meaning.code, words=words, may_pass=meaning.may_pass)
