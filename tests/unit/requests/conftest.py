import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

# Test folders are not packages; the helper beside this file is imported by its name.
sys.path.insert(0, str(Path(__file__).parent))

from requests_world import World
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from issuance.catalogue.catalogue import Catalogue
from issuance.database import metadata, open_database


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="session")
def blank() -> bytes:
    """A database with every table and no row; copying it is fifty times faster than making it."""
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        connection.commit()
        content = _driver(connection).serialize()
    engine.dispose()
    return content


@pytest.fixture
def engine(blank: bytes) -> Iterator[Engine]:
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        _driver(connection).deserialize(blank)
    yield engine
    engine.dispose()


@pytest.fixture
def world(tmp_path: Path, catalogue: Catalogue, engine: Engine) -> World:
    """Requests over a database in memory, registers that say what they are told, a clock that is moved."""
    return World(engine=engine, catalogue=catalogue, folder=tmp_path)


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)
