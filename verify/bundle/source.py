"""Where bundles are read from: a host, a published directory, a zip; and a bundle as a published root."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from signing.formats.trust_bundle import Bundle, BundleFile
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.zipped import SUFFIX, ZipSource
from verify.sources import MAX_BYTES, Source, SourceUnavailable, open_source
from verify.trust import ROOT_FILE


def is_zip(location: str | Path) -> bool:
    """Whether somebody names a file that holds a whole bundle."""
    return "://" not in str(location) and str(location).lower().endswith(SUFFIX)


def open_place(location: str | Path) -> Source:
    """What is published there.

    Raises:
        SourceUnavailable: a zip that cannot be read.
        ValueError: an address by plain http.
    """
    return ZipSource(Path(location)) if is_zip(location) else open_source(location)


def read_file(source: Source, file: BundleFile) -> bytes:
    """One file of a bundle, as the bundle says that it is.

    Raises:
        BundleError: it is not there, or is another.
    """
    try:
        data = source.read(file.place, max_bytes=min(file.size, file.max_bytes))
    except SourceUnavailable as error:
        raise BundleError(BundleProblem.INCOMPLETE, file.name) from error
    if data is None or len(data) != file.size or hashlib.sha256(data).digest() != file.sha256:
        raise BundleError(BundleProblem.INCOMPLETE, file.name)
    return data


class BundleSource:
    """See `verify.sources.Source`: the published root as a bundle has it.

    Args:
        place: holds the files, each under its digest.
        bundle: names them.
        root_pem: the root that people vouched for, whatever the bundle calls so; None: as the bundle has it.
    """

    def __init__(self, place: Source, bundle: Bundle, *, root_pem: bytes | None = None) -> None:
        self._place, self._root_pem = place, root_pem
        self._files: Mapping[str, BundleFile] = {file.name: file for file in bundle.needed()}

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        """See `Source.read`."""
        if name == ROOT_FILE and self._root_pem is not None:
            return self._root_pem
        file = self._files.get(name)
        if file is None:
            return None
        if file.size > max_bytes:
            raise SourceUnavailable(f"{name}: larger than any artefact")
        try:
            return read_file(self._place, file)
        except BundleError as error:
            raise SourceUnavailable(f"{name}: missing, or damaged") from error

    def names(self, folder: str, suffix: str) -> Sequence[str]:
        """See `Source.names`."""
        return sorted(name for name in self._files if name.startswith(f"{folder}/") and name.endswith(suffix))
