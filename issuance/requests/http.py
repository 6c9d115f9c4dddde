"""Requests over HTTP: open, hand in, submit, follow, cancel, decide."""

from datetime import datetime
from typing import Annotated, Protocol, cast

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic import JsonValue as JsonField
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.catalogue.models import Channel, Delivery, Text
from issuance.clock import Clock
from issuance.http.cursors import Cursors, PageCursor, PageLimit
from issuance.http.idempotency import Answer, Call, idempotent, json_answer, once
from issuance.http.typed import without_direction_marks
from issuance.identity.access import require
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Permission
from issuance.registries.answers import Reason
from issuance.requests import opening
from issuance.requests.access import is_own_kins, keep_from_kin, note_look, visible_request
from issuance.requests.book import Selection, find_requests, load_timeline
from issuance.requests.errors import ReasonMissing
from issuance.requests.lifecycle import Event, State
from issuance.requests.models import Request as StoredRequest
from issuance.requests.models import TimelineEntry
from issuance.requests.movements import Movements
from issuance.requests.numbers import parse_request_number
from issuance.requests.opening import Opening, Wish
from signing.formats.canonical_json import JsonValue

CREATE = require(Permission.REQUESTS_CREATE_OWN, Permission.REQUESTS_CREATE_ASSISTED)
READ = require(Permission.REQUESTS_READ_OWN, Permission.REQUESTS_READ)
CANCEL = require(Permission.REQUESTS_CANCEL_OWN, Permission.REQUESTS_CANCEL)
DECIDE = require(Permission.REQUESTS_DECIDE)
RESUME = require(Permission.REQUESTS_ASSIGN)
ANSWER = require(Permission.RECORDS_ANSWER)
LISTING = "requests"

ReaderDep = Annotated[Actor, Depends(READ)]
CreatorDep = Annotated[Actor, Depends(CREATE)]
CreateCall = Annotated[Call, Depends(idempotent(CREATE))]
CancelCall = Annotated[Call, Depends(idempotent(CANCEL))]
DecideCall = Annotated[Call, Depends(idempotent(DECIDE))]
ResumeCall = Annotated[Call, Depends(idempotent(RESUME))]
AnswerDep = Annotated[Actor, Depends(ANSWER)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    BeforeValidator(without_direction_marks),
]


class TextBody(_Body):
    """The same words in Arabic and in English; they will stand on a page."""

    ar: Words
    en: Words | None = None


class NewRequest(_Body):
    """What is asked for."""

    service: str = Field(max_length=64, examples=["birth"])
    channel: Channel
    delivery: Delivery
    applicant: str = Field(max_length=64, examples=["99343456858"])
    subject: str = Field(max_length=64, examples=["99343456858"])
    event_registration: str | None = Field(default=None, max_length=32)
    purpose: TextBody | None = None
    contact: str | None = Field(default=None, max_length=32, pattern=r"^\+[0-9]{7,15}$")


class Submission(_Body):
    """Submit the draft; a clerk names the originals seen at the desk."""

    seen: list[str] = Field(default_factory=list, max_length=20)


class Decision(_Body):
    """An officer's decision; a refusal says why, in both languages."""

    approve: bool
    code: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]{1,62}$")
    reason: TextBody | None = None


class RequestShown(BaseModel):
    """Where a request stands."""

    number: str
    service: str
    service_version: int
    agency: str
    channel: Channel
    delivery: Delivery
    state: State
    applicant: str
    subject: str
    event_registration: str | None
    purpose: JsonField
    fees: JsonField
    refusal: JsonField
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime


class StepShown(BaseModel):
    """One line of the timeline."""

    at: datetime
    event: str
    state: State
    facts: JsonField


class RequestInFull(RequestShown):
    """A request with its timeline."""

    timeline: list[StepShown]
    attachments: list[str]


class RequestPage(BaseModel):
    """Some requests, and the cursor of the next ones."""

    items: list[RequestShown]
    next: str | None


class CheckPrintable(Protocol):
    """What rendering knows of the characters it can draw."""

    def __call__(self, value: JsonValue, *, field: str) -> None:
        """Pass when every string inside `value` can stand on a page."""


