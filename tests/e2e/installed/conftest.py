import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Test folders are not packages; the helpers beside this file are imported by their names.
sys.path.insert(0, str(Path(__file__).parent))

from installed_service import NOON, Town
from nothing_lost import assert_nothing_lost

from issuance.installation import initialise
from issuance.settings import Layout, Settings

PERSONS = 6_000  # enough for every test to have people of its own


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation nobody has used, made once for all test processes: copy it, never open it."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    made, done = root / "pristine-installation", root / "pristine-installation.done"
    with (root / "pristine-installation.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            service = initialise(
                Layout(root=made),
                Settings(),
                passphrase_in_file=True,
                persons=PERSONS,
                clock=lambda: NOON,
            )
            service.close()
            done.touch()
    return made


@pytest.fixture(scope="session")
def shared_town(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    root = tmp_path_factory.mktemp("installed") / "service"
    shutil.copytree(pristine, root)
    town = Town(root)
    yield town
    town.close()


@pytest.fixture
def town(shared_town: Town) -> Iterator[Town]:
    """The whole service, and the people around it. After every test nothing may be lost."""
    yield shared_town
    assert_nothing_lost(shared_town.service)
