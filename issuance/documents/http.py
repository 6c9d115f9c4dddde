"""Documents over HTTP: see and fetch them, withdraw them, check one by number and code."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.clock import Clock
from issuance.database import reading
from issuance.delivery.links import create_link, open_link
from issuance.documents.book import (
    DocumentNotFound,
    documents_of_request,
    load_document,
    revoke,
    supersede,
)
from issuance.documents.check import check_by_code
from issuance.documents.files import FileStore
from issuance.documents.models import Document, DocumentState, RevocationReason
from issuance.documents.status_lists import StatusPublisher
from issuance.http.addresses import ClientNetwork
from issuance.http.idempotency import Answer, Call, idempotent, json_answer, once
from issuance.identity.access import public, require
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Permission
from issuance.identity.rates import Rate, count_attempt
from issuance.requests.book import load_request
from issuance.requests.movements import Movements, visible_request
from issuance.requests.numbers import parse_request_number
from signing.formats.canonical_json import JsonValue
from signing.formats.document_number import parse_document_number

READ = require(Permission.DOCUMENTS_READ_OWN, Permission.DOCUMENTS_READ, Permission.DOCUMENTS_HAND_OVER)
REVOKE = require(Permission.DOCUMENTS_REVOKE)
SUPERSEDE = require(Permission.DOCUMENTS_SUPERSEDE)
HAND_OVER = require(Permission.DOCUMENTS_HAND_OVER)

ReaderDep = Annotated[Actor, Depends(READ)]
RevokeCall = Annotated[Call, Depends(idempotent(REVOKE))]
SupersedeCall = Annotated[Call, Depends(idempotent(SUPERSEDE))]
HandOverCall = Annotated[Call, Depends(idempotent(HAND_OVER))]
LinkCall = Annotated[Call, Depends(idempotent(READ))]

CHECKS = Rate(name="document-check", most=30, window=timedelta(minutes=10))
CHECKS_OF_ONE = Rate(name="document-check-number", most=10, window=timedelta(minutes=10))
_RELEASED = {DocumentState.RELEASED, DocumentState.REVOKED, DocumentState.SUPERSEDED}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Revocation(_Body):
    """Why the document no longer counts."""

    reason: RevocationReason


class Supersession(_Body):
    """Which newer document takes its place."""

    by: str = Field(max_length=40)


class HandOver(_Body):
    """Who received the printed document, and how they proved who they are."""

    receiver: str = Field(min_length=1, max_length=120)
    proof: str = Field(min_length=1, max_length=120)


class CheckAsked(_Body):
    """What stands on the paper."""

    number: str = Field(max_length=40, examples=["2600 0000 0017"])
    code: str = Field(max_length=40, examples=["7K3M 9QXA 2BVD"])


class CheckShown(BaseModel):
    """What a stranger who holds the paper may know."""

    kind: str
    agency: str
    issued_on: date
    valid_until: date
    status: str


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
    timings: dict[str, int] | None
    released_at: datetime | None
    withdrawn_at: datetime | None
    withdrawal_reason: RevocationReason | None
    superseded_by: str | None


class DocumentsShown(BaseModel):
    """The documents of a request."""

    items: list[DocumentShown]


class LinkShown(BaseModel):
    """A link that opens the document until it expires."""

    address: str
    expires_at: datetime


class DocumentsHttp:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        files: FileStore,
        statuses: StatusPublisher,
        movements: Movements,
        public_address: str,
    ) -> None:
        self._engine, self._clock, self._files = engine, clock, files
        self._statuses, self._movements, self._public_address = statuses, movements, public_address

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["documents"])
        add = router.add_api_route
        paper = [Depends(public("whoever holds the paper may check it; attempts are counted"))]
        link = [Depends(public("the link itself is the secret: 256 bits, expiring"))]
        add("/requests/{number}/documents", self.list_documents, methods=["GET"])
        add("/documents/{number}", self.show_document, methods=["GET"])
        add(
            "/documents/{number}/file",
            self.fetch_file,
            methods=["GET"],
            response_class=Response,
            responses=_PDF,
        )
        add("/documents/{number}/links", self.make_link, methods=["POST"], response_model=LinkShown)
        add("/documents/{number}/hand-over", self.hand_over, methods=["POST"], response_model=DocumentShown)
        add("/documents/{number}/revocation", self.revoke, methods=["POST"], response_model=DocumentShown)
        add(
            "/documents/{number}/supersession", self.supersede, methods=["POST"], response_model=DocumentShown
        )
        add("/api/documents/check", self.check, methods=["POST"], dependencies=paper)
        add(
            "/d/{token}",
            self.open_link,
            methods=["GET"],
            dependencies=link,
            response_class=Response,
            responses=_PDF,
        )
        return router

    def list_documents(self, number: str, actor: ReaderDep) -> DocumentsShown:
        """The documents a request led to."""
        with reading(self._engine) as connection:
            request = visible_request(connection, parse_request_number(number), actor)
            found = documents_of_request(connection, request.number)
        return DocumentsShown(items=[_view(document) for document in found if document.state in _RELEASED])

    def show_document(self, number: str, actor: ReaderDep) -> DocumentShown:
        """One document."""
        with reading(self._engine) as connection:
            return _view(self._visible(connection, number, actor))

    def fetch_file(self, number: str, actor: ReaderDep) -> Response:
        """The sealed file."""
        with self._engine.begin() as connection:
            document = self._visible(connection, number, actor)
            self._audit(connection, actor, "document.fetch", document)
        return self._file(document)

    def make_link(self, number: str, call: LinkCall) -> Response:
        """A new link to hand on; it expires."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._visible(connection, number, call.actor)
            link = create_link(connection, document.number, at=at)
            self._audit(connection, call.actor, "document.link", document)
            address = f"{self._public_address}/d/{link.token}"
            return json_answer(200, {"address": address, "expires_at": link.expires_at.isoformat()})

        return self._once(call, effect, at)

    def hand_over(self, number: str, body: HandOver, call: HandOverCall) -> Response:
        """A clerk printed the document and gave it to somebody who proved who they are."""

        def effect(connection: Connection) -> Answer:
            document = self._visible(connection, number, call.actor)
            facts: dict[str, JsonValue] = {"receiver": body.receiver, "proof": body.proof}
            self._audit(connection, call.actor, "document.hand-over", document, facts)
            return json_answer(200, _shown(document))

        return self._once(call, effect, self._clock())

    def revoke(self, number: str, body: Revocation, call: RevokeCall) -> Response:
        """The document no longer counts; the published status says so at once."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._own_agencys(connection, number, call.actor)
            revoked = revoke(connection, document, reason=body.reason, at=at)
            facts: dict[str, JsonValue] = {"reason": body.reason.value}
            self._audit(connection, call.actor, "document.revoke", document, facts)
            return json_answer(200, _shown(revoked))

        answer = self._once(call, effect, at)
        self._statuses.publish(at=at)
        return answer

    def supersede(self, number: str, body: Supersession, call: SupersedeCall) -> Response:
        """A newer document of the same kind, about the same person, takes this one's place."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            document = self._own_agencys(connection, number, call.actor)
            newer = self._own_agencys(connection, body.by, call.actor)
            self._check_succession(connection, document, newer)
            superseded = supersede(connection, document, by=newer.number, at=at)
            facts: dict[str, JsonValue] = {"by": newer.number}
            self._audit(connection, call.actor, "document.supersede", document, facts)
            return json_answer(200, _shown(superseded))

        answer = self._once(call, effect, at)
        self._statuses.publish(at=at)
        return answer

    def check(self, body: CheckAsked, network: ClientNetwork) -> CheckShown:
        """For a torn code: number and twelve characters from the paper."""
        at = self._clock()
        with self._engine.begin() as connection:
            count_attempt(connection, CHECKS, network, at=at)
            count_attempt(connection, CHECKS_OF_ONE, body.number, at=at)
        with reading(self._engine) as connection:
            found = check_by_code(connection, body.number, body.code, at=at)
        return CheckShown(
            kind=found.kind,
            agency=found.agency,
            issued_on=found.issued_on,
            valid_until=found.valid_until,
            status=found.status,
        )

    def open_link(self, token: str) -> Response:
        """The sealed file behind a link."""
        with self._engine.begin() as connection:
            document = load_document(connection, open_link(connection, token, at=self._clock()))
        return self._file(document)

    def _once(self, call: Call, effect: Callable[[Connection], Answer], at: datetime) -> Response:
        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def _visible(self, connection: Connection, number: str, actor: Actor) -> Document:
        """A released document of a request this actor may see."""
        document = _load(connection, number)
        request = visible_request(connection, document.request_number, actor)
        if actor.kind is not ActorKind.CITIZEN:
            self._movements.keep_from_kin(actor, request)
        return document

    def _own_agencys(self, connection: Connection, number: str, actor: Actor) -> Document:
        document = _load(connection, number)
        if document.agency != actor.agency:
            raise DocumentNotFound
        self._movements.keep_from_kin(actor, load_request(connection, document.request_number))
        return document

    def _check_succession(self, connection: Connection, document: Document, newer: Document) -> None:
        one = load_request(connection, document.request_number)
        other = load_request(connection, newer.request_number)
        same = (document.kind, one.subject) == (newer.kind, other.subject)
        if not same or newer.state is not DocumentState.RELEASED or newer.number == document.number:
            raise DocumentNotFound

    def _file(self, document: Document) -> Response:
        content = self._files.read(f"{document.number}.pdf")
        disposition = f'attachment; filename="{document.kind}-{document.number}.pdf"'
        return Response(content, media_type="application/pdf", headers={"Content-Disposition": disposition})

    def _audit(
        self,
        connection: Connection,
        actor: Actor,
        action: str,
        document: Document,
        facts: dict[str, JsonValue] | None = None,
    ) -> None:
        about = AuditObject(kind="document", id=document.number)
        trail.record(
            connection, actor, action, about, at=self._clock(), facts=cast("trail.Facts", facts or {})
        )


_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sealed file.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _load(connection: Connection, number: str) -> Document:
    try:
        parsed = parse_document_number(number)
    except ValueError as error:
        raise DocumentNotFound from error
    document = load_document(connection, parsed)
    if document.state not in _RELEASED:
        raise DocumentNotFound
    return document


def _view(document: Document) -> DocumentShown:
    return DocumentShown(**{name: getattr(document, name) for name in DocumentShown.model_fields})


def _shown(document: Document) -> JsonValue:
    return cast("JsonValue", _view(document).model_dump(mode="json"))
