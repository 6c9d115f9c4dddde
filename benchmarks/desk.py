"""Brings requests to where a measurement begins: asked for and paid at a desk, record found, approved.

The seven kinds take turns, each request about another person.
"""

from collections.abc import Iterator
from itertools import islice, zip_longest

from benchmarks.site import Advance
from issuance.app import Service
from issuance.catalogue.models import Channel, Decision, Delivery, DocumentKind
from issuance.identity.actors import Actor, ActorKind
from issuance.payments import cash
from issuance.payments.treasury import fees_of
from issuance.registries.samples import SampleCase, granted_cases
from issuance.registries.tables import open_register
from issuance.requests.book import load_request
from issuance.requests.lifecycle import AUTOMATIC, State
from issuance.requests.models import Request
from issuance.requests.opening import Wish

OFFICE = "damascus-1"
CLERK = Actor(kind=ActorKind.STAFF, id="clerk", permissions=frozenset(), office=OFFICE)
KINDS = tuple(kind for kind in DocumentKind if kind is not DocumentKind.REFUSAL_NOTICE)
_UNTIL_APPROVED = frozenset({State.FETCHING_RECORD, State.DECIDING})


class NotAsExpected(Exception):
    """A request went another way than the measurement needs."""


def paid_requests(service: Service, count: int, advance: Advance) -> list[str]:
    """Numbers of paid requests that no officer must decide; a worker is called for each."""
    kinds = tuple(kind for kind in KINDS if service.parts.catalogue.find(kind).decision is Decision.AUTOMATIC)
    return _each(service, count, advance, kinds)


def approved_requests(service: Service, count: int, advance: Advance) -> list[str]:
    """Numbers of requests whose documents are to be made next."""
    numbers = _each(service, count, advance, KINDS)
    for number in numbers:
        _approve(service, number)
    return numbers


def finish(service: Service, number: str) -> None:
    """All that is left of a request's way: intent, sealing, release, delivery, each a stage of its own.

    Raises:
        NotAsExpected: it was not delivered.
    """
    state = State.APPROVED
    while state in AUTOMATIC:
        state = service.fulfilment.run(number, state)
    if state is not State.DELIVERED:
        raise NotAsExpected(f"{number}: {state}")


def _each(service: Service, count: int, advance: Advance, kinds: tuple[DocumentKind, ...]) -> list[str]:
    numbers = []
    for case in islice(_cases(service, count, kinds), count):
        numbers.append(_ask_and_pay(service, case))
        advance(len(numbers), count)
    if len(numbers) < count:
        raise NotAsExpected(f"the sample register has only {len(numbers)} cases of the {count} wanted")
    return numbers


def _cases(service: Service, count: int, kinds: tuple[DocumentKind, ...]) -> Iterator[SampleCase]:
    register = open_register(service.layout.civil_register)
    with register.connect() as connection:
        # Some kinds are rare; the others fill up for them.
        by_kind = [granted_cases(connection, kind, limit=count) for kind in kinds]
    register.dispose()
    for turn in zip_longest(*by_kind):
        yield from (case for case in turn if case is not None)


def _ask_and_pay(service: Service, case: SampleCase) -> str:
    request = _submitted(service, case)
    payment = service.exchange.pay(request.number, fees_of(request), "cash")
    with service.parts.engine.begin() as connection:
        at = service.parts.clock()
        cash.receive_cash(
            connection,
            payment.id,
            counted=payment.amount,
            actor=CLERK.id,
            office=OFFICE,
            at=at,
            on_paid=lambda connection, number: service.movements.pay(connection, number, at=at),
        )
    return request.number


def _submitted(service: Service, case: SampleCase) -> Request:
    offered, at = service.parts.catalogue.find(case.service), service.parts.clock()
    wish = Wish(
        service=case.service,
        channel=Channel.DESK,
        delivery=Delivery.ELECTRONIC,
        applicant=case.applicant,
        subject=case.subject,
        contact="+963999000000",
    )
    with service.parts.engine.begin() as connection:
        request = service.opening.open(connection, wish, actor=CLERK, at=at)
        seen = [document.id for document in offered.required_documents]
        return service.opening.submit(connection, request.number, actor=CLERK, at=at, seen=seen)


def _approve(service: Service, number: str) -> None:
    state = State.FETCHING_RECORD
    while state in _UNTIL_APPROVED:
        state = service.fulfilment.run(number, state)
    if state is State.AWAITING_DECISION:
        with service.parts.engine.begin() as connection:
            request = load_request(connection, number)
            officer = Actor(
                kind=ActorKind.STAFF, id="officer", permissions=frozenset(), agency=request.agency
            )
            state = service.movements.approve(
                connection, number, officer=officer, at=service.parts.clock()
            ).state
    if state is not State.APPROVED:
        raise NotAsExpected(f"{number}: {state}")
