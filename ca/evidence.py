"""Revocation evidence for a document that is sealed now: what a verifier years later needs.

A document carries, from before it is signed, the CRLs of the root and of the issuing CA
and the certificates that they are checked with. CRLs and not OCSP answers: an answer is
worth as long as the certificate of its signer lives (ETSI EN 319 102-1 §5.2.6), which for
an OCSP responder is 30 days and for the issuing CA longer than for any seal. The same
evidence serves every document until it is `fresh_for` old, so its cost is shared.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.crl import current_crl
from ca.errors import CertificateRevoked
from ca.hierarchy import Credential, Hierarchy
from ca.imports import last_root_crl
from ca.store import load_certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """CRLs in DER, and the certificates of the paths that are judged by them."""

    crls: tuple[bytes, ...]
    certificates: tuple[x509.Certificate, ...]
    made_at: datetime


class RevocationEvidence:
    """Makes evidence for the seals of one hierarchy and keeps it while fresh. Safe for many threads."""

    def __init__(
        self,
        hierarchy: Hierarchy,
        engine: Engine,
        *,
        fresh_for: timedelta = timedelta(minutes=10),
        audit: AuditRecorder = unrecorded,
    ) -> None:
        self._hierarchy = hierarchy
        self._engine = engine
        self._fresh_for = fresh_for
        self._audit = audit
        self._lock = threading.Lock()
        self._kept: dict[str, Evidence] = {}

    def for_seal(self, agency: str, *, at: datetime) -> Evidence:
        """The evidence for a document that `agency` seals at `at`; call it outside a transaction.

        Raises:
            CertificateNotFound: no such agency.
            CertificateRevoked: its seal, or the time-stamping certificate, is revoked.
            RootListEnded: the root's list has run out, and only a ceremony makes another.
        """
        with self._lock:
            kept = self._kept.get(agency)
            if kept is None or not kept.made_at <= at < kept.made_at + self._fresh_for:
                kept = self._make(self._hierarchy.seal(agency), at)
                self._kept[agency] = kept
            return kept

    def forget(self) -> None:
        """Make everything anew next time: after a revocation."""
        with self._lock:
            self._kept.clear()

    def _make(self, seal: Credential, at: datetime) -> Evidence:
        pki = self._hierarchy
        self._require_in_force(seal, pki.timestamp)
        lists = (last_root_crl(self._engine, at=at).der, self._list(pki.issuing, (seal, pki.timestamp), at))
        certificates = (pki.issuing.certificate, pki.root.certificate, pki.timestamp.certificate)
        return Evidence(crls=lists, certificates=certificates, made_at=at)

    def _require_in_force(self, *credentials: Credential) -> None:
        with self._engine.connect() as connection:
            for credential in credentials:
                issued = load_certificate(connection, credential.certificate.serial_number)
                if issued.revoked_at is not None:
                    raise CertificateRevoked(name=credential.name)

    def _list(self, authority: Credential, judged: tuple[Credential, ...], at: datetime) -> bytes:
        """The authority's CRL, made no earlier than the certificates that it must know."""
        issued_at = max(each.certificate.not_valid_before_utc for each in judged)
        return current_crl(
            self._engine, authority.as_issuer(), at=at, no_older_than=issued_at, audit=self._audit
        ).der
