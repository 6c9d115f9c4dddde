"""What measured: the machine, the interpreter, the libraries, the command and the day."""

import os
import platform
import resource
import shlex
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

LIBRARIES = (
    "asn1crypto",
    "cbor2",
    "cryptography",
    "dbos",
    "pyHanko",
    "pypdf",
    "sqlalchemy",
    "typst",
    "zxing-cpp",
)
BYTES_A_MEGABYTE = 1024 * 1024
_STATM = Path("/proc/self/statm")


def describe_machine() -> dict[str, object]:
    """Everything somebody needs to judge or repeat the figures."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": usable_cores(),
        "processor": _processor(),
        "memory_gigabytes": round(_memory_bytes() / 1024**3, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "load_average": load_average(),
    }


def usable_cores() -> int:
    """The processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_average() -> float:
    """Processes that wanted to run, over the last minute; more than the cores: it is busy."""
    return round(os.getloadavg()[0], 2)


def resident_megabytes() -> float:
    """Memory this process holds now; its peak where the system does not say."""
    if not _STATM.exists():
        return peak_megabytes()
    pages = int(_STATM.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / BYTES_A_MEGABYTE


def peak_megabytes() -> float:
    """The most memory this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    octets = peak if sys.platform == "darwin" else peak * 1024
    return octets / BYTES_A_MEGABYTE


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
