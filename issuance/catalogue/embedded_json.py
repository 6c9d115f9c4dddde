"""The schemas of the JSON embedded in each kind of document (JSON Schema 2020-12).

A schema covers the whole of `record.json`, forbids what it does not name and bounds
every length, so that a register cannot put anything unforeseen into a sealed
document. It is published beside the trust list, where an auditor finds it under the
address that the document's `$schema` gives.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from issuance.catalogue.errors import EmbeddedJsonInvalid, Fault
from issuance.catalogue.models import DocumentKind
from signing.formats.canonical_json import JsonValue

SCHEMAS = Path(__file__).parent / "schemas"
SCHEMA_VERSION = 1
_MAX_FAULTS = 20


def schema_name(kind: DocumentKind) -> str:
    """Such as `birth-1`: what a service definition names and what the published file is called."""
    return f"{kind.value}-{SCHEMA_VERSION}"


def schema_address(kind: DocumentKind, verify_origin: str) -> str:
    """Where the schema of `kind` is published; the value of `$schema` in the embedded JSON."""
    return f"{verify_origin}/schemas/{schema_name(kind)}.json"


def published_schema(kind: DocumentKind, verify_origin: str) -> bytes:
    """The schema file of `kind` with its `$id` at `verify_origin`."""
    schema = {**_read(kind), "$id": schema_address(kind, verify_origin)}
    return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()


def validate_embedded_json(value: Mapping[str, JsonValue]) -> None:
    """Check `value` against the schema of the kind it names.

    Raises:
        EmbeddedJsonInvalid: with the path and rule of each fault, and none of the person's data.
    """
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in frozenset(DocumentKind):
        rule = "names a kind of document"
        raise EmbeddedJsonInvalid(str(kind)[:64], [Fault(file="record.json", path="/kind", rule=rule)])
    validator = _validator(DocumentKind(kind))
    faults = [
        _fault(error) for error, _ in zip(validator.iter_errors(value), range(_MAX_FAULTS), strict=False)
    ]
    if faults:
        raise EmbeddedJsonInvalid(str(kind), faults)


def _fault(error: ValidationError) -> Fault:
    # `error.message` would repeat the offending value, which is somebody's personal data.
    rule = f"{error.validator}: {json.dumps(error.validator_value, ensure_ascii=False)[:200]}"
    path = "/" + "/".join(str(step) for step in error.absolute_path)
    return Fault(file="record.json", path=path, rule=rule)


def _read(kind: DocumentKind) -> dict[str, JsonValue]:
    text = (SCHEMAS / f"{schema_name(kind)}.json").read_text(encoding="utf-8")
    return cast("dict[str, JsonValue]", json.loads(text))


@cache
def _validator(kind: DocumentKind) -> Draft202012Validator:
    schema = _read(kind)
    definitions = cast("dict[str, JsonValue]", schema.pop("$defs"))
    return Draft202012Validator(
        cast("dict[str, object]", _inlined(schema, definitions)), format_checker=FormatChecker(["date"])
    )


def _inlined(node: JsonValue, definitions: dict[str, JsonValue]) -> JsonValue:
    """The schema with each reference replaced by what it names: half the time to validate.

    Our schemas are not recursive, and a `$ref` stands alone in its object.
    """
    match node:
        case {"$ref": str(name)}:
            return _inlined(definitions[name.removeprefix("#/$defs/")], definitions)
        case dict():
            return {key: _inlined(value, definitions) for key, value in node.items()}
        case list():
            return [_inlined(item, definitions) for item in node]
        case _:
            return node
