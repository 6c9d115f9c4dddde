import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Test folders are not packages; the helpers beside this file are imported by their names.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import cheap_keys
from installed_service import NOON, Town
from nothing_lost import assert_nothing_lost

from issuance.installation import initialise
from issuance.settings import Layout, Settings

PERSONS = 6_000  # enough for every test to have people of its own


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A directory that one test process makes and all others find made: to be copied, never changed."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    made, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(made)
            done.touch()
    return made


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation nobody has used."""

    def make(root: Path) -> None:
        layout, settings = Layout(root=root), Settings()
        with cheap_keys.cheap_key_files():
            initialise(layout, settings, passphrase_in_file=True, persons=PERSONS, clock=lambda: NOON).close()

    return _made_once(tmp_path_factory, "pristine", make)


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `wathiqa demo` leaves behind, and beside it what it printed and how it ended."""

    def make(root: Path) -> None:
        command = [sys.executable, cheap_keys.__file__, "demo", "--directory", str(root)]
        environment = {**os.environ, "COLUMNS": "80"}
        played = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)
        ending = {"status": played.returncode, "out": played.stdout, "err": played.stderr}
        root.with_suffix(".json").write_text(json.dumps(ending), encoding="utf-8")

    return _made_once(tmp_path_factory, "demonstration", make)


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
