"""Where published artefacts are read from: a directory, or the static host itself."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from verify.regular_files import open_regular

MAX_BYTES = 16 << 20  # a CRL of hundreds of thousands of entries
TIMEOUT_SECONDS = 10
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(?:[./][a-z0-9][a-z0-9_-]*)*", re.IGNORECASE)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class SourceUnavailable(OSError):
    """The place did not answer, or answered with more than any artefact."""


class Source(Protocol):
    """A published root."""

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        """The bytes of one artefact; None where there is none of this name.

        Raises:
            SourceUnavailable: the place did not answer, or with more than `max_bytes`.
        """
        ...

    def names(self, folder: str, suffix: str) -> Sequence[str] | None:
        """The artefacts of a folder, sorted; None where the place cannot tell."""
        ...


def open_source(location: str | Path | Source) -> Source:
    """The source at a directory's path or an `https` address; a source is itself.

    Raises:
        ValueError: plain `http`, except on the machine itself.
    """
    if not isinstance(location, str | Path):
        return location
    parts = urlsplit(str(location))
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return HostSource(str(location).rstrip("/"))
    if parts.scheme == "http":
        raise ValueError("trust is read by https, or from a directory")
    return DirectorySource(Path(location))


class DirectorySource:
    """A copy of the published root on disk; needs no network."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        """See `Source.read`. Only regular files are read: others may block, or never end."""
        _require_name(name)
        try:
            with open_regular(self._root / name) as file:
                return _bounded(name, file.read(max_bytes + 1), max_bytes)
        except SourceUnavailable:
            raise
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SourceUnavailable(f"{name}: {error.strerror}") from error

    def names(self, folder: str, suffix: str) -> Sequence[str]:
        """See `Source.names`."""
        found = (f"{folder}/{path.name}" for path in (self._root / folder).glob(f"*{suffix}"))
        return sorted(name for name in found if _NAME.fullmatch(name))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to plain http, and the root is taken from where the user said."""

    def redirect_request(self, *_: object) -> None:
        """Refuse."""


class HostSource:
    """The published root as a static host serves it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(_NoRedirects)

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        """See `Source.read`."""
        _require_name(name)
        try:
            with self._opener.open(f"{self._address}/{name}", timeout=TIMEOUT_SECONDS) as answer:
                return _bounded(name, answer.read(max_bytes + 1), max_bytes)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (404, 410):
                    return None
                raise SourceUnavailable(f"{name}: status {error.code}") from error
        except SourceUnavailable:
            raise
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise SourceUnavailable(f"{name}: {error}") from error

    def names(self, folder: str, suffix: str) -> None:
        """A static host lists no folders."""
        del folder, suffix


def is_artefact_name(name: str) -> bool:
    """Whether `name` stays below the published root: letters, digits, `-`, `_`, single dots and slashes."""
    return _NAME.fullmatch(name) is not None


def _require_name(name: str) -> None:
    if not is_artefact_name(name):
        raise SourceUnavailable(f"not the name of an artefact: {name[:80]}")


def _bounded(name: str, data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise SourceUnavailable(f"{name}: larger than any artefact")
    return data
