"""One at a time: what two processes must not do at once, by name, until the transaction ends.

On SQLite a transaction holds the only write lock from its beginning, so every turn is
taken already. On PostgreSQL transactions run side by side; where it matters that they do
not, they take a turn, or lock the row that they are about to judge.

Whoever takes several takes them in this order, so that no two wait for each other:

    an idempotency key, a webhook → the money of one request → the year's numbers
    → a document → the statuses → a request → the trail

The trail comes last: once a transaction has written to it, every other that writes waits
for its end. Should two wait for each other all the same, PostgreSQL ends one of them, its
work is rolled back, and whoever asked may ask again.
"""

from sqlalchemy import func, select
from sqlalchemy.engine import Connection


def take_turn(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds `name`, then hold it; again is the same.

    A row that is not there yet cannot be locked, so two "pay" at the same moment
    would both insert.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
