"""What an operator does about a document's standing: the act, its entry in the trail, then the lists."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Connection

from issuance.app import Service
from issuance.audit import trail
from issuance.documents.book import load_document, load_released
from issuance.documents.models import Document, SuspensionReason
from issuance.documents.standing import reinstate, require_successor, revoke, supersede, suspend
from issuance.identity.actors import system_actor
from issuance.requests.access import RequestAccess
from signing.formats.status_list import RevocationReason

Act = Callable[[Connection, Document, datetime], Document]


def suspended(service: Service, number: str, reason: SuspensionReason) -> Document:
    """See `suspend`."""

    def act(connection: Connection, document: Document, at: datetime) -> Document:
        return suspend(connection, document, reason=reason, at=at)

    return _done(service, number, act, "document.suspend", {"reason": reason.value})


def released(service: Service, number: str) -> Document:
    """See `reinstate`."""

    def act(connection: Connection, document: Document, at: datetime) -> Document:
        return reinstate(connection, document, at=at)

    return _done(service, number, act, "document.release", {})


def revoked(service: Service, number: str, reason: RevocationReason) -> Document:
    """See `revoke`."""

    def act(connection: Connection, document: Document, at: datetime) -> Document:
        return revoke(connection, document, reason=reason, at=at)

    return _done(service, number, act, "document.revoke", {"reason": reason.value})


def superseded(service: Service, number: str, by: str) -> Document:
    """See `supersede`."""
    access = RequestAccess(service.registers)

    def act(connection: Connection, document: Document, at: datetime) -> Document:
        newer = load_released(connection, by)
        require_successor(
            connection, document, newer, subject_of=lambda request: access.subject(connection, request)
        )
        return supersede(connection, document, by=newer.number, at=at)

    return _done(service, number, act, "document.supersede", {"by": by})


def _done(service: Service, number: str, act: Act, action: str, facts: trail.Facts) -> Document:
    at = service.parts.clock()
    with service.parts.engine.begin() as connection:
        document = act(connection, load_document(connection, number), at)
        about = trail.AuditObject(kind="document", id=document.number)
        trail.record(connection, system_actor("operator"), action, about, at=at, facts=facts)
    service.parts.statuses.publish()
    return document
