"""The paths of every profile lead somewhere in the JSON Schema of its kind."""

import json
import re
from importlib import resources
from typing import Any

import pytest

from signing.formats.codes import CODE_TABLES, GOVERNORATE, MARITAL_STATUS, SEX
from signing.formats.fields import Field, FieldKind
from signing.formats.profiles import PROFILES, Profile


def _schema(kind: str) -> dict[str, Any]:
    path = resources.files("issuance") / "catalogue" / "schemas" / f"{kind}-1.json"
    if not path.is_file():
        pytest.skip(f"no schema for {kind} yet")
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def _resolve(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        target: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _properties(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    node = _resolve(node, root)
    found = dict(node.get("properties", {}))
    for part in node.get("allOf", ()):
        found |= _properties(part, root)
    return found


def _find(node: dict[str, Any], path: str, root: dict[str, Any]) -> dict[str, Any]:
    for step in path.split("."):
        node = _properties(node, root)[step]
    return _resolve(node, root)


def _check(field: Field, node: dict[str, Any], root: dict[str, Any]) -> None:
    found = _find(node, field.path, root)
    match field.kind:
        case FieldKind.ROWS:
            assert found["type"] == "array"
            for column in field.columns:
                _check(column, found["items"], root)
        case FieldKind.MONEY:
            assert set(found["properties"]) == {"minor", "currency"}
            assert {code.key for code in CODE_TABLES["currency"]} == set(
                _resolve(found["properties"]["currency"], root)["enum"]
            )
        case FieldKind.CODE if "enum" in found or "const" in found:
            assert {code.key for code in CODE_TABLES[field.table]} == set(
                found.get("enum", [found.get("const")])
            )
        case _:
            assert found.get("type", "string") == "string"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.kind)
def test_every_path_leads_to_a_value_of_its_kind(profile: Profile) -> None:
    schema = _schema(profile.kind)
    for field in profile.fields:
        _check(field, schema, schema)


@pytest.mark.parametrize("table", [SEX, GOVERNORATE, MARITAL_STATUS])
def test_words_of_a_code_are_those_on_the_paper(table: str) -> None:
    """Whoever compares is told that any difference means an altered paper."""
    template = (resources.files("signing") / "rendering" / "templates" / "person.typ").read_text("utf-8")
    if table == SEX:
        template = template[: template.index("#let statuses")]
    for code in CODE_TABLES[table]:
        printed = re.findall(rf'\b{code.key}: \(ar: "([^"]+)", en: "([^"]+)"\)', template)
        assert code.ar.split(" أو ") == [ar for ar, _ in printed]
        assert {code.en} == {en for _, en in printed}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.kind)
def test_the_title_of_a_kind_is_that_on_the_paper(profile: Profile) -> None:
    template = resources.files("signing") / "rendering" / "templates" / f"{profile.kind}.typ"
    title = f'#let title = (ar: "{profile.title_ar}", en: "{profile.title_en}")'
    assert title in template.read_text("utf-8")
