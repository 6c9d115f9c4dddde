"""The seal's signature: cryptography, time and certificates (ETSI EN 319 102-1 §5.6).

The signature must hold over all that was sealed (§5.2.7). Then, from the outside inwards: every
document time-stamp proves that what it covers existed at its time (`past.py`, §5.6.2); the seal's
own time-stamp proves when it existed (§5.5); at that time the seal certificate was valid and not
revoked (§5.2.6), by answers inside the file or published since.

A seal that nothing time-stamps (level B-B) is judged at the present instant: it passes as long as
its certificate is valid, and no longer.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from signing.formats.pades_level import Level
from verify.errors import NotDecided, NotVerified
from verify.files.structure import SealedFile
from verify.sentences import failed, passed, passed_over
from verify.signatures.algorithms import Algorithms
from verify.signatures.chain import ChainJudge
from verify.signatures.fitness import Role
from verify.signatures.past import CLOCK_SKEW, Past, Proof, evidence_of
from verify.signatures.revoked import Revoked
from verify.signatures.signed_data import SignedData, parse_signed_data
from verify.signatures.time_stamps import parse_time_stamp
from verify.trail import Trail
from verify.verdict import Check, Constraint, Indication, Outcome, SignatureFacts, SubIndication

# A seal is time-stamped at once; a longer gap means that the claimed time is not the time of sealing.
MAX_STAMPING_DELAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureJudgement:
    """The signature's indication, how it came about, and whose signature it is."""

    indication: Indication
    sub_indication: SubIndication | None
    checks: tuple[Check, ...]
    facts: SignatureFacts
    constraints: tuple[Constraint, ...] = ()
    level: Level | None = None
    certificate: x509.Certificate | None = None
    trusted: bool = False  # the certificate leads to a root of ours


@dataclass(slots=True)
class _Course:
    """What has been found so far; a judgement can stop at any step and still report it."""

    facts: SignatureFacts
    trail: Trail = field(default_factory=Trail)
    checks: list[Check] = field(default_factory=list)
    level: Level | None = None
    certificate: x509.Certificate | None = None
    trusted: bool = False


def judge_signature(
    file: SealedFile, *, chain: ChainJudge, at: datetime, algorithms: Algorithms | None = None
) -> SignatureJudgement:
    """The judgement on the signature of `file` at the instant `at`; never raises."""
    course = _Course(facts=SignatureFacts(claimed_at=file.claimed_at))
    try:
        past = Past(chain=chain, algorithms=algorithms or Algorithms(), now=at, trail=course.trail)
        _judge(file, past, course)
    except NotVerified as reason:
        return _stopped(course, reason)
    except Exception as error:  # noqa: BLE001 - a hostile file must end in a report
        # Certificates are parsed as late as their parts are needed, so malformed ones surface anywhere.
        rule = type(error).__name__
        return _stopped(course, NotVerified(SubIndication.FORMAT_FAILURE, "seal", rule=rule))
    return _judgement(course, Indication.TOTAL_PASSED, None)


def _stopped(course: _Course, reason: NotVerified) -> SignatureJudgement:
    course.checks.append(failed(reason))
    if not course.trail.constraints or course.trail.constraints[-1].outcome is Outcome.PASSED:
        course.trail.stopped(reason)
    return _judgement(course, reason.indication, reason.sub_indication)


def _judgement(
    course: _Course, indication: Indication, sub_indication: SubIndication | None
) -> SignatureJudgement:
    return SignatureJudgement(
        indication=indication,
        sub_indication=sub_indication,
        checks=tuple(course.checks),
        facts=course.facts,
        constraints=tuple(course.trail.constraints),
        level=course.level,
        certificate=course.certificate,
        trusted=course.trusted,
    )


def _judge(file: SealedFile, past: Past, course: _Course) -> None:
    signed = _judge_seal(file, past, course)
    proof, doubt = past.judge_document_time_stamps(file)
    if proof.archived_at is not None:
        course.facts = replace(course.facts, archived_at=proof.archived_at)
        course.checks.append(passed("archive", at=proof.archived_at.isoformat()))
    try:
        _judge_time(signed, file, past, proof, course)
    except NotDecided as reason:
        course.trail.stopped(reason)
        # What a better archive time-stamp would have proven is missing: that is why.
        raise (doubt or reason) from reason
    if doubt is not None:
        course.checks.append(passed_over(doubt))


