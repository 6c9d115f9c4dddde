"""What is known of a certificate's revocation: CRLs (RFC 5280 §5) and OCSP (RFC 6960).

Answers from the document's own security store and from the published authority are
weighed alike: each must be signed by the certificate's issuer, or by a responder that
the issuer delegated. Every revocation counts, so no old answer hides a newer one. Parsing
and verifying an answer is done once and remembered; whether it applies at a given
instant is decided at every call.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import CRLEntryExtensionOID, ExtendedKeyUsageOID, ExtensionOID

from verify.algorithms import strong_hash

CLOCK_SKEW = timedelta(minutes=5)
MAX_ANSWER_OCTETS = 4 * 1024 * 1024
MAX_REMEMBERED = 4096
NOT_SAID = "not said"  # RFC 3161 §4 takes no reason for the worst, and "unspecified" for harmless

_Verified = TypeVar("_Verified", x509.CertificateRevocationList, ocsp.OCSPResponse)
_OCSP_HASHES = (hashes.SHA1, hashes.SHA256)
_CRL_EXTENSIONS = frozenset({ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_NUMBER})
_CRL_PARTS = frozenset(
    {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.FRESHEST_CRL}
)
_ENTRY_EXTENSIONS = frozenset({CRLEntryExtensionOID.CRL_REASON, CRLEntryExtensionOID.INVALIDITY_DATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Since when, compromise dated back where the authority says so (RFC 5280 §5.3.2)."""

    since: datetime
    reason: str  # as RFC 5280 spells it; `NOT_SAID` where the answer says none


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What all answers together say of one certificate."""

    revoked: tuple[Revoked, ...] = ()  # by each answer that says so, the earliest first
    covered: bool = False  # some answer speaks about the instant asked


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    this_update: datetime
    next_update: datetime
    revoked: Revoked | None


class RevocationMemory:
    """Parsed and verified answers, by their octets and the issuer they were verified with.

    Args:
        published: CRLs of the authority, weighed in every question.
    """

    def __init__(self, published: tuple[x509.CertificateRevocationList, ...] = ()) -> None:
        self._published = published
        self._published_by: dict[bytes, tuple[x509.CertificateRevocationList, ...]] = {}
        self._crls: dict[bytes, x509.CertificateRevocationList] = {}
        self._ocsps: dict[bytes, ocsp.OCSPResponse] = {}

    def knowledge(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        *,
        at: datetime,
        ocsps: Iterable[bytes],
        crls: Iterable[bytes],
    ) -> Knowledge:
        """Weighs every answer about `certificate`; `at` is the instant that must be covered."""
        answers = [*self._from_ocsps(certificate, issuer, ocsps), *self._from_crls(certificate, issuer, crls)]
        revocations = (each.revoked for each in answers if each.revoked is not None)
        # From after its end an answer is silent: one revoked may have left the list (RFC 5280 §3.3).
        ends = certificate.not_valid_after_utc
        covered = any(at <= each.next_update + CLOCK_SKEW and each.this_update <= ends for each in answers)
        return Knowledge(revoked=tuple(sorted(revocations, key=lambda each: each.since)), covered=covered)

    def _from_crls(
        self, certificate: x509.Certificate, issuer: x509.Certificate, crls: Iterable[bytes]
    ) -> Iterator[_Answer]:
        embedded = (self._crl(der, issuer) for der in crls)
        for crl in (*embedded, *self._published_of(issuer)):
            if crl is None or crl.next_update_utc is None:
                continue
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            yield _Answer(
                this_update=crl.last_update_utc,
                next_update=crl.next_update_utc,
                revoked=_entry(entry) if entry is not None else None,
            )

    def _published_of(self, issuer: x509.Certificate) -> tuple[x509.CertificateRevocationList, ...]:
        key = _fingerprint(issuer)
        if key not in self._published_by:
            self._published_by[key] = tuple(crl for crl in self._published if _is_whole_crl_of(issuer, crl))
        return self._published_by[key]

    def _from_ocsps(
        self, certificate: x509.Certificate, issuer: x509.Certificate, ocsps: Iterable[bytes]
    ) -> Iterator[_Answer]:
        for der in ocsps:
            response = self._ocsp(der, issuer)
            if response is None or not _is_about(response, certificate, issuer):
                continue
            if response.next_update_utc is None or response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
                continue
            yield _Answer(
                this_update=response.this_update_utc,
                next_update=response.next_update_utc,
                revoked=_status(response),
            )

    def _crl(self, der: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
        key = _key(der, issuer)
        if key not in self._crls:
            parsed = _parse_crl(der, issuer)
            if parsed is None:
                return None
            _remember(self._crls, key, parsed)
        return self._crls[key]

    def _ocsp(self, der: bytes, issuer: x509.Certificate) -> ocsp.OCSPResponse | None:
        key = _key(der, issuer)
        if key not in self._ocsps:
            parsed = _parse_ocsp(der, issuer)
            if parsed is None:
                return None
            _remember(self._ocsps, key, parsed)
        return self._ocsps[key]


def _key(der: bytes, issuer: x509.Certificate) -> bytes:
    return hashlib.sha256(der).digest() + _fingerprint(issuer)


def _remember(memory: dict[bytes, _Verified], key: bytes, answer: _Verified) -> None:
    """Only verified answers are kept, so a stranger's files cannot fill the memory."""
    if len(memory) >= MAX_REMEMBERED:
        memory.clear()
    memory[key] = answer


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())


