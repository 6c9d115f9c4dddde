"""The whole way of a document, from the wish to the public's verdict, on both databases."""

import time
from dataclasses import replace
from functools import partial

from crash_site import Errand, Site
from database_racing import race
from invariants import check_books, check_end, check_request, timeline
from sqlalchemy import func, select, table
from sqlalchemy.engine import Connection

from issuance.catalogue.models import DocumentKind
from issuance.database import reading
from issuance.documents.book import documents_of_request
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import AUTOMATIC, FINAL, Event, State
from issuance.requests.workflow import Worker
from verify.documents import DocumentJudge
from verify.trust import load_trust

PATIENCE_SECONDS = 60.0


def verdict(site: Site, number: str) -> str:
    """What the public is told of the request's document, from the published files alone."""
    with reading(site.service.parts.engine) as connection:
        (document,) = documents_of_request(connection, number)
    pdf = site.service.parts.files.read(f"{document.number}.pdf")
    judge = DocumentJudge(load_trust(site.layout.public, at=site.clock()))
    return judge.validate(pdf, at=site.clock()).indication.value


def test_a_request_is_paid_worked_on_by_dbos_and_verified(site: Site) -> None:
    """The worker is called in our transaction and runs on the same database."""
    errands = [Errand(site, site.case(DocumentKind.BIRTH)), Errand(site, site.unfinished())]
    numbers = [errand.go(until=frozenset({State.FETCHING_RECORD})).number for errand in errands]

    worker = Worker(
        site.layout.database_url(site.settings), executor_id="one", fulfilment=site.service.fulfilment
    )
    worker.start()
    try:
        ends = [_wait(site, number) for number in numbers]
    finally:
        worker.stop()

    assert ends == [State.DELIVERED, State.REFUSED]
    site.housekeeping()
    for number in numbers:
        check_end(site.service, number)
        assert verdict(site, number) == "TOTAL-PASSED"
    check_books(site.service)


def test_a_worker_is_called_only_with_the_change_that_calls_it(site: Site) -> None:
    errand = Errand(site, site.case(DocumentKind.NON_EMPLOYMENT))
    number = errand.go(until=frozenset({State.AWAITING_PAYMENT})).number
    with site.service.parts.engine.connect() as connection:
        site.service.movements.pay(connection, number, at=site.clock())
        assert _workflows(connection) == 1
        connection.rollback()
        assert _workflows(connection) == 0


def test_two_workers_race_through_every_stage_of_the_same_requests(site: Site) -> None:
    """Each request is given to two workers at once, and to whoever else has time."""
    kinds = (DocumentKind.NON_EMPLOYMENT, DocumentKind.BIRTH)
    errands = [*(Errand(site, site.case(kind)) for kind in kinds), Errand(site, site.unfinished())]
    numbers = [errand.go(until=frozenset({State.FETCHING_RECORD})).number for errand in errands]
    workers = [Fulfilment(replace(site.service.parts)) for _ in range(2)]

    def work(worker: Fulfilment, number: str) -> State:
        state = site.load(number).state
        while state in AUTOMATIC:
            state = worker.run(number, state)
        return state

    ends = race([partial(work, worker, number) for number in numbers for worker in workers])

    assert set(ends) == {State.DELIVERED, State.REFUSED}
    site.housekeeping()
    for number in numbers:
        check_request(site.service, number)
        check_end(site.service, number)
        assert Event.HOLD not in [line.event for line in timeline(site.service, number)]
        assert verdict(site, number) == "TOTAL-PASSED"
    check_books(site.service)


def _wait(site: Site, number: str) -> State:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while (state := site.load(number).state) not in FINAL:
        assert time.monotonic() < give_up, f"{number} is still {state}"
        time.sleep(0.05)
    return state


def _workflows(connection: Connection) -> int | None:
    schema = "dbos" if connection.dialect.name == "postgresql" else None
    return connection.scalar(select(func.count()).select_from(table("workflow_status", schema=schema)))
