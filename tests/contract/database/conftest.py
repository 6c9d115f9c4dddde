"""Every test with `database_url`, `engine` or `site` runs on SQLite and on PostgreSQL."""

import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Test folders are not packages; the helpers beside this file and of the crash tests are imported by name.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "e2e"))
sys.path.insert(0, str(Path(__file__).parents[2] / "e2e" / "crashes"))

from crash_site import Site, install
from database_servers import NoServer, PostgresqlServer, postgresql_server
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from issuance.database import open_database
from issuance.installation import upgrade
from issuance.schema import upgrade_schema
from issuance.settings import Layout, Settings, write_settings

BOTH = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def maybe_server() -> Iterator[PostgresqlServer | str]:
    """The PostgreSQL server, or why there is none."""
    try:
        with postgresql_server() as server:
            yield server
    except NoServer as reason:
        yield str(reason)


@pytest.fixture(scope="session")
def server(maybe_server: PostgresqlServer | str) -> PostgresqlServer:
    if isinstance(maybe_server, str):
        pytest.skip(maybe_server)
    return maybe_server


@pytest.fixture(params=BOTH)
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes databases without any table; gives their addresses."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / f'{secrets.token_hex(6)}.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("server")
    made: list[str] = []

    def make() -> str:
        made.append(server.new_database())
        return made[-1]

    yield make
    for url in made:
        server.drop_database(url)


@pytest.fixture
def empty_url(new_database: Callable[[], str]) -> str:
    """A database without any table."""
    return new_database()


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every table and no row."""
    file = tmp_path_factory.mktemp("blank") / "service.db"
    _upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def blank_postgresql(server: PostgresqlServer) -> Iterator[str]:
    """The same; the name of a database to copy."""
    url = server.new_database()
    _upgrade(url)
    yield str(make_url(url).database)
    server.drop_database(url)


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database at the newest revision that holds nothing yet."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("blank_sqlite"), tmp_path / "service.db")
        yield f"sqlite:///{tmp_path / 'service.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("server")
    url = server.new_database(template=request.getfixturevalue("blank_postgresql"))
    yield url
    server.drop_database(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(server: PostgresqlServer, blank_postgresql: str) -> Iterator[Engine]:
    """For what only PostgreSQL can do."""
    url = server.new_database(template=blank_postgresql)
    engine = open_database(url)
    yield engine
    engine.dispose()
    server.drop_database(url)


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation nobody has used: copied, never opened."""
    root = tmp_path_factory.mktemp("untouched") / "site"
    install(root)
    return root


@pytest.fixture
def site(empty_url: str, untouched: Path, tmp_path: Path) -> Iterator[Site]:
    """A whole installation, its database one or the other."""
    layout = Layout(root=tmp_path / "site")
    shutil.copytree(untouched, layout.root)
    layout.database.unlink()
    write_settings(layout, Settings(database_url=empty_url))
    upgrade(layout)
    site = Site(layout.root)
    yield site
    site.close()


def _upgrade(url: str) -> None:
    engine = open_database(url)
    upgrade_schema(engine)
    engine.dispose()
