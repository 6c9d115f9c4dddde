"""What people, providers and deadlines do to a submitted request."""

from datetime import timedelta
from typing import Any

import pytest
from requests_world import KARIM, NOON, OMAR, SALMA, World, citizen, staff

from issuance.audit.trail import verify_chain
from issuance.catalogue.models import Text
from issuance.errors import IssuanceError
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Permission
from issuance.registries.answers import Reason
from issuance.requests.access import visible_request
from issuance.requests.book import RequestMovedOn, RequestNotFound, move
from issuance.requests.errors import OtherAgency
from issuance.requests.lifecycle import AUTOMATIC, FINAL, Event, State, TransitionRefused
from issuance.requests.models import Request, requests
from issuance.requests.movements import STUCK_AFTER
from issuance.requests.opening import DRAFT_KEPT, PAYMENT_WITHIN

OFFICER = staff("officer")
REASON = Reason(code="judgment-missing", text=Text(ar="الحكم ناقص", en="The judgment is missing"))


def put(world: World, request: Request, **values: Any) -> Request:
    """Set a request's row by hand, for states that only a worker brings about."""
    with world.engine.begin() as connection:
        connection.execute(requests.update().where(requests.c.number == request.number).values(**values))
    return world.load(request)


def waiting(world: World, state: State, **values: Any) -> Request:
    return put(world, world.submitted(), state=state.value, **values)


def events(world: World, request: Request) -> list[Event]:
    return [line.event for line in world.timeline(request)]


def test_payment_calls_a_worker_once_however_often_it_is_told(world: World) -> None:
    request = world.submitted()
    world.move("pay", request)
    world.move("pay", request)
    assert world.called == [(request.number, State.FETCHING_RECORD, 1)]
    paid = world.load(request)
    assert (paid.state, paid.due_at, paid.attempt) == (State.FETCHING_RECORD, None, 1)
    assert world.till.decided == []


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED])
def test_money_that_comes_after_the_end_goes_back(world: World, state: State) -> None:
    request = waiting(world, state)
    world.move("pay", request)
    assert world.till.decided == [(request.number, "withdrawal", "request-closed")]
    assert world.called == []
    assert world.load(request).state is state


@pytest.mark.parametrize(
    "state", sorted(set(State) - {State.AWAITING_PAYMENT, State.CANCELLED, State.EXPIRED})
)
def test_news_of_payment_at_any_other_time_changes_nothing(world: World, state: State) -> None:
    request = waiting(world, state)
    world.move("pay", request)
    assert world.load(request) == request
    assert (world.called, world.till.decided) == ([], [])


def test_cancelling_twice_is_cancelling_once(world: World) -> None:
    request = world.submitted()
    cancelled = world.move("cancel", request, actor=citizen(OMAR))
    assert world.move("cancel", request, actor=citizen(OMAR)) == cancelled
    assert cancelled.due_at is None
    assert events(world, request) == [Event.OPEN, Event.SUBMIT, Event.CANCEL]


@pytest.mark.parametrize("state", sorted(set(State) - {State.DRAFT, State.AWAITING_PAYMENT, State.CANCELLED}))
def test_what_is_paid_for_or_ended_is_not_cancelled(world: World, state: State) -> None:
    request = waiting(world, state)
    with pytest.raises(TransitionRefused):
        world.move("cancel", request, actor=citizen(OMAR))
    assert world.load(request) == request


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_only_an_officer_of_the_agency_decides(world: World, decision: str) -> None:
    request = waiting(world, State.AWAITING_DECISION)
    given = (REASON,) if decision == "refuse" else ()
    nobody = Actor(kind=ActorKind.CITIZEN, id="x", permissions=frozenset(), national_number=OMAR)
    for other in (staff("other", agency="workers-register"), nobody):
        with pytest.raises(IssuanceError, match="other-agency"):
            world.move(decision, request, *given, officer=other)
    assert world.load(request) == request


@pytest.mark.parametrize("decision", ["approve", "refuse"])
@pytest.mark.parametrize("about", ["applicant", "subject"])
def test_an_officer_keeps_away_from_their_kins_records(world: World, decision: str, about: str) -> None:
    """Law 376/1957."""
    world.registers.close_kin.add((KARIM, SALMA))
    request = waiting(world, State.AWAITING_DECISION, **{about: SALMA})
    given = (REASON,) if decision == "refuse" else ()
    for officer in (staff("karim", national_number=KARIM), staff("salma", national_number=SALMA)):
        with pytest.raises(IssuanceError, match="own-kins-record"):
            world.move(decision, request, *given, officer=officer)
    assert world.load(request) == request
    world.move(decision, request, *given, officer=staff("omar", national_number="99010000077"))
    assert world.load(request).state in {State.APPROVED, State.REFUSING}


def test_approval_calls_a_worker(world: World) -> None:
    request = waiting(world, State.AWAITING_DECISION, attempt=1, due_at=NOON)
    approved = world.move("approve", request, officer=OFFICER)
    assert (approved.state, approved.due_at) == (State.APPROVED, None)
    assert world.called == [(request.number, State.APPROVED, 2)]


