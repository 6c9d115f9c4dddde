"""The trust services while they run: several processes, renewal, revocation."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from sqlalchemy import Engine, create_engine

from ca.auditing import AuditRecorder
from ca.errors import CertificateNotFound, ClockNotTrusted, NotRevocable
from ca.reasons import RevocationReason
from ca.store import find_certificates, prepare_books
from ca.timestamp_request import RequestRefused
from ca.urls import PublicUrls
from issuance.agencies import AGENCIES
from issuance.database import open_database
from issuance.file_locks import alone
from issuance.trust_services import TrustServices
from signing.formats.trust_list import FILE_NAME, parse_trust_list
from signing.rendering.template_set import encode_template_set, packaged_set, template_set_name
from verify.pages.archive import TemplateArchive
from verify.trust import load_trust

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
REGISTRY = "civil-registry"
COMPROMISE = RevocationReason.KEY_COMPROMISE


@dataclass
class Site:
    """A folder on which any number of processes run; each call of `open` is another process."""

    root: Path
    now: datetime = START
    open_keyring: Any = None
    offline_root: Any = None
    ceremony: Any = None
    told: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    opened: list[TrustServices] = field(default_factory=list)

    @property
    def public(self) -> Path:
        return self.root / "public"

    def open(self, *, audit: AuditRecorder | None = None, trusted_clock: Any = None) -> TrustServices:
        engine = self.books()
        services = TrustServices(
            engine=engine,
            keyring=self.open_keyring(self.root, lambda: self.now),
            agencies=AGENCIES,
            clock=lambda: self.now,
            urls=PublicUrls(),
            verify_origin="https://verify.wathiqa.example",
            public=self.public,
            lock=self.root / "authority.lock",
            audit=audit or (lambda act, facts, _: self.told.append((act, facts))),
            trusted_clock=trusted_clock,
        )
        self.opened.append(services)
        return services

    def books(self) -> Engine:
        engine = open_database(f"sqlite:///{self.root / 'authority.db'}")
        prepare_books(engine)
        return engine

    def found(self) -> Any:
        """The first ceremony, and its results taken in."""
        self.root.mkdir(exist_ok=True)
        root = self.offline_root(self.open_keyring(self.root, lambda: self.now), self.books())
        root.found(at=self.now)
        self.ceremony = root
        return root

    def hold(self, **acts: Any) -> None:
        """A later ceremony, and its results taken in."""
        self.ceremony.hold(at=self.now, **acts)
        self.ceremony.take_in(at=self.now)

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def issued(self) -> list[str]:
        engine = create_engine(f"sqlite:///{self.root / 'authority.db'}")
        with engine.connect() as connection:
            found = [each.name for each in find_certificates(connection)]
        engine.dispose()
        return sorted(found)

    def published_version(self) -> int:
        return parse_trust_list((self.public / FILE_NAME).read_bytes()).trust_list.version


@pytest.fixture
def site(tmp_path: Path, open_keyring: Any, offline_root: Any) -> Iterator[Site]:
    site = Site(tmp_path, open_keyring=open_keyring, offline_root=offline_root)
    root = site.found()
    yield site
    root.engine.dispose()
    for services in site.opened:
        services.engine.dispose()


def seal_of(services: TrustServices) -> x509.Certificate:
    return services.hierarchy.seal(REGISTRY).certificate


def at_once(*calls: Callable[[], object]) -> None:
    """Run them in threads of their own, which the lock keeps apart as it does processes."""
    failed: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  (told to the test below)
            failed.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# Several at once


def test_two_that_begin_at_once_make_one_authority(site: Site) -> None:
    site.open()
    once = site.issued()
    other = Site(site.root / "other", open_keyring=site.open_keyring, offline_root=site.offline_root)
    other.found().engine.dispose()
    at_once(*[other.open] * 4)

    assert other.issued() == once
    assert len({services.hierarchy.root.certificate for services in other.opened}) == 1
    assert len({seal_of(services) for services in other.opened}) == 1
    for services in other.opened:
        services.engine.dispose()


def test_lists_published_at_once_follow_one_another(site: Site) -> None:
    """Two lists of one version would each pass for the newest."""
    several = [site.open() for _ in range(3)]
    at_once(*[lambda each=each: each.publish(at=site.now) for each in several] * 2)

    assert site.published_version() == 6
    load_trust(site.public, at=site.now)


def test_the_lock_keeps_other_processes_out_until_its_holder_is_done(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    attempt = f"import fcntl; fcntl.flock(open({str(lock)!r}, 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with alone(lock):
        refused = subprocess.run([sys.executable, "-c", attempt], check=False, capture_output=True)
        assert b"BlockingIOError" in refused.stderr
    subprocess.run([sys.executable, "-c", attempt], check=True)


# Renewal


def test_certificates_near_their_end_are_renewed_while_running(site: Site) -> None:
    services = site.open()
    services.publish(at=site.now)
    responder, seals = services.hierarchy.ocsp.certificate, services.seals()
    before = seals[REGISTRY]
    services.publish(at=site.later(days=19))
    assert services.hierarchy.ocsp.certificate == responder
    assert seals[REGISTRY] is before
    stamper = services.time_stamper

    services.publish(at=site.later(days=2))

    renewed = services.hierarchy.ocsp.certificate
    assert renewed.not_valid_before_utc == site.now
    assert renewed.public_key() == responder.public_key()
    assert (site.public / "certificates/ocsp.cer").read_bytes() == services.hierarchy.ocsp.der
    assert services.time_stamper is stamper, "it remembers the last instant it stamped"
    published = site.public / f"ocsp/{seal_of(services).serial_number:x}.ors"
    assert ocsp.load_der_ocsp_response(published.read_bytes()).certificates == [renewed]


def test_a_renewed_seal_and_time_stamp_are_in_use_at_once_and_together(site: Site) -> None:
    services = site.open()
    seals, old = services.seals(), services.hierarchy
    before = seals[REGISTRY]

    site.later(days=5 * 365 - 29)
    site.hold(certify=["trust-list"])
    services.publish(at=site.now)

    assert services.hierarchy.seal(REGISTRY).certificate != old.seal(REGISTRY).certificate
    assert services.hierarchy.timestamp.certificate != old.timestamp.certificate
    assert services.time_stamper.certificate == services.hierarchy.timestamp.certificate
    assert seals[REGISTRY] is not before
    assert seals[REGISTRY] is seals[REGISTRY]
    assert set(seals) == {agency.id for agency in AGENCIES}
    assert seals.get("ministry-of-nothing") is None


def test_what_another_process_renewed_is_taken_up_and_not_put_back(site: Site) -> None:
    one, other = site.open(), site.open()
    site.later(days=25)
    one.publish(at=site.now)
    other.publish(at=site.now)

    assert other.hierarchy.ocsp.certificate == one.hierarchy.ocsp.certificate
    assert site.issued().count("ocsp") == 2
    assert (site.public / "certificates/ocsp.cer").read_bytes() == one.hierarchy.ocsp.der


# Revocation


def test_a_revoked_seal_is_replaced_by_a_new_key_and_the_world_is_told(site: Site) -> None:
    services = site.open()
    services.publish(at=site.now)
    old = seal_of(services)
    services.evidence.for_seal(REGISTRY, at=site.now)
    site.later(minutes=1)
    site.told.clear()

    services.revoke(old.serial_number, reason=COMPROMISE, at=site.now)

    assert site.told[0] == (
        "certificate-revoke",
        {
            "serial_number": f"{old.serial_number:x}",
            "name": f"seal-{REGISTRY}",
            "reason": COMPROMISE.value,
        },
    )
    new = seal_of(services)
    assert new.public_key() != old.public_key()
    assert not services.is_published
    services.evidence.for_seal(REGISTRY, at=site.now)  # does not raise CertificateRevoked
    services.publish(at=site.now)
    assert services.is_published
    crl = x509.load_der_x509_crl((site.public / "crl/issuing.crl").read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(old.serial_number) is not None


def test_evidence_from_before_a_revocation_is_forgotten(site: Site) -> None:
    """Even where the certificate in use stays: the other agency's evidence is fresh again too."""
    services = site.open()
    site.later(days=25)
    services.publish(at=site.now)
    engine = services.engine
    with engine.connect() as connection:
        superseded = find_certificates(connection, name="ocsp")[-1]
    before = services.evidence.for_seal(REGISTRY, at=site.now)
    assert services.evidence.for_seal(REGISTRY, at=site.now) is before

    services.revoke(superseded.serial_number, reason=RevocationReason.SUPERSEDED, at=site.now)

    assert services.evidence.for_seal(REGISTRY, at=site.now) is not before


