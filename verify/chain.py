"""Certificate paths from a signer to a root of ours (RFC 5280 §6, a closed profile).

The authority is small and known: root, at most two issuing CAs, leaf.
So the judge accepts only what that authority issues, and every step is bounded: number
of certificates, depth, and no construct it does not know (an unknown critical
extension, name or policy constraints, policy mappings, critical or not) passes.
`docs/pkits.md` tells what that means for every path of NIST's test suite.

Signatures along a path are verified once and remembered; validity, key usage and
revocation are judged at every call, for the instant asked about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar, assert_never

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from verify.algorithms import MIN_RSA_BITS
from verify.errors import NotDecided, NotVerified
from verify.revocation import Knowledge, RevocationMemory, Revoked
from verify.verdict import SubIndication

MAX_CANDIDATES = 64
MAX_REMEMBERED = 4096
# Of authorities that a file brings: what costs more to verify than any that we certify.
MAX_AUTHORITY_RSA_BITS = 4096
AUTHORITY_RSA_EXPONENT = 65537

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
# They change what a path means, and some of them are found not critical (RFC 5280 §4.2.1.5 allows it).
_REFUSED = frozenset(
    {
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
    }
)
# RFC 3161 §4: after these, what a TSA stamped before the revocation remains good; after no reason, nothing.
_HARMLESS = frozenset({"unspecified", "affiliationChanged", "superseded", "cessationOfOperation"})

_OF_A_PERSON = frozenset({NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.PSEUDONYM})


class Role(StrEnum):
    """What a leaf certificate must be fit for."""

    SEAL = "seal"
    TIME_STAMP = "time-stamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Revocation answers and certificates that came with the document."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    leaf: x509.Certificate
    above: tuple[x509.Certificate, ...]  # issuer first, root last

    @property
    def steps(self) -> Iterable[tuple[x509.Certificate, x509.Certificate]]:
        return zip((self.leaf, *self.above), self.above, strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of RFC 5280 a path may use. The defaults are our authority's; NIST's test suite needs more."""

    intermediates: int = 2
    rsa_bits: int = MIN_RSA_BITS
    verifications: int = 16  # of signatures, in one search for a path


OUR_LIMITS = Limits()


