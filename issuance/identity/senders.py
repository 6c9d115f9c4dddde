"""How a one-time code reaches its telephone: a protocol, and a file for where there is no gateway."""

import json
import os
import threading
from datetime import datetime
from pathlib import Path
from typing import Protocol


class CodeSender(Protocol):
    """Sends a short text; an SMS gateway implements this."""

    def send(self, phone: str, text: str, *, at: datetime) -> None:
        """Send `text` to `phone` (E.164).

        Raises:
            Unavailable: the gateway did not take it.
        """


class OutboxFile:
    """Appends each message as a JSON line to a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()

    def send(self, phone: str, text: str, *, at: datetime) -> None:
        """Write the message down, as one write, so that lines of several processes do not mix."""
        line = json.dumps({"at": at.isoformat(), "to": phone, "text": text}, ensure_ascii=False) + "\n"
        with self._turn:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # 0600 from the first byte; a link planted in its place is not followed.
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
