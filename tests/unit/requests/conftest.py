import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Test folders are not packages; the helper beside this file is imported by its name.
sys.path.insert(0, str(Path(__file__).parent))

from requests_world import World

from issuance.catalogue.catalogue import Catalogue
from issuance.database import metadata, open_database


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def world(tmp_path: Path, catalogue: Catalogue) -> Iterator[World]:
    """Requests over a database in memory, registers that say what they are told, a clock that is moved."""
    engine = open_database("sqlite://")
    metadata.create_all(engine)
    yield World(engine=engine, catalogue=catalogue, folder=tmp_path)
    engine.dispose()
