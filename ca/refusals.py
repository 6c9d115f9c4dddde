"""Why a certificate request or an application for a certificate is refused.

CaError
└── Refusal
    ├── RequestRefused               the request itself (`ca.csr`)
    │   ├── RequestTooLarge
    │   ├── RequestMalformed         not exactly one PKCS #10 request in strict DER
    │   ├── PossessionNotProven      its signature is not by its key
    │   ├── DigestNotAccepted        signed over a digest that is too weak
    │   ├── KeyNotAccepted           kind, curve, size or exponent
    │   ├── KeyWeak                  of an accepted kind, and broken
    │   ├── RequestRepeats           an attribute or extension stands twice
    │   ├── PowerAsked               asks to be an authority, or for other names
    │   ├── NameNotAccepted          control, format or wildcard characters; more than one value
    │   ├── SubjectNotRegistered     another subject than the registered one
    │   └── KeyReused                this key was applied for or certified before
    └── ApplicationRefused           what is done with an application (`ca.enrolment`)
        ├── ApplicationNotFound
        ├── ApplicationClosed        decided, withdrawn or expired
        ├── OwnApplication           who applies or is certified does not approve
        ├── ApprovedBefore           one officer counts once
        ├── ApprovalsMissing         not yet approved by two officers
        ├── RenewalRefused           of a certificate that is not in force, or not the applicant's
        └── RenewalProofWrong        the present key did not sign the request
"""

from ca.errors import CaError


class Refusal(CaError):
    """Base of every refusal of enrolment."""

    code = "enrolment-refused"
    ar = "رُفض طلب الشهادة."
    en = "The application for a certificate was refused."


class RequestRefused(Refusal):
    """Base of what is wrong with a certificate request."""

    code = "certificate-request-refused"
    ar = "ملف طلب الشهادة غير مقبول."
    en = "The certificate request is not accepted."


class RequestTooLarge(RequestRefused):
    """More than `most` octets."""

    code = "certificate-request-too-large"
    ar = "ملف طلب الشهادة أكبر من المسموح: {most} بايت."
    en = "The certificate request is larger than allowed: {most} octets."


class RequestMalformed(RequestRefused):
    """Not exactly one PKCS #10 request (RFC 2986) in strict DER, bare or as one PEM block."""

    code = "certificate-request-malformed"
    ar = "ليس هذا طلب شهادة واحداً سليماً بصيغة PKCS #10."
    en = "This is not exactly one well-formed PKCS #10 request."


class PossessionNotProven(RequestRefused):
    """The request's signature is not by the key that it names."""

    code = "certificate-request-possession-not-proven"
    ar = "توقيع الطلب ليس بالمفتاح المذكور فيه، فلم تثبت حيازة المفتاح."
    en = "The request is not signed by the key that it names, so possession of the key is not proven."


class DigestNotAccepted(RequestRefused):
    """The request is signed over a digest other than SHA-256, SHA-384 or SHA-512."""

    code = "certificate-request-digest-not-accepted"
    ar = "يُوقَّع الطلب بخلاصة SHA-256 أو SHA-384 أو SHA-512."
    en = "A request is signed over SHA-256, SHA-384 or SHA-512."


class KeyNotAccepted(RequestRefused):
    """The key is not of an accepted kind; fact `found`."""

    code = "certificate-request-key-not-accepted"
    ar = "المفتاح ({found}) غير مقبول. المقبول: P-256 أو P-384 أو RSA من 3072 إلى 4096 بتاً بأسّ 65537."
    en = "The key ({found}) is not accepted; P-256, P-384 and RSA of 3072 to 4096 bits (exponent 65537) are."


class KeyWeak(RequestRefused):
    """The key is of an accepted kind and can be broken; fact `found` names the fault."""

    code = "certificate-request-key-weak"
    ar = "المفتاح ضعيف يمكن كسره ({found}). اصنع مفتاحاً جديداً بأداة سليمة."
    en = "The key can be broken ({found}). Make a new one with a sound tool."


class RequestRepeats(RequestRefused):
    """An attribute or extension stands more than once; fact `oid`."""

    code = "certificate-request-repeats"
    ar = "يتكرر في الطلب ما لا يجوز تكراره: {oid}."
    en = "Something stands in the request more than once that may not: {oid}."


