"""The schemas of `record.json`: strict, alike across kinds, and silent about people."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from issuance.catalogue.embedded_json import SCHEMAS, published_schema, validate_embedded_json
from issuance.catalogue.errors import EmbeddedJsonInvalid
from issuance.catalogue.models import DocumentKind

Json = dict[str, Any]
TEXT = {"ar": "حمص", "en": "Homs"}
PERSON: Json = {
    "national_number": "99010000001",
    "given_name": TEXT,
    "family_name": TEXT,
    "father_name": TEXT,
    "mother_name": TEXT,
    "sex": "female",
    "birth_date": "1990-02-28",
    "birth_place": TEXT,
    "nationality": "SY",
    "registration": {
        "governorate": "SY-HI",
        "civil_registry_office": TEXT,
        "registry_place": TEXT,
        "registry_number": "12",
    },
}
DOCUMENT: Json = {
    "number": "260000000017",
    "issued_on": "2026-11-22",
    "valid_until": "2027-02-20",
    "agency": "civil-registry",
    "service": "death",
    "service_version": 1,
    "issued_at_office": TEXT,
    "request_number": "R-26-0000000017",
    "purpose": None,
    "template": "0" * 64,
    "check_code": "7KQ2M9XA4RTB",
}
DEATH: Json = {
    "$schema": "https://verify.wathiqa.example/schemas/death-1.json",
    "kind": "death",
    "document": DOCUMENT,
    "record": {
        "person": {**PERSON, "death_date": "2020-01-02"},
        "event": {
            "registration_number": "4202000001",
            "registered_on": "2020-01-05",
            "date": "2020-01-02",
            "time": "23:59",
            "place": {"ar": "حمص"},
        },
    },
}
REFUSAL: Json = {
    "$schema": "http://127.0.0.1:8000/schemas/refusal-notice-1.json",
    "kind": "refusal-notice",
    "document": DOCUMENT,
    "record": {
        "request_number": "R-26-0000000017",
        "service": TEXT,
        "applicant": {"full_name": TEXT, "national_number": "99010000001"},
        "subject": {"full_name": TEXT, "national_number": "99010000001"},
        "reason": {"code": "divorce-awaits-judgment", "ar": "غير مكتملة.", "en": "Not complete."},
        "refund": {"minor": 0, "currency": "SYP"},
        "remedy": {"ar": "راجع المحكمة.", "en": "Ask the court."},
    },
}


def put(*path: str, value: object) -> Callable[[Json], None]:
    def change(embedded: Json) -> None:
        node = embedded
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return change


PERSON_AT = ("record", "person")
BROKEN: dict[str, tuple[Callable[[Json], None], str]] = {
    "a field nobody foresaw": (put(*PERSON_AT, "religion", value="x"), "/record/person"),
    "a national number of ten digits": (
        put(*PERSON_AT, "national_number", value="9901000000"),
        "/record/person",
    ),
    "a national number as integer": (put(*PERSON_AT, "national_number", value=99010000001), "/record/person"),
    "a national number in Arabic digits": (
        put(*PERSON_AT, "national_number", value="٩٩٠١٠٠٠٠٠٠١"),
        "/record",
    ),
    "a national number and a line feed": (
        put(*PERSON_AT, "national_number", value="99010000001\n"),
        "/record",
    ),
    "a date that does not exist": (put(*PERSON_AT, "birth_date", value="1990-02-30"), "/record/person"),
    "a date and a line feed": (put(*PERSON_AT, "birth_date", value="1990-02-28\n"), "/record/person"),
    "a date with Arabic digits": (put(*PERSON_AT, "birth_date", value="١٩٩٠-02-28"), "/record/person"),
    "the twenty-fourth hour": (put("record", "event", "time", value="24:00"), "/record/event/time"),
    "a name that turns the line round": (
        put(*PERSON_AT, "given_name", value={"ar": "حمص\u202e"}),
        "/record/person/given_name/ar",
    ),
    "a name with an invisible character": (
        put(*PERSON_AT, "given_name", value={"ar": "حم\u200bص"}),
        "/record/person/given_name/ar",
    ),
    "a name of spaces": (put(*PERSON_AT, "given_name", value={"ar": " "}), "/record/person/given_name/ar"),
    "a name without end": (
        put(*PERSON_AT, "given_name", value={"ar": "ا" * 201}),
        "/record/person/given_name/ar",
    ),
    "a name in English only": (put(*PERSON_AT, "given_name", value={"en": "X"}), "/record/person/given_name"),
    "a registration number with a newline": (
        put("record", "event", "registration_number", value="12\n"),
        "/record/event/registration_number",
    ),
    "another kind's schema": (
        put("$schema", value="https://verify.wathiqa.example/schemas/birth-1.json"),
        "/$schema",
    ),
    "a schema behind a query": (put("$schema", value="https://x.example/?/schemas/death-1.json"), "/$schema"),
    "a template digest in capitals": (put("document", "template", value="A" * 64), "/document/template"),
    "a document number of thirteen digits": (put("document", "number", value="2" * 13), "/document/number"),
    "no purpose said": (lambda embedded: embedded["document"].pop("purpose"), "/document"),
}


@pytest.mark.parametrize(("change", "path"), BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_the_schema_is_refused_where_it_breaks(change: Callable[[Json], None], path: str) -> None:
    embedded = copy.deepcopy(DEATH)
    change(embedded)

    with pytest.raises(EmbeddedJsonInvalid) as caught:
        validate_embedded_json(embedded)

    assert any(fault.path.startswith(path) for fault in caught.value.faults), caught.value.faults


@pytest.mark.parametrize("embedded", [DEATH, REFUSAL], ids=["death", "refusal notice"])
def test_what_follows_the_schema_is_accepted(embedded: Json) -> None:
    validate_embedded_json(embedded)
    with pytest.raises(EmbeddedJsonInvalid):  # and one thing more is too much
        validate_embedded_json({**embedded, "more": 1})


@pytest.mark.parametrize("kind", ["passport", None, 7, "", "birth\n", ["birth"], {}])
def test_an_unknown_kind_is_refused(kind: object) -> None:
    with pytest.raises(EmbeddedJsonInvalid):
        validate_embedded_json({**DEATH, "kind": kind})  # type: ignore[dict-item]


def test_an_error_tells_nothing_about_the_person() -> None:
    """Errors are logged; names and numbers are not for logs."""
    embedded = copy.deepcopy(DEATH)
    embedded["record"]["person"]["national_number"] = "SECRET-990"
    embedded["record"]["person"]["given_name"] = {"ar": "سرّي\u202e"}
    embedded["record"]["person"]["SECRET-FIELD"] = "SECRET"

    with pytest.raises(EmbeddedJsonInvalid) as caught:
        validate_embedded_json(embedded)

    assert "SECRET" not in str(caught.value)
    assert "سرّي" not in str(caught.value)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_each_kind_has_a_sound_schema_published_at_its_address(kind: DocumentKind) -> None:
    schema = json.loads(published_schema(kind, "https://check.example"))

    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://check.example/schemas/{kind}-1.json"
    assert schema["properties"]["kind"] == {"const": kind.value}


def test_what_has_one_name_in_several_schemas_is_the_same() -> None:
    """Each file stands alone, so that an auditor needs only one; they must not drift apart."""
    seen: dict[str, Json] = {}
    for path in sorted(SCHEMAS.glob("*.json")):
        for name, definition in json.loads(path.read_text(encoding="utf-8"))["$defs"].items():
            assert seen.setdefault(name, definition) == definition, (path.name, name)


def test_every_object_is_closed_and_every_string_bounded() -> None:
    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node.get("additionalProperties") is False, path
            if node.get("type") == "string":
                assert "maxLength" in node, path
            if node.get("type") == "array":
                assert "maxItems" in node, path
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for item in node:
                walk(item, path)

    for schema in SCHEMAS.glob("*.json"):
        walk(json.loads(schema.read_text(encoding="utf-8")), schema.name)
