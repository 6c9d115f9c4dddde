"""A service's keys and empty books, and a root elsewhere, at a time that the test sets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ca.store import prepare_books
from issuance.database import open_database
from keys.keyring import Keyring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


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


@pytest.fixture
def places(tmp_path: Path, offline_root: Any, open_keyring: Any) -> Iterator[Places]:
    engine = open_database(f"sqlite:///{tmp_path / 'authority.db'}")
    prepare_books(engine)
    made: Places
    keyring = open_keyring(tmp_path, lambda: made.now)
    made = Places(folder=tmp_path, engine=engine, keyring=keyring, root=offline_root(keyring, engine))
    yield made
    engine.dispose()
