"""The results of a ceremony on disk: written beside, then renamed into place, so whole or not there.

plan.yaml, requests/   what was reviewed
bundle/                for the service
root.key.pem           the root's key, encrypted: for the safe
custody.json           whose sheets open it
transcript.txt, .json  what happened
signatures.txt         for the witnesses to sign
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from ca.ceremony.errors import AlreadyThere, ResultsRefused

PLAN, TRANSCRIPT, TRANSCRIPT_JSON, SIGNATURES = (
    "plan.yaml",
    "transcript.txt",
    "transcript.json",
    "signatures.txt",
)
BUNDLE = "bundle"
MAX_FILE_OCTETS = 4_194_304


def require_free(out: Path) -> None:
    """Assert that nothing lies where the results are to go.

    Raises:
        AlreadyThere: something does.
    """
    if out.exists() or out.is_symlink():
        raise AlreadyThere(path=str(out))


def write_results(out: Path, files: Mapping[str, bytes]) -> None:
    """Write every file, readable by their owner alone; all of them appear at once.

    Raises:
        AlreadyThere: an earlier ceremony's results are there.
        OSError: the disk refused; nothing is there.
    """
    require_free(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    draft.mkdir(mode=0o700)
    try:
        for name, data in files.items():
            path = draft / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, data)
        for folder in [draft, *(path for path in draft.rglob("*") if path.is_dir())]:
            _flush(folder)
        require_free(out)
        draft.rename(out)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _flush(out.parent)


def read_result(folder: Path, name: str) -> bytes:
    """One file of the results.

    Raises:
        ResultsRefused: it is not there, or too long to be one.
    """
    try:
        with (folder / name).open("rb") as file:
            data = file.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise ResultsRefused(path=str(folder / name), rule="it is there") from error
    if len(data) > MAX_FILE_OCTETS:
        raise ResultsRefused(path=str(folder / name), rule=f"at most {MAX_FILE_OCTETS} octets")
    return data


def sha256(data: bytes) -> str:
    """The digest by which a file is named."""
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
