"""The whole pipeline as the service runs it: paid requests, durable workflows, delivered documents."""

import time

from sqlalchemy import func, select

from benchmarks.desk import NotAsExpected, approved_requests, finish, paid_requests
from benchmarks.figures import Row, Table
from benchmarks.site import Site, opened
from issuance.app import Service
from issuance.database import reading
from issuance.requests.lifecycle import State
from issuance.requests.models import requests
from issuance.requests.workflow import Worker

NAME = "pipeline"
WARM_UP = 14
CONCURRENCY = (1, 4, 8)
GIVE_UP_SECONDS = 600.0
POLL_SECONDS = 0.05


def measure(site: Site) -> Table:
    """Requests a second from paid to delivered, by one worker process."""
    rows = tuple(_measure(site, concurrency) for concurrency in CONCURRENCY)
    return Table(
        name=NAME,
        title=f"Whole pipeline with durable workflows ({site.documents} requests, paid → delivered)",
        columns=("requests a second", "ms a request"),
        rows=rows,
        notes=("One worker process; that it starts and finds its queue is in the time.",),
    )


def _measure(site: Site, concurrency: int) -> Row:
    service = opened(site.copy(f"{NAME}-{concurrency}"))
    label = f"{concurrency} at a time"
    for number in approved_requests(service, WARM_UP, site.step(f"{label}: warming up")):
        finish(service, number)
    before = _delivered(service)
    numbers = paid_requests(service, site.documents, site.step(f"{label}: paying requests"))
    worker = Worker(
        service.layout.database_url(service.settings),
        executor_id="benchmark",
        fulfilment=service.fulfilment,
        concurrency=concurrency,
    )
    advance = site.step(f"{label}: from paid to delivered")
    started = time.monotonic()
    worker.start()
    try:
        while (delivered := _delivered(service) - before) < len(numbers):
            advance(delivered, len(numbers))
            if time.monotonic() > started + GIVE_UP_SECONDS:
                raise NotAsExpected(f"only {delivered} of {len(numbers)} requests were delivered")
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - started
    finally:
        worker.stop()
    advance(len(numbers), len(numbers))
    return Row(label=label, cells=(len(numbers) / seconds, 1000 * seconds / len(numbers)))


def _delivered(service: Service) -> int:
    query = select(func.count()).select_from(requests).where(requests.c.state == State.DELIVERED.value)
    with reading(service.parts.engine) as connection:
        return connection.execute(query).scalar_one()
