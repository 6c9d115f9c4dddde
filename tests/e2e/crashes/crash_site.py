"""A small installation that can be killed and started again, and the people who use it.

Whoever acts here acts as people do after a breakdown: they look where the request stands
and do the next thing, which may have been done already.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import pytest
from cheap_keys import cheap_key_files
from fuse import Died, Fuse

from issuance import app, installation
from issuance.app import Service, compose
from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.models import Channel, Delivery, DocumentKind
from issuance.database import reading
from issuance.documents.files import FileStore
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.citizens import enrol_citizen
from issuance.payments.models import PaymentState
from issuance.payments.sandbox.app import Sandbox, SandboxSettings, create_app
from issuance.payments.sandbox.in_process import InProcessTransport
from issuance.payments.treasury import fees_of
from issuance.public_files import sweep_public
from issuance.registries.samples import (
    SampleCase,
    SampleSubjects,
    sample_subjects,
)
from issuance.registries.tables import open_register
from issuance.rendering.renderer import Renderer
from issuance.requests.book import load_request
from issuance.requests.lifecycle import AUTOMATIC, FINAL, State
from issuance.requests.models import Request
from issuance.requests.opening import Wish
from issuance.settings import Layout, Settings, load_settings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PERSONS = 3_000  # the smallest register that has an example of each situation
PHONE = "+963944000001"
IDENTITY_PAGE = b"%PDF-1.7\n% a picture of an identity card\n%%EOF\n"
PROVIDER = "e-payments"
OFFICER = Actor(
    kind=ActorKind.STAFF, id="officer", permissions=frozenset(), agency="civil-registry", office="damascus-1"
)


_load_once, _render_once = cache(Catalogue.load), cache(Renderer)


def install(root: Path) -> None:
    """Make an installation whose key files are cheap to open."""
    with cheap_key_files():
        installation.initialise(
            Layout(root=root), Settings(), passphrase_in_file=True, persons=PERSONS, clock=lambda: NOON
        ).close()


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Site:
    """The installation, the payment provider beside it, and the clock of both."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    fuse: Fuse = field(default_factory=Fuse)

    def __post_init__(self) -> None:
        self.layout = Layout(root=self.root)
        self._hooks: list[Callable[[Service], Service]] = []
        self.settings = load_settings(self.layout)
        settings = SandboxSettings(
            database_url=f"sqlite:///{self.layout.state / 'sandbox-payments.db'}",
            api_key=self.layout.payment_key.read_text(encoding="utf-8").strip(),
            webhook_secrets=(self.layout.webhook_secret.read_text(encoding="utf-8").strip(),),
            webhook_url="http://service/webhooks/payments/e-payments",
            base_url="http://sandbox",
            courier_idle_seconds=None,
        )
        self._nobody = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(503)))
        self.provider = create_app(settings, clock=self.clock, client=self._nobody)
        self._sandbox: Sandbox = self.provider.state.sandbox
        self.service = self._start()

    def change(self, hook: Callable[[Service], Service]) -> None:
        """Let every life of the service be another one: `hook` is applied to each."""
        self._hooks.append(hook)
        self.service = hook(self.service)

    def restart(self) -> None:
        """What a process remembered is gone; what it wrote is there."""
        self.service.close()
        self.fuse.calm()
        self.service = self._start()

    def close(self) -> None:
        self.service.close()
        self._sandbox.engine.dispose()
        self._nobody.close()

    def samples(self) -> SampleSubjects:
        register = open_register(self.layout.civil_register)
        with register.connect() as connection:
            found = sample_subjects(connection)
        register.dispose()
        return found

    def case(self, kind: DocumentKind) -> SampleCase:
        """Somebody who may have such a document."""
        return self.samples().granted[kind]

    def unfinished(self) -> SampleCase:
        """Somebody whose divorce still awaits a paper."""
        return self.samples().unfinished_divorce

    def load(self, number: str) -> Request:
        with reading(self.service.parts.engine) as connection:
            return load_request(connection, number)

    def approve_payment(self, payment_id: str) -> None:
        """The payer presses the button on the provider's page; pressing it again changes nothing."""
        key = self.layout.payment_key.read_text(encoding="utf-8").strip()
        with httpx.Client(transport=InProcessTransport(self.provider), base_url="http://sandbox") as payer:
            payer.post(f"/sandbox/intents/{payment_id}/approve", headers={"authorization": f"Bearer {key}"})

    def housekeeping(self) -> None:
        """What a later round would do: deadlines, unanswered calls, statuses."""
        self.clock.forward(minutes=1)
        at = self.clock()
        with self.service.parts.engine.begin() as connection:
            self.service.movements.keep_deadlines(connection, at=at)
        self.service.exchange.resolve_unfinished(older_than=timedelta(seconds=30))
        self.service.parts.statuses.publish()
        for folder in (self.layout.documents, self.layout.attachments):
            FileStore(folder).sweep(before=datetime(2100, 1, 1, tzinfo=UTC))
        sweep_public(self.layout.public, before=datetime(2100, 1, 1, tzinfo=UTC))

    def _start(self) -> Service:
        with pytest.MonkeyPatch.context() as patch:
            # They hold nothing that a restart would lose, and are slow to load.
            patch.setattr(Catalogue, "load", _load_once)
            patch.setattr(app, "Renderer", _render_once)
            service = compose(
                self.layout,
                self.settings,
                clock=self.clock,
                to_provider=self.fuse.wire(InProcessTransport(self.provider)),
            )
        self.fuse.watch(service)
        for hook in self._hooks:
            service = hook(service)
        return service