def _parse_crl(der: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
    """A full CRL of `issuer`; None for another's, a partial or delta one, and anything unreadable."""
    if len(der) > MAX_ANSWER_OCTETS:
        return None
    try:
        crl = x509.load_der_x509_crl(der)
    except ValueError:
        return None
    return crl if _is_whole_crl_of(issuer, crl) else None


def _is_whole_crl_of(issuer: x509.Certificate, crl: x509.CertificateRevocationList) -> bool:
    try:
        public_key = issuer.public_key()
        if crl.issuer != issuer.subject or not isinstance(
            public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey
        ):
            return False
        is_signed = strong_hash(crl.signature_hash_algorithm) and crl.is_signature_valid(public_key)
        return is_signed and _may_sign_crls(issuer) and is_whole(crl)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _may_sign_crls(issuer: x509.Certificate) -> bool:
    """RFC 5280 §6.3.3 (f): an authority that may only sign certificates signs no CRL."""
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return False


def is_whole(crl: x509.CertificateRevocationList) -> bool:
    """Whether a list speaks of all its issuer's certificates, in words that are known here.

    RFC 5280 §5.2, §5.3: an extension not understood, of the list or of one entry, voids the list. So does
    one that makes it a part: of some reasons or certificates, or the base of deltas that nobody reads here.
    """
    if any(
        each.oid in _CRL_PARTS or (each.critical and each.oid not in _CRL_EXTENSIONS)
        for each in crl.extensions
    ):
        return False
    return not any(
        each.critical and each.oid not in _ENTRY_EXTENSIONS for entry in crl for each in entry.extensions
    )


def _parse_ocsp(der: bytes, issuer: x509.Certificate) -> ocsp.OCSPResponse | None:
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


def _is_about(response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if response.serial_number != certificate.serial_number:
        return False
    if not isinstance(response.hash_algorithm, _OCSP_HASHES):
        return False
    return response.issuer_name_hash == _digest(response.hash_algorithm, issuer.subject.public_bytes()) and (
        response.issuer_key_hash == _digest(response.hash_algorithm, _key_bits(issuer))
    )


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


def _entry(entry: x509.RevokedCertificate) -> Revoked:
    since, reason = entry.revocation_date_utc, NOT_SAID
    for extension in entry.extensions:
        match extension.value:
            case x509.CRLReason(reason=flag):
                reason = flag.value
            case x509.InvalidityDate() as invalidity:
                since = min(since, invalidity.invalidity_date_utc)
            case _:
                continue
    return Revoked(since=since, reason=reason)


def _status(response: ocsp.OCSPResponse) -> Revoked | None:
    if response.certificate_status is not ocsp.OCSPCertStatus.REVOKED:
        return None
    since = response.revocation_time_utc or response.this_update_utc
    flag = response.revocation_reason
    return Revoked(since=since, reason=flag.value if flag is not None else NOT_SAID)
