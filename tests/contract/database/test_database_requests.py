"""Requests moved by people, providers and deadlines at the same moment."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from database_racing import outcomes, race
from sqlalchemy import Engine

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "requests"))

from requests_world import PHONE, World, citizen, staff

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.catalogue.catalogue import Catalogue
from issuance.database import reading
from issuance.identity.actors import system_actor
from issuance.requests import opening
from issuance.requests.book import RequestMovedOn, load_request, move
from issuance.requests.errors import NotForYou
from issuance.requests.lifecycle import Event, State, TransitionRefused
from issuance.requests.models import Request

WORKER = system_actor("worker")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def world(engine: Engine, catalogue: Catalogue, tmp_path: Path) -> Any:
    world = World(engine=engine, catalogue=catalogue, folder=tmp_path)
    yield world
    with reading(engine) as connection:
        trail.verify_chain(connection)


def events(world: World, request: Request) -> list[Event]:
    return [line.event for line in world.timeline(request)]


def test_a_request_is_kept_as_it_was_opened(world: World) -> None:
    request = world.open(staff("clerk"), purpose={"ar": "للسفر", "en": "travel"}, contact=PHONE)
    assert world.load(request) == request


def test_handing_in_again_replaces(world: World) -> None:
    request = world.open()
    race([partial(world.attach, request, "identity", b"%PDF-" + bytes([48 + each])) for each in range(4)])
    with reading(world.engine) as connection:
        assert len(opening.load_attachments(connection, request.number)) == 1


def test_submitting_many_times_at_once_is_submitting_once(world: World) -> None:
    request = world.open()
    world.attach(request)

    done = race([partial(world.submit, request)] * 6)

    assert {each.state for each in done} == {State.AWAITING_PAYMENT}
    assert events(world, request) == [Event.OPEN, Event.SUBMIT]


def test_nothing_is_handed_in_behind_a_submission(world: World) -> None:
    """What is decided on is what was submitted."""
    request = world.open()
    world.attach(request, content=b"%PDF-first")

    def hand_in() -> None:
        with world.engine.begin() as connection:
            found = load_request(connection, request.number)
            world.opening.attach(connection, found, "identity", b"%PDF-late", name="x", at=world.now)

    done: list[Any] = outcomes([hand_in, partial(world.submit, request), hand_in])

    submitted_at = 1
    assert done[submitted_at].state is State.AWAITING_PAYMENT
    assert all(each is None or isinstance(each, TransitionRefused) for each in (done[0], done[2]))
    assert isinstance(outcomes([hand_in])[0], TransitionRefused)


def test_paid_by_many_messengers_at_once_the_work_begins_once(world: World) -> None:
    request = world.submitted()

    race([partial(world.move, "pay", request)] * 6)

    assert world.called == [(request.number, State.FETCHING_RECORD, 1)]
    assert events(world, request).count(Event.PAY) == 1


def test_paid_and_cancelled_at_once_it_is_done_or_given_back(world: World) -> None:
    for _ in range(4):
        request = world.submitted()
        pay: Callable[[], Any] = partial(world.move, "pay", request)
        cancel = partial(world.move, "cancel", request, actor=citizen(request.applicant))

        paid, cancelled = outcomes([pay, cancel])

        assert paid is None
        if world.load(request).state is State.CANCELLED:
            assert (request.number, "withdrawal", "request-closed") in world.till.decided
        else:
            assert isinstance(cancelled, TransitionRefused)
            assert world.load(request).state is State.FETCHING_RECORD


def test_two_officers_decide_once(world: World) -> None:
    request = world.submitted()
    world.move("pay", request)
    for event in (Event.RECORD_FOUND, Event.ASK_OFFICER):
        _move_on(world, request, event)
    world.called.clear()
    approve: Callable[[], Any] = partial(world.move, "approve", request, officer=staff("one"))

    done = outcomes([approve, partial(world.move, "approve", request, officer=staff("two")), approve])

    assert sum(isinstance(each, Request) for each in done) == 1
    assert all(isinstance(each, (Request, TransitionRefused, RequestMovedOn)) for each in done)
    assert len(world.called) == 1


def test_two_rounds_of_housekeeping_keep_each_deadline_once(world: World) -> None:
    waiting = [world.submitted() for _ in range(6)]
    world.wait(days=8)

    kept = race([world.keep_deadlines] * 3)

    assert sum(kept) == 6
    for request in waiting:
        assert events(world, request).count(Event.EXPIRE) == 1


def test_a_lost_request_is_given_to_one_worker_while_it_moves_all_the_same(world: World) -> None:
    """The deadline and a late worker meet in the same rows; nobody is left waiting for somebody who waits."""
    lost = [world.submitted() for _ in range(4)]
    for request in lost:
        world.move("pay", request)
    world.called.clear()
    world.wait(hours=2)

    done = outcomes(
        [
            world.keep_deadlines,
            *(partial(_move_on, world, request, Event.RECORD_FOUND) for request in lost),
            world.keep_deadlines,
        ]
    )

    errors = [each for each in done if isinstance(each, Exception)]
    assert all(isinstance(error, RequestMovedOn) for error in errors), errors
    for request in lost:
        stands = world.load(request)
        called = [attempt for number, _, attempt in world.called if number == request.number]
        assert (stands.attempt == 2) is (called == [2])
        assert stands.state is State.DECIDING or called == [2]


def test_who_may_not_is_told_so_on_both(world: World) -> None:
    with pytest.raises(NotForYou):
        world.open(citizen("99010000009"))


def _move_on(world: World, request: Request, event: Event) -> None:
    """As a worker does it: where it still is as it was read; the row first, the trail last."""
    with reading(world.engine) as connection:
        found = load_request(connection, request.number)
    with world.engine.begin() as connection:
        move(connection, found, event, at=world.now, actor="worker")
        about = AuditObject(kind="request", id=request.number)
        trail.record(connection, WORKER, f"request.{event}", about, at=world.now)