class RequestsHttp:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        opening: Opening,
        movements: Movements,
        cursors: Cursors,
        check_printable: CheckPrintable,
    ) -> None:
        self._engine, self._clock, self._check_printable = engine, clock, check_printable
        self._opening, self._movements, self._cursors = opening, movements, cursors

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["requests"])
        add = router.add_api_route
        add("/requests", self.open_request, methods=["POST"], status_code=201, response_model=RequestShown)
        add("/requests", self.list_requests, methods=["GET"])
        add("/requests/{number}", self.show_request, methods=["GET"])
        attachment = "/requests/{number}/attachments/{document}"
        add(attachment, self.attach, methods=["PUT"], status_code=204, openapi_extra=_ATTACHMENT_BODY)
        add("/requests/{number}/submission", self.submit, methods=["POST"], response_model=RequestShown)
        add("/requests/{number}/cancellation", self.cancel, methods=["POST"], response_model=RequestShown)
        add("/requests/{number}/decision", self.decide, methods=["POST"], response_model=RequestShown)
        add("/requests/{number}/resumption", self.resume, methods=["POST"], response_model=RequestShown)
        add("/requests/{number}/abandonment", self.abandon, methods=["POST"], response_model=RequestShown)
        add("/requests/{number}/answer", self.answer_arrived, methods=["POST"], status_code=202)
        return router

    def open_request(self, body: NewRequest, call: CreateCall) -> Response:
        """Open a draft; its number is given at once."""
        at = self._clock()
        purpose = self._printed(body.purpose, "purpose")
        wish = Wish(**{**body.model_dump(exclude={"purpose"}), "purpose": purpose})

        def effect(connection: Connection) -> Answer:
            request = self._opening.open(connection, wish, actor=call.actor, at=at)
            about = AuditObject(kind="request", id=request.number)
            trail.record(connection, call.actor, "request.open", about, at=at)
            note_look(connection, request, call.actor, at=at)
            return json_answer(201, _shown(request), location=f"/requests/{request.number}")

        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def list_requests(
        self, actor: ReaderDep, limit: PageLimit = 20, cursor: PageCursor = None, state: State | None = None
    ) -> RequestPage:
        """A citizen's own requests; for staff and systems, those of their agency."""
        listing = f"{LISTING}?state={state}"
        position = self._cursors.decode(cursor, listing=listing, actor=actor)
        own = actor.kind is ActorKind.CITIZEN
        selection = Selection(
            applicant=actor.national_number if own else None,
            agency=None if own else (actor.agency or ""),
            state=state,
            after=None if position is None else str(position[0]),
            limit=limit + 1,
        )
        with self._engine.begin() as connection:
            found = find_requests(connection, selection)
            page = self._cursors.page(
                found, limit=limit, position=lambda request: [request.number], listing=listing, actor=actor
            )
            # A list tells who asked for what about whom: each line is a look, and kin are left out.
            shown = [each for each in page.items if not is_own_kins(self._movements.registers, actor, each)]
            for request in shown:
                note_look(connection, request, actor, at=self._clock())
        return RequestPage(items=[_view(request) for request in shown], next=page.next)

    def show_request(self, number: str, actor: ReaderDep) -> RequestInFull:
        """One request with all that has happened to it."""
        with self._engine.begin() as connection:
            request = self._theirs(connection, number, actor)
            timeline = load_timeline(connection, request.number)
            attachments = [each.document for each in opening.load_attachments(connection, request.number)]
            note_look(connection, request, actor, at=self._clock())
        steps = [_step(entry, actor) for entry in timeline]
        return RequestInFull(**_view(request).model_dump(), timeline=steps, attachments=attachments)

    async def attach(self, number: str, document: str, request: Request, actor: CreatorDep) -> None:
        """Hand in one required document: a PDF, JPEG or PNG as the body of the request."""
        content = await request.body()
        name = request.headers.get("content-disposition", document)
        await run_in_threadpool(self._attach, number, document, content, name, actor)

    def _attach(self, number: str, document: str, content: bytes, name: str, actor: Actor) -> None:
        with self._engine.begin() as connection:
            stored = self._theirs(connection, number, actor)
            self._opening.attach(connection, stored, document, content, name=name, at=self._clock())

    def submit(self, number: str, body: Submission, call: CreateCall) -> Response:
        """Submit the draft: the relation is proven, the fees are fixed."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            stored = self._theirs(connection, number, call.actor)
            request = self._opening.submit(
                connection, stored.number, actor=call.actor, at=at, seen=tuple(body.seen)
            )
            if request.state is State.AWAITING_PAYMENT and not request.fees:
                self._movements.pay(connection, request.number, at=at)
            about = AuditObject(kind="request", id=request.number)
            trail.record(connection, call.actor, "request.submit", about, at=at)
            return json_answer(200, _shown(request))

        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def cancel(self, number: str, call: CancelCall) -> Response:
        """Withdraw a request that is not paid yet."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            stored = self._theirs(connection, number, call.actor)
            return json_answer(
                200, _shown(self._movements.cancel(connection, stored.number, actor=call.actor, at=at))
            )

        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def decide(self, number: str, body: Decision, call: DecideCall) -> Response:
        """An officer of the agency approves or refuses."""
        at = self._clock()
        known = parse_request_number(number)
        self._printed(body.reason, "reason")

        def effect(connection: Connection) -> Answer:
            if body.approve:
                request = self._movements.approve(connection, known, officer=call.actor, at=at)
            else:
                request = self._movements.refuse(connection, known, _reason(body), officer=call.actor, at=at)
            return json_answer(200, _shown(request))

        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def resume(self, number: str, call: ResumeCall) -> Response:
        """Let a held request go on where it stopped."""
        at = self._clock()

        def effect(connection: Connection) -> Answer:
            stored = self._theirs(connection, number, call.actor)
            return json_answer(
                200, _shown(self._movements.resume(connection, stored.number, actor=call.actor, at=at))
            )

        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def abandon(self, number: str, call: ResumeCall) -> Response:
        """Give up a held request whose cause cannot be mended: everything that was paid goes back."""
        at, known = self._clock(), parse_request_number(number)

        def effect(connection: Connection) -> Answer:
            return json_answer(
                200, _shown(self._movements.abandon(connection, known, officer=call.actor, at=at))
            )

        with self._engine.begin() as connection:
            return once(connection, call, lambda: effect(connection), at=at).response()

    def answer_arrived(self, number: str, actor: AnswerDep) -> None:
        """An agency's system says that its answer is ready to be fetched."""
        with self._engine.begin() as connection:
            stored = visible_request(connection, parse_request_number(number), actor)
            self._movements.answer_arrived(connection, stored.number, actor=actor, at=self._clock())

    def _theirs(self, connection: Connection, number: str, actor: Actor) -> StoredRequest:
        """The request, if this caller may see it and it is not about their own kin."""
        request = visible_request(connection, parse_request_number(number), actor)
        keep_from_kin(self._movements.registers, actor, request)
        return request

    def _printed(self, words: TextBody | None, field: str) -> JsonValue:
        """Words that a page of ours can carry: better refused now than found when all is paid."""
        value = None if words is None else words.model_dump(exclude_none=True)
        self._check_printable(value, field=field)
        return value


