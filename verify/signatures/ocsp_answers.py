"""Answers on one certificate (RFC 6960): by its issuer, or by a responder that the issuer delegated."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from verify.signatures.algorithms import strong_hash
from verify.signatures.revoked import MAX_ANSWER_OCTETS, NOT_SAID, Revoked

_OCSP_HASHES = (hashes.SHA1, hashes.SHA256)


def parse_ocsp(der: bytes, issuer: x509.Certificate) -> ocsp.OCSPResponse | None:
    """An answer on certificates of `issuer`; None for another's, and anything unreadable."""
    if len(der) > MAX_ANSWER_OCTETS:
        return None
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        if any(each.critical for each in response.extensions):
            return None
        responder = _responder(response, issuer)
        if responder is None:
            return None
        _verify(response, responder)
    except (ValueError, TypeError, InvalidSignature):
        return None
    return response


def is_about(response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `response` speaks of this very certificate (RFC 6960 §4.1.1)."""
    if response.serial_number != certificate.serial_number:
        return False
    if not isinstance(response.hash_algorithm, _OCSP_HASHES):
        return False
    return response.issuer_name_hash == _digest(response.hash_algorithm, issuer.subject.public_bytes()) and (
        response.issuer_key_hash == _digest(response.hash_algorithm, _key_bits(issuer))
    )


def revoked_by_answer(response: ocsp.OCSPResponse) -> Revoked | None:
    """What an answer says of a revocation; None where the certificate was good."""
    if response.certificate_status is not ocsp.OCSPCertStatus.REVOKED:
        return None
    since = response.revocation_time_utc or response.this_update_utc
    flag = response.revocation_reason
    return Revoked(since=since, reason=flag.value if flag is not None else NOT_SAID)


def _responder(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> x509.Certificate | None:
    """The issuer itself, or one it delegated (RFC 6960 §4.2.2.2), valid when it answered."""
    for candidate in (issuer, *response.certificates[:4]):
        named = response.responder_name == candidate.subject or response.responder_key_hash == _key_hash(
            candidate
        )
        if named and (candidate is issuer or _is_delegate(candidate, issuer, response.produced_at_utc)):
            return candidate
    return None


def _is_delegate(candidate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        candidate.verify_directly_issued_by(issuer)
        uses = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    if ExtendedKeyUsageOID.OCSP_SIGNING not in uses:
        return False
    return candidate.not_valid_before_utc <= at <= candidate.not_valid_after_utc


def _verify(response: ocsp.OCSPResponse, responder: x509.Certificate) -> None:
    algorithm = response.signature_hash_algorithm
    if algorithm is None or not strong_hash(algorithm):
        msg = "weak hash"
        raise TypeError(msg)
    match responder.public_key():
        case ec.EllipticCurvePublicKey() as key:
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        case rsa.RSAPublicKey() as key:
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        case _:
            msg = "another kind of key"
            raise TypeError(msg)


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_hash(certificate: x509.Certificate) -> bytes:
    return _digest(hashes.SHA1(), _key_bits(certificate))  # noqa: S303 - RFC 6960 §4.2.1 names SHA-1; it only identifies


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The content of the subjectPublicKey bit string, as OCSP hashes it (RFC 6960 §4.1.1)."""
    match certificate.public_key():
        case ec.EllipticCurvePublicKey() as key:
            return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        case rsa.RSAPublicKey() as key:
            return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        case _:
            msg = "another kind of key"
            raise TypeError(msg)
