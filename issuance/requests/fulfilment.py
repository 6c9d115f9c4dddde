"""The automatic stages of a request: one for each automatic state, each repeatable.

A stage reads the request, does its work and moves the request on in one transaction.
Work that takes long or reaches outside (asking a register, pressing a document) is
done before that transaction and writes nothing that a repetition would not replace.
So a worker may die anywhere: the stage is simply run again.

    fetching-record   ask the registry
    deciding          automatic, or an officer's
    approved          number, record and claims fixed before any key is used
    intended          rendered, sealed, checked, stored
    sealed            released: only what is paid for, and its status becomes valid
    released          published and delivered
    refusing …        the same way for the notice of refusal, with which the refund is booked and sent
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import assert_never, cast

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from issuance.audit.trail import AuditObject, record
from issuance.catalogue.embedded_json import validate_embedded_json
from issuance.catalogue.models import Decision, DocumentKind, RefundOccasion, Text
from issuance.database import reading
from issuance.documents.book import (
    DocumentMovedOn,
    documents_of_request,
    record_released,
    record_sealed,
    renew_intent,
    reserve,
    save_intent,
)
from issuance.documents.embedding import DocumentHead, civil_date, embed
from issuance.documents.history import add_file
from issuance.documents.models import Document
from issuance.identity.actors import system_actor
from issuance.problems import Sentence
from issuance.registries.answers import Ambiguous, Contradicted, Incomplete, NotFound, Pending, Reason, Record
from issuance.registries.connector import DeferredConnector
from issuance.requests.book import RequestMovedOn, load_request, move
from issuance.requests.errors import NoIntent, NotPaidFor
from issuance.requests.lifecycle import Event, State
from issuance.requests.models import Request
from issuance.requests.parts import Parts
from issuance.requests.questions import question_from_json, question_to_json
from issuance.requests.refusals import ambiguous_reason, reason_to_json, refusal_record
from signing.formats.canonical_json import JsonValue, encode_canonical_json

WORKER = system_actor("worker")
DECIDE_WITHIN = timedelta(days=3)
ASK_AGAIN_AFTER = timedelta(hours=1)
NOTICE_VALID = timedelta(days=90)
CENTRAL_OFFICE = Text(ar="المركز الإلكتروني لخدمة المواطن", en="Electronic Citizen Service Centre")


class Fulfilment:
    """Moves requests through their automatic states."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stages: Mapping[State, Callable[[Request], State]] = {
            State.FETCHING_RECORD: self._fetch_record,
            State.DECIDING: self._decide,
            State.APPROVED: self._intend_document,
            State.INTENDED: self._seal,
            State.SEALED: self._release,
            State.RELEASED: self._deliver,
            State.REFUSING: self._intend_notice,
            State.NOTICE_INTENDED: self._seal,
            State.NOTICE_SEALED: self._release_notice,
            State.NOTICE_RELEASED: self._close_refusal,
        }

    def run(self, number: str, expected: State) -> State:
        """Run the stage of `expected` and say where the request stands then.

        A request that has already left that state is not touched. Of two workers that ran a
        stage at once, the slower one finds its work done.
        """
        request = self._load(number)
        if request.state is not expected:
            return request.state
        try:
            return self._stages[expected](request)
        except (RequestMovedOn, DocumentMovedOn, IntegrityError):
            now = self._load(number)
            if (now.state, now.attempt) == (request.state, request.attempt):
                raise
            return now.state

    def hold(self, number: str, expected: State, *, code: str, words: Sentence | None = None) -> State:
        """Something is broken that repeating does not mend: set the request aside for an operator.

        Only where it still is in the state whose stage failed. Code and words become part of
        the timeline, for the officer who will ask what happened.
        """
        facts: dict[str, JsonValue] = {"code": code}
        if words is not None:
            facts |= {"ar": words.ar, "en": words.en}
        with self._parts.engine.begin() as connection:
            request = load_request(connection, number)
            if request.state is not expected:
                return request.state
            return self._move(connection, request, Event.HOLD, facts=facts).state

    def _load(self, number: str) -> Request:
        with reading(self._parts.engine) as connection:
            return load_request(connection, number)

    def _fetch_record(self, request: Request) -> State:
        service = self._parts.catalogue.find(request.service, request.service_version)
        connector = self._parts.registers.connector(service.registry)
        if request.question is not None:
            question = question_from_json(request.question)
            answer = cast("DeferredConnector", connector).collect(question)
        else:
            answer = connector.lookup(service.kind, request.subject, event=request.event_registration)
        with self._parts.engine.begin() as connection:
            match answer:
                case Record():
                    moved = self._move(
                        connection,
                        request,
                        Event.RECORD_FOUND,
                        facts={"reference": answer.reference},
                        record=answer.data,
                        record_as_of=answer.as_of,
                        due_at=None,
                    )
                case NotFound() | Incomplete() | Contradicted():
                    moved = self.refuse(connection, request, answer.reason)
                case Ambiguous():
                    moved = self.refuse(connection, request, ambiguous_reason())
                case Pending():
                    moved = self._move(
                        connection,
                        request,
                        Event.RECORD_PENDING,
                        facts={"message": answer.question.message_id},
                        question=question_to_json(answer.question),
                        due_at=max(answer.expected_by, self._parts.clock() + ASK_AGAIN_AFTER),
                    )
                case _:
                    assert_never(answer)
        return moved.state

    def _decide(self, request: Request) -> State:
        service = self._parts.catalogue.find(request.service, request.service_version)
        with self._parts.engine.begin() as connection:
            if service.decision is Decision.AUTOMATIC:
                return self._move(connection, request, Event.APPROVE).state
            due = self._parts.clock() + DECIDE_WITHIN
            return self._move(connection, request, Event.ASK_OFFICER, due_at=due).state

    def refuse(self, connection: Connection, request: Request, reason: Reason) -> Request:
        """Refuse with a reason that the notice will carry."""
        return self._move(
            connection,
            request,
            Event.REFUSE,
            facts={"reason": reason.code},
            refusal=reason_to_json(reason),
            due_at=None,
        )

    def _intend_document(self, request: Request) -> State:
        service = self._parts.catalogue.find(request.service, request.service_version)
        content = cast("dict[str, JsonValue]", request.record)
        validity = timedelta(days=service.validity_days)
        return self._intend(request, service.kind, content, validity)

    def _intend_notice(self, request: Request) -> State:
        service = self._parts.catalogue.find(request.service, request.service_version)
        with reading(self._parts.engine) as connection:
            refund = self._parts.treasury.refundable(connection, request)
        content = refusal_record(request, service, self._parts.registers, refund=refund)
        return self._intend(request, DocumentKind.REFUSAL_NOTICE, content, NOTICE_VALID)

    def _intend(
        self, request: Request, kind: DocumentKind, content: dict[str, JsonValue], validity: timedelta
    ) -> State:
        # Whole seconds: so a page, a seal code and a PDF date the same instant alike.
        parts, at = self._parts, self._parts.clock().replace(microsecond=0)
        office = parts.registers.office_name(request.subject) if kind != DocumentKind.NON_EMPLOYMENT else None
        template_digest = parts.press.template_digest()
        valid_until = civil_date(at + validity)
        with parts.engine.begin() as connection:
            reservation = reserve(connection, at=at)
            head = DocumentHead(
                number=reservation.number,
                kind=kind,
                issued_on=civil_date(at),
                valid_until=valid_until,
                agency=request.agency,
                service=request.service,
                service_version=request.service_version,
                office=office or CENTRAL_OFFICE,
                request_number=request.number,
                purpose=request.purpose,
                template_digest=template_digest,
                check_code=reservation.check_code,
            )
            embedded = embed(head, content, verify_origin=parts.verify_origin)
            validate_embedded_json(embedded)
            save_intent(
                connection,
                reservation,
                kind=kind,
                agency=request.agency,
                request_number=request.number,
                record=encode_canonical_json(embedded),
                template_digest=template_digest,
                valid_until=valid_until,
                at=at,
            )
            return self._move(connection, request, Event.INTEND, facts={"document": reservation.number}).state

    def _seal(self, request: Request) -> State:
        parts = self._parts
        document = self._renewed(self._document(request))
        at = parts.clock()
        service = parts.catalogue.find(request.service, request.service_version)
        sealed = parts.press.press(document, at=at, level=service.seal_level)
        # Placed only where the row takes its digest: of two workers, the slower one leaves no trace.
        with (
            parts.files.draft(f"{document.number}.pdf", sealed.pdf) as draft,
            parts.engine.begin() as connection,
        ):
            record_sealed(
                connection,
                document,
                seal_text=sealed.seal_text,
                sha256=sealed.made.sha256,
                size=sealed.made.size,
                timings=sealed.timings,
                at=at,
            )
            add_file(connection, document.number, sealed.made, renews=None, at=at)
            moved = self._move(connection, request, Event.SEAL, facts={"sha256": sealed.made.sha256})
            draft.place()
            return moved.state

    def _renewed(self, document: Document) -> Document:
        """The intent, naming the templates of today: one that was held waited for them to be mended."""
        digest = self._parts.press.template_digest()
        if digest == document.template_digest:
            return document
        embedded: dict[str, dict[str, JsonValue]] = json.loads(document.record)
        embedded["document"] |= {"template": digest, "check_code": document.check_code}
        with self._parts.engine.begin() as connection:
            return renew_intent(
                connection,
                document,
                record=encode_canonical_json(cast("JsonValue", embedded)),
                template_digest=digest,
            )

    def _release(self, request: Request) -> State:
        document = self._document(request)
        with self._parts.engine.begin() as connection:
            if not self._parts.treasury.is_settled(connection, request):
                raise NotPaidFor(request=request.number)
            return self._release_document(connection, request, document)

    def _deliver(self, request: Request) -> State:
        self._parts.statuses.publish()
        facts = self._hand_over(request)
        with self._parts.engine.begin() as connection:
            return self._move(connection, request, Event.DELIVER, facts=facts).state

    def _release_notice(self, request: Request) -> State:
        document = self._document(request)
        reason = cast("dict[str, str]", request.refusal)["code"]
        with self._parts.engine.begin() as connection:
            self._parts.treasury.decide_refund(connection, request, RefundOccasion.REFUSAL, reason=reason)
            return self._release_document(connection, request, document)

    def _close_refusal(self, request: Request) -> State:
        self._parts.statuses.publish()
        self._parts.treasury.send_refund(request.number)
        facts = self._hand_over(request)
        with self._parts.engine.begin() as connection:
            return self._move(connection, request, Event.CLOSE_REFUSAL, facts=facts).state

    def _hand_over(self, request: Request) -> JsonValue:
        document, at = self._document(request), self._parts.clock()
        with self._parts.engine.begin() as connection:
            handover = self._parts.courier.prepare(connection, request, document, at=at)
        self._parts.courier.tell(handover, at=at)
        return handover.facts

    def _release_document(self, connection: Connection, request: Request, document: Document) -> State:
        at = self._parts.clock()
        record_released(connection, document, at=at)
        moved = self._move(connection, request, Event.RELEASE)
        about = AuditObject(kind="document", id=document.number)
        record(connection, WORKER, "document.release", about, at=at)
        return moved.state

    def _document(self, request: Request) -> Document:
        """The document the request is about at this moment: its notice once it is refused."""
        refused = request.refusal is not None
        with reading(self._parts.engine) as connection:
            for document in documents_of_request(connection, request.number):
                if (document.kind == DocumentKind.REFUSAL_NOTICE) is refused:
                    return document
        raise NoIntent(request=request.number)

    def _move(
        self,
        connection: Connection,
        request: Request,
        event: Event,
        *,
        facts: JsonValue = None,
        **changes: object,
    ) -> Request:
        at = self._parts.clock()
        moved = move(connection, request, event, at=at, actor=WORKER.id, facts=facts, **changes)
        record(
            connection,
            WORKER,
            f"request.{event}",
            AuditObject(kind="request", id=request.number),
            at=at,
            facts={"state": moved.state.value},
        )
        return moved
