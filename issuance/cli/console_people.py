"""Who sits at the console: the operator, or a member of staff who proves it by password."""

import sys
from typing import Any

import typer

OPERATOR = "operator"


def read_password(prompt: str = "Password", *, confirm: bool = False) -> str:
    """A password from the terminal, unseen; where there is no terminal, the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm))
    return sys.stdin.readline().rstrip("\r\n")


def who(service: Any, login: str) -> Any:  # noqa: ANN401  (a Service and an Actor: loaded when a command runs)
    """The actor of a command: the operator, or who signs in as `login` with a password.

    Raises:
        SignInRefused: wrong name or password, or the account is closed.
        TooManyAttempts: tried too often.
    """
    from issuance.identity import accounts
    from issuance.identity.actors import system_actor
    from issuance.identity.errors import SignInRefused
    from issuance.identity.tokens import load_staff

    if not login:
        return system_actor(OPERATOR)
    password, clock, engine = read_password(f"Password of {login}"), service.parts.clock, service.parts.engine
    with engine.begin() as connection:
        attempt = accounts.begin_sign_in(connection, login, address="console", at=clock())
    proven = service.passwords.verify(attempt.password_hash, password)
    with engine.begin() as connection:
        account = accounts.accept_sign_in(connection, attempt, proven=proven, at=clock())
    if account is None:
        raise SignInRefused
    with engine.begin() as connection:
        return load_staff(connection, account)


def logins(engine: Any) -> dict[str, str]:  # noqa: ANN401  (an Engine, loaded when a command runs)
    """How staff are called, by the name they have in the authority's books (`staff:…`)."""
    from issuance.database import reading
    from issuance.identity.accounts import list_accounts

    with reading(engine) as connection:
        return {f"staff:{each.id}": each.login for each in list_accounts(connection)}


def require(actor: Any, permission: str) -> None:  # noqa: ANN401  (an Actor)
    """Who signed in must hold the permission; the operator, who holds the machine, is not asked.

    Raises:
        NotPermitted: they do not.
    """
    from issuance.identity.actors import ActorKind
    from issuance.identity.permissions import Permission

    if actor.kind is not ActorKind.SYSTEM:
        actor.check(Permission[permission])