def test_a_refusal_keeps_its_reason_for_the_notice(world: World) -> None:
    request = waiting(world, State.AWAITING_DECISION)
    refused = world.move("refuse", request, REASON, officer=OFFICER)
    assert refused.state is State.REFUSING
    assert refused.refusal == {
        "code": "judgment-missing",
        "ar": "الحكم ناقص",
        "en": "The judgment is missing",
    }
    assert world.called == [(request.number, State.REFUSING, 1)]


def test_two_officers_do_not_both_decide(world: World) -> None:
    request = waiting(world, State.AWAITING_DECISION)
    world.move("approve", request, officer=OFFICER)
    with pytest.raises(TransitionRefused):
        world.move("refuse", request, REASON, officer=staff("second"))
    assert world.load(request).state is State.APPROVED
    assert world.load(request).refusal is None


def test_of_two_movers_with_one_reading_only_the_first_moves(world: World) -> None:
    request = waiting(world, State.AWAITING_DECISION)
    with world.engine.begin() as connection:
        move(connection, request, Event.APPROVE, at=NOON, actor="first")
    with pytest.raises(RequestMovedOn), world.engine.begin() as connection:
        move(connection, request, Event.REFUSE, at=NOON, actor="second", refusal={"code": "x"})
    assert world.load(request).state is State.APPROVED
    assert world.load(request).refusal is None
    assert [line.actor for line in world.timeline(request)][-1] == "first"


def test_a_reading_from_an_earlier_round_does_not_move(world: World) -> None:
    """The state came back (awaiting-record twice), the attempt did not."""
    stale = waiting(world, State.AWAITING_RECORD, attempt=1)
    put(world, stale, attempt=2)
    with pytest.raises(RequestMovedOn), world.engine.begin() as connection:
        move(connection, stale, Event.RECORD_ARRIVED, at=NOON, actor="late")


def test_a_failed_move_rolls_everything_back(world: World) -> None:
    """The state, its line, the audit and the call to a worker stand or fall together."""
    request = world.submitted()
    before = (world.load(request), world.timeline(request))

    def fail(*_: object) -> None:
        raise RuntimeError("the process died inside the transaction")

    broken = type(world.movements)(registers=world.registers, treasury=world.till, call_worker=fail)
    with pytest.raises(RuntimeError), world.engine.begin() as connection:
        broken.pay(connection, request.number, at=NOON)
    assert (world.load(request), world.timeline(request)) == before


def test_news_of_an_answer_counts_once_and_only_while_it_is_awaited(world: World) -> None:
    request = waiting(world, State.AWAITING_RECORD, attempt=1)
    agency = Actor(kind=ActorKind.MACHINE, id="agency", permissions=frozenset(), agency="civil-registry")
    world.move("answer_arrived", request, actor=agency)
    world.move("answer_arrived", request, actor=agency)
    assert world.called == [(request.number, State.FETCHING_RECORD, 2)]
    for state in set(State) - {State.AWAITING_RECORD}:
        other = put(world, request, state=state.value)
        world.move("answer_arrived", other, actor=agency)
        assert world.load(other) == other
    assert len(world.called) == 1


def test_an_unpaid_request_expires_when_its_time_is_over(world: World) -> None:
    request = world.submitted()
    world.wait(seconds=PAYMENT_WITHIN.total_seconds() - 1)
    assert world.keep_deadlines() == 0
    world.wait(seconds=1)
    assert world.keep_deadlines() == 1
    assert world.load(request).state is State.EXPIRED
    assert world.keep_deadlines() == 0


def test_a_forgotten_draft_expires(world: World) -> None:
    request = world.open()
    world.wait(seconds=DRAFT_KEPT.total_seconds())
    assert world.keep_deadlines() == 1
    assert world.load(request).state is State.EXPIRED


def test_a_silent_agency_is_asked_again_and_nobody_is_refused(world: World) -> None:
    request = waiting(world, State.AWAITING_RECORD, attempt=1, due_at=NOON)
    assert world.keep_deadlines() == 1
    assert world.called == [(request.number, State.FETCHING_RECORD, 2)]


def test_a_late_decision_escalates_again_and_again_and_refuses_never(world: World) -> None:
    request = waiting(world, State.AWAITING_DECISION, due_at=NOON)
    for day in range(1, 4):
        assert world.keep_deadlines() == 1
        assert world.keep_deadlines() == 0
        waits = world.load(request)
        assert (waits.state, waits.due_at) == (State.AWAITING_DECISION, NOON + timedelta(days=day))
        world.wait(days=1)
    assert world.load(request).refusal is None
    with world.engine.begin() as connection:
        escalations = connection.exec_driver_sql(
            "SELECT count(*) FROM audit_entries WHERE action = 'request.escalate'"
        ).scalar_one()
    assert escalations == 3


