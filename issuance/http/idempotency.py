"""The same call twice has one effect and one answer (draft-ietf-httpapi-idempotency-key-header-07).

    @router.post("/requests", status_code=201)
    def submit(body: Submission, call: Annotated[Call, Depends(idempotent(require(Permission.X)))], …):
        with engine.begin() as connection:
            answer = once(connection, call, lambda: created(connection, call.actor, body), at=clock())
        return answer.response()

`once` runs the effect unless this key was answered before; key, effect and answer are one
transaction, so a crash leaves all of them or none. A second caller waits for the first
one's commit and receives its stored answer.

Work that leaves the database in between (an intent, a call to a provider, its outcome)
uses the two halves: `claim` in the first transaction, `keep` in the last (`once_elsewhere` does
both around an effect in another database). Whoever comes meanwhile is told that the answer is in
progress; a claim whose process died is taken over after `LEASE`, so the work behind it must itself
be safe to repeat.

An error is never kept: it rolls the claim back with the effect, and the key may be used again.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from issuance.clock import Clock
from issuance.database import Json, UtcDateTime, metadata
from issuance.http.errors import (
    AnswerInProgress,
    IdempotencyKeyMissing,
    IdempotencyKeyNotValid,
    IdempotencyKeyReused,
)
from issuance.identity.access import Require
from issuance.identity.actors import Actor
from signing.formats.canonical_json import JsonValue, encode_canonical_json

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=60)
MAX_KEY_CHARACTERS = 128
_MAX_ROUTE_CHARACTERS = 200

_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_CHARACTERS}}}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")  # a subset of RFC 9110 §5.6.2
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1000}")  # no CR or LF: one header stays one header

idempotent_answers = Table(
    "idempotent_answers",
    metadata,
    Column("actor", String(96), primary_key=True),
    Column("route", String(_MAX_ROUTE_CHARACTERS), primary_key=True),
    Column("key", String(MAX_KEY_CHARACTERS), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("status", Integer),  # null while in progress
    Column("headers", Json),
    Column("body", LargeBinary),
)
_T = idempotent_answers.c

# Built once: they run with every call that creates or pays.
_IS = and_(
    _T.actor == bindparam("of_actor"), _T.route == bindparam("of_route"), _T.key == bindparam("of_key")
)
_FIND = select(idempotent_answers).where(_IS)
_CLAIM = {
    "sqlite": sqlite.insert(idempotent_answers).on_conflict_do_nothing().returning(_T.key),
    "postgresql": postgresql.insert(idempotent_answers).on_conflict_do_nothing().returning(_T.key),
}
_KEEP = (
    update(idempotent_answers)
    .where(_IS, _T.status.is_(None))
    .values(status=bindparam("new_status"), headers=bindparam("new_headers"), body=bindparam("new_body"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success, exactly as it goes out and as it is repeated. Errors are raised, never kept."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not HTTPStatus.OK <= self.status < HTTPStatus.BAD_REQUEST:
            raise ValueError(f"only a success is an answer to keep, not {self.status}")
        for name, value in {**self.headers, "Content-Type": self.media_type}.items():
            if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
                raise ValueError(f"header {name!r} cannot be sent")

    def response(self) -> Response:
        """The HTTP response."""
        media_type = self.media_type if self.body else None
        return Response(self.body, self.status, headers=dict(self.headers), media_type=media_type)


def json_answer(status: int, value: JsonValue, *, location: str | None = None) -> Answer:
    """An answer whose body is `value`; `location` names what was created."""
    headers = {} if location is None else {"Location": location}
    return Answer(status=status, body=encode_canonical_json(value), headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that must have one effect: who, where, under which key, saying what."""

    actor: Actor
    route: str
    key: str
    fingerprint: str  # SHA-256 of query and body, hex


def idempotent(door: Require) -> Callable[..., Coroutine[Any, Any, Call]]:
    """A dependency that passes the door, then reads the key and the body of the call."""

    async def read_call(
        request: Request,
        actor: Annotated[Actor, Depends(door)],
        key: Annotated[
            str | None,
            Header(
                alias=HEADER,
                description="A new random value for each operation; repeat it when repeating the call.",
            ),
        ] = None,
    ) -> Call:
        body = await request.body()
        return make_call(
            actor, f"{request.method} {request.url.path}", key, request.url.query.encode() + b"\n" + body
        )

    return read_call


