"""Takes a bundle into a trust store, as a whole or not at all.

    from a host (https), a published directory, a zip that somebody carried here

1.  The bundle must be signed by a certificate that the root of the store issued for lists of trust, and
    not be older than the one at hand.
2.  Each file that verifiers need must be there, of its size and digest. What the store has already is not
    fetched again; what is damaged there is.
3.  All of it must hold together: the trust list and every status list well signed, none older than
    the store has ever seen, the signer not revoked by the root.
4.  Only then does one file of the store change.

On first use nobody has vouched for a root yet: the caller hands in the certificate, or its
fingerprint, as the authority made it public.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from signing.formats.trust_bundle import (
    FILE_NAME,
    MAX_BYTES,
    MAX_TOTAL_BYTES,
    Bundle,
    SignedBundle,
)
from verify.bundle.believing import parse_or_refuse, require_believable_bundle, require_whole
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.source import open_place, read_file
from verify.bundle.store import StoreState, TrustStore
from verify.memory import NOTHING_SEEN
from verify.sources import Source, SourceUnavailable
from verify.trust import ROOT_FILE

CLOCKS_DIFFER = timedelta(minutes=5)
KEPT_AFTERWARDS = timedelta(days=1)
_MAX_ROOT_BYTES = 1 << 16
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchedRoot:
    """The root as a person vouches for it: its SHA-256, and the certificate where it is at hand."""

    fingerprint: str
    certificate: x509.Certificate | None = None

    @classmethod
    def from_pem(cls, data: bytes) -> "VouchedRoot":
        """From the certificate itself.

        Raises:
            ValueError: not one certificate in PEM.
        """
        (certificate,) = x509.load_pem_x509_certificates(data)
        return cls(fingerprint=certificate.fingerprint(SHA256()).hex(), certificate=certificate)

    @classmethod
    def from_fingerprint(cls, text: str) -> "VouchedRoot":
        """From the SHA-256 of the certificate, as people write it: any case, with colons or spaces.

        Raises:
            ValueError: not 32 octets in hexadecimal.
        """
        digits = re.sub(r"[\s:]", "", text).lower()
        if not _FINGERPRINT.fullmatch(digits):
            raise ValueError("a fingerprint is 64 hexadecimal digits")
        return cls(fingerprint=digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an update did."""

    before: int | None  # version; None on first use
    bundle: Bundle
    root: str  # fingerprint
    fetched_files: int
    fetched_bytes: int

    @property
    def is_new(self) -> bool:
        """Whether there was something newer."""
        return self.before != self.bundle.version


def update_store(
    store: TrustStore, location: str | Path, *, at: datetime, root: VouchedRoot | None = None
) -> Update:
    """Take in the bundle at `location`: an https address, a directory, or a zip.

    Args:
        store: where it is kept; made if there is none.
        location: where it is published.
        at: now.
        root: needed on first use; later it is compared.

    Raises:
        BundleError: nothing was taken in, and `problem` tells why.
        ValueError: an address by plain http.
    """
    try:
        with store.alone():
            return _Updating(store, open_place(location), location, at, root).run()
    except SourceUnavailable as error:
        raise BundleError(BundleProblem.PLACE_UNAVAILABLE, str(location)) from error
    except OSError as error:
        raise BundleError(BundleProblem.STORE_UNWRITABLE, str(store.path)) from error


