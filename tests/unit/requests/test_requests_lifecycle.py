"""The table of transitions is the whole rule: what is not in it does not exist."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from requests_world import NOON, OMAR, World, citizen

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.models import Channel, Delivery
from issuance.database import metadata, open_database
from issuance.requests.book import RequestMovedOn, load_request, load_timeline, move, open_request
from issuance.requests.lifecycle import (
    AUTOMATIC,
    FINAL,
    TRANSITIONS,
    Event,
    State,
    TransitionRefused,
    next_state,
    resumed_state,
)
from issuance.requests.models import Request, RequestNumber, requests

TABLE = {(transition.source, transition.event): transition.target for transition in TRANSITIONS}
CALLS_A_WORKER = {Event.PAY, Event.RECORD_ARRIVED, Event.RESUME}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_is_not_in_the_table_is_refused(state: State, event: Event) -> None:
    if (state, event) in TABLE:
        assert next_state(state, event) is TABLE[state, event]
        return
    with pytest.raises(TransitionRefused) as refusal:
        next_state(state, event)
    assert refusal.value.facts == {"state": state.value, "event": event.value}


def test_nothing_follows_a_final_state_and_something_follows_every_other() -> None:
    leaving = {transition.source for transition in TRANSITIONS}
    assert leaving.isdisjoint(FINAL)
    assert leaving | {State.HELD} == set(State) - FINAL


def test_every_state_is_reached_from_a_draft_and_leads_to_an_end() -> None:
    forwards = _closure({State.DRAFT}, lambda step: (step.source, step.target))
    assert forwards == set(State)
    backwards = _closure(set(FINAL), lambda step: (step.target, step.source))
    assert backwards | {State.HELD} == set(State)


def test_a_worker_alone_comes_to_an_end() -> None:
    """No circle of automatic states: taking away those that lead to no other leaves none."""
    left = set(AUTOMATIC)
    while ends := {
        state
        for state in left
        if not any(step.source is state and step.target in left for step in TRANSITIONS)
    }:
        left -= ends
    assert not left


@pytest.mark.parametrize("state", sorted(AUTOMATIC))
def test_a_held_request_goes_on_exactly_where_it_stopped(state: State) -> None:
    assert next_state(state, Event.HOLD) is State.HELD
    assert resumed_state(State.HELD, state) is state


@pytest.mark.parametrize("state", sorted(set(State) - AUTOMATIC))
def test_only_automatic_states_are_held_and_resumed(state: State) -> None:
    with pytest.raises(TransitionRefused):
        next_state(state, Event.HOLD)
    with pytest.raises(TransitionRefused):
        resumed_state(State.HELD, state)


@pytest.mark.parametrize("state", sorted(set(State) - {State.HELD}))
def test_nothing_but_a_held_request_is_resumed(world: World, state: State) -> None:
    request = world.open()
    with world.engine.begin() as connection:
        _force(connection, request, state=state.value)
    before = world.load(request)
    with pytest.raises(TransitionRefused), world.engine.begin() as connection:
        move(connection, before, Event.RESUME, at=NOON, actor="somebody")
    assert world.load(request) == before


class LifeMachine(RuleBasedStateMachine):
    """A request under any sequence of events, from readers whose copies are fresh or stale."""

    catalogue: Catalogue

    def __init__(self) -> None:
        super().__init__()
        self.engine = open_database("sqlite://")
        self.connection = self.engine.connect()
        metadata.create_all(self.connection)
        self.copies: list[Request] = []
        self.path = [(Event.OPEN, State.DRAFT, State.DRAFT)]

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    @initialize()
    def open(self) -> None:
        request = _draft()
        open_request(self.connection, request)
        self.copies.append(request)

    @rule(event=st.sampled_from(Event), choice=st.randoms(use_true_random=False))
    def try_event(self, event: Event, choice: Any) -> None:
        known = choice.choice(self.copies[-3:])
        stored = load_request(self.connection, known.number)
        changes = self._changes(known, event)
        try:
            moved = move(self.connection, known, event, at=NOON, actor="anybody", **changes)
        except TransitionRefused:
            assert (known.state, event) not in TABLE
            assert event is not Event.RESUME or known.state is not State.HELD
        except RequestMovedOn:
            assert (known.state, known.attempt) != (stored.state, stored.attempt)
        else:
            assert (known.state, known.attempt) == (stored.state, stored.attempt)
            self.path.append((event, stored.state, moved.state))
            self.copies.append(moved)

    @rule(choice=st.randoms(use_true_random=False))
    def step_on(self, choice: Any) -> None:
        """Random events alone would rarely leave the draft."""
        known = self.copies[-1]
        steps = [step for step in TRANSITIONS if step.source is known.state and step.event is not Event.HOLD]
        if not steps:
            return
        event = choice.choice(steps).event
        moved = move(self.connection, known, event, at=NOON, actor="anybody", **self._changes(known, event))
        self.path.append((event, known.state, moved.state))
        self.copies.append(moved)

    @invariant()
    def the_row_is_where_the_timeline_ends(self) -> None:
        if not self.copies:
            return
        stored = load_request(self.connection, self.copies[0].number)
        assert stored == self.copies[-1]
        timeline = load_timeline(self.connection, stored.number)
        assert [(entry.event, entry.source, entry.target) for entry in timeline] == self.path

    @staticmethod
    def _changes(known: Request, event: Event) -> dict[str, Any]:
        return {"attempt": known.attempt + 1} if event in CALLS_A_WORKER else {}


TestLife = LifeMachine.TestCase
TestLife.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def _closure(start: set[State], ends: Any) -> set[State]:
    reached = set(start)
    pairs = [ends(step) for step in TRANSITIONS]
    while more := {target for source, target in pairs if source in reached} - reached:
        reached |= more
    return reached


def _force(connection: Any, request: Request, **values: Any) -> None:
    connection.execute(requests.update().where(requests.c.number == request.number).values(**values))


def _draft() -> Request:
    return Request(
        number=RequestNumber("R-26-0000000017"),
        service="birth",
        service_version=1,
        agency="civil-registry",
        channel=Channel.SELF_SERVICE,
        delivery=Delivery.ELECTRONIC,
        state=State.DRAFT,
        held_from=None,
        attempt=0,
        applicant=OMAR,
        subject=OMAR,
        event_registration=None,
        purpose=None,
        contact=None,
        desk_office=None,
        created_by=citizen(OMAR).id,
        relation=None,
        fees=[],
        question=None,
        record=None,
        record_as_of=None,
        refusal=None,
        due_at=None,
        created_at=NOON,
        updated_at=NOON,
    )
