"""Several issuers on one file of a database, in threads and in processes, and keys that come twice."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Engine, select

from ca.certificates import issue
from ca.crl import issue_crl
from ca.errors import CaError, KeyAlreadyCertified, SerialCollision
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.store import find_certificates, prepare_books
from ca.tables import certificates, crls
from issuance.database import open_database

sys.path.insert(0, str(Path(__file__).parent))
from authority_by_hand import NOW, URLS, issuing, request

AT_ONCE = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    engine = open_database(f"sqlite:///{tmp_path / 'authority.db'}")
    prepare_books(engine)
    engine.dispose()
    return tmp_path / "authority.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[[], Engine]]:
    engines: list[Engine] = []

    def open_again() -> Engine:
        engines.append(open_database(f"sqlite:///{path}"))
        return engines[-1]

    yield open_again
    for engine in engines:
        engine.dispose()


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """What each of them answers or raises; all begin together."""
    issuing()  # made before, so that none waits for it
    begin, answers = threading.Barrier(len(acts)), list[Any]([None] * len(acts))

    def run(number: int) -> None:
        begin.wait(timeout=30)
        try:
            answers[number] = acts[number]()
        except CaError as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def test_issuers_that_race_for_one_serial_number_issue_one_certificate(opened: Callable[[], Engine]) -> None:
    def issuer(engine: Engine) -> Callable[[], x509.Certificate]:
        wanted = request(ProfileName.SEAL)
        return lambda: issue(engine, issuing(), wanted, at=NOW, urls=URLS, serial_source=lambda: 0xABCDEF)

    answers = at_once([issuer(opened()) for _ in range(AT_ONCE)])

    won = [each for each in answers if isinstance(each, x509.Certificate)]
    assert len(won) == 1
    assert all(isinstance(each, SerialCollision) for each in answers if each not in won)
    with opened().connect() as connection:
        assert [each.certificate for each in find_certificates(connection)] == won


def test_one_key_asked_for_under_several_names_at_once_is_certified_under_one(
    opened: Callable[[], Engine],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    def issuer(engine: Engine, name: str) -> Callable[[], x509.Certificate]:
        return lambda: issue(engine, issuing(), request(ProfileName.SEAL, key, name=name), at=NOW, urls=URLS)

    answers = at_once([issuer(opened(), f"seal-{number}") for number in range(AT_ONCE)])

    assert sum(isinstance(each, x509.Certificate) for each in answers) == 1
    assert sum(isinstance(each, KeyAlreadyCertified) for each in answers) == AT_ONCE - 1
    with opened().connect() as connection:
        begun = connection.execute(select(certificates.c.state).where(certificates.c.state != "intended"))
        assert begun.scalars().all() == ["issued"], "no key was used for the others"


def test_lists_issued_at_once_have_numbers_of_their_own(opened: Callable[[], Engine]) -> None:
    def publisher(engine: Engine) -> Callable[[], list[int]]:
        return lambda: [issue_crl(engine, issuing(), at=NOW).number for _ in range(5)]

    answers = at_once([publisher(opened()) for _ in range(AT_ONCE)])

    numbers = [number for each in answers for number in each]
    assert sorted(numbers) == list(range(1, 5 * AT_ONCE + 1))
    with opened().connect() as connection:
        assert connection.execute(select(crls.c.number).order_by(crls.c.number)).scalars().all() == sorted(
            numbers
        )


def test_processes_that_reserve_numbers_at_once_never_take_one_twice(path: Path) -> None:
    script = (
        "import sys; from datetime import datetime, UTC; from ca.list_entries import reserve_crl_number\n"
        "from issuance.database import open_database\n"
        "engine = open_database(sys.argv[1])\n"
        "for _ in range(40):\n"
        "    with engine.begin() as connection:\n"
        "        at = datetime(2027, 1, 1, tzinfo=UTC)\n"
        "        print(reserve_crl_number(connection, 'issuing', this_update=at))\n"
        "engine.dispose()\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, f"sqlite:///{path}"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0].split() for process in running]

    numbers = sorted(int(number) for each in said for number in each)
    assert numbers == list(range(1, 121))


def test_a_list_with_a_higher_number_knows_at_least_as_much(opened: Callable[[], Engine]) -> None:
    """Entries are read while the number is reserved, so whoever signs last does not unsay a revocation."""
    engine = opened()
    serials = [
        issue(engine, issuing(), request(ProfileName.SEAL, name=f"seal-{n}"), at=NOW, urls=URLS).serial_number
        for n in range(6)
    ]

    def revoker() -> None:
        mine = opened()
        for serial in serials:
            with mine.begin() as connection:
                revoke(connection, serial, reason=RevocationReason.SUPERSEDED, at=NOW)

    def publisher() -> None:
        mine = opened()
        for _ in range(6):
            issue_crl(mine, issuing(), at=NOW)

    at_once([revoker, publisher, publisher])

    with engine.connect() as connection:
        lists = connection.execute(select(crls.c.der).order_by(crls.c.number)).scalars().all()
    listed = [{entry.serial_number for entry in x509.load_der_x509_crl(der)} for der in lists]
    assert all(before <= after for before, after in pairwise(listed))


# Keys that come twice


def test_a_key_is_certified_again_under_its_own_name(opened: Callable[[], Engine]) -> None:
    engine, key = opened(), ec.generate_private_key(ec.SECP256R1()).public_key()
    for _ in range(2):
        issue(engine, issuing(), request(ProfileName.SEAL, key), at=NOW, urls=URLS)

    with engine.connect() as connection:
        assert len(find_certificates(connection, name="seal")) == 2


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        (RevocationReason.KEY_COMPROMISE, False),
        (RevocationReason.CA_COMPROMISE, True),  # of its issuer's key, not of this one
        (RevocationReason.SUPERSEDED, True),
    ],
)
def test_a_key_that_was_compromised_is_not_certified_again(
    opened: Callable[[], Engine], reason: RevocationReason, *, again: bool
) -> None:
    engine, key = opened(), ec.generate_private_key(ec.SECP256R1()).public_key()
    first = issue(engine, issuing(), request(ProfileName.SEAL, key), at=NOW, urls=URLS)
    with engine.begin() as connection:
        revoke(connection, first.serial_number, reason=reason, at=NOW)

    if again:
        issue(engine, issuing(), request(ProfileName.SEAL, key), at=NOW, urls=URLS)
    else:
        with pytest.raises(KeyAlreadyCertified, match="seal"):
            issue(engine, issuing(), request(ProfileName.SEAL, key), at=NOW, urls=URLS)


def test_the_authoritys_own_key_is_certified_for_nobody_else(opened: Callable[[], Engine]) -> None:
    engine = opened()
    mine = issuing()
    itself = request(ProfileName.SEAL, mine.signer.public_key, name="seal-of-somebody")
    issue(engine, mine, replace(itself, name="issuing"), at=NOW, urls=URLS)

    with pytest.raises(KeyAlreadyCertified):
        issue(engine, mine, itself, at=NOW, urls=URLS)
