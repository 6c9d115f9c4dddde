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
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from verify.signatures.crls import is_whole_crl_of, parse_crl, revoked_by_entry
from verify.signatures.ocsp_answers import is_about, parse_ocsp, revoked_by_answer
from verify.signatures.revoked import Revoked

CLOCK_SKEW = timedelta(minutes=5)
MAX_REMEMBERED = 4096

_Verified = TypeVar("_Verified", x509.CertificateRevocationList, ocsp.OCSPResponse)


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
        published_covers: bool = True,
    ) -> Knowledge:
        """Weighs every answer about `certificate`; `at` is the instant that must be covered.

        Args:
            certificate: what is asked about.
            issuer: who issued it.
            at: the instant.
            ocsps: answers that came with the document.
            crls: lists that came with the document.
            published_covers: whether a published list may say that it was good; any may say revoked.
        """
        brought = [*self._from_ocsps(certificate, issuer, ocsps), *self._from_crls(certificate, issuer, crls)]
        answers = [*brought, *_answers(certificate, self._published_of(issuer))]
        revocations = (each.revoked for each in answers if each.revoked is not None)
        # From after its end an answer is silent: one revoked may have left the list (RFC 5280 §3.3).
        ends = certificate.not_valid_after_utc
        covering = answers if published_covers else brought
        covered = any(at <= each.next_update + CLOCK_SKEW and each.this_update <= ends for each in covering)
        return Knowledge(revoked=tuple(sorted(revocations, key=lambda each: each.since)), covered=covered)

    def _from_crls(
        self, certificate: x509.Certificate, issuer: x509.Certificate, crls: Iterable[bytes]
    ) -> Iterator[_Answer]:
        embedded = (self._crl(der, issuer) for der in crls)
        yield from _answers(certificate, (crl for crl in embedded if crl is not None))

    def _published_of(self, issuer: x509.Certificate) -> tuple[x509.CertificateRevocationList, ...]:
        key = _fingerprint(issuer)
        if key not in self._published_by:
            self._published_by[key] = tuple(crl for crl in self._published if is_whole_crl_of(issuer, crl))
        return self._published_by[key]

    def _from_ocsps(
        self, certificate: x509.Certificate, issuer: x509.Certificate, ocsps: Iterable[bytes]
    ) -> Iterator[_Answer]:
        for der in ocsps:
            response = self._ocsp(der, issuer)
            if response is None or not is_about(response, certificate, issuer):
                continue
            if response.next_update_utc is None or response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
                continue
            yield _Answer(
                this_update=response.this_update_utc,
                next_update=response.next_update_utc,
                revoked=revoked_by_answer(response),
            )

    def _crl(self, der: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
        key = _key(der, issuer)
        if key not in self._crls:
            parsed = parse_crl(der, issuer)
            if parsed is None:
                return None
            _remember(self._crls, key, parsed)
        return self._crls[key]

    def _ocsp(self, der: bytes, issuer: x509.Certificate) -> ocsp.OCSPResponse | None:
        key = _key(der, issuer)
        if key not in self._ocsps:
            parsed = parse_ocsp(der, issuer)
            if parsed is None:
                return None
            _remember(self._ocsps, key, parsed)
        return self._ocsps[key]


def _answers(
    certificate: x509.Certificate, crls: Iterable[x509.CertificateRevocationList]
) -> Iterator[_Answer]:
    for crl in crls:
        if crl.next_update_utc is None:
            continue
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        yield _Answer(
            this_update=crl.last_update_utc,
            next_update=crl.next_update_utc,
            revoked=revoked_by_entry(entry) if entry is not None else None,
        )


def _key(der: bytes, issuer: x509.Certificate) -> bytes:
    return hashlib.sha256(der).digest() + _fingerprint(issuer)


def _remember(memory: dict[bytes, _Verified], key: bytes, answer: _Verified) -> None:
    """Only verified answers are kept, so a stranger's files cannot fill the memory."""
    if len(memory) >= MAX_REMEMBERED:
        memory.clear()
    memory[key] = answer


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())
