"""From the wish to the bill: opening a request, handing in documents, submitting it.

A draft is opened with a number at once. Submission proves from the register that
the applicant may have the document, checks what was handed in, fixes the fees, and
leaves the request waiting for payment. Submitting twice is submitting once.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.engine import Connection

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.models import Channel, Delivery, ServiceDefinition
from issuance.database import upsert
from issuance.documents.files import FileStore
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.citizens import enrolled_phone
from issuance.problems import Sentence
from issuance.registries.answers import Ambiguous
from issuance.registries.connector import DeferredConnector
from issuance.registries.national_number import parse_national_number
from issuance.requests.book import hold_request, is_taken, move, open_request
from issuance.requests.errors import (
    AttachmentRefused,
    AttachmentsMissing,
    AttachmentUnknown,
    ChannelNotOffered,
    ChannelNotYours,
    ContactNotEnrolled,
    DeliveryNotOffered,
    EventNeeded,
    NotForYou,
    NotKin,
    OwnKinsRecord,
)
from issuance.requests.lifecycle import Event, State, TransitionRefused
from issuance.requests.models import Attachment, Request, RequestNumber, request_attachments
from issuance.requests.numbers import make_request_number
from issuance.requests.registers import Registers
from signing.formats.canonical_json import JsonValue

MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
PAYMENT_WITHIN = timedelta(days=7)
DRAFT_KEPT = timedelta(days=30)
# What a file begins with decides what it is; the sender's word does not.
_SIGNATURES = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for, as it comes in."""

    service: str
    channel: Channel
    delivery: Delivery
    applicant: str  # national number
    subject: str  # national number
    event_registration: str | None = None
    purpose: JsonValue = None
    contact: str | None = None


