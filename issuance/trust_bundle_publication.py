"""The published trust bundle: what verifiers take along, as one whole (`docs/formats/trust-bundle.md`).

Call `publish` with nobody else publishing: two successors of one bundle would have one version.

The bytes that a bundle names are put below `bundle/` before the bundle is, and stay until the one after
the next: whoever fetches meanwhile gets all of one bundle. As with the trust list, the newest is kept
beside the service's books and written there first, so no version is ever given to two bundles.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509

from ca.hierarchy import Credential
from issuance.public_files import settle, write_public
from signing.formats.trust_bundle import (
    FILE_NAME,
    FOLDER,
    LIFETIME,
    MAX_FILE_BYTES,
    Bundle,
    BundleFile,
    SignedBundle,
    parse_bundle,
)
from signing.trust_bundles import sign_bundle
from signing.trust_lists import NotASuccessor
from verify.bundle.believing import require_believable_bundle

# Statuses change with every document that is issued; bundles follow as often as anybody may want one.
AT_MOST_EVERY = timedelta(minutes=1)
RENEWED_AFTER = timedelta(days=1)
MAX_FILES_IN_FOLDER = 1000  # verifiers read no more of them
_CLOCKS_DIFFER = timedelta(minutes=5)

_SERIAL = re.compile(r"[0-9a-f]{16,40}\.cer")
_Stamp: TypeAlias = tuple[int, int, int]


class TrustBundlePublisher:
    """Signs and writes the bundle of what is published. May be shared by threads, not used by two at once.

    Args:
        public: the published root.
        kept: where a copy of the newest bundle is kept.
        verify_origin: the verification address.
    """

    def __init__(self, *, public: Path, kept: Path, verify_origin: str) -> None:
        self._public, self._kept, self._verify_origin = public, kept, verify_origin
        self._digests: dict[str, tuple[_Stamp, BundleFile]] = {}
        self._current: tuple[tuple[BundleFile, ...], datetime] | None = None

    def is_due(self, *, at: datetime) -> bool:
        """Whether a bundle that follows would say something new; cheap where nothing changed."""
        if self._current is None:
            return True
        files, issued_at = self._current
        since = at - issued_at
        return since >= RENEWED_AFTER or (since >= AT_MOST_EVERY and files != self._find_files())

    def publish(self, *, signer: Credential, at: datetime) -> Bundle:
        """The bundle of all that is published now: the newest one, or one that follows it.

        Raises:
            NotASuccessor: the clock went back.
            BundleError: a published bundle that is newer than any of ours, and not by our root.
            ValueError: a published file that no verifier would take.
        """
        files, newest = self._find_files(), self._newest(signer.chain[-1], at)
        signed = self._published(is_needed=newest is None)
        published = None if signed is None else signed.bundle
        if newest is None or published != newest or _is_out_of_date(newest, files, at):
            newest = self._follow(newest, published, files, signer, at)
        self._current = files, newest.issued_at
        return newest

    def _follow(
        self,
        newest: Bundle | None,
        published: Bundle | None,
        files: tuple[BundleFile, ...],
        signer: Credential,
        at: datetime,
    ) -> Bundle:
        issued_at = _not_before(newest, at.replace(microsecond=0))
        following = Bundle(
            version=1 if newest is None else newest.version + 1,
            issued_at=issued_at,
            expires_at=issued_at + LIFETIME,
            verify_origin=self._verify_origin,
            files=self._copy(files),
        )
        signed = sign_bundle(following, signer=signer.signer, certificate=signer.certificate)
        write_public(self._kept, signed)
        settle(self._kept.parent)
        write_public(self._public / FILE_NAME, signed)
        self._sweep(following, published)
        return following

    def _copy(self, files: tuple[BundleFile, ...]) -> tuple[BundleFile, ...]:
        """Put the bytes where nothing replaces them; a file that changed meanwhile is as it is now."""
        copied = []
        for file in files:
            place = self._public / file.place
            if place.exists():
                copied.append(file)
                continue
            try:
                data = (self._public / file.name).read_bytes()
            except FileNotFoundError:
                continue
            found = _measure(file.name, data)
            write_public(self._public / found.place, data)
            copied.append(found)
        return tuple(copied)

    def _sweep(self, *needed: Bundle | None) -> None:
        """Remove what neither the newest bundle names nor the one before it."""
        places = {file.place for bundle in needed if bundle is not None for file in bundle.files}
        for path in (self._public / FOLDER).iterdir():
            if f"{FOLDER}/{path.name}" not in places and not path.name.startswith("."):
                path.unlink(missing_ok=True)

    def _newest(self, root: x509.Certificate, at: datetime) -> Bundle | None:
        """The bundle to be followed; a published one of a higher version only if the root vouches for it."""
        kept, published = _load(self._kept), self._published(is_needed=not self._kept.exists())
        if published is None or (kept is not None and kept.bundle.version >= published.bundle.version):
            return None if kept is None else kept.bundle
        require_believable_bundle(published, [root], (), at=at)
        return published.bundle

    def _published(self, *, is_needed: bool) -> SignedBundle | None:
        """The published bundle; what cannot be read there is none where a kept one can be followed."""
        try:
            return _load(self._public / FILE_NAME)
        except ValueError:
            if is_needed:
                raise
            return None

    def _find_files(self) -> tuple[BundleFile, ...]:
        return tuple(sorted(self._measured(), key=lambda file: file.name))

    def _measured(self) -> Iterator[BundleFile]:
        for folder in MAX_FILE_BYTES:
            for path in _files_in(self._public / folder):
                name = path.relative_to(self._public).as_posix()
                try:
                    found = path.stat()
                    stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
                    known = self._digests.get(name)
                    if known is None or known[0] != stamp:
                        known = self._digests[name] = stamp, _measure(name, path.read_bytes())
                except FileNotFoundError:
                    continue  # taken away just now
                yield known[1]


def _files_in(place: Path) -> list[Path]:
    """A file, or those of a folder; those named by serial numbers last, for current ones have names too."""
    if not place.is_dir():
        return [place]
    paths = [path for path in place.iterdir() if not path.name.startswith(".")]
    return sorted(paths, key=lambda path: (_SERIAL.match(path.name) is not None, path.name))[
        :MAX_FILES_IN_FOLDER
    ]


def _measure(name: str, data: bytes) -> BundleFile:
    return BundleFile(name=name, sha256=hashlib.sha256(data).digest(), size=len(data))


def _load(path: Path) -> SignedBundle | None:
    return parse_bundle(path.read_bytes()) if path.exists() else None


def _is_out_of_date(newest: Bundle, files: tuple[BundleFile, ...], at: datetime) -> bool:
    return newest.files != files or at - newest.issued_at >= RENEWED_AFTER


def _not_before(newest: Bundle | None, at: datetime) -> datetime:
    """Whoever waited while another published takes the other's instant."""
    if newest is None or newest.issued_at <= at:
        return at
    if newest.issued_at - at > _CLOCKS_DIFFER:
        raise NotASuccessor(f"{FILE_NAME}: issued earlier")
    return newest.issued_at