@dataclass(slots=True)
class _Search:
    """One search for a path. Strangers choose its candidates, so it ends after few verifications."""

    roots: tuple[x509.Certificate, ...]
    candidates: tuple[x509.Certificate, ...]
    left: int  # verifications

    def climb(self, certificate: x509.Certificate, depth: int) -> tuple[x509.Certificate, ...] | None:
        """The path above `certificate`, with at most `depth` certificates below the root."""
        for root in self.roots:
            if self._issued(certificate, root):
                return (root,)
        if depth == 0:
            return None
        for candidate in self.candidates:
            if candidate != certificate and self._issued(certificate, candidate):
                above = self.climb(candidate, depth - 1)
                if above is not None:
                    return (candidate, *above)
        return None

    def _issued(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        if certificate.issuer != issuer.subject or self.left == 0:
            return False
        self.left -= 1
        return verify_issued(certificate, issuer)


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
        self._authorities = tuple(each for each in certificates if _may_issue(each, limits))
        self._paths: dict[bytes, _Path] = {}
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

        Returns:
            A revocation that came later and does no harm, to be mentioned; else None.

        Raises:
            NotDecided: no path to a root, an answer on revocation is missing, or revoked
                with no proof that the signature is older.
            NotVerified: the certificate is unfit for its role.
        """
        path = self._path(leaf, evidence, check)
        _check_role(leaf, role, check)
        for certificate in (leaf, *path.above):
            _check_validity(certificate, at, check)
        later: Revoked | None = None
        for certificate, issuer in path.steps:
            known = self._knowledge(certificate, issuer, at, evidence)
            found = _check_revocation(known, role, at, check, proven_before)
            later = later or found
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
        return self._memory.knowledge(certificate, issuer, at=at, ocsps=evidence.ocsps, crls=evidence.crls)

    def _path(self, leaf: x509.Certificate, evidence: Evidence, check: str) -> _Path:
        key = leaf.fingerprint(hashes.SHA256())
        if key in self._paths:
            return self._paths[key]
        brought = evidence.certificates[:MAX_CANDIDATES]
        candidates = (*self._authorities, *(each for each in brought if _may_issue(each, self._limits)))
        search = _Search(roots=self._roots, candidates=candidates, left=self._limits.verifications)
        above = search.climb(leaf, self._limits.intermediates)
        if above is None:
            raise NotDecided(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, check)
        path = _Path(leaf=leaf, above=above)
        _check_authorities(path, check)
        for certificate in (path.leaf, *path.above):
            _check_certificate(certificate, self._limits, check)
        if len(self._paths) >= MAX_REMEMBERED:
            self._paths.clear()
        self._paths[key] = path
        return path


def verify_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the key of `issuer` signed `certificate`."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may_issue(certificate: x509.Certificate, limits: Limits) -> bool:
    """Whether it is an authority with a key of a kind that ours have; decided without verifying anything."""
    try:
        constraints = _extension(certificate, x509.BasicConstraints)
        public_key = certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    if constraints is None or not constraints.ca:
        return False
    match public_key:
        case ec.EllipticCurvePublicKey(curve=curve):
            return isinstance(curve, ec.SECP256R1 | ec.SECP384R1)
        case rsa.RSAPublicKey(key_size=size):
            is_ours = public_key.public_numbers().e == AUTHORITY_RSA_EXPONENT
            return is_ours and limits.rsa_bits <= size <= MAX_AUTHORITY_RSA_BITS
        case _:
            return False


def _unfit(check: str, rule: str) -> NotVerified:
    return NotDecided(SubIndication.CHAIN_CONSTRAINTS_FAILURE, check, rule=rule)


def _check_authorities(path: _Path, check: str) -> None:
    """RFC 5280 §6.1.4 (h) to (n), for every certificate above the leaf."""
    below = 0
    for authority in path.above:
        constraints = _extension(authority, x509.BasicConstraints)
        if constraints is None or not constraints.ca:
            raise _unfit(check, "an issuer is not an authority")
        if constraints.path_length is not None and below > constraints.path_length:
            raise _unfit(check, "the path is longer than an authority may have")
        usage = _extension(authority, x509.KeyUsage)
        if usage is None or not usage.key_cert_sign:
            raise _unfit(check, "an authority may not sign certificates")
        # §6.1.4 (l): an authority that certified itself anew does not make the path longer.
        below += authority.issuer != authority.subject


def _check_certificate(certificate: x509.Certificate, limits: Limits, check: str) -> None:
    """No construct that this judge does not know, no weak key."""
    if certificate.serial_number <= 0:
        raise _unfit(check, "a serial number that is not positive")  # RFC 5280 §4.1.2.2
    for each in certificate.extensions:
        if each.oid in _REFUSED or (each.critical and each.oid not in _UNDERSTOOD):
            raise _unfit(check, "an extension that is not understood")
    if not _is_strong(certificate, limits):
        raise NotDecided(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, check)


def _is_strong(certificate: x509.Certificate, limits: Limits) -> bool:
    match certificate.public_key():
        case ec.EllipticCurvePublicKey(curve=curve):
            return isinstance(curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1)
        case rsa.RSAPublicKey(key_size=size):
            return size >= limits.rsa_bits
        case _:
            return False


def _check_role(leaf: x509.Certificate, role: Role, check: str) -> None:
    constraints = _extension(leaf, x509.BasicConstraints)
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or (constraints is not None and constraints.ca):
        raise _unfit(check, "an authority's certificate, or one without key usage")
    match role:
        case Role.SEAL:
            if not usage.content_commitment:
                raise _unfit(check, "the certificate may not seal documents")
            if _names_a_person(leaf):
                raise _unfit(check, "the certificate is a person's, and a person is not the agency")
        case Role.TIME_STAMP:
            if not _only_time_stamps(leaf):
                raise _unfit(check, "the certificate may not time-stamp")
        case _:
            assert_never(role)


def _names_a_person(leaf: x509.Certificate) -> bool:
    """ETSI EN 319 412-2 §4.2.4: a natural person's name has one of these; a legal person's has none."""
    return any(attribute.oid in _OF_A_PERSON for attribute in leaf.subject)


def _only_time_stamps(leaf: x509.Certificate) -> bool:
    """RFC 3161 §2.3: the only purpose, and critical."""
    try:
        extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return extended.critical and list(extended.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _check_validity(certificate: x509.Certificate, at: datetime, check: str) -> None:
    if at < certificate.not_valid_before_utc:
        raise NotDecided(SubIndication.NOT_YET_VALID, check)
    if at > certificate.not_valid_after_utc:
        raise NotDecided(SubIndication.OUT_OF_BOUNDS_NO_POE, check)


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


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
