"""What people, providers and deadlines do to a request once it is submitted.

Each function moves the request in the caller's transaction and, where a worker has to
go on, calls it in that same transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from issuance.audit.trail import AuditObject, record
from issuance.catalogue.models import RefundOccasion
from issuance.identity.actors import Actor, system_actor
from issuance.registries.answers import Reason
from issuance.requests.access import keep_from_kin
from issuance.requests.book import (
    hold_request,
    move,
    overdue_requests,
    postpone,
    raise_attempt,
    stuck_requests,
)
from issuance.requests.errors import OtherAgency
from issuance.requests.lifecycle import Event, State, require_unreleased
from issuance.requests.models import Request
from issuance.requests.parts import Treasury
from issuance.requests.refusals import reason_to_json
from issuance.requests.registers import Registers
from signing.formats.canonical_json import JsonValue

CallWorker = Callable[[Connection, Request], None]

CASHIER = system_actor("cashier")
DEADLINES = system_actor("deadlines")

# Longer than a stage is tried again by its own worker (`workflow.py`: about half an hour).
STUCK_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movements:
    """Moves requests in the name of whoever acts."""

    registers: Registers
    treasury: Treasury
    call_worker: CallWorker

    def pay(self, connection: Connection, number: str, *, at: datetime) -> None:
        """The fees are paid (or none are owed): the work begins. Told twice, it begins once.

        Money that comes for a request that was cancelled or has expired goes back.
        """
        request = hold_request(connection, number)
        if request.state is State.AWAITING_PAYMENT:
            self._move_on(connection, request, Event.PAY, actor=CASHIER, at=at, due_at=None)
        elif request.state in {State.CANCELLED, State.EXPIRED}:
            self.treasury.decide_refund(
                connection, request, RefundOccasion.WITHDRAWAL, reason="request-closed"
            )

    def cancel(self, connection: Connection, number: str, *, actor: Actor, at: datetime) -> Request:
        """Withdraw a request that is not paid yet; withdrawing twice is withdrawing once."""
        request = hold_request(connection, number)
        if request.state is State.CANCELLED:
            return request
        return self._move(connection, request, Event.CANCEL, actor=actor, at=at, due_at=None)

    def approve(self, connection: Connection, number: str, *, officer: Actor, at: datetime) -> Request:
        """The officer of the agency approves.

        Raises:
            OtherAgency, OwnKinsRecord: not this officer.
            TransitionRefused: the request does not wait for a decision.
        """
        request = self._for_officer(connection, number, officer)
        return self._move_on(connection, request, Event.APPROVE, actor=officer, at=at, due_at=None)

    def refuse(
        self, connection: Connection, number: str, reason: Reason, *, officer: Actor, at: datetime
    ) -> Request:
        """The officer refuses with a reason; a sealed notice and the refund follow by themselves.

        Raises:
            OtherAgency, OwnKinsRecord: not this officer.
            TransitionRefused: the request does not wait for a decision.
        """
        request = self._for_officer(connection, number, officer)
        return self._move_on(
            connection,
            request,
            Event.REFUSE,
            actor=officer,
            at=at,
            facts={"reason": reason.code},
            refusal=reason_to_json(reason),
            due_at=None,
        )

    def resume(self, connection: Connection, number: str, *, actor: Actor, at: datetime) -> Request:
        """Let a held request go on where it stopped, once its cause is mended."""
        request = hold_request(connection, number)
        return self._move_on(connection, request, Event.RESUME, actor=actor, at=at)

    def abandon(self, connection: Connection, number: str, *, officer: Actor, at: datetime) -> Request:
        """Give up a held request whose cause cannot be mended: everything that was paid goes back.

        Raises:
            OtherAgency, OwnKinsRecord: not this officer.
            TransitionRefused: it is not held, or its document is already out.
        """
        request = self._for_officer(connection, number, officer)
        if request.state is State.ABANDONED:
            return request
        require_unreleased(request.held_from)
        self.treasury.decide_refund(connection, request, RefundOccasion.FAILURE, reason="request-abandoned")
        return self._move(connection, request, Event.ABANDON, actor=officer, at=at, due_at=None)

    def answer_arrived(self, connection: Connection, number: str, *, actor: Actor, at: datetime) -> Request:
        """The agency has answered, or may have: ask for the answer. Late and double news are harmless."""
        request = hold_request(connection, number)
        if request.state is not State.AWAITING_RECORD:
            return request
        return self._move_on(connection, request, Event.RECORD_ARRIVED, actor=actor, at=at)

    def keep_deadlines(self, connection: Connection, *, at: datetime) -> int:
        """What is overdue now: unpaid requests expire, silent agencies are asked again. Says how many.

        A deadline never refuses: an agency that does not answer has not said no. A request whose
        worker was lost (it died and nobody started it again under its name) is given to a worker anew.
        """
        unpaid = [*self._overdue(connection, State.AWAITING_PAYMENT, at)]
        unpaid += self._overdue(connection, State.DRAFT, at)
        for request in unpaid:
            self._move(connection, request, Event.EXPIRE, actor=DEADLINES, at=at, due_at=None)
        silent = self._overdue(connection, State.AWAITING_RECORD, at)
        for request in silent:
            self.answer_arrived(connection, request.number, actor=DEADLINES, at=at)
        undecided = self._overdue(connection, State.AWAITING_DECISION, at)
        for request in undecided:
            self._escalate(connection, request, at)
        stuck = stuck_requests(connection, before=at - STUCK_AFTER)
        for request in stuck:
            called = raise_attempt(connection, request, at=at)
            self._audit(connection, called, "request.call-again", actor=DEADLINES, at=at, facts={})
            self.call_worker(connection, called)
        return len(unpaid) + len(silent) + len(undecided) + len(stuck)

    def _overdue(self, connection: Connection, state: State, at: datetime) -> Sequence[Request]:
        return overdue_requests(connection, state=state, at=at)

    def _escalate(self, connection: Connection, request: Request, at: datetime) -> None:
        postpone(connection, request, until=at + timedelta(days=1))
        self._audit(connection, request, "request.escalate", actor=DEADLINES, at=at, facts={})

    def _for_officer(self, connection: Connection, number: str, officer: Actor) -> Request:
        request = hold_request(connection, number)
        if officer.agency != request.agency:
            raise OtherAgency
        keep_from_kin(self.registers, officer, request)
        return request

    def _move_on(
        self,
        connection: Connection,
        request: Request,
        event: Event,
        *,
        actor: Actor,
        at: datetime,
        facts: JsonValue = None,
        **changes: object,
    ) -> Request:
        attempt = request.attempt + 1
        moved = self._move(
            connection, request, event, actor=actor, at=at, facts=facts, attempt=attempt, **changes
        )
        self.call_worker(connection, moved)
        return moved

    def _move(
        self,
        connection: Connection,
        request: Request,
        event: Event,
        *,
        actor: Actor,
        at: datetime,
        facts: JsonValue = None,
        **changes: object,
    ) -> Request:
        moved = move(connection, request, event, at=at, actor=actor.id, facts=facts, **changes)
        self._audit(
            connection, moved, f"request.{event}", actor=actor, at=at, facts={"state": moved.state.value}
        )
        return moved

    def _audit(
        self,
        connection: Connection,
        request: Request,
        action: str,
        *,
        actor: Actor,
        at: datetime,
        facts: dict[str, JsonValue],
    ) -> None:
        about = AuditObject(kind="request", id=request.number)
        record(connection, actor, action, about, at=at, facts=facts)
