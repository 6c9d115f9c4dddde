from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ca.errors import AuthorityExpired
from ca.ocsp import ResponseStatus
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.store import load_certificate, reserve_serial

SHA256 = hashes.SHA256()


def a_request(
    pki: Any,
    algorithm: hashes.HashAlgorithm = SHA256,
    nonce: bytes | None = None,
    serial: int | None = None,
    issuer: x509.Certificate | None = None,
) -> bytes:
    seal, issuer = (
        pki.hierarchy.seal("civil-registry").certificate,
        issuer or pki.hierarchy.issuing.certificate,
    )
    builder = ocsp.OCSPRequestBuilder().add_certificate(seal, issuer, algorithm)
    if serial is not None:
        named = ocsp.load_der_ocsp_request(builder.build().public_bytes(Encoding.DER))
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            named.issuer_name_hash, named.issuer_key_hash, serial, algorithm
        )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def ask(pki: Any, request: bytes) -> Any:
    with pki.engine.connect() as connection:
        return pki.hierarchy.ocsp_responder().respond(connection, request, at=pki.now)


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), SHA256], ids=["SHA-1", "SHA-256"])  # noqa: S303  (RFC 5019 names issuers so)
def test_an_issued_certificate_is_good(pki: Any, algorithm: hashes.HashAlgorithm) -> None:
    response = ocsp.load_der_ocsp_response(ask(pki, a_request(pki, algorithm)).der)

    assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert response.serial_number == pki.hierarchy.seal("civil-registry").certificate.serial_number
    assert response.hash_algorithm.name == algorithm.name
    assert (response.produced_at_utc, response.this_update_utc) == (pki.now, pki.now)
    key = pki.hierarchy.ocsp.signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(SHA256))
    assert response.certificates == [pki.hierarchy.ocsp.certificate]


def test_a_revoked_certificate_is_revoked_with_its_reason(pki: Any) -> None:
    serial = pki.hierarchy.seal("civil-registry").certificate.serial_number
    with pki.engine.begin() as connection:
        revoke(connection, serial, reason=RevocationReason.KEY_COMPROMISE, at=pki.now)
    response = ocsp.load_der_ocsp_response(ask(pki, a_request(pki)).der)

    assert response.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert response.revocation_time_utc == pki.now
    assert response.revocation_reason is x509.ReasonFlags.key_compromise


def test_every_reason_has_the_number_of_the_standard() -> None:
    """RFC 5280 §5.3.1."""
    numbers = [reason.code for reason in RevocationReason]

    assert numbers == [0, 1, 2, 3, 4, 5, 6, 9]


@pytest.mark.parametrize("serial", [1, 424242, 1 << 158], ids=["one", "reserved", "unheard of"])
def test_a_serial_that_was_never_issued_is_unknown_and_never_good(pki: Any, serial: int) -> None:
    with pki.engine.begin() as connection:
        reserve_serial(connection, 424242, issuer="issuing", at=pki.now)  # type: ignore[arg-type]  # a plain serial
    response = ocsp.load_der_ocsp_response(ask(pki, a_request(pki, serial=serial)).der)

    assert response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_another_authoritys_certificate_is_unknown_here(pki: Any) -> None:
    """The trust-list certificate exists, but the root issued it."""
    serial = pki.hierarchy.trust_list_signer.certificate.serial_number
    response = ocsp.load_der_ocsp_response(ask(pki, a_request(pki, serial=serial)).der)

    assert response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("length", [1, 16, 32, 128])
def test_a_nonce_is_echoed_and_the_answer_not_cached(pki: Any, length: int) -> None:
    """RFC 9654 §2.1."""
    answer = ask(pki, a_request(pki, nonce=b"\x05" * length))
    extensions = ocsp.load_der_ocsp_response(answer.der).extensions

    assert extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"\x05" * length
    assert answer.next_update is None


@pytest.mark.parametrize("length", [0, 129, 1000])
def test_a_nonce_of_a_forbidden_length_is_malformed(pki: Any, length: int) -> None:
    assert ask(pki, a_request(pki, nonce=b"\x05" * length)).status is ResponseStatus.MALFORMED_REQUEST


def test_another_issuer_is_not_ours_to_judge(pki: Any) -> None:
    """RFC 5019 §2.2.3."""
    request = a_request(pki, issuer=pki.hierarchy.root.certificate)

    assert ask(pki, request).status is ResponseStatus.UNAUTHORIZED


def test_a_hash_that_is_not_offered_names_no_issuer_of_ours(pki: Any) -> None:
    assert ask(pki, a_request(pki, hashes.SHA512())).status is ResponseStatus.UNAUTHORIZED


def test_an_unknown_critical_extension_is_malformed(pki: Any) -> None:
    seal, issuer = pki.hierarchy.seal("civil-registry").certificate, pki.hierarchy.issuing.certificate
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    builder = (
        ocsp.OCSPRequestBuilder().add_certificate(seal, issuer, SHA256).add_extension(strange, critical=True)
    )

    answer = ask(pki, builder.build().public_bytes(Encoding.DER))
    assert answer.status is ResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize("request_der", [b"", b"\x30\x00", b"\x30\x80", b"a" * 5000, b"\x30\x03\x02\x01\x01"])
def test_what_is_no_request_is_malformed(pki: Any, request_der: bytes) -> None:
    answer = ask(pki, request_der)

    assert answer.der == bytes.fromhex("30030a0101")
    assert answer.next_update is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 200), value=st.integers(1, 255), keep=st.integers(1, 200))
def test_no_changed_request_does_more_than_draw_an_answer(
    pki: Any, position: int, value: int, keep: int
) -> None:
    request = bytearray(a_request(pki, nonce=b"12345678"))
    request[position % len(request)] ^= value

    for changed in (bytes(request), bytes(request[:keep])):
        answer = ask(pki, changed)
        assert ocsp.load_der_ocsp_response(answer.der).response_status.value == answer.status.value


def test_a_responder_whose_certificate_ended_gives_no_status(pki: Any) -> None:
    pki.later(days=30)
    responder = pki.hierarchy.ocsp_responder()
    with pki.engine.connect() as connection:
        issued = load_certificate(connection, pki.hierarchy.timestamp.certificate.serial_number)

    assert ask(pki, a_request(pki)).status is ResponseStatus.TRY_LATER
    with pytest.raises(AuthorityExpired):
        responder.draft(issued, hash_name="sha256", at=pki.now)


def test_an_answer_never_outlives_the_responders_certificate(pki: Any) -> None:
    pki.later(days=29, hours=12)

    assert ask(pki, a_request(pki)).next_update == pki.now + timedelta(hours=12)
