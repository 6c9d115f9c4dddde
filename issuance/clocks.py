"""By which clock things are dated and signed, and who vouches for it: the setting `clock_source`.

kernel       the kernel says that something keeps it (chrony, ntpd, systemd-timesyncd): for a ministry
references   most of the servers in `clock_references` agree with it
operator     the operator says so; nothing is measured: for demonstrations and development
"""

from functools import partial

from ca.clock import Clock
from ca.clock_kernel import KernelAttestor
from ca.clock_lease import Attestor, LeasedClock, OperatorStatement
from ca.clock_references import ReferenceAttestor, ask_server
from issuance.clock import system_clock
from issuance.settings import Settings, SettingsInvalid

OPERATOR = "operator"


def open_clock(settings: Settings, clock: Clock = system_clock) -> Clock:
    """A clock that answers under a lease; one that was handed in is taken at its word.

    Raises:
        SettingsInvalid: `clock_source` is none of the three.
        ClockNotTrusted: too few references are configured.
    """
    return LeasedClock(find_attestor(settings)) if clock is system_clock else clock


def find_attestor(settings: Settings) -> Attestor:
    """Who vouches for the machine's clock.

    Raises:
        SettingsInvalid: `clock_source` is none of the three.
        ClockNotTrusted: too few references are configured.
    """
    match settings.clock_source:
        case "kernel":
            return KernelAttestor()
        case "references":
            return ReferenceAttestor(
                settings.clock_references.split(), partial(ask_server, clock=system_clock)
            )
        case "operator":
            return OperatorStatement()
        case other:
            raise SettingsInvalid(f"clock_source: {other!r} is none of kernel, references, operator")