def _judge_seal(file: SealedFile, past: Past, course: _Course) -> SignedData:
    """The signature itself, and whose it is."""
    course.trail.about("seal")
    signed = parse_signed_data(
        file.cms, content_type="data", check="seal", digest=file.signed_digest, trail=course.trail
    )
    if "signing_time" in signed.attribute_types:
        # EN 319 142-1 §6.3: the time is /M, and nowhere else.
        raise NotVerified(SubIndication.SIG_CONSTRAINTS_FAILURE, "seal", rule="signing-time attribute")
    course.certificate = signed.signer
    course.facts = _named(course.facts, signed.signer)
    course.checks.append(passed("seal"))
    course.level = _level(signed, file)
    course.trusted = past.chain.knows(signed.signer, evidence_of(file, signed.certificates))
    if not course.trusted:
        # §5.2.6: before anything is asked about times. It may be a good seal of somebody else's.
        course.trail.about("seal-certificate")
        raise NotDecided(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "seal-certificate")
    return signed


def _judge_time(signed: SignedData, file: SealedFile, past: Past, proof: Proof, course: _Course) -> None:
    """When the seal existed, and whether its certificate was good then."""
    course.trail.about("time-stamp")
    proof = _judge_time_stamp(signed, file, past, proof)
    if proof.until is None:
        course.checks.append(passed("no-time-stamp"))
    else:
        course.facts = replace(course.facts, proven_at=proof.at)
    if signed.time_stamp_tokens:
        course.checks.append(passed("time-stamp", at=proof.at.isoformat()))
    course.trail.about("seal-certificate")
    _judge_certificate(signed, file, past, proof, course)


def _level(signed: SignedData, file: SealedFile) -> Level:
    """By the parts that are there, whatever they prove (EN 319 142-1 §6.1)."""
    if file.time_stamps:
        return Level.B_LTA
    if not signed.time_stamp_tokens:
        return Level.B_B
    return Level.B_LT if file.stores else Level.B_T


def _judge_time_stamp(signed: SignedData, file: SealedFile, past: Past, proof: Proof) -> Proof:
    """What the one time-stamp over the signature value proves; `proof` as it was where there is none."""
    if not signed.time_stamp_tokens:
        return proof
    if len(signed.time_stamp_tokens) > 1:
        raise NotDecided(SubIndication.SIG_CONSTRAINTS_FAILURE, "time-stamp", rule="several")
    stamp = parse_time_stamp(
        signed.time_stamp_tokens[0], over=(signed.signature,), check="time-stamp", trail=past.trail
    )
    delay = stamp.generated_at - file.claimed_at
    if not -CLOCK_SKEW <= delay <= MAX_STAMPING_DELAY:
        raise NotDecided(
            SubIndication.TIMESTAMP_ORDER_FAILURE, "time-stamp", rule="far from the claimed time"
        )
    evidence = evidence_of(file, (*stamp.certificates, *signed.certificates), before=proof.revision)
    return past.judge_time_stamp(stamp, evidence, proof, check="time-stamp")


def _judge_certificate(
    signed: SignedData, file: SealedFile, past: Past, proof: Proof, course: _Course
) -> None:
    if file.claimed_at > proof.at + CLOCK_SKEW:
        raise NotDecided(
            SubIndication.TIMESTAMP_ORDER_FAILURE, "time-stamp", rule="older than the claimed time"
        )
    past.trail.passed("order", claimed=file.claimed_at.isoformat(), proven=proof.at.isoformat())
    evidence = evidence_of(file, signed.certificates, before=proof.revision)
    check = "seal-certificate"
    try:
        later = past.chain.judge(
            signed.signer, Role.SEAL, at=proof.at, evidence=evidence, check=check, trail=past.trail
        )
        past.check_algorithms(signed.algorithms, signed.signer, evidence, proof, check=check)
    except NotDecided as reason:
        _raise_if_revoked_when_claimed(reason, file.claimed_at)
        raise
    if later is not None and proof.until is None:
        # Asked about the past: revoked since, and nothing but the question says that the file is older.
        facts = {"since": later.since.isoformat(), "reason": later.reason}
        raise NotDecided(SubIndication.REVOKED_NO_POE, check, **facts)
    course.checks.append(_certificate_passed(later))
    if proof.until is None:
        proof = past.outermost(proof, signed.signer, signed.algorithms, evidence)
    course.facts = replace(course.facts, judgeable_until=proof.until, algorithms=proof.algorithms)


def _certificate_passed(later: Revoked | None) -> Check:
    if later is None:
        return passed("seal-certificate")
    return passed("seal-certificate-revoked-later", since=later.since.isoformat(), reason=later.reason)


def _raise_if_revoked_when_claimed(reason: NotDecided, claimed_at: datetime) -> None:
    """By the signer's own word the seal was made after the revocation: that is proof against it."""
    since = reason.facts.get("since")
    if since is not None and datetime.fromisoformat(since) <= claimed_at:
        raise NotVerified(SubIndication.REVOKED, reason.check, **reason.facts) from reason


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
