"""Where trust comes from: a store, or a published root as it stands.

Call `open_trust` with whatever the person named. A store remembers for itself, a place does not; what the
caller remembers counts everywhere, because nobody but the caller knows who keeps what was named.
"""

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from signing.formats.trust_bundle import FILE_NAME, MAX_BYTES
from verify.bundle.believing import parse_or_refuse, require_believable_bundle
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.source import BundleSource, is_zip, open_place
from verify.bundle.store import TrustStore
from verify.memory import NOTHING_SEEN, Memory
from verify.sources import SourceUnavailable
from verify.trust import Trust, load_trust

STORE_VARIABLE = "WATHIQA_TRUST_STORE"
_FOLDER = "wathiqa-verify"


def open_trust(location: str | Path | TrustStore, *, at: datetime, memory: Memory = NOTHING_SEEN) -> Trust:
    """What is believed at `at`.

    Args:
        location: a trust store or its folder, a published directory, an https address, a zip.
        at: the instant to judge by.
        memory: what the caller has seen before; what a store remembers counts too.

    Raises:
        TrustError: nothing there can be relied on (`BundleError` for stores).
        ValueError: an address by plain http.
    """
    if isinstance(location, TrustStore):
        return location.open(at=at, memory=memory)
    if "://" not in str(location) and TrustStore.is_at(Path(location)):
        return TrustStore(Path(location)).open(at=at, memory=memory)
    if is_zip(location):
        return _open_zip(location, at, memory)
    return load_trust(location, at=at, memory=memory)


def _open_zip(location: str | Path, at: datetime, memory: Memory) -> Trust:
    """The root in it is taken as it stands, as in every place that a person names."""
    try:
        place = open_place(location)
        data = place.read(FILE_NAME, max_bytes=MAX_BYTES)
    except SourceUnavailable as error:
        raise BundleError(BundleProblem.PLACE_UNAVAILABLE, str(location)) from error
    signed = parse_or_refuse(data, str(location))
    trust = load_trust(BundleSource(place, signed.bundle), at=at, memory=memory)
    require_believable_bundle(signed, trust.roots, trust.crls, at=at)
    return trust


def default_store_path(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where a store is that nobody has named: as `WATHIQA_TRUST_STORE` says, else among the person's data."""
    if chosen := environment.get(STORE_VARIABLE):
        return Path(chosen)
    if platform == "win32" and (data := environment.get("LOCALAPPDATA")):
        return Path(data) / _FOLDER
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _FOLDER
    data = environment.get("XDG_DATA_HOME", "")
    # XDG Base Directory Specification 0.8: what is not absolute is ignored.
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / _FOLDER
