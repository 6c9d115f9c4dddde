"""Client credentials (RFC 6749 §4.4), and bearer tokens under attack."""

import base64
from typing import Any

import pytest

from issuance.identity import machines
from issuance.identity.actors import system_actor
from issuance.identity.errors import ScopeNotPermitted
from issuance.identity.permissions import MACHINE_PERMISSIONS, Permission, Role
from issuance.identity.tokens import find_actor

ANSWER_AND_REPORT = frozenset({Permission.RECORDS_ANSWER, Permission.STATISTICS_READ})


@pytest.fixture
def client(service: Any) -> Any:
    with service.engine.begin() as connection:
        return machines.create_client(
            connection,
            name="سجل العاملين",
            agency="workers-register",
            scopes=ANSWER_AND_REPORT,
            by=system_actor("test"),
            at=service.clock(),
        )


def _basic(client_id: Any, secret: Any) -> Any:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def _grant(service: Any, client_id: Any, secret: Any, **form: Any) -> Any:
    data = {"grant_type": "client_credentials", **form}
    return service.ask("POST", "/oauth/token", headers=_basic(client_id, secret), data=data)


def test_a_client_receives_a_token_for_its_agency(service: Any, client: Any) -> None:
    granted = _grant(service, client.id, client.secret)

    assert granted.status_code == 200
    assert granted.headers["Cache-Control"] == "no-store"  # RFC 6749 §5.1
    body = granted.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["scope"] == "records:answer statistics:read"
    me = service.ask("GET", "/session", token=body["access_token"])
    assert me.json()["code"] == "not-permitted", "it has no scope session:end"


def test_a_token_carries_no_more_than_was_asked(service: Any, client: Any) -> None:
    token = _grant(service, client.id, client.secret, scope="records:answer").json()["access_token"]

    with service.engine.begin() as connection:
        actor = find_actor(connection, token, at=service.clock())
    assert actor.permissions == {Permission.RECORDS_ANSWER}
    assert actor.agency == "workers-register"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "requests:decide"}, "invalid_scope"),
        ({"scope": "ledger:read"}, "invalid_scope"),
        ({"scope": "records:answer  statistics:read"}, "invalid_scope"),
        ({"scope": 'records:answer"'}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
    ids=["of staff", "not its own", "two spaces", "quote", "other grant", "no grant"],
)
def test_what_a_client_may_not_ask(service: Any, client: Any, form: Any, error: Any) -> None:
    refused = _grant(service, client.id, client.secret, **form)

    assert (refused.status_code, refused.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic \u00e9\u00e9\u00e9\u00e9".encode("latin-1")},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"Authorization": "Bearer x"},
        _basic("nobody", ""),
        _basic("nobody", "secret"),
    ],
    ids=[
        "none",
        "not base64",
        "not ASCII",
        "no colon",
        "not UTF-8",
        "other scheme",
        "unknown, empty",
        "unknown",
    ],
)
def test_a_client_that_does_not_prove_itself(service: Any, headers: Any) -> None:
    refused = service.ask("POST", "/oauth/token", headers=headers, data={"grant_type": "client_credentials"})

    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")


def test_wrong_secret_and_unknown_client_are_one_answer(service: Any, client: Any) -> None:
    wrong, unknown = _grant(service, client.id, "wrong"), _grant(service, "nobody", "wrong")

    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())


def test_a_disabled_client_is_out_at_once(service: Any, client: Any) -> None:
    token = _grant(service, client.id, client.secret).json()["access_token"]
    with service.engine.begin() as connection:
        machines.disable_client(connection, client.id, by=system_actor("test"), at=service.clock())

    assert service.ask("GET", "/session", token=token).json()["code"] == "token-not-valid"
    assert _grant(service, client.id, client.secret).json() == {"error": "invalid_client"}


def test_a_machine_is_never_offered_what_people_do(service: Any) -> None:
    for scope in set(Permission) - MACHINE_PERMISSIONS:
        with service.engine.begin() as connection, pytest.raises(ScopeNotPermitted):
            machines.create_client(
                connection,
                name="n",
                agency="a",
                scopes=frozenset({scope}),
                by=system_actor("test"),
                at=service.clock(),
            )


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "=",
        lambda token: token.swapcase(),
        lambda token: token[:20],
        lambda _: "",
        lambda _: "x" * 5000,
        lambda token: token + " " + token,
    ],
    ids=["one letter", "padded", "other case", "cut", "empty", "huge", "twice"],
)
def test_a_forged_token_opens_nothing(service: Any, forge: Any) -> None:
    service.hire("hind", Role.OFFICER)
    token = forge(service.token_of("hind"))

    assert service.ask("GET", "/session", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_token_opens_only_its_own_session(service: Any) -> None:
    """Another person's token shows that person, and ends that session."""
    service.hire("hind", Role.OFFICER)
    service.hire("sami", Role.CLERK)
    hind, sami = service.token_of("hind"), service.token_of("sami")

    service.ask("DELETE", "/session", token=sami)

    assert service.ask("GET", "/session", token=hind).json()["roles"] == ["officer"]
    assert service.ask("GET", "/session", token=sami).status_code == 401


def test_the_challenge_of_a_401_names_the_scheme(service: Any) -> None:
    """RFC 9110 §15.5.2, RFC 6750 §3."""
    assert service.ask("GET", "/session").headers["WWW-Authenticate"] == 'Bearer realm="wathiqa"'
    shown = service.ask("GET", "/session", token="x" * 43)
    assert shown.headers["WWW-Authenticate"] == 'Bearer realm="wathiqa", error="invalid_token"'
