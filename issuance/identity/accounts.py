"""Accounts of staff: creating, changing, signing in.

Signing in is three steps, because hashing must not hold the database's write lock:

    with engine.begin() as connection:
        attempt = begin_sign_in(connection, login, address=…, at=…)   # counts the attempt
    proven = passwords.verify(attempt.password_hash, password)        # slow on purpose
    with engine.begin() as connection:
        token = finish_sign_in(connection, attempt, proven=proven, at=…)  # None: refused

`finish_sign_in` answers None instead of raising, so that the caller commits the audit
entry of the refusal before answering.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.identity.actors import Actor, ActorKind, system_actor
from issuance.identity.citizens import check_national_number
from issuance.identity.errors import (
    AccountUnknown,
    LoginTaken,
    NationalNumberMissing,
    OfficeMissing,
    RolesIncompatible,
)
from issuance.identity.models import account_roles, accounts
from issuance.identity.permissions import INCOMPATIBLE_ROLES, NATIONAL_ROLES, Role
from issuance.identity.rates import Rate, clear_attempts, count_attempt
from issuance.identity.tokens import IssuedToken, issue_token, revoke_tokens_of

# Name and address together lock first, so that somebody far away hardly locks a colleague out.
PER_LOGIN_AND_ADDRESS = Rate(name="sign-in of login from address", most=5, window=timedelta(minutes=15))
PER_LOGIN = Rate(name="sign-in of login", most=50, window=timedelta(hours=1))
PER_ADDRESS = Rate(name="sign-in from address", most=50, window=timedelta(minutes=15))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What an administrator says about a new member of staff."""

    login: str
    full_name: str
    roles: frozenset[Role]
    agency: str | None = None
    office: str | None = None
    national_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """An account as an administrator sees it."""

    id: str
    login: str
    full_name: str
    roles: frozenset[Role]
    agency: str | None
    office: str | None
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAttempt:
    """A counted attempt; the same whether or not the account exists."""

    login: str
    address: str
    account_id: str | None
    password_hash: str | None


def create_account(
    connection: Connection, new: NewAccount, *, password_hash: str, by: Actor, at: datetime
) -> str:
    """Create an account; its id. The password was checked with `check_password` and hashed before.

    Raises:
        RolesIncompatible: separation of duties forbids the combination.
        OfficeMissing: a role needs an agency and an office.
        NationalNumberMissing: a role needs to know whose kin its holder is.
        LoginTaken: another account has the name.
    """
    check_roles(new.roles, agency=new.agency, office=new.office, national_number=new.national_number)
    if new.national_number is not None:
        check_national_number(new.national_number)
    account_id = secrets.token_hex(16)
    row = {
        "id": account_id,
        "login": fold_login(new.login),
        "full_name": new.full_name,
        "password_hash": password_hash,
        "agency": new.agency,
        "office": new.office,
        "national_number": new.national_number,
        "disabled": False,
        "created_at": at,
    }
    if connection.execute(select(accounts.c.id).where(accounts.c.login == row["login"])).first():
        raise LoginTaken
    try:
        connection.execute(insert(accounts).values(**row))
    except IntegrityError as error:
        raise LoginTaken from error
    _write_roles(connection, account_id, new.roles)
    trail.record(
        connection,
        by,
        "account.create",
        _object(account_id),
        at=at,
        facts={"roles": [*sorted(new.roles)], "agency": new.agency, "office": new.office},
    )
    return account_id


def list_accounts(connection: Connection) -> list[AccountSummary]:
    """Every account, by login name."""
    roles: dict[str, set[Role]] = {}
    for row in connection.execute(select(account_roles)):
        roles.setdefault(row.account_id, set()).add(Role(row.role))
    return [
        AccountSummary(
            id=row.id,
            login=row.login,
            full_name=row.full_name,
            roles=frozenset(roles.get(row.id, ())),
            agency=row.agency,
            office=row.office,
            disabled=row.disabled,
            created_at=row.created_at,
        )
        for row in connection.execute(select(accounts).order_by(accounts.c.login))
    ]


def check_roles(
    roles: frozenset[Role], *, agency: str | None, office: str | None, national_number: str | None
) -> None:
    """Separation of duties; a place and a holder with known kin for roles that serve people."""
    for pair in INCOMPATIBLE_ROLES:
        if pair <= roles:
            raise RolesIncompatible(roles=", ".join(sorted(pair)))
    if roles - NATIONAL_ROLES and not (agency and office):
        raise OfficeMissing
    if roles - NATIONAL_ROLES and national_number is None:
        raise NationalNumberMissing


