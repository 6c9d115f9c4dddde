"""Publishing document statuses: the signed lists that tell anybody whether a document still counts.

The truth is the `status_changes` table, which only grows. A publisher keeps each
list in memory, applies the changes it has not seen, and writes the list anew,
signed, as a whole file. Any number of publishers may run: each reads the changes and
writes the files inside one transaction in which no other changes or publishes
statuses, so no publisher can put back an older list than another has written. The
instant of a list is read inside it too: a list that says more is never dated earlier,
for whoever keeps copies believes the later one.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from issuance.clock import Clock
from issuance.documents.book import STATUS_LIST_SIZE, STATUSES
from issuance.documents.models import status_changes
from issuance.locks import take_turn
from signing.formats.status_list import StatusList

SignStatusList = Callable[[int, StatusList, datetime], bytes]
"""Signs one list: its number, its entries, the instant."""


class StatusPublisher:
    """Keeps the published status lists current.

    Args:
        engine: the service's database.
        clock: the time it goes by, asked while nobody else publishes.
        directory: the `status/` folder of the published files.
        sign: makes the signed bytes of one list.
        write: puts a file in place as a whole.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        directory: Path,
        sign: SignStatusList,
        write: Callable[[Path, bytes], None],
    ) -> None:
        self._engine, self._clock = engine, clock
        self._directory, self._sign, self._write = directory, sign, write
        self._lists: dict[int, StatusList] = {1: StatusList.not_issued(STATUS_LIST_SIZE)}
        self._seen = 0
        self._lock = threading.Lock()

    def publish(self) -> int:
        """Apply and publish all changes since the last time; says how many there were."""
        return self._publish(every_list=False)

    def publish_all(self) -> None:
        """Sign and publish every list anew, changed or not, before the last signature grows old."""
        self._publish(every_list=True)

    def _publish(self, *, every_list: bool) -> int:
        with self._lock, self._engine.begin() as connection:
            take_turn(connection, STATUSES)
            at = self._clock()
            unseen = select(status_changes).where(status_changes.c.sequence > self._seen)
            changes = list(connection.execute(unseen.order_by(status_changes.c.sequence)))
            for change in changes:
                entries = self._lists.setdefault(change.status_list, StatusList.not_issued(STATUS_LIST_SIZE))
                entries.set(change.status_index, change.status)
            for number in self._lists if every_list else {change.status_list for change in changes}:
                self._publish_list(number, at)
            if changes:
                self._seen = changes[-1].sequence
        return len(changes)

    def _publish_list(self, number: int, at: datetime) -> None:
        self._write(self._directory / f"{number}.cwt", self._sign(number, self._lists[number], at))
