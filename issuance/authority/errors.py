"""What the authority refuses, as problems of the service.

The sentences and codes are those of `ca.refusals` and `ca.errors`; here stands only which kind of
problem each is. Whatever is not in the table stays what it is: an error of ours.

IssuanceError
├── NotFound      application-not-found, ca-certificate-not-found, agency-unknown, officer-unknown
├── Forbidden     application-own
├── Conflict      a state that does not allow it; a key that was used; a certificate that is not renewable
├── Invalid       a request that cannot be right, or of another media type
└── Unavailable   the issuing key does not answer
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ca import refusals
from ca.applications import ApplicationState
from ca.errors import (
    CaError,
    CertificateNotFound,
    ClockWrong,
    KeyAlreadyCertified,
    NotRevocable,
    ProfileViolation,
)
from issuance.errors import Conflict, Forbidden, Invalid, IssuanceError, NotFound, Unavailable
from issuance.http.errors import MediaTypeNotSupported
from issuance.problems import Sentence
from keys.errors import KeyUnavailable

_KINDS: dict[type[CaError], type[IssuanceError]] = {
    refusals.RequestTooLarge: Invalid,
    refusals.RequestMalformed: Invalid,
    refusals.PossessionNotProven: Invalid,
    refusals.DigestNotAccepted: Invalid,
    refusals.KeyNotAccepted: Invalid,
    refusals.KeyWeak: Invalid,
    refusals.RequestRepeats: Invalid,
    refusals.PowerAsked: Invalid,
    refusals.NameNotAccepted: Invalid,
    refusals.SubjectNotRegistered: Invalid,
    refusals.KeyReused: Conflict,
    refusals.ApplicationNotFound: NotFound,
    refusals.ApplicationClosed: Conflict,
    refusals.OwnApplication: Forbidden,
    refusals.ApprovedBefore: Conflict,
    refusals.ApprovalsMissing: Conflict,
    refusals.TooManyOpen: Conflict,
    refusals.RenewalRefused: Conflict,
    refusals.RenewalProofWrong: Invalid,
    CertificateNotFound: NotFound,
    NotRevocable: Conflict,
    ProfileViolation: Invalid,
    KeyAlreadyCertified: Conflict,
    ClockWrong: Unavailable,
}
_PROBLEMS: dict[type[CaError], type[IssuanceError]] = {
    refused: type(
        refused.__name__,
        (kind,),
        {
            "__doc__": refused.__doc__,
            "__module__": __name__,
            "code": refused.code,
            "ar": refused.ar,
            "en": refused.en,
        },
    )
    for refused, kind in _KINDS.items()
}
STATE_WORDS = {
    ApplicationState.SUBMITTED: Sentence(ar="قيد البت", en="waiting for a decision"),
    ApplicationState.ISSUING: Sentence(ar="قيد الإصدار", en="being issued"),
    ApplicationState.ISSUED: Sentence(ar="صدرت شهادته", en="issued"),
    ApplicationState.REJECTED: Sentence(ar="مرفوض", en="rejected"),
    ApplicationState.WITHDRAWN: Sentence(ar="مسحوب", en="withdrawn"),
    ApplicationState.EXPIRED: Sentence(ar="انتهت مهلته", en="expired"),
    ApplicationState.FAILED: Sentence(ar="تعذّر إصداره", en="failed"),
}


class AgencyUnknown(NotFound):
    """No agency of this code issues documents here, or the caller is not of it."""

    code = "agency-unknown"
    ar = "لا توجد جهة بهذا الرمز، أو ليست جهتك."
    en = "There is no such agency, or it is not yours."


class OfficerUnknown(NotFound):
    """No open account of this id belongs to the agency; or a machine asks, and people are not its matter."""

    code = "officer-unknown"
    ar = "لا يوجد في هذه الجهة موظف بهذا الحساب."
    en = "This agency has no member of staff with this account."


class RequestNotText(Invalid):
    """The request is neither PEM nor DER in base64."""

    code = "certificate-request-not-text"
    ar = "اكتب طلب الشهادة بصيغة PEM، أو DER بترميز base64."
    en = "Write the certificate request as PEM, or as DER in base64."


class NotPkcs10(MediaTypeNotSupported):
    """EST carries requests as application/pkcs10 (RFC 7030 §4.2.1)."""

    code = "est-media-type-not-supported"
    ar = "اذكر نوع المحتوى: application/pkcs10."
    en = "Name the content type: application/pkcs10."


class NothingToRenew(Conflict):
    """The caller's system has no certificate in force that another could follow."""

    code = "nothing-to-renew"
    ar = "ليس لهذا النظام شهادة نافذة تُجدَّد. قدّم طلباً جديداً."
    en = "This system has no certificate in force to renew. Apply for a new one."


class IssuingKeyUnavailable(Unavailable):
    """The issuing key does not answer; what was approved is issued as soon as it does."""

    code = "issuing-key-unavailable"
    ar = "مفتاح الإصدار لا يجيب الآن. حُفظت الموافقة، وتصدر الشهادة متى أجاب."
    en = "The issuing key does not answer at present. The approval is kept; the certificate will follow."


def problem_of(error: CaError) -> IssuanceError | None:
    """The problem that an error of the authority is to a caller; None where it is ours to mend."""
    kind = next((_PROBLEMS[each] for each in type(error).__mro__ if each in _PROBLEMS), None)
    if kind is None:
        return None
    facts = dict(error.facts)
    if "state" in facts:
        facts["state"] = STATE_WORDS[ApplicationState(str(facts["state"]))]
    return kind(**facts)


@contextmanager
def as_problems() -> Iterator[None]:
    """Turn what the authority refuses into problems, while the block runs.

    Raises:
        IssuanceError: a problem of the table above.
    """
    try:
        yield
    except CaError as error:
        problem = problem_of(error)
        if problem is None:
            raise
        raise problem from error
    except KeyUnavailable as error:
        raise IssuingKeyUnavailable from error
