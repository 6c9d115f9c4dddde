"""A bundle in one file, to be carried to a computer without a network.

A zip of the published layout: `trust-bundle.cwt`, and each of its files under its digest. Strict, because
anybody may have made it: no comment, no 64-bit form, a bounded directory, no name twice, stored or
deflated members, none read beyond what is expected of it.
"""

import struct
import weakref
import zipfile
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO

from verify.regular_files import open_regular
from verify.sources import MAX_BYTES, SourceUnavailable, is_artefact_name

SUFFIX = ".zip"
MAX_ENTRIES = 20_000
_MAX_DIRECTORY_BYTES = 1 << 22
# APPNOTE.TXT 6.3.10 §4.3.15 and §4.3.16: the locator of the 64-bit end, and the end of the directory.
_LOCATOR_64 = b"PK\x06\x07"
_END = struct.Struct("<4s4H2LH")
_LOCATOR_BYTES = 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bundle makes the same file, whenever it is written


class ZipSource:
    """See `verify.sources.Source`: the artefacts inside a zip.

    Raises:
        SourceUnavailable: the file cannot be read, or is no zip of the strict form.
    """

    def __init__(self, path: Path) -> None:
        try:
            file = open_regular(path)
            weakref.finalize(self, file.close)
            _require_bounded(file)
            self._zip = zipfile.ZipFile(file)
            _require_each_once(self._zip.namelist())
        except OSError as error:
            raise SourceUnavailable(f"{path}: {error.strerror or error}") from error
        except (ValueError, zipfile.BadZipFile, NotImplementedError) as error:
            raise SourceUnavailable(f"{path}: not a zip of a trust bundle") from error

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        """See `Source.read`."""
        if not is_artefact_name(name):
            raise SourceUnavailable(f"not the name of an artefact: {name[:80]}")
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            return None
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise SourceUnavailable(f"{name}: packed in a way that is not read")
        try:
            with self._zip.open(member) as stream:
                data = stream.read(max_bytes + 1)
        except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise SourceUnavailable(f"{name}: cannot be unpacked") from error
        if len(data) > max_bytes:
            raise SourceUnavailable(f"{name}: larger than any artefact")
        return data

    def names(self, folder: str, suffix: str) -> list[str]:
        """See `Source.names`."""
        inside = (name for name in self._zip.namelist() if is_artefact_name(name))
        return sorted(name for name in inside if name.startswith(f"{folder}/") and name.endswith(suffix))


def write_zip(stream: BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip that `ZipSource` reads.

    Raises:
        OSError: the disk refused.
    """
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in members:
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, data)


def _require_each_once(names: Collection[str]) -> None:
    """Of two members with one name, readers of zips do not agree which one it is."""
    if len(set(names)) != len(names):
        raise ValueError("a name twice")


def _require_bounded(file: BinaryIO) -> None:
    """Python reads the whole directory of a zip at once: look first how large it says that it is."""
    length = file.seek(0, 2)
    if length < _END.size:
        raise ValueError("cut short")
    tail = min(length, _END.size + _LOCATOR_BYTES)
    file.seek(-tail, 2)
    data = file.read(tail)
    signature, *_, entries, directory_bytes, _, comment_bytes = _END.unpack(data[-_END.size :])
    is_plain = signature == b"PK\x05\x06" and not comment_bytes and not data.startswith(_LOCATOR_64)
    if not is_plain or entries > MAX_ENTRIES or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise ValueError("not of the strict form")
    file.seek(0)
