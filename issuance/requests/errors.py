"""What can go wrong with a request, beside those of `book.py`, `lifecycle.py` and `numbers.py`.

IssuanceError
├── Invalid
│   ├── ChannelNotOffered, ChannelNotYours, DeliveryNotOffered
│   ├── ContactNotEnrolled  citizens are told on the telephone that a desk bound to them
│   ├── EventNeeded         several events of this kind are registered; name one
│   ├── AttachmentUnknown   the service asks for no such document
│   ├── AttachmentRefused   too large, or not of a kind we take
│   ├── AttachmentsMissing
│   └── ReasonMissing
├── Conflict
│   ├── NotPaidFor
│   └── NoIntent
└── Forbidden
    ├── NotForYou           a citizen may ask only in their own name
    ├── NotKin              the register does not prove the relation the service asks for
    ├── OwnKinsRecord       staff may not handle their own or their kin's records
    └── OtherAgency         the request belongs to another agency
"""

from collections.abc import Sequence
from typing import ClassVar

from issuance.errors import Conflict, Forbidden, Invalid
from issuance.registries.answers import Candidate


class ChannelNotOffered(Invalid):
    """The service cannot be asked for this way."""

    code: ClassVar[str] = "channel-not-offered"
    ar: ClassVar[str] = "لا تُقدَّم هذه الخدمة بهذه الطريقة."
    en: ClassVar[str] = "This service is not offered in this way."


class ChannelNotYours(Invalid):
    """Fees depend on the channel, so it is what the caller's way in says, not what the caller says."""

    code: ClassVar[str] = "channel-not-yours"
    ar: ClassVar[str] = "طلب المكتب يقدّمه موظفه، والطلب الذاتي يقدّمه صاحبه بنفسه."
    en: ClassVar[str] = (
        "A request at a desk is made by its clerk, one by self-service by the person in their own name."
    )


class ContactNotEnrolled(Invalid):
    """A citizen named another telephone than the one that a desk bound to them."""

    code: ClassVar[str] = "contact-not-enrolled"
    ar: ClassVar[str] = "تصل الرسائل إلى رقم الهاتف المسجّل لك وحده. غيّره في أقرب مكتب."
    en: ClassVar[str] = "Messages go only to the telephone enrolled for you. A desk can change it."


class DeliveryNotOffered(Invalid):
    """The service's documents are not delivered this way."""

    code: ClassVar[str] = "delivery-not-offered"
    ar: ClassVar[str] = "لا تُسلَّم وثيقة هذه الخدمة بهذه الطريقة."
    en: ClassVar[str] = "Documents of this service are not delivered in this way."


class EventNeeded(Invalid):
    """The person has several such events; `candidates` lets the applicant choose."""

    code: ClassVar[str] = "event-needed"
    ar: ClassVar[str] = "للشخص أكثر من واقعة من هذا النوع. اختر واحدة منها برقم تسجيلها: {events}"
    en: ClassVar[str] = (
        "This person has several events of this kind. Name one by its registration number: {events}"
    )

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)
        super().__init__(events=", ".join(candidate.event for candidate in candidates))


class AttachmentUnknown(Invalid):
    """The service asks for no document of this name."""

    code: ClassVar[str] = "attachment-unknown"
    ar: ClassVar[str] = "لا تطلب هذه الخدمة وثيقة باسم {document}."
    en: ClassVar[str] = "This service does not ask for a document named {document}."


class AttachmentRefused(Invalid):
    """Empty, too large, or neither PDF, JPEG nor PNG."""

    code: ClassVar[str] = "attachment-refused"
    ar: ClassVar[str] = "لم يُقبل الملف. المقبول ملف PDF أو صورة JPEG أو PNG لا تزيد على {megabytes} ميغابايت."
    en: ClassVar[str] = (
        "The file was not accepted. Send a PDF, JPEG or PNG of no more than {megabytes} megabytes."
    )


class AttachmentsMissing(Invalid):
    """A document that the service requires has not been handed in."""

    code: ClassVar[str] = "attachments-missing"
    ar: ClassVar[str] = "تنقص الطلب وثائق: {documents}"
    en: ClassVar[str] = "The request lacks documents: {documents}"


class NotForYou(Forbidden):
    """A citizen asked in somebody else's name."""

    code: ClassVar[str] = "not-in-your-name"
    ar: ClassVar[str] = "يمكنك تقديم الطلب باسمك أنت فقط."
    en: ClassVar[str] = "You can ask only in your own name."


class NotKin(Forbidden):
    """The register does not prove that the applicant may have this document."""

    code: ClassVar[str] = "not-kin"
    ar: ClassVar[str] = "لا يُثبت السجل صلة تتيح لك طلب هذه الوثيقة عن هذا الشخص."
    en: ClassVar[str] = "The register proves no relation that lets you ask for this person's document."


class OwnKinsRecord(Forbidden):
    """Law 376/1957: a registrar does not act on own, ascendants', descendants' or spouse's records."""

    code: ClassVar[str] = "own-kins-record"
    ar: ClassVar[str] = "لا يجوز للموظف أن يعمل على قيوده أو قيود أصوله أو فروعه أو زوجه."
    en: ClassVar[str] = "Staff may not handle their own records or those of their kin."


class OtherAgency(Forbidden):
    """The request is another agency's."""

    code: ClassVar[str] = "other-agency"
    ar: ClassVar[str] = "هذا الطلب يخص جهة أخرى."
    en: ClassVar[str] = "This request belongs to another agency."


class NotPaidFor(Conflict):
    """A document must not be released while its fee is neither paid nor waived."""

    code: ClassVar[str] = "not-paid-for"
    ar: ClassVar[str] = "لا تُسلَّم الوثيقة قبل تسديد رسمها."
    en: ClassVar[str] = "The document is not released before its fee is paid."


class NoIntent(Conflict):
    """A request says that a document is intended, and there is none: the book was tampered with."""

    code: ClassVar[str] = "no-intent"
    ar: ClassVar[str] = "لا وثيقة مسجلة لهذا الطلب. أُوقف الطلب للتدقيق."
    en: ClassVar[str] = "No document is on file for this request. It is held for inspection."


class ReasonMissing(Invalid):
    """A refusal without its reason: the applicant must be able to understand it, and to object."""

    code: ClassVar[str] = "reason-missing"
    ar: ClassVar[str] = "لا بد لقرار الرفض من سبب مكتوب بالعربية والإنكليزية ورمز له."
    en: ClassVar[str] = "A refusal needs a written reason in Arabic and English, and its code."
