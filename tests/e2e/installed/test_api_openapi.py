"""The description of the whole interface: valid, complete, and good enough to generate a client from."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from installed_service import Town

METHODS = ("get", "put", "post", "delete", "patch", "head")
# A client that does not prove itself is told so in OAuth's own form (RFC 6749 §5.2).
NOT_PROBLEMS = {("/oauth/token", "401")}
MAX_ID_CHARACTERS = 24


@pytest.fixture(scope="module")
def document(shared_town: Town) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the framework only warns of an operation id that stands twice
        return shared_town.ask("GET", "/openapi.json").json()


def _operations(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def test_it_is_an_openapi_document(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPI.model_validate(document)


def test_operation_ids_are_unique_and_short(document: Any) -> None:
    ids = Counter(operation["operationId"] for _, _, operation in _operations(document))

    assert [name for name, times in ids.items() if times > 1] == []
    assert [name for name in ids if not re.fullmatch(rf"[a-z][A-Za-z]{{1,{MAX_ID_CHARACTERS}}}", name)] == []


def test_every_operation_says_in_words_what_it_does_and_where_it_belongs(document: Any) -> None:
    for method, path, operation in _operations(document):
        assert operation["tags"], (method, path)
        assert operation["description"].strip(), (method, path)


def test_every_operation_has_a_summary_for_people(document: Any) -> None:
    """Not the function's name: the beginning of its description, one clause without a full stop."""
    for method, path, operation in _operations(document):
        summary = operation["summary"]
        name = re.sub(r"(?<!^)(?=[A-Z])", " ", operation["operationId"]).title()
        assert summary != name, (method, path)
        assert operation["description"].startswith(summary), (method, path)
        assert 3 <= len(summary) <= 100, (method, path)
        assert not summary.endswith("."), (method, path)


def test_every_failure_is_described_as_a_problem(document: Any) -> None:
    for method, path, operation in _operations(document):
        assert "default" in operation["responses"], (method, path)
        for status, response in operation["responses"].items():
            if (path, status) in NOT_PROBLEMS or (status != "default" and int(status) < 400):
                continue
            found = _followed(document, response)
            assert "application/problem+json" in found["content"], (method, path, status)


def test_every_reference_leads_somewhere_and_nothing_is_left_over(document: Any) -> None:
    used = set(_references(document))
    for reference in used:
        _followed(document, {"$ref": reference})
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert schemas <= used


def test_every_post_that_creates_or_pays_asks_for_an_idempotency_key(document: Any) -> None:
    without = {
        path
        for method, path, operation in _operations(document)
        if method == "POST"
        and not any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    assert without == {
        "/sign-in/codes",  # each gives a new session or code, whoever repeats it
        "/sign-in/code",
        "/sign-in/password",
        "/oauth/token",
        "/accounts",  # what is kept for a key must never hold a password or a secret
        "/clients",
        "/documents/{number}/links",  # as above: what opens a document
        "/requests/{number}/answer",  # news that may come twice
        "/webhooks/payments/{provider}",  # its webhook-id is its key
        "/api/documents/check",  # asks only
        "/api/verifications/document",  # as above, and nothing is kept
        "/tsa",
        "/ocsp",
    }


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _references(each)


def _followed(document: Any, node: Any) -> Any:
    while "$ref" in node:
        steps, node = node["$ref"].removeprefix("#/").split("/"), document
        for step in steps:
            node = node[step]
    return node
