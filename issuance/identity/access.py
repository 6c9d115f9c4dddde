"""The door of every route: it names a permission or says why it is public.

    @router.get("/requests/{number}")
    def show(number: str, actor: Annotated[Actor, Depends(require(Permission.REQUESTS_READ_OWN))]): ...

    @router.get("/services", dependencies=[Depends(public("the catalogue is for everybody"))])

Denied by default: `assert_every_route_declares` fails at start-up, and in a test, when a
route does neither. Who presents a token is found by the `Authenticator` that the
composition root hands in with `guard`.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, OAuth2
from starlette.routing import Mount

from issuance.identity.actors import Actor
from issuance.identity.errors import NotSignedIn
from issuance.identity.permissions import MACHINE_PERMISSIONS, Permission

TOKEN_PATH = "/oauth/token"  # noqa: S105  (a path)

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="session",
    description="The opaque token that a citizen or a member of staff received on signing in (RFC 6750).",
)
_client_credentials = OAuth2(
    auto_error=False,
    scheme_name="machine",
    description="For other agencies' systems: OAuth 2.0 client credentials (RFC 6749 §4.4).",
    flows={
        "clientCredentials": {
            "tokenUrl": TOKEN_PATH,
            "scopes": {str(permission): permission.name for permission in sorted(MACHINE_PERMISSIONS)},
        }
    },
)


class Authenticator(Protocol):
    """Finds who a bearer token stands for."""

    def actor(self, token: str) -> Actor:
        """The actor behind `token`.

        Raises:
            TokenNotValid: unknown, expired or revoked.
        """


class UndeclaredRoute(Exception):
    """Routes exist that neither require a permission nor say why they are public."""

    def __init__(self, routes: list[str]) -> None:
        super().__init__("these routes declare neither require(...) nor public(...): " + ", ".join(routes))
        self.routes = routes


class Require:
    """A dependency: the caller is signed in and holds at least one of the permissions."""

    def __init__(self, any_of: tuple[Permission, ...]) -> None:
        self.any_of = any_of

    def __call__(
        self,
        request: Request,
        shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        _: Annotated[str | None, Depends(_client_credentials)],
    ) -> Actor:
        """The actor, or the error that the door answers with."""
        if shown is None:
            raise NotSignedIn
        return self.admit(cast("Authenticator", request.app.state.authenticator), shown.credentials)

    def admit(self, authenticator: Authenticator, token: str) -> Actor:
        """The actor whom the token stands for, when they may pass.

        Raises:
            IssuanceError: the door stays closed; the error says why.
        """
        actor = authenticator.actor(token)
        actor.check(*self.any_of)
        return actor


class Public:
    """A dependency that lets everybody in, and says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __call__(self) -> None:
        """Nothing to check."""


@cache
def require(*any_of: Permission) -> Require:
    """The caller must hold the permission, or one of several when a route serves different callers."""
    if not any_of:
        raise ValueError("require() names at least one permission")
    return Require(any_of)


@cache
def public(reason: str) -> Public:
    """Everybody may call this; `reason` is for whoever reviews the table of routes."""
    if not reason.strip():
        raise ValueError("public() says why")
    return Public(reason)


def guard(app: FastAPI, authenticator: Authenticator) -> None:
    """Give the application the authenticator its doors ask."""
    app.state.authenticator = authenticator


def assert_every_route_declares(app: FastAPI, *, elsewhere: Mapping[str, str] | None = None) -> None:
    """Check that no route of `app` is open by accident.

    `elsewhere` maps the path of a route or mount that cannot carry a dependency (the
    framework's own `/openapi.json`, a directory of static files) to the reason it is public.

    Raises:
        UndeclaredRoute: some route declares nothing, or both.
    """
    undeclared = [door for door, declarations in doors(app, elsewhere=elsewhere) if len(declarations) != 1]
    if undeclared:
        raise UndeclaredRoute(undeclared)


def doors(
    app: FastAPI, *, elsewhere: Mapping[str, str] | None = None, prefix: str = ""
) -> Iterator[tuple[str, set[str]]]:
    """Every route as `METHOD path`, with what it declares: permissions, or `public: <reason>`."""
    reasons = elsewhere or {}
    for context in iter_route_contexts(app.routes):
        path = prefix + (context.path or "") or "/"  # the framework spells a mount at the root as nothing
        mounted = context.original_route
        if isinstance(mounted, Mount) and isinstance(mounted.app, FastAPI):
            yield from doors(mounted.app, elsewhere=reasons, prefix=path.rstrip("/"))
            continue
        declared = set(_declarations(getattr(context, "dependant", None)))
        if not declared and path in reasons:
            declared = {f"public: {reasons[path]}"}
        methods = ",".join(sorted(context.methods or {"ANY"}))
        yield f"{methods} {path}", declared


def _declarations(dependant: Dependant | None) -> Iterator[str]:
    if dependant is None:
        return
    for dependency in dependant.dependencies:
        match cast("Any", dependency.call):
            case Require() as door:
                yield " | ".join(door.any_of)
            case Public() as door:
                yield f"public: {door.reason}"
            case _:
                yield from _declarations(dependency)
