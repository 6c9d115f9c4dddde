"""What the kernel knows of its clock: whether something keeps it right, and how wrong it may be.

`adjtimex(2)` read without changing anything, as any user may (RFC 5905 §5 and the kernel's
`include/uapi/linux/timex.h`). chrony, ntpd, systemd-timesyncd and a guest's PTP driver all report
there: they clear STA_UNSYNC while they follow a source, and the kernel raises the maximum error by
500 parts in a million from each of their updates to the next.
"""

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from ca.clock_lease import Attestation
from ca.errors import ClockNotTrusted

STA_UNSYNC = 0x0040
TIME_OOP = 3  # a leap second is in progress: one second has two names
TIME_ERROR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelClock:
    """The kernel's answer."""

    state: int
    status: int
    max_error: timedelta
    estimated_error: timedelta

    @property
    def is_kept(self) -> bool:
        """Whether something keeps it right, by the kernel's account."""
        return self.state != TIME_ERROR and not self.status & STA_UNSYNC


class _Timex(ctypes.Structure):
    """`struct timex`."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),  # microseconds
        ("status", ctypes.c_int),
        # What follows is not read; the kernel writes it all the same.
        ("rest", ctypes.c_long * 32),
    )


def ask_kernel() -> KernelClock:
    """Read the kernel's account of its clock.

    Raises:
        OSError: the system has no such call, or does not allow it.
    """
    answer = _Timex()  # modes 0: nothing is changed
    state = _adjtimex()(ctypes.byref(answer))
    if state < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return KernelClock(
        state=state,
        status=answer.status,
        max_error=timedelta(microseconds=answer.maxerror),
        estimated_error=timedelta(microseconds=answer.esterror),
    )


class KernelAttestor:
    """Believes the clock while the kernel says that it is kept."""

    name = "kernel"
    survives_steps = True

    def __init__(self, ask: Callable[[], KernelClock] = ask_kernel) -> None:
        """`ask` is handed in by tests."""
        self._ask = ask

    def __call__(self) -> Attestation:
        """The kernel's maximum error; whether that is little enough, the lease decides.

        Raises:
            ClockNotTrusted: the kernel does not know, or knows that nothing keeps the clock.
        """
        try:
            found = self._ask()
        except OSError as error:
            raise ClockNotTrusted(reason=f"the kernel does not say ({error.strerror})") from error
        if not found.is_kept:
            raise ClockNotTrusted(reason="nothing keeps it, says the kernel; chrony or another would")
        if found.state == TIME_OOP:
            raise ClockNotTrusted(reason="a leap second is being inserted")
        most = max(found.max_error, found.estimated_error)
        return Attestation(words="the kernel says that it is kept", error=most)


@cache
def _adjtimex() -> "Callable[..., int]":
    try:
        function = ctypes.CDLL(None, use_errno=True).adjtimex
    except AttributeError as error:
        raise OSError(0, "no adjtimex here") from error
    function.restype = ctypes.c_int
    return function
