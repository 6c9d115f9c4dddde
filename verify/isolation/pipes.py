"""A pipe to or from a process that may have been taken over: nobody waits at it for longer than was agreed.

Killing the process is not enough, because a child of it may hold the other end.
"""

import os
import select
import sys
import time
from contextlib import suppress
from typing import IO

CAN_WAIT = sys.platform != "win32"  # there a pipe blocks until whoever holds its other end is killed
_LOOK_UP_SECONDS = 0.2  # whether one was told to give up
_AT_ONCE = 1 << 16


class BoundedPipe:
    """One end of an unbuffered pipe, with an instant of `time.monotonic` after which it is not waited at."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._is_given_up = False
        self.until = 0.0
        if CAN_WAIT:
            os.set_blocking(pipe.fileno(), False)

    def read(self, count: int) -> bytes:
        """So many octets, or fewer where there is nobody at the other end.

        Raises:
            TimeoutError: they did not come in time.
        """
        taken = bytearray()
        while len(taken) < count:
            self._wait(reading=True)
            some = os.read(self._pipe.fileno(), min(_AT_ONCE, count - len(taken)))
            if not some:
                break
            taken += some
        return bytes(taken)

    def write(self, data: bytes) -> None:
        """Hands all of it over.

        Raises:
            TimeoutError: it was not taken in time.
            OSError: there is nobody at the other end.
        """
        left = memoryview(data)
        while left:
            self._wait(reading=False)
            with suppress(BlockingIOError):  # less room than it seemed
                left = left[os.write(self._pipe.fileno(), left[:_AT_ONCE]) :]

    def flush(self) -> None:
        """Nothing is held back."""

    def give_up(self) -> None:
        """Whoever waits is to do so no longer; may be called by another thread."""
        self._is_given_up = True

    def close(self) -> None:
        """Not while another thread reads or writes."""
        self._pipe.close()

    def _wait(self, *, reading: bool) -> None:
        if not CAN_WAIT:
            return
        poll = select.poll()
        poll.register(self._pipe.fileno(), select.POLLIN if reading else select.POLLOUT)
        while True:
            left = self.until - time.monotonic()
            if left <= 0 or self._is_given_up:
                raise TimeoutError
            if poll.poll(1000 * min(left, _LOOK_UP_SECONDS)):
                return
