"""Accounts of staff: signing in, lockout, roles, and what each may do."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text

from issuance.identity import accounts
from issuance.identity.accounts import NewAccount
from issuance.identity.actors import system_actor
from issuance.identity.errors import (
    LoginTaken,
    NationalNumberMissing,
    OfficeMissing,
    PasswordNotAccepted,
    RolesIncompatible,
)
from issuance.identity.passwords import Passwords, check_password
from issuance.identity.permissions import (
    CITIZEN_PERMISSIONS,
    INCOMPATIBLE_ROLES,
    MACHINE_PERMISSIONS,
    ROLE_PERMISSIONS,
    Permission,
    Role,
)

PASSWORD = "صبر جميل والله المستعان 7"


def test_staff_sign_in_and_carry_agency_office_and_roles(service: Any) -> None:
    service.hire("hind", Role.OFFICER)

    me = service.ask("GET", "/session", token=service.token_of("HIND ")).json()

    assert (me["agency"], me["office"], me["roles"]) == ("civil-registry", "damascus-1", ["officer"])
    assert set(me["permissions"]) == {str(p) for p in ROLE_PERMISSIONS[Role.OFFICER]}


def test_wrong_password_and_unknown_name_are_one_answer(service: Any) -> None:
    service.hire("hind", Role.OFFICER)

    wrong = service.sign_in("hind", password="not the password at all")
    unknown = service.sign_in("nobody", password="not the password at all")

    volatile = {"instance", "request_id"}
    assert wrong.status_code == unknown.status_code == 401
    assert {k: v for k, v in wrong.json().items() if k not in volatile} == {
        k: v for k, v in unknown.json().items() if k not in volatile
    }


def test_an_unknown_name_costs_one_verification_too(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing: the same hashing work is done whether or not the account exists."""
    service.hire("hind", Role.OFFICER)
    verified = []
    real = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda self, h, p: verified.append(h) or real(self, h, p))

    service.sign_in("hind", password="not the password at all")
    service.sign_in("nobody", password="not the password at all")

    assert len(verified) == 2
    parameters = [stored.rsplit("$", 2)[0] for stored in verified]
    assert parameters[0] == parameters[1]


def test_verifying_for_nobody_never_fits(cheap_passwords: Any) -> None:
    assert not cheap_passwords.verify(None, "")
    assert not cheap_passwords.verify("not a hash at all", PASSWORD)


