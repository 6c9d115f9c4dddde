"""One suite for every custody backend: a new backend joins `BACKENDS` and nothing else changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from keys.custody import Custody, ErasingCustody, obtain_key
from keys.errors import InvalidKeyId, KeyExists, KeyNotFound, UnsupportedUse, WrongPurpose
from keys.gates import CountsUses
from keys.key_file import ScryptCost
from keys.private_key import as_private_key
from keys.signer import Algorithm, Purpose, Signer, hash_of
from keys.software import SoftwareCustody
from keys.verification import algorithm_of, verify_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A place of keys, empty at first; each `open` is a custody as another process would have it."""

    name: str
    open: Callable[[], Custody]


JANUARY, FEBRUARY = datetime(2026, 1, 1), datetime(2026, 2, 1)  # noqa: DTZ001  (the builders' own convention)
CERTIFIABLE = (Algorithm.P256, Algorithm.P384, Algorithm.RSA3072, Algorithm.ED25519)
HELD = {
    "software": tuple(Algorithm),
    "pkcs11": CERTIFIABLE,
    "kms": (Algorithm.P256, Algorithm.P384, Algorithm.RSA3072),
}
EACH_KIND = [(name, algorithm) for name, held in HELD.items() for algorithm in held]
CERTIFIABLE_KINDS = [(name, algorithm) for name, algorithm in EACH_KIND if algorithm in CERTIFIABLE]
NOT_HELD = [(name, algorithm) for name in HELD for algorithm in Algorithm if algorithm not in HELD[name]]


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Backend]:
    def open_backend(name: str) -> Backend:
        make: Callable[[], Custody]
        if name == "pkcs11":
            hsm = request.getfixturevalue("token")
            hsm.plug_in()
            hsm.wipe()
            make = hsm.custody
        elif name == "kms":
            kms = request.getfixturevalue("service")
            kms.wipe()
            make = kms.custody
        else:
            cost = ScryptCost(n=2, p=1)
            make = lambda: SoftwareCustody(tmp_path / "keys", lambda: b"correct horse", cost=cost)  # noqa: E731
        return Backend(name=name, open=make)

    return open_backend


@pytest.fixture(params=HELD)
def backend(request: pytest.FixtureRequest, opened: Callable[[str], Backend]) -> Backend:
    return opened(request.param)


def verify(signer: Signer, signature: bytes, data: bytes) -> None:
    verify_signature(signature, data, algorithm=signer.algorithm, public_key=signer.public_key)


@pytest.mark.parametrize(("name", "algorithm"), EACH_KIND)
def test_a_key_survives_reopening_and_signs(
    opened: Callable[[str], Backend], name: str, algorithm: Algorithm
) -> None:
    backend = opened(name)
    made = backend.open().generate("seal-a", purpose=Purpose.SEAL, algorithm=algorithm)
    custody = backend.open()
    signer = custody.load("seal-a")

    assert (signer.key_id, signer.purpose, signer.algorithm) == ("seal-a", Purpose.SEAL, algorithm)
    assert signer.public_key == made.public_key
    assert algorithm_of(signer.public_key) is algorithm
    assert custody.key_ids() == ["seal-a"]
    verify(made, signer.sign(b"data", purpose=Purpose.SEAL), b"data")
    verify(signer, made.sign(b"a" * 4096, purpose=Purpose.SEAL), b"a" * 4096)


@pytest.mark.parametrize(("name", "algorithm"), NOT_HELD)
def test_an_algorithm_that_is_not_had_is_refused_and_nothing_is_made(
    opened: Callable[[str], Backend], name: str, algorithm: Algorithm
) -> None:
    backend = opened(name)
    with pytest.raises(UnsupportedUse):
        backend.open().generate("a", purpose=Purpose.LOG, algorithm=algorithm)

    assert backend.open().key_ids() == []
    assert backend.open().generate("a", purpose=Purpose.LOG).key_id == "a"


def test_every_purpose_is_kept_and_no_other_is_served(backend: Backend) -> None:
    for purpose in Purpose:
        backend.open().generate(f"key-{purpose}", purpose=purpose)
    custody = backend.open()

    assert custody.key_ids() == sorted(f"key-{purpose}" for purpose in Purpose)
    for purpose in Purpose:
        signer = custody.load(f"key-{purpose}")
        assert signer.purpose is purpose
        for asked in set(Purpose) - {purpose}:
            with pytest.raises(WrongPurpose):
                signer.sign(b"data", purpose=asked)
            with pytest.raises(WrongPurpose):
                obtain_key(custody, signer.key_id, purpose=asked)


@pytest.mark.parametrize(("name", "algorithm"), CERTIFIABLE_KINDS)
def test_lent_to_a_builder_it_keeps_its_purpose_and_its_secret(
    opened: Callable[[str], Backend], name: str, algorithm: Algorithm
) -> None:
    signer = opened(name).open().generate("root", purpose=Purpose.ROOT, algorithm=algorithm)
    lent: Any = as_private_key(signer, purpose=Purpose.ROOT)
    other: Any = as_private_key(signer, purpose=Purpose.SEAL)
    digest = hash_of(algorithm)

    certificate = _certificate(signer).sign(lent, digest)
    crl = _crl().sign(lent, digest)
    response = _ocsp(certificate).sign(lent, digest)

    certificate.verify_directly_issued_by(certificate)
    assert crl.is_signature_valid(signer.public_key)
    verify(signer, response.signature, response.tbs_response_bytes)
    for refused in (_certificate(signer), _crl(), _ocsp(certificate)):
        with pytest.raises(WrongPurpose):
            refused.sign(other, digest)
    with pytest.raises(UnsupportedUse):
        lent.private_bytes(None, None, None)
    with pytest.raises(UnsupportedUse):
        lent.__copy__()


