"""The authority's database knows which version of the program made it."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from ca.errors import BooksOfAnotherVersion
from ca.store import BOOKS_VERSION, metadata, prepare_books


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "made before marks"])
def test_books_are_made_once_and_kept(tmp_path: Path, marked: bool) -> None:  # noqa: FBT001  (a case)
    engine = create_engine(f"sqlite:///{tmp_path / 'authority.db'}")
    if not marked:
        metadata.create_all(engine)

    prepare_books(engine)
    prepare_books(engine)

    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == BOOKS_VERSION
        assert set(inspect(connection).get_table_names()) == set(metadata.tables)
    engine.dispose()


def test_books_of_another_version_are_left_alone(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'authority.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version = {BOOKS_VERSION + 1}")

    with pytest.raises(BooksOfAnotherVersion, match=str(BOOKS_VERSION + 1)):
        prepare_books(engine)

    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()
