"""Each durable write of issuing broken twice: failed, and failed but persisted.

Afterwards no serial number and no list number was used twice, nothing was signed twice, the books
agree with themselves, and the next try succeeds.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto.crl import TbsCertList
from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from sqlalchemy import Engine, func, select

from ca.certificates import Issuer, issue
from ca.crl import current_crl, issue_crl
from ca.errors import AlreadyRedeemed, CertificateNotFound
from ca.intents import Intended, IntentKind, finish_signing, sign_as_intended
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.revocation import release, revoke, revoke_unfinished, suspend
from ca.store import (
    find_certificates,
    find_status_changes,
    load_last_crl,
    prepare_books,
    save_issued,
)
from ca.tables import certificates, crl_numbers, crls, intents, serials
from ca.unfinished import find_unfinished
from issuance.database import open_database
from keys.signer import Purpose, Signer

sys.path.insert(0, str(Path(__file__).parent))
from authority_by_hand import NOW, URLS, issuing, request

WRITES = 4  # reserve, store the intent, mark that signing begins, store what was signed
AFTER = NOW + timedelta(hours=1)


class Died(BaseException):
    """The process is gone."""


class Recording:
    """A key that remembers what it signed."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.key_id, self.purpose = signer.key_id, signer.purpose
        self.algorithm, self.public_key = signer.algorithm, signer.public_key
        self.signed: list[bytes] = []

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        self.signed.append(data)
        return self._signer.sign(data, purpose=purpose)