class Errand:
    """One citizen's request, done step by step by everybody it takes."""

    def __init__(self, site: Site, case: SampleCase, *, delivery: Delivery = Delivery.ELECTRONIC) -> None:
        self.site, self.case, self.delivery = site, case, delivery
        self.number: str | None = None
        self.while_waiting: Callable[[], None] | None = None
        self.citizen = Actor(
            kind=ActorKind.CITIZEN,
            id=f"citizen-{case.applicant}",
            permissions=frozenset(),
            national_number=case.applicant,
        )

    @property
    def request(self) -> Request:
        assert self.number is not None
        return self.site.load(self.number)

    def go(self, *, until: frozenset[State] = FINAL, patience: int = 60) -> Request:
        """Do the next thing until the request stands there."""
        for _ in range(patience):
            if self.number is not None and self.request.state in until:
                return self.request
            self.step()
        raise AssertionError(f"{self.number}: no end after {patience} steps")

    def die_at_every_write(self, *, persisted: bool, look: Callable[[], object]) -> list[str]:
        """Do each thing again and again, dying at its first write, its second …, until it is done.

        Returns how it died; `look` is called after each death, when the service has started again.
        """
        deaths: list[str] = []
        while (state := self._state()) not in FINAL:
            died_at: set[str] = set()
            while self._dies(died_at, persisted=persisted):
                look()
                if self._state() is not state:
                    break  # it was done all the same
            deaths += [f"{state}: {write}" for write in sorted(died_at)]
        return deaths

    def _dies(self, died_at: set[str], *, persisted: bool) -> bool:
        """Whether the next step died, at a write at which it did not die before."""
        self.site.fuse.arm(died_at, persisted=persisted)
        try:
            self.step()
        except Died:
            died_at.add(self.site.fuse.blown)
            self.site.restart()
            return True
        self.site.fuse.calm()
        return False

    def _state(self) -> State | None:
        return None if self.number is None else self.request.state

    def step(self) -> None:
        """The next thing, by whoever does it."""
        if self.number is None:
            self._open()
            return
        request = self.request
        match request.state:
            case State.DRAFT:
                self._submit(request)
            case State.AWAITING_PAYMENT:
                self._pay(request)
            case State.AWAITING_DECISION:
                self._approve(request)
            case State.AWAITING_RECORD if self.while_waiting is not None:
                self.while_waiting()
            case state if state in AUTOMATIC:
                self.site.service.fulfilment.run(request.number, state)
            case state:
                raise AssertionError(f"{request.number}: nobody knows what to do while it is {state}")

    def _open(self) -> None:
        service = self.site.service
        wish = Wish(
            service=self.case.service.value,
            channel=Channel.SELF_SERVICE,
            delivery=self.delivery,
            applicant=self.case.applicant,
            subject=self.case.subject,
            contact=PHONE,
        )
        with service.parts.engine.begin() as connection:
            enrol_citizen(connection, wish.applicant, PHONE, by=OFFICER, at=self.site.clock())
            opened = service.opening.open(connection, wish, actor=self.citizen, at=self.site.clock())
        self.number = opened.number

    def _submit(self, request: Request) -> None:
        service, at = self.site.service, self.site.clock()
        with service.parts.engine.begin() as connection:
            for document in service.parts.catalogue.find(request.service).required_documents:
                service.opening.attach(
                    connection, request, document.id, IDENTITY_PAGE, name="identity.pdf", at=at
                )
            service.opening.submit(connection, request.number, actor=self.citizen, at=at)

    def _approve(self, request: Request) -> None:
        service = self.site.service
        with service.parts.engine.begin() as connection:
            service.movements.approve(connection, request.number, officer=OFFICER, at=self.site.clock())

    def _pay(self, request: Request) -> None:
        exchange = self.site.service.exchange
        payment = exchange.pay(request.number, fees_of(request), PROVIDER)
        if payment.state in {PaymentState.PENDING, PaymentState.UNKNOWN}:
            self.site.approve_payment(payment.id)
            exchange.sync(payment.id)
