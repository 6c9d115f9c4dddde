"""The life of a request: states, events and the only transitions there are.

The table below is the whole rule. A transition that is not in it does not exist:
`next_state` raises, whoever asks. Automatic states are the ones a worker moves on
by itself (`issuance/requests/fulfilment.py` has one stage for each); in all others
the request waits for a person, an agency or a deadline.

    draft → awaiting-payment → fetching-record → deciding → approved → intended → sealed → released
                                     ↓ ↑           ↓ ↑                                        ↓
                              awaiting-record  awaiting-decision                          delivered

    fetching-record, awaiting-record, deciding, awaiting-decision
                      → refusing → notice-intended → notice-sealed → notice-released → refused
    any automatic state → held (something is broken; an officer resumes it where it stopped,
                                or abandons it, and everything paid goes back)
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from issuance.errors import Conflict


class State(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    AWAITING_PAYMENT = "awaiting-payment"
    FETCHING_RECORD = "fetching-record"
    AWAITING_RECORD = "awaiting-record"
    DECIDING = "deciding"
    AWAITING_DECISION = "awaiting-decision"
    APPROVED = "approved"
    INTENDED = "intended"
    SEALED = "sealed"
    RELEASED = "released"
    DELIVERED = "delivered"
    REFUSING = "refusing"
    NOTICE_INTENDED = "notice-intended"
    NOTICE_SEALED = "notice-sealed"
    NOTICE_RELEASED = "notice-released"
    REFUSED = "refused"
    HELD = "held"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    ABANDONED = "abandoned"


class Event(StrEnum):
    """What moves a request from one state to another."""

    OPEN = "open"  # the first line of every timeline; no transition
    SUBMIT = "submit"
    PAY = "pay"
    RECORD_FOUND = "record-found"
    RECORD_PENDING = "record-pending"
    RECORD_ARRIVED = "record-arrived"
    ASK_OFFICER = "ask-officer"
    APPROVE = "approve"
    REFUSE = "refuse"
    INTEND = "intend"
    SEAL = "seal"
    RELEASE = "release"
    DELIVER = "deliver"
    CLOSE_REFUSAL = "close-refusal"
    HOLD = "hold"
    RESUME = "resume"
    ABANDON = "abandon"
    CANCEL = "cancel"
    EXPIRE = "expire"


AUTOMATIC = frozenset(
    {
        State.FETCHING_RECORD,
        State.DECIDING,
        State.APPROVED,
        State.INTENDED,
        State.SEALED,
        State.RELEASED,
        State.REFUSING,
        State.NOTICE_INTENDED,
        State.NOTICE_SEALED,
        State.NOTICE_RELEASED,
    }
)
"""States that a worker moves on without asking anybody."""

FINAL = frozenset({State.DELIVERED, State.REFUSED, State.CANCELLED, State.EXPIRED, State.ABANDONED})
"""States that nothing follows."""

_TABLE: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.SUBMIT): State.AWAITING_PAYMENT,
    (State.DRAFT, Event.CANCEL): State.CANCELLED,
    (State.DRAFT, Event.EXPIRE): State.EXPIRED,
    (State.AWAITING_PAYMENT, Event.PAY): State.FETCHING_RECORD,
    (State.AWAITING_PAYMENT, Event.CANCEL): State.CANCELLED,
    (State.AWAITING_PAYMENT, Event.EXPIRE): State.EXPIRED,
    (State.FETCHING_RECORD, Event.RECORD_FOUND): State.DECIDING,
    (State.FETCHING_RECORD, Event.RECORD_PENDING): State.AWAITING_RECORD,
    (State.FETCHING_RECORD, Event.REFUSE): State.REFUSING,
    (State.AWAITING_RECORD, Event.RECORD_ARRIVED): State.FETCHING_RECORD,
    (State.AWAITING_RECORD, Event.REFUSE): State.REFUSING,
    (State.DECIDING, Event.ASK_OFFICER): State.AWAITING_DECISION,
    (State.DECIDING, Event.APPROVE): State.APPROVED,
    (State.DECIDING, Event.REFUSE): State.REFUSING,
    (State.AWAITING_DECISION, Event.APPROVE): State.APPROVED,
    (State.AWAITING_DECISION, Event.REFUSE): State.REFUSING,
    (State.APPROVED, Event.INTEND): State.INTENDED,
    (State.INTENDED, Event.SEAL): State.SEALED,
    (State.SEALED, Event.RELEASE): State.RELEASED,
    (State.RELEASED, Event.DELIVER): State.DELIVERED,
    (State.REFUSING, Event.INTEND): State.NOTICE_INTENDED,
    (State.NOTICE_INTENDED, Event.SEAL): State.NOTICE_SEALED,
    (State.NOTICE_SEALED, Event.RELEASE): State.NOTICE_RELEASED,
    (State.NOTICE_RELEASED, Event.CLOSE_REFUSAL): State.REFUSED,
    **{(state, Event.HOLD): State.HELD for state in AUTOMATIC},
    (State.HELD, Event.ABANDON): State.ABANDONED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One allowed step."""

    source: State
    event: Event
    target: State


TRANSITIONS = tuple(
    Transition(source=source, event=event, target=target) for (source, event), target in _TABLE.items()
)


class TransitionRefused(Conflict):
    """The request is not in a state in which this can happen."""

    code: ClassVar[str] = "transition-refused"
    ar: ClassVar[str] = "لا يمكن القيام بذلك والطلب في حالته الحالية ({state})."
    en: ClassVar[str] = "This cannot be done while the request is {state}."


def next_state(state: State, event: Event) -> State:
    """The state that follows.

    Raises:
        TransitionRefused: the table has no such transition.
    """
    try:
        return _TABLE[state, event]
    except KeyError:
        raise TransitionRefused(state=state.value, event=event.value) from None


def resumed_state(state: State, held_from: State | None) -> State:
    """Where a held request goes on: exactly where it stopped, since every stage is repeatable.

    Raises:
        TransitionRefused: it is not held, or was not held from an automatic state.
    """
    if state is not State.HELD or held_from is None or held_from not in AUTOMATIC:
        raise TransitionRefused(state=state.value, event=Event.RESUME.value)
    return held_from


def require_unreleased(held_from: State | None) -> None:
    """Pass unless the document or the notice is already out: then the request can only be finished.

    Raises:
        TransitionRefused: it is.
    """
    if held_from in {State.RELEASED, State.NOTICE_RELEASED}:
        raise TransitionRefused(state=held_from.value, event=Event.ABANDON.value)