class _Updating:
    """One update under way."""

    def __init__(
        self, store: TrustStore, source: Source, location: str | Path, at: datetime, root: VouchedRoot | None
    ) -> None:
        self._store, self._source, self._location, self._at = store, source, location, at
        self._fetched: list[int] = []
        self._before = store.state() if TrustStore.is_at(store.path) else None
        self._vouched = _agreed(self._before, root)

    def run(self) -> Update:
        data = self._source.read(FILE_NAME, max_bytes=MAX_BYTES) or b""
        signed = parse_or_refuse(data or None, str(self._location))
        root = self._root_of(signed.bundle)
        self._require_right(signed, data, root)
        self._fetch_files(signed.bundle)
        fingerprint = root.fingerprint(SHA256()).hex()
        if self._before is None or self._vouched.certificate is not None:
            self._store.write_root(root.public_bytes(Encoding.PEM))
        memory = NOTHING_SEEN if self._before is None else self._before.memory
        seen = require_whole(
            self._store.source_of(signed.bundle, fingerprint), signed, at=self._at, memory=memory
        )
        digest = self._store.write(data)
        superseded = self._superseded(signed.bundle, digest)
        self._store.replace_state(
            StoreState(
                root=fingerprint,
                bundle=digest,
                version=signed.bundle.version,
                updated_at=self._at.replace(microsecond=0),
                taken_from=str(self._location),
                memory=seen,
                superseded={key: since for key, since in superseded.items() if not self._is_over(since)},
            )
        )
        for key, since in superseded.items():
            if self._is_over(since):
                self._store.forget(key)
        return Update(
            before=None if self._before is None else self._before.version,
            bundle=signed.bundle,
            root=fingerprint,
            fetched_files=len(self._fetched),
            fetched_bytes=sum(self._fetched),
        )

    def _root_of(self, bundle: Bundle) -> x509.Certificate:
        """The certificate of the root that is vouched for: handed in, stored, or else in the bundle."""
        if self._vouched.certificate is not None:
            return self._vouched.certificate
        if self._before is not None:
            return x509.load_pem_x509_certificate(self._store.root_pem(self._before.root))
        named = next((file for file in bundle.files if file.name == ROOT_FILE), None)
        if named is None:
            raise BundleError(BundleProblem.INCOMPLETE, ROOT_FILE)
        try:
            found = x509.load_pem_x509_certificates(read_file(self._source, named))
        except ValueError as error:
            raise BundleError(BundleProblem.INCOMPLETE, ROOT_FILE) from error
        for certificate in found:
            if certificate.fingerprint(SHA256()).hex() == self._vouched.fingerprint:
                return certificate
        raise BundleError(BundleProblem.ANOTHER_ROOT, str(self._location))

    def _require_right(self, signed: SignedBundle, data: bytes, root: x509.Certificate) -> None:
        """Before anything else is read: who signed it, when, and what it follows."""
        require_believable_bundle(signed, [root], (), at=self._at)
        if signed.bundle.issued_at > self._at + CLOCKS_DIFFER:
            raise BundleError(BundleProblem.FROM_THE_FUTURE, FILE_NAME)
        before = self._before
        if before is None:
            return
        is_other = hashlib.sha256(data).hexdigest() != before.bundle
        if signed.bundle.version < before.version or (signed.bundle.version == before.version and is_other):
            raise BundleError(BundleProblem.ROLLED_BACK, FILE_NAME)

    def _fetch_files(self, bundle: Bundle) -> None:
        needed = bundle.needed()
        if sum(file.size for file in needed) > MAX_TOTAL_BYTES:
            raise BundleError(BundleProblem.UNREADABLE, FILE_NAME)
        for file in needed:
            if self._store.read(file.sha256.hex(), max_bytes=file.size) is None:
                data = read_file(self._source, file)
                self._store.write(data)
                self._fetched.append(len(data))

    def _superseded(self, bundle: Bundle, digest: str) -> dict[str, datetime]:
        """All that the store holds and the new bundle does not name, and since when that is so."""
        named = {digest, *(file.sha256.hex() for file in bundle.needed())}
        known = {} if self._before is None else self._before.superseded
        return {key: known.get(key, self._at) for key in self._store.digests() if key not in named}

    def _is_over(self, since: datetime) -> bool:
        return self._at - since >= KEPT_AFTERWARDS


def _agreed(before: StoreState | None, root: VouchedRoot | None) -> VouchedRoot:
    """The one root that store and caller mean."""
    if before is None:
        if root is None:
            raise BundleError(BundleProblem.ROOT_NEEDED, ROOT_FILE)
        return root
    if root is not None and root.fingerprint != before.root:
        raise BundleError(BundleProblem.ANOTHER_ROOT, ROOT_FILE)
    return root or VouchedRoot(fingerprint=before.root)
