"""A document's life after release, over HTTP: put on hold, withdrawn, replaced."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Protocol, cast

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.clock import Clock
from issuance.documents.book import DocumentNotFound, load_released
from issuance.documents.models import Document, DocumentState, SuspensionReason
from issuance.documents.standing import reinstate, require_successor, revoke, supersede, suspend
from issuance.documents.status_lists import StatusPublisher
from issuance.http.idempotency import Answer, Call, idempotent, json_answer, once
from issuance.identity.access import require
from issuance.identity.actors import Actor
from issuance.identity.permissions import Permission
from signing.formats.canonical_json import JsonValue
from signing.formats.status_list import RevocationReason

SuspendCall = Annotated[Call, Depends(idempotent(require(Permission.DOCUMENTS_SUSPEND)))]
RevokeCall = Annotated[Call, Depends(idempotent(require(Permission.DOCUMENTS_REVOKE)))]
SupersedeCall = Annotated[Call, Depends(idempotent(require(Permission.DOCUMENTS_SUPERSEDE)))]


class RequestAccess(Protocol):
    """What documents must know of the request that led to them."""

    def check_staff(self, connection: Connection, actor: Actor, request_number: str) -> None:
        """Pass unless the request is about the caller's own kin."""

    def subject(self, connection: Connection, request_number: str) -> str:
        """The national number of the person a request is about."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Revocation(_Body):
    """Why the document no longer counts."""

    reason: RevocationReason


class Suspension(_Body):
    """Why the document does not count for now."""

    reason: SuspensionReason


class Supersession(_Body):
    """Which newer document takes its place."""

    by: str = Field(max_length=40)


class DocumentShown(BaseModel):
    """A document, without what it says."""

    number: str
    kind: str
    agency: str
    request_number: str
    state: DocumentState
    valid_until: date
    sha256: str | None
    size: int | None
    timings: dict[str, int] | None  # microseconds per stage
    released_at: datetime | None
    withdrawn_at: datetime | None
    withdrawal_reason: RevocationReason | SuspensionReason | None
    superseded_by: str | None


def view_document(document: Document) -> DocumentShown:
    """A document as it is shown."""
    return DocumentShown(**{name: getattr(document, name) for name in DocumentShown.model_fields})


def document_json(document: Document) -> JsonValue:
    """The same, as an answer's body."""
    return cast("JsonValue", view_document(document).model_dump(mode="json"))


class DocumentsHttp:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self, *, engine: Engine, clock: Clock, statuses: StatusPublisher, access: RequestAccess
    ) -> None:
        self._engine, self._clock = engine, clock
        self._statuses, self._access = statuses, access

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["documents"])
        add = router.add_api_route
        shown = DocumentShown
        add("/documents/{number}/suspension", self.suspend, methods=["POST"], response_model=shown)
        add("/documents/{number}/release", self.release, methods=["POST"], response_model=shown)
        add("/documents/{number}/revocation", self.revoke, methods=["POST"], response_model=shown)
        add("/documents/{number}/supersession", self.supersede, methods=["POST"], response_model=shown)
        return router

    def suspend(self, number: str, body: Suspension, call: SuspendCall) -> Response:
        """The document does not count for now; the published status says so at once."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._own_agencys(connection, number, call.actor)
            suspended = suspend(connection, document, reason=body.reason, at=at)
            self._audit(connection, call.actor, "document.suspend", document, {"reason": body.reason.value})
            return json_answer(200, document_json(suspended))

        return self._once_and_publish(call, effect, at)

    def release(self, number: str, call: SuspendCall) -> Response:
        """A suspended document counts again; the published status says so at once."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._own_agencys(connection, number, call.actor)
            released = reinstate(connection, document, at=at)
            self._audit(connection, call.actor, "document.release", document, {})
            return json_answer(200, document_json(released))

        return self._once_and_publish(call, effect, at)

    def revoke(self, number: str, body: Revocation, call: RevokeCall) -> Response:
        """The document no longer counts; the published status says so at once."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._own_agencys(connection, number, call.actor)
            revoked = revoke(connection, document, reason=body.reason, at=at)
            self._audit(connection, call.actor, "document.revoke", document, {"reason": body.reason.value})
            return json_answer(200, document_json(revoked))

        return self._once_and_publish(call, effect, at)

    def supersede(self, number: str, body: Supersession, call: SupersedeCall) -> Response:
        """A newer document of the same kind, about the same person, takes this one's place."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._own_agencys(connection, number, call.actor)
            newer = self._own_agencys(connection, body.by, call.actor)
            require_successor(
                connection,
                document,
                newer,
                subject_of=lambda request: self._access.subject(connection, request),
            )
            superseded = supersede(connection, document, by=newer.number, at=at)
            self._audit(connection, call.actor, "document.supersede", document, {"by": newer.number})
            return json_answer(200, document_json(superseded))

        return self._once_and_publish(call, effect, at)

    def _once_and_publish(self, call: Call, effect: Callable[[Connection], Answer], at: datetime) -> Response:
        with self._engine.begin() as connection:
            answer = once(connection, call, lambda: effect(connection), at=at)
        self._statuses.publish()
        return answer.response()

    def _own_agencys(self, connection: Connection, number: str, actor: Actor) -> Document:
        document = load_released(connection, number)
        if document.agency != actor.agency:
            raise DocumentNotFound
        self._access.check_staff(connection, actor, document.request_number)
        return document

    def _audit(
        self,
        connection: Connection,
        actor: Actor,
        action: str,
        document: Document,
        facts: dict[str, JsonValue],
    ) -> None:
        about = AuditObject(kind="document", id=document.number)
        trail.record(connection, actor, action, about, at=self._clock(), facts=facts)
