"""Many documents in one call, for banks, universities and embassies; the answer is signed.

    claim the idempotency key → a turn with the judges → count against the quota → judge → sign
    → an entry in the trail → keep the answer for repeats

The trail says who had how many verified, and never which; a call that is refused leaves nothing in it.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.clock import Clock
from issuance.errors import IssuanceError
from issuance.http.errors import FieldsNotValid
from issuance.http.idempotency import Answer, Call, idempotent, once_elsewhere
from issuance.identity.access import require
from issuance.identity.permissions import Permission
from issuance.verification.answer_keys import AnswerKeys
from issuance.verification.answers import Answered, FileSent, SealSent, file_item, seal_item
from issuance.verification.errors import FileNotReadable, TooManyFiles, VerificationUnavailable
from issuance.verification.judges import COME_AGAIN_SECONDS, Judges
from issuance.verification.kept import KeptAnswers
from issuance.verification.quotas import Quota, give_back, spend
from keys.errors import FormRefused, KeyCustodyError
from signing.formats.canonical_json import JsonValue
from verify.isolation.limits import MAX_DOCUMENT_OCTETS

PATH = "/api/verifications"
MEDIA_TYPE = "application/jose"
MAX_SEALS = 500
MAX_FILES = 25
MAX_BYTES = 8 * 1024 * 1024
# An abandoned claim is taken over after a minute: a call is answered well before that.
ANSWER_WITHIN_SECONDS = 40.0

DOOR = require(Permission.VERIFICATIONS_MAKE)
VerifyCall = Annotated[Call, Depends(idempotent(DOOR))]
Reference = Annotated[
    str,
    Field(pattern=r"^[\x21-\x7e]{1,64}$", description="Your own name for it; it comes back in the answer."),
]
_JWS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The signed answer: a JWS in its compact form, typed `wathiqa-verifications+jwt`.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        "headers": {
            name: {"schema": {"type": "string"}, "description": "What is left of the day's quota."}
            for name in ("RateLimit", "RateLimit-Policy")
        },
    }
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SealAsked(_Body):
    """One seal code, as a reader of QR codes gives its text."""

    id: Reference
    text: str = Field(min_length=1, max_length=2048)


class FileAsked(_Body):
    """One sealed file."""

    id: Reference
    pdf: str = Field(min_length=1, description="The octets of the file in base64 (RFC 4648 §4).")


class VerificationsAsked(_Body):
    """What is to be verified; at least one thing."""

    seals: list[SealAsked] = Field(default_factory=list, max_length=MAX_SEALS)
    # More than `MAX_FILES` is told in words of its own; of more than a thousand, none is looked at.
    documents: list[FileAsked] = Field(
        default_factory=list, max_length=1000, json_schema_extra={"maxItems": MAX_FILES}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """The handler, with what the composition root gives it.

    Args:
        engine: the service's database.
        clock: the service's.
        judges: who judges.
        keys: who signs answers.
        kept: how answers lie in the database.
        issuer: the verification address.
        stopwatch: seconds that only go forward.
    """

    engine: Engine
    clock: Clock
    judges: Judges
    keys: AnswerKeys
    kept: KeptAnswers
    issuer: str
    stopwatch: Callable[[], float] = time.monotonic

    def add_to(self, router: APIRouter) -> None:
        """The route."""
        router.add_api_route(
            PATH, self.verify, methods=["POST"], response_class=Response, responses=_JWS, name="verify_many"
        )

    def verify(self, body: VerificationsAsked, call: VerifyCall) -> Response:
        """Verify many seal codes and files; the signed answer says what each is worth.

        The same call with the same key gets the same answer, byte for byte, for a day; it counts once.
        """
        seals = [SealSent(id=each.id, text=each.text) for each in body.seals]
        files = _read_files(body.documents)
        if not seals and not files:
            raise FieldsNotValid

        def effect() -> Answer:
            return self.kept.close(call, self._answer(call, seals, files))

        kept = once_elsewhere(self.engine, call, effect, clock=self.clock)
        return self.kept.open(call, kept).response()

    def _answer(self, call: Call, seals: Sequence[SealSent], files: Sequence[FileSent]) -> Answer:
        at, client, count = self.clock(), call.actor.id, len(seals) + len(files)
        with self.judges.turn() if files else nullcontext():
            quota = self._spend(client, count, at)
            try:
                items = [seal_item(sent, self.judges.seal(sent.text, at=at)) for sent in seals]
                items += self._judge_files(files, at)
                answer_id = secrets.token_hex(16)
                signed = self._sign(
                    Answered(issuer=self.issuer, client=client, id=answer_id, at=at, items=items)
                )
                self._note(call, answer_id, {"seals": len(seals), "documents": len(files)}, at)
            except IssuanceError:  # not a defect of ours: what it judges for nothing is counted, each time
                with self.engine.begin() as connection:
                    give_back(connection, client, count, at=at)
                raise
        return Answer(status=200, body=signed, media_type=MEDIA_TYPE, headers=quota.headers)

    def _sign(self, answered: Answered) -> bytes:
        try:
            return self.keys.sign(answered.claims(), at=answered.at)
        except FormRefused:
            raise  # no answer by its form: asked again, it is not signed either
        except KeyCustodyError as error:  # suspended, or no signer answers: nothing goes out unsigned
            raise VerificationUnavailable(
                retry_after_seconds=COME_AGAIN_SECONDS, reason=str(error)
            ) from error

    def _spend(self, client: str, count: int, at: datetime) -> Quota:
        with self.engine.begin() as connection:
            return spend(connection, client, count, at=at)

    def _note(self, call: Call, answer_id: str, facts: trail.Facts, at: datetime) -> None:
        about = AuditObject(kind="verification", id=answer_id)
        with self.engine.begin() as connection:
            trail.record(connection, call.actor, "verification.answer", about, at=at, facts=facts)

    def _judge_files(self, files: Sequence[FileSent], at: datetime) -> list[JsonValue]:
        ends = self.stopwatch() + ANSWER_WITHIN_SECONDS
        waiting = [(sent, self.judges.begin(sent.pdf, at=at)) for sent in files]
        return [file_item(sent, report(within_seconds=ends - self.stopwatch())) for sent, report in waiting]


def _read_files(asked: Sequence[FileAsked]) -> list[FileSent]:
    if len(asked) > MAX_FILES:
        raise TooManyFiles(most=MAX_FILES)
    return [FileSent(id=each.id, pdf=_octets(each)) for each in asked]


def _octets(asked: FileAsked) -> bytes:
    try:
        pdf = base64.b64decode(asked.pdf, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FileNotReadable(item=asked.id) from error
    if len(pdf) > MAX_DOCUMENT_OCTETS:
        raise FileNotReadable(item=asked.id)
    return pdf
