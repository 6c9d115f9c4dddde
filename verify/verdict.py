"""What a verifier can answer: the words shared by every judge in this package.

A verdict has three parts that stand side by side and are never merged early:

- the signature's *indication* and sub-indication (ETSI EN 319 102-1 §5.1.3),
- the document's *status* in the agency's register, from the signed status list,
- the *agreement* between the signed file, its embedded record and its seal code.

`Verdict` is their product, and the exit code of `wathiqa-verify` is the verdict's.
Anything that could not be checked can only lower the verdict: the default of every
part is the one that passes nothing. Pure values; no judge lives here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from signing.formats.pades_level import Level


class Indication(StrEnum):
    """Main status of a signature validation (EN 319 102-1 §5.1.3, table 5)."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class SubIndication(StrEnum):
    """Why a signature did not pass (EN 319 102-1 §5.1.3, table 6); the spelling is ETSI's."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    REVOKED = "REVOKED"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    NO_POE = "NO_POE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    TRY_LATER = "TRY_LATER"
    GENERIC = "GENERIC"


class DocumentStatus(StrEnum):
    """What the agency's register says of the document today."""

    VALID = "valid"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"  # its own `valid_until` has passed; nobody withdrew it
    NOT_ISSUED = "not-issued"  # the register never released it, whoever signed it
    UNKNOWN = "unknown"  # no status list, or one too old to rely on


class Agreement(StrEnum):
    """Whether file, embedded record and seal code tell the same story."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_CHECKED = "not-checked"


class Outcome(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


class Verdict(StrEnum):
    """The answer for people."""

    GENUINE = "genuine"  # genuine and in force
    NOT_IN_FORCE = "not-in-force"  # genuine, but revoked, superseded or expired
    NOT_GENUINE = "not-genuine"
    UNDECIDED = "undecided"  # cannot be judged with what is at hand

    @property
    def exit_code(self) -> int:
        """Exit status of `wathiqa-verify` for one document; 3 means it could not run at all."""
        match self:
            case Verdict.GENUINE:
                return 0
            case Verdict.NOT_IN_FORCE | Verdict.NOT_GENUINE:
                return 1
            case Verdict.UNDECIDED:
                return 2
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One sentence in both languages."""

    ar: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. `code` is stable kebab-case; `words` say it to people."""

    code: str
    outcome: Outcome
    words: Words
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldComparison:
    """One field of the seal code, to be compared with the paper or the embedded record."""

    name: str
    label: Words
    value: str
    agrees: bool | None = None  # None: there was nothing to compare it with


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """Who sealed the file and when, as far as it could be established."""

    signer: str | None = None  # common name of the seal certificate
    organization: str | None = None
    organization_identifier: str | None = None
    certificate_sha256: str | None = None  # hex
    claimed_at: datetime | None = None  # the signer's own word
    proven_at: datetime | None = None  # by a trusted timestamp
    archived_at: datetime | None = None  # by the newest document time-stamp
    judgeable_until: datetime | None = None  # then what proves all the rest weakens
    algorithms: frozenset[str] = frozenset()  # that this proof rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What the document says of itself; to be believed only with the verdict."""

    number: str | None = None
    kind: str | None = None
    agency: str | None = None
    agency_name: Words | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """The answer about one file at one instant."""

    at: datetime
    sha256: str  # of the file, hex
    indication: Indication = Indication.INDETERMINATE
    sub_indication: SubIndication | None = SubIndication.GENERIC
    status: DocumentStatus = DocumentStatus.UNKNOWN
    agreement: Agreement = Agreement.NOT_CHECKED
    level: Level | None = None  # the PAdES level whose parts are in the file; None where none was read
    status_as_of: datetime | None = None
    signature: SignatureFacts = field(default_factory=SignatureFacts)
    document: DocumentFacts = field(default_factory=DocumentFacts)
    checks: tuple[Check, ...] = ()
    fields: tuple[FieldComparison, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Indication × status × agreement."""
        return combine(self.indication, self.status, self.agreement)

    @property
    def is_sound(self) -> bool:
        """Whether the file itself is right, whatever the register says.

        This is what is asked before release, when the register cannot know the document yet.
        """
        return self.indication is Indication.TOTAL_PASSED and self.agreement is Agreement.AGREES


def combine(indication: Indication, status: DocumentStatus, agreement: Agreement) -> Verdict:
    """The product of the three parts; one bad part is enough, one missing part prevents the best."""
    if indication is Indication.TOTAL_FAILED or agreement is Agreement.DIFFERS:
        return Verdict.NOT_GENUINE
    if status is DocumentStatus.NOT_ISSUED:
        return Verdict.NOT_GENUINE
    if indication is Indication.INDETERMINATE or agreement is Agreement.NOT_CHECKED:
        return Verdict.UNDECIDED
    match status:
        case DocumentStatus.VALID:
            return Verdict.GENUINE
        case DocumentStatus.REVOKED | DocumentStatus.SUPERSEDED | DocumentStatus.EXPIRED:
            return Verdict.NOT_IN_FORCE
        case DocumentStatus.UNKNOWN:
            return Verdict.UNDECIDED
        case _:
            assert_never(status)
