"""A service's keys and empty books, and a root elsewhere, at a time that the test sets."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ca.ceremony.results import write_results
from ca.reasons import RevocationReason
from ca.store import prepare_books
from issuance.database import open_database
from keys.keyring import Keyring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = ("issuing", "trust-list")
SUPERSEDED = RevocationReason.SUPERSEDED


@dataclass
class Places:
    """The service here, the root there."""

    folder: Path
    engine: Engine
    keyring: Keyring
    root: Any
    now: datetime = NOON

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def hold(self, **acts: Any) -> Any:
        return self.root.hold(at=self.now, **acts)

    def take_in(self, **changes: Any) -> Any:
        return self.root.take_in(**({"at": self.now} | changes))


Make = Callable[[Path], Places]


@pytest.fixture(scope="session")
def make_places(offline_root: Any, open_keyring: Any) -> Make:
    """Makes both places in a folder, with nothing done in them."""

    def make(folder: Path) -> Places:
        engine = open_database(f"sqlite:///{folder / 'authority.db'}")
        prepare_books(engine)
        made: Places
        keyring = open_keyring(folder, lambda: made.now)
        made = Places(folder=folder, engine=engine, keyring=keyring, root=offline_root(keyring, engine))
        return made

    return make


@pytest.fixture
def places(tmp_path: Path, make_places: Make) -> Iterator[Places]:
    made = make_places(tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def founded_once(tmp_path_factory: pytest.TempPathFactory, make_places: Make) -> Places:
    """After a first ceremony, its results taken in: to be copied, never changed."""
    made = make_places(tmp_path_factory.mktemp("founded"))
    made.hold(certify=FIRST)
    made.take_in()
    made.engine.dispose()
    return made


@pytest.fixture(scope="session")
def ready_once(tmp_path_factory: pytest.TempPathFactory, make_places: Make) -> Places:
    """A second ceremony was held, which replaced the trust list's key; its results are not taken in."""
    made = make_places(tmp_path_factory.mktemp("ready"))
    made.hold(certify=FIRST)
    made.take_in()
    old = made.root.last.bundle.certificates[2].certificate
    made.keyring.replace("trust-list", at=made.later(days=1))
    made.hold(certify=["trust-list-2"], revoke=[("trust-list", old.serial_number, SUPERSEDED)])
    made.engine.dispose()
    return made


@contextmanager
def copied(made: Places, folder: Path) -> Iterator[Places]:
    """The same with books of its own; keys are shared, and not to be made or stopped."""
    shutil.copy(made.folder / "authority.db", folder / "copied.db")
    engine = open_database(f"sqlite:///{folder / 'copied.db'}")
    root = replace(made.root, engine=engine)
    yield Places(folder=folder, engine=engine, keyring=made.keyring, root=root, now=made.now)
    engine.dispose()


@pytest.fixture
def founded(founded_once: Places, tmp_path: Path) -> Iterator[Places]:
    """A first ceremony was held and taken in; the keys are shared by all tests."""
    with copied(founded_once, tmp_path) as places:
        yield places


@pytest.fixture
def ready(ready_once: Places, tmp_path: Path) -> Iterator[Places]:
    """A second one was held; the keys are shared by all tests."""
    with copied(ready_once, tmp_path) as places:
        yield places


@pytest.fixture
def revoked(ready: Places) -> Places:
    """And taken in: list 2 says that the first trust-list certificate is revoked."""
    ready.take_in()
    ready.later(days=1)
    return ready


@pytest.fixture
def results(founded_once: Places, tmp_path: Path) -> Path:
    """The results of the first ceremony, on disk."""
    folder = tmp_path / "results"
    write_results(folder, founded_once.root.last.files)
    return folder
