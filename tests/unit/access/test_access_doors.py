"""Every route declares who may call it; nothing is open by accident."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.staticfiles import StaticFiles

from issuance.identity.access import UndeclaredRoute, assert_every_route_declares, doors, public, require
from issuance.identity.actors import Actor, ActorKind, system_actor
from issuance.identity.errors import NotPermitted
from issuance.identity.permissions import Permission

FRAMEWORK = {
    "/openapi.json": "the description of the interface",
    "/docs": "its reading view",
    "/docs/oauth2-redirect": "part of it",
    "/redoc": "its other reading view",
}


def _handler() -> Any:
    return "served"


def test_the_whole_service_declares_every_route(service: Any) -> None:
    assert_every_route_declares(service.app, elsewhere=FRAMEWORK)


def test_a_forgotten_route_stops_the_start() -> None:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/open", _handler, dependencies=[Depends(public("for the test"))])
    app.add_api_route("/forgotten", _handler)

    with pytest.raises(UndeclaredRoute, match="GET /forgotten") as caught:
        assert_every_route_declares(app)

    assert caught.value.routes == ["GET /forgotten"]


def test_a_route_in_a_router_in_a_router_is_seen_with_its_path() -> None:
    inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/outer")
    inner.add_api_route("/forgotten", _handler, methods=["POST"])
    outer.include_router(inner)
    app = FastAPI(openapi_url=None)
    app.include_router(outer, prefix="/v1")

    with pytest.raises(UndeclaredRoute) as caught:
        assert_every_route_declares(app)

    assert caught.value.routes == ["POST /v1/outer/inner/forgotten"]


def test_a_door_at_the_router_covers_its_routes() -> None:
    app = FastAPI(openapi_url=None)
    router = APIRouter(dependencies=[Depends(require(Permission.LEDGER_READ))])
    router.add_api_route("/ledger", _handler)
    app.include_router(router)

    assert list(doors(app)) == [("GET /ledger", {"ledger:read"})]


def test_a_door_behind_another_dependency_counts() -> None:
    def current_desk(actor: Annotated[Actor, Depends(require(Permission.REQUESTS_READ))]) -> str:
        return actor.id

    app = FastAPI(openapi_url=None)
    app.add_api_route("/desk", _handler, dependencies=[Depends(current_desk)])

    assert_every_route_declares(app)


def test_public_and_guarded_at_once_is_a_mistake() -> None:
    app = FastAPI(openapi_url=None)
    both = [Depends(public("for the test")), Depends(require(Permission.LEDGER_READ))]
    app.add_api_route("/both", _handler, dependencies=both)

    with pytest.raises(UndeclaredRoute):
        assert_every_route_declares(app)


def test_mounted_files_and_applications_are_seen(tmp_path: Path) -> None:
    mounted = FastAPI(openapi_url=None)
    mounted.add_api_route("/forgotten", _handler)
    app = FastAPI(openapi_url=None)
    app.mount("/files", StaticFiles(directory=tmp_path))
    app.mount("/other", mounted)

    with pytest.raises(UndeclaredRoute) as caught:
        assert_every_route_declares(app)
    assert caught.value.routes == ["ANY /files", "GET /other/forgotten"]

    with pytest.raises(UndeclaredRoute) as caught:
        assert_every_route_declares(app, elsewhere={"/files": "published artefacts"})
    assert caught.value.routes == ["GET /other/forgotten"]


def test_files_mounted_at_the_root_are_named_by_a_slash(tmp_path: Path) -> None:
    app = FastAPI(openapi_url=None)
    app.mount("/", StaticFiles(directory=tmp_path))

    assert_every_route_declares(app, elsewhere={"/": "published artefacts"})


def test_a_web_socket_needs_a_door_too() -> None:
    app = FastAPI(openapi_url=None)

    async def listen() -> None:
        """Never called."""

    app.add_api_websocket_route("/live", listen)

    with pytest.raises(UndeclaredRoute):
        assert_every_route_declares(app)


def test_neither_door_can_be_declared_empty() -> None:
    with pytest.raises(ValueError, match="at least one"):
        require()
    with pytest.raises(ValueError, match="says why"):
        public(" ")


def test_one_of_several_permissions_opens() -> None:
    actor = Actor(kind=ActorKind.CITIZEN, id="a", permissions=frozenset({Permission.REQUESTS_READ_OWN}))

    actor.check(Permission.REQUESTS_READ, Permission.REQUESTS_READ_OWN)
    with pytest.raises(NotPermitted):
        actor.check(Permission.REQUESTS_READ)


def test_the_service_itself_passes_no_door() -> None:
    assert not any(system_actor("worker").may(permission) for permission in Permission)
