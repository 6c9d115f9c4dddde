"""A signer process: a guarded keyring behind a Unix socket.

It trusts nobody who asks. The socket lies in a directory that only its owner enters, and the
kernel says who is at the other end (SO_PEERCRED, unix(7)): another user is not heard. What
may be asked is in `keys.signer_acts`.
"""

import logging
import os
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from keys.guard import GuardedKeyring
from keys.messages import Channel, socket_address
from keys.signer_acts import Acts, refusal
from keys.use_log import caller

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 256  # a service and seven workers, each with all the connections it may have
MESSAGE_WITHIN_SECONDS = 10.0
_SEND_WITHIN = struct.pack("ll", int(MESSAGE_WITHIN_SECONDS), 0)  # struct timeval
_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid


class SignerServer:
    """Serves one keyring on one socket, each connection in a thread of its own.

    Args:
        keyring: what is asked.
        path: the socket; its directory is made with mode 0700. Whoever starts two servers on one
            path keeps them apart (the process holds a lock file).
        clock: the time that counts.
        user: whose processes are heard; None: this process's own user.
    """

    def __init__(
        self,
        keyring: GuardedKeyring,
        path: Path,
        *,
        clock: Callable[[], datetime],
        user: int | None = None,
    ) -> None:
        self._acts, self._path = Acts(keyring, clock=clock), path
        self._user = os.geteuid() if user is None else user
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        with socket_address(path) as address:
            self._listener.bind(address)
        path.chmod(0o600)
        self._listener.listen(MAX_CONNECTIONS)

    def serve(self) -> None:
        """Serve until `stop` is called by another thread."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """Hear nobody any more, and end what is open."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _attend(self, connection: socket.socket) -> None:
        with connection:
            with self._lock:
                if len(self._open) >= MAX_CONNECTIONS:
                    return
                self._open.add(connection)
            try:
                self._converse(connection)
            except OSError:
                pass  # whoever asked is gone, or dawdles
            except Exception:
                logger.exception("a connection broke the signer's rules, or the signer did")
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _converse(self, connection: socket.socket) -> None:
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        process, user, _ = _CREDENTIALS.unpack(data)
        if user != self._user:
            logger.warning("user %d is not heard", user)
            return
        caller.set(f"process {process} of user {user}")
        # Whoever asks and does not listen holds a thread no longer than this.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_WITHIN)
        channel = Channel(connection)
        while True:
            try:
                question = channel.receive(within_seconds=MESSAGE_WITHIN_SECONDS)
            except ValueError as error:
                # Where the next frame would begin is not known any more.
                channel.send(refusal("message", str(error)))
                return
            if question is None:
                return
            connection.settimeout(None)
            channel.send(self._acts.answer(question))
