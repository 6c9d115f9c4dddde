"""The book of requests: reading them, opening one, moving one along.

`move` is the only way to change a request's state. It checks the table of
`lifecycle.py`, writes the row *where it still is as it was read* (its state, and how
often a worker was called), and adds the line to the timeline in the same transaction;
two movers at once cannot both succeed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, cast

from sqlalchemy import Row, Select, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from issuance.catalogue.models import Channel, Delivery
from issuance.errors import Conflict, NotFound
from issuance.requests.lifecycle import AUTOMATIC, Event, State, next_state, resumed_state
from issuance.requests.models import (
    Request,
    RequestNumber,
    TimelineEntry,
    request_events,
    requests,
)
from signing.formats.canonical_json import JsonValue

# Built once: putting a statement together takes longer than running it.
_LOAD = select(requests).where(requests.c.number == bindparam("of_number"))
_HOLD = _LOAD.with_for_update(key_share=True)
_WRITE = update(requests).where(
    requests.c.number == bindparam("of_number"),
    requests.c.state == bindparam("as_read"),
    requests.c.attempt == bindparam("attempt_as_read"),
)
_NOTE = insert(request_events).inline()


class RequestNotFound(NotFound):
    """No such request, or not one this caller may see."""

    code: ClassVar[str] = "request-not-found"
    ar: ClassVar[str] = "لا يوجد طلب بهذا الرقم، أو لا يحق لك الاطلاع عليه."
    en: ClassVar[str] = "There is no request with this number, or it is not yours to see."


class RequestMovedOn(Conflict):
    """Somebody else moved the request between reading and writing."""

    code: ClassVar[str] = "request-moved-on"
    ar: ClassVar[str] = "تغيّرت حالة الطلب أثناء العمل عليه. يُرجى تحديث الصفحة والمحاولة من جديد."
    en: ClassVar[str] = "The request changed while this was being done. Please reload and try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which requests a list shows; None means any."""

    applicant: str | None = None
    agency: str | None = None
    state: State | None = None
    after: str | None = None  # the number behind which the page starts
    limit: int = 50


def open_request(connection: Connection, request: Request) -> None:
    """Store a new request with the first line of its timeline."""
    row = {name: getattr(request, name) for name in Request.__slots__}
    connection.execute(insert(requests).values(**row))
    _note(connection, request, event=Event.OPEN, target=request.state, actor=request.created_by, facts={})


def is_taken(connection: Connection, number: RequestNumber) -> bool:
    """Whether a request has this number."""
    query = select(requests.c.number).where(requests.c.number == number)
    return connection.execute(query).one_or_none() is not None


def load_request(connection: Connection, number: str) -> Request:
    """The request with this number.

    Raises:
        RequestNotFound: there is none.
    """
    return _load(connection, _LOAD, number)


def hold_request(connection: Connection, number: str) -> Request:
    """The request with this number; until the transaction ends, nobody else moves it.

    Raises:
        RequestNotFound: there is none.
    """
    return _load(connection, _HOLD, number)


def find_requests(connection: Connection, selection: Selection) -> Sequence[Request]:
    """Requests in the order of their numbers."""
    query = select(requests).order_by(requests.c.number).limit(selection.limit)
    if selection.applicant is not None:
        query = query.where(requests.c.applicant == selection.applicant)
    if selection.agency is not None:
        query = query.where(requests.c.agency == selection.agency)
    if selection.state is not None:
        query = query.where(requests.c.state == selection.state.value)
    if selection.after is not None:
        query = query.where(requests.c.number > selection.after)
    return [_request(row) for row in connection.execute(query)]


def overdue_requests(connection: Connection, *, state: State, at: datetime) -> Sequence[Request]:
    """Requests that have waited in `state` past their due time, held; not those that somebody else holds."""
    query = select(requests).where(requests.c.state == state.value, requests.c.due_at <= at)
    return [
        _request(row) for row in connection.execute(query.with_for_update(key_share=True, skip_locked=True))
    ]


