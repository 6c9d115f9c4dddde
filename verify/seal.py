"""Judges a seal code: what the QR of a document is worth, at one instant.

The order matters: nothing inside the code is believed, or shown as a fact, before a
key of the trust list has signed it. Never raises for what a stranger wrote.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from signing.formats.claims import SealClaims
from signing.formats.cose import is_signed_by
from signing.formats.fields import show_value
from signing.formats.profiles import Profile
from signing.formats.seal_code import (
    ParsedSealCode,
    SealCodeError,
    UnknownSealVersion,
    external_data,
    parse_seal_code,
)
from signing.formats.status_list import Status, StatusClaims, UnknownStatus
from signing.formats.trust_list import KeyState, SealKey, TrustList
from verify.reasons import MEANINGS, WITHDRAWN, Reason
from verify.rules import RULES
from verify.trust import RolledBack, Trust, TrustError
from verify.verdict import (
    Agreement,
    Check,
    DocumentFacts,
    DocumentStanding,
    DocumentStatus,
    FieldComparison,
    Indication,
    Outcome,
    SubIndication,
    Verdict,
    Words,
    combine,
)

# Clocks of phones and counters are seldom right to the minute.
CLOCK_TOLERANCE = timedelta(minutes=10)
# A list published while a document was still being made may call it not issued.
RELEASE_DELAY = timedelta(hours=1)
NO_FACTS = DocumentFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealReport:
    """The answer about one seal code at one instant.

    `claims` is None unless a key of the trust list signed them. The verdict is about the
    seal: whether the paper says the same, people see by comparing `fields` with it.
    """

    at: datetime
    reason: Reason
    claims: SealClaims | None = None
    status_as_of: datetime | None = None
    status_until: datetime | None = None  # the end of the list that says in force
    document: DocumentFacts = NO_FACTS
    fields: tuple[FieldComparison, ...] = ()

    @property
    def indication(self) -> Indication:
        """What the signature is worth."""
        return MEANINGS[self.reason].indication

    @property
    def sub_indication(self) -> SubIndication | None:
        """Why the signature did not pass."""
        return MEANINGS[self.reason].sub_indication

    @property
    def status(self) -> DocumentStatus:
        """What the register says."""
        return MEANINGS[self.reason].status

    @property
    def standing(self) -> DocumentStanding:
        """What the register says, why, and as of when; nothing of a code that is not right."""
        meaning = MEANINGS[self.reason]
        if meaning.indication is not Indication.TOTAL_PASSED:
            return DocumentStanding()
        return DocumentStanding(
            status=meaning.status,
            reason=meaning.why,
            as_of=self.status_as_of,
            counts_until=self.status_until,
        )

    @property
    def words(self) -> Words:
        """The reason in a sentence."""
        return MEANINGS[self.reason].words

    @property
    def verdict(self) -> Verdict:
        """The answer for people."""
        return combine(self.indication, self.status, Agreement.AGREES)

    @property
    def check(self) -> Check:
        """This report as one line of a larger one."""
        match self.indication:
            case Indication.TOTAL_PASSED:
                outcome = Outcome.PASSED
            case Indication.INDETERMINATE:
                outcome = Outcome.UNDECIDED
            case Indication.TOTAL_FAILED:
                outcome = Outcome.FAILED
        facts = {"reason": self.reason.value}
        return Check(
            code="seal-code", rule=RULES["seal-code"], outcome=outcome, words=self.words, facts=facts
        )


def validate_seal_code(
    text: str, *, trust: Trust, at: datetime, sealed_at: datetime | None = None
) -> SealReport:
    """The verdict on the text of a symbol, by what `trust` vouches for, at `at`.

    Args:
        text: what the symbol says.
        trust: what is believed.
        at: now.
        sealed_at: when a file that it stands in provably existed, sealed by another key that was found
            good. If the key of codes was not withdrawn by then, it does not matter who has had it since.
    """
    try:
        parsed = parse_seal_code(text)
    except UnknownSealVersion:
        return SealReport(at=at, reason=Reason.UNKNOWN_VERSION)
    except SealCodeError:
        return SealReport(at=at, reason=Reason.UNREADABLE)
    doubt = _judge_seal(parsed, trust, at, sealed_at)
    if doubt is not None:
        return SealReport(at=at, reason=doubt)
    return _report_signed(parsed.claims, trust, at)


def _judge_seal(
    parsed: ParsedSealCode, trust: Trust, at: datetime, sealed_at: datetime | None
) -> Reason | None:
    """Why the seal cannot be relied on; None where a permitted key signed it."""
    trust_list, claims = trust.trust_list, parsed.claims
    if parsed.verify_origin != trust_list.verify_origin:
        return Reason.WRONG_ORIGIN
    if trust.is_rolled_back:
        return Reason.TRUST_ROLLED_BACK
    if trust.is_stale(at):
        return Reason.TRUST_STALE
    keys = trust_list.seal_keys_of(parsed.kid)
    if not keys:
        # A key is published before it seals, so an older code by an unknown key is nobody's.
        is_older = claims.issued_at < trust_list.issued_at
        return Reason.UNKNOWN_KEY if is_older else Reason.KEY_TOO_NEW
    aad = external_data(trust_list.verify_origin)
    signed_by = next(
        (key for key in keys if is_signed_by(parsed.message, key.public_key, external_aad=aad)), None
    )
    if signed_by is None:
        return Reason.BAD_SIGNATURE
    return _judge_key(signed_by, claims, at, sealed_at)


def _judge_key(key: SealKey, claims: SealClaims, at: datetime, sealed_at: datetime | None) -> Reason | None:
    in_window = key.not_before <= claims.issued_at <= key.not_after
    if not in_window or claims.agency != key.agency or claims.profile not in key.profiles:
        return Reason.KEY_NOT_PERMITTED
    if claims.issued_at > at + CLOCK_TOLERANCE:
        return Reason.CLOCK_WRONG
    # Before the key was stopped, ours and a thief's who dates back cannot be told apart, but by a
    # time-stamp: what a thief makes afterwards can borrow neither a seal nor a time of before.
    is_vouched_for = sealed_at is not None and sealed_at <= key.not_after
    return Reason.KEY_COMPROMISED if key.state is KeyState.COMPROMISED and not is_vouched_for else None


def _report_signed(claims: SealClaims, trust: Trust, at: datetime) -> SealReport:
    trust_list = trust.trust_list
    profile = trust_list.profile(claims.profile)
    if profile is None:
        return SealReport(
            at=at, reason=Reason.UNKNOWN_PROFILE, claims=claims, document=_facts(claims, None, trust_list)
        )
    try:
        fields = _show_fields(claims, profile, trust_list)
    except ValueError:
        return SealReport(at=at, reason=Reason.FIELDS_MALFORMED)
    reason, told_by = _judge_status(claims, trust, at)
    return SealReport(
        at=at,
        reason=reason,
        claims=claims,
        status_as_of=told_by.issued_at if told_by else None,
        status_until=told_by.expires_at if told_by and reason is Reason.IN_FORCE else None,
        document=_facts(claims, profile, trust_list),
        fields=fields,
    )


def _judge_status(claims: SealClaims, trust: Trust, at: datetime) -> tuple[Reason, StatusClaims | None]:
    """What the register says, and by which list; a date that has passed needs no register.

    Withdrawal is final, so an old list is enough to know it; and a document that was suspended
    when somebody last asked is not taken for one in force.
    """
    told_by = None
    try:
        status_list = trust.status_list(claims.status_list)
        reason, told_by = _told_by(status_list, claims, at), status_list
    except RolledBack:
        reason = Reason.STATUS_ROLLED_BACK
    except (TrustError, IndexError):
        reason = Reason.STATUS_MISSING
    is_withdrawn = MEANINGS[reason].status not in {DocumentStatus.VALID, DocumentStatus.UNKNOWN}
    return (Reason.EXPIRED if at > claims.expires_at and not is_withdrawn else reason), told_by


def _told_by(status_list: StatusClaims, claims: SealClaims, at: datetime) -> Reason:
    try:
        status = status_list.entries.get(claims.status_index)
    except UnknownStatus:
        return Reason.STATUS_NOT_UNDERSTOOD
    as_of = status_list.issued_at
    if status is Status.NOT_ISSUED and as_of < claims.issued_at + RELEASE_DELAY:
        return Reason.STATUS_STALE
    if status is Status.NOT_ISSUED:
        return Reason.NOT_ISSUED  # what was never released was not released then
    if status is not Status.VALID:
        # By a list younger than the instant it was withdrawn, or put on hold, nobody knows when.
        return Reason.STATUS_OF_LATER if as_of > at + CLOCK_TOLERANCE else WITHDRAWN[status]
    # A younger list that says valid says it of all the time before: withdrawal is final.
    is_current = at <= status_list.expires_at and as_of >= claims.issued_at
    return Reason.IN_FORCE if is_current else Reason.STATUS_STALE


def _show_fields(claims: SealClaims, profile: Profile, trust_list: TrustList) -> tuple[FieldComparison, ...]:
    shown = []
    for field, value in zip(profile.fields, claims.fields, strict=True):
        words = show_value(field, value, tables=trust_list.tables)
        both = words.ar if words.ar == words.en else f"{words.ar} / {words.en}"
        label = Words(ar=field.label_ar, en=field.label_en)
        shown.append(FieldComparison(name=field.name, label=label, value=both))
    return tuple(shown)


def _facts(claims: SealClaims, profile: Profile | None, trust_list: TrustList) -> DocumentFacts:
    agency = trust_list.agency(claims.agency)
    return DocumentFacts(
        number=claims.number,
        kind=profile.kind if profile else None,
        agency=agency.id if agency else None,
        agency_name=Words(ar=agency.ar, en=agency.en) if agency else None,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
    )
