"""ML-DSA-65 (FIPS 204) in software, and nowhere that other makers' verifiers look."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from ca.algorithms import signature_algorithm
from ca.errors import ProfileViolation
from ca.lint import lint_certificate
from ca.profiles import PROFILES, ProfileName
from keys.errors import UnsupportedUse
from keys.key_file import ScryptCost, parse_key_file
from keys.private_key import as_private_key
from keys.signer import Algorithm, Purpose, hash_of
from keys.software import SoftwareCustody
from signing.seal_codes import require_p256

SEED_OCTETS, SIGNATURE_OCTETS, PUBLIC_OCTETS = 32, 3309, 1952  # FIPS 204 table 2; §3.6.3 for the seed


@pytest.fixture
def custody(tmp_path: Path) -> SoftwareCustody:
    return SoftwareCustody(tmp_path, lambda: b"correct horse", cost=ScryptCost(n=2, p=1))


def test_its_sizes_are_those_of_the_standard_and_the_file_holds_the_seed(
    custody: SoftwareCustody, tmp_path: Path
) -> None:
    signer = custody.generate("log", purpose=Purpose.LOG, algorithm=Algorithm.ML_DSA_65)
    public = signer.public_key
    assert isinstance(public, mldsa.MLDSA65PublicKey)
    assert len(public.public_bytes_raw()) == PUBLIC_OCTETS
    assert len(signer.sign(b"data", purpose=Purpose.LOG)) == SIGNATURE_OCTETS
    _, der = parse_key_file(
        (tmp_path / "log.key.pem").read_bytes(), key_id="log", passphrase=b"correct horse"
    )
    # RFC 9881 §6: the CHOICE `seed [0] OCTET STRING (SIZE (32))`.
    assert der[-SEED_OCTETS - 2 :][:2] == bytes((0x80, SEED_OCTETS))
    assert mldsa.MLDSA65PrivateKey.from_seed_bytes(der[-SEED_OCTETS:]).public_key() == public


def test_its_signature_is_of_these_bytes_and_no_others(custody: SoftwareCustody) -> None:
    signer = custody.generate("log", purpose=Purpose.LOG, algorithm=Algorithm.ML_DSA_65)
    signature, public = signer.sign(b"data", purpose=Purpose.LOG), signer.public_key
    assert isinstance(public, mldsa.MLDSA65PublicKey)

    public.verify(signature, b"data")
    for wrong in (lambda: public.verify(signature, b"date"), lambda: public.verify(signature, b"data", b"x")):
        with pytest.raises(InvalidSignature):
            wrong()


def test_it_signs_no_certificate_and_no_seal_code(custody: SoftwareCustody) -> None:
    signer = custody.generate("root", purpose=Purpose.ROOT, algorithm=Algorithm.ML_DSA_65)

    assert hash_of(Algorithm.ML_DSA_65) is None
    with pytest.raises(UnsupportedUse):
        as_private_key(signer, purpose=Purpose.ROOT)
    with pytest.raises(ProfileViolation):
        signature_algorithm(Algorithm.ML_DSA_65)
    with pytest.raises(ValueError, match="P-256"):
        require_p256(signer)


def test_it_is_certified_by_nobody(custody: SoftwareCustody) -> None:
    signer = custody.generate("seal", purpose=Purpose.SEAL, algorithm=Algorithm.ML_DSA_65)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    at = datetime(2026, 11, 22, tzinfo=UTC)
    draft = x509.CertificateBuilder(name, name, signer.public_key, 2**64, at, at + timedelta(days=1)).sign(
        ec.generate_private_key(ec.SECP256R1()), SHA256()
    )

    with pytest.raises(ProfileViolation, match="public key"):
        lint_certificate(draft, PROFILES[ProfileName.SEAL], issuer=None)