@pytest.mark.parametrize("state", sorted(set(State)))
def test_no_deadline_ever_refuses(world: World, state: State) -> None:
    request = waiting(world, state, due_at=NOON, held_from="approved" if state is State.HELD else None)
    for _ in range(3):
        world.keep_deadlines()
        world.wait(days=40)
    after = world.load(request)
    assert after.refusal is None
    assert after.state not in {State.REFUSING, State.REFUSED, State.CANCELLED} or after.state is state


@pytest.mark.parametrize("state", sorted(AUTOMATIC))
def test_a_request_that_its_worker_lost_is_given_to_a_worker_again(world: World, state: State) -> None:
    """A worker that died and never came back under its name leaves work that no other takes up by itself."""
    request = waiting(world, state, attempt=1)
    world.wait(seconds=STUCK_AFTER.total_seconds() - 1)
    assert world.keep_deadlines() == 0
    world.wait(seconds=1)
    assert world.keep_deadlines() == 1
    assert world.keep_deadlines() == 0
    again = world.load(request)
    assert (again.state, again.attempt) == (state, 2)
    assert world.called == [(request.number, state, 2)]
    assert world.timeline(again)[-1].event is Event.SUBMIT  # nothing moved


@pytest.mark.parametrize("state", sorted(FINAL | {State.HELD}))
def test_what_is_over_or_held_is_given_to_nobody(world: World, state: State) -> None:
    request = waiting(world, state)
    world.wait(days=400)
    assert world.keep_deadlines() == 0
    assert world.load(request) == request


def test_a_resumed_request_is_a_new_call_to_a_worker(world: World) -> None:
    request = waiting(world, State.HELD, held_from="intended", attempt=1)
    resumed = world.move("resume", request, actor=OFFICER)
    assert (resumed.state, resumed.held_from) == (State.INTENDED, None)
    assert world.called == [(request.number, State.INTENDED, 2)]
    assert world.load(request) == resumed
    with pytest.raises(TransitionRefused):
        world.move("resume", request, actor=OFFICER)


def test_a_held_request_that_cannot_be_mended_is_given_up_and_all_money_goes_back(world: World) -> None:
    request = waiting(world, State.HELD, held_from="intended", attempt=1)
    abandoned = world.move("abandon", request, officer=OFFICER)
    assert abandoned.state is State.ABANDONED
    assert world.till.decided == [(request.number, "failure", "request-abandoned")]
    assert world.called == []
    assert world.move("abandon", request, officer=OFFICER) == abandoned
    assert len(world.till.decided) == 1


@pytest.mark.parametrize("held_from", ["released", "notice-released"])
def test_what_is_already_out_is_finished_and_not_given_up(world: World, held_from: str) -> None:
    request = waiting(world, State.HELD, held_from=held_from)
    with pytest.raises(TransitionRefused):
        world.move("abandon", request, officer=OFFICER)
    assert world.till.decided == []


def test_only_held_requests_are_given_up_and_only_by_the_agency(world: World) -> None:
    with pytest.raises(TransitionRefused):
        world.move("abandon", waiting(world, State.SEALED), officer=OFFICER)
    request = waiting(world, State.HELD, held_from="intended")
    with pytest.raises(OtherAgency):
        world.move("abandon", request, officer=staff("x", agency="workers-register"))


def test_who_may_see_a_request(world: World) -> None:
    request = put(world, world.submitted(), desk_office="homs-post")
    machine = Actor(kind=ActorKind.MACHINE, id="m", permissions=frozenset(), agency="civil-registry")
    desk = frozenset({Permission.REQUESTS_CREATE_ASSISTED})
    clerk = Actor(kind=ActorKind.STAFF, id="c", permissions=desk, agency="post", office="homs-post")
    namesake = Actor(kind=ActorKind.STAFF, id="n", permissions=frozenset(), agency="post", office="homs-post")
    auditor = Actor(kind=ActorKind.STAFF, id="a", permissions=frozenset())
    system = Actor(kind=ActorKind.SYSTEM, id="s", permissions=frozenset(), agency="civil-registry")
    with world.engine.begin() as connection:
        for actor in (citizen(OMAR), OFFICER, machine, clerk):
            assert visible_request(connection, request.number, actor) == request
        for actor in (citizen(SALMA), staff("x", agency="workers-register"), namesake, auditor, system):
            with pytest.raises(RequestNotFound):
                visible_request(connection, request.number, actor)
        with pytest.raises(RequestNotFound):
            visible_request(connection, "R-26-0000000000", citizen(OMAR))


def test_every_movement_is_attributed_in_an_unbroken_audit(world: World) -> None:
    request = world.submitted()
    world.move("pay", request)
    put(world, request, state="awaiting-decision")
    world.move("refuse", request, REASON, officer=OFFICER)
    with world.engine.begin() as connection:
        verify_chain(connection)
        rows = connection.exec_driver_sql(
            "SELECT action, actor_id FROM audit_entries ORDER BY sequence"
        ).all()
    assert [tuple(row) for row in rows] == [("request.pay", "cashier"), ("request.refuse", "officer")]
