"""What a judging process may not exceed, as far as its operating system can hold it to that.

On Windows nothing here does: the parent's wall clock and the bounds on sizes are left.
"""

import signal
import sys
from pathlib import Path

from signing.rendering.template_set import MAX_FILE_OCTETS


def restrain(address_space_octets: int) -> None:
    """From here on: bounded memory, no core dumped, no file written but those of an archived template set."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        _lower(resource.RLIMIT_AS, address_space_octets)
        _lower(resource.RLIMIT_FSIZE, MAX_FILE_OCTETS)
        _lower(resource.RLIMIT_CORE, 0)


def allow_processor_time(seconds: float) -> None:
    """From now on so much of it, all threads together; then the process is killed."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def has_swollen(address_space_octets: int) -> bool:
    """Whether this process has ever held so much that the next file might lack room."""
    return _most_held() > address_space_octets // 2


def _most_held() -> int:
    """The most memory that this program ever had resident, in octets; 0 where the system does not tell.

    On Linux not `ru_maxrss`: a new program begins there with what its caller held, so that the judges
    of a large service would all be spent before their first file.
    """
    if sys.platform == "linux":
        held = _highest_watermark()
    elif sys.platform == "win32":
        held = 0
    else:
        import resource  # noqa: PLC0415 - there is none on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        held = peak * (1 if sys.platform == "darwin" else 1024)
    return held


def _highest_watermark() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0  # the bound on its address space is left
    line = next((each for each in status.splitlines() if each.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024


def _lower(what: int, to: int) -> None:
    import resource  # noqa: PLC0415 - see above

    _, hard = resource.getrlimit(what)
    bound = to if hard == resource.RLIM_INFINITY else min(to, hard)
    resource.setrlimit(what, (bound, bound))
