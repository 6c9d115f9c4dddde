"""Two workers with one request: what must not happen (a name used twice) and does no harm when it does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from crash_site import Errand, Site
from invariants import check_books, check_end, check_request, timeline

from issuance.app import Service
from issuance.catalogue.models import DocumentKind
from issuance.documents.models import Document
from issuance.documents.press import Press, SealedFile
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import AUTOMATIC, FINAL, Event, State
from signing.formats.pades_level import Level


@dataclass
class SlowPress:
    """While it presses, somebody else is quicker."""

    press_: Press
    meanwhile: Callable[[], None]

    def template_digest(self) -> str:
        return self.press_.template_digest()

    def press(self, document: Document, *, at: datetime, level: Level) -> SealedFile:
        sealed = self.press_.press(document, at=at, level=level)
        self.meanwhile()
        return sealed


@dataclass
class SlowRegisters:
    """While they are asked, somebody else is quicker."""

    registers: Any
    meanwhile: Callable[[], None]

    def connector(self, registry: str) -> Any:
        self.meanwhile()
        return self.registers.connector(registry)

    def office_name(self, national_number: str) -> Any:
        self.meanwhile()
        return self.registers.office_name(national_number)

    def full_name(self, national_number: str) -> Any:
        self.meanwhile()
        return self.registers.full_name(national_number)


def once(call: Callable[[], None]) -> Callable[[], None]:
    calls = iter([call])
    return lambda: next(calls, lambda: None)()  # noqa: PLW0108  (each time the next one)


def slow_worker(service: Service, part: str, meanwhile: Callable[[], None]) -> Fulfilment:
    slow: Any = SlowPress if part == "press" else SlowRegisters
    kept = getattr(service.parts, part)
    return Fulfilment(replace(service.parts, **{part: slow(kept, once(meanwhile))}))


@pytest.mark.parametrize(
    ("state", "part", "how_far"),
    [
        (State.FETCHING_RECORD, "registers", "to the end"),
        (State.APPROVED, "registers", "one stage"),
        (State.INTENDED, "press", "one stage"),
        (State.INTENDED, "press", "to the end"),
        (State.REFUSING, "registers", "to the end"),
        (State.NOTICE_INTENDED, "press", "one stage"),
    ],
)
def test_the_slower_of_two_workers_leaves_no_trace(site: Site, state: State, part: str, how_far: str) -> None:
    refused = state in {State.REFUSING, State.NOTICE_INTENDED}
    errand = Errand(site, site.unfinished() if refused else site.case(DocumentKind.NON_EMPLOYMENT))
    if state is State.APPROVED:  # whose office is asked for
        errand = Errand(site, site.case(DocumentKind.BIRTH))
    number = errand.go(until=frozenset({state})).number

    def be_quicker() -> None:
        errand.step() if how_far == "one stage" else errand.go()

    slower = slow_worker(site.service, part, be_quicker)
    assert slower.run(number, state) is errand.request.state
    assert errand.request.state is not state
    check_request(site.service, number)
    errand.go()
    site.housekeeping()
    check_end(site.service, number)
    check_books(site.service)
    events = [line.event for line in timeline(site.service, number)]
    assert Event.HOLD not in events


def test_a_stage_that_failed_for_the_slower_worker_does_not_hold_what_moved_on(site: Site) -> None:
    errand = Errand(site, site.case(DocumentKind.NON_EMPLOYMENT))
    number = errand.go(until=frozenset({State.SEALED})).number
    for state in AUTOMATIC - {State.SEALED}:
        assert site.service.fulfilment.hold(number, state, code="broken") is State.SEALED
    errand.go()
    for state in AUTOMATIC:
        assert site.service.fulfilment.hold(number, state, code="broken") is State.DELIVERED
    check_end(site.service, number)


def test_a_stage_is_not_run_from_another_state(site: Site) -> None:
    errand = Errand(site, site.case(DocumentKind.NON_EMPLOYMENT))
    errand.go()
    before = timeline(site.service, errand.request.number)
    for state in AUTOMATIC:
        assert site.service.fulfilment.run(errand.request.number, state) is State.DELIVERED
    assert timeline(site.service, errand.request.number) == before


def test_a_worker_called_again_meanwhile_does_not_lose_the_request(site: Site) -> None:
    """The deadline called another worker while the first one still pressed."""
    errand = Errand(site, site.case(DocumentKind.NON_EMPLOYMENT))
    number = errand.go(until=frozenset({State.INTENDED})).number

    def call_again() -> None:
        site.clock.forward(hours=2)
        with site.service.parts.engine.begin() as connection:
            assert site.service.movements.keep_deadlines(connection, at=site.clock()) == 1

    slower = slow_worker(site.service, "press", call_again)
    assert slower.run(number, State.INTENDED) is State.INTENDED
    assert errand.request.attempt == 2
    assert errand.go().state in FINAL
    check_end(site.service, number)
