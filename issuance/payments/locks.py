"""One at a time: what two processes must not do at once, by name, until the transaction ends."""

from sqlalchemy import func, select
from sqlalchemy.engine import Connection


def take_turn(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds `name`, then hold it.

    A row that is not there yet cannot be locked, so two "pay" at the same moment
    would both insert. On SQLite a transaction holds the only write lock anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
