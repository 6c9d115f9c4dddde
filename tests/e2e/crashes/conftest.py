import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Test folders are not packages; the helpers beside this file are imported by their names.
sys.path.insert(0, str(Path(__file__).parent))

from crash_site import Site, install


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation nobody has used, made once for all test processes: copied, never opened."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    made, done = root / "untouched", root / "untouched.done"
    with (root / "untouched.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            install(made)
            done.touch()
    return made


@pytest.fixture
def site(untouched: Path, tmp_path: Path) -> Iterator[Site]:
    """An installation of its own for each test."""
    shutil.copytree(untouched, tmp_path / "site")
    site = Site(tmp_path / "site")
    yield site
    site.close()
