"""Certificates judged at an instant: a path to a root of ours, fit, valid and not revoked.

The authority is small and known: root, at most two issuing CAs, leaf.
So the judge accepts only what that authority issues, and every step is bounded: number
of certificates and depth (`paths.py`), and no construct that it does not know passes (`fitness.py`).
`docs/pkits.md` tells what that means for every path of NIST's test suite.

Signatures along a path are verified once and remembered; validity, key usage and
revocation are judged at every call, for the instant asked about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from verify.errors import NotDecided
from verify.signatures.fitness import Role, check_path, check_role, check_validity
from verify.signatures.paths import OUR_LIMITS, Limits, Path, find_path, may_issue
from verify.signatures.revocation import Knowledge, RevocationMemory
from verify.signatures.revoked import Revoked
from verify.trail import Trail
from verify.verdict import SubIndication

MAX_CANDIDATES = 64
MAX_REMEMBERED = 4096
# RFC 3161 §4: after these, what a TSA stamped before the revocation remains good; after no reason, nothing.
_HARMLESS = frozenset({"unspecified", "affiliationChanged", "superseded", "cessationOfOperation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Revocation answers and certificates that came with the document."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    is_complete: bool = False  # it has what a file stored to be judged by: nothing else fills its gaps


class ChainJudge:
    """Judges certificates against the roots and the published CRLs of one trust."""

    def __init__(
        self,
        *,
        roots: Iterable[x509.Certificate],
        certificates: Iterable[x509.Certificate] = (),
        crls: Iterable[x509.CertificateRevocationList] = (),
        limits: Limits = OUR_LIMITS,
    ) -> None:
        self._roots, self._limits = tuple(roots), limits
        # Every certificate ever issued may be published; only authorities can stand in a path.
        self._authorities = tuple(each for each in certificates if may_issue(each, limits))
        self._paths: dict[bytes, Path] = {}
        self._memory = RevocationMemory(published=tuple(crls))

    def knows(self, leaf: x509.Certificate, evidence: Evidence) -> bool:
        """Whether `leaf` leads to a root of ours, fit or unfit as it may be."""
        try:
            self._path(leaf, evidence, check="")
        except NotDecided as reason:
            return reason.sub_indication is not SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        return True

    def judge(
        self,
        leaf: x509.Certificate,
        role: Role,
        *,
        at: datetime,
        evidence: Evidence,
        check: str,
        proven_before: datetime | None = None,
        trail: Trail | None = None,
    ) -> Revoked | None:
        """Whether `leaf` was good at `at`, the proven time of what it signed.

        Args:
            leaf: the certificate.
            role: what it must be fit for.
            at: when it signed.
            evidence: what came with the document.
            check: the name of the check in a report.
            proven_before: an instant before which what a time-stamper signed is proven to exist by
                another; no later revocation of it, for whatever reason, does harm (EN 319 102-1 §5.6.2.2).
            trail: where each constraint is noted.

        Returns:
            A revocation that came later and does no harm, to be mentioned; else None.

        Raises:
            NotDecided: no path to a root, an answer on revocation is missing, or revoked
                with no proof that the signature is older.
            NotVerified: the certificate is unfit for its role.
        """
        trail = trail or Trail()
        path = self._path(leaf, evidence, check)
        trail.passed("chain", root=path.above[-1].fingerprint(hashes.SHA256()).hex())
        check_role(leaf, role, check)
        trail.passed("certificate-profile")
        for certificate in (leaf, *path.above):
            check_validity(certificate, at, check)
        trail.passed("validity", at=at.isoformat())
        later: Revoked | None = None
        for certificate, issuer in path.steps:
            known = self._knowledge(certificate, issuer, at, evidence)
            found = _check_revocation(known, role, at, check, proven_before)
            later = later or found
        trail.passed("revocation-known")
        trail.passed("not-revoked", at=at.isoformat())
        return later

    def path(self, leaf: x509.Certificate, evidence: Evidence, check: str) -> tuple[x509.Certificate, ...]:
        """`leaf` and all above it, the root last.

        Raises:
            NotDecided: no path to a root.
        """
        return (leaf, *self._path(leaf, evidence, check).above)

    def _knowledge(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, evidence: Evidence
    ) -> Knowledge:
        return self._memory.knowledge(
            certificate,
            issuer,
            at=at,
            ocsps=evidence.ocsps,
            crls=evidence.crls,
            published_covers=not evidence.is_complete,
        )

    def _path(self, leaf: x509.Certificate, evidence: Evidence, check: str) -> Path:
        key = leaf.fingerprint(hashes.SHA256())
        if key in self._paths:
            return self._paths[key]
        brought = evidence.certificates[:MAX_CANDIDATES]
        candidates = (*self._authorities, *(each for each in brought if may_issue(each, self._limits)))
        path = find_path(leaf, roots=self._roots, candidates=candidates, limits=self._limits)
        if path is None:
            raise NotDecided(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, check)
        check_path(path, self._limits, check)
        if len(self._paths) >= MAX_REMEMBERED:
            self._paths.clear()
        self._paths[key] = path
        return path


def _check_revocation(
    known: Knowledge, role: Role, at: datetime, check: str, proven_before: datetime | None
) -> Revoked | None:
    if not known.revoked and not known.covered:
        raise NotDecided(SubIndication.TRY_LATER, check)
    for revoked in known.revoked:
        is_older = proven_before is not None and proven_before < revoked.since
        harmless = role is Role.SEAL or is_older or revoked.reason in _HARMLESS
        if at >= revoked.since or not harmless:
            since = revoked.since.isoformat()
            raise NotDecided(SubIndication.REVOKED_NO_POE, check, since=since, reason=revoked.reason)
    return next(iter(known.revoked), None)
