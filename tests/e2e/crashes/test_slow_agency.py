"""An agency that answers later: the request waits as a row, and no silence is a refusal."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from crash_site import Clock, Errand, Site
from invariants import check_books, check_end, check_request, timeline

from issuance.app import Service
from issuance.catalogue.models import DocumentKind
from issuance.identity.actors import Actor, ActorKind
from issuance.registries.answers import Answer, Contradicted, Pending, Question
from issuance.registries.connected import ConnectedRegisters
from issuance.registries.errors import RegistryUnavailable
from issuance.registries.reasons import EMPLOYED
from issuance.registries.tables import open_register
from issuance.registries.workers_register import WORKERS_REGISTER, WorkersRegister
from issuance.requests.fulfilment import ASK_AGAIN_AFTER, Fulfilment
from issuance.requests.lifecycle import Event, State
from issuance.requests.opening import Opening

AGENCY = Actor(
    kind=ActorKind.MACHINE, id="workers-register", permissions=frozenset(), agency="workers-register"
)
ANSWERS_WITHIN = timedelta(days=2)


@dataclass
class SlowAgency:
    """Notes questions and answers them when it is told to; the agency's own system, not ours."""

    registry_itself: WorkersRegister
    clock: Clock
    registry: str = WORKERS_REGISTER
    questions: list[Question] = field(default_factory=list)
    collected: int = 0
    answering: bool = False
    refusing: bool = False
    unreachable: bool = False

    def lookup(self, service: DocumentKind, subject: str, *, event: str | None = None) -> Answer:
        if self.unreachable:
            raise RegistryUnavailable(self.registry)
        question = Question(
            registry=self.registry,
            service=service,
            subject=subject,
            event=event,
            asked_at=self.clock(),
            message_id=f"M-{len(self.questions) + 1}",
        )
        self.questions.append(question)
        return self._pending(question)

    def collect(self, question: Question) -> Answer:
        if self.unreachable:
            raise RegistryUnavailable(self.registry)
        assert question in self.questions, "an answer to a question that was never asked"
        self.collected += 1
        if self.refusing:
            return Contradicted(reason=EMPLOYED, reference="employments/W1")
        if not self.answering:
            return self._pending(question)
        return self.registry_itself.lookup(question.service, question.subject, event=question.event)

    def _pending(self, question: Question) -> Pending:
        return Pending(question=question, expected_by=question.asked_at + ANSWERS_WITHIN)


@pytest.fixture
def agency(site: Site) -> Iterator[SlowAgency]:
    """The workers' register answers later from now on, in every life of the service."""
    register = open_register(site.layout.civil_register)
    agency = SlowAgency(WorkersRegister(register, clock=site.clock), site.clock)

    def connect(service: Service) -> Service:
        registers = ConnectedRegisters(register, [agency])
        parts = replace(service.parts, registers=registers)
        opening = Opening(
            catalogue=parts.catalogue,
            registers=registers,
            attachments=service.opening._attachments,  # noqa: SLF001  (the same files)
        )
        return replace(
            service, parts=parts, registers=registers, opening=opening, fulfilment=Fulfilment(parts)
        )

    site.change(connect)
    yield agency
    register.dispose()


@pytest.fixture
def errand(site: Site) -> Errand:
    return Errand(site, site.case(DocumentKind.NON_EMPLOYMENT))


def waiting(errand: Errand) -> str:
    return errand.go(until=frozenset({State.AWAITING_RECORD})).number


def news(site: Site, number: str) -> None:
    """The agency's system says that its answer is ready."""
    with site.service.parts.engine.begin() as connection:
        site.service.movements.answer_arrived(connection, number, actor=AGENCY, at=site.clock())


def events(site: Site, number: str) -> list[Event]:
    return [line.event for line in timeline(site.service, number)]


def test_an_answer_that_comes_later_is_collected_and_delivered(
    site: Site, agency: SlowAgency, errand: Errand
) -> None:
    number = waiting(errand)
    assert errand.request.due_at == site.clock() + ANSWERS_WITHIN
    agency.answering = True
    news(site, number)
    errand.go()
    check_end(site.service, number)
    assert len(agency.questions) == 1
    assert events(site, number)[3:6] == [Event.RECORD_PENDING, Event.RECORD_ARRIVED, Event.RECORD_FOUND]


def test_a_refusal_that_comes_later_is_a_refusal(site: Site, agency: SlowAgency, errand: Errand) -> None:
    number = waiting(errand)
    agency.refusing = True
    news(site, number)
    assert errand.go().state is State.REFUSED
    site.housekeeping()
    check_end(site.service, number)


def test_double_early_and_late_news_do_no_harm(site: Site, agency: SlowAgency, errand: Errand) -> None:
    number = waiting(errand)
    news(site, number)  # nothing is there yet
    news(site, number)
    assert errand.go(until=frozenset({State.AWAITING_RECORD})).attempt == 2
    agency.answering = True
    for _ in range(3):
        news(site, number)
    errand.go()
    before = events(site, number)
    for _ in range(3):
        news(site, number)  # long after
    assert events(site, number) == before
    assert before.count(Event.RECORD_ARRIVED) == 2
    assert len(agency.questions) == 1
    site.housekeeping()
    check_end(site.service, number)
    check_books(site.service)


def test_a_deadline_asks_again_and_again_and_refuses_never(
    site: Site, agency: SlowAgency, errand: Errand
) -> None:
    number = waiting(errand)
    for silence in range(1, 5):
        due = errand.request.due_at
        assert due is not None
        site.clock.now = due
        site.housekeeping()
        assert errand.request.state is State.FETCHING_RECORD
        errand.go(until=frozenset({State.AWAITING_RECORD}))
        assert errand.request.due_at >= site.clock() + ASK_AGAIN_AFTER
        assert agency.collected == silence
    assert errand.request.refusal is None
    agency.answering = True
    site.clock.now = errand.request.due_at
    site.housekeeping()
    errand.go()
    site.housekeeping()
    check_end(site.service, number)
    assert len(agency.questions) == 1


def test_an_agency_that_cannot_be_reached_leaves_the_request_where_it_is(
    site: Site, agency: SlowAgency, errand: Errand
) -> None:
    number = errand.go(until=frozenset({State.FETCHING_RECORD})).number
    agency.unreachable = True
    with pytest.raises(RegistryUnavailable):
        errand.step()
    assert errand.request.state is State.FETCHING_RECORD
    agency.unreachable, agency.answering = False, True
    waiting(errand)
    news(site, number)
    errand.go()
    check_end(site.service, number)


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_waiting_survives_a_death_at_every_write(
    site: Site, agency: SlowAgency, errand: Errand, *, persisted: bool
) -> None:
    """The worst that a death does here is to ask the agency a second time."""
    agency.answering = True
    number = errand.go(until=frozenset({State.FETCHING_RECORD})).number
    errand.while_waiting = lambda: news(site, number)
    deaths = errand.die_at_every_write(
        persisted=persisted, look=lambda: (check_books(site.service), check_request(site.service, number))
    )
    site.housekeeping()
    check_end(site.service, number)
    assert any(death.startswith("awaiting-record") for death in deaths)
    assert len(agency.questions) == (1 if persisted else 2)