@dataclass
class Site:
    """An authority on one file of a database, whose commits can be made to fail."""

    engine: Engine
    key: Recording
    issuer: Issuer
    tried: int = field(default=0)

    def dies_at(self, write: int, act: Callable[[], object], *, persisted: bool) -> None:
        """Do it, and die at the commit of that number."""
        dialect = self.engine.dialect
        commit, seen = dialect.do_commit, 0

        def fuse(connection: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == write:
                if persisted:
                    commit(connection)
                raise Died(write)
            # Dead is dead: what a handler or a `finally` would still write does not reach the disk.
            assert seen < write
            commit(connection)

        dialect.do_commit = fuse  # type: ignore[method-assign]
        try:
            with pytest.raises(Died):
                act()
        finally:
            dialect.do_commit = commit  # type: ignore[method-assign]

    def issue(self, **changes: Any) -> x509.Certificate:
        self.tried += 1
        wanted = request(ProfileName.SEAL, **changes)
        return issue(self.engine, self.issuer, wanted, at=NOW, urls=URLS)

    def count(self, table: Any, *where: Any) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    def check(self) -> None:
        """What must hold whatever happened."""
        assert len(set(self.key.signed)) == len(self.key.signed), "nothing is signed twice"
        with self.engine.connect() as connection:
            intended = set(connection.execute(select(certificates.c.to_be_signed)).scalars()) | set(
                connection.execute(select(intents.c.to_be_signed)).scalars()
            )
            rows = connection.execute(select(certificates.c.serial_number, certificates.c.der)).all()
            lists = connection.execute(select(crls.c.number, crls.c.der)).all()
            reserved = set(connection.execute(select(serials.c.serial_number)).scalars())
            numbers = set(connection.execute(select(crl_numbers.c.number)).scalars())
        assert set(self.key.signed) <= intended, "what was signed was intended before"
        assert {serial for serial, _ in rows} <= reserved
        for serial, der in rows:
            if der is not None:
                assert f"{x509.load_der_x509_certificate(der).serial_number:x}" == serial
        assert {number for number, _ in lists} <= numbers
        for number, der in lists:
            read = x509.load_der_x509_crl(der)
            assert read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
        of_certificates, of_lists = self._numbers_signed()
        assert len(set(of_certificates)) == len(of_certificates), "no serial number is used twice"
        assert len(set(of_lists)) == len(of_lists), "no list number is used twice"

    def _numbers_signed(self) -> tuple[list[int], list[int]]:
        with self.engine.connect() as connection:
            ours = set(connection.execute(select(certificates.c.to_be_signed)).scalars())
            is_list = intents.c.kind == IntentKind.CRL.value
            lists = set(connection.execute(select(intents.c.to_be_signed).where(is_list)).scalars())
        return (
            [TbsCertificate.load(each)["serial_number"].native for each in self.key.signed if each in ours],
            [_number(TbsCertList.load(each)) for each in self.key.signed if each in lists],
        )


def _number(to_be_signed: TbsCertList) -> int:
    found = {each["extn_id"].native: each["extn_value"].native for each in to_be_signed["crl_extensions"]}
    return int(found["crl_number"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    engine = open_database(f"sqlite:///{tmp_path / 'authority.db'}")
    prepare_books(engine)
    key = Recording(issuing().signer)
    yield Site(engine=engine, key=key, issuer=replace(issuing(), signer=key))
    engine.dispose()


ways = pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
writes = pytest.mark.parametrize("write", range(1, WRITES + 1))


@ways
@writes
def test_a_certificate_is_issued_once_whatever_write_breaks(
    site: Site, write: int, *, persisted: bool
) -> None:
    key = request(ProfileName.SEAL).public_key
    site.dies_at(write, lambda: site.issue(public_key=key), persisted=persisted)
    site.check()
    is_there = write == WRITES and persisted
    assert site.count(certificates, certificates.c.state == "issued") == int(is_there)
    assert len(site.key.signed) == int(write == WRITES), "not before signing was begun, durably"

    again = site.issue(public_key=key)

    site.check()
    with site.engine.connect() as connection:
        found = find_certificates(connection, name="seal")
    assert again in [each.certificate for each in found]
    assert len(found) == 1 + int(is_there)
    # The broken try took a serial number for good once its reservation was on the disk.
    assert site.count(serials) == 1 + int(write > 1 or persisted)


@ways
@writes
def test_a_list_is_numbered_once_whatever_write_breaks(site: Site, write: int, *, persisted: bool) -> None:
    first = issue_crl(site.engine, site.issuer, at=NOW)
    certificate = site.issue()
    with site.engine.begin() as connection:
        revoke(connection, certificate.serial_number, reason=RevocationReason.SUPERSEDED, at=NOW)

    site.dies_at(write, lambda: issue_crl(site.engine, site.issuer, at=AFTER), persisted=persisted)
    site.check()
    is_there = write == WRITES and persisted
    with site.engine.connect() as connection:
        last = load_last_crl(connection, "issuing")
    assert last is not None
    assert last.number == first.number + int(is_there)

    again = current_crl(site.engine, site.issuer, at=AFTER)

    site.check()
    listed = x509.load_der_x509_crl(again.der)
    assert listed.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    burnt = int(write > 1 or persisted) and not is_there
    assert again.number == first.number + 1 + burnt
    assert site.count(crls) == 2


@ways
@pytest.mark.parametrize("write", range(1, 4))
def test_a_batch_is_signed_once_whatever_write_breaks(site: Site, write: int, *, persisted: bool) -> None:
    """As pre-signed answers are made: intents of all, signing begun for all, signatures, all stored."""

    def batch(number: int) -> list[Intended]:
        return [
            Intended(
                kind=IntentKind.OCSP, subject=f"{n} {number}", key_id="k", to_be_signed=bytes((n, number))
            )
            for n in range(3)
        ]

    def act(number: int) -> None:
        intended = batch(number)
        sign_as_intended(site.engine, intended, site.key, purpose=Purpose.ISSUING, at=NOW)
        with site.engine.begin() as connection:
            finish_signing(connection, intended)

    site.dies_at(write, lambda: act(1), persisted=persisted)
    assert len(site.key.signed) == (3 if write == 3 else 0)
    if write > 1 or persisted:
        with pytest.raises(AlreadyRedeemed):
            act(1)
    assert len(site.key.signed) == (3 if write == 3 else 0)

    act(2)
    site.check()
    assert site.count(intents, intents.c.state == "signed") == 3 + (3 if write == 3 and persisted else 0)


@ways
@pytest.mark.parametrize("act", ["revoke", "suspend", "release"])
def test_a_change_of_status_is_whole_or_not_at_all(site: Site, act: str, *, persisted: bool) -> None:
    serial = site.issue().serial_number
    if act == "release":
        with site.engine.begin() as connection:
            suspend(connection, serial, at=NOW)

    def change() -> None:
        with site.engine.begin() as connection:
            match act:
                case "revoke":
                    revoke(connection, serial, reason=RevocationReason.KEY_COMPROMISE, at=NOW)
                case "suspend":
                    suspend(connection, serial, at=NOW)
                case _:
                    release(connection, serial, at=NOW)

    before = site.engine.connect()
    known = len(find_status_changes(before, serial))
    before.close()
    site.dies_at(1, change, persisted=persisted)
    with site.engine.connect() as connection:
        (found,) = find_certificates(connection)
        history = find_status_changes(connection, serial)
    assert len(history) == known + int(persisted)
    is_off = (act != "release") is persisted
    assert (found.revoked_at is not None) is is_off
    listed = x509.load_der_x509_crl(current_crl(site.engine, site.issuer, at=AFTER).der)
    assert (listed.get_revoked_certificate_by_serial_number(serial) is not None) is is_off


@pytest.mark.parametrize("table", ["certificate", "list"])
def test_what_was_begun_and_lost_is_never_signed_again(site: Site, table: str) -> None:
    """Its signature may exist somewhere: the key may have answered a process that died."""
    act = site.issue if table == "certificate" else lambda: issue_crl(site.engine, site.issuer, at=NOW)
    site.dies_at(WRITES, act, persisted=False)
    (lost,) = site.key.signed

    for _ in range(3):
        act()

    assert site.key.signed.count(lost) == 1
    site.check()


def test_a_certificate_that_was_lost_while_it_was_signed_can_be_revoked(site: Site) -> None:
    """It may exist somewhere, and the books cannot show it; but its number can be listed."""
    site.dies_at(WRITES, site.issue, persisted=False)
    with site.engine.begin() as connection:
        (lost,) = find_unfinished(connection)
        revoke_unfinished(connection, lost.serial_number, at=NOW, by="officer-1")
        assert find_unfinished(connection) == []
        with pytest.raises(CertificateNotFound):
            revoke_unfinished(connection, lost.serial_number, at=NOW)
        with pytest.raises(AlreadyRedeemed):
            save_issued(connection, lost.serial_number, b"signed after all")
        assert [each.changed_by for each in find_status_changes(connection)] == ["officer-1"]

    listed = x509.load_der_x509_crl(current_crl(site.engine, site.issuer, at=AFTER).der)
    entry = listed.get_revoked_certificate_by_serial_number(lost.serial_number)
    assert entry is not None
    assert entry.revocation_date_utc == NOW


def test_what_was_issued_or_only_intended_is_not_lost(site: Site) -> None:
    certificate = site.issue()
    site.dies_at(3, site.issue, persisted=False)
    with site.engine.begin() as connection:
        assert find_unfinished(connection) == []
        with pytest.raises(CertificateNotFound):
            revoke_unfinished(connection, certificate.serial_number, at=NOW)