def stuck_requests(connection: Connection, *, before: datetime) -> Sequence[Request]:
    """Requests that a worker should have moved on and that have not moved since `before`; held, as above."""
    automatic = [state.value for state in AUTOMATIC]
    query = select(requests).where(requests.c.state.in_(automatic), requests.c.updated_at <= before)
    return [
        _request(row) for row in connection.execute(query.with_for_update(key_share=True, skip_locked=True))
    ]


def postpone(connection: Connection, request: Request, *, until: datetime) -> None:
    """Wait longer in the same state.

    Raises:
        RequestMovedOn: the stored request is no longer in the state that was read.
    """
    _write(connection, request, due_at=until)


def raise_attempt(connection: Connection, request: Request, *, at: datetime) -> Request:
    """Note that a worker is called again for a request that stays where it is.

    Raises:
        RequestMovedOn: the stored request is no longer in the state that was read.
    """
    _write(connection, request, attempt=request.attempt + 1, updated_at=at)
    return replace(request, attempt=request.attempt + 1, updated_at=at)


def move(
    connection: Connection,
    request: Request,
    event: Event,
    *,
    at: datetime,
    actor: str,
    facts: JsonValue = None,
    **changes: Any,  # noqa: ANN401  (columns of the row, each checked by the database)
) -> Request:
    """Move `request` by `event`, together with `changes` to its other columns.

    Raises:
        TransitionRefused: not possible in this state.
        RequestMovedOn: the stored request is no longer in the state that was read.
    """
    if event is Event.RESUME:
        target = resumed_state(request.state, request.held_from)
        changes["held_from"] = None
    else:
        target = next_state(request.state, event)
    if event is Event.HOLD:
        changes["held_from"] = request.state
    _write(connection, request, state=target.value, updated_at=at, **changes)
    _note(connection, request, event=event, target=target, actor=actor, facts=facts or {}, at=at)
    return replace(request, state=target, updated_at=at, **changes)


def load_timeline(connection: Connection, number: str) -> Sequence[TimelineEntry]:
    """All that happened to the request, oldest first."""
    rows = connection.execute(
        select(request_events).where(request_events.c.request_number == number).order_by(request_events.c.id)
    )
    return [
        TimelineEntry(
            at=row.at,
            event=Event(row.event),
            source=State(row.source),
            target=State(row.target),
            actor=row.actor,
            facts=row.facts,
        )
        for row in rows
    ]


def _load(connection: Connection, query: Select[Any], number: str) -> Request:
    row = connection.execute(query, {"of_number": number}).one_or_none()
    if row is None:
        raise RequestNotFound
    return _request(row)


def _write(connection: Connection, request: Request, **values: object) -> None:
    """Change the row where it still is as it was read."""
    as_read = {
        "of_number": request.number,
        "as_read": request.state.value,
        "attempt_as_read": request.attempt,
    }
    written = connection.execute(_WRITE, {**as_read, **values})
    if written.rowcount != 1:
        raise RequestMovedOn


def _note(
    connection: Connection,
    request: Request,
    *,
    event: Event,
    target: State,
    actor: str,
    facts: JsonValue,
    at: datetime | None = None,
) -> None:
    connection.execute(
        _NOTE,
        {
            "request_number": request.number,
            "at": at or request.created_at,
            "event": event.value,
            "source": request.state.value,
            "target": target.value,
            "actor": actor,
            "facts": facts,
        },
    )


def _request(row: Row[Any]) -> Request:
    values = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's documented accessor)
    values["state"] = State(values["state"])
    values["channel"] = Channel(values["channel"])
    values["delivery"] = Delivery(values["delivery"])
    values["held_from"] = State(values["held_from"]) if values["held_from"] else None
    values["number"] = RequestNumber(cast("str", values["number"]))
    return Request(**values)