class Opening:
    """Opens and submits requests.

    Args:
        catalogue: the services on offer.
        registers: proves relations and finds ambiguous events.
        attachments: where handed-in files lie.
        random_below: source of request numbers.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        registers: Registers,
        attachments: FileStore,
        random_below: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._catalogue, self._registers = catalogue, registers
        self._attachments, self._random_below = attachments, random_below

    def open(self, connection: Connection, wish: Wish, *, actor: Actor, at: datetime) -> Request:
        """A new draft.

        Raises:
            UnknownService, ChannelNotOffered, DeliveryNotOffered, InvalidNationalNumber: the wish cannot be.
            NotForYou, OwnKinsRecord, ChannelNotYours, ContactNotEnrolled: not by this actor.
        """
        service = self._catalogue.find(wish.service)
        wish = replace(
            wish,
            applicant=parse_national_number(wish.applicant),
            subject=parse_national_number(wish.subject),
        )
        _check_offer(service, wish)
        self._check_actor(actor, wish)
        _check_channel(actor, wish.channel)
        request = Request(
            number=self._free_number(connection, at),
            service=service.id,
            service_version=service.version,
            agency=service.agency,
            channel=wish.channel,
            delivery=wish.delivery,
            state=State.DRAFT,
            held_from=None,
            attempt=0,
            applicant=wish.applicant,
            subject=wish.subject,
            event_registration=wish.event_registration,
            purpose=wish.purpose,
            contact=_contact(connection, wish, actor),
            desk_office=actor.office,
            created_by=actor.id,
            relation=None,
            fees=[],
            question=None,
            record=None,
            record_as_of=None,
            refusal=None,
            due_at=at + DRAFT_KEPT,
            created_at=at,
            updated_at=at,
        )
        open_request(connection, request)
        return request

    def attach(
        self,
        connection: Connection,
        request: Request,
        document: str,
        content: bytes,
        *,
        name: str,
        at: datetime,
    ) -> Attachment:
        """Hand in one required document; handing it in again replaces it.

        Raises:
            TransitionRefused: submitted already; what is decided on is what was submitted.
            AttachmentUnknown, AttachmentRefused: not asked for, or not acceptable.
        """
        state = hold_request(connection, request.number).state
        if state is not State.DRAFT:
            raise TransitionRefused(state=state.value, event="attach")
        service = self._catalogue.find(request.service, request.service_version)
        if document not in {required.id for required in service.required_documents}:
            raise AttachmentUnknown(document=document)
        attachment = Attachment(
            document=document,
            media_type=_media_type(content),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            file_name=name[:200],
            added_at=at,
        )
        self._attachments.write(f"{attachment.sha256}", content)
        values = {field: getattr(attachment, field) for field in Attachment.__slots__}
        statement = upsert(connection, request_attachments).values(request_number=request.number, **values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["request_number", "document"], set_=values)
        )
        return attachment

    def submit(
        self,
        connection: Connection,
        number: str,
        *,
        actor: Actor,
        at: datetime,
        seen: Sequence[str] = (),
    ) -> Request:
        """Submit a draft; a request already submitted is returned as it stands.

        Args:
            connection: the transaction.
            number: of the request.
            actor: who submits.
            at: when.
            seen: required documents whose originals a clerk saw at the desk; from others it has no meaning.

        Raises:
            NotForYou, OwnKinsRecord: not by this actor.
            NotKin: the register does not prove the relation.
            AttachmentsMissing, AttachmentUnknown: one is neither handed in nor seen, or is not asked for.
            EventNeeded: several events fit.
        """
        request = hold_request(connection, number)
        if request.state is not State.DRAFT:
            return request
        self._check_actor(actor, request)
        seen = seen if actor.kind is ActorKind.STAFF else ()
        service = self._catalogue.find(request.service, request.service_version)
        proof = self._registers.prove_relation(request.applicant, request.subject, accepted=service.who)
        if proof is None:
            raise NotKin
        self._check_attachments(connection, request, service, seen)
        self._check_event(request, service)
        return move(
            connection,
            request,
            Event.SUBMIT,
            at=at,
            actor=actor.id,
            facts={"relation": proof.relation.value, "seen": list(seen)},
            relation=proof.to_json(),
            fees=fees_owed(service, request.channel, request.delivery),
            due_at=at + PAYMENT_WITHIN,
        )

    def _free_number(self, connection: Connection, at: datetime) -> RequestNumber:
        while is_taken(connection, number := make_request_number(at, self._random_below)):
            pass
        return number

    def _check_actor(self, actor: Actor, asked: Wish | Request) -> None:
        if actor.kind is ActorKind.CITIZEN and actor.national_number != asked.applicant:
            raise NotForYou
        if actor.kind is ActorKind.STAFF and actor.national_number is not None:
            for person in (asked.applicant, asked.subject):
                if self._registers.is_close_kin(actor.national_number, person):
                    raise OwnKinsRecord

    def _check_attachments(
        self, connection: Connection, request: Request, service: ServiceDefinition, seen: Sequence[str]
    ) -> None:
        for document in set(seen) - {required.id for required in service.required_documents}:
            raise AttachmentUnknown(document=document)
        present = {attachment.document for attachment in load_attachments(connection, request.number)}
        missing = [
            required.title
            for required in service.required_documents
            if required.when is None and required.id not in present | set(seen)
        ]
        if missing:
            ar, en = "، ".join(title.ar for title in missing), ", ".join(title.en for title in missing)
            raise AttachmentsMissing(documents=Sentence(ar=ar, en=en))

    def _check_event(self, request: Request, service: ServiceDefinition) -> None:
        connector = self._registers.connector(service.registry)
        if isinstance(connector, DeferredConnector):
            return  # asking sets an agency to work, and nobody has paid yet
        answer = connector.lookup(service.kind, request.subject, event=request.event_registration)
        if isinstance(answer, Ambiguous):
            raise EventNeeded(answer.candidates)


def load_attachments(connection: Connection, number: str) -> Sequence[Attachment]:
    """What has been handed in for a request."""
    columns = [request_attachments.c[field] for field in Attachment.__slots__]
    rows = connection.execute(select(*columns).where(request_attachments.c.request_number == number))
    return [Attachment(**row._mapping) for row in rows]  # noqa: SLF001  (SQLAlchemy's documented accessor)


def fees_owed(service: ServiceDefinition, channel: Channel, delivery: Delivery) -> JsonValue:
    """The fee components as they are kept with the request, so that later editions change nothing."""
    return [
        {
            "component": fee.component,
            "title": {"ar": fee.title.ar, "en": fee.title.en},
            "beneficiary": fee.beneficiary,
            "minor": fee.amount.minor,
            "currency": fee.amount.currency.value,
            "refundable_on": [*sorted(occasion.value for occasion in fee.refundable_on)],
        }
        for fee in service.fees_for(channel, delivery)
    ]


def _check_offer(service: ServiceDefinition, wish: Wish) -> None:
    if wish.channel not in service.channels:
        raise ChannelNotOffered(channel=wish.channel.value)
    if wish.delivery not in service.deliveries:
        raise DeliveryNotOffered(delivery=wish.delivery.value)


def _check_channel(actor: Actor, channel: Channel) -> None:
    foreign = {ActorKind.CITIZEN: Channel.DESK, ActorKind.STAFF: Channel.SELF_SERVICE}
    if foreign.get(actor.kind) is channel:
        raise ChannelNotYours


def _contact(connection: Connection, wish: Wish, actor: Actor) -> str | None:
    """Where the applicant is told: what leads to the document goes to nobody but them."""
    if actor.kind is not ActorKind.CITIZEN:
        return wish.contact
    enrolled = enrolled_phone(connection, wish.applicant)
    if wish.contact not in {None, enrolled}:
        raise ContactNotEnrolled
    return enrolled


def _media_type(content: bytes) -> str:
    for signature, media_type in _SIGNATURES.items():
        if content.startswith(signature) and len(content) <= MAX_ATTACHMENT_BYTES:
            return media_type
    raise AttachmentRefused(megabytes=MAX_ATTACHMENT_BYTES // (1024 * 1024))
