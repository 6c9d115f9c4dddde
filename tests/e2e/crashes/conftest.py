import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Test folders are not packages; the helpers beside this file are imported by their names.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from crash_site import Site, install

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a folder once for all test processes; it is copied then, never opened."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        made, done = root / name, root / f"{name}.done"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(made, ignore_errors=True)
                fill(made)
                done.touch()
        return made

    return make


@pytest.fixture(scope="session")
def untouched(once: Once) -> Path:
    """An installation nobody has used."""
    return once("untouched", install)


@pytest.fixture
def site(untouched: Path, tmp_path: Path) -> Iterator[Site]:
    """An installation of its own for each test."""
    shutil.copytree(untouched, tmp_path / "site")
    site = Site(tmp_path / "site")
    yield site
    site.close()
