"""The trail over HTTP: for auditors all of it, for a person who looked at their record."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Engine

from issuance.audit import trail
from issuance.audit.trail import AuditObject, Entry
from issuance.clock import Clock
from issuance.http.cursors import Cursors, PageCursor, PageLimit
from issuance.identity.access import require
from issuance.identity.actors import Actor
from issuance.identity.permissions import Permission

AuditorDep = Annotated[Actor, Depends(require(Permission.AUDIT_READ))]
PersonDep = Annotated[Actor, Depends(require(Permission.AUDIT_READ_OWN))]


class EntryShown(BaseModel):
    """One entry of the trail."""

    sequence: int
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    object_kind: str
    object_id: str
    facts: dict[str, Any]
    hash: str


class Entries(BaseModel):
    """A page of the trail."""

    items: list[EntryShown]
    next: str | None


class LookShown(BaseModel):
    """Somebody looked at my record. Staff are named by kind: the person complains with the number."""

    entry: int
    at: datetime
    by: str
    reason: str


class Looks(BaseModel):
    """A page of who looked at my record."""

    items: list[LookShown]
    next: str | None


class HeadShown(BaseModel):
    """The newest entry: keep it elsewhere, and later removal can be shown."""

    sequence: int
    hash: str


class AuditPages:
    """The handlers, with what the composition root gives them."""

    def __init__(self, *, engine: Engine, clock: Clock, cursors: Cursors) -> None:
        self._engine = engine
        self._clock = clock
        self._cursors = cursors

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["audit"])
        add = router.add_api_route
        add("/audit/entries", self.list_entries, methods=["GET"])
        add("/audit/head", self.show_head, methods=["GET"])
        add("/audit/export", self.export_trail, methods=["GET"], response_class=StreamingResponse)
        add("/audit/mine", self.list_looks, methods=["GET"])
        return router

    def list_entries(
        self,
        actor: AuditorDep,
        object_kind: Annotated[str | None, Query(max_length=32)] = None,
        object_id: Annotated[str | None, Query(max_length=128)] = None,
        limit: PageLimit = 50,
        cursor: PageCursor = None,
    ) -> Entries:
        """The trail, oldest first; about one object when both its kind and id are given."""
        on = AuditObject(kind=object_kind, id=object_id) if object_kind and object_id else None
        listing = f"audit {object_kind} {object_id}"
        position = self._cursors.decode(cursor, listing=listing, actor=actor)
        with self._engine.begin() as connection:
            rows = trail.entries(connection, on=on, after=_after(position), limit=limit + 1)
            looked = AuditObject(kind="audit", id=str(on.id if on else "all"))
            trail.record(connection, actor, "audit.read", looked, at=self._clock())
        page = self._cursors.page(rows, limit=limit, position=_position, listing=listing, actor=actor)
        return Entries(items=[_shown(entry) for entry in page.items], next=page.next)

    def show_head(self, actor: AuditorDep) -> HeadShown:
        """The newest entry's number and hash."""
        del actor
        with self._engine.begin() as connection:
            head = trail.head(connection)
        return HeadShown(sequence=head.sequence, hash=head.hash)

    def export_trail(self, actor: AuditorDep) -> StreamingResponse:
        """The whole trail as lines of canonical JSON, to be recomputed elsewhere."""
        whole = AuditObject(kind="audit", id="all")
        with self._engine.begin() as connection:
            trail.record(connection, actor, "audit.export", whole, at=self._clock())
        return StreamingResponse(trail.each_line(self._engine), media_type="application/jsonl")

    def list_looks(self, actor: PersonDep, limit: PageLimit = 50, cursor: PageCursor = None) -> Looks:
        """Who looked at the record of the person who is signed in, oldest first."""
        position = self._cursors.decode(cursor, listing="looks", actor=actor)
        on = trail.person(actor.national_number or "")
        with self._engine.begin() as connection:
            rows = trail.entries(connection, on=on, after=_after(position), limit=limit + 1)
        page = self._cursors.page(rows, limit=limit, position=_position, listing="looks", actor=actor)
        return Looks(items=[_look(entry) for entry in page.items], next=page.next)


def _after(position: list[str | int] | None) -> int:
    return 0 if position is None else int(position[0])


def _position(entry: Entry) -> list[str | int]:
    return [entry.sequence]


def _shown(entry: Entry) -> EntryShown:
    return EntryShown(
        sequence=entry.sequence,
        at=entry.at,
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        action=entry.action,
        object_kind=entry.object.kind,
        object_id=entry.object.id,
        facts=entry.facts,
        hash=entry.hash,
    )


def _look(entry: Entry) -> LookShown:
    reason = entry.facts.get("reason")
    return LookShown(entry=entry.sequence, at=entry.at, by=entry.actor_kind, reason=str(reason or ""))
