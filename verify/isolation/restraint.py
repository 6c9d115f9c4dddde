"""What a judging process may not exceed, as far as its operating system can hold it to that.

On Windows nothing here does: the parent's wall clock and the bounds on sizes are left.
"""

import signal
import sys

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
    if sys.platform == "win32":
        return False
    import resource  # noqa: PLC0415 - see above

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) > address_space_octets // 2


def _lower(what: int, to: int) -> None:
    import resource  # noqa: PLC0415 - see above

    _, hard = resource.getrlimit(what)
    bound = to if hard == resource.RLIM_INFINITY else min(to, hard)
    resource.setrlimit(what, (bound, bound))
