"""The seal's signature: cryptography, time and certificates (ETSI EN 319 102-1 §5.6).

Steps, as far as a closed authority needs them: the signature holds over the whole file
(§5.2.7); the time-stamp proves when it existed (§5.5); at that time the seal certificate
was valid and not revoked (§5.2.6), by answers inside the file or published since.

Every seal of ours is time-stamped. One without is at best INDETERMINATE: it is judged
at the present instant, and the missing time-stamp is a broken constraint.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from verify.chain import ChainJudge, Evidence, Role
from verify.errors import NotDecided, NotVerified
from verify.revocation import Revoked
from verify.sentences import failed, passed
from verify.signed_data import SignedData, parse_signed_data
from verify.structure import SealedFile
from verify.time_stamps import TimeStamp, parse_time_stamp
from verify.verdict import Check, Indication, SignatureFacts, SubIndication

CLOCK_SKEW = timedelta(minutes=5)
# A seal is time-stamped at once; a longer gap means that the claimed time is not the time of sealing.
MAX_STAMPING_DELAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureJudgement:
    """The signature's indication, how it came about, and whose signature it is."""

    indication: Indication
    sub_indication: SubIndication | None
    checks: tuple[Check, ...]
    facts: SignatureFacts
    certificate: x509.Certificate | None = None
    trusted: bool = False  # the certificate leads to a root of ours


@dataclass(slots=True)
class _Course:
    """What has been found so far; a judgement can stop at any step and still report it."""

    facts: SignatureFacts
    checks: list[Check] = field(default_factory=list)
    certificate: x509.Certificate | None = None
    trusted: bool = False


def judge_signature(file: SealedFile, *, chain: ChainJudge, at: datetime) -> SignatureJudgement:
    """The judgement on the signature of `file` at the instant `at`; never raises."""
    course = _Course(facts=SignatureFacts(claimed_at=file.claimed_at))
    try:
        _judge(file, chain, at, course)
    except NotVerified as reason:
        return _stopped(course, reason)
    except Exception as error:  # noqa: BLE001 - a hostile file must end in a report
        # Certificates are parsed as late as their parts are needed, so malformed ones surface anywhere.
        rule = type(error).__name__
        return _stopped(course, NotVerified(SubIndication.FORMAT_FAILURE, "seal", rule=rule))
    return _judgement(course, Indication.TOTAL_PASSED, None)


def _stopped(course: _Course, reason: NotVerified) -> SignatureJudgement:
    course.checks.append(failed(reason))
    return _judgement(course, reason.indication, reason.sub_indication)


def _judgement(
    course: _Course, indication: Indication, sub_indication: SubIndication | None
) -> SignatureJudgement:
    return SignatureJudgement(
        indication=indication,
        sub_indication=sub_indication,
        checks=tuple(course.checks),
        facts=course.facts,
        certificate=course.certificate,
        trusted=course.trusted,
    )


def _judge(file: SealedFile, chain: ChainJudge, at: datetime, course: _Course) -> None:
    signed = parse_signed_data(file.cms, content_type="data", check="seal", digest=file.signed_digest)
    if "signing_time" in signed.attribute_types:
        # EN 319 142-1 §6.3: the time is /M, and nowhere else.
        raise NotVerified(SubIndication.SIG_CONSTRAINTS_FAILURE, "seal", rule="signing-time attribute")
    course.certificate = signed.signer
    course.facts = _named(course.facts, signed.signer)
    course.checks.append(passed("seal"))
    evidence = Evidence(
        certificates=(*signed.certificates, *_loaded(file.certificates)), ocsps=file.ocsps, crls=file.crls
    )
    course.trusted = chain.knows(signed.signer, evidence)
    stamp = _time_stamp(signed, file, chain, evidence, at)
    if stamp is not None:
        course.facts = replace(course.facts, proven_at=stamp.generated_at)
        course.checks.append(passed("time-stamp", at=stamp.generated_at.isoformat()))
    proven_at = stamp.generated_at if stamp else at
    _judge_certificate(signed, file=file, chain=chain, evidence=evidence, proven_at=proven_at, course=course)
    if stamp is None:
        raise NotDecided(SubIndication.SIG_CONSTRAINTS_FAILURE, "time-stamp", rule="missing")


def _judge_certificate(
    signed: SignedData,
    *,
    file: SealedFile,
    chain: ChainJudge,
    evidence: Evidence,
    proven_at: datetime,
    course: _Course,
) -> None:
    try:
        later = chain.judge(
            signed.signer, Role.SEAL, at=proven_at, evidence=evidence, check="seal-certificate"
        )
    except NotDecided as reason:
        _raise_if_revoked_when_claimed(reason, file.claimed_at)
        raise
    course.checks.append(_certificate_passed(later))


def _certificate_passed(later: Revoked | None) -> Check:
    if later is None:
        return passed("seal-certificate")
    return passed("seal-certificate-revoked-later", since=later.since.isoformat(), reason=later.reason)


def _raise_if_revoked_when_claimed(reason: NotDecided, claimed_at: datetime) -> None:
    """By the signer's own word the seal was made after the revocation: that is proof against it."""
    since = reason.facts.get("since")
    if since is not None and datetime.fromisoformat(since) <= claimed_at:
        raise NotVerified(SubIndication.REVOKED, reason.check, **reason.facts) from reason


def _time_stamp(
    signed: SignedData, file: SealedFile, chain: ChainJudge, evidence: Evidence, at: datetime
) -> TimeStamp | None:
    """The one time-stamp over the signature value, its authority judged; None where there is none."""
    if not signed.time_stamp_tokens:
        return None
    if len(signed.time_stamp_tokens) > 1:
        raise NotDecided(SubIndication.SIG_CONSTRAINTS_FAILURE, "time-stamp", rule="several")
    stamp = parse_time_stamp(signed.time_stamp_tokens[0], over=signed.signature)
    if stamp.generated_at > at + CLOCK_SKEW:
        raise NotDecided(SubIndication.TIMESTAMP_ORDER_FAILURE, "time-stamp", rule="in the future")
    delay = stamp.generated_at - file.claimed_at
    if not -CLOCK_SKEW <= delay <= MAX_STAMPING_DELAY:
        raise NotDecided(
            SubIndication.TIMESTAMP_ORDER_FAILURE, "time-stamp", rule="far from the claimed time"
        )
    if at > stamp.signer.not_valid_after_utc:
        # Without an archive time-stamp over it, a token is worth as long as its certificate lives.
        raise NotDecided(SubIndication.OUT_OF_BOUNDS_NO_POE, "time-stamp")
    with_token = replace(evidence, certificates=(*stamp.certificates, *evidence.certificates))
    chain.judge(stamp.signer, Role.TIME_STAMP, at=stamp.generated_at, evidence=with_token, check="time-stamp")
    return stamp


def _loaded(certificates: tuple[bytes, ...]) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_der_x509_certificate(each) for each in certificates)
    except ValueError as error:
        raise NotVerified(SubIndication.FORMAT_FAILURE, "structure", rule="security store") from error


def _named(facts: SignatureFacts, certificate: x509.Certificate) -> SignatureFacts:
    def attribute(oid: x509.ObjectIdentifier) -> str | None:
        found = certificate.subject.get_attributes_for_oid(oid)
        return str(found[0].value) if len(found) == 1 else None

    return replace(
        facts,
        signer=attribute(NameOID.COMMON_NAME),
        organization=attribute(NameOID.ORGANIZATION_NAME),
        organization_identifier=attribute(NameOID.ORGANIZATION_IDENTIFIER),
        certificate_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )
