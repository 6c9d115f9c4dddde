"""Whether the certificates of a path are fit for what they did (RFC 5280 §6.1.4, a closed profile).

Nothing that this judge does not know passes: an unknown critical extension, name or policy
constraints, policy mappings, critical or not.
"""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from verify.errors import NotDecided, NotVerified
from verify.signatures.extensions import extension_of
from verify.signatures.paths import Limits, Path
from verify.verdict import SubIndication

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
_OF_A_PERSON = frozenset({NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.PSEUDONYM})


class Role(StrEnum):
    """What a leaf certificate must be fit for."""

    SEAL = "seal"
    TIME_STAMP = "time-stamp"


def check_path(path: Path, limits: Limits, check: str) -> None:
    """Whether a path is one of ours, whatever its leaf is used for.

    Raises:
        NotDecided: it is not.
    """
    _check_authorities(path, check)
    for certificate in (path.leaf, *path.above):
        _check_certificate(certificate, limits, check)


def _unfit(check: str, rule: str) -> NotVerified:
    return NotDecided(SubIndication.CHAIN_CONSTRAINTS_FAILURE, check, rule=rule)


def _check_authorities(path: Path, check: str) -> None:
    """RFC 5280 §6.1.4 (h) to (n), for every certificate above the leaf."""
    below = 0
    for authority in path.above:
        constraints = extension_of(authority, x509.BasicConstraints)
        if constraints is None or not constraints.ca:
            raise _unfit(check, "an issuer is not an authority")
        if constraints.path_length is not None and below > constraints.path_length:
            raise _unfit(check, "the path is longer than an authority may have")
        usage = extension_of(authority, x509.KeyUsage)
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


def check_role(leaf: x509.Certificate, role: Role, check: str) -> None:
    """Whether `leaf` may do what it did.

    Raises:
        NotDecided: it may not.
    """
    constraints = extension_of(leaf, x509.BasicConstraints)
    usage = extension_of(leaf, x509.KeyUsage)
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


def check_validity(certificate: x509.Certificate, at: datetime, check: str) -> None:
    """Whether `certificate` was valid at `at`.

    Raises:
        NotDecided: it was not yet, or no more.
    """
    if at < certificate.not_valid_before_utc:
        raise NotDecided(SubIndication.NOT_YET_VALID, check)
    if at > certificate.not_valid_after_utc:
        raise NotDecided(SubIndication.OUT_OF_BOUNDS_NO_POE, check)
