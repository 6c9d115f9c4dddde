import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from issuance import database, write_lock
from issuance.database import open_database, reading


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counters (value INTEGER)"))
        connection.execute(text("INSERT INTO counters VALUES (0)"))
    yield engine
    engine.dispose()


@pytest.fixture
def somebody(path: Path, engine: Engine) -> Iterator[sqlite3.Connection]:
    """Another process's connection, which holds the lock."""
    assert engine
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_writer_goes_on_when_the_lock_is_given_back(
    engine: Engine, somebody: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def give_back_at_the_third_time(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            somebody.execute("COMMIT")

    monkeypatch.setattr(write_lock.time, "sleep", give_back_at_the_third_time)
    with engine.begin() as connection:
        connection.execute(text("UPDATE counters SET value = 1"))

    assert len(asked) == 3


def test_patience_ends_with_the_database_s_own_error(
    engine: Engine, somebody: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert somebody.in_transaction
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MILLISECONDS", 5)
    with pytest.raises(OperationalError, match="locked"), engine.begin():
        pass


def test_a_reader_does_not_wait(engine: Engine, somebody: sqlite3.Connection) -> None:
    assert somebody.in_transaction
    with reading(engine) as connection:
        assert connection.execute(text("SELECT value FROM counters")).scalar_one() == 0


def test_afterwards_the_connection_waits_as_before(engine: Engine) -> None:
    with engine.begin() as connection:
        waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert waits == database.BUSY_TIMEOUT_MILLISECONDS


def test_no_update_of_many_threads_is_lost(engine: Engine) -> None:
    def count() -> None:
        for _ in range(25):
            with engine.begin() as connection:
                value = connection.execute(text("SELECT value FROM counters")).scalar_one()
                connection.execute(text("UPDATE counters SET value = :value"), {"value": value + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading(engine) as connection:
        assert connection.execute(text("SELECT value FROM counters")).scalar_one() == 100
