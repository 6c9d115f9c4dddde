"""Released documents in the hands of those they belong to: see, fetch, link to, hand over."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.clock import Clock
from issuance.database import reading
from issuance.delivery.links import create_link, open_link
from issuance.documents.book import documents_of_request, load_document, load_released
from issuance.documents.files import FileStore
from issuance.documents.http import DocumentShown, document_json, view_document
from issuance.documents.models import Document
from issuance.http.idempotency import Answer, Call, idempotent, json_answer, once
from issuance.identity.access import public, require
from issuance.identity.actors import Actor, system_actor
from issuance.identity.permissions import Permission
from issuance.requests.access import keep_from_kin, note_look, visible_request
from issuance.requests.book import load_request
from issuance.requests.numbers import parse_request_number
from issuance.requests.registers import Registers
from signing.formats.canonical_json import JsonValue

READ = require(Permission.DOCUMENTS_READ_OWN, Permission.DOCUMENTS_READ, Permission.DOCUMENTS_HAND_OVER)

# Who opens a link is not known: the trail tells that it was opened, and when.
LINK = system_actor("link")
ReaderDep = Annotated[Actor, Depends(READ)]
HandOverCall = Annotated[Call, Depends(idempotent(require(Permission.DOCUMENTS_HAND_OVER)))]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sealed file.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class HandOver(BaseModel):
    """Who received the printed document, and how they proved who they are."""

    model_config = ConfigDict(extra="forbid")
    receiver: str = Field(min_length=1, max_length=120)
    proof: str = Field(min_length=1, max_length=120)


class DocumentsShown(BaseModel):
    """The documents of a request."""

    items: list[DocumentShown]


class LinkShown(BaseModel):
    """A link that opens the document until it expires."""

    address: str
    expires_at: datetime


class DeliveryHttp:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self, *, engine: Engine, clock: Clock, files: FileStore, registers: Registers, public_address: str
    ) -> None:
        self._engine, self._clock, self._files = engine, clock, files
        self._registers, self._public_address = registers, public_address

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["documents"])
        add = router.add_api_route
        link = [Depends(public("the link itself is the secret: 256 bits, expiring"))]
        file, opened = "/documents/{number}/file", "/d/{token}"
        shown = DocumentShown
        add("/requests/{number}/documents", self.list_documents, methods=["GET"])
        add("/documents/{number}", self.show_document, methods=["GET"])
        add(file, self.fetch_file, methods=["GET"], response_class=Response, responses=_PDF)
        add("/documents/{number}/links", self.make_link, methods=["POST"])
        add("/documents/{number}/hand-over", self.hand_over, methods=["POST"], response_model=shown)
        add(
            opened,
            self.open_link,
            methods=["GET"],
            dependencies=link,
            response_class=Response,
            responses=_PDF,
        )
        return router

    def list_documents(self, number: str, actor: ReaderDep) -> DocumentsShown:
        """The released documents a request led to."""
        with self._engine.begin() as connection:
            request = visible_request(connection, parse_request_number(number), actor)
            keep_from_kin(self._registers, actor, request)
            note_look(connection, request, actor, at=self._clock())
            found = documents_of_request(connection, request.number)
        return DocumentsShown(items=[view_document(document) for document in found if document.released_at])

    def show_document(self, number: str, actor: ReaderDep) -> DocumentShown:
        """One document, without what it says."""
        with reading(self._engine) as connection:
            return view_document(self._visible(connection, number, actor))

    def fetch_file(self, number: str, actor: ReaderDep) -> Response:
        """The sealed file."""
        with self._engine.begin() as connection:
            document = self._handled(connection, number, actor)
            self._audit(connection, actor, "document.fetch", document)
        return self._file(document)

    def make_link(self, number: str, actor: ReaderDep) -> LinkShown:
        """A new link to hand on; it expires. Called again, it makes another: what opens it is not kept."""
        at = self._clock()
        with self._engine.begin() as connection:
            document = self._handled(connection, number, actor)
            link = create_link(connection, document.number, at=at)
            self._audit(connection, actor, "document.link", document)
        return LinkShown(address=f"{self._public_address}/d/{link.token}", expires_at=link.expires_at)

    def hand_over(self, number: str, body: HandOver, call: HandOverCall) -> Response:
        """A clerk printed the document and gave it to somebody who proved who they are."""

        def effect(connection: Connection) -> Answer:
            document = self._handled(connection, number, call.actor)
            facts: dict[str, JsonValue] = {"receiver": body.receiver, "proof": body.proof}
            self._audit(connection, call.actor, "document.hand-over", document, facts)
            return json_answer(200, document_json(document))

        return self._once(call, effect, self._clock())

    def open_link(self, token: str) -> Response:
        """The sealed file behind a link."""
        with self._engine.begin() as connection:
            document = load_document(connection, open_link(connection, token, at=self._clock()))
            self._audit(connection, LINK, "document.fetch", document)
        return self._file(document)

    def _once(self, call: Call, effect: Callable[[Connection], Answer], at: datetime) -> Response:
        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def _visible(self, connection: Connection, number: str, actor: Actor) -> Document:
        """A released document of a request this actor may see."""
        document = load_released(connection, number)
        request = visible_request(connection, document.request_number, actor)
        keep_from_kin(self._registers, actor, request)
        return document

    def _handled(self, connection: Connection, number: str, actor: Actor) -> Document:
        """As `_visible`; and whoever holds what the document says has looked at the person's record."""
        document = self._visible(connection, number, actor)
        request = load_request(connection, document.request_number)
        note_look(connection, request, actor, at=self._clock())
        return document

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
        trail.record(connection, actor, action, about, at=self._clock(), facts=facts)
