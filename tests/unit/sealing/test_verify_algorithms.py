"""Algorithms end on dates that ETSI publishes; what ended still counts where it is proven older."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sealing_pki import NOW, name

from verify.signatures.algorithms import AGREED, RSA_PKCS1, Algorithms, of_certificate

END_OF_2028 = datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def certificate(key: rsa.RSAPrivateKey, rsa_padding: padding.PKCS1v15 | padding.PSS) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(name("rsa"))
        .issuer_name(name("rsa"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256(), rsa_padding=rsa_padding)
    )


def test_rsa_of_pkcs1_ends_with_2028_at_any_length(rsa_key: rsa.RSAPrivateKey) -> None:
    """ETSI TS 119 312 v1.5.1: legacy, until 2028-12-31T23:59:59.999+01:00."""
    names = of_certificate(certificate(rsa_key, padding.PKCS1v15()))

    assert names == {"rsa-3072", "sha256", RSA_PKCS1}
    assert Algorithms().weak(names, END_OF_2028 - timedelta(hours=1, seconds=1)) is None
    assert Algorithms().weak(names, END_OF_2028) == RSA_PKCS1
    assert Algorithms().end(names) == datetime(2028, 12, 31, 23, tzinfo=UTC)


def test_rsa_pss_and_elliptic_curves_have_no_end(rsa_key: rsa.RSAPrivateKey) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    names = of_certificate(certificate(rsa_key, pss))

    assert names == {"rsa-3072", "sha256"}
    for each in (names, frozenset({"ecdsa-p256", "ecdsa-p384", "sha256", "sha384"})):
        assert Algorithms().end(each) is None


def test_what_is_not_in_the_table_never_counts() -> None:
    for each in ("sha1", "sha224", "md5", "another kind of key", "none"):
        assert each not in AGREED
        assert Algorithms().weak(frozenset({each, "sha256"}), NOW) == each