class PowerAsked(RequestRefused):
    """The request asks for what no applicant is given; fact `oid`, the extension."""

    code = "certificate-request-power-asked"
    ar = "يطلب الملف صلاحية لا تُمنح لمقدم طلب: {oid}. احذفها من الطلب."
    en = "The request asks for a power that no applicant is given: {oid}. Leave it out."


class NameNotAccepted(RequestRefused):
    """A part of the subject is not plain text; fact `field`."""

    code = "certificate-request-name-not-accepted"
    ar = "في اسم صاحب الطلب ما لا يصح: {field}. لا محارف خفية ولا نجوم، وقيمة واحدة لكل جزء."
    en = "Part of the subject cannot be right: {field}. No invisible characters, no stars, one value a part."


class SubjectNotRegistered(RequestRefused):
    """The subject is neither empty nor the registered one; fact `field` is the first that differs."""

    code = "certificate-request-subject-not-registered"
    ar = "اسم صاحب الطلب ليس المسجَّل: {field}. اتركه فارغاً أو اكتبه كما هو مسجَّل."
    en = "The subject is not the registered one: {field}. Leave the subject empty, or write it as registered."


class KeyReused(RequestRefused):
    """A key is applied for once: another application, certificate or key of ours has it."""

    code = "certificate-request-key-reused"
    ar = "سبق تقديم هذا المفتاح أو إصدار شهادة له. اصنع مفتاحاً جديداً."
    en = "This key was applied for or certified before. Make a new one."


class ApplicationRefused(Refusal):
    """Base of what cannot be done with an application."""

    code = "application-refused"
    ar = "لا يمكن ذلك في طلب الشهادة هذا."
    en = "This cannot be done with this application."


class ApplicationNotFound(ApplicationRefused):
    """There is no such application; fact `number`."""

    code = "application-not-found"
    ar = "لا يوجد طلب شهادة بالرقم {number}."
    en = "There is no application {number}."


class ApplicationClosed(ApplicationRefused):
    """The application is past this step; facts `number`, `state`."""

    code = "application-closed"
    ar = "طلب الشهادة {number} ليس في حالة تسمح بذلك ({state})."
    en = "Application {number} is {state}; this can no longer be done with it."


class OwnApplication(ApplicationRefused):
    """Who applied, or will be certified, neither approves nor rejects."""

    code = "application-own"
    ar = "لا يبتّ في الطلب من قدّمه ولا من تصدر الشهادة باسمه."
    en = "Who made an application, or would be certified by it, does not decide on it."


class ApprovedBefore(ApplicationRefused):
    """One officer's approval counts once."""

    code = "application-approved-before"
    ar = "سبق أن وافقت على هذا الطلب. يلزم موظف آخر."
    en = "You have approved this application before. It needs another officer."


class ApprovalsMissing(ApplicationRefused):
    """Fewer officers than needed have approved who still may; facts `number`, `given`, `needed`."""

    code = "application-approvals-missing"
    ar = "لطلب الشهادة {number} موافقات معتبرة عددها {given} من {needed}."
    en = "Application {number} has {given} of {needed} approvals that count."


class TooManyOpen(ApplicationRefused):
    """An agency has `most` applications open; one must be decided on or withdrawn first."""

    code = "applications-too-many-open"
    ar = "لهذه الجهة {most} طلب شهادة قيد البت. انتظر البت فيها أو اسحب بعضها."
    en = "This agency has {most} applications waiting. Wait for decisions, or withdraw some."


class RenewalRefused(ApplicationRefused):
    """The certificate is not in force, not the applicant's, or renewed already; fact `serial_number`."""

    code = "certificate-not-renewable"
    ar = "لا تُجدَّد الشهادة {serial_number}: ليست نافذة، أو ليست لمقدم الطلب، أو جُدّدت من قبل."
    en = (
        "Certificate {serial_number} cannot be renewed: not in force, not the applicant's, or renewed before."
    )


class RenewalProofWrong(ApplicationRefused):
    """What should be the present key's signature over the request is not."""

    code = "renewal-proof-wrong"
    ar = "توقيع المفتاح الحالي على طلب التجديد غير صحيح."
    en = "The present key's signature over the renewal request is not right."
