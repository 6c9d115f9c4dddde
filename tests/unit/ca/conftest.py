from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from ca.hierarchy import Hierarchy, establish
from ca.names import Agency
from ca.store import metadata
from ca.urls import PublicUrls
from keys.keyring import Keyring

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
AGENCIES = (
    Agency(
        code="civil-registry",
        name_ar="مديرية الأحوال المدنية",
        name_en="Directorate of Civil Status",
        organization_identifier="GO:SY-CIVIL-STATUS",
    ),
    Agency(
        code="workers-register",
        name_ar="سجل العاملين",
        name_en="Workers' Register",
        organization_identifier="GO:SY-WORKERS",
    ),
)


@dataclass
class Pki:
    """An authority with its books and keys, and a root elsewhere, at a time that the test sets."""

    engine: Engine
    now: datetime = START
    keyring: Keyring = None  # type: ignore[assignment]  # set by the fixture
    root: Any = None
    hierarchy: Hierarchy = None  # type: ignore[assignment]  # set by establish
    agencies: tuple[Agency, ...] = AGENCIES

    def clock(self) -> datetime:
        return self.now

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def hold(self, **acts: Any) -> None:
        """A ceremony, and its results taken in."""
        self.root.hold(at=self.now, **acts)
        self.root.take_in(at=self.now)

    def establish(self, **changes: Any) -> Hierarchy:
        arguments = {"at": self.now, "urls": PublicUrls(), "agencies": self.agencies} | changes
        self.hierarchy = establish(self.keyring, self.engine, **arguments)
        return self.hierarchy


@pytest.fixture
def empty(tmp_path: Path, offline_root: Any, open_keyring: Any) -> Callable[[], Pki]:
    """Makes an authority that was given its root, and has made nothing yet."""

    def make() -> Pki:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        metadata.create_all(engine)
        pki = Pki(engine=engine)
        pki.keyring = open_keyring(tmp_path / "keyring", pki.clock)
        pki.root = offline_root(pki.keyring, engine)
        pki.root.found(at=pki.now)
        return pki

    return make


@pytest.fixture
def pki(empty: Callable[[], Pki]) -> Iterator[Pki]:
    """An established authority."""
    made = empty()
    made.establish()
    yield made
    made.engine.dispose()
