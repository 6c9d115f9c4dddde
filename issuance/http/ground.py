"""Everything that stands under the routes, laid in the one right order."""

from collections.abc import Mapping

from fastapi import FastAPI

from issuance.http.headers import SecurityHeaders
from issuance.http.limits import BodyLimits, Limits
from issuance.http.openapi import install_openapi
from issuance.http.problems import install_problems
from issuance.http.request_ids import RequestIds
from issuance.identity.access import Authenticator, guard


def lay_ground(
    app: FastAPI,
    *,
    authenticator: Authenticator,
    limits: Limits,
    policies: Mapping[str, str] | None = None,
) -> None:
    """Give `app` its doors' authenticator, problem documents, limits, headers and OpenAPI.

    Create the application with `FastAPI(generate_unique_id_function=operation_id)`, and after
    the last route call `assert_every_route_declares`.
    """
    guard(app, authenticator)
    install_problems(app)
    install_openapi(app)
    # The last added is the outermost: ids and the answer to the unforeseen are around everything,
    # but inside the headers, which every answer carries.
    app.add_middleware(BodyLimits, limits=limits, authenticator=authenticator)
    app.add_middleware(RequestIds)
    app.add_middleware(SecurityHeaders, policies=policies)