def test_no_document_is_sealed_with_what_another_process_revoked(site: Site) -> None:
    worker, operator = site.open(), site.open()
    seals, before = worker.seals(), worker.seals()[REGISTRY]
    worker.publish(at=site.now)
    operator.revoke(seal_of(operator).serial_number, reason=COMPROMISE, at=site.now)

    assert seals[REGISTRY] is not before
    assert seal_of(worker) == seal_of(operator)
    assert not worker.is_published, "its housekeeping publishes in the next round"


def test_what_answers_and_stamps_is_replaced_by_the_housekeeping(site: Site) -> None:
    web, operator = site.open(), site.open()
    for name in ("timestamp", "ocsp"):
        credential = getattr(operator.hierarchy, name)
        operator.revoke(credential.certificate.serial_number, reason=COMPROMISE, at=site.now)
        assert getattr(web.hierarchy, name).certificate == credential.certificate
    web.replace_revoked(at=site.now)

    assert web.hierarchy.timestamp.certificate == operator.hierarchy.timestamp.certificate
    assert web.hierarchy.ocsp.certificate == operator.hierarchy.ocsp.certificate
    assert web.time_stamper.certificate == operator.hierarchy.timestamp.certificate


def test_where_the_audit_cannot_be_written_nothing_is_revoked(site: Site) -> None:
    site.open()

    def refuse(*_: object) -> None:
        raise OSError("the disk is full")

    services = site.open(audit=refuse)
    before = seal_of(services)
    with pytest.raises(OSError, match="full"):
        services.revoke(before.serial_number, reason=COMPROMISE, at=site.now)
    services.replace_revoked(at=site.now)
    assert seal_of(services) == before


