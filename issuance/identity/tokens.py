"""Opaque bearer tokens (RFC 6750): 256 random bits, stored as a hash, expiring, revocable.

A token says nothing by itself. What its holder may do is read anew at each call, so a
role taken away, an account disabled or a session ended has effect at once.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from issuance.clock import Clock
from issuance.database import reading
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.errors import TokenNotValid
from issuance.identity.models import account_roles, accounts, citizens, clients, tokens
from issuance.identity.permissions import (
    CITIZEN_PERMISSIONS,
    MACHINE_PERMISSIONS,
    Permission,
    Role,
    permissions_of,
)

LIFETIMES = {
    ActorKind.CITIZEN: timedelta(minutes=30),
    ActorKind.STAFF: timedelta(hours=8),  # a working day
    ActorKind.MACHINE: timedelta(minutes=15),
}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

# Asked at every call, so built once.
_FIND_TOKEN = select(tokens).where(tokens.c.hash == bindparam("hash"))
_FIND_CITIZEN = select(citizens).where(citizens.c.id == bindparam("holder"))
_FIND_CLIENT = select(clients).where(clients.c.id == bindparam("holder"))
_FIND_ACCOUNT = (
    select(
        accounts.c.id,
        accounts.c.agency,
        accounts.c.office,
        accounts.c.national_number,
        account_roles.c.role,
    )
    .outerjoin_from(accounts, account_roles)
    .where(accounts.c.id == bindparam("holder"), accounts.c.disabled.is_(False))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token as handed out, the only time its text exists here."""

    text: str
    expires_at: datetime


def issue_token(
    connection: Connection, kind: ActorKind, holder: str, *, at: datetime, scopes: str | None = None
) -> IssuedToken:
    """Make a token for a holder who has just been proven."""
    text = secrets.token_urlsafe(32)
    expires_at = at + LIFETIMES[kind]
    connection.execute(
        insert(tokens).values(
            hash=_hashed(text), kind=kind, holder=holder, scopes=scopes, issued_at=at, expires_at=expires_at
        )
    )
    return IssuedToken(text=text, expires_at=expires_at)


def revoke_token(connection: Connection, token: str, *, at: datetime) -> None:
    """End one session; ending it twice is the same."""
    unrevoked = (tokens.c.hash == _hashed(token)) & tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(unrevoked).values(revoked_at=at))


def revoke_tokens_of(connection: Connection, kind: ActorKind, holder: str, *, at: datetime) -> int:
    """End every session of a holder; how many there were."""
    theirs = (tokens.c.kind == kind) & (tokens.c.holder == holder) & tokens.c.revoked_at.is_(None)
    return connection.execute(update(tokens).where(theirs).values(revoked_at=at)).rowcount


def forget_tokens(connection: Connection, *, at: datetime) -> int:
    """Remove expired tokens; how many there were."""
    return connection.execute(delete(tokens).where(tokens.c.expires_at <= at)).rowcount


def find_actor(connection: Connection, token: str, *, at: datetime) -> Actor:
    """Who a token stands for.

    Raises:
        TokenNotValid: unknown, expired, revoked, or its holder may no longer sign in.
    """
    if not _TOKEN.fullmatch(token):
        raise TokenNotValid
    row = connection.execute(_FIND_TOKEN, {"hash": _hashed(token)}).first()
    if row is None or row.revoked_at is not None or row.expires_at <= at:
        raise TokenNotValid
    match ActorKind(row.kind):
        case ActorKind.CITIZEN:
            return _citizen(connection, row.holder)
        case ActorKind.STAFF:
            return load_staff(connection, row.holder)
        case ActorKind.MACHINE:
            return _machine(connection, row.holder, row.scopes)
        case ActorKind.SYSTEM:
            raise TokenNotValid


class StoredTokens:
    """The doors' authenticator: looks each token up in the database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def actor(self, token: str) -> Actor:
        """See `find_actor`."""
        with reading(self._engine) as connection:
            return find_actor(connection, token, at=self._clock())


def load_staff(connection: Connection, account_id: str) -> Actor:
    """The actor of an account, with what its roles carry at this moment.

    Raises:
        TokenNotValid: there is no such account, or it is disabled.
    """
    rows = connection.execute(_FIND_ACCOUNT, {"holder": account_id}).all()
    if not rows:
        raise TokenNotValid
    row, roles = rows[0], frozenset(Role(each.role) for each in rows if each.role is not None)
    return Actor(
        kind=ActorKind.STAFF,
        id=row.id,
        permissions=permissions_of(roles),
        roles=roles,
        agency=row.agency,
        office=row.office,
        national_number=row.national_number,
    )


def _citizen(connection: Connection, citizen_id: str) -> Actor:
    row = connection.execute(_FIND_CITIZEN, {"holder": citizen_id}).first()
    if row is None:
        raise TokenNotValid
    return Actor(
        kind=ActorKind.CITIZEN,
        id=row.id,
        permissions=CITIZEN_PERMISSIONS,
        national_number=row.national_number,
    )


def _machine(connection: Connection, client_id: str, asked: str | None) -> Actor:
    row = connection.execute(_FIND_CLIENT, {"holder": client_id}).first()
    if row is None or row.disabled:
        raise TokenNotValid
    granted = {*row.scopes.split()} & {*(asked or "").split()}
    permissions = frozenset(Permission(scope) for scope in granted) & MACHINE_PERMISSIONS
    return Actor(kind=ActorKind.MACHINE, id=row.id, permissions=permissions, agency=row.agency)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
