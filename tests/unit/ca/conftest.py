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
from keys.key_file import ScryptCost
from keys.software import SoftwareCustody

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
    """An authority with its books and keys, at a time that the test sets."""

    custody: SoftwareCustody
    engine: Engine
    hierarchy: Hierarchy
    now: datetime = START
    agencies: tuple[Agency, ...] = AGENCIES

    def clock(self) -> datetime:
        return self.now

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def establish(self, **changes: Any) -> Hierarchy:
        arguments = {"at": self.now, "urls": PublicUrls(), "agencies": self.agencies} | changes
        self.hierarchy = establish(self.custody, self.engine, **arguments)
        return self.hierarchy


@pytest.fixture
def empty(tmp_path: Path) -> Callable[[], Pki]:
    """Makes an authority whose books and custody are empty."""

    def make() -> Pki:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        metadata.create_all(engine)
        custody = SoftwareCustody(tmp_path / "keys", lambda: b"correct horse", cost=ScryptCost(n=2, p=1))
        return Pki(custody=custody, engine=engine, hierarchy=None)  # type: ignore[arg-type]  # set by establish

    return make


@pytest.fixture
def pki(empty: Callable[[], Pki]) -> Iterator[Pki]:
    """An established authority."""
    made = empty()
    made.establish()
    yield made
    made.engine.dispose()