_ATTACHMENT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/pdf", "image/jpeg", "image/png")
        },
    }
}


def _view(request: StoredRequest) -> RequestShown:
    return RequestShown(**{name: getattr(request, name) for name in RequestShown.model_fields})


def _shown(request: StoredRequest) -> JsonValue:
    return cast("JsonValue", _view(request).model_dump(mode="json"))


# What broke inside the service is for those who can mend it; the applicant need do nothing.
_SET_ASIDE: JsonField = {
    "ar": "وُضع طلبك جانباً ليفحصه موظفو الخدمة. لا يُطلب منك شيء، وسيُستأنف من حيث توقف.",
    "en": "Your request was set aside for the staff of the service to look at. You need do nothing; "
    "it will go on from where it stopped.",
}


def _step(entry: TimelineEntry, actor: Actor) -> StepShown:
    is_ours = entry.event is Event.HOLD and actor.kind is ActorKind.CITIZEN
    return StepShown(
        at=entry.at,
        event=entry.event.value,
        state=entry.target,
        facts=_SET_ASIDE if is_ours else cast("JsonField", entry.facts),
    )


def _reason(body: Decision) -> Reason:
    if body.reason is None or body.reason.en is None or body.code is None:
        raise ReasonMissing
    return Reason(code=body.code, text=Text(ar=body.reason.ar, en=body.reason.en))
