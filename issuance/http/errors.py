"""What can be wrong with a call before the domain ever sees it.

IssuanceError
├── NotFound
│   └── NoSuchAddress
├── Invalid
│   ├── MethodNotAllowed, BodyNotReadable, BodyTooLarge, BodyTooDeep, BodyInTooManyParts
│   ├── MediaTypeNotSupported, AddressTooLong, BodyTooSlow
│   ├── FieldsNotValid          the request does not fit the route's schema
│   ├── CursorNotValid
│   └── IdempotencyKeyMissing, IdempotencyKeyNotValid, IdempotencyKeyReused
├── Conflict
│   └── AnswerInProgress        the same call is being answered at this moment
└── Unavailable
    ├── TooMuchAtOnce           others are being answered
    └── DatabaseUnavailable     no connection, no free one, or two calls waited for each other
"""

from issuance.errors import Conflict, Invalid, NotFound, Unavailable


class NoSuchAddress(NotFound):
    """No route has this path."""

    code = "no-such-address"
    ar = "لا توجد خدمة على هذا العنوان."
    en = "Nothing is served at this address."


class MethodNotAllowed(Invalid):
    """The path exists, not with this method."""

    code = "method-not-allowed"
    ar = "لا يقبل هذا العنوان هذه الطريقة."
    en = "This address does not accept this method."


class BodyNotReadable(Invalid):
    """The body is not what its content type says."""

    code = "body-not-readable"
    ar = "تعذرت قراءة محتوى الطلب."
    en = "The body of the request cannot be read."


class BodyTooLarge(Invalid):
    """More than `most` bytes."""

    code = "body-too-large"
    ar = "محتوى الطلب أكبر من المسموح: {most} بايت."
    en = "The body of the request is larger than allowed: {most} bytes."


class BodyTooDeep(Invalid):
    """JSON nested deeper than `most` levels."""

    code = "body-too-deep"
    ar = "محتوى الطلب متداخل أكثر من المسموح: {most} مستوى."
    en = "The body of the request is nested deeper than allowed: {most} levels."


class BodyInTooManyParts(Invalid):
    """JSON of more brackets, commas and quotation marks than any call of ours has."""

    code = "body-in-too-many-parts"
    ar = "محتوى الطلب أجزاء أكثر من المسموح."
    en = "The body of the request has more parts than allowed."


class MediaTypeNotSupported(Invalid):
    """A body without a content type, or with one that is not read here."""

    code = "media-type-not-supported"
    ar = "اذكر نوع المحتوى الذي يقرؤه هذا العنوان، مثل application/json."
    en = "Name the content type that this address reads, such as application/json."


class AddressTooLong(Invalid):
    """What is asked by the address alone has more octets than such a question has."""

    code = "address-too-long"
    ar = "العنوان أطول من المسموح."
    en = "The address is longer than allowed."


class BodyTooSlow(Invalid):
    """The body did not come within the time for it."""

    code = "body-too-slow"
    ar = "لم يصل محتوى الطلب في الوقت المحدد."
    en = "The body of the request did not arrive in time."


class TooMuchAtOnce(Unavailable):
    """As many as may wait are waiting."""

    code = "too-much-at-once"
    ar = "الطلبات كثيرة الآن. أعد المحاولة بعد قليل."
    en = "There is too much at once. Try again in a moment."


class FieldsNotValid(Invalid):
    """The request does not fit the route's schema; the problem lists the fields."""

    code = "fields-not-valid"
    ar = "في الطلب حقول ناقصة أو غير صحيحة."
    en = "Some fields are missing or not valid."


class CursorNotValid(Invalid):
    """Not a cursor of ours, or one of another list or another caller."""

    code = "cursor-not-valid"
    ar = "مؤشر الصفحة غير صالح. ابدأ من أول القائمة."
    en = "The page cursor is not valid. Start from the beginning of the list."


class IdempotencyKeyMissing(Invalid):
    """The route creates or pays, and the call names no key."""

    code = "idempotency-key-missing"
    ar = "أضف الترويسة Idempotency-Key بمفتاح جديد لكل عملية."
    en = "Add an Idempotency-Key header, with a new key for each operation."


class IdempotencyKeyNotValid(Invalid):
    """Not 1 to `most` visible ASCII characters."""

    code = "idempotency-key-not-valid"
    ar = "مفتاح العملية من محرف إلى {most} من المحارف اللاتينية الظاهرة."
    en = "An idempotency key has 1 to {most} visible ASCII characters."


class IdempotencyKeyReused(Invalid):
    """The key was used for another request."""

    code = "idempotency-key-reused"
    ar = "استُعمل مفتاح العملية لطلب آخر. استعمل مفتاحاً جديداً."
    en = "This idempotency key was used for a different request. Use a new one."


class AnswerInProgress(Conflict):
    """The same call is being answered; `retry_after_seconds` says when to ask again."""

    code = "answer-in-progress"
    ar = "العملية نفسها قيد التنفيذ. أعد السؤال بعد قليل."
    en = "The same operation is in progress. Ask again shortly."


class DatabaseUnavailable(Unavailable):
    """The database did not do its part and nothing was done; `retry_after_seconds` says when to ask again."""

    code = "database-unavailable"
    ar = "قاعدة البيانات مشغولة أو لا تجيب الآن، ولم يُنفَّذ شيء. أعد المحاولة بعد قليل."
    en = "The database is busy or does not answer at present, and nothing was done. Try again shortly."
