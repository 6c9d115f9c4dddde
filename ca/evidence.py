"""Revocation evidence for a document that is sealed now: what a verifier years later needs.

A document carries, from before it is signed, the status of its seal certificate and of
the time-stamping certificate (OCSP), the root's CRL for the issuing CA, and the
certificates that these are checked with. The same evidence serves every document
until it is `fresh_for` old, so its cost is shared.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import Connection, Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.crl import current_crl
from ca.errors import CertificateRevoked
from ca.hierarchy import Credential, Hierarchy
from ca.ocsp import OcspResponder
from ca.store import load_certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """DER encodings, and the certificates that sign or are judged by them."""

    ocsps: tuple[bytes, ...]
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
        self._responder: OcspResponder = hierarchy.ocsp_responder()
        self._lock = threading.Lock()
        self._kept: dict[str, Evidence] = {}

    def for_seal(self, agency: str, *, at: datetime) -> Evidence:
        """The evidence for a document that `agency` seals at `at`; call it outside a transaction.

        Raises:
            CertificateNotFound: no such agency.
            CertificateRevoked: its seal, or the time-stamping certificate, is revoked.
            AuthorityExpired: the OCSP responder's certificate has ended; `establish` renews it.
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
        crl = current_crl(self._engine, pki.root.as_issuer(), at=at, audit=self._audit)
        with self._engine.connect() as connection:
            ocsps = tuple(self._status(connection, credential, at) for credential in (seal, pki.timestamp))
        certificates = (pki.issuing.certificate, pki.root.certificate, pki.ocsp.certificate)
        return Evidence(
            ocsps=ocsps, crls=(crl.der,), certificates=(*certificates, pki.timestamp.certificate), made_at=at
        )

    def _status(self, connection: Connection, credential: Credential, at: datetime) -> bytes:
        issued = load_certificate(connection, credential.certificate.serial_number)
        if issued.revoked_at is not None:
            raise CertificateRevoked(name=credential.name)
        return self._responder.presign(issued, at=at).der
