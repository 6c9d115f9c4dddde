"""What is said over HTTP about applications and certificates."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ca.applications import ApplicationState
from ca.csr import MAX_REQUEST_OCTETS
from ca.names import Officer as CertifiedOfficer
from ca.reasons import RevocationReason
from issuance.authority.desk import NamedOfficer

Agency = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$", examples=["civil-registry"])]
System = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$", examples=["archive"])]
Words = Annotated[str, Field(min_length=3, max_length=500)]
# Base64 and the lines of PEM around it.
MAX_REQUEST_CHARACTERS = MAX_REQUEST_OCTETS * 3 // 2
_RSA_4096_OCTETS = 512


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfficerBody(_Body):
    """A member of an agency's staff, as the certificate names them. Never the national number."""

    account: str = Field(pattern=r"^[0-9a-f]{32}$", description="The id of their account.")
    given_name: str = Field(min_length=1, max_length=64, examples=["هند"])
    surname: str = Field(min_length=1, max_length=40, examples=["المثال"])
    identifier: str = Field(
        pattern=r"^[A-Z]{2}:[A-Z]{2}-[A-Za-z0-9./-]{1,57}$",
        description="Within the service (EN 319 412-1 §5.1.3).",
        examples=["OF:SY-1042"],
    )


class ApplicationBody(_Body):
    """An application for the seal of one of an agency's systems, or for the signature of one officer."""

    agency: Agency
    system: System | None = Field(
        default=None, description="Which of the agency's systems, the same at each renewal; or `officer`."
    )
    officer: OfficerBody | None = None
    request: str = Field(max_length=MAX_REQUEST_CHARACTERS, description="PKCS #10: PEM, or DER in base64.")
    evidence: str = Field(
        default="", max_length=500, description="How the applicant was identified, such as a letter's number."
    )
    renews: Annotated[str, Field(pattern=r"^[0-9a-f]{1,40}$")] | None = Field(
        default=None, description="Serial number of the certificate that this one follows."
    )
    present_key_signature: str | None = Field(
        default=None,
        max_length=_RSA_4096_OCTETS * 2,
        description="The present key's signature over the request (DER) with SHA-256, in base64: "
        "in the last 90 days it stands for the officers' approvals of the same name.",
    )

    @model_validator(mode="after")
    def _one_holder(self) -> "ApplicationBody":
        if (self.system is None) == (self.officer is None):
            raise ValueError("either a system or an officer")
        return self

    def holder(self) -> str | NamedOfficer:
        """Who is to be certified."""
        if self.officer is None:
            return self.system or ""
        person = CertifiedOfficer(
            given_name=self.officer.given_name,
            surname=self.officer.surname,
            identifier=self.officer.identifier,
        )
        return NamedOfficer(account=self.officer.account, person=person)


class Rejection(_Body):
    """Why an application is rejected; the applicant reads it."""

    reason: Words


class Why(_Body):
    """Why a status changes; it stands in the audit trail."""

    why: Words


class RevocationBody(_Body):
    """Why a certificate is revoked."""

    reason: RevocationReason = Field(
        description="As RFC 5280 §5.3.1 spells it; certificateHold is a suspension."
    )
    why: Words
    invalid_since: datetime | None = Field(
        default=None, description="Since when the key is known or feared to be lost (RFC 5280 §5.3.2)."
    )


class ApprovalShown(BaseModel):
    """One officer's approval."""

    by: str
    at: datetime


class ApplicationShown(BaseModel):
    """An application and what was decided on it."""

    number: str
    state: ApplicationState
    profile: str
    agency: str
    holder: str
    subject: str
    key: str
    key_digest: str
    evidence: str
    renews: str | None
    submitted_by: str
    submitted_at: datetime
    expires_at: datetime
    approvals: list[ApprovalShown]
    approvals_counted: int
    approvals_needed: int
    reason: str | None
    certificate: str | None = Field(description="Serial number, once it is issued.")


class ApplicationPage(BaseModel):
    """Some applications, and the cursor of the next ones."""

    items: list[ApplicationShown]
    next: str | None


class StatusShown(BaseModel):
    """One change of a certificate's status."""

    change: str
    at: datetime
    by: str
    reason: str | None
    invalid_since: datetime | None


class CertificateShown(BaseModel):
    """A certificate and its present status."""

    serial_number: str
    name: str
    profile: str
    subject: str
    key: str
    not_before: datetime
    not_after: datetime
    status: str = Field(description="in-force, suspended, revoked, expired or not-yet-valid.")
    revoked_at: datetime | None
    reason: str | None
    invalid_since: datetime | None
    fingerprint: str = Field(description="SHA-256 of the certificate.")


class CertificateInFull(CertificateShown):
    """A certificate with its history and itself."""

    history: list[StatusShown]
    pem: str


class CertificatePage(BaseModel):
    """Some certificates, and the cursor of the next ones."""

    items: list[CertificateShown]
    next: str | None
