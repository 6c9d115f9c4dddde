"""Searches for a path among certificates that strangers choose: few verifications, whatever a file brings."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sealing_pki import CA, NOW, SEAL, YEARS, Authority, Party, certify, name

from verify.errors import NotDecided
from verify.signatures import paths
from verify.signatures.chain import ChainJudge, Evidence
from verify.signatures.paths import OUR_LIMITS
from verify.verdict import SubIndication


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[x509.Certificate]:
    """Every certificate that a signature was verified under."""
    asked: list[x509.Certificate] = []
    genuine = paths.verify_issued

    def counted(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        asked.append(issuer)
        return genuine(certificate, issuer)

    monkeypatch.setattr(paths, "verify_issued", counted)
    return asked


def copies(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *, count: int = 64
) -> tuple[x509.Certificate, ...]:
    """Authorities that all issued one another."""
    made = []
    for _ in range(count):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name("stranger"))
            .issuer_name(name("stranger"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(NOW + YEARS)
        )
        for extension, critical in CA:
            builder = builder.add_extension(extension, critical=critical)
        made.append(builder.sign(key, hashes.SHA256()))
    return tuple(made)


def search(leaf: x509.Certificate, brought: tuple[x509.Certificate, ...]) -> None:
    judge = ChainJudge(roots=(Authority().root.certificate,))
    with pytest.raises(NotDecided) as stopped:
        judge.path(leaf, Evidence(certificates=brought), "path")
    assert stopped.value.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_search_ends_after_few_verifications(verifications: list[x509.Certificate]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    brought = copies(key)

    search(brought[0], brought[1:])

    assert len(verifications) == OUR_LIMITS.verifications


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(ec.generate_private_key(ec.SECP521R1()), id="a curve that costs more"),
        pytest.param(rsa.generate_private_key(65537, 2048), id="too short"),
        pytest.param(rsa.generate_private_key(3, 3072), id="an exponent that nobody has"),
    ],
)
def test_keys_that_no_authority_of_ours_has_are_not_tried(
    verifications: list[x509.Certificate], key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    brought = copies(key, count=4)

    search(brought[0], brought[1:])

    assert verifications == []


def test_certificates_that_are_no_authorities_are_not_tried(verifications: list[x509.Certificate]) -> None:
    pki = Authority("-elsewhere")
    below: Party = certify("below", pki.seal, SEAL)

    search(below.certificate, (pki.seal.certificate,))

    assert verifications == []


def test_what_is_published_is_tried_before_what_a_file_brings() -> None:
    """Whoever fills a file with authorities of the same name does not hide the genuine path."""
    pki = Authority()
    strangers = tuple(
        certify("issuing", None, CA, key_name=f"stranger-{each}").certificate for each in range(20)
    )
    judge = ChainJudge(roots=(pki.root.certificate,), certificates=(pki.issuing.certificate,))

    found = judge.path(pki.seal.certificate, Evidence(certificates=strangers), "path")

    assert found == (pki.seal.certificate, pki.issuing.certificate, pki.root.certificate)


def test_many_generations_of_one_authority_are_all_tried() -> None:
    pki = Authority()
    older = tuple(
        certify("issuing", pki.root, CA, key_name=f"generation-{each}").certificate for each in range(12)
    )
    judge = ChainJudge(roots=(pki.root.certificate,), certificates=(*older, pki.issuing.certificate))

    assert len(judge.path(pki.seal.certificate, Evidence(), "path")) == len("abc")


def test_the_bound_is_of_one_search() -> None:
    pki = Authority()
    limits = replace(OUR_LIMITS, verifications=2)
    judge = ChainJudge(roots=(pki.root.certificate,), certificates=(pki.issuing.certificate,), limits=limits)
    for leaf in (pki.seal, pki.tsa, pki.responder):
        assert judge.path(leaf.certificate, Evidence(), "path")[0] == leaf.certificate
