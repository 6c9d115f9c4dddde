"""What a refusal says: its reason, as stored, and the record of the sealed notice."""

from issuance.catalogue.models import ServiceDefinition, Text
from issuance.money import Money
from issuance.registries.answers import Reason
from issuance.requests.models import Request
from issuance.requests.registers import Registers
from signing.formats.canonical_json import JsonValue

UNKNOWN_PERSON = Text(ar="غير مسجل", en="Not registered")
REMEDY = Text(
    ar="يمكنك تصحيح السبب المذكور ثم تقديم طلب جديد، أو الاعتراض لدى الجهة المصدرة خلال ستين يوماً.",
    en="You may mend the stated cause and ask again, or object at the issuing agency within sixty days.",
)


def reason_to_json(reason: Reason) -> JsonValue:
    """As kept with the request and printed on the notice."""
    return {"code": reason.code, "ar": reason.text.ar, "en": reason.text.en}


def ambiguous_reason() -> Reason:
    """Several events fit since the request was submitted, and none was named."""
    return Reason(
        code="several-events",
        text=Text(
            ar="في السجل أكثر من واقعة من هذا النوع، ولم تُحدَّد الواقعة المطلوبة.",
            en="The register holds several events of this kind and none of them was named.",
        ),
    )


def refusal_record(
    request: Request, service: ServiceDefinition, registers: Registers, *, refund: Money
) -> dict[str, JsonValue]:
    """The `record` object of the notice (docs/formats/record.md)."""
    return {
        "request_number": request.number,
        "service": {"ar": service.title.ar, "en": service.title.en},
        "applicant": _party(registers, request.applicant),
        "subject": _party(registers, request.subject),
        "reason": request.refusal,
        "refund": {"minor": refund.minor, "currency": refund.currency.value},
        "remedy": {"ar": REMEDY.ar, "en": REMEDY.en},
    }


def _party(registers: Registers, national_number: str) -> JsonValue:
    name = registers.full_name(national_number) or UNKNOWN_PERSON
    return {"full_name": {"ar": name.ar, "en": name.en}, "national_number": national_number}
