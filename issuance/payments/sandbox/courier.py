"""Sends the sandbox's webhooks, again and again until they are taken.

A notice is written in the transaction of the change it tells of, and delivered
afterwards. Attempts follow the schedule that Standard Webhooks recommends; each
is signed anew, with the same id.
"""

import json
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import Column, Engine, Integer, LargeBinary, String, Table, insert, select, update
from sqlalchemy.engine import Connection

from issuance.clock import Clock
from issuance.database import UtcDateTime
from issuance.payments.sandbox.faults import Fault, sandbox_metadata, take_fault
from issuance.payments.webhooks import sign_webhook

# Seconds between one attempt and the next (Standard Webhooks, "Retries and deliverability").
RETRY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
FAULT_DELAY = timedelta(minutes=10)
_FORGED_KEY = b"not the key that was agreed on"

sandbox_notices = Table(
    "sandbox_notices",
    sandbox_metadata,
    Column("id", Integer, primary_key=True),
    Column("webhook_id", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("trick", String(24)),  # the fault that this notice acts out
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, index=True),  # null: delivered, or given up
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    id: int
    webhook_id: str
    body: bytes
    trick: str | None
    attempts: int


def write_notice(connection: Connection, kind: str, reference: str, *, at: datetime) -> None:
    """Queue the webhook that tells of a change of `reference`; ordered faults shape it."""
    if take_fault(connection, Fault.NO_WEBHOOK):
        return
    tricks = (Fault.FORGED_WEBHOOK, Fault.STALE_WEBHOOK, Fault.DELAYED_WEBHOOK)
    trick = next((trick for trick in tricks if take_fault(connection, trick)), None)
    copies = 3 if take_fault(connection, Fault.DUPLICATE_WEBHOOK) else 1
    content = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": {"reference": reference}}
    notice = {
        "webhook_id": f"msg_{secrets.token_hex(12)}",
        "body": json.dumps(content, separators=(",", ":")).encode(),
        "trick": trick,
        "attempts": 0,
        "due_at": at + FAULT_DELAY if trick is Fault.DELAYED_WEBHOOK else at,
    }
    connection.execute(insert(sandbox_notices), [notice] * copies)


class Courier:
    """Delivers due notices to one address."""

    def __init__(
        self, engine: Engine, *, client: httpx.Client, url: str, keys: Sequence[bytes], clock: Clock
    ) -> None:
        self._engine = engine
        self._client = client
        self._url = url
        self._keys = tuple(keys)
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def deliver_due(self) -> int:
        """Try every notice that is due; the number that was taken."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                select(sandbox_notices)
                .where(sandbox_notices.c.due_at <= self._clock())
                .order_by(sandbox_notices.c.id)
            ).all()
        due = [
            _Due(id=row.id, webhook_id=row.webhook_id, body=row.body, trick=row.trick, attempts=row.attempts)
            for row in rows
        ]
        return sum(self._deliver(notice) for notice in due)

    def run(self, *, idle_seconds: float) -> None:
        """Deliver until `stop`; looks for due notices when woken, and at least every `idle_seconds`."""
        while not self._stopping.is_set():
            self.deliver_due()
            self._wake.wait(timeout=idle_seconds)
            self._wake.clear()

    def wake(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    def stop(self) -> None:
        """Let `run` return."""
        self._stopping.set()
        self._wake.set()

    def _deliver(self, notice: _Due) -> bool:
        forged = notice.trick == Fault.FORGED_WEBHOOK
        age = FAULT_DELAY if notice.trick == Fault.STALE_WEBHOOK else timedelta()
        headers = sign_webhook(
            notice.webhook_id,
            notice.body,
            keys=(_FORGED_KEY,) if forged else self._keys,
            at=self._clock() - age,
        )
        taken = False
        with suppress(httpx.HTTPError):
            response = self._client.post(
                self._url, content=notice.body, headers={"content-type": "application/json", **headers}
            )
            taken = response.is_success
        self._note(notice, taken=taken)
        return taken

    def _note(self, notice: _Due, *, taken: bool) -> None:
        again = not taken and notice.attempts < len(RETRY_SECONDS)
        due_at = self._clock() + timedelta(seconds=RETRY_SECONDS[notice.attempts]) if again else None
        with self._engine.begin() as connection:
            connection.execute(
                update(sandbox_notices)
                .where(sandbox_notices.c.id == notice.id)
                .values(attempts=notice.attempts + 1, due_at=due_at)
            )
