"""A trust store: the newest bundle that this computer has taken in, ready without a network.

    trust-store.json    which root, which bundle, and the newest lists ever seen
    root.pem            the root that whoever set up the store vouched for
    bundle/<sha256>     the bundle and its files, each under its digest

One file decides what counts, and it is replaced as a whole: a crash leaves the old bundle or the new
one, never half of either. Every byte is compared with its digest when it is read. What was
superseded stays a day, for whoever still works with it.

The store remembers; whoever keeps it needs no other memory of what was seen. Whoever does not keep it
(a share, a stick) must not believe its memory alone: anybody can write one. Its bundle is believed only as
the root's signer signed it, each time that it is read.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from signing.formats.trust_bundle import FOLDER, MAX_BYTES, Bundle, SignedBundle, parse_bundle
from verify.bundle.believing import require_believable_bundle
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.source import BundleSource
from verify.memory import NOTHING_SEEN, Memory, encode_memory, parse_memory
from verify.regular_files import open_regular
from verify.sources import DirectorySource, SourceUnavailable
from verify.trust import MAX_ROOT_BYTES, ROOT_FILE, Trust, TrustRefused, load_trust
from verify.whole_files import replace_file

if sys.platform != "win32":
    import fcntl

STATE_FILE = "trust-store.json"
_LOCK_FILE = ".lock"
_MAX_STATE_BYTES = 1 << 22
_FORMAT = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """What the store holds. Digests are hexadecimal."""

    root: str  # of the root certificate
    bundle: str  # of the signed bundle
    version: int
    updated_at: datetime
    taken_from: str
    memory: Memory = NOTHING_SEEN
    superseded: Mapping[str, datetime] = field(default_factory=dict)  # digest → since when


class TrustStore:
    """The store in the folder `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def is_at(path: Path) -> bool:
        """Whether the folder is a trust store, not a copy of a published root."""
        return (path / STATE_FILE).exists()

    def state(self) -> StoreState:
        """What it holds.

        Raises:
            BundleError: there is none, or it is damaged.
        """
        try:
            with open_regular(self.path / STATE_FILE) as file:
                data = file.read(_MAX_STATE_BYTES)
        except FileNotFoundError:
            raise BundleError(BundleProblem.NO_STORE, str(self.path)) from None
        except OSError as error:
            raise BundleError(BundleProblem.STORE_DAMAGED, str(self.path)) from error
        try:
            return _parse_state(json.loads(data))
        # Whatever stands there, it is not what was written.
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise BundleError(BundleProblem.STORE_DAMAGED, STATE_FILE) from error

    def bundle(self) -> Bundle:
        """The bundle that it holds.

        Raises:
            BundleError: there is none, or it is damaged.
        """
        return self._believed(self.state()).bundle

    def open(self, *, at: datetime, memory: Memory = NOTHING_SEEN) -> Trust:
        """What it vouches for at `at`, without a network; lists older than it ever held do not count.

        Args:
            at: the instant to judge by.
            memory: what the caller has seen elsewhere; the newer of both memories counts.

        Raises:
            BundleError: there is none, or it is damaged.
            TrustRefused: what it holds breaks a rule, or the memory is of another root.
        """
        state = self.state()
        signed = self._believed(state)
        trust = load_trust(self.source_of(signed.bundle, state.root), at=at, memory=_newest(state, memory))
        require_believable_bundle(signed, trust.roots, trust.crls, at=at)
        return trust

    def source_of(self, bundle: Bundle, root: str) -> BundleSource:
        """The published root as `bundle` has it, below the one root of the store.

        Raises:
            BundleError: the root's certificate is damaged.
        """
        return BundleSource(DirectorySource(self.path), bundle, root_pem=self.root_pem(root))

    def root_pem(self, root: str) -> bytes:
        """The root certificate.

        Raises:
            BundleError: it is not the one that it must be.
        """
        try:
            with open_regular(self.path / ROOT_FILE) as file:
                data = file.read(MAX_ROOT_BYTES)
            found = x509.load_pem_x509_certificate(data).fingerprint(SHA256()).hex()
        except (OSError, ValueError) as error:
            raise BundleError(BundleProblem.STORE_DAMAGED, ROOT_FILE) from error
        if found != root:
            raise BundleError(BundleProblem.STORE_DAMAGED, ROOT_FILE)
        return data

    def read(self, digest: str, *, max_bytes: int) -> bytes | None:
        """The bytes of this digest; None where they are not there, or are others."""
        try:
            data = DirectorySource(self.path).read(f"{FOLDER}/{digest}", max_bytes=max_bytes)
        except SourceUnavailable:
            return None
        return data if data is not None and hashlib.sha256(data).hexdigest() == digest else None

    def write(self, data: bytes) -> str:
        """Keep bytes under their digest, and answer it.

        Raises:
            OSError: the disk refused.
        """
        digest = hashlib.sha256(data).hexdigest()
        (self.path / FOLDER).mkdir(parents=True, exist_ok=True)
        replace_file(self.path / FOLDER / digest, data)
        return digest

    def write_root(self, pem: bytes) -> None:
        """Keep the root that this store is of."""
        replace_file(self.path / ROOT_FILE, pem)

    def replace_state(self, state: StoreState) -> None:
        """From now on this counts.

        Raises:
            OSError: the disk refused; what counted before still does.
        """
        replace_file(self.path / STATE_FILE, json.dumps(_stored(state), indent=1).encode())

    def digests(self) -> list[str]:
        """All that is kept, needed or not."""
        return sorted(path.name for path in (self.path / FOLDER).iterdir() if _DIGEST.fullmatch(path.name))

    def forget(self, digest: str) -> None:
        """Remove what nobody needs any more."""
        (self.path / FOLDER / digest).unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process changes the store, and hold it while the block runs."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def signed_bundle(self, state: StoreState) -> bytes:
        """The bundle as it was signed: the bytes that were taken in.

        Raises:
            BundleError: it is damaged.
        """
        data = self.read(state.bundle, max_bytes=MAX_BYTES)
        if data is None:
            raise BundleError(BundleProblem.STORE_DAMAGED, f"{FOLDER}/{state.bundle}")
        return data

    def _believed(self, state: StoreState) -> SignedBundle:
        """The bundle that `state` names, by the root alone: who was revoked stands in the bundle itself."""
        try:
            signed = parse_bundle(self.signed_bundle(state))
            root = x509.load_pem_x509_certificate(self.root_pem(state.root))
        except ValueError as error:
            raise BundleError(BundleProblem.STORE_DAMAGED, f"{FOLDER}/{state.bundle}") from error
        require_believable_bundle(signed, [root], (), at=state.updated_at)
        return signed


def _newest(state: StoreState, memory: Memory) -> Memory:
    seen = state.memory
    try:
        return memory.advance(
            root=state.root,
            trust_list_version=seen.trust_list_version,
            root_crl=seen.root_crl,
            status_lists=seen.status_lists,
        )
    except ValueError as error:
        raise TrustRefused(ROOT_FILE, "is another root than the one remembered") from error


def _stored(state: StoreState) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "root": state.root,
        "bundle": state.bundle,
        "version": state.version,
        "updated_at": int(state.updated_at.timestamp()),
        "taken_from": state.taken_from,
        "memory": json.loads(encode_memory(state.memory)),
        "superseded": {digest: int(since.timestamp()) for digest, since in state.superseded.items()},
    }


def _parse_state(stored: dict[str, object]) -> StoreState:
    match stored:
        case {
            "format": 1,
            "root": str(root),
            "bundle": str(bundle),
            "version": int(version),
            "updated_at": int(updated_at),
            "taken_from": str(taken_from),
            "memory": dict(memory),
            "superseded": dict(superseded),
        } if len(stored) == len(StoreState.__slots__) + 1 and all(
            map(_DIGEST.fullmatch, (root, bundle, *superseded))
        ):
            state = StoreState(
                root=root,
                bundle=bundle,
                version=version,
                updated_at=datetime.fromtimestamp(updated_at, UTC),
                taken_from=taken_from,
                memory=parse_memory(json.dumps(memory)),
                superseded={key: datetime.fromtimestamp(since, UTC) for key, since in superseded.items()},
            )
        case _:
            raise ValueError("not the state of a trust store")
    if state.memory.root != root:
        raise ValueError("the memory of another root")
    return state
