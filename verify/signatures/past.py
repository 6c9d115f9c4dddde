"""Validation of what is past (ETSI EN 319 102-1 §5.6.2): each time-stamp proves what it covers.

A certificate that has ended proves nothing by itself. But what it signed counts, if something that
still counts proves that it existed before. So the newest document time-stamp is judged now; the
one before it at the newest one's time; and so on inwards, down to the seal. One that proves nothing
is passed over.

What a file brings as evidence is believed at an instant only if it was stored before the time-stamp
that proves that instant: what came later is judged as of later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.ocsp import load_der_ocsp_response

from verify.errors import NotDecided, NotVerified
from verify.files.structure import SealedFile
from verify.signatures.algorithms import Algorithms, of_certificate, of_key
from verify.signatures.chain import ChainJudge, Evidence
from verify.signatures.fitness import Role
from verify.signatures.time_stamps import TimeStamp, parse_time_stamp
from verify.trail import Trail
from verify.verdict import SubIndication

CLOCK_SKEW = timedelta(minutes=5)
CHECK = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Something that proves that all inside it existed at an instant; at first, that instant is now."""

    at: datetime
    until: datetime | None = None  # when the outermost proof weakens; None before there is one
    algorithms: frozenset[str] = frozenset()  # what the outermost proof rests on
    archived_at: datetime | None = None  # by the newest document time-stamp
    revision: int | None = (
        None  # of the time-stamp that proves it; what was stored later is judged as of later
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The judge of what is past, at one present instant."""

    chain: ChainJudge
    algorithms: Algorithms
    now: datetime
    trail: Trail = field(default_factory=Trail)

    def judge_document_time_stamps(self, file: SealedFile) -> tuple[Proof, NotDecided | None]:
        """What the oldest good document time-stamp proves, and why the newest bad one is none.

        A time-stamp that cannot be relied on proves nothing, and takes nothing away from what stands inside
        it (EN 319 102-1 §5.6.3.4): that is judged as if the time-stamp were not there.

        Raises:
            NotVerified: one is malformed, or about something else.
        """
        proof, doubt = Proof(at=self.now), None
        for number, stamped in reversed(list(enumerate(file.time_stamps, 1))):
            self.trail.about(f"archive-{number}")
            stamp = parse_time_stamp(stamped.token, over=stamped.covers, check=CHECK, trail=self.trail)
            evidence = evidence_of(file, stamp.certificates, before=proof.revision)
            try:
                proof = self.judge_time_stamp(stamp, evidence, proof, check=CHECK)
            except NotDecided as reason:
                self.trail.stopped(reason)
                doubt = doubt or reason
                continue
            archived_at = proof.archived_at or stamp.generated_at
            proof = replace(proof, archived_at=archived_at, revision=stamped.order)
        return proof, doubt

    def judge_time_stamp(self, stamp: TimeStamp, evidence: Evidence, proof: Proof, *, check: str) -> Proof:
        """What `stamp` proves, being itself as old as `proof` says.

        Raises:
            NotDecided: by then its certificate had ended, was revoked or is not known to be good.
        """
        if stamp.generated_at > proof.at + CLOCK_SKEW:
            raise NotDecided(SubIndication.TIMESTAMP_ORDER_FAILURE, check, rule="younger than what covers it")
        self.trail.passed("order", at=stamp.generated_at.isoformat())
        if proof.at > stamp.signer.not_valid_after_utc:
            # Without a time-stamp over it, a token is worth as long as its certificate lives.
            raise NotDecided(SubIndication.OUT_OF_BOUNDS_NO_POE, check)
        self.chain.judge(
            stamp.signer,
            Role.TIME_STAMP,
            at=stamp.generated_at,
            evidence=evidence,
            check=check,
            proven_before=proof.at,
            trail=self.trail,
        )
        self.check_algorithms(stamp.algorithms, stamp.signer, evidence, proof, check=check)
        if proof.until is None:
            proof = self.outermost(proof, stamp.signer, stamp.algorithms, evidence)
        return replace(proof, at=stamp.generated_at)

    def check_algorithms(
        self,
        names: frozenset[str],
        signer: x509.Certificate,
        evidence: Evidence,
        proof: Proof,
        *,
        check: str,
    ) -> None:
        """Whether signature and path could be relied on at the proven instant.

        Raises:
            NotDecided: an algorithm had weakened by then, and nothing proves that the signature is older.
        """
        used = names | self._of_path(signer, evidence)
        weak = self.algorithms.weak(used, proof.at)
        if weak is not None:
            raise NotDecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, check, algorithm=weak)
        self.trail.passed("algorithms", used=" ".join(sorted(used)), at=proof.at.isoformat())

    def outermost(
        self, proof: Proof, signer: x509.Certificate, names: frozenset[str], evidence: Evidence
    ) -> Proof:
        """`proof`, saying what a signature by `signer` that nothing else proves rests on, and until when."""
        rests_on = names | self._of_path(signer, evidence)
        weakens, ends = self.algorithms.end(rests_on), signer.not_valid_after_utc
        return replace(proof, until=min(ends, weakens or ends), algorithms=rests_on)

    def _of_path(self, signer: x509.Certificate, evidence: Evidence) -> frozenset[str]:
        """All but the root's own signature, which nobody relies on."""
        *below, root = self.chain.path(signer, evidence, CHECK)
        return frozenset({of_key(root)}).union(*map(of_certificate, below))


def evidence_of(
    file: SealedFile, certificates: tuple[x509.Certificate, ...], *, before: int | None = None
) -> Evidence:
    """What the stores of `file` bring, up to the revision `before`, beside `certificates`."""
    stores = [each for each in file.stores if before is None or each.order < before]
    return Evidence(
        certificates=(*certificates, *(_loaded(der) for each in stores for der in each.certificates)),
        ocsps=tuple(_whole(der, load_der_ocsp_response) for each in stores for der in each.ocsps),
        crls=tuple(_whole(der, x509.load_der_x509_crl) for each in stores for der in each.crls),
        is_complete=bool(file.stores),
    )


def _loaded(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise NotVerified(SubIndication.FORMAT_FAILURE, "structure", rule="security store") from error


def _whole(der: bytes, load: Callable[[bytes], object]) -> bytes:
    """A store is covered by no seal: nothing but what it is for may stand in it, used or not."""
    try:
        load(der)
    except ValueError as error:
        raise NotVerified(SubIndication.FORMAT_FAILURE, "structure", rule="security store") from error
    return der
