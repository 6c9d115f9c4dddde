"""Recording what was done, and proving later that the record is whole.

Each entry's hash is SHA-256 over the canonical JSON (RFC 8785) of its content and the
hash before it, so a changed, removed, inserted or reordered entry breaks the chain at a
known place. Removal of the newest entries, and a chain recomputed from some point on,
are seen by comparing with a head exported earlier to somebody else's custody
(`head` → `verify_chain(known_heads=…)`).

`record` runs in the caller's transaction: an effect and its entry are stored together or
not at all, and where the trail cannot be written nothing is done.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, Engine, RowMapping, insert, select, text

from issuance.audit.errors import ChainBroken
from issuance.audit.models import GENESIS, audit_entries
from issuance.identity.actors import Actor
from signing.formats.canonical_json import JsonValue, encode_canonical_json

Facts: TypeAlias = dict[str, JsonValue]

# Held until commit, so that two PostgreSQL transactions never continue the same head. Any constant will do.
_CHAIN_LOCK = 0x57415448
_BATCH = 1_000

_HEAD = (
    select(audit_entries.c.sequence, audit_entries.c.hash).order_by(audit_entries.c.sequence.desc()).limit(1)
)
_INSERT = insert(audit_entries).inline()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditObject:
    """What was acted on: `AuditObject(kind="request", id="R-26-…")`."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry of the chain: export it, and removal of anything before it can be shown."""

    sequence: int
    hash: str  # hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done."""

    sequence: int
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    object: AuditObject
    facts: Facts
    previous: str
    hash: str


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    on: AuditObject,
    *,
    at: datetime,
    facts: Facts | None = None,
) -> Head:
    """Append one entry. `action` is `concept.verb`, e.g. `request.submit`, `record.read`.

    Facts are for an auditor, not for content: identifiers, reasons and amounts, never a
    record, a code, a token or a password.

    Raises:
        ValueError: a fact is not canonical JSON (a float, an integer beyond 53 bits).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    last = head(connection)
    entry = {
        "sequence": last.sequence + 1,
        "at": at,
        "actor_kind": str(actor.kind),
        "actor_id": actor.id,
        "action": action,
        "object_kind": on.kind,
        "object_id": on.id,
        "facts": encode_canonical_json(facts or {}).decode(),
        "previous": last.hash,
    }
    digest = _digest(entry)
    connection.execute(_INSERT, {**entry, "hash": digest})
    return Head(sequence=last.sequence + 1, hash=digest)


def record_read(
    connection: Connection, actor: Actor, national_number: str, *, reason: str, at: datetime
) -> Head:
    """Append that somebody looked at a person's record, and why (`request R-26-…`)."""
    return record(connection, actor, "record.read", person(national_number), at=at, facts={"reason": reason})


def person(national_number: str) -> AuditObject:
    """The person whom a record is about."""
    return AuditObject(kind="person", id=national_number)


def head(connection: Connection) -> Head:
    """The newest entry, or the genesis before there is one."""
    row = connection.execute(_HEAD).first()
    return Head(sequence=0, hash=GENESIS) if row is None else Head(sequence=row.sequence, hash=row.hash)


def verify_chain(connection: Connection, *, known_heads: Iterable[Head] = ()) -> Head:
    """Walk the whole chain and compare it with heads exported earlier.

    Raises:
        ChainBroken: an entry was changed, removed, inserted or reordered; its facts say where.
    """
    expected = {known.sequence: known.hash for known in known_heads if known.sequence}
    last = Head(sequence=0, hash=GENESIS)
    query = select(audit_entries).order_by(audit_entries.c.sequence)
    try:
        with connection.execute(query.execution_options(yield_per=_BATCH)) as rows:
            for row in rows.mappings():
                last = _verify_entry(row, last)
                if expected.pop(last.sequence, last.hash) != last.hash:
                    raise ChainBroken(sequence=last.sequence, what="differs from an exported head")
    except (ValueError, TypeError, AttributeError) as error:
        # A column that no longer holds what its type says.
        raise ChainBroken(sequence=last.sequence + 1, what="an entry cannot be read") from error
    if expected:
        raise ChainBroken(sequence=max(expected), what="an exported head is missing")
    return last


def entries(
    connection: Connection,
    *,
    on: AuditObject | None = None,
    by: Actor | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Entry]:
    """Entries about an object or by an actor, oldest first, from the one following `after`."""
    query = select(audit_entries).where(audit_entries.c.sequence > after)
    if on is not None:
        query = query.where(audit_entries.c.object_kind == on.kind, audit_entries.c.object_id == on.id)
    if by is not None:
        query = query.where(audit_entries.c.actor_kind == by.kind, audit_entries.c.actor_id == by.id)
    rows = connection.execute(query.order_by(audit_entries.c.sequence).limit(limit)).mappings()
    return [_entry(row) for row in rows]


def each_line(engine: Engine, *, batch: int = _BATCH) -> Iterator[bytes]:
    """The whole chain as lines of canonical JSON, for an auditor to keep and recompute elsewhere.

    One short transaction a batch: a slow reader must not hold the database.
    """
    query = select(audit_entries).order_by(audit_entries.c.sequence).limit(batch)
    last = 0
    while True:
        with engine.begin() as connection:
            rows = connection.execute(query.where(audit_entries.c.sequence > last)).mappings().all()
        for row in rows:
            yield _line({**_hashed(row), "hash": row["hash"]}) + b"\n"
        if len(rows) < batch:
            return
        last = rows[-1]["sequence"]


def _verify_entry(row: RowMapping, last: Head) -> Head:
    sequence = cast("int", row["sequence"])
    if sequence != last.sequence + 1 or row["previous"] != last.hash:
        raise ChainBroken(sequence=last.sequence + 1, what="an entry is missing or out of order")
    digest = _digest(row)
    if digest != row["hash"]:
        raise ChainBroken(sequence=sequence, what="an entry was changed")
    return Head(sequence=sequence, hash=digest)


def _entry(row: RowMapping) -> Entry:
    return Entry(
        sequence=row["sequence"],
        at=row["at"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        action=row["action"],
        object=AuditObject(kind=row["object_kind"], id=row["object_id"]),
        facts=cast("Facts", json.loads(row["facts"])),
        previous=row["previous"],
        hash=row["hash"],
    )


def _digest(row: Mapping[str, Any] | RowMapping) -> str:
    return hashlib.sha256(_line(_hashed(row))).hexdigest()


def _line(content: dict[str, JsonValue]) -> bytes:
    # Canonical JSON (RFC 8785) by the C encoder: the keys are ours and ASCII, so code-point order is theirs.
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _hashed(row: Mapping[str, Any] | RowMapping) -> dict[str, JsonValue]:
    """What the hash covers. Facts enter as their stored text, so that not one byte of it can change."""
    return {
        "sequence": row["sequence"],
        "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": {"kind": row["actor_kind"], "id": row["actor_id"]},
        "action": row["action"],
        "object": {"kind": row["object_kind"], "id": row["object_id"]},
        "facts": row["facts"],
        "previous": row["previous"],
    }
