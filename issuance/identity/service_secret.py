"""One secret of the installation, from which the keys for MACs are derived (HKDF, RFC 5869).

It protects cursors and one-time codes, not documents: losing it ends pages and codes in
flight and nothing else. It is created at first use, readable by its owner only.
"""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32


class ServiceSecret:
    """Derives a key for each purpose."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _BYTES:
            raise ValueError(f"the service secret has {_BYTES} bytes, not {len(secret)}")
        self._secret = secret

    def key(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose, e.g. `cursors`."""
        return HKDF(SHA256(), _BYTES, salt=None, info=f"wathiqa {purpose}".encode()).derive(self._secret)


def load_service_secret(path: Path) -> ServiceSecret:
    """Read the secret, or create it."""
    if not path.exists():
        _create(path)
    return ServiceSecret(path.read_bytes())


def _create(path: Path) -> None:
    """Write it under another name, then link: two processes starting at once end up with one secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
