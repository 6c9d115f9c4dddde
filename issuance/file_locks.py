"""One process at a time where files are guarded: keys, the authority's books, what is published.

`locks.py` does the same for what lies in the service's database.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else holds `path`, and hold it while the block runs.

    Excludes other processes and other threads of this one; not to be taken again inside.
    A process that dies gives it up. The file stays and is empty.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
