import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

# Test folders are not packages; the helper beside this file is imported by its name.
sys.path.insert(0, str(Path(__file__).parent))

from issuance.database import metadata, open_database


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()