def test_what_the_root_signed_is_not_revoked_by_a_command(site: Site) -> None:
    """Its list comes from a ceremony, and so does the revocation."""
    services = site.open()
    found = services.hierarchy
    for credential in (found.root, found.issuing, found.trust_list_signer):
        with pytest.raises(NotRevocable, match="ceremony"):
            services.revoke(credential.certificate.serial_number, reason=COMPROMISE, at=site.now)
    with pytest.raises(CertificateNotFound):
        services.revoke(4711, reason=COMPROMISE, at=site.now)


def test_without_a_lease_a_revocation_is_booked_and_told_when_the_clock_is_believed_again(site: Site) -> None:
    """Taking something out of force never waits for a clock; signing does."""
    believed = [True]

    def trusted() -> datetime:
        if not believed[0]:
            raise ClockNotTrusted(reason="it was set back")
        return site.now

    services = site.open(trusted_clock=trusted)
    services.publish(at=site.now)
    before, answer = seal_of(services), answer_about(site, seal_of(services))
    believed[0] = False
    with pytest.raises(ClockNotTrusted):
        services.revoke(before.serial_number, reason=COMPROMISE, at=site.later(minutes=1))
    assert site.issued().count(f"seal-{REGISTRY}") == 1, "nothing was signed"
    with pytest.raises(ClockNotTrusted):
        services.seal(REGISTRY)
    with pytest.raises(ClockNotTrusted):
        services.publish(at=site.now)
    with pytest.raises(RequestRefused):
        services.time_stamper.token(bytes(32))
    assert answer_about(site, before) == answer

    believed[0] = True
    services.publish(at=site.now)
    assert seal_of(services) != before
    revoked = ocsp.load_der_ocsp_response(answer_about(site, before))
    assert revoked.certificate_status is ocsp.OCSPCertStatus.REVOKED


def answer_about(site: Site, certificate: x509.Certificate) -> bytes:
    return (site.public / "ocsp" / f"{certificate.serial_number:x}.ors").read_bytes()


# Template sets


def test_the_template_set_is_published_and_vouched_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is every set before it, for as long as paper lasts."""
    services = site.open()
    services.publish(at=site.now)
    first = packaged_set()
    changed = replace(first, files={**first.files, "templates/birth.typ": b"#let page(data) = [Birth]"})
    changed = replace(changed, digest=sha256(encode_template_set(changed)).hexdigest())
    monkeypatch.setattr("issuance.trust_services.packaged_set", lambda: changed)
    services.publish(at=site.later(days=1))

    trust = load_trust(site.public, at=site.later(days=0))
    archive = TemplateArchive(trust.source, vouched=trust.trust_list.files)

    assert archive.find(changed.digest) == changed
    assert template_set_name(first.digest) in trust.trust_list.files
    assert (site.public / template_set_name(first.digest)).read_bytes() == encode_template_set(first)
