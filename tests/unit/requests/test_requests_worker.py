"""The worker itself: what passes is tried again, what does not holds the request, once and in words."""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOSClient
from requests_world import MADE, NOON, World, staff
from sqlalchemy import update
from sqlalchemy.engine import Connection

from issuance.catalogue.catalogue import Catalogue
from issuance.database import metadata, open_database
from issuance.documents.book import reserve, save_intent
from issuance.documents.files import FileStore
from issuance.documents.models import Document
from issuance.documents.press import SealedFile
from issuance.requests import workflow
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import Event, State
from issuance.requests.models import Request, requests
from issuance.requests.parts import Handover, Parts
from issuance.requests.stoppages import stoppage_of
from issuance.requests.workflow import Worker, enqueue_fulfilment, open_client
from keys.errors import KeyUnavailable
from signing.formats.pades_level import Level
from signing.pades.errors import UnfitCertificate

PULLED_OUT = KeyUnavailable(key_id="seal", reason="the token was pulled out")
UNFIT = UnfitCertificate("the certificate is about another key")


class Fragile:
    """Press, statuses and courier in one; the press raises what it is given, once each."""

    def __init__(self) -> None:
        self.troubles: list[Exception] = []
        self.pressed = 0

    def template_digest(self) -> str:
        return "0" * 64

    def press(self, document: Document, *, at: datetime, level: Level) -> SealedFile:
        del document, at, level
        self.pressed += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return SealedFile(pdf=b"%PDF-1.7", seal_text="x", made=MADE, timings={})

    def publish(self) -> int:
        return 0

    def prepare(
        self, connection: Connection, request: Request, document: Document, *, at: datetime
    ) -> Handover:
        del connection, request, document, at
        return Handover(facts={})

    def tell(self, handover: Handover, *, at: datetime) -> None:
        del handover, at


class Works:
    """Requests over a file, with a worker of their own."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.url = f"sqlite:///{folder / 'service.db'}"
        self.engine = open_database(self.url)
        metadata.create_all(self.engine)
        self.world = World(engine=self.engine, catalogue=catalogue, folder=folder)
        self.fragile = Fragile()
        fragile: Any = self.fragile
        self.fulfilment = Fulfilment(
            Parts(
                engine=self.engine,
                clock=lambda: NOON,
                catalogue=catalogue,
                registers=self.world.registers,
                press=fragile,
                files=FileStore(folder / "documents"),
                statuses=fragile,
                treasury=self.world.till,
                courier=fragile,
                verify_origin="https://verify.wathiqa.example",
            )
        )
        self.client: DBOSClient = open_client(self.url)

    def start(self) -> Worker:
        worker = Worker(
            self.url, executor_id="test", fulfilment=self.fulfilment, concurrency=1, first_wait_seconds=0.01
        )
        worker.start()
        return worker

    def intended(self) -> Request:
        """A request whose document is about to be sealed, with a worker called for it."""
        request = self.world.submitted()
        with self.engine.begin() as connection:
            save_intent(
                connection,
                reserve(connection, at=NOON),
                kind="birth",
                agency=request.agency,
                request_number=request.number,
                record=b"{}",
                template_digest="0" * 64,
                valid_until=date(2027, 2, 20),
                at=NOON,
            )
            connection.execute(
                update(requests).where(requests.c.number == request.number).values(state=State.INTENDED.value)
            )
        request = self.world.load(request)
        self.call(request)
        return request

    def call(self, request: Request) -> None:
        with self.engine.begin() as connection:
            enqueue_fulfilment(self.client, connection, request)

    def wait(self, request: Request, state: State) -> None:
        _until(lambda: self.world.load(request).state is state)


def _until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 90  # a machine that is busy is no fault of the worker's
    while not holds():
        assert time.monotonic() < give_up, "nothing happened"
        time.sleep(0.02)


@pytest.fixture
def works(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Works]:
    monkeypatch.setattr(workflow, "ATTEMPTS", 3)
    monkeypatch.setattr(workflow, "BACKOFF", 1.0)
    works = Works(tmp_path, catalogue)
    workflow.create_tables(works.url)
    yield works
    works.client.destroy()
    works.engine.dispose()


def test_what_passes_is_tried_again_and_what_lasts_holds(works: Works) -> None:
    worker = works.start()
    try:
        works.fragile.troubles = [PULLED_OUT]
        patient = works.intended()
        works.wait(patient, State.DELIVERED)
        assert works.fragile.pressed == 2
        assert all(step.event is not Event.HOLD for step in works.world.timeline(patient))

        works.fragile.troubles = [PULLED_OUT] * 3
        unlucky = works.intended()
        works.wait(unlucky, State.HELD)
        assert works.fragile.pressed == 5
        _assert_held(works, unlucky, PULLED_OUT)

        works.fragile.troubles = [UNFIT]
        unfit = works.intended()
        works.wait(unfit, State.HELD)
        assert works.fragile.pressed == 6, "what does not pass is not tried again"
        _assert_held(works, unfit, UNFIT)

        works.call(works.world.move("resume", unfit, actor=staff("hind")))
        works.wait(unfit, State.DELIVERED)
    finally:
        worker.stop()


def test_a_worker_that_dies_before_it_holds_holds_for_the_same_reason(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage is not run again, and its error did not become another one."""
    tried: list[str] = []

    def die(*_: object, **__: object) -> State:
        tried.append("hold")
        raise SystemExit

    works.fragile.troubles = [UNFIT]
    with monkeypatch.context() as patch:
        patch.setattr(works.fulfilment, "hold", die)
        worker = works.start()
        request = works.intended()
        _until(lambda: bool(tried))
        worker.stop()
    assert works.world.load(request).state is State.INTENDED

    worker = works.start()
    try:
        works.wait(request, State.HELD)
    finally:
        worker.stop()
    assert works.fragile.pressed == 1
    _assert_held(works, request, UNFIT)


def _assert_held(works: Works, request: Request, error: Exception) -> None:
    stopped = stoppage_of(error)
    facts = works.world.timeline(request)[-1].facts
    assert facts == {"code": stopped.code, "ar": stopped.words.ar, "en": stopped.words.en}
