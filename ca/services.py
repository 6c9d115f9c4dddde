"""What the authority answers to everybody: time-stamps, certificate status, lists, certificates.

Signed on the spot where it must be, from memory where it was signed before. Nothing here issues
or revokes, and nothing here raises for what a stranger sent.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine

from ca.clock import Clock
from ca.errors import CertificateNotFound, ClockNotTrusted
from ca.hierarchy import Hierarchy
from ca.ocsp import OcspAnswer, OcspResponder, refusal
from ca.ocsp_request import StatusRequest, parse_status_request
from ca.ocsp_response import ResponseStatus
from ca.presigned import PresignedAnswers
from ca.replies import (
    CERTIFICATE,
    CRL,
    OCSP_RESPONSE,
    TIMESTAMP_REPLY,
    Reply,
    cached,
    lasting,
    refused,
    uncached,
)
from ca.serials import MAX_SERIAL_BITS
from ca.store import load_certificate, load_last_crl
from ca.timestamp import TimeStamper
from ca.timestamp_request import Failure, RequestRefused, encode_refusal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _InUse:
    hierarchy: Hierarchy
    time_stamper: TimeStamper
    responder: OcspResponder


class AuthorityServices:
    """The public services of one authority. May be shared by threads."""

    def __init__(
        self,
        hierarchy: Callable[[], Hierarchy],
        engine: Engine,
        clock: Clock,
        *,
        trusted_clock: Clock | None = None,
        presigned: PresignedAnswers | None = None,
    ) -> None:
        """Open the services.

        Args:
            hierarchy: answers the current one, which changes when certificates are renewed.
            engine: the authority's books.
            clock: the time, for what was signed before.
            trusted_clock: the time for what is signed now; raises when nobody vouches for it.
            presigned: answers at hand; None: those of `engine`.
        """
        self._hierarchy, self._engine, self._clock = hierarchy, engine, clock
        self._trusted_clock = trusted_clock or clock
        self.presigned = presigned or PresignedAnswers(engine)
        self._services: _InUse | None = None

    def time_stamp(self, request: bytes) -> Reply:
        """A time-stamp over a digest, or a refusal (RFC 3161 §3.4)."""
        try:
            answer = self._in_use().time_stamper.respond(request)
        except Exception:
            logger.exception("a time-stamp failed")
            answer = encode_refusal(RequestRefused(Failure.SYSTEM_FAILURE, "try again later"))
        return uncached(TIMESTAMP_REPLY, answer)

    def status_at_hand(self, request: bytes, *, may_be_kept: bool) -> Reply | None:
        """The status of a certificate where that needs no key and no books; None where it does.

        `may_be_kept` says whether caches can keep the answer: it was asked for by GET.
        """
        services = self._services
        if services is None or self.presigned.is_due or services.hierarchy is not self._hierarchy():
            return None
        try:
            asked = _read(request)
        except ValueError:
            return _status(refusal(ResponseStatus.MALFORMED_REQUEST), self._clock(), may_be_kept=False)
        return self._presigned(services, asked, may_be_kept=may_be_kept)

    def status(self, request: bytes, *, may_be_kept: bool) -> Reply:
        """The status of a certificate (RFC 6960), from the books and signed live if need be."""
        try:
            services = self._in_use()
            if self.presigned.is_due:
                self.presigned.look()
            found = self.status_at_hand(request, may_be_kept=may_be_kept)
            if found is not None:
                return found
            with self._engine.connect() as connection:
                answer = services.responder.respond(connection, request, at=self._trusted_clock())
        except ClockNotTrusted as error:
            logger.warning("%s", error)
            answer = refusal(ResponseStatus.TRY_LATER)
        except Exception:
            logger.exception("a status answer failed")
            answer = refusal(ResponseStatus.INTERNAL_ERROR)
        return _status(answer, self._clock(), may_be_kept=may_be_kept)

    def crl(self, name: str) -> Reply:
        """The last list of an authority."""
        with self._engine.connect() as connection:
            last = load_last_crl(connection, name)
        if last is None:
            return refused(404, "there is no such list")
        now = self._clock()
        return cached(CRL, last.der, this_update=last.this_update, next_update=last.next_update, now=now)

    def certificate(self, name: str) -> Reply:
        """A certificate, by its name or its serial number in hexadecimal."""
        for credential in self._hierarchy().credentials():
            if credential.name == name:
                return lasting(CERTIFICATE, credential.certificate.public_bytes(Encoding.DER))
        try:
            serial = int(name, 16) if len(name) * 4 <= MAX_SERIAL_BITS + 1 else -1
            with self._engine.connect() as connection:
                return lasting(CERTIFICATE, load_certificate(connection, serial).der)
        except (ValueError, CertificateNotFound):
            return refused(404, "there is no such certificate")

    def _presigned(self, services: _InUse, asked: StatusRequest, *, may_be_kept: bool) -> Reply | None:
        now = self._clock()
        found = self.presigned.find(asked, at=now)
        if found is None or not services.responder.is_ours(asked.asked[0]):
            return None
        if not may_be_kept:
            return uncached(OCSP_RESPONSE, found.der)
        return cached(
            OCSP_RESPONSE, found.der, this_update=found.this_update, next_update=found.next_update, now=now
        )

    def _in_use(self) -> _InUse:
        """The services of the current hierarchy, made once and again only when it changes."""
        hierarchy, kept = self._hierarchy(), self._services
        if kept is None or kept.hierarchy is not hierarchy:
            self.presigned.distrust()
            stamper = hierarchy.time_stamper(self._trusted_clock, with_chain=True)
            kept = self._services = _InUse(hierarchy, stamper, hierarchy.ocsp_responder())
        return kept


@lru_cache(maxsize=1024)
def _read(request: bytes) -> StatusRequest:
    """The same few questions are asked again and again."""
    return parse_status_request(request)


def _status(answer: OcspAnswer, now: datetime, *, may_be_kept: bool) -> Reply:
    if not may_be_kept or answer.this_update is None or answer.next_update is None:
        return uncached(OCSP_RESPONSE, answer.der)
    return cached(
        OCSP_RESPONSE, answer.der, this_update=answer.this_update, next_update=answer.next_update, now=now
    )
