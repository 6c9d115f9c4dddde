"""The seal key of an agency is compromised while the service runs; an operator revokes its certificate."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from installed_service import Delivered, Town, run
from nothing_lost import assert_nothing_lost

from ca.reasons import RevocationReason
from issuance.app import compose, open_trust_services
from issuance.cli.commands import main
from issuance.keyrings import open_keyring
from issuance.settings import load_settings
from issuance.trust_services import TrustServices

SEAL = "seal-civil-registry"


@pytest.fixture
def own_town(pristine: Path, tmp_path: Path) -> Iterator[Town]:
    """A town of its own: what is done here is done for good."""
    shutil.copytree(pristine, tmp_path / "service")
    town = Town(tmp_path / "service")
    yield town
    assert_nothing_lost(town.service)
    town.close()


def test_the_next_document_is_sealed_anew_and_those_before_stand(
    own_town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = own_town
    before = _delivered(town)
    town.later(minutes=10)
    old = _seal(town.service.trust_services)
    # The operator's command is another process: it opens the installation for itself.
    monkeypatch.setattr(
        "issuance.installation.compose",
        lambda layout, _, **__: compose(layout, load_settings(layout), clock=town.clock),
    )
    directory = ["--directory", str(town.layout.root)]
    reason = ["--reason", "keyCompromise"]
    ended = run(main, "wathiqa", "ca", "revoke", f"{old.serial_number:x}", *reason, *directory)
    assert ended.code == 0, ended.err
    assert "is revoked" in ended.out

    town.clock.now = town.clock.now.replace(second=30)
    after = _delivered(town)

    assert _seal(town.service.trust_services).public_key() != old.public_key()
    town.later(hours=2)
    for name, document in (("before", before), ("after", after)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(document.pdf)
        assert town.verify(str(path)).code == 0, name
    with town.engine.connect() as connection:
        told = connection.exec_driver_sql(
            "SELECT count(*) FROM audit_entries WHERE action = 'authority.certificate-revoke'"
        )
        assert told.scalar() == 1


def _delivered(town: Town) -> Delivered:
    case = town.case()
    return town.delivered(case, town.citizen(case.applicant))


def _seal(services: TrustServices) -> x509.Certificate:
    return services.hierarchy.seal(SEAL.removeprefix("seal-")).certificate


def test_what_nobody_has_published_the_housekeeping_publishes(own_town: Town) -> None:
    """The operator's process died between the revocation and its publication."""
    town, service = own_town, own_town.service
    town.later(minutes=1)
    keyring = open_keyring(town.layout, service.settings, clock=town.clock)
    operator = open_trust_services(town.layout, service.settings, town.engine, town.clock, keyring)
    old = _seal(operator)
    operator.revoke(old.serial_number, reason=RevocationReason.KEY_COMPROMISE, at=town.clock())
    operator.engine.dispose()
    keyring.close()

    town.later(seconds=5)

    crl = x509.load_der_x509_crl((town.layout.public / "crl/issuing.crl").read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(old.serial_number) is not None
    assert _seal(service.trust_services) != old
