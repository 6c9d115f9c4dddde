"""One suite for every custody backend: a new backend joins `BACKENDS` and nothing else changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

from keys.custody import Custody, obtain_key
from keys.errors import InvalidKeyId, KeyExists, KeyNotFound, UnsupportedUse, WrongPurpose
from keys.key_file import ScryptCost
from keys.private_key import as_private_key
from keys.signer import Algorithm, Purpose, Signer, hash_of
from keys.software import SoftwareCustody

Opener = Callable[[], Custody]


def software(directory: Path) -> Opener:
    return lambda: SoftwareCustody(directory, lambda: b"correct horse", cost=ScryptCost(n=2, p=1))


BACKENDS = {"software": software}


@pytest.fixture(params=BACKENDS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return BACKENDS[request.param](tmp_path / "keys")


def verify(signer: Signer, signature: bytes, data: bytes) -> None:
    key: Any = signer.public_key
    digest: Any = hash_of(signer.algorithm)
    match signer.public_key:
        case ec.EllipticCurvePublicKey():
            key.verify(signature, data, ec.ECDSA(digest))
        case rsa.RSAPublicKey():
            key.verify(signature, data, padding.PKCS1v15(), digest)
        case ed25519.Ed25519PublicKey() | mldsa.MLDSA65PublicKey():
            key.verify(signature, data)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_survives_reopening_and_signs(reopen: Opener, algorithm: Algorithm) -> None:
    made = reopen().generate("seal-a", purpose=Purpose.SEAL, algorithm=algorithm)
    custody = reopen()
    signer = custody.load("seal-a")

    assert (signer.key_id, signer.purpose, signer.algorithm) == ("seal-a", Purpose.SEAL, algorithm)
    assert signer.public_key == made.public_key
    assert custody.key_ids() == ["seal-a"]
    verify(made, signer.sign(b"data", purpose=Purpose.SEAL), b"data")


@pytest.mark.parametrize("asked", [purpose for purpose in Purpose if purpose is not Purpose.SEAL])
def test_any_other_purpose_is_refused(reopen: Opener, asked: Purpose) -> None:
    signer = reopen().generate("seal-a", purpose=Purpose.SEAL)

    with pytest.raises(WrongPurpose):
        signer.sign(b"data", purpose=asked)
    with pytest.raises(WrongPurpose):
        obtain_key(reopen(), "seal-a", purpose=asked)


@pytest.mark.parametrize(
    "algorithm", [algorithm for algorithm in Algorithm if algorithm is not Algorithm.ML_DSA_65]
)
def test_lent_to_a_builder_it_keeps_its_purpose_and_its_secret(reopen: Opener, algorithm: Algorithm) -> None:
    signer = reopen().generate("root", purpose=Purpose.ROOT, algorithm=algorithm)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([]))
        .last_update(datetime(2026, 1, 1))  # noqa: DTZ001  (the builder's own convention)
        .next_update(datetime(2026, 1, 2))  # noqa: DTZ001  (as above)
    )
    lent: Any = as_private_key(signer, purpose=Purpose.ROOT)

    assert crl.sign(lent, hash_of(algorithm)).is_signature_valid(signer.public_key)
    with pytest.raises(WrongPurpose):
        crl.sign(as_private_key(signer, purpose=Purpose.SEAL), hash_of(algorithm))
    with pytest.raises(UnsupportedUse):
        lent.private_bytes(None, None, None)
    with pytest.raises(UnsupportedUse):
        lent.__copy__()


def test_a_key_is_never_overwritten(reopen: Opener) -> None:
    first = reopen().generate("a", purpose=Purpose.LOG)

    with pytest.raises(KeyExists):
        reopen().generate("a", purpose=Purpose.LOG)
    assert reopen().load("a").public_key == first.public_key


def test_what_is_not_there_is_said_to_be_missing(reopen: Opener) -> None:
    with pytest.raises(KeyNotFound):
        reopen().load("nobody")


@pytest.mark.parametrize(
    "key_id", ["", "../root", "a/b", "Root", "-a", ".a", "a" * 64, "a\n", "مفتاح", "a\0"]
)
def test_identifiers_that_are_no_plain_name_are_refused(reopen: Opener, key_id: str) -> None:
    with pytest.raises(InvalidKeyId):
        reopen().generate(key_id, purpose=Purpose.LOG)
    with pytest.raises(InvalidKeyId):
        reopen().load(key_id)


def test_many_threads_share_one_key(reopen: Opener) -> None:
    reopen().generate("a", purpose=Purpose.STATUS)
    custody = reopen()

    def sign(number: int) -> tuple[bytes, bytes]:
        data = str(number).encode()
        return data, custody.load("a").sign(data, purpose=Purpose.STATUS)

    with ThreadPoolExecutor(8) as pool:
        for data, signature in pool.map(sign, range(200)):
            verify(custody.load("a"), signature, data)


def test_many_threads_make_one_key_once(reopen: Opener) -> None:
    def make(custody: Custody) -> bool:
        try:
            custody.generate("a", purpose=Purpose.STATUS)
        except KeyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, [reopen() for _ in range(16)])) == 1
