"""An agency that answers later: it takes the question and has the answer after a while.

Stands before any connector and changes only when the answer comes. Nothing is kept
and nobody sleeps: the question says when it was asked, so asking for the answer
again after a restart, too early or twice does no harm.
"""

import hashlib
from datetime import datetime, timedelta

from issuance.catalogue.models import DocumentKind
from issuance.clock import Clock
from issuance.registries.answers import Answer, Pending, Question
from issuance.registries.connector import Connector
from issuance.registries.national_number import parse_national_number


class SlowAgency:
    """Answers from `behind`, `delay` after the question."""

    def __init__(self, behind: Connector, *, delay: timedelta, clock: Clock) -> None:
        self._behind = behind
        self._delay = delay
        self._clock = clock

    @property
    def registry(self) -> str:
        """The registry answered for."""
        return self._behind.registry

    def lookup(self, service: DocumentKind, subject: str, *, event: str | None = None) -> Pending:
        """Take the question; the answer is to be collected."""
        question = _question(self.registry, service, parse_national_number(subject), event, self._clock())
        return Pending(question=question, expected_by=question.asked_at + self._delay)

    def collect(self, question: Question) -> Answer:
        """See `DeferredConnector.collect`."""
        expected_by = question.asked_at + self._delay
        if self._clock() < expected_by:
            return Pending(question=question, expected_by=expected_by)
        return self._behind.lookup(question.service, question.subject, event=question.event)


def _question(
    registry: str, service: DocumentKind, subject: str, event: str | None, asked_at: datetime
) -> Question:
    asked = "\n".join((registry, service, subject, event or "", asked_at.isoformat()))
    return Question(
        registry=registry,
        service=service,
        subject=subject,
        event=event,
        asked_at=asked_at,
        # A digest, so that the same question at the same instant is the same message.
        message_id=hashlib.sha256(asked.encode()).hexdigest()[:32],
    )
