"""What a verifier believes: the root it was given, and what the root vouches for.

Everything comes from one published root (a directory or a static host): `root.pem`, the
trust list, status lists, certificates and CRLs. The root is taken as it stands, because
whoever names the place vouches for it; all else must be signed by it or by what it
certifies. Nothing here needs a key, a database or the service.

    TrustError
    ├── TrustRefused        an artefact breaks a rule: not signed by whom it must be …
    │   └── RolledBack      an older list than one seen before
    └── TrustUnavailable    an artefact is not there or cannot be read
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from signing.formats.cose import is_signed_by
from signing.formats.status_list import StatusClaims, parse_status_list, status_list_name
from signing.formats.trust_list import (
    FILE_NAME,
    MAX_BYTES,
    SignedTrustList,
    TrustList,
    parse_trust_list,
)
from verify.memory import NOTHING_SEEN, Memory
from verify.signatures.crls import is_whole
from verify.signatures.vouching import NotVouchedFor, is_by, require_voucher
from verify.sources import Source, SourceUnavailable, is_artefact_name, open_source

ROOT_FILE = "root.pem"
# Bounds on what a published folder can make a verifier read, whoever wrote it.
MAX_FILES = 1000  # certificates, and as many CRLs
MAX_ROOT_BYTES = 1 << 16
MAX_CERTIFICATE_BYTES = 1 << 16
MAX_CRL_BYTES = 1 << 24
MAX_TOTAL_BYTES = 1 << 26
ROOT_CRLS = "crl"  # where they are
MAX_STATUS_BYTES = 1 << 22  # four bits for each of 4,194,304 entries are half of it


class TrustError(Exception):
    """Base of what goes wrong with published artefacts; `artefact` is its name below the root."""

    def __init__(self, artefact: str, reason: str) -> None:
        super().__init__(f"{artefact}: {reason}")
        self.artefact, self.reason = artefact, reason


class TrustRefused(TrustError):
    """An artefact that breaks a rule: it is not believed, and neither is what depends on it."""


class RolledBack(TrustRefused):
    """A list that is older than one seen before; what it says may have been overtaken."""

    def __init__(self, artefact: str) -> None:
        super().__init__(artefact, "is older than one seen before")


class TrustUnavailable(TrustError):
    """An artefact that is not there or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is believed. Certificates and status lists are read when first asked for, and kept."""

    roots: tuple[x509.Certificate, ...]
    trust_list: TrustList
    crls: tuple[x509.CertificateRevocationList, ...]
    source: Source
    root: str = ""  # SHA-256 of the root that vouches for the trust list, hexadecimal
    root_crl: int = 0  # number of its newest CRL
    vouched_until: datetime | None = None  # by its CRLs; None where they were not asked
    memory: Memory = NOTHING_SEEN
    _status_lists: dict[int, StatusClaims] = field(default_factory=dict, repr=False, compare=False)
    _certificates: list[tuple[x509.Certificate, ...]] = field(default_factory=list, repr=False, compare=False)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The published certificates; none of them is believed for being there.

        Raises:
            TrustUnavailable: one of them is not there, or all together are too large.
            TrustRefused: one of them is none.
        """
        if not self._certificates:
            self._certificates.append(tuple(_load_certificates(self.source, self.trust_list)))
        return self._certificates[0]

    def is_stale(self, at: datetime) -> bool:
        """Whether the trust list, or what says that its certificate is not revoked, is too old for `at`."""
        is_unvouched = self.vouched_until is not None and at > self.vouched_until
        return is_unvouched or at > self.trust_list.expires_at

    @property
    def is_rolled_back(self) -> bool:
        """Whether a newer trust list, or a newer CRL of the root, was seen before."""
        return (
            self.trust_list.version < self.memory.trust_list_version or self.root_crl < self.memory.root_crl
        )

    def status_list(self, number: int) -> StatusClaims:
        """The signed list `number`.

        Raises:
            TrustUnavailable: it is not there.
            TrustRefused: it is not by a status key of the trust list, or not for this place.
            RolledBack: a newer one was seen before.
        """
        if number not in self._status_lists:
            self._status_lists[number] = self._read_status_list(number)
        return self._status_lists[number]

    def remember(self) -> Memory:
        """The newest versions seen so far, to be handed to the next `load_trust`."""
        seen = {number: claims.issued_at for number, claims in self._status_lists.items()}
        return self.memory.advance(
            root=self.root,
            trust_list_version=self.trust_list.version,
            root_crl=self.root_crl,
            status_lists=seen,
        )

    def _read_status_list(self, number: int) -> StatusClaims:
        name = status_list_name(number)
        data = _read(self.source, name, max_bytes=MAX_STATUS_BYTES)
        try:
            signed = parse_status_list(data)
        except ValueError as error:
            raise TrustRefused(name, str(error)) from error
        claims = signed.claims
        if claims.uri != f"{self.trust_list.verify_origin}/{name}":
            raise TrustRefused(name, f"is another list: {claims.uri}")
        keys = [
            key
            for key in self.trust_list.status_keys_of(signed.kid)
            if key.not_before <= claims.issued_at <= key.not_after
        ]
        if not any(is_signed_by(signed.message, key.public_key) for key in keys):
            raise TrustRefused(name, "is not signed by a status key of the trust list")
        if claims.issued_at < self.memory.status_lists.get(number, claims.issued_at):
            raise RolledBack(name)
        return claims


