"""What must hold at every instant, whatever was sent: checked after each test.

No money without a request, no document without payment, no document number twice, no
half-written file, no entry missing from the trail, no published status that is not so.
"""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from issuance.app import Service
from issuance.audit.trail import verify_chain
from issuance.documents.models import document_sequences, documents
from issuance.payments.discrepancies import find_discrepancies
from issuance.payments.models import payment_refunds, payments
from issuance.requests.lifecycle import AUTOMATIC, FINAL
from issuance.requests.models import requests
from signing.formats.status_list import (
    REVOKED_FOR,
    RevocationReason,
    Status,
    StatusList,
    parse_status_list,
)

_STATUS = {"released": Status.VALID, "suspended": Status.SUSPENDED, "superseded": Status.SUPERSEDED}
_PAID_AND_ON_ITS_WAY = AUTOMATIC | {"awaiting-record", "awaiting-decision", "held", "delivered"}


def assert_nothing_lost(service: Service) -> None:
    """Raise AssertionError where one of the rules is broken."""
    with service.parts.engine.connect() as connection:
        assert find_discrepancies(connection) == ()
        verify_chain(connection)
        _money_and_requests(connection)
        _documents_and_money(connection)
        _numbers(connection)
        _workers_called(connection)
        _files(connection, service.layout.documents)
        _published_statuses(connection, service.layout.public)
    for folder in (service.layout.documents, service.layout.attachments, service.layout.public):
        assert not [path for path in folder.rglob(".*") if path.is_file()], "a half-written file"


def _money_and_requests(connection: Connection) -> None:
    """No money without a request; what was paid is on its way, delivered, or given back."""
    states = {row.number: row for row in connection.execute(select(requests))}
    refunds = {row.payment_id: row for row in connection.execute(select(payment_refunds))}
    for payment in connection.execute(select(payments)):
        assert payment.request_number in states, f"{payment.id}: a payment of no request"
        if payment.state != "paid":
            continue
        request = states[payment.request_number]
        if request.state in {"cancelled", "expired", "refused"}:
            assert payment.id in refunds, f"{payment.id}: {request.state}, and nothing is given back"
        else:
            assert request.state in _PAID_AND_ON_ITS_WAY, f"{payment.id}: paid, and {request.state}"
    paid = Counter(
        row.request_number for row in connection.execute(select(payments).where(payments.c.state == "paid"))
    )
    assert not [number for number, times in paid.items() if times > 1], "a request was paid twice"


def _documents_and_money(connection: Connection) -> None:
    """No document without payment: released only where the fees are paid or none was owed."""
    released = documents.c.released_at.is_not(None)
    for document in connection.execute(select(documents).where(released)):
        request = connection.execute(
            select(requests).where(requests.c.number == document.request_number)
        ).one()
        settled = connection.execute(
            select(payments.c.id).where(
                payments.c.request_number == request.number, payments.c.state == "paid"
            )
        ).first()
        assert settled is not None or not request.fees, f"{document.number}: released and not paid"


def _numbers(connection: Connection) -> None:
    """No document number twice, and none beyond what was counted."""
    numbers = list(connection.scalars(select(documents.c.number)))
    assert len(numbers) == len(set(numbers))
    for row in connection.execute(select(document_sequences)):
        of_year = [int(number[2:11]) for number in numbers if number[:2] == f"{row.year % 100:02d}"]
        assert len(set(of_year)) == len(of_year)
        assert max(of_year, default=0) <= row.last


def _workers_called(connection: Connection) -> None:
    """Every request that a worker should move has a worker called for it."""
    called = set(connection.scalars(text("SELECT workflow_uuid FROM workflow_status")))
    for row in connection.execute(select(requests)):
        if row.state in AUTOMATIC:
            assert f"{row.number}:fulfil:{row.attempt}" in called, f"{row.number}: no worker was called"


def _files(connection: Connection, folder: Path) -> None:
    """Each sealed document has its file, whole; each file has its document."""
    rows: dict[str, Any] = {row.number: row for row in connection.execute(select(documents))}
    found = {path.stem: path for path in folder.rglob("*.pdf")}
    assert set(found) <= set(rows)
    for number, row in rows.items():
        if row.released_at is not None:
            content = found[number].read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (row.size, row.sha256)


def _published_statuses(connection: Connection, public: Path) -> None:
    """What anybody reads is what the book says, once the request has come to its end."""
    lists: dict[int, StatusList] = {}
    ended = select(requests.c.number).where(requests.c.state.in_([state.value for state in FINAL]))
    query = select(documents).where(
        documents.c.released_at.is_not(None), documents.c.request_number.in_(ended)
    )
    for row in connection.execute(query):
        if row.status_list not in lists:
            published = (public / "status" / f"{row.status_list}.cwt").read_bytes()
            lists[row.status_list] = parse_status_list(published).claims.entries
        status = lists[row.status_list].get(row.status_index)
        is_revoked = row.state == "revoked"
        expected = REVOKED_FOR[RevocationReason(row.withdrawal_reason)] if is_revoked else _STATUS[row.state]
        assert status == expected, f"{row.number}: published as {status}, and {row.state}"
