"""What must be done again and again, whoever asks: one round after another.

A round is short and repeatable; one that fails is logged and the next one comes. Any
number of processes may make rounds at once.
"""

import logging
import threading
from contextlib import suppress
from datetime import datetime, timedelta

from ca.ceremony.errors import CeremonyNeeded
from ca.errors import CaError
from issuance.app import Service
from issuance.documents.files import FileStore
from issuance.due import due_publications
from issuance.http.idempotency import forget_expired
from issuance.identity.actors import system_actor
from issuance.identity.citizens import forget_codes
from issuance.identity.rates import forget_attempts
from issuance.identity.tokens import forget_tokens
from issuance.key_log_anchors import LOG_LINE, anchor, record_unlogged
from issuance.public_files import sweep_public
from keys.errors import KeyCustodyError, UnloggedUse
from keys.signer import Purpose

logger = logging.getLogger(__name__)

ROUND_EVERY_SECONDS = 5.0
# CRLs and OCSP answers live a day and a half; renewed hourly, they survive a day of trouble. So do
# certificates near their end: publishing renews them, and the new ones are in use at once.
PUBLISH_EVERY = timedelta(hours=1)
WARN_EVERY = timedelta(days=1)
DRAFTS_KEPT = timedelta(hours=1)  # far longer than any file is written
UNANSWERED_AFTER = timedelta(seconds=30)
HOUSEKEEPER = system_actor("housekeeping")


class Housekeeping:
    """Makes rounds in a thread of its own until it is stopped."""

    def __init__(self, service: Service, *, every_seconds: float = ROUND_EVERY_SECONDS) -> None:
        self._service, self._every_seconds = service, every_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._published_at: datetime | None = None
        self._warned_at: datetime | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round under way and end."""
        self._stopped.set()
        self._thread.join(timeout=30)

    def make_round(self) -> None:
        """One round."""
        service, at = self._service, self._service.parts.clock()
        with service.parts.engine.begin() as connection:
            service.movements.keep_deadlines(connection, at=at)
        with service.parts.engine.begin() as connection:
            for forget in (forget_expired, forget_codes, forget_attempts, forget_tokens):
                forget(connection, at=at)
        service.exchange.resolve_unfinished(older_than=UNANSWERED_AFTER)
        service.parts.statuses.publish()
        with suppress(CeremonyNeeded):  # publishing, hourly, says so
            service.trust_services.follow(at=at)
        is_due = self._published_at is None or at - self._published_at >= PUBLISH_EVERY
        if is_due or not service.trust_services.is_published:
            service.publish()
            self._published_at = at
            self._sweep(at - DRAFTS_KEPT)
            for due in due_publications(service.layout.public, service.trust_services.code_keys, at=at):
                if due.is_overdue(at):
                    logger.warning("%s should have been renewed by %s", due.what, due.by)
            self._keep_key_logs(at)
        service.desk.issue_due(by=HOUSEKEEPER, at=at)
        with suppress(CeremonyNeeded):  # as above
            service.trust_services.publish_bundle(at=service.parts.clock())
        self._warn(at)

    def _warn(self, at: datetime) -> None:
        """Say daily what only people can renew: a ceremony takes weeks to convene."""
        if self._warned_at is not None and at - self._warned_at < WARN_EVERY:
            return
        self._warned_at = at
        for due in self._service.trust_services.find_due(at=at):
            when = f"{due.standing} {due.ends:%Y-%m-%d}"
            logger.warning("the %s %s; hold a ceremony with: %s", due.what, when, due.act)

    def _keep_key_logs(self, at: datetime) -> None:
        """Heads of the logs of key uses go into the audit trail, once a day; counts are compared."""
        keyring, engine = self._service.keyring, self._service.parts.engine
        # Before the database is held: a signer may let one wait.
        heads, signer = keyring.heads(), keyring.obtain(LOG_LINE, purpose=Purpose.LOG, at=at)
        with engine.begin() as connection:
            anchor(connection, heads, signer=signer, at=at)
        try:
            keyring.reconcile()
        except UnloggedUse as error:
            with engine.begin() as connection:
                record_unlogged(connection, error, at=at)
            raise

    def _sweep(self, before: datetime) -> None:
        """What killed processes left half-written."""
        layout = self._service.layout
        for folder in (layout.documents, layout.attachments):
            FileStore(folder).sweep(before=before)
        sweep_public(layout.public, before=before)

    def _run(self) -> None:
        while not self._stopped.wait(self._every_seconds):
            try:
                self.make_round()
            except (KeyCustodyError, CaError) as error:
                # A key that was suspended, a clock that is not believed: said, and tried again.
                level = logging.ERROR if isinstance(error, UnloggedUse) else logging.WARNING
                logger.log(level, "a round of housekeeping is not complete: %s", error)
            except Exception:
                logger.exception("a round of housekeeping failed; the next one will try again")
