"""Number and check code, typed from a paper whose seal code cannot be read.

Attempts are counted by network and by number, whether or not there is such a document. What is
counted is stored as a MAC of the number: the table, and a copy of it, name no document.
"""

import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from issuance.clock import Clock
from issuance.database import reading
from issuance.documents.check import check_by_code, one_spelling
from issuance.documents.standing import words_of
from issuance.http.addresses import ClientNetwork
from issuance.identity.access import public
from issuance.identity.rates import Rate, count_attempt

PATH = "/api/documents/check"
CHECKS = Rate(name="document-check", most=30, window=timedelta(minutes=10))
CHECKS_OF_ONE = Rate(name="document-check-number", most=10, window=timedelta(minutes=10))


class PaperStatus(StrEnum):
    """Whether the document counts today."""

    VALID = "valid"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class CheckAsked(BaseModel):
    """What stands on the paper."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=40, examples=["2600 0000 0010"])
    code: str = Field(max_length=40, examples=["7K3M 9QXA 2BVD"])


class CheckShown(BaseModel):
    """What a stranger who holds the paper may know."""

    kind: str
    agency: str
    issued_on: date
    valid_until: date
    status: PaperStatus
    reason: str | None = Field(description="Why it was suspended or revoked.")
    reason_ar: str | None
    reason_en: str | None
    superseded_by: str | None = Field(description="The number of the document that took its place.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """The handler, with what the composition root gives it; `key` makes the MACs of what is counted."""

    engine: Engine
    clock: Clock
    key: bytes

    def add_to(self, router: APIRouter) -> None:
        """The route."""
        paper = [Depends(public("whoever holds the paper may check it; attempts are counted"))]
        router.add_api_route(PATH, self.check, methods=["POST"], dependencies=paper)

    def check(self, body: CheckAsked, network: ClientNetwork) -> CheckShown:
        """For a torn code: number and twelve characters from the paper.

        A wrong code and a number that does not exist get the same answer.
        """
        at = self.clock()
        with self.engine.begin() as connection:
            count_attempt(connection, CHECKS, network, at=at)
            count_attempt(connection, CHECKS_OF_ONE, self._unnamed(body.number), at=at)
        with reading(self.engine) as connection:
            found = check_by_code(connection, body.number, body.code, at=at)
        words = None if found.reason is None else words_of(found.reason)
        return CheckShown(
            kind=found.kind,
            agency=found.agency,
            issued_on=found.issued_on,
            valid_until=found.valid_until,
            status=PaperStatus(found.status),
            reason=found.reason,
            reason_ar=None if words is None else words.ar,
            reason_en=None if words is None else words.en,
            superseded_by=found.superseded_by,
        )

    def _unnamed(self, number: str) -> str:
        return hmac.new(self.key, one_spelling(number).encode("utf-8", "replace"), "sha256").hexdigest()
