"""What can go wrong in a ceremony, and with what comes from one.

CaError
└── CeremonyError
    ├── PlanRefused        the plan is not one that can be carried out
    ├── RequestRefused     a certificate request is not the one that the plan names, or is no good
    ├── SheetRefused       the words on a custodian's sheet are not acceptable
    ├── SheetsDoNotOpen    enough sheets, and they do not open this key
    ├── AlreadyThere       results of a ceremony lie where these were to go
    ├── ResultsRefused     the results of a ceremony are not what their transcript says
    ├── TranscriptRefused  a text is no transcript
    ├── ImportRefused      what came from a ceremony is not taken into the books
    ├── CeremonyNeeded     the service lacks something that only a ceremony can give
    └── RootListEnded      the root's last revocation list has run out
"""

from ca.errors import CaError


class CeremonyError(CaError):
    """Base of the errors below."""

    code = "ca-ceremony"
    ar = "تعذّر إتمام مراسم المفتاح الجذر."
    en = "The ceremony could not be completed."


class PlanRefused(CeremonyError):
    """The plan is not one that can be carried out; facts `field`, `rule`."""

    code = "ca-plan-refused"
    ar = "خطة المراسم غير مقبولة عند {field}. المطلوب: {rule}."
    en = "The plan is refused at {field}. What must hold: {rule}."


class RequestRefused(CeremonyError):
    """A certificate request is not the one that the plan names, or is no good; facts `name`, `rule`."""

    code = "ca-ceremony-request-refused"
    ar = "طلب الشهادة {name} مرفوض. المطلوب: {rule}."
    en = "The certificate request for {name} is refused. What must hold: {rule}."


class SheetRefused(CeremonyError):
    """The words on a custodian's sheet are not acceptable; fact `rule`. Never carries the words.

    Fact `standing`, where one word is at fault: how many stand before it that need not be typed again.
    """

    code = "ca-sheet-refused"
    ar = "ورقة الأمين غير مقبولة. المطلوب: {rule}."
    en = "The sheet is refused. What must hold: {rule}."


class SheetsDoNotOpen(CeremonyError):
    """Enough sheets, each right in itself, and they do not open this key; fact `reason`."""

    code = "ca-sheets-do-not-open"
    ar = "الأوراق لا تفتح هذا المفتاح ({reason})."
    en = "The sheets do not open this key ({reason})."


class AlreadyThere(CeremonyError):
    """A ceremony never overwrites an earlier one; fact `path`."""

    code = "ca-ceremony-already-there"
    ar = "يوجد في {path} ما سبق، ولا تُكتب مراسم فوق مراسم."
    en = "{path} is there already; a ceremony never overwrites an earlier one."


class ResultsRefused(CeremonyError):
    """The results of a ceremony are not what their transcript says; facts `path`, `rule`."""

    code = "ca-ceremony-results-refused"
    ar = "نتائج المراسم غير مقبولة عند {path}. المطلوب: {rule}."
    en = "The results of the ceremony are refused at {path}. What must hold: {rule}."


class TranscriptRefused(CeremonyError):
    """A text is no transcript; facts `where`, `rule`."""

    code = "ca-transcript-refused"
    ar = "النص ليس محضر مراسم عند {where}. المطلوب: {rule}."
    en = "This is no transcript of a ceremony at {where}. What must hold: {rule}."


class ImportRefused(CeremonyError):
    """What came from a ceremony is not taken into the books, none of it; facts `field`, `rule`."""

    code = "ca-import-refused"
    ar = "لم تُقبل نتائج المراسم عند {field}. المطلوب: {rule}."
    en = "The ceremony's results are not taken in, for {field}. What must hold: {rule}."


class CeremonyNeeded(CeremonyError):
    """The service lacks something that only a ceremony can give; facts `missing`, `act`."""

    code = "ca-ceremony-needed"
    ar = "ينقص {missing}. يلزم عقد مراسم فيها {act}، ثم إدخال نتائجها بالأمر wathiqa ca import."
    en = (
        "There is no usable {missing}. Hold a ceremony with {act}, then take its results in with: "
        "wathiqa ca import."
    )


class RootListEnded(CeremonyError):
    """The root's last revocation list has run out; fact `ended`."""

    code = "ca-root-list-ended"
    ar = (
        "انتهت مدة قائمة الإبطال الجذرية في {ended}، ولا يُختم شيء حتى تُعقد مراسم تصدر قائمة جديدة "
        "(issue-crl) وتُدخل بالأمر wathiqa ca import."
    )
    en = (
        "The root's revocation list ended on {ended}. Nothing is sealed until a ceremony with the act "
        "issue-crl was held and its results were taken in with: wathiqa ca import."
    )