def test_lockout_does_not_tell_which_accounts_exist(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    seen = {
        login: [service.sign_in(login, password="wrong password number n").status_code for _ in range(7)]
        for login in ("hind", "nobody")
    }

    assert seen["hind"] == seen["nobody"] == [401] * 5 + [429] * 2


def test_lockout_holds_for_the_right_password_and_ends(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    for _ in range(5):
        service.sign_in("hind", password="wrong password number n")

    assert service.sign_in("hind").status_code == 429
    assert service.sign_in("hind", address="198.51.100.7").status_code == 200, "from her own desk"
    service.clock.forward(minutes=15)
    assert service.sign_in("hind").status_code == 200


def test_signing_in_resets_the_count(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    for _ in range(3):
        for _ in range(4):
            service.sign_in("hind", password="wrong password number n")
        assert service.sign_in("hind").status_code == 200


def test_a_role_taken_away_has_effect_at_the_next_call(service: Any) -> None:
    service.hire("admin", Role.ADMINISTRATOR)
    officer = service.hire("hind", Role.OFFICER)
    token, admin = service.token_of("hind"), service.token_of("admin")

    changed = service.ask("PUT", f"/accounts/{officer}/roles", token=admin, json={"roles": ["clerk"]})

    assert changed.status_code == 204
    assert service.ask("GET", "/session", token=token).json()["roles"] == ["clerk"]


def test_a_disabled_account_is_out_at_once_and_looks_unknown(service: Any) -> None:
    service.hire("admin", Role.ADMINISTRATOR)
    officer = service.hire("hind", Role.OFFICER)
    token, admin = service.token_of("hind"), service.token_of("admin")

    assert service.ask("DELETE", f"/accounts/{officer}", token=admin).status_code == 204

    assert service.ask("GET", "/session", token=token).json()["code"] == "token-not-valid"
    assert service.sign_in("hind").json()["code"] == "sign-in-refused"


def test_signing_out_ends_that_session_only(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    first, second = service.token_of("hind"), service.token_of("hind")

    assert service.ask("DELETE", "/session", token=first).status_code == 204

    assert service.ask("GET", "/session", token=first).status_code == 401
    assert service.ask("GET", "/session", token=second).status_code == 200


def test_a_session_ends_with_the_working_day(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    token = service.token_of("hind")
    service.clock.forward(hours=8)

    assert service.ask("GET", "/session", token=token).json()["code"] == "token-not-valid"


def test_changing_the_password_needs_the_old_one_and_ends_every_session(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    token = service.token_of("hind")
    new = "another long pass phrase 9"
    old = "صبر جميل والله المستعان 7"

    wrong = {"old_password": "guess guess guess", "new_password": new}
    assert service.ask("PUT", "/session/password", token=token, json=wrong).status_code == 401
    right = {"old_password": old, "new_password": new}
    assert service.ask("PUT", "/session/password", token=token, json=right).status_code == 204

    assert service.ask("GET", "/session", token=token).status_code == 401
    assert service.sign_in("hind").status_code == 401
    assert service.sign_in("hind", password=new).status_code == 200


def test_a_stolen_session_cannot_try_passwords_without_end(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    token = service.token_of("hind")
    guess = {"old_password": "guess guess guess", "new_password": "another long pass phrase 9"}

    statuses = [
        service.ask("PUT", "/session/password", token=token, json=guess).status_code for _ in range(7)
    ]

    assert statuses[-1] == 429


def test_a_password_changed_while_its_hash_was_verified_opens_nothing(service: Any, engine: Engine) -> None:
    account = service.hire("hind", Role.OFFICER)
    with engine.begin() as connection:
        attempt = accounts.begin_sign_in(connection, "hind", address="192.0.2.1", at=service.clock())
        changed = service.passwords.hash("another long pass phrase 9")
        accounts.set_password(connection, account, changed, by=system_actor("test"), at=service.clock())

        assert accounts.finish_sign_in(connection, attempt, proven=True, at=service.clock()) is None


@pytest.mark.parametrize(
    "password",
    [
        "short phrase 1",
        "aaaaaaaaaaaaaaaaaaaa",
        "password and nothing",
        "i am hind from damascus",
        "x y" * 60,
    ],
    ids=["fourteen characters", "one letter", "common beginning", "own name", "too long"],
)
def test_a_weak_password_is_refused(password: Any) -> None:
    with pytest.raises(PasswordNotAccepted):
        check_password(password, login="hind")


def test_a_password_is_the_same_in_every_normal_form(cheap_passwords: Passwords) -> None:
    stored = cheap_passwords.hash("caf\u00e9 au lait le matin")

    assert cheap_passwords.verify(stored, "cafe\u0301 au lait le matin")


def test_passwords_are_argon2id_with_the_recommended_cost() -> None:
    """RFC 9106 §4, second recommended option: t=3, p=4, 64 MiB."""
    passwords = Passwords()

    assert passwords.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.outdated(
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmE"
    )


def test_no_password_or_token_is_in_the_database_file(service: Any, tmp_path: Path) -> None:
    service.hire("hind", Role.OFFICER)
    token = service.token_of("hind")
    with service.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    stored = (tmp_path / "service.db").read_bytes()

    assert token.encode() not in stored
    assert "صبر جميل".encode() not in stored


def test_roles_that_oversee_each_other_are_never_one_person() -> None:
    for pair in INCOMPATIBLE_ROLES:
        with pytest.raises(RolesIncompatible):
            accounts.check_roles(
                pair, agency="civil-registry", office="damascus-1", national_number="99000000009"
            )


def test_nobody_can_both_decide_and_refund_or_act_and_audit() -> None:
    """Over every combination of roles that may stand together."""
    apart = [
        ({Permission.REQUESTS_DECIDE, Permission.PAYMENTS_TAKE_CASH}, {Permission.PAYMENTS_REFUND}),
        ({Permission.PAYMENTS_TAKE_CASH}, {Permission.REQUESTS_DECIDE}),
        ({Permission.ACCOUNTS_MANAGE}, set(Permission) - {*ROLE_PERMISSIONS[Role.ADMINISTRATOR]}),
        ({Permission.AUDIT_READ}, {Permission.REQUESTS_DECIDE, Permission.ACCOUNTS_MANAGE}),
    ]
    for size in (1, 2, 3):
        for held in combinations(Role, size):
            if any(pair <= set(held) for pair in INCOMPATIBLE_ROLES):
                continue
            carried = set().union(*(ROLE_PERMISSIONS[role] for role in held))
            for left, right in apart:
                assert not (carried & left and carried & right), held


def test_every_permission_is_held_by_somebody() -> None:
    held = set().union(*ROLE_PERMISSIONS.values(), CITIZEN_PERMISSIONS, MACHINE_PERMISSIONS)

    assert held == set(Permission)


def test_no_machine_and_no_citizen_decides_or_manages() -> None:
    own = {p for p in CITIZEN_PERMISSIONS if not p.endswith("-own")}
    assert own == {Permission.SESSION_END}
    assert not MACHINE_PERMISSIONS & {
        Permission.REQUESTS_DECIDE,
        Permission.ACCOUNTS_MANAGE,
        Permission.CLIENTS_MANAGE,
        Permission.RECORDS_READ,
        Permission.DOCUMENTS_REVOKE,
        Permission.PAYMENTS_REFUND,
    }


def test_a_clerk_without_an_office_is_not_created(engine: Engine, service: Any) -> None:
    new = NewAccount(login="sami", full_name="سامي", roles=frozenset({Role.CLERK}), agency="civil-registry")
    with engine.begin() as connection, pytest.raises(OfficeMissing):
        accounts.create_account(
            connection, new, password_hash="x", by=system_actor("test"), at=service.clock()
        )


def test_whose_kin_is_not_known_serves_nobody(engine: Engine, service: Any) -> None:
    place = {"agency": "civil-registry", "office": "damascus-1"}
    new = NewAccount(login="sami", full_name="سامي", roles=frozenset({Role.CLERK}), **place)
    with engine.begin() as connection, pytest.raises(NationalNumberMissing):
        accounts.create_account(
            connection, new, password_hash="x", by=system_actor("test"), at=service.clock()
        )


def test_who_serves_nobody_needs_no_national_number(engine: Engine, service: Any) -> None:
    new = NewAccount(login="ibn", full_name="ابن", roles=frozenset({Role.AUDITOR}))
    with engine.begin() as connection:
        created = accounts.create_account(
            connection, new, password_hash="x", by=system_actor("test"), at=service.clock()
        )
        with pytest.raises(OfficeMissing):
            accounts.change_roles(
                connection, created, frozenset({Role.CLERK}), by=system_actor("test"), at=service.clock()
            )


def test_who_acts_at_the_console_with_the_right_password_is_never_locked_out(
    engine: Engine, service: Any
) -> None:
    """A security officer revokes more than five stolen cards in a quarter of an hour."""
    account = service.hire("hind", Role.OFFICER)
    for _ in range(accounts.PER_LOGIN_AND_ADDRESS.most + 1):
        with engine.begin() as connection:
            attempt = accounts.begin_sign_in(connection, "hind", address="console", at=service.clock())
        with engine.begin() as connection:
            accepted = accounts.accept_sign_in(connection, attempt, proven=True, at=service.clock())
        assert accepted == account


def test_a_refusal_at_the_console_stands_in_the_trail(engine: Engine, service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    with engine.begin() as connection:
        attempt = accounts.begin_sign_in(connection, "hind", address="console", at=service.clock())
        assert accounts.accept_sign_in(connection, attempt, proven=False, at=service.clock()) is None
        told = connection.execute(text("SELECT action FROM audit_entries")).scalars().all()
    assert "session.refuse" in told


def test_a_login_name_is_taken_in_every_spelling(service: Any) -> None:
    service.hire("hind", Role.OFFICER)
    with pytest.raises(LoginTaken):
        service.hire("ＨＩＮＤ", Role.OFFICER)


def test_what_was_typed_as_a_name_is_not_written_into_the_trail(service: Any) -> None:
    """People type their password into the wrong field."""
    service.sign_in("my secret pass phrase")

    with service.engine.begin() as connection:
        trail = connection.execute(text("SELECT * FROM audit_entries")).all()
        counts = connection.execute(text("SELECT * FROM attempt_counts")).all()
    assert "secret" not in repr((trail, counts))


@pytest.mark.parametrize("login", ["hind", "citizen"], ids=["officer", "citizen"])
def test_only_an_administrator_manages_accounts(service: Any, login: Any) -> None:
    service.hire("hind", Role.OFFICER)
    token = service.token_of("hind") if login == "hind" else service.citizen_token()
    body = {"login": "new", "full_name": "ن", "password": "a long pass phrase 4", "roles": ["administrator"]}

    for method, path, given in [
        ("POST", "/accounts", {"json": body}),
        ("GET", "/accounts", {}),
        ("POST", "/clients", {"json": {"name": "n", "agency": "a", "scopes": ["ledger:read"]}}),
        ("GET", "/audit/entries", {}),
        ("GET", "/audit/export", {}),
    ]:
        answer = service.ask(method, path, token=token, **given)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted"), path
        assert service.ask(method, path, **given).json()["code"] == "not-signed-in"


def test_an_administrator_creates_accounts_over_http(service: Any) -> None:
    service.hire("admin", Role.ADMINISTRATOR)
    admin = service.token_of("admin")
    body = {
        "login": "Sami",
        "full_name": "سامي المثال",
        "password": "a long pass phrase 4",
        "roles": ["clerk"],
        "agency": "civil-registry",
        "office": "latakia-post-2",
        "national_number": "99000000008",
    }

    assert service.ask("POST", "/accounts", token=admin, json=body).status_code == 201
    assert service.ask("POST", "/accounts", token=admin, json=body).json()["code"] == "login-taken"
    together = {**body, "login": "both", "roles": ["clerk", "treasurer"]}
    assert service.ask("POST", "/accounts", token=admin, json=together).json()["code"] == "roles-incompatible"
    assert service.sign_in("sami", password="a long pass phrase 4").status_code == 200
    shown = service.ask("GET", "/accounts", token=admin)
    assert "argon2" not in shown.text
    assert [account["login"] for account in shown.json()] == ["admin", "sami"]
