"""What the automatic stages work with: handed in by the composition root."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.models import RefundOccasion
from issuance.clock import Clock
from issuance.documents.files import FileStore
from issuance.documents.models import Document
from issuance.documents.press import Press
from issuance.documents.status_lists import StatusPublisher
from issuance.money import Money
from issuance.requests.models import Request
from issuance.requests.registers import Registers
from signing.formats.canonical_json import JsonValue


class Treasury(Protocol):
    """What fulfilment must know of money."""

    def is_settled(self, connection: Connection, request: Request) -> bool:
        """Whether every fee of the request is paid, or none was owed."""

    def refundable(self, connection: Connection, request: Request) -> Money:
        """What a refusal gives back."""

    def decide_refund(
        self, connection: Connection, request: Request, occasion: RefundOccasion, *, reason: str
    ) -> None:
        """Book that what this occasion gives back is given back; deciding twice is deciding once."""

    def send_refund(self, request_number: str) -> None:
        """Ask the provider to pay it out; outside any transaction, repeatable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """How a document reaches its holder, and what the applicant is told of it."""

    facts: JsonValue  # for the timeline
    contact: str | None = None  # None: nobody is told
    message: str = ""


class Courier(Protocol):
    """Brings a released document to its holder."""

    def prepare(
        self, connection: Connection, request: Request, document: Document, *, at: datetime
    ) -> Handover:
        """Make the way; nobody is told yet."""

    def tell(self, handover: Handover, *, at: datetime) -> None:
        """Tell the applicant; outside any transaction, repeatable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the stages work with; composed in `issuance/app.py`."""

    engine: Engine
    clock: Clock
    catalogue: Catalogue
    registers: Registers
    press: Press
    files: FileStore
    statuses: StatusPublisher
    treasury: Treasury
    courier: Courier
    verify_origin: str
