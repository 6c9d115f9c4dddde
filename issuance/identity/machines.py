"""Other agencies' systems: OAuth 2.0 client credentials (RFC 6749 §4.4).

A client belongs to one agency and holds a subset of the permissions that machines may
hold at all; a token carries a subset of the client's.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.identity.actors import Actor, ActorKind, system_actor
from issuance.identity.errors import ClientUnknown, ScopeNotPermitted
from issuance.identity.models import clients
from issuance.identity.permissions import MACHINE_PERMISSIONS, Permission
from issuance.identity.rates import Rate, count_attempt
from issuance.identity.tokens import IssuedToken, issue_token, revoke_tokens_of

PER_ADDRESS = Rate(name="client credentials from address", most=300, window=timedelta(minutes=15))
PER_CLIENT = Rate(name="client credentials of client", most=300, window=timedelta(minutes=15))

# RFC 6749 §3.3: scope tokens separated by one space.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client as created; the secret is shown once."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token with the scope it was given, which may be less than was asked (RFC 6749 §3.3)."""

    token: IssuedToken
    scope: str


class ClientRefused(Exception):
    """Not an error of ours but an answer of OAuth (RFC 6749 §5.2), named by `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def create_client(
    connection: Connection,
    *,
    name: str,
    agency: str,
    scopes: frozenset[Permission],
    by: Actor,
    at: datetime,
) -> NewClient:
    """Register a system of an agency.

    Raises:
        ScopeNotPermitted: machines never hold one of the permissions.
    """
    for scope in sorted(scopes - MACHINE_PERMISSIONS):
        raise ScopeNotPermitted(scope=scope)
    client = NewClient(id=f"{agency}-{secrets.token_hex(6)}", secret=secrets.token_urlsafe(32))
    connection.execute(
        insert(clients).values(
            id=client.id,
            name=name,
            agency=agency,
            secret_hash=_hashed(client.secret),
            scopes=" ".join(sorted(scopes)),
            disabled=False,
            created_at=at,
        )
    )
    facts: trail.Facts = {"agency": agency, "scopes": [*sorted(scopes)]}
    trail.record(connection, by, "client.create", _object(client.id), at=at, facts=facts)
    return client


def disable_client(connection: Connection, client_id: str, *, by: Actor, at: datetime) -> None:
    """Close a client and end its tokens.

    Raises:
        ClientUnknown: there is none.
    """
    changed = connection.execute(update(clients).where(clients.c.id == client_id).values(disabled=True))
    if changed.rowcount != 1:
        raise ClientUnknown
    revoke_tokens_of(connection, ActorKind.MACHINE, client_id, at=at)
    trail.record(connection, by, "client.disable", _object(client_id), at=at)


def count_grant(connection: Connection, client_id: str, *, address: str, at: datetime) -> None:
    """Count an attempt to be granted a token; commit before trying.

    Raises:
        TooManyAttempts: of this client or from this address.
    """
    count_attempt(connection, PER_ADDRESS, address, at=at)
    count_attempt(connection, PER_CLIENT, client_id, at=at)


def grant_token(
    connection: Connection, client_id: str, secret: str, *, scope: str | None, at: datetime
) -> Grant | ClientRefused:
    """A token for a client that proves itself. A refusal is returned: commit its audit entry, then answer."""
    proven = prove_client(connection, client_id, secret, at=at)
    if proven is None:
        return ClientRefused("invalid_client")
    if scope is not None and not _SCOPE.fullmatch(scope):
        return ClientRefused("invalid_scope")
    held = {str(permission) for permission in proven.permissions}
    asked = held if scope is None else {*scope.split(" ")}
    if not asked or not asked <= held:
        return ClientRefused("invalid_scope")
    granted = " ".join(sorted(asked))
    token = issue_token(connection, ActorKind.MACHINE, client_id, at=at, scopes=granted)
    actor = replace(proven, permissions=frozenset())
    trail.record(connection, actor, "session.begin", _object(client_id), at=at, facts={"scope": granted})
    return Grant(token=token, scope=granted)


def prove_client(connection: Connection, client_id: str, secret: str, *, at: datetime) -> Actor | None:
    """The client that shows its secret itself; None otherwise: commit the audit entry, then answer."""
    row = connection.execute(
        select(clients).where(clients.c.id == client_id).with_for_update(read=True)
    ).first()
    # Compared even when there is no such client.
    fits = hmac.compare_digest(_hashed(secret), _hashed("") if row is None else row.secret_hash)
    if row is None or row.disabled or not fits:
        known = _object("-" if row is None else row.id)
        trail.record(connection, system_actor("sign-in"), "client.refuse", known, at=at)
        return None
    held = frozenset(Permission(scope) for scope in row.scopes.split())
    return Actor(
        kind=ActorKind.MACHINE, id=client_id, permissions=held & MACHINE_PERMISSIONS, agency=row.agency
    )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _object(client_id: str) -> AuditObject:
    return AuditObject(kind="client", id=client_id)
