"""The database's schema: which revision it is at, and bringing it to the newest.

A revision is a file of `issuance/migrations/versions/`; what was released is never
edited, a change of a table is a new revision. The way leads forward only: back is
the backup made before.
"""

from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from issuance.database import reading
from issuance.locks import take_turn

REVISIONS = ("0001", "0002", "0003")
"""Every revision, oldest first; the program works with the last."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"
_OLDEST_TABLE = "requests"


class DatabaseNotReady(Exception):
    """The database is not at this program's revision; the message says what to do."""


def check_schema(engine: Engine) -> None:
    """Assert that the database is at this program's revision; nothing is changed.

    Raises:
        DatabaseNotReady: it is empty, older or newer, or does not answer.
    """
    where = engine.url.render_as_string(hide_password=True)
    try:
        with reading(engine) as connection:
            found = _revision(connection)
    except OperationalError as error:
        raise DatabaseNotReady(f"{where} does not answer: {error.orig}") from error
    if found == REVISIONS[-1]:
        return
    if found is None:
        raise DatabaseNotReady(f"{where} holds no tables yet; make them with: wathiqa upgrade")
    if found in REVISIONS:
        raise DatabaseNotReady(
            f"{where} is at revision {found} and this program needs {REVISIONS[-1]}; "
            "stop the service, make a backup, then run: wathiqa upgrade"
        )
    raise DatabaseNotReady(
        f"{where} is at revision {found}, which this program (revision {REVISIONS[-1]}) does not know; "
        "start the newer program that made it, or restore the backup from before"
    )


def upgrade_schema(engine: Engine) -> None:
    """Bring the database to the newest revision, wholly or not at all; at the newest, nothing happens.

    Raises:
        DatabaseNotReady: it is newer than this program, or was not made by revisions.
    """
    with engine.begin() as connection:
        take_turn(connection, "schema")
        found = _revision(connection)
        if found is not None and found not in REVISIONS:
            raise DatabaseNotReady(f"the database is at revision {found}, newer than this program")
        if found is None and inspect(connection).has_table(_OLDEST_TABLE):
            raise DatabaseNotReady("the database was made before there were revisions; make a new one")
        if found != REVISIONS[-1]:
            _run_revisions(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608  (a constant)
    return found


def _run_revisions(connection: Connection) -> None:
    # Loaded only when there is something to do: it takes longer than opening a database.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
