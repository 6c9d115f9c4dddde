"""A small world around requests: registers that say what they are told, a till that only takes notes."""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.models import Channel, Delivery, DocumentKind, RefundOccasion, Relation, Text
from issuance.documents.files import FileStore
from issuance.documents.history import MadeFile
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.citizens import enrol_citizen
from issuance.money import Currency, Money
from issuance.registries.answers import Answer, Question, Record
from issuance.registries.connector import Connector
from issuance.registries.kinship import RelationProof
from issuance.requests.book import load_request, load_timeline
from issuance.requests.lifecycle import State
from issuance.requests.models import Request, TimelineEntry
from issuance.requests.movements import Movements
from issuance.requests.opening import Opening, Wish
from signing.formats.pades_level import Level

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OMAR, SALMA, KARIM, STRANGER = "99010000001", "99010000002", "99010000003", "99010000009"
PDF, PNG, JPEG = b"%PDF-1.7 ...", b"\x89PNG\r\n\x1a\n...", b"\xff\xd8\xff..."
PHONE = "+963944000000"
AGENCY, OFFICE = "civil-registry", "damascus-1"


def citizen(national_number: str) -> Actor:
    return Actor(
        kind=ActorKind.CITIZEN,
        id=f"citizen-{national_number}",
        permissions=frozenset(),
        national_number=national_number,
    )


def staff(name: str, *, national_number: str | None = None, agency: str = AGENCY) -> Actor:
    return Actor(
        kind=ActorKind.STAFF,
        id=name,
        permissions=frozenset(),
        agency=agency,
        office=OFFICE,
        national_number=national_number,
    )


MADE = MadeFile(
    sha256="0" * 64,
    size=8,
    level=Level.B_LT,
    judgeable_until=datetime(2031, 11, 22, tzinfo=UTC),
    algorithms=frozenset({"sha256", "ecdsa-p256"}),
)
"""What a press that seals nothing says of what it made."""


@dataclass
class Register:
    """One registry; it answers what it was told to, and counts the questions."""

    registry: str
    answer: Answer
    asked: list[tuple[DocumentKind, str, str | None]] = field(default_factory=list)

    def lookup(self, service: DocumentKind, subject: str, *, event: str | None = None) -> Answer:
        self.asked.append((service, subject, event))
        return self.answer


@dataclass
class SlowRegister(Register):
    """One that answers later."""

    collected: list[Question] = field(default_factory=list)

    def collect(self, question: Question) -> Answer:
        self.collected.append(question)
        return self.answer


@dataclass
class Registers:
    """Everybody is their own self; other relations are those that were told."""

    relations: dict[tuple[str, str], Relation] = field(default_factory=dict)
    close_kin: set[tuple[str, str]] = field(default_factory=set)
    registers: dict[str, Register] = field(default_factory=dict)

    def connector(self, registry: str) -> Connector:
        return self.registers.setdefault(registry, Register(registry, record()))

    def prove_relation(
        self, applicant: str, subject: str, *, accepted: Collection[Relation]
    ) -> RelationProof | None:
        relation = Relation.SELF if applicant == subject else self.relations.get((applicant, subject))
        if relation not in accepted:
            return None
        return RelationProof(
            relation=relation, applicant=applicant, subject=subject, registry=AGENCY, facts=()
        )

    def is_close_kin(self, one: str, other: str) -> bool:
        return one == other or (one, other) in self.close_kin

    def full_name(self, national_number: str) -> Text | None:
        return Text(ar=f"فلان {national_number}", en=f"Person {national_number}")

    def office_name(self, national_number: str) -> Text | None:
        del national_number
        return Text(ar="دمشق", en="Damascus")


