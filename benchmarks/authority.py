"""What the authority's services answer in a second: time-stamps and certificate status."""

import hashlib
import time
from collections.abc import Callable

from asn1crypto import algos, tsp

from benchmarks.figures import Row, Table
from benchmarks.site import Site, opened
from ca.store import find_certificates
from issuance.app import Service

NAME = "authority"
SECONDS = 2.0
WARM_UP = 20


def measure(site: Site) -> Table:
    """Answers a second, each kind for some seconds."""
    service = opened(site.copy(NAME))
    tasks = {
        "time-stamps: request read, token made": _stamping(service),
        "OCSP answers, drafted and linted": _drafting(service),
    }
    advance = site.step("time-stamps and OCSP answers")
    rows = []
    for label, task in tasks.items():
        rate = _rate(task)
        rows.append(Row(label=label, cells=(rate, 1000 / rate)))
        advance(len(rows), len(tasks))
    return Table(
        name=NAME,
        title="The authority's services, one thread",
        columns=("answers a second", "ms an answer"),
        rows=tuple(rows),
    )


def _stamping(service: Service) -> Callable[[], object]:
    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "hashed_message": hashlib.sha256(b"document").digest(),
            },
            "cert_req": True,
            "nonce": 2**63 - 1,
        }
    ).dump()
    return lambda: service.trust_services.time_stamper.respond(request)


def _drafting(service: Service) -> Callable[[], object]:
    responder = service.trust_services.hierarchy.ocsp_responder()
    with service.trust_services.engine.connect() as connection:
        issued = find_certificates(connection)[-1]
    return lambda: responder.draft(issued, hash_name="sha256", at=service.parts.clock())


def _rate(task: Callable[[], object]) -> float:
    for _ in range(WARM_UP):
        task()
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < SECONDS:
        task()
        done += 1
    return done / elapsed
