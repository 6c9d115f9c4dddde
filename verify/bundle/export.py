"""Writes what a store holds into one zip, to be carried to a computer without a network."""

from pathlib import Path

from signing.formats.trust_bundle import FILE_NAME
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.source import read_file
from verify.bundle.store import TrustStore
from verify.bundle.zipped import write_zip
from verify.sources import DirectorySource
from verify.whole_files import replace_whole


def export_store(store: TrustStore, target: Path) -> int:
    """Write the bundle of `store` to `target`, whole or not at all; answers how many files are in it.

    Raises:
        BundleError: the store is not there or damaged, or the disk refused.
    """
    state, bundle = store.state(), store.bundle()
    place = DirectorySource(store.path)
    digests = {file.sha256: file for file in bundle.needed()}

    def members() -> list[tuple[str, bytes]]:
        return [(FILE_NAME, store.signed_bundle(state))] + [
            (file.place, read_file(place, file)) for file in sorted(digests.values(), key=lambda f: f.place)
        ]

    try:
        replace_whole(target, lambda stream: write_zip(stream, members()))
    except OSError as error:
        raise BundleError(BundleProblem.STORE_UNWRITABLE, str(target)) from error
    return len(digests) + 1
