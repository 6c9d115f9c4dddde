import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

# Test folders are not packages; helpers are imported by their name, from here and from two neighbours.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "sealing"))
sys.path.insert(0, str(Path(__file__).parents[1] / "documents"))

from archive_keeping import Archive

from issuance.database import metadata, open_database


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'books.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def archive(engine: Engine, tmp_path: Path) -> Archive:
    return Archive(engine, tmp_path / "documents")
