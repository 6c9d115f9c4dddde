"""Anything a caller may send, by Schemathesis: never a 500, always what the description says."""

import warnings
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from issuance.identity.permissions import Role

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.CLERK])
def test_whatever_is_sent_is_answered_as_described(service: Any, role: Role) -> None:
    service.hire("hind", role)
    token = service.token_of("hind")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tool's own transport announces its deprecation
        schema = schemathesis.openapi.from_asgi("/openapi.json", service.app)
        operations = [found.ok() for found in schema.get_all_operations()]
        cases = st.one_of([operation.as_strategy() for operation in operations])

        @settings(
            max_examples=30,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=cases)
        def fuzz(case: Any) -> None:
            if case.path == "/session" and case.method == "DELETE":
                return  # it would end the session of the others
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)

        fuzz()
    assert len(operations) >= 18