@dataclass
class Till:
    """What requests ask of money."""

    decided: list[tuple[str, str, str]] = field(default_factory=list)  # request, occasion, reason

    def is_settled(self, connection: Connection, request: Request) -> bool:
        del connection, request
        return True

    def refundable(self, connection: Connection, request: Request) -> Money:
        del connection, request
        return Money(minor=2500, currency=Currency.SYP)

    def decide_refund(
        self, connection: Connection, request: Request, occasion: RefundOccasion, *, reason: str
    ) -> None:
        assert connection.in_transaction()
        self.decided.append((request.number, occasion.value, reason))

    def send_refund(self, request_number: str) -> None:
        raise AssertionError(f"{request_number}: not from inside a transaction")


def record() -> Record:
    return Record(kind=DocumentKind.BIRTH, data={}, registry=AGENCY, reference="births/1", as_of=NOON)


class World:
    """Requests, and the hands to move them with; each call is a transaction of its own."""

    def __init__(self, *, engine: Engine, catalogue: Catalogue, folder: Path) -> None:
        self.engine, self.catalogue, self.now = engine, catalogue, NOON
        self.registers, self.till = Registers(), Till()
        self.attachments = FileStore(folder / "attachments")
        self.called: list[tuple[str, State, int]] = []  # workers: number, state, attempt
        self.draw: Callable[[int], int] = secrets.randbelow
        self.opening = Opening(
            catalogue=catalogue,
            registers=self.registers,
            attachments=self.attachments,
            random_below=lambda limit: self.draw(limit),  # noqa: PLW0108  (tests change it later)
        )
        self.movements = Movements(
            registers=self.registers, treasury=self.till, call_worker=self._call_worker
        )

    def wait(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)

    def enrol(self, national_number: str, phone: str) -> None:
        with self.engine.begin() as connection:
            enrol_citizen(connection, national_number, phone, by=staff("clerk"), at=self.now)

    def wish(self, **changes: Any) -> Wish:
        asked: dict[str, Any] = {
            "service": "birth",
            "channel": Channel.SELF_SERVICE,
            "delivery": Delivery.ELECTRONIC,
            "applicant": OMAR,
            "subject": OMAR,
        }
        return Wish(**{**asked, **changes})

    def open(self, actor: Actor | None = None, **changes: Any) -> Request:
        if actor is not None and actor.kind is ActorKind.STAFF:
            changes = {"channel": Channel.DESK, **changes}
        wish = self.wish(**changes)
        with self.engine.begin() as connection:
            return self.opening.open(connection, wish, actor=actor or citizen(wish.applicant), at=self.now)

    def attach(self, request: Request, document: str = "identity", content: bytes = PDF) -> None:
        with self.engine.begin() as connection:
            self.opening.attach(
                connection, self.load(request, connection), document, content, name="scan.pdf", at=self.now
            )

    def submit(self, request: Request, actor: Actor | None = None, *, seen: Sequence[str] = ()) -> Request:
        with self.engine.begin() as connection:
            return self.opening.submit(
                connection,
                request.number,
                actor=actor or citizen(request.applicant),
                at=self.now,
                seen=seen,
            )

    def submitted(self, **changes: Any) -> Request:
        request = self.open(**changes)
        for document in self.catalogue.find(request.service).required_documents:
            self.attach(request, document.id)
        return self.submit(request)

    def move(self, name: str, request: Request, *given: Any, **more: Any) -> Any:
        """Call one of the movements in a transaction of its own."""
        with self.engine.begin() as connection:
            return getattr(self.movements, name)(connection, request.number, *given, at=self.now, **more)

    def keep_deadlines(self) -> int:
        with self.engine.begin() as connection:
            return self.movements.keep_deadlines(connection, at=self.now)

    def load(self, request: Request, connection: Connection | None = None) -> Request:
        if connection is not None:
            return load_request(connection, request.number)
        with self.engine.begin() as fresh:
            return load_request(fresh, request.number)

    def timeline(self, request: Request) -> Sequence[TimelineEntry]:
        with self.engine.begin() as connection:
            return load_timeline(connection, request.number)

    def _call_worker(self, connection: Connection, request: Request) -> None:
        assert connection.in_transaction()
        self.called.append((request.number, request.state, request.attempt))
