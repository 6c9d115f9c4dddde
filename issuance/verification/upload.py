"""One document of whoever holds it, when their device cannot judge it and they agree to send it.

The file is judged in memory and forgotten with the answer: nothing of it is written, logged, counted or
put in the trail. Consent is a header of the call, so that no form of another site and no
careless client sends a person's document here.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from issuance.clock import Clock
from issuance.http.addresses import ClientNetwork
from issuance.http.errors import MediaTypeNotSupported
from issuance.identity.access import public
from issuance.identity.rates import Rate, count_attempt
from issuance.verification.answers import file_report
from issuance.verification.errors import ConsentMissing
from issuance.verification.judges import Judges
from signing.formats.canonical_json import encode_canonical_json
from verify.isolation.limits import MAX_DOCUMENT_OCTETS

PATH = "/api/verifications/document"
CONSENT, AGREED = "Wathiqa-Consent", "judge-once"
MAX_BYTES = MAX_DOCUMENT_OCTETS
UPLOADS = Rate(name="document-upload", most=20, window=timedelta(minutes=10))
ANSWER_WITHIN_SECONDS = 20.0

_REPORT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report, as `wathiqa-verify --json` writes it.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
_PDF = {
    "requestBody": {
        "required": True,
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """The handler, with what the composition root gives it."""

    engine: Engine
    clock: Clock
    judges: Judges

    def add_to(self, router: APIRouter) -> None:
        """The route."""
        everybody = Depends(public("whoever holds a document may have it judged; calls are counted"))
        router.add_api_route(
            PATH,
            self.verify_document,
            methods=["POST"],
            dependencies=[everybody],
            response_class=Response,
            responses=_REPORT,
            openapi_extra=_PDF,
        )

    async def verify_document(
        self,
        request: Request,
        network: ClientNetwork,
        consent: Annotated[
            str | None,
            Header(
                alias=CONSENT, description=f"`{AGREED}`: whoever holds the document agreed to send it here."
            ),
        ] = None,
    ) -> Response:
        """Judge one file; nothing of it is kept.

        The body is the file itself, of at most 8 MiB.
        """
        if consent != AGREED:
            raise ConsentMissing
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/pdf":
            raise MediaTypeNotSupported
        await run_in_threadpool(self._count, network)
        pdf = await request.body()
        return await run_in_threadpool(self._judge, pdf)

    def _count(self, network: str) -> None:
        with self.engine.begin() as connection:
            count_attempt(connection, UPLOADS, network, at=self.clock())

    def _judge(self, pdf: bytes) -> Response:
        with self.judges.turn():
            report = self.judges.begin(pdf, at=self.clock())(within_seconds=ANSWER_WITHIN_SECONDS)
        return Response(encode_canonical_json(file_report(report)), media_type="application/json")
