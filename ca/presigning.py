"""Status answers signed beforehand, one for each certificate and each way of naming its issuer.

    draft and lint, under a throwaway key
    store the intents                      (durable)
    mark that signing begins               (durable; a second time is refused)
    sign: the key is given these bytes and no others
    store the answers                      (durable)

An answer is made anew when it is half a day old, when its responder's certificate is no longer the
current one, and when the books say otherwise than it does: so it is never older than a day while
anybody publishes, and is current within a minute of a revocation.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ocsp
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select
from sqlalchemy.dialects.sqlite import insert

from ca.auditing import AuditRecorder, unrecorded
from ca.clock import whole_seconds
from ca.errors import ClockWrong, SignatureWrong
from ca.intents import Intended, IntentKind, finish_signing, forget_signed, sign_as_intended
from ca.ocsp import AnswerDraft, OcspResponder
from ca.ocsp_response import HASH_NAMES
from ca.profiles import PROFILES
from ca.serials import SerialNumber, serial_text
from ca.store import IssuedCertificate, find_certificates
from ca.tables import certificates, ocsp_answers
from keys.signer import Purpose
from keys.verification import verify_signature

RENEW_AFTER = timedelta(hours=12)
BATCH = 32  # answers that are stored together: what one failure burns
INTENTS_KEPT = timedelta(days=30)
"""Longer than any answer lasts: what was signed can be compared with what was intended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedAnswer:
    """An answer that may be given out as it is."""

    serial_number: SerialNumber
    hash_name: str
    this_update: datetime
    next_update: datetime
    der: bytes


def presign_due(
    engine: Engine, responder: OcspResponder, *, at: datetime, audit: AuditRecorder = unrecorded
) -> int:
    """Sign every answer that is due, and keep it: how many; call it outside a transaction.

    Raises:
        ClockWrong: `at` is before an answer that was signed.
        AuthorityExpired: the responder's certificate has ended.
        LinterRefuses: a draft is found faulty; it was not signed, nor were those after it.
        SignatureWrong: the key answered with a signature that its certificate does not verify.
        KeyUnavailable: the key did not answer; the next call goes on where this one stopped.
    """
    at = whole_seconds(at)
    due = _due(engine, responder, at)
    if not due:
        return 0
    asked = [(row, name) for row in due for name in HASH_NAMES]
    audit("ocsp-sign", {"issuer": responder.issuer_name, "answers": str(len(asked))}, at)
    for begin in range(0, len(asked), BATCH):
        drafts = [responder.draft(row, hash_name=name, at=at) for row, name in asked[begin : begin + BATCH]]
        _sign(engine, responder, drafts, at)
    with engine.begin() as connection:
        forget_signed(connection, IntentKind.OCSP, before=at - INTENTS_KEPT)
    return len(asked)


def _sign(engine: Engine, responder: OcspResponder, drafts: Sequence[AnswerDraft], at: datetime) -> None:
    intended = [_intended(draft, responder) for draft in drafts]
    signatures = sign_as_intended(engine, intended, responder.signer, purpose=Purpose.OCSP, at=at)
    answers = [responder.complete(*pair) for pair in zip(drafts, signatures, strict=True)]
    for draft, der in zip(drafts, answers, strict=True):
        _check(draft, der, responder)
    with engine.begin() as connection:
        for draft, der in zip(drafts, answers, strict=True):
            _save(connection, draft, der, responder)
        finish_signing(connection, intended)


def load_presigned(connection: Connection) -> list[PresignedAnswer]:
    """The newest answers that still say what the books say."""
    columns = (
        ocsp_answers.c.serial_number,
        ocsp_answers.c.hash_name,
        ocsp_answers.c.this_update,
        ocsp_answers.c.next_update,
        ocsp_answers.c.der,
    )
    query = select(*columns).join(certificates, _says_what_the_books_say())
    return [
        PresignedAnswer(
            serial_number=SerialNumber(int(row.serial_number, 16)),
            hash_name=row.hash_name,
            this_update=row.this_update,
            next_update=row.next_update,
            der=row.der,
        )
        for row in connection.execute(query)
    ]


def _due(engine: Engine, responder: OcspResponder, at: datetime) -> list[IssuedCertificate]:
    """Certificates in their term that lack an answer, or whose answer is old, another's or untrue."""
    fresh = (
        select(ocsp_answers.c.serial_number, ocsp_answers.c.hash_name)
        .join(certificates, _says_what_the_books_say())
        .where(
            ocsp_answers.c.responder == serial_text(responder.certificate.serial_number),
            ocsp_answers.c.this_update > at - RENEW_AFTER,
        )
    )
    with engine.connect() as connection:
        issued = find_certificates(connection, issuer=responder.issuer_name)
        has = {(row.serial_number, row.hash_name) for row in connection.execute(fresh)}
        newest = connection.execute(
            select(ocsp_answers.c.this_update).order_by(ocsp_answers.c.this_update.desc()).limit(1)
        ).scalar_one_or_none()
    due = [
        row
        for row in issued
        if PROFILES[row.profile].has_ocsp
        and at <= row.not_after
        and not all((serial_text(row.serial_number), name) in has for name in HASH_NAMES)
    ]
    if due and newest is not None and at < newest:
        raise ClockWrong(name=responder.issuer_name)
    return due


def _says_what_the_books_say() -> ColumnElement[bool]:
    said, books = ocsp_answers.c, certificates.c
    return and_(
        said.serial_number == books.serial_number,
        said.revoked_at.is_not_distinct_from(books.revoked_at),
        said.reason.is_not_distinct_from(books.reason),
        said.invalidity_date.is_not_distinct_from(books.invalidity_date),
    )


def _intended(draft: AnswerDraft, responder: OcspResponder) -> Intended:
    serial = serial_text(draft.issued.serial_number)
    # An attempt that failed is burnt: the next one, be it in the same second, has a name of its own.
    attempt = secrets.token_hex(8)
    return Intended(
        kind=IntentKind.OCSP,
        subject=f"{serial} {draft.hash_name} {draft.this_update:%Y%m%d%H%M%S} {attempt}",
        key_id=responder.signer.key_id,
        to_be_signed=draft.to_be_signed,
    )


def _check(draft: AnswerDraft, der: bytes, responder: OcspResponder) -> None:
    """Read it back with another library, and verify it under the responder's certificate."""
    read = ocsp.load_der_ocsp_response(der)
    if read.tbs_response_bytes != draft.to_be_signed:
        raise SignatureWrong(key_id=responder.signer.key_id)
    try:
        verify_signature(
            read.signature,
            draft.to_be_signed,
            algorithm=responder.signer.algorithm,
            public_key=responder.signer.public_key,
        )
    except InvalidSignature as error:
        raise SignatureWrong(key_id=responder.signer.key_id) from error


def _save(connection: Connection, draft: AnswerDraft, der: bytes, responder: OcspResponder) -> None:
    last = connection.execute(select(func.max(ocsp_answers.c.number))).scalar_one() or 0
    values = {
        "number": last + 1,
        "responder": serial_text(responder.certificate.serial_number),
        "this_update": draft.this_update,
        "next_update": draft.next_update,
        "revoked_at": draft.issued.revoked_at,
        "reason": None if draft.issued.reason is None else draft.issued.reason.value,
        "invalidity_date": draft.issued.invalidity_date,
        "der": der,
    }
    key = {"serial_number": serial_text(draft.issued.serial_number), "hash_name": draft.hash_name}
    statement = insert(ocsp_answers).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
