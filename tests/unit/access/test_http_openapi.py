"""The OpenAPI document: a client can be generated, and nothing stands in it that is not so."""

import re
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator

from issuance.http.openapi import PROBLEM_SCHEMA
from issuance.identity.access import doors


@pytest.fixture
def document(service: Any) -> Any:
    return service.ask("GET", "/openapi.json").json()


def _operations(document: Any) -> Any:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_it_is_an_openapi_3_1_document(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPI.model_validate(document)


def test_each_operation_has_a_unique_short_id_and_a_tag(document: Any) -> None:
    ids = [operation["operationId"] for _, _, operation in _operations(document)]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in ids)
    assert all(operation["tags"] for _, _, operation in _operations(document))


def test_each_operation_answers_problems_from_the_shared_components(document: Any) -> None:
    for _, path, operation in _operations(document):
        for status, response in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                if "$ref" in response:
                    name = response["$ref"].removeprefix("#/components/responses/")
                    assert name in document["components"]["responses"], path
                elif path != "/oauth/token":  # answers in OAuth's own form
                    assert "application/problem+json" in response["content"], path
    assert "HTTPValidationError" not in str(document)


def test_security_and_permission_are_those_of_the_doors(service: Any, document: Any) -> None:
    declared = dict(doors(service.app))
    for method, path, operation in _operations(document):
        door = declared[f"{method} {path}"]
        if any(said.startswith("public") for said in door):
            assert {"session": []} not in operation.get("security", [])
        else:
            assert operation["x-permission"] == sorted(door)
            assert {"session": []} in operation["security"]
            assert {"401", "403"} <= operation["responses"].keys()
    schemes = document["components"]["securitySchemes"]
    assert schemes["session"]["scheme"] == "bearer"
    assert schemes["machine"]["flows"]["clientCredentials"]["tokenUrl"] == "/oauth/token"
    assert schemes["client"]["scheme"] == "basic"


def test_every_reference_leads_somewhere(document: Any) -> None:
    def references(node: Any) -> Any:
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
            node = list(node.values())
        if isinstance(node, list):
            for item in node:
                yield from references(item)

    for reference in set(references(document)):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found.get(step, {})
        assert found, reference


def test_a_problem_document_is_what_the_schema_says(service: Any) -> None:
    validator = Draft202012Validator(PROBLEM_SCHEMA)

    problems = [
        service.ask("GET", "/session").json(),
        service.ask("POST", "/sign-in/code", json={}).json(),
    ]
    assert [list(validator.iter_errors(problem)) for problem in problems] == [[], []]
