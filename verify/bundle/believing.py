"""When a bundle is believed: who signed it, and whether all of it holds together."""

import re
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from signing.formats.trust_bundle import FILE_NAME, SignedBundle, parse_bundle
from verify.bundle.problems import BundleError, BundleProblem
from verify.memory import Memory
from verify.signatures.vouching import NotVouchedFor, require_voucher
from verify.sources import Source
from verify.trust import RolledBack, Trust, TrustError, TrustUnavailable, load_trust

_STATUS_LIST = re.compile(r"status/([0-9]{1,9})\.cwt")


def parse_or_refuse(data: bytes | None, location: str) -> SignedBundle:
    """The bundle in `data`.

    Raises:
        BundleError: there is none, or it is no bundle.
    """
    if data is None:
        raise BundleError(BundleProblem.NO_BUNDLE, location)
    try:
        return parse_bundle(data)
    except ValueError as error:
        raise BundleError(BundleProblem.UNREADABLE, FILE_NAME) from error


def require_believable_bundle(
    signed: SignedBundle,
    roots: Iterable[x509.Certificate],
    crls: Iterable[x509.CertificateRevocationList],
    *,
    at: datetime,
) -> None:
    """Signed by a certificate that the root issued for lists of trust, valid then and not revoked.

    Raises:
        BundleError: it is not.
    """
    try:
        require_voucher(
            signed.certificate,
            signed.message,
            signed_at=signed.bundle.issued_at,
            roots=roots,
            crls=crls,
            at=at,
        )
    except NotVouchedFor as error:
        raise BundleError(BundleProblem.NOT_BELIEVED, FILE_NAME) from error


def require_whole(source: Source, signed: SignedBundle, *, at: datetime, memory: Memory) -> Memory:
    """Everything in the bundle is what it must be, and nothing older than was seen before.

    Returns what has been seen now.

    Raises:
        BundleError: it is not.
    """
    try:
        trust = load_trust(source, at=at, memory=memory)
        _require_not_older(trust)
        require_believable_bundle(signed, trust.roots, trust.crls, at=at)
        return _read_all(trust, signed)
    except BundleError:
        raise
    except RolledBack as error:
        raise BundleError(BundleProblem.ROLLED_BACK, error.artefact) from error
    except TrustUnavailable as error:
        raise BundleError(BundleProblem.INCOMPLETE, error.artefact) from error
    except TrustError as error:
        raise BundleError(BundleProblem.NOT_BELIEVED, error.artefact) from error


def _require_not_older(trust: Trust) -> None:
    if trust.is_rolled_back:
        raise BundleError(BundleProblem.ROLLED_BACK, FILE_NAME)


def _read_all(trust: Trust, signed: SignedBundle) -> Memory:
    if trust.trust_list.verify_origin != signed.bundle.verify_origin:
        raise BundleError(BundleProblem.NOT_BELIEVED, FILE_NAME)
    _ = trust.certificates
    found = (_STATUS_LIST.fullmatch(file.name) for file in signed.bundle.needed())
    for match in found:
        if match is not None:
            trust.status_list(int(match[1]))
    return trust.remember()
