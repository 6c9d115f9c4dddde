"""What must hold after every breakdown, however the service died: to be used by any test of the whole.

no document number used twice
no released document without a paid fee (or none owed)
no kept fee without a document or a standing refusal that keeps it
the ledger sums to zero and agrees with the payments
no half-written file, and each file is the one its row speaks of
exactly one released document of a request
a timeline that the table of transitions allows
a published status that is the book's
a message only of what happened
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import Connection

from issuance.app import Service
from issuance.audit.trail import verify_chain
from issuance.database import reading
from issuance.delivery.links import delivery_links
from issuance.documents.book import documents_of_request
from issuance.documents.models import Document, DocumentState, document_sequences, documents
from issuance.ledger.balances import trial_balance
from issuance.payments import store
from issuance.payments.discrepancies import find_discrepancies
from issuance.payments.models import Payment, PaymentState, RefundState
from issuance.payments.treasury import fees_of
from issuance.requests.book import load_request, load_timeline
from issuance.requests.lifecycle import TRANSITIONS, Event, State, next_state
from issuance.requests.models import Request, TimelineEntry
from issuance.settings import Layout
from signing.formats.document_number import make_document_number
from signing.formats.status_list import Status, parse_status_list

_ALLOWED = {(step.source, step.event, step.target) for step in TRANSITIONS}
_STATUS = {
    DocumentState.INTENDED: Status.NOT_ISSUED,
    DocumentState.SEALED: Status.NOT_ISSUED,
    DocumentState.RELEASED: Status.VALID,
    DocumentState.SUSPENDED: Status.SUSPENDED,
    DocumentState.REVOKED: Status.REVOKED,
    DocumentState.SUPERSEDED: Status.SUPERSEDED,
}
_LINK = re.compile(r"/d/([A-Za-z0-9_-]+)")


def check_books(service: Service) -> None:
    """What must hold of everything together, at any instant between two writes."""
    with reading(service.parts.engine) as connection:
        assert find_discrepancies(connection) == ()
        assert sum(line.balance.minor for line in trial_balance(connection)) == 0
        verify_chain(connection)
        _check_numbers(connection)
    _check_files(service)


def check_request(service: Service, number: str) -> Request:
    """What must hold of one request, at any instant between two writes."""
    with reading(service.parts.engine) as connection:
        request = load_request(connection, number)
        led_to = documents_of_request(connection, number)
        payments = store.payments_of(connection, number)
        _check_timeline(connection, request)
    assert len({document.kind for document in led_to}) == len(led_to)
    released = [document for document in led_to if document.released_at is not None]
    assert len(released) <= 1, f"{number}: {len(released)} documents"
    paid = [payment for payment in payments if payment.state is PaymentState.PAID]
    assert len(paid) <= 1
    assert not released or paid or not request.fees, f"{number}: a document without a fee"
    for document in released:
        _check_file(service, document)
    return request


def check_end(service: Service, number: str) -> None:
    """What must hold of a request that came to its end, once housekeeping made a round."""
    request = check_request(service, number)
    with reading(service.parts.engine) as connection:
        led_to = documents_of_request(connection, number)
        payments = store.payments_of(connection, number)
        _check_money(connection, request, led_to, payments)
    for document in led_to:
        assert _published(service, document) is _STATUS[document.state], document.number
    match request.state:
        case State.DELIVERED:
            (document,) = led_to
            assert (document.state, document.kind) == (DocumentState.RELEASED, request.service)
        case State.REFUSED:
            (document,) = led_to
            assert (document.state, document.kind) == (DocumentState.RELEASED, "refusal-notice")
        case State.CANCELLED | State.EXPIRED:
            assert not led_to
        case _:
            raise AssertionError(f"{number}: {request.state} is no end")
    if led_to and request.contact is not None and request.delivery == "electronic":
        _check_messages(service, request, led_to[0])


def _check_timeline(connection: Connection, request: Request) -> None:
    timeline = load_timeline(connection, request.number)
    state, held_from = State.DRAFT, None
    for line in timeline:
        assert line.source is state, f"{request.number}: {line}"
        if line.event is Event.HOLD:
            held_from = line.source
        if line.event is Event.RESUME:
            assert (line.source, line.target) == (State.HELD, held_from)
        elif line.event is not Event.OPEN:
            assert (line.source, line.event, line.target) in _ALLOWED, f"{request.number}: {line}"
            assert next_state(line.source, line.event) is line.target
        state = line.target
    assert state is request.state
    assert [line.event for line in timeline].count(Event.OPEN) == 1
    assert [line.at for line in timeline] == sorted(line.at for line in timeline)


def _check_money(
    connection: Connection, request: Request, led_to: Sequence[Document], payments: Sequence[Payment]
) -> None:
    """No kept fee without a document or a standing refusal that keeps it."""
    owed = sum(fee.amount.minor for fee in fees_of(request))
    for payment in payments:
        refunds = store.refunds_of(connection, payment.id)
        assert len(refunds) <= 1
        if payment.state is not PaymentState.PAID:
            assert not refunds
            continue
        assert payment.amount.minor == owed
        given_back = sum(refund.amount.minor for refund in refunds)
        assert all(refund.state is RefundState.REFUNDED for refund in refunds)
        match request.state:
            case State.DELIVERED:
                assert given_back == 0
            case State.REFUSED:
                promised = json.loads(led_to[0].record)["record"]["refund"]["minor"]
                assert given_back == promised > 0
            case _:
                assert given_back == owed


def _check_numbers(connection: Connection) -> None:
    last = {row.year: row.last for row in connection.execute(select(document_sequences))}
    numbers = list(connection.scalars(select(documents.c.number)))
    made = {make_document_number(year, count) for year, most in last.items() for count in range(1, most + 1)}
    assert set(numbers) == made, "a number without a document, or one that was not counted"
    indices = Counter(
        (row.status_list, row.status_index)
        for row in connection.execute(select(documents.c.status_list, documents.c.status_index))
    )
    assert max(indices.values(), default=1) == 1


def _check_files(service: Service) -> None:
    with reading(service.parts.engine) as connection:
        known = set(connection.scalars(select(documents.c.number)))
    folder = service.layout.documents
    for path in folder.rglob("*.pdf"):
        assert path.stem in known
        assert path.read_bytes().rstrip().endswith(b"%%EOF"), f"{path}: half a file"


def drafts(layout: Layout) -> list[Path]:
    """What is being written, or was when its process was killed."""
    stores = [path for folder in (layout.documents, layout.attachments) for path in folder.rglob(".drafts/*")]
    return stores + [path for path in layout.public.rglob(".*") if path.is_file()]


def _check_file(service: Service, document: Document) -> None:
    content = service.parts.files.read(f"{document.number}.pdf")
    assert (len(content), hashlib.sha256(content).hexdigest()) == (document.size, document.sha256)


def _published(service: Service, document: Document) -> Status:
    path = service.layout.public / "status" / f"{document.status_list}.cwt"
    return parse_status_list(path.read_bytes()).claims.entries.get(document.status_index)


def _check_messages(service: Service, request: Request, document: Document) -> None:
    """At least one; each with a link of its own to this document."""
    tokens = [
        found[1]
        for text in messages(service.layout, request.number)
        if (found := _LINK.search(text)) is not None
    ]
    assert tokens, f"{request.number}: nobody was told"
    with reading(service.parts.engine) as connection:
        links = {row.token_sha256: row.document_number for row in connection.execute(select(delivery_links))}
    for token in tokens:
        assert links[hashlib.sha256(token.encode()).hexdigest()] == document.number


def timeline(service: Service, number: str) -> Sequence[TimelineEntry]:
    """What happened to a request."""
    with reading(service.parts.engine) as connection:
        return load_timeline(connection, number)


def messages(layout: Layout, request_number: str) -> list[str]:
    """What was sent about a request."""
    if not layout.outbox.exists():
        return []
    lines = layout.outbox.read_text(encoding="utf-8").splitlines()
    return [text for line in lines if request_number in (text := json.loads(line)["text"])]