def make_call(actor: Actor, route: str, key: str | None, content: bytes) -> Call:
    """Check the key and fingerprint the content.

    Raises:
        IdempotencyKeyMissing: there is none.
        IdempotencyKeyNotValid: it is not 1 to 128 visible ASCII characters, quoted or not.
    """
    if key is None:
        raise IdempotencyKeyMissing
    # The draft writes it as an RFC 9651 string, in quotes; most clients send it bare.
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not _KEY.fullmatch(bare):
        raise IdempotencyKeyNotValid(most=MAX_KEY_CHARACTERS)
    fingerprint = hashlib.sha256(content).hexdigest()
    return Call(actor=actor, route=route[:_MAX_ROUTE_CHARACTERS], key=bare, fingerprint=fingerprint)


def once(connection: Connection, call: Call, effect: Callable[[], Answer], *, at: datetime) -> Answer:
    """The kept answer of this call, or the effect's, kept in the same transaction.

    Raises:
        IdempotencyKeyReused: the key came before with other content.
        AnswerInProgress: the call is being answered in several transactions.
    """
    kept = claim(connection, call, at=at)
    if kept is not None:
        return kept
    answer = effect()
    keep(connection, call, answer)
    return answer


def claim(connection: Connection, call: Call, *, at: datetime) -> Answer | None:
    """The kept answer, or None when the call is ours to carry out and `keep`.

    Raises:
        IdempotencyKeyReused: the key came before with other content.
        AnswerInProgress: somebody else carries the call out.
    """
    if _insert_claim(connection, call, at):
        return None
    row = connection.execute(_FIND, _key_of(call)).one()
    if row.expires_at <= at:
        connection.execute(delete(idempotent_answers).where(_IS), _key_of(call))
        return claim(connection, call, at=at)
    if row.fingerprint != call.fingerprint:
        raise IdempotencyKeyReused
    if row.status is None:
        _take_over(connection, call, at)
        return None
    media_type = row.headers.pop("Content-Type")
    return Answer(status=row.status, body=row.body, media_type=media_type, headers=row.headers)


def keep(connection: Connection, call: Call, answer: Answer) -> None:
    """Store the answer of a claimed call."""
    headers: JsonValue = {**answer.headers, "Content-Type": answer.media_type}
    kept = connection.execute(
        _KEEP,
        {**_key_of(call), "new_status": answer.status, "new_headers": headers, "new_body": answer.body},
    )
    if kept.rowcount != 1:
        raise RuntimeError("an answer is kept once, after its claim")


def release(connection: Connection, call: Call) -> None:
    """Give a claim back that came to nothing: the key may be used again."""
    connection.execute(delete(idempotent_answers).where(_IS, _T.status.is_(None)), _key_of(call))


def once_elsewhere(engine: Engine, call: Call, effect: Callable[[], Answer], *, clock: Clock) -> Answer:
    """As `once`, for an effect that lies in another database: claimed before, kept after.

    Where the process dies in between, the effect is repeated, and must itself say that it was done.

    Raises:
        IdempotencyKeyReused, AnswerInProgress: as `claim`.
    """
    with engine.begin() as connection:
        kept = claim(connection, call, at=clock())
    if kept is not None:
        return kept
    try:
        answer = effect()
    except Exception:
        with engine.begin() as connection:
            release(connection, call)
        raise
    with engine.begin() as connection:
        keep(connection, call, answer)
    return answer


def forget_expired(connection: Connection, *, at: datetime) -> int:
    """Remove the answers nobody may ask for any more; how many there were."""
    return connection.execute(delete(idempotent_answers).where(_T.expires_at <= at)).rowcount


def _key_of(call: Call) -> dict[str, str]:
    return {
        "of_actor": f"{call.actor.kind}:{call.actor.id}",
        "of_route": call.route,
        "of_key": call.key,
    }


def _insert_claim(connection: Connection, call: Call, at: datetime) -> bool:
    # PostgreSQL waits here for a concurrent claim to commit or roll back; SQLite waited at BEGIN.
    inserted = connection.execute(
        _CLAIM[connection.dialect.name],
        {
            "actor": f"{call.actor.kind}:{call.actor.id}",
            "route": call.route,
            "key": call.key,
            "fingerprint": call.fingerprint,
            "claimed_at": at,
            "expires_at": at + KEPT_FOR,
        },
    )
    # Asked by RETURNING: psycopg reports no row count for this statement.
    return inserted.first() is not None


def _take_over(connection: Connection, call: Call, at: datetime) -> None:
    abandoned = and_(_IS, _T.status.is_(None), _T.claimed_at <= at - LEASE)
    taken = connection.execute(
        update(idempotent_answers).where(abandoned).values(claimed_at=at), _key_of(call)
    )
    if taken.rowcount != 1:
        raise AnswerInProgress(retry_after_seconds=1)
