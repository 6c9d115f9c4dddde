"""Certificate status by OCSP (RFC 6960; caching by RFC 5019, nonce by RFC 9654).

A delegated responder for one issuing CA. `good` is said only of certificates found in
the books as issued: a serial number that was never issued, even one reserved, is
`unknown`. Whoever asks without a nonce gets what `ca.presigned` has signed beforehand;
here the others are answered, each anew. The form of these answers is linted once, under a
throwaway key, for every status; the intent of each is its entry in the key's log of uses.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import Connection

from ca.clock import whole_seconds
from ca.errors import AuthorityExpired, CertificateNotFound
from ca.ocsp_request import MAX_NONCE_OCTETS, CertificateId, StatusRequest, parse_status_request
from ca.ocsp_response import AnswerForm, ResponseStatus, Said, encode_refusal
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.second_opinion import require_good_ocsp_response
from ca.serials import SerialNumber
from ca.store import IssuedCertificate, load_certificate
from ca.throwaway import ThrowawaySigner
from keys.errors import KeyCustodyError
from keys.signer import Purpose, Signer

LASTS = timedelta(days=1, hours=12)  # a day, and grace
UNKNOWN_LASTS = timedelta(minutes=5)  # the certificate may be issued in a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """A DER OCSPResponse and how long a cache may keep it."""

    der: bytes
    status: ResponseStatus
    this_update: datetime | None = None
    next_update: datetime | None = None  # None: not to be cached (a refusal, an unknown, one with a nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDraft:
    """An answer about one certificate that lacks its signature; linted."""

    issued: IssuedCertificate
    hash_name: str
    to_be_signed: bytes
    this_update: datetime
    next_update: datetime


class OcspResponder:
    """Answers for the certificates of one issuing CA. May be shared by threads."""

    def __init__(
        self, *, issuer_name: str, issuer: x509.Certificate, certificate: x509.Certificate, signer: Signer
    ) -> None:
        """`issuer` is called `issuer_name` in the books; `certificate` is the responder's own."""
        self.issuer_name, self.signer, self.certificate = issuer_name, signer, certificate
        self._form = AnswerForm(issuer=issuer, certificate=certificate, algorithm=signer.algorithm)
        self._from, self._until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        self._lock = threading.Lock()
        self._is_linted = False

    def respond(self, connection: Connection, request: bytes, *, at: datetime) -> OcspAnswer:
        """Answer a DER OCSPRequest; whatever is wrong with it is an answer too."""
        try:
            asked = parse_status_request(request)
        except ValueError:
            return refusal(ResponseStatus.MALFORMED_REQUEST)
        return self.answer(connection, asked, at=at)

    def answer(self, connection: Connection, request: StatusRequest, *, at: datetime) -> OcspAnswer:
        """Answer a request that is well formed."""
        at = whole_seconds(at)
        if not self._from <= at < self._until:
            return refusal(ResponseStatus.TRY_LATER)
        if not all(self.is_ours(each) for each in request.asked):
            return refusal(ResponseStatus.UNAUTHORIZED)
        said = [self._said(connection, each, at) for each in request.asked]
        self._lint_once()
        data = self._form.to_be_signed(said, nonce=request.nonce, at=at)
        try:
            der = self._form.complete(data, self.signer.sign(data, purpose=Purpose.OCSP))
        except KeyCustodyError:
            return refusal(ResponseStatus.TRY_LATER)
        may_be_kept = request.nonce is None and all(each.issued is not None for each in said)
        next_update = min(each.next_update for each in said) if may_be_kept else None
        return OcspAnswer(der=der, status=ResponseStatus.SUCCESSFUL, this_update=at, next_update=next_update)

    def is_ours(self, asked: CertificateId) -> bool:
        """Whether a CertID names our issuer, by a hash that we offer."""
        if asked.hash_name is None:
            return False
        return self._form.issuer_hashes[asked.hash_name] == (asked.issuer_name_hash, asked.issuer_key_hash)

    def draft(self, issued: IssuedCertificate, *, hash_name: str, at: datetime) -> AnswerDraft:
        """What would be said of one certificate, linted under a throwaway key; ours is not used.

        Raises:
            AuthorityExpired: `at` is outside the validity of the responder's certificate.
            LinterRefuses: with what was found.
        """
        at = whole_seconds(at)
        if not self._from <= at < self._until:
            raise AuthorityExpired(name="ocsp")
        said = self._of(issued, hash_name, at)
        to_be_signed = self._form.to_be_signed([said], nonce=None, at=at)
        self._lint(to_be_signed)
        return AnswerDraft(
            issued=issued,
            hash_name=hash_name,
            to_be_signed=to_be_signed,
            this_update=at,
            next_update=said.next_update,
        )

    def complete(self, draft: AnswerDraft, signature: bytes) -> bytes:
        """The answer, signed."""
        return self._form.complete(draft.to_be_signed, signature)

    def _said(self, connection: Connection, asked: CertificateId, at: datetime) -> Said:
        issued = self._find(connection, asked.serial_number)
        if issued is not None:
            return self._of(issued, asked.hash_name or "", at)
        return Said(
            hash_name=asked.hash_name or "",
            serial_number=asked.serial_number,
            issued=None,
            at=at,
            next_update=min(at + UNKNOWN_LASTS, self._until),
        )

    def _of(self, issued: IssuedCertificate, hash_name: str, at: datetime) -> Said:
        return Said(
            hash_name=hash_name,
            serial_number=issued.serial_number,
            issued=issued,
            at=at,
            next_update=min(at + LASTS, self._until),
        )

    def _find(self, connection: Connection, serial: int) -> IssuedCertificate | None:
        """The certificate, if this issuer issued it: another authority's serial number is unknown here."""
        if serial <= 0:
            return None
        try:
            issued = load_certificate(connection, serial)
        except CertificateNotFound:
            return None
        return issued if issued.issuer == self.issuer_name else None

    def _lint_once(self) -> None:
        """Lint the form of live answers: every status, with and without a nonce, one and several."""
        with self._lock:
            if self._is_linted:
                return
            at = self._from
            for said, nonce in _samples(at, min(at + LASTS, self._until)):
                self._lint(self._form.to_be_signed(said, nonce=nonce, at=at))
            self._is_linted = True

    def _lint(self, to_be_signed: bytes) -> None:
        key = ThrowawaySigner(self.signer.algorithm, Purpose.OCSP)
        draft = self._form.complete(to_be_signed, key.sign(to_be_signed, purpose=Purpose.OCSP))
        require_good_ocsp_response(draft)


def refusal(status: ResponseStatus) -> OcspAnswer:
    """An answer that says nothing of any certificate."""
    return OcspAnswer(der=encode_refusal(status), status=status)


def _samples(at: datetime, next_update: datetime) -> Iterator[tuple[Sequence[Said], bytes | None]]:
    """Answers of every form that is signed live, with their nonces."""

    def said(issued: IssuedCertificate | None, hash_name: str = "sha256") -> Said:
        return Said(
            hash_name=hash_name, serial_number=1 << 127, issued=issued, at=at, next_update=next_update
        )

    good = IssuedCertificate(
        serial_number=SerialNumber(1 << 127),
        issuer="",
        name="",
        profile=ProfileName.SEAL,
        key_id="",
        not_before=at,
        not_after=next_update,
        der=b"",
        revoked_at=None,
        reason=None,
    )
    for reason in RevocationReason:
        yield [said(replace(good, revoked_at=at, reason=reason, invalidity_date=at))], None
    for nonce in (None, b"\x01", bytes(MAX_NONCE_OCTETS)):
        yield [said(good)], nonce
    yield [said(good, "sha1"), said(None, "sha1")], None
