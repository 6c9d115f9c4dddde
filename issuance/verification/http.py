"""The routes of verification."""

from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy import Engine

from issuance.clock import Clock
from issuance.http.limits import LargeJson
from issuance.identity.service_secret import ServiceSecret
from issuance.verification import bulk, upload
from issuance.verification.answer_keys import AnswerKeys
from issuance.verification.bulk import Bulk
from issuance.verification.judges import Judges
from issuance.verification.kept import KeptAnswers
from issuance.verification.paper import Papers
from issuance.verification.upload import Uploads

MAX_BYTES = {upload.PATH: upload.MAX_BYTES}
LARGE_JSON = {bulk.PATH: LargeJson(most=bulk.MAX_BYTES, door=bulk.DOOR)}
READ_BY_ROUTE = frozenset({upload.PATH})  # consent first


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationHttp:
    """The handlers, with what the composition root gives them."""

    engine: Engine
    clock: Clock
    judges: Judges
    keys: AnswerKeys
    secret: ServiceSecret
    verify_origin: str

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["verification"])
        many = Bulk(
            engine=self.engine,
            clock=self.clock,
            judges=self.judges,
            keys=self.keys,
            kept=KeptAnswers(key=self.secret.key("kept verifications")),
            issuer=self.verify_origin,
        )
        many.add_to(router)
        Uploads(engine=self.engine, clock=self.clock, judges=self.judges).add_to(router)
        paper_key = self.secret.key("checks of documents")
        Papers(engine=self.engine, clock=self.clock, key=paper_key).add_to(router)
        return router