def load_trust(location: str | Path | Source, *, at: datetime, memory: Memory = NOTHING_SEEN) -> Trust:
    """What the published root at `location` (a directory, an https address, a source) vouches for.

    An expired trust list is loaded too, one older than the memory knows, and one whose root says
    nothing newer than an expired CRL: `Trust.is_stale` and `Trust.is_rolled_back` say so, and verdicts
    are no better than undecided. A CRL of the root counts at whatever instant `at` is: who may sign
    trust lists is a question of today.

    Raises:
        TrustUnavailable: root, trust list or any CRL of the root is not there.
        TrustRefused: the trust list does not lead to the root, or the memory is of another root.
        ValueError: an address by plain http.
    """
    source = open_source(location)
    roots = _parse_roots(_read(source, ROOT_FILE, max_bytes=MAX_ROOT_BYTES))
    try:
        signed = parse_trust_list(_read(source, FILE_NAME, max_bytes=MAX_BYTES))
    except ValueError as error:
        raise TrustRefused(FILE_NAME, str(error)) from error
    # First without the CRLs: nothing that an unsigned list names is read.
    require_believable(signed, roots, (), at)
    crls = tuple(_load_crls(source, signed.trust_list))
    issuer = require_believable(signed, roots, crls, at)
    root = issuer.fingerprint(SHA256()).hex()
    if not memory.belongs_to(root):
        raise TrustRefused(ROOT_FILE, "is another root than the one remembered")
    lists = [crl for crl in crls if is_by(issuer, crl) and is_whole(crl)]
    ends = [crl.next_update_utc for crl in lists if crl.next_update_utc is not None]
    if not ends:
        # Without it the certificate of the trust list would count although it was revoked.
        raise TrustUnavailable(ROOT_CRLS, "the root's list of revoked certificates is not there")
    return Trust(
        roots=roots,
        trust_list=signed.trust_list,
        crls=crls,
        source=source,
        root=root,
        root_crl=max(map(_number, lists)),
        vouched_until=max(ends),
        memory=memory,
    )


def require_believable(
    signed: SignedTrustList,
    roots: Iterable[x509.Certificate],
    crls: Iterable[x509.CertificateRevocationList],
    at: datetime,
) -> x509.Certificate:
    """The root that vouches for a list (`docs/formats/trust-list.md`, "Believed when").

    Raises:
        TrustRefused: none does.
    """
    try:
        return require_voucher(
            signed.certificate,
            signed.message,
            signed_at=signed.trust_list.issued_at,
            roots=roots,
            crls=crls,
            at=at,
        )
    except NotVouchedFor as error:
        raise TrustRefused(FILE_NAME, str(error)) from error


def _number(crl: x509.CertificateRevocationList) -> int:
    """RFC 5280 §5.2.3; every list of ours has one."""
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def _parse_roots(data: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise TrustRefused(ROOT_FILE, "holds no certificate") from error


def _load_certificates(source: Source, trust_list: TrustList) -> Iterable[x509.Certificate]:
    for name, data in _read_all(source, trust_list, "certificates", ".cer", MAX_CERTIFICATE_BYTES):
        try:
            yield x509.load_der_x509_certificate(data)
        except ValueError as error:
            raise TrustRefused(name, "is not a certificate") from error


def _load_crls(source: Source, trust_list: TrustList) -> Iterable[x509.CertificateRevocationList]:
    for name, data in _read_all(source, trust_list, "crl", ".crl", MAX_CRL_BYTES):
        try:
            yield x509.load_der_x509_crl(data)
        except ValueError as error:
            raise TrustRefused(name, "is not a CRL") from error


def _read_all(
    source: Source, trust_list: TrustList, folder: str, suffix: str, max_bytes: int
) -> Iterable[tuple[str, bytes]]:
    """The artefacts of a folder: as the place lists them, else as the trust list names them."""
    listed = source.names(folder, suffix)
    if listed is None:
        listed = [
            name for name in trust_list.files if name.startswith(f"{folder}/") and name.endswith(suffix)
        ]
    left = MAX_TOTAL_BYTES
    for name in [name for name in listed if is_artefact_name(name)][:MAX_FILES]:
        data = _read(source, name, max_bytes=min(max_bytes, left))
        left -= len(data)
        yield name, data


def _read(source: Source, name: str, *, max_bytes: int) -> bytes:
    try:
        data = source.read(name, max_bytes=max_bytes)
    except SourceUnavailable as error:
        raise TrustUnavailable(name, str(error)) from error
    if data is None:
        raise TrustUnavailable(name, "is not there")
    return data