def change_roles(
    connection: Connection, account_id: str, roles: frozenset[Role], *, by: Actor, at: datetime
) -> None:
    """Give an account exactly these roles, with effect at its next call.

    Raises:
        AccountUnknown, RolesIncompatible, OfficeMissing, NationalNumberMissing.
    """
    # Held, so that of two changes at once the second replaces the first instead of joining it.
    theirs = select(accounts).where(accounts.c.id == account_id).with_for_update(key_share=True)
    row = connection.execute(theirs).first()
    if row is None:
        raise AccountUnknown
    check_roles(roles, agency=row.agency, office=row.office, national_number=row.national_number)
    connection.execute(delete(account_roles).where(account_roles.c.account_id == account_id))
    _write_roles(connection, account_id, roles)
    facts: trail.Facts = {"roles": [*sorted(roles)]}
    trail.record(connection, by, "account.change-roles", _object(account_id), at=at, facts=facts)


def disable_account(connection: Connection, account_id: str, *, by: Actor, at: datetime) -> None:
    """Close an account and end its sessions.

    Raises:
        AccountUnknown: there is none.
    """
    changed = connection.execute(update(accounts).where(accounts.c.id == account_id).values(disabled=True))
    if changed.rowcount != 1:
        raise AccountUnknown
    ended = revoke_tokens_of(connection, ActorKind.STAFF, account_id, at=at)
    trail.record(connection, by, "account.disable", _object(account_id), at=at, facts={"sessions": ended})


def set_password(
    connection: Connection, account_id: str, password_hash: str, *, by: Actor, at: datetime
) -> None:
    """Replace a password and end every session opened with the old one.

    Raises:
        AccountUnknown: there is none.
    """
    changed = connection.execute(
        update(accounts).where(accounts.c.id == account_id).values(password_hash=password_hash)
    )
    if changed.rowcount != 1:
        raise AccountUnknown
    revoke_tokens_of(connection, ActorKind.STAFF, account_id, at=at)
    trail.record(connection, by, "account.set-password", _object(account_id), at=at)


def begin_sign_in(connection: Connection, login: str, *, address: str, at: datetime) -> SignInAttempt:
    """Count the attempt and find the account, if there is one. Commit before verifying.

    Raises:
        TooManyAttempts: of this name or from this address, whether or not the name exists.
    """
    folded = fold_login(login)
    count_attempt(connection, PER_ADDRESS, address, at=at)
    count_attempt(connection, PER_LOGIN_AND_ADDRESS, f"{folded}\0{address}", at=at)
    count_attempt(connection, PER_LOGIN, folded, at=at)
    row = connection.execute(
        select(accounts.c.id, accounts.c.password_hash).where(
            accounts.c.login == folded, accounts.c.disabled.is_(False)
        )
    ).first()
    return SignInAttempt(
        login=folded,
        address=address,
        account_id=None if row is None else row.id,
        password_hash=None if row is None else row.password_hash,
    )


def finish_sign_in(
    connection: Connection, attempt: SignInAttempt, *, proven: bool, at: datetime
) -> IssuedToken | None:
    """A session for who has proven to hold the account; None otherwise. Commit in both cases."""
    holder = accept_sign_in(connection, attempt, proven=proven, at=at)
    return None if holder is None else issue_token(connection, ActorKind.STAFF, holder, at=at)


def accept_sign_in(
    connection: Connection, attempt: SignInAttempt, *, proven: bool, at: datetime
) -> str | None:
    """The account of who has proven to hold it, written down; None otherwise. Commit in both cases.

    For one act at a console, which needs no session.
    """
    holder = attempt.account_id if proven else None
    # The account may have been disabled, or its password changed, while the hash was computed.
    unchanged = (
        (accounts.c.id == holder)
        & (accounts.c.password_hash == attempt.password_hash)
        & accounts.c.disabled.is_(False)
    )
    account = select(accounts.c.id).where(unchanged).with_for_update(read=True)
    if holder is None or connection.execute(account).first() is None:
        # The name as typed may be a password typed in the wrong field: it is not written down.
        known = _object(attempt.account_id) if attempt.account_id else AuditObject(kind="account", id="-")
        trail.record(connection, system_actor("sign-in"), "session.refuse", known, at=at)
        return None
    clear_attempts(connection, PER_LOGIN_AND_ADDRESS, f"{attempt.login}\0{attempt.address}")
    actor = Actor(kind=ActorKind.STAFF, id=holder, permissions=frozenset())
    trail.record(connection, actor, "session.begin", _object(holder), at=at)
    return holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What changing one's own password is checked against."""

    login: str
    password_hash: str


def load_credentials(connection: Connection, account_id: str) -> Credentials:
    """The login name and stored hash of an account.

    Raises:
        AccountUnknown: there is none.
    """
    row = connection.execute(select(accounts).where(accounts.c.id == account_id)).first()
    if row is None:
        raise AccountUnknown
    return Credentials(login=row.login, password_hash=row.password_hash)


def fold_login(login: str) -> str:
    """One spelling for a login name: NFKC, lower case, no surrounding space."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def _write_roles(connection: Connection, account_id: str, roles: frozenset[Role]) -> None:
    for role in sorted(roles):
        connection.execute(insert(account_roles).values(account_id=account_id, role=role))


def _object(account_id: str) -> AuditObject:
    return AuditObject(kind="account", id=account_id)
