"""An authority, its officers, and those who apply to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine

from ca.applications import Application
from ca.certificates import Issuer
from ca.csr import parse_request
from ca.enrolment import NewApplication, approve, issue_application, submit
from ca.names import Agency, agency_name
from ca.profiles import ProfileName
from ca.store import IssuedCertificate
from ca.urls import PublicUrls

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
REGISTRY = Agency(
    code="civil-registry",
    name_ar="مديرية الأحوال المدنية",
    name_en="Directorate of Civil Status",
    organization_identifier="GO:SY-CIVIL-REGISTRY",
)
HOLDER = "enrolled-civil-registry-archive"
CLERK, AMAL, BASEL, HIND = "staff:clerk", "staff:amal", "staff:basel", "staff:hind"

PrivateKey = ec.EllipticCurvePrivateKey


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def request_of(key: PrivateKey, subject: x509.Name | None = None) -> bytes:
    """What an agency's system sends."""
    builder = x509.CertificateSigningRequestBuilder(subject or x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass
class Office:
    """The authority's books, its issuing key, and officers who may be blocked."""

    engine: Engine
    issuer: Issuer
    now: datetime = START
    blocked: set[str] = field(default_factory=set)
    told: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def audit(self, act: str, facts: Mapping[str, str], at: datetime) -> None:
        del at
        self.told.append((act, facts))

    def still_counts(self, officer: str) -> bool:
        return officer not in self.blocked

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def submit(
        self,
        key: PrivateKey | None = None,
        *,
        by: str = CLERK,
        asked: x509.Name | None = None,
        request: bytes | None = None,
        **changes: Any,
    ) -> Application:
        arguments: dict[str, Any] = {
            "profile": ProfileName.SEAL,
            "agency": REGISTRY.code,
            "holder": HOLDER,
            "subject": agency_name(REGISTRY),
            "evidence": "letter 14 of the directorate",
        }
        checked = parse_request(request or request_of(key or new_key(), asked))
        with self.engine.begin() as connection:
            return submit(
                connection,
                NewApplication(**arguments | changes),
                checked,
                by=by,
                at=self.now,
                audit=self.audit,
            )

    def approve(self, number: str, *officers: str) -> None:
        for officer in officers:
            with self.engine.begin() as connection:
                approve(connection, number, by=officer, at=self.now, audit=self.audit)

    def approved(self, key: PrivateKey | None = None, **changes: Any) -> Application:
        application = self.submit(key, **changes)
        self.approve(application.number, AMAL, BASEL)
        return application

    def issue(self, number: str, **changes: Any) -> IssuedCertificate:
        arguments: dict[str, Any] = {
            "at": self.now,
            "urls": PublicUrls(),
            "still_counts": self.still_counts,
            "audit": self.audit,
        }
        return issue_application(self.engine, self.issuer, number, **arguments | changes)

    def issued(self, key: PrivateKey | None = None, **changes: Any) -> IssuedCertificate:
        return self.issue(self.approved(key, **changes).number)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]