def _certificate(signer: Signer) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    return x509.CertificateBuilder(name, name, signer.public_key, 1, JANUARY, FEBRUARY)


def _crl() -> x509.CertificateRevocationListBuilder:
    return x509.CertificateRevocationListBuilder(x509.Name([]), JANUARY, FEBRUARY)


def _ocsp(certificate: x509.Certificate) -> ocsp.OCSPResponseBuilder:
    builder = ocsp.OCSPResponseBuilder().responder_id(ocsp.OCSPResponderEncoding.NAME, certificate)
    return builder.add_response(
        certificate,
        certificate,
        hash_of(Algorithm.P256),
        ocsp.OCSPCertStatus.GOOD,
        JANUARY,
        FEBRUARY,
        None,
        None,
    )


def test_a_key_is_never_overwritten(backend: Backend) -> None:
    first = backend.open().generate("a", purpose=Purpose.LOG)

    with pytest.raises(KeyExists):
        backend.open().generate("a", purpose=Purpose.SEAL)
    assert backend.open().load("a").public_key == first.public_key
    assert backend.open().load("a").purpose is Purpose.LOG


def test_what_is_not_there_is_said_to_be_missing(backend: Backend) -> None:
    assert backend.open().key_ids() == []
    with pytest.raises(KeyNotFound):
        backend.open().load("nobody")


def test_obtaining_a_key_twice_makes_it_once(backend: Backend) -> None:
    first = obtain_key(backend.open(), "a", purpose=Purpose.OFFICER)

    assert obtain_key(backend.open(), "a", purpose=Purpose.OFFICER).public_key == first.public_key


@pytest.mark.parametrize(
    "key_id", ["", "../root", "a/b", "Root", "-a", ".a", "a" * 64, "a\n", "مفتاح", "a\0", "*"]
)
def test_identifiers_that_are_no_plain_name_are_refused(backend: Backend, key_id: str) -> None:
    custody = backend.open()
    assert isinstance(custody, ErasingCustody)
    with pytest.raises(InvalidKeyId):
        custody.generate(key_id, purpose=Purpose.LOG)
    with pytest.raises(InvalidKeyId):
        custody.load(key_id)
    with pytest.raises(InvalidKeyId):
        custody.erase(key_id)


def test_the_longest_identifier_is_kept(backend: Backend) -> None:
    backend.open().generate("a" * 63, purpose=Purpose.LOG)

    assert backend.open().load("a" * 63).key_id == "a" * 63


def test_an_erased_key_is_gone_and_its_name_is_free(backend: Backend) -> None:
    custody, elsewhere = backend.open(), backend.open()
    first = custody.generate("a", purpose=Purpose.SEAL)
    custody.generate("b", purpose=Purpose.SEAL)
    assert isinstance(elsewhere, ErasingCustody)
    elsewhere.erase("a")

    assert backend.open().key_ids() == ["b"]
    with pytest.raises(KeyNotFound):
        backend.open().load("a")
    with pytest.raises(KeyNotFound):
        elsewhere.erase("a")
    assert backend.open().generate("a", purpose=Purpose.SEAL).public_key != first.public_key


def test_a_signer_shows_no_more_than_its_name(backend: Backend) -> None:
    signer = backend.open().generate("a", purpose=Purpose.SEAL)

    assert repr(signer).endswith("Signer a seal P-256>")
    with pytest.raises(TypeError):
        signer.__reduce__()


@pytest.mark.parametrize("name", ["pkcs11", "kms"])
def test_a_custody_counts_what_it_had_signed_and_nothing_that_was_refused(
    opened: Callable[[str], Backend], name: str
) -> None:
    custody = opened(name).open()
    assert isinstance(custody, CountsUses)
    signer = custody.generate("a", purpose=Purpose.SEAL)
    for _ in range(3):
        custody.load("a").sign(b"data", purpose=Purpose.SEAL)
    with pytest.raises(WrongPurpose):
        signer.sign(b"data", purpose=Purpose.LOG)

    assert (custody.use_count("a"), custody.use_count("b")) == (3, 0)


def test_many_threads_share_one_key(backend: Backend) -> None:
    backend.open().generate("a", purpose=Purpose.STATUS)
    custody = backend.open()

    def sign(number: int) -> tuple[bytes, bytes]:
        data = str(number).encode()
        return data, custody.load("a").sign(data, purpose=Purpose.STATUS)

    with ThreadPoolExecutor(24) as pool:
        signed = list(pool.map(sign, range(96)))
    for data, signature in signed:
        verify(custody.load("a"), signature, data)
    assert len({signature for _, signature in signed}) == 96


def test_threads_that_race_for_one_name_make_one_key(backend: Backend) -> None:
    def make(custody: Custody) -> Signer | None:
        try:
            return custody.generate("a", purpose=Purpose.STATUS)
        except KeyExists:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [signer for signer in pool.map(make, [backend.open() for _ in range(8)]) if signer]
    assert len(made) == 1
    assert backend.open().load("a").public_key == made[0].public_key
    assert isinstance(made[0].public_key, ec.EllipticCurvePublicKey)
