"""Milliseconds per stage of one document, from intent to delivery, on one thread."""

import os

from sqlalchemy.engine.default import DefaultDialect

from benchmarks.desk import approved_requests, finish
from benchmarks.figures import Row, Table, median, percentile
from benchmarks.probes import Probe, Recorder, Spent, attached
from benchmarks.site import Site, opened
from ca.timestamp import TimeStamper
from issuance.app import Gate
from issuance.documents.status_lists import StatusPublisher
from issuance.rendering.renderer import Renderer
from issuance.requests.fulfilment import Fulfilment
from signing.pades.sealer import Sealer
from signing.rendering import view
from signing.seal_codes import SealCodeSigner

NAME = "stages"
WARM_UP = 14
NOT_REACHED = Spent(wall=0.0, processor=0.0)
PROBES = (
    Probe(stage="intent: number, record checked, written down", owner=Fulfilment, function="_intend"),
    Probe(stage="seal code", owner=SealCodeSigner, function="sign"),
    Probe(stage="QR symbol", owner=view, function="draw"),
    Probe(stage="render, without the QR symbol", owner=Renderer, function="render"),
    Probe(stage="seal, without the time-stamp", owner=Sealer, function="seal"),
    Probe(stage="time-stamp", owner=TimeStamper, function="token"),
    Probe(stage="verify gate", owner=Gate, function="__call__"),
    Probe(stage="files and folders flushed to disk", owner=os, function="fsync"),
    Probe(stage="status list: signed, published", owner=StatusPublisher, function="publish"),
    Probe(stage="database: commits, flushed to disk", owner=DefaultDialect, function="do_commit"),
    Probe(stage="database and files: the remaining steps", owner=Fulfilment, function="run"),
)


def measure(site: Site) -> Table:
    """Median, 95th percentile and processor time of each stage."""
    recorder = Recorder()
    with attached(PROBES, recorder):
        service = opened(site.copy(NAME))
        count = WARM_UP + site.documents
        numbers = approved_requests(service, count, site.step("paying requests"))
        recorder.next_document()
        advance = site.step("sealing documents, stage by stage")
        for done, number in enumerate(numbers, start=1):
            finish(service, number)
            recorder.next_document()
            advance(done, count)
    documents = recorder.documents[1 + WARM_UP :]
    rows = [
        _row(probe.stage, [document.get(probe.stage, NOT_REACHED) for document in documents])
        for probe in PROBES
    ]
    return Table(
        name=NAME,
        title=f"One document, stage by stage ({len(documents)} documents of seven kinds, warm, one thread)",
        columns=("median ms", "95th percentile ms", "processor ms"),
        rows=(*rows, _row("total", [_sum(document) for document in documents], total=True)),
        notes=("Processor time is the median over all threads of the process, the renderer's included.",),
    )


def _row(label: str, spent: list[Spent], *, total: bool = False) -> Row:
    walls = [each.wall for each in spent]
    cells = (median(walls), percentile(walls, 95), median([each.processor for each in spent]))
    return Row(label=label, cells=cells, total=total)


def _sum(document: dict[str, Spent]) -> Spent:
    return Spent(
        wall=sum(each.wall for each in document.values()),
        processor=sum(each.processor for each in document.values()),
    )
