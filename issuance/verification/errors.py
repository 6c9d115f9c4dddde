"""What can go wrong with a verification that is asked of the service.

IssuanceError
├── Invalid
│   ├── ConsentMissing
│   ├── TooManyFiles
│   └── FileNotReadable
├── TooMany
│   └── QuotaSpent
└── Unavailable
    └── VerificationUnavailable
"""

from issuance.errors import Invalid, TooMany, Unavailable


class ConsentMissing(Invalid):
    """A person's document is read only when the call says that they agreed to send it."""

    code = "consent-missing"
    ar = "لم تُرسل الوثيقة إلى الخدمة: يلزم أن يوافق صاحبها على إرسالها أولاً."
    en = "The document was not read: whoever holds it must agree to sending it first."


class TooManyFiles(Invalid):
    """More than `most` files in one call."""

    code = "too-many-files"
    ar = "في طلب واحد {most} ملفاً على الأكثر. وزّعها على طلبات عدة."
    en = "One call carries at most {most} files. Spread them over several calls."


class FileNotReadable(Invalid):
    """An item's file is not base64, or larger than any document."""

    code = "file-not-readable"
    ar = "تعذرت قراءة الملف في البند {item}: ليس مكتوباً بترميز base64 أو هو أكبر من أي وثيقة."
    en = "The file of item {item} cannot be read: it is not base64, or larger than any document."


class QuotaSpent(TooMany):
    """A client has asked for all that it may in a day; `retry_after_seconds` says when the next begins."""

    code = "quota-spent"
    ar = (
        "لا تكفي الحصة اليومية لهذا النظام وهي {most}، ولم يُتحقق من شيء. "
        "تبدأ حصة جديدة بعد {retry_after_seconds} ثانية."
    )
    en = (
        "This system's quota of {most} a day does not cover the call, and nothing was checked. "
        "A new one begins in {retry_after_seconds} seconds."
    )


class VerificationUnavailable(Unavailable):
    """What is published cannot be relied on just now; `retry_after_seconds` says when to ask again."""

    code = "verification-unavailable"
    ar = "تعذّر التحقق الآن، ولم يُحكم على شيء. أعد المحاولة بعد قليل."
    en = "Nothing can be verified just now, and nothing was judged. Try again shortly."
