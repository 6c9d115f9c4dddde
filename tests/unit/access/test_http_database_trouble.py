"""What the database refuses for the moment may be asked again; what it cannot hold is not valid."""

from typing import Any

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from issuance.http.ground import lay_ground
from issuance.http.limits import Limits
from issuance.identity.access import public

TROUBLES = {
    "two calls waited for each other": OperationalError("UPDATE …", None, Exception("deadlock detected")),
    "the server went away": OperationalError("SELECT 1", None, Exception("connection refused")),
    "no connection is free": PoolExhausted("QueuePool limit reached"),
    "a text with a NUL": DataError("INSERT …", None, Exception("text fields cannot contain NUL")),
}


@pytest.fixture
def app() -> Any:
    app = FastAPI()

    def fail(how: str) -> None:
        raise TROUBLES[how]

    app.add_api_route("/fail/{how}", fail, dependencies=[Depends(public("for the test"))])
    lay_ground(app, authenticator=None, limits=Limits())
    return app


@pytest.fixture
def ask(app: Any, make_ask: Any) -> Any:
    return make_ask(app)


@pytest.mark.parametrize("how", [each for each in TROUBLES if each != "a text with a NUL"])
def test_a_call_that_the_database_dropped_may_be_repeated(ask: Any, how: str) -> None:
    answer = ask("GET", f"/fail/{how}")

    assert answer.status_code == 503
    assert answer.json()["code"] == "database-unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert str(TROUBLES[how]) not in answer.text


def test_what_the_database_cannot_hold_is_not_valid(ask: Any) -> None:
    answer = ask("GET", "/fail/a text with a NUL")

    assert answer.status_code == 422
    assert answer.json()["code"] == "fields-not-valid"
