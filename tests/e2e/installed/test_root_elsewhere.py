"""The root's key is carried away: the service goes on, and takes in what ceremonies make."""

import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from installed_service import Delivered, Town
from nothing_lost import assert_nothing_lost

from ca.ceremony.check import check_results
from ca.ceremony.earlier import load_earlier
from ca.ceremony.plan import load_plan
from ca.ceremony.play import perform
from ca.ceremony.requests import DraftedRevocation
from ca.ceremony.results import write_results
from ca.ceremony.sheets import SheetFolder
from ca.reasons import RevocationReason
from issuance.app import opened_authority
from issuance.ceremonies import OWN_CEREMONY, Asked, find_due, take_in, write_requests
from issuance.settings import Layout

COMPROMISE, SUPERSEDED = RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED


@pytest.fixture
def own_town(pristine: Path, tmp_path: Path) -> Iterator[Town]:
    """A town of its own, whose root was carried to another folder."""
    shutil.copytree(pristine, tmp_path / "service")
    Layout(root=tmp_path / "service").offline_root.rename(tmp_path / "safe")
    town = Town(tmp_path / "service")
    yield town
    assert_nothing_lost(town.service)
    town.close()


def test_without_the_root_documents_are_sealed_certificates_revoked_and_lists_published(
    own_town: Town, tmp_path: Path
) -> None:
    town = own_town
    assert "root" not in {path.name.partition(".")[0] for path in (town.layout.state / "keys").iterdir()}
    before = _delivered(town)
    town.later(hours=1)
    services = town.service.trust_services
    seal = services.hierarchy.seal("civil-registry").certificate
    services.revoke(seal.serial_number, reason=COMPROMISE, at=town.clock())
    town.service.publish()
    after = _delivered(town)
    town.later(hours=30)
    town.service.publish()

    for name, document in (("before", before), ("after", after)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(document.pdf)
        assert town.verify(str(path)).code == 0, name
    assert not town.layout.offline_root.exists()


def test_the_results_that_init_left_pass_their_check(own_town: Town, tmp_path: Path) -> None:
    del own_town
    assert len(list(check_results(tmp_path / "safe/ceremony"))) == 7
    sheets = sorted(path.name for path in (tmp_path / "safe/sheets").iterdir())
    assert sheets == ["sheet-1-of-3.txt", "sheet-2-of-3.txt", "sheet-3-of-3.txt"]
    assert "لا تقرأ" in (tmp_path / "safe/README.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("reason", "before_is"), [(SUPERSEDED, 0), (COMPROMISE, 2)])
def test_the_issuing_ca_is_replaced_and_everything_follows(
    own_town: Town, tmp_path: Path, reason: RevocationReason, before_is: int
) -> None:
    """What was sealed before stands, unless the key was stolen.

    A stolen key certifies time-stampers, whose stamps say any time: then no time-stamp below it
    proves anything, and a verifier says that it cannot decide.
    """
    town, services = own_town, own_town.service.trust_services
    before, old = _delivered(town), services.hierarchy
    town.later(days=1)
    revoke = DraftedRevocation(
        name="issuing", serial_number=old.issuing.certificate.serial_number, reason=reason
    )
    with opened_authority(town.layout, town.service.settings, town.clock) as authority:
        replaced = authority.keyring.replace("issuing", at=town.clock())
    _hold(town, tmp_path, Asked(certify=[replaced.key_id], revocations=[revoke]))
    town.later(minutes=5)

    new = services.hierarchy
    assert new.issuing.name == "issuing-2"
    for credential in new.credentials()[2:]:
        if credential.name != "trust-list":
            assert credential.certificate.issuer == new.issuing.certificate.subject
    # The agencies' keys were not lost with the authority's.
    seals = (old.seal("civil-registry"), new.seal("civil-registry"))
    assert seals[0].certificate.public_key() == seals[1].certificate.public_key()
    assert seals[0].certificate != seals[1].certificate
    after = _delivered(town)
    town.later(hours=2)
    for document, code in ((before, before_is), (after, 0)):
        path = tmp_path / "judged.pdf"
        path.write_bytes(document.pdf)
        judged = town.verify(str(path))
        assert judged.code == code, judged.out
    root_list = x509.load_der_x509_crl((town.layout.public / "crl/root.crl").read_bytes())
    assert root_list.get_revoked_certificate_by_serial_number(revoke.serial_number) is not None
    assert (town.layout.public / "crl/issuing-2.crl").exists()
    assert (town.layout.public / "certificates/issuing-2.cer").read_bytes() == new.issuing.der


def test_what_is_due_is_said_in_time_and_renewed_by_a_ceremony(
    own_town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    town, services = own_town, own_town.service.trust_services

    def due() -> list[str]:
        with opened_authority(town.layout, town.service.settings, town.clock) as authority:
            return [each.act for each in find_due(authority.books, authority.keyring, at=town.clock())]

    assert due() == []
    town.clock.now += (
        services.hierarchy.trust_list_signer.certificate.not_valid_after_utc - town.clock()
    ) * 0.96
    assert due() == ["issue-crl", "certify trust-list"]
    town.later(minutes=1)
    assert "certificate of trust-list ends on 2028-11-21; hold a ceremony with: certify" in caplog.text
    _hold(town, tmp_path, Asked(certify=["trust-list"]))

    assert due() == []
    town.later(minutes=1)
    renewed = services.hierarchy.trust_list_signer.certificate
    assert (renewed.not_valid_after_utc - town.clock()).days > 700
    town.service.publish()

    with opened_authority(town.layout, town.service.settings, town.clock) as authority:
        authority.keyring.rotate("trust-list", at=town.clock(), active_from=town.clock() + timedelta(days=31))
    assert due() == ["certify trust-list-2"], "a key that nobody certified waits for a ceremony"


def _hold(town: Town, folder: Path, asked: Asked) -> None:
    """Requests, a ceremony in the safe's room, and its results taken in."""
    with opened_authority(town.layout, town.service.settings, town.clock) as authority:
        plan = write_requests(
            folder / "requests",
            asked,
            keyring=authority.keyring,
            engine=authority.books,
            origin=town.service.settings.pki_origin,
            gathering=OWN_CEREMONY,
        )
        contents = hashlib.sha256((folder / "safe/ceremony/bundle/bundle.json").read_bytes()).hexdigest()
        text = plan.read_text(encoding="utf-8")
        text = text.replace("bundle-sha256: CHANGE-ME", f"bundle-sha256: {contents}")
        plan.write_text(text.replace("CHANGE-ME", "../safe/ceremony"), encoding="utf-8")
        reviewed = load_plan(plan)
        room = SheetFolder(folder=folder / "safe/sheets", ceremony="later")
        earlier = load_earlier(reviewed)
        done = perform(reviewed, room, clock=town.clock, program="wathiqa test", earlier=earlier)
        write_results(folder / "later", done.files)
        take_in(
            folder / "later",
            keyring=authority.keyring,
            engine=authority.books,
            public=town.layout.public,
            at=town.clock(),
            root_sha256=None,
            audit=authority.audit,
        )


def _delivered(town: Town) -> Delivered:
    case = town.case()
    return town.delivered(case, town.citizen(case.applicant))
