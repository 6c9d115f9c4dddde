"""Databases to test on: SQLite files, and a PostgreSQL server that lives as long as the tests."""

import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

SERVER_VARIABLE = "WATHIQA_TEST_POSTGRESQL"
"""Names a server to use instead: `postgresql+psycopg://…/postgres`, by a role that may create databases."""

OWNER = "wathiqa"
# Nothing survives the tests, so nothing has to reach the disk.
SERVER_OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=200"


class NoServer(Exception):
    """PostgreSQL cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlServer:
    """A running server; every test gets a database of its own."""

    admin_url: str
    is_borrowed: bool = False  # somebody else's: nothing but databases is made there

    def new_database(self, template: str = "template0") -> str:
        """The address of a database nobody else uses, made like `template`."""
        name = f"wathiqa_test_{secrets.token_hex(6)}"
        self.administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        return make_url(self.admin_url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Remove it, whoever is connected."""
        self.administer(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def administer(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        engine = self.admin_engine()
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def admin_engine(self) -> Engine:
        """Connected to the server's own database."""
        return create_engine(self.admin_url, isolation_level="AUTOCOMMIT")


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """The server that the environment names, or one that is started here and stopped at the end.

    Raises:
        NoServer: there is neither a server nor a way to start one.
    """
    if SERVER_VARIABLE in os.environ:
        yield PostgresqlServer(admin_url=os.environ[SERVER_VARIABLE], is_borrowed=True)
        return
    folder_of_programs, user = programs(), _user()
    folder = Path(tempfile.mkdtemp(prefix="wathiqa-pg-"))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        _run(
            user,
            folder_of_programs / "initdb",
            "-D",
            folder / "data",
            "-A",
            "trust",
            "-U",
            OWNER,
            *_NEW_CLUSTER,
        )
        start = f"{SERVER_OPTIONS} -k '{folder}'"
        control = (folder_of_programs / "pg_ctl", "-D", folder / "data", "-w")
        _run(user, *control, "-l", folder / "log", "-o", start, "start")
        try:
            yield PostgresqlServer(admin_url=f"postgresql+psycopg://{OWNER}@/postgres?host={folder}")
        finally:
            _run(user, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_NEW_CLUSTER = ("-E", "UTF8", "--locale=C.UTF-8", "--no-sync")


def programs() -> Path:
    """Where the newest server's programs are: on the path, or where Debian puts them."""
    found = [Path(path).parent for path in (shutil.which("initdb"),) if path]
    found += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(re.sub(r"\D", "", path.parent.name))
    )
    for folder in reversed(found):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServer("no PostgreSQL server programs (initdb, pg_ctl) are installed")


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as, where we are root: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    done = subprocess.run(
        [str(each) for each in command],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        timeout=60,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )
    if done.returncode != 0:
        raise NoServer(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()}")
