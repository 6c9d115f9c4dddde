"""Accounts, citizens and clients, changed by several at once."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from database_racing import outcomes, race
from sqlalchemy import Engine, select

from issuance.database import reading
from issuance.identity import accounts, citizens
from issuance.identity.accounts import NewAccount
from issuance.identity.actors import ActorKind, system_actor
from issuance.identity.errors import LoginTaken, TokenNotValid
from issuance.identity.models import account_roles
from issuance.identity.models import citizens as citizen_rows
from issuance.identity.permissions import INCOMPATIBLE_ROLES, Role
from issuance.identity.tokens import find_actor, issue_token

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OPERATOR = system_actor("operator")
PERSON = "99010000017"


def hire(engine: Engine, login: str = "salma", *roles: Role) -> str:
    new = NewAccount(
        login=login,
        full_name="سلمى",
        roles=frozenset(roles),
        agency="civil-registry",
        office="damascus-1",
        national_number="99000000009",
    )
    with engine.begin() as connection:
        return accounts.create_account(connection, new, password_hash="$argon2id$…", by=OPERATOR, at=NOON)


def roles_of(engine: Engine, account_id: str) -> set[Role]:
    with reading(engine) as connection:
        rows = connection.scalars(
            select(account_roles.c.role).where(account_roles.c.account_id == account_id)
        )
        return {Role(role) for role in rows}


def test_a_login_is_taken_once(engine: Engine) -> None:
    tried = outcomes([partial(hire, engine, "salma")] * 4)

    assert sum(isinstance(each, str) for each in tried) == 1
    assert sum(isinstance(each, LoginTaken) for each in tried) == 3


def test_two_changes_of_roles_at_once_never_join_what_must_be_separate(engine: Engine) -> None:
    account_id, pair = hire(engine), min(INCOMPATIBLE_ROLES, key=sorted)

    def give(role: Role) -> None:
        with engine.begin() as connection:
            accounts.change_roles(connection, account_id, frozenset({role}), by=OPERATOR, at=NOON)

    for _ in range(3):
        race([partial(give, role) for role in sorted(pair) * 3])
        assert len(roles_of(engine, account_id)) == 1


def test_a_person_is_enrolled_once(engine: Engine) -> None:
    def enrol(phone: str) -> str:
        with engine.begin() as connection:
            return citizens.enrol_citizen(connection, PERSON, phone, by=OPERATOR, at=NOON)

    ids = race([partial(enrol, f"+96394400000{number}") for number in range(4)])

    assert len(set(ids)) == 1
    with reading(engine) as connection:
        assert len(connection.execute(select(citizen_rows)).all()) == 1


def test_a_code_opens_one_session(engine: Engine) -> None:
    with engine.begin() as connection:
        citizens.enrol_citizen(connection, PERSON, "+963944000000", by=OPERATOR, at=NOON)
        challenge = citizens.request_code(
            connection,
            PERSON,
            "+963944000000",
            address="192.0.2.1",
            code_key=b"k",
            at=NOON,
            new_code=lambda: "123456",
        )

    def redeem() -> bool:
        with engine.begin() as connection:
            token = citizens.redeem_code(
                connection, challenge.id, "123456", address="192.0.2.1", code_key=b"k", at=NOON
            )
        return token is not None

    assert sum(race([redeem] * 4)) == 1


def test_who_is_shut_out_while_signing_in_holds_no_session(engine: Engine) -> None:
    account_id = hire(engine)

    def sign_in() -> str | None:
        with engine.begin() as connection:
            attempt = accounts.begin_sign_in(connection, "salma", address="192.0.2.1", at=NOON)
        with engine.begin() as connection:
            token = accounts.finish_sign_in(connection, attempt, proven=True, at=NOON)
        return None if token is None else token.text

    def shut_out() -> None:
        with engine.begin() as connection:
            accounts.disable_account(connection, account_id, by=OPERATOR, at=NOON)

    calls: list[Callable[[], str | None]] = [sign_in, sign_in, shut_out, sign_in]
    for token in race(calls):
        if token is not None:
            with reading(engine) as connection, pytest.raises(TokenNotValid):
                find_actor(connection, token, at=NOON)


def test_a_password_changed_while_signing_in_with_the_old_one_ends_that_session(engine: Engine) -> None:
    account_id = hire(engine)
    with engine.begin() as connection:
        attempt = accounts.begin_sign_in(connection, "salma", address="192.0.2.1", at=NOON)

    def sign_in() -> str | None:
        with engine.begin() as connection:
            token = accounts.finish_sign_in(connection, attempt, proven=True, at=NOON)
        return None if token is None else token.text

    def change() -> None:
        with engine.begin() as connection:
            accounts.set_password(connection, account_id, "$argon2id$new", by=OPERATOR, at=NOON)

    calls: list[Callable[[], str | None]] = [sign_in, change, sign_in, sign_in]
    for token in race(calls):
        if token is not None:
            with reading(engine) as connection, pytest.raises(TokenNotValid):
                find_actor(connection, token, at=NOON)


def test_a_token_is_found_with_what_its_holder_may_do(engine: Engine) -> None:
    account_id = hire(engine, "salma", Role.CLERK)
    with engine.begin() as connection:
        token = issue_token(connection, ActorKind.STAFF, account_id, at=NOON)
    with reading(engine) as connection:
        actor = find_actor(connection, token.text, at=NOON)
    assert (actor.id, actor.agency, actor.office) == (account_id, "civil-registry", "damascus-1")
    assert actor.permissions
