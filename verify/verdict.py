"""What a verifier can answer: the words shared by every judge in this package.

A verdict has three parts that stand side by side and are never merged early:

- the signature's *indication* and sub-indication (ETSI EN 319 102-1 §5.1.3),
- the document's *status* in the agency's register, from the signed status list,
- the *agreement* between the signed file, its embedded record, its seal code and what
  its page shows.

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
from signing.formats.status_list import RevocationReason


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
    SUSPENDED = "suspended"  # withdrawn for now; the agency may let it count again
    SUPERSEDED = "superseded"
    EXPIRED = "expired"  # its own `valid_until` has passed; nobody withdrew it
    NOT_ISSUED = "not-issued"  # the register never released it, whoever signed it
    UNKNOWN = "unknown"  # no status list, or one too old to rely on


class Agreement(StrEnum):
    """Whether page, embedded record and seal code tell the same story; the product of `Comparisons`."""

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
    NOT_IN_FORCE = "not-in-force"  # genuine, but revoked, suspended, superseded or expired
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
    """One thing that was looked at. `code` is stable kebab-case; `words` say it to people.

    `rule` names the rule that was applied, as `docs/verdicts.md` lists it; it is stable too.
    """

    code: str
    rule: str
    outcome: Outcome
    words: Words
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint of the signature's validation and how it ended (EN 319 102-1 §5.1.4).

    Finer than a `Check`: what an auditor reads, and what a report by ETSI TS 119 102-2 holds.
    """

    subject: str  # what was measured: `seal`, `seal-certificate`, `time-stamp`, `archive-1` (the oldest) …
    code: str  # stable, kebab-case
    rule: str
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
class DocumentStanding:
    """What the register says of the document, why, and as of when."""

    status: DocumentStatus = DocumentStatus.UNKNOWN
    reason: RevocationReason | None = None  # of a revocation, where the register publishes it
    superseded_by: str | None = None  # the newer document's number, told to whoever may know it; never public
    as_of: datetime | None = None  # when the list was made that says so
    counts_until: datetime | None = None  # the list's end, where it says in force; a withdrawal has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """What was compared with what; None where this judge does not compare it.

    What should have been compared and could not be is UNDECIDED.
    """

    record: Outcome | None = None  # the embedded record with the seal code
    agency: Outcome | None = None  # the agency of the seal code with the certificate's subject
    page: Outcome | None = None  # the page, rendered again from the record, with the signed page
    symbol: Outcome | None = None  # the symbol, read off the rendered page, with the seal code

    @property
    def agreement(self) -> Agreement:
        """One difference is enough; without the first two, nothing was compared at all."""
        outcomes = {self.record, self.agency, self.page, self.symbol}
        if Outcome.FAILED in outcomes:
            return Agreement.DIFFERS
        if Outcome.UNDECIDED in outcomes or None in {self.record, self.agency}:
            return Agreement.NOT_CHECKED
        return Agreement.AGREES


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """The answer about one file at one instant."""

    at: datetime
    sha256: str  # of the file, hex
    indication: Indication = Indication.INDETERMINATE
    sub_indication: SubIndication | None = SubIndication.GENERIC
    standing: DocumentStanding = field(default_factory=DocumentStanding)
    comparisons: Comparisons = field(default_factory=Comparisons)
    level: Level | None = None  # the PAdES level whose parts are in the file; None where none was read
    signature: SignatureFacts = field(default_factory=SignatureFacts)
    document: DocumentFacts = field(default_factory=DocumentFacts)
    checks: tuple[Check, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    fields: tuple[FieldComparison, ...] = ()

    @property
    def status(self) -> DocumentStatus:
        """What the register says of the document."""
        return self.standing.status

    @property
    def status_as_of(self) -> datetime | None:
        """When the list was made that says so."""
        return self.standing.as_of

    @property
    def agreement(self) -> Agreement:
        """The product of what was compared."""
        return self.comparisons.agreement

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
        case (
            DocumentStatus.REVOKED
            | DocumentStatus.SUSPENDED
            | DocumentStatus.SUPERSEDED
            | DocumentStatus.EXPIRED
        ):
            return Verdict.NOT_IN_FORCE
        case DocumentStatus.UNKNOWN:
            return Verdict.UNDECIDED
        case _:
            assert_never(status)
