"""Anything a caller may send, to any operation (Schemathesis): never a 5xx, always as described."""

import re
import warnings
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installed_service import Delivered, Town
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from issuance.identity.permissions import ROLE_PERMISSIONS, Role

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES_OF_AN_OPERATION = 5
NOT_CALLED = {("DELETE", "/session")}  # it would end the session of the calls after it
CITIZEN = "citizen"


@schemathesis.serializer("application/timestamp-query", "application/ocsp-request", "application/pdf")
def _as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def held(shared_town: Town) -> Delivered:
    case = shared_town.case()
    return shared_town.delivered(case, shared_town.citizen(case.applicant))


@pytest.mark.parametrize(
    "caller",
    [
        CITIZEN,
        Role.CLERK,
        Role.REGISTRAR,
        Role.AUDITOR,
        Role.TREASURER,
        Role.ADMINISTRATOR,
        Role.REGISTRATION_OFFICER,
        Role.SECURITY_OFFICER,
    ],
)
def test_whatever_is_sent_is_answered_as_described(town: Town, held: Delivered, caller: str) -> None:
    token = town.citizen(held.case.applicant) if caller == CITIZEN else town.staff(Role(caller))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tool's own transport announces its deprecation
        schema = schemathesis.openapi.from_asgi("/openapi.json", town.app)
        operations = [found.ok() for found in schema.get_all_operations()]
        called = [operation for operation in operations if _concerns(operation, caller)]
        for operation in called:
            _fuzz(operation, token, held)
    assert len(operations) >= 50
    assert called


def _concerns(operation: Any, caller: str) -> bool:
    """Citizens are sent everywhere; staff where more than a closed door is to be seen."""
    if (operation.method.upper(), operation.path) in NOT_CALLED:
        return False
    if caller == CITIZEN:
        return True
    opens = {permission.value for permission in ROLE_PERMISSIONS[Role(caller)]}
    asked = operation.definition.raw.get("x-permission", [])
    return any(opens & set(alternatives.split(" | ")) for alternatives in asked)


def _fuzz(operation: Any, token: str, held: Delivered) -> None:
    @settings(
        max_examples=EXAMPLES_OF_AN_OPERATION,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy(), real=st.booleans())
    def call(case: Any, *, real: bool) -> None:
        if real:  # half of the calls name something that exists
            _name_what_exists(case, held)
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

    call()


def _name_what_exists(case: Any, held: Delivered) -> None:
    for name in case.path_parameters:
        if name == "number":
            is_document = re.match("/documents/", case.path) is not None
            case.path_parameters[name] = held.number if is_document else held.request
        elif name == "service":
            case.path_parameters[name] = "birth"
        elif name == "provider":
            case.path_parameters[name] = "e-payments"
