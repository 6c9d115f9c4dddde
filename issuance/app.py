"""The service's composition root: reads settings, opens connections, chooses implementations.

Everything else is given what it needs. `compose` makes the parts of one process; the
web application (`web.py`), the worker and the commands use them.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from dbos import DBOSClient
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from ca.applications import prepare_applications
from ca.auditing import AuditRecorder
from ca.ceremony.errors import CeremonyNeeded
from ca.certificates import Issuer
from ca.store import prepare_books
from ca.urls import PublicUrls
from issuance.agencies import AGENCIES
from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.authority.desk import AuthorityDesk
from issuance.authority.naming import key_digest
from issuance.books import open_authority_books, open_books
from issuance.catalogue.catalogue import Catalogue
from issuance.clock import Clock, system_clock
from issuance.clocks import open_clock
from issuance.delivery.courier import Couriers
from issuance.documents.files import FileStore
from issuance.documents.press import Press
from issuance.documents.status_lists import StatusPublisher
from issuance.file_locks import alone
from issuance.http.cursors import Cursors
from issuance.identity.actors import system_actor
from issuance.identity.passwords import Passwords
from issuance.identity.senders import OutboxFile
from issuance.identity.service_secret import ServiceSecret, load_service_secret
from issuance.ledger.models import MAX_MINOR
from issuance.money import Currency
from issuance.payments.cash import CashProvider
from issuance.payments.electronic import ElectronicProvider
from issuance.payments.exchange import Exchange
from issuance.payments.provider import Capabilities, Provider
from issuance.payments.treasury import Treasury
from issuance.payments.webhooks import parse_secret
from issuance.public_files import write_public
from issuance.registries.civil_registry import CivilRegistry
from issuance.registries.connected import ConnectedRegisters
from issuance.registries.tables import open_register
from issuance.registries.workers_register import WorkersRegister
from issuance.rendering.renderer import Renderer
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.models import Request
from issuance.requests.movements import CASHIER, Movements
from issuance.requests.opening import Opening
from issuance.requests.parts import Parts
from issuance.requests.workflow import enqueue_fulfilment, open_client
from issuance.settings import Layout, Settings
from issuance.signers import find_keyring
from issuance.trust_services import TrustServices
from issuance.verification.judges import Judges
from keys.keyring import Keyring
from verify.documents import DocumentJudge
from verify.trust import load_trust
from verify.verdict import ValidationReport

# The gate reads the published files anew after this, so that it judges as the public does.
TRUST_FRESH_FOR = timedelta(minutes=5)
PROVIDER_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of one process."""

    layout: Layout
    settings: Settings
    parts: Parts
    trust_services: TrustServices
    keyring: Keyring
    desk: AuthorityDesk
    registers: ConnectedRegisters
    exchange: Exchange
    opening: Opening
    movements: Movements
    fulfilment: Fulfilment
    judges: Judges
    passwords: Passwords
    sender: OutboxFile
    secret: ServiceSecret
    cursors: Cursors
    resources: ExitStack

    def close(self) -> None:
        """Close databases and connections; a worker of this process must have stopped."""
        self.resources.close()

    def publish(self) -> None:
        """Bring every published file up to date: certificates, lists, page, statuses, and their bundle."""
        at = self.parts.clock()
        try:
            self.trust_services.publish(at=at)
        finally:  # where a ceremony is lacking, statuses are due all the same
            if self.trust_services.code_keys.published() is not None:  # else no list tells who signs them
                self.parts.statuses.publish_all()
        self.trust_services.publish_bundle(at=self.parts.clock(), at_once=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The certificate authority without its services: for ceremonies. Nobody else changes it meanwhile."""

    books: Engine
    keyring: Keyring
    audit: AuditRecorder


def compose(
    layout: Layout,
    settings: Settings,
    *,
    clock: Clock = system_clock,
    to_provider: httpx.BaseTransport | None = None,
    keyring: Keyring | None = None,
) -> Service:
    """Open an installation that `wathiqa init` has made.

    Args:
        layout: where it is.
        settings: its own choices.
        clock: the time it goes by.
        to_provider: carries calls to the payment provider; None: the network.
        keyring: the keys; None: by the signers that run, else in this process.

    Raises:
        DatabaseNotReady: the database is not at this program's revision.
    """
    resources, engine = ExitStack(), open_books(layout, settings)
    resources.callback(engine.dispose)
    if keyring is None:
        keyring = own_keyring = find_keyring(layout, settings, clock=clock)
        resources.callback(own_keyring.close)
    trust_services = open_trust_services(layout, settings, engine, clock, keyring)
    resources.callback(trust_services.engine.dispose)
    registers = open_registers(layout, clock)
    resources.callback(registers.close)
    network = httpx.Client(timeout=PROVIDER_TIMEOUT_SECONDS, transport=to_provider)
    resources.callback(network.close)
    provider = _electronic_provider(layout, settings, network)
    workers = open_client(layout.database_url(settings))
    resources.callback(workers.destroy)
    exchange, treasury, movements = _open_money(engine, workers, clock, registers, provider)
    judges = Judges(layout.public)
    resources.callback(judges.close)
    secret, sender = load_service_secret(layout.secret), OutboxFile(layout.outbox)
    parts = Parts(
        engine=engine,
        clock=clock,
        catalogue=Catalogue.load(),
        registers=registers,
        press=Press(
            renderer=Renderer(),
            seals=trust_services.seals(),
            validate=Gate(layout.public),
        ),
        files=FileStore(layout.documents),
        statuses=StatusPublisher(
            engine=engine,
            clock=clock,
            directory=layout.public / "status",
            sign=trust_services.status_list_signer().sign,
            write=write_public,
        ),
        treasury=treasury,
        courier=Couriers(sender=sender, public_address=settings.public_address),
        verify_origin=settings.verify_origin,
    )
    return Service(
        layout=layout,
        settings=settings,
        parts=parts,
        trust_services=trust_services,
        keyring=keyring,
        desk=open_desk(layout, settings, engine, trust_services, keyring),
        registers=registers,
        exchange=exchange,
        opening=Opening(
            catalogue=parts.catalogue, registers=registers, attachments=FileStore(layout.attachments)
        ),
        movements=movements,
        fulfilment=Fulfilment(parts),
        judges=judges,
        passwords=Passwords(),
        sender=sender,
        secret=secret,
        cursors=Cursors(secret.key("cursors")),
        resources=resources,
    )


@contextmanager
def opened_authority(layout: Layout, settings: Settings, clock: Clock) -> Iterator[Authority]:
    """The authority's books and keys, before or without the services that need certificates."""
    with ExitStack() as resources:
        service_books = open_books(layout, settings)
        resources.callback(service_books.dispose)
        books = open_authority_books(layout)
        resources.callback(books.dispose)
        prepare_books(books)
        keyring = find_keyring(layout, settings, clock=clock)
        resources.callback(keyring.close)
        resources.enter_context(alone(layout.authority_lock))
        yield Authority(books=books, keyring=keyring, audit=_authority_audit(service_books))


def open_trust_services(
    layout: Layout, settings: Settings, engine: Engine, clock: Clock, keyring: Keyring
) -> TrustServices:
    """The authority with its keys; certificates that are missing or near their end are made."""
    authority = open_authority_books(layout)
    prepare_books(authority)
    prepare_applications(authority)
    return TrustServices(
        engine=authority,
        keyring=keyring,
        agencies=AGENCIES,
        clock=clock,
        urls=PublicUrls(origin=settings.pki_origin),
        verify_origin=settings.verify_origin,
        public=layout.public,
        lock=layout.authority_lock,
        audit=_authority_audit(engine),
        trusted_clock=open_clock(settings, clock),
        code_keys_sign_for=timedelta(days=int(settings.code_keys_sign_for)),
    )


def open_desk(
    layout: Layout, settings: Settings, engine: Engine, trust_services: TrustServices, keyring: Keyring
) -> AuthorityDesk:
    """Where applications are decided and certificates taken out of force."""

    def issuer() -> Issuer:
        return trust_services.hierarchy.issuing.as_issuer()

    def publish(at: datetime) -> None:
        with suppress(CeremonyNeeded):  # lists and answers are out; the housekeeping, hourly, says what lacks
            trust_services.publish(at=at)

    def own_keys() -> frozenset[str]:
        return frozenset(key_digest(record.public_key) for record in keyring.records())

    return AuthorityDesk(
        books=trust_services.engine,
        engine=engine,
        issuer=issuer,
        trusted_clock=trust_services.trusted_clock,
        urls=PublicUrls(origin=settings.pki_origin),
        lock=layout.authority_lock,
        agencies=AGENCIES,
        own_keys=own_keys,
        status_changed=lambda at: trust_services.replace_revoked(at=at),
        publish=publish,
    )


def open_registers(layout: Layout, clock: Clock) -> ConnectedRegisters:
    """The registers that this installation is connected to."""
    register = open_register(layout.civil_register)
    return ConnectedRegisters(
        register, [CivilRegistry(register, clock=clock), WorkersRegister(register, clock=clock)]
    )


class Gate:
    """Our own verifier with what the public has: the files below `public/`."""

    def __init__(self, public: Path) -> None:
        self._public = public
        self._lock = threading.Lock()
        self._judge: DocumentJudge | None = None
        self._fresh_until: datetime | None = None

    def __call__(self, pdf: bytes, at: datetime) -> ValidationReport:
        """The report on one file."""
        return self._current(at).validate(pdf, at=at)

    def _current(self, at: datetime) -> DocumentJudge:
        with self._lock:
            if self._judge is None or self._fresh_until is None or at >= self._fresh_until:
                self._judge = DocumentJudge(load_trust(self._public, at=at))
                self._fresh_until = at + TRUST_FRESH_FOR
            return self._judge


def _electronic_provider(layout: Layout, settings: Settings, network: httpx.Client) -> ElectronicProvider:
    return ElectronicProvider(
        name=settings.payment_provider,
        client=network,
        base_url=settings.payment_address,
        api_key=layout.payment_key.read_text(encoding="utf-8").strip(),
        webhook_keys=[parse_secret(layout.webhook_secret.read_text(encoding="utf-8").strip())],
        capabilities=Capabilities(currencies=frozenset({Currency.SYP}), max_minor=MAX_MINOR),
    )


def _open_money(
    engine: Engine, workers: DBOSClient, clock: Clock, registers: ConnectedRegisters, electronic: Provider
) -> tuple[Exchange, Treasury, Movements]:
    def call_worker(connection: Connection, request: Request) -> None:
        enqueue_fulfilment(workers, connection, request)

    def on_paid(connection: Connection, number: str) -> None:
        movements.pay(connection, number, at=clock())

    def on_refunded(connection: Connection, number: str) -> None:
        about = AuditObject(kind="request", id=number)
        trail.record(connection, CASHIER, "request.refunded", about, at=clock())

    providers: list[Provider] = [electronic, CashProvider(engine)]
    exchange = Exchange(engine, providers, clock=clock, on_paid=on_paid, on_refunded=on_refunded)
    treasury = Treasury(engine, exchange)
    movements = Movements(registers=registers, treasury=treasury, call_worker=call_worker)
    return exchange, treasury, movements


def _authority_audit(engine: Engine) -> AuditRecorder:
    """What the authority does goes into the service's one trail; where that fails, nothing is signed."""
    operator = system_actor("authority")

    def audit(act: str, facts: Mapping[str, str], at: datetime) -> None:
        about = AuditObject(kind="authority", id=facts.get("serial_number", facts.get("issuer", "-")))
        with engine.begin() as connection:
            trail.record(connection, operator, f"authority.{act}", about, at=at, facts=dict(facts))

    return audit
