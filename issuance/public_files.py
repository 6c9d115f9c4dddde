"""Writes published files whole: a reader sees the old one or the new one."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path


def write_public(path: Path, content: bytes) -> None:
    """Put `content` at `path`, readable by everybody; unchanged content is not written again.

    Raises:
        OSError: the disk refused; the old file, if there was one, still stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Names in a folder on the disk too: or power lost after publishing gives one version to two lists."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_public(root: Path, *, before: datetime) -> int:
    """Remove drafts last written before this instant: their process was killed. Says how many."""
    drafts = [path for path in root.rglob(".*") if path.is_file()]
    dead = [path for path in drafts if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before]
    for path in dead:
        path.unlink(missing_ok=True)
    return len(dead)
