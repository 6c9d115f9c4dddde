"""What is wrong with each field of a request, in Arabic and English.

What the caller sent is never echoed: it may be a code or a password.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from issuance.problems import Sentence, fill
from signing.formats.canonical_json import JsonValue

MAX_FIELDS_REPORTED = 20

_NOT_VALID = Sentence(ar="قيمة غير صحيحة.", en="Not valid.")

# Error types of pydantic-core; what is not listed is simply "not valid".
_SENTENCES: dict[str, Sentence] = {
    "missing": Sentence(ar="حقل مطلوب.", en="Required."),
    "extra_forbidden": Sentence(ar="حقل غير معروف.", en="Unknown field."),
    "string_type": Sentence(ar="يجب أن يكون نصاً.", en="Must be text."),
    "string_too_short": Sentence(
        ar="أقصر من المسموح: {min_length} على الأقل.", en="Too short: at least {min_length} characters."
    ),
    "string_too_long": Sentence(
        ar="أطول من المسموح: {max_length} على الأكثر.", en="Too long: at most {max_length} characters."
    ),
    "string_pattern_mismatch": Sentence(ar="الصيغة غير صحيحة.", en="Not in the expected form."),
    "int_type": Sentence(ar="يجب أن يكون عدداً صحيحاً.", en="Must be a whole number."),
    "int_parsing": Sentence(ar="يجب أن يكون عدداً صحيحاً.", en="Must be a whole number."),
    "bool_type": Sentence(ar="يجب أن يكون نعم أو لا.", en="Must be true or false."),
    "date_from_datetime_parsing": Sentence(ar="يجب أن يكون تاريخاً.", en="Must be a date."),
    "date_parsing": Sentence(ar="يجب أن يكون تاريخاً.", en="Must be a date."),
    "enum": Sentence(ar="القيمة ليست من القيم المسموحة.", en="Not one of the allowed values."),
    "literal_error": Sentence(ar="القيمة ليست من القيم المسموحة.", en="Not one of the allowed values."),
    "greater_than_equal": Sentence(ar="أقل من المسموح: {ge}.", en="Must be at least {ge}."),
    "greater_than": Sentence(ar="يجب أن يكون أكبر من {gt}.", en="Must be more than {gt}."),
    "less_than_equal": Sentence(ar="أكبر من المسموح: {le}.", en="Must be at most {le}."),
    "less_than": Sentence(ar="يجب أن يكون أقل من {lt}.", en="Must be less than {lt}."),
    "list_type": Sentence(ar="يجب أن يكون قائمة.", en="Must be a list."),
    "too_long": Sentence(ar="عناصر أكثر من المسموح: {max_length}.", en="At most {max_length} items."),
    "too_short": Sentence(ar="عناصر أقل من المطلوب: {min_length}.", en="At least {min_length} items."),
    "model_attributes_type": Sentence(ar="يجب أن يكون كائن JSON.", en="Must be a JSON object."),
    "model_type": Sentence(ar="يجب أن يكون كائن JSON.", en="Must be a JSON object."),
}


def describe_fields(found: Iterable[Mapping[str, Any]]) -> list[dict[str, JsonValue]]:
    """One entry a fault: where (`in`, `pointer`), and what in both languages."""
    return [_describe(item) for item in list(found)[:MAX_FIELDS_REPORTED]]


def _describe(item: Mapping[str, Any]) -> dict[str, JsonValue]:
    place, *path = item["loc"]
    sentence = _SENTENCES.get(item["type"], _NOT_VALID)
    facts = item.get("ctx", {})
    return {
        "in": str(place),
        "pointer": "#" + "".join("/" + _escaped(str(step)) for step in path),
        "detail_ar": fill(sentence.ar, facts),
        "detail_en": fill(sentence.en, facts),
    }


def _escaped(step: str) -> str:
    """One reference token (RFC 6901 §3), bounded: a key may be the caller's own."""
    return step[:100].replace("~", "~0").replace("/", "~1")
