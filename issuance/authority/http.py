"""Applications for certificates, and taking certificates out of force, over HTTP.

A machine sees and applies for its own agency alone; officers of the authority see every agency's. The
authority's books are another database than the idempotency keys: an act that was done and whose answer
was lost answers 409 when it is repeated, and says that it was done.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, Path, Response
from sqlalchemy import Engine

from ca.applications import Application, ApplicationState
from ca.csr import key_kind, parse_request
from ca.serials import SerialNumber, serial_text
from ca.store import IssuedCertificate, StatusChange
from issuance.authority.desk import AuthorityDesk, Wish
from issuance.authority.errors import AgencyUnknown, RequestNotText, as_problems
from issuance.authority.models import (
    ApplicationBody,
    ApplicationPage,
    ApplicationShown,
    ApprovalShown,
    CertificateInFull,
    CertificatePage,
    CertificateShown,
    Rejection,
    RevocationBody,
    StatusShown,
    Why,
)
from issuance.authority.naming import is_of, status_of
from issuance.clock import Clock
from issuance.http.cursors import Cursors, PageCursor, PageLimit
from issuance.http.errors import FieldsNotValid
from issuance.http.idempotency import Answer, Call, idempotent, json_answer, once_elsewhere
from issuance.identity.access import require
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Permission

ReaderDep = Annotated[Actor, Depends(require(Permission.CERTIFICATES_READ))]
ApplyCall = Annotated[Call, Depends(idempotent(require(Permission.CERTIFICATES_APPLY)))]
ApproveCall = Annotated[Call, Depends(idempotent(require(Permission.CERTIFICATES_APPROVE)))]
SuspendCall = Annotated[Call, Depends(idempotent(require(Permission.CERTIFICATES_SUSPEND)))]
RevokeCall = Annotated[Call, Depends(idempotent(require(Permission.CERTIFICATES_REVOKE)))]
ApplicationNumber = Annotated[str, Path(pattern=r"^A-[0-9]{2}-[0-9]{10}$", examples=["A-26-0123456789"])]
Serial = Annotated[str, Path(pattern=r"^[0-9a-f]{1,40}$", description="Hexadecimal.", examples=["8f3c0a"])]


class AuthorityHttp:
    """The handlers, with what the composition root gives them."""

    def __init__(self, *, engine: Engine, clock: Clock, desk: AuthorityDesk, cursors: Cursors) -> None:
        self._engine, self._clock, self._desk, self._cursors = engine, clock, desk, cursors

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["authority"])
        add, one = router.add_api_route, "/authority/applications/{number}"
        shown = ApplicationShown
        add(
            "/authority/applications",
            self.apply_for_certificate,
            methods=["POST"],
            status_code=201,
            response_model=shown,
        )
        add("/authority/applications", self.list_applications, methods=["GET"])
        add(one, self.show_application, methods=["GET"])
        add(f"{one}/approvals", self.approve_application, methods=["POST"], response_model=shown)
        add(f"{one}/rejection", self.reject_application, methods=["POST"], response_model=shown)
        add(f"{one}/withdrawal", self.withdraw_application, methods=["POST"], response_model=shown)
        certificate = "/authority/certificates/{serial}"
        status = CertificateShown
        add("/authority/certificates", self.list_certificates, methods=["GET"])
        add(certificate, self.show_certificate, methods=["GET"])
        add(f"{certificate}/suspension", self.suspend_certificate, methods=["POST"], response_model=status)
        add(f"{certificate}/release", self.release_certificate, methods=["POST"], response_model=status)
        add(f"{certificate}/revocation", self.revoke_certificate, methods=["POST"], response_model=status)
        return router

    # Applications

    def apply_for_certificate(self, body: ApplicationBody, call: ApplyCall) -> Response:
        """Apply for a certificate with a request of one's own key."""
        data, proof = _request_bytes(body.request), _signature_bytes(body.present_key_signature)

        def effect() -> Answer:
            wish = Wish(
                agency=body.agency,
                holder=body.holder(),
                request=parse_request(data),
                evidence=body.evidence,
                renews=None if body.renews is None else SerialNumber(int(body.renews, 16)),
                proof=proof,
            )
            application = self._desk.submit(wish, by=call.actor, at=self._clock())
            where = f"/authority/applications/{application.number}"
            return json_answer(201, self._shown(application).model_dump(mode="json"), location=where)

        return self._answer(call, effect)

    def list_applications(
        self,
        actor: ReaderDep,
        limit: PageLimit = 20,
        cursor: PageCursor = None,
        state: ApplicationState | None = None,
    ) -> ApplicationPage:
        """Applications by number; for an agency's system, its own agency's."""
        listing = f"applications?state={state}"
        position = self._cursors.decode(cursor, listing=listing, actor=actor)
        found = self._desk.applications(
            state=state,
            agency=_own_agency(actor),
            after="" if position is None else str(position[0]),
            limit=limit + 1,
        )
        page = self._cursors.page(
            found, limit=limit, position=lambda each: [each.number], listing=listing, actor=actor
        )
        return ApplicationPage(items=[self._shown(each) for each in page.items], next=page.next)

    def show_application(self, number: ApplicationNumber, actor: ReaderDep) -> ApplicationShown:
        """One application with its approvals and, once it is issued, its certificate's serial number."""
        with as_problems():
            return self._shown(self._visible(number, actor))

    def approve_application(self, number: ApplicationNumber, call: ApproveCall) -> Response:
        """Approve an application; the second officer's approval makes the certificate."""

        def effect() -> Answer:
            application = self._desk.approve(number, by=call.actor, at=self._clock())
            return self._application_answer(application)

        return self._answer(call, effect)

    def reject_application(self, number: ApplicationNumber, body: Rejection, call: ApproveCall) -> Response:
        """Reject an application with a reason; one officer is enough."""

        def effect() -> Answer:
            application = self._desk.reject(number, reason=body.reason, by=call.actor, at=self._clock())
            return self._application_answer(application)

        return self._answer(call, effect)

    def withdraw_application(self, number: ApplicationNumber, call: ApplyCall) -> Response:
        """Take an application back: an officer any, an agency's system those of its own agency."""

        def effect() -> Answer:
            self._visible(number, call.actor)
            application = self._desk.withdraw(number, by=call.actor, at=self._clock())
            return self._application_answer(application)

        return self._answer(call, effect)

    # Certificates

    def list_certificates(
        self, actor: ReaderDep, limit: PageLimit = 20, cursor: PageCursor = None
    ) -> CertificatePage:
        """Certificates, newest first; for an agency's system, those that name its agency."""
        position = self._cursors.decode(cursor, listing="certificates", actor=actor)
        found = [each for each in self._desk.certificates() if self._may_see(each, actor)]
        if position is not None:
            after = [serial_text(each.serial_number) for each in found].index(str(position[0])) + 1
            found = found[after:]
        page = self._cursors.page(
            found[: limit + 1],
            limit=limit,
            position=lambda each: [serial_text(each.serial_number)],
            listing="certificates",
            actor=actor,
        )
        return CertificatePage(items=[self._status(each) for each in page.items], next=page.next)

    def show_certificate(self, serial: Serial, actor: ReaderDep) -> CertificateInFull:
        """One certificate with its history, and itself as PEM."""
        with as_problems():
            issued = self._desk.certificate(int(serial, 16))
            if not self._may_see(issued, actor):
                raise AgencyUnknown
            history = [_change_shown(each) for each in self._desk.history(issued.serial_number)]
        pem = issued.certificate.public_bytes(Encoding.PEM).decode()
        return CertificateInFull(**self._status(issued).model_dump(), history=history, pem=pem)

    def suspend_certificate(self, serial: Serial, body: Why, call: SuspendCall) -> Response:
        """Put a certificate on hold, at once and for everybody to see."""
        return self._answer(
            call,
            lambda: self._status_answer(
                self._desk.suspend(int(serial, 16), why=body.why, by=call.actor, at=self._clock())
            ),
        )

    def release_certificate(self, serial: Serial, body: Why, call: SuspendCall) -> Response:
        """Lift a suspension: the certificate is in force again."""
        return self._answer(
            call,
            lambda: self._status_answer(
                self._desk.release(int(serial, 16), why=body.why, by=call.actor, at=self._clock())
            ),
        )

    def revoke_certificate(self, serial: Serial, body: RevocationBody, call: RevokeCall) -> Response:
        """Revoke a certificate for good, at once and for everybody to see."""
        return self._answer(
            call,
            lambda: self._status_answer(
                self._desk.revoke(
                    int(serial, 16),
                    reason=body.reason,
                    why=body.why,
                    by=call.actor,
                    at=self._clock(),
                    invalid_since=_aware(body.invalid_since),
                )
            ),
        )

    # Within

    def _answer(self, call: Call, effect: Callable[[], Answer]) -> Response:
        def translated() -> Answer:
            with as_problems():
                return effect()

        return once_elsewhere(self._engine, call, translated, clock=self._clock).response()

    def _visible(self, number: str, actor: Actor) -> Application:
        application = self._desk.application(number)
        if _own_agency(actor) not in {None, application.agency}:
            raise AgencyUnknown
        return application

    def _may_see(self, issued: IssuedCertificate, actor: Actor) -> bool:
        own = _own_agency(actor)
        return own is None or is_of(issued, self._desk.agency(own, actor))

    def _application_answer(self, application: Application) -> Answer:
        return json_answer(200, self._shown(application).model_dump(mode="json"))

    def _status_answer(self, issued: IssuedCertificate) -> Answer:
        return json_answer(200, self._status(issued).model_dump(mode="json"))

    def _shown(self, application: Application) -> ApplicationShown:
        issued = application.state is ApplicationState.ISSUED
        return ApplicationShown(
            number=application.number,
            state=application.state,
            profile=application.profile.value,
            agency=application.agency,
            holder=application.holder,
            subject=application.subject.rfc4514_string(),
            key=application.key_kind,
            key_digest=application.key_digest,
            evidence=application.evidence,
            renews=_serial(application.renews),
            submitted_by=application.submitted_by,
            submitted_at=application.submitted_at,
            expires_at=application.expires_at,
            approvals=[ApprovalShown(by=each.by, at=each.at) for each in application.approvals],
            approvals_counted=self._desk.counted(application),
            approvals_needed=application.approvals_needed,
            reason=application.reason,
            certificate=_serial(application.serial_number) if issued else None,
        )

    def _status(self, issued: IssuedCertificate) -> CertificateShown:
        certificate = issued.certificate
        return CertificateShown(
            serial_number=serial_text(issued.serial_number),
            name=issued.name,
            profile=issued.profile.value,
            subject=certificate.subject.rfc4514_string(),
            key=key_kind(certificate.public_key()),
            not_before=issued.not_before,
            not_after=issued.not_after,
            status=status_of(issued, at=self._clock()),
            revoked_at=issued.revoked_at,
            reason=None if issued.reason is None else issued.reason.value,
            invalid_since=issued.invalidity_date,
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        )


def _request_bytes(text: str) -> bytes:
    """What stands in the field `request`.

    Raises:
        RequestNotText: neither PEM nor base64.
    """
    if text.lstrip().startswith("-----"):
        return text.encode()
    return _decoded(text)


def _signature_bytes(text: str | None) -> bytes | None:
    return None if text is None else _decoded(text)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestNotText from error


def _own_agency(actor: Actor) -> str | None:
    """The agency whose matters the caller is kept to; None for officers of the authority and auditors."""
    return actor.agency or "" if actor.kind is ActorKind.MACHINE else None


def _aware(instant: datetime | None) -> datetime | None:
    """An instant without a zone is UTC, as everywhere here.

    Raises:
        FieldsNotValid: it lies outside the calendar once its zone is taken off.
    """
    if instant is None:
        return None
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError as error:
        raise FieldsNotValid from error


def _serial(serial: SerialNumber | None) -> str | None:
    return None if serial is None else serial_text(serial)


def _change_shown(change: StatusChange) -> StatusShown:
    return StatusShown(
        change=change.change.value,
        at=change.changed_at,
        by=change.changed_by,
        reason=None if change.reason is None else change.reason.value,
        invalid_since=change.invalidity_date,
    )
