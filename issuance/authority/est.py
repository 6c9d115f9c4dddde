"""Enrolment over Secure Transport (RFC 7030, RFC 8951), for agencies' own systems.

    GET  /.well-known/est/cacerts          the issuing authority and the root
    GET  /.well-known/est/csrattrs         which keys are wanted
    POST /.well-known/est/simpleenroll     a request: 202 until two officers approved, then the certificate
    POST /.well-known/est/simplereenroll   the same for the certificate that follows the present one

TLS ends at the proxy before this service, so a client proves itself by its id and secret (HTTP Basic, §3.2.3)
or by a token got with them. That proves the system, not its key. So a renewal needs the officers' approval
too, unless the present key speaks: the header `Present-Key-Signature` carries its signature over the request
(DER, SHA-256), in base64. That stands for the client certificate of §3.3.2, which a seal certificate,
being for signatures alone, could not be.

Answers are those of the RFC, and errors plain sentences (§4.2.3).
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from http import HTTPStatus

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from ca.applications import Application, ApplicationState
from ca.csr import CheckedRequest, check_subject, parse_request
from ca.refusals import ApplicationClosed, KeyReused, RequestMalformed, SubjectNotRegistered
from ca.store import IssuedCertificate
from issuance.authority.desk import AuthorityDesk, Wish
from issuance.authority.errors import NothingToRenew, NotPkcs10, as_problems
from issuance.authority.naming import holder_of
from issuance.clock import Clock
from issuance.errors import IssuanceError, Unauthenticated, Unavailable
from issuance.http.addresses import ClientNetwork
from issuance.http.problems import status_of
from issuance.identity.access import public
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.errors import NotPermitted, NotSignedIn, SignInRefused
from issuance.identity.http import ShownClient, basic_credentials
from issuance.identity.machines import count_grant, prove_client
from issuance.identity.permissions import Permission
from issuance.identity.tokens import find_actor
from issuance.problems import detail_of
from keys.der import SEQUENCE, object_identifier, tlv

PATH = "/.well-known/est"
PROOF_HEADER = "Present-Key-Signature"
RETRY_AFTER_SECONDS = 15 * 60  # people decide; the answer is not sooner for being asked often
_SET = 0x31
_EC_PUBLIC_KEY, _P256, _ECDSA_SHA256 = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7", "1.2.840.10045.4.3.2"
_LAST = 12  # characters of a client's id by which its certificates are named
# RFC 7030 §4.5.2: a P-256 key, and a request signed with it over SHA-256.
_ATTRIBUTES = tlv(
    SEQUENCE,
    tlv(
        SEQUENCE, object_identifier("1.2.840.10045.2.1"), tlv(_SET, object_identifier("1.2.840.10045.3.1.7"))
    ),
    object_identifier(_ECDSA_SHA256),
)


class EstHttp:
    """The handlers, with what the composition root gives them."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        desk: AuthorityDesk,
        authorities: Callable[[], Iterable[x509.Certificate]],
    ) -> None:
        """`authorities` are the issuing authority and those above it, at the moment of each call."""
        self._engine, self._clock, self._desk, self._authorities = engine, clock, desk, authorities

    def router(self) -> APIRouter:
        """The routes. RFC 7030 describes them; they are not part of the description of the JSON interface."""
        router = APIRouter(tags=["est"], include_in_schema=False)
        everybody = [Depends(public("authorities, and which keys are wanted (RFC 7030 §4.1)"))]
        itself = [Depends(public("the system shows its id and secret here (RFC 7030 §3.2.3); it is counted"))]
        add = router.add_api_route
        add(f"{PATH}/cacerts", self.authorities, methods=["GET"], dependencies=everybody)
        add(f"{PATH}/csrattrs", self.attributes, methods=["GET"], dependencies=everybody)
        add(f"{PATH}/simpleenroll", self.enroll, methods=["POST"], dependencies=itself)
        add(f"{PATH}/simplereenroll", self.reenroll, methods=["POST"], dependencies=itself)
        return router

    def authorities(self) -> Response:
        """The certificates of the authorities (RFC 7030 §4.1.3)."""
        return _base64_response(_certificates_only(self._authorities()), "application/pkcs7-mime")

    def attributes(self) -> Response:
        """What a request should look like (RFC 7030 §4.5)."""
        return _base64_response(_ATTRIBUTES, "application/csrattrs")

    async def enroll(self, request: Request, shown: ShownClient, network: ClientNetwork) -> Response:
        """Apply for a certificate, or fetch it (RFC 7030 §4.2.1)."""
        body = await request.body()
        return await run_in_threadpool(self._answer, request, body, shown, network, renews=False)

    async def reenroll(self, request: Request, shown: ShownClient, network: ClientNetwork) -> Response:
        """Apply for the certificate that follows the present one, or fetch it (RFC 7030 §4.2.2)."""
        body = await request.body()
        return await run_in_threadpool(self._answer, request, body, shown, network, renews=True)

    def _answer(
        self, request: Request, body: bytes, shown: ShownClient, network: str, *, renews: bool
    ) -> Response:
        try:
            with as_problems():
                client = self._client(request, shown, network)
                client.check(Permission.CERTIFICATES_APPLY)
                if client.kind is not ActorKind.MACHINE:
                    raise NotPermitted
                if (
                    request.headers.get("content-type", "").split(";")[0].strip().lower()
                    != "application/pkcs10"
                ):
                    raise NotPkcs10
                checked = parse_request(_decoded(body))
                proof = request.headers.get(PROOF_HEADER)
                return self._certificate_or_patience(client, checked, renews=renews, proof=proof)
        except IssuanceError as error:
            return _plain(error)

    def _client(self, request: Request, shown: ShownClient, network: str) -> Actor:
        """Who calls: by id and secret, or by a token got with them.

        Raises:
            NotSignedIn, SignInRefused, TokenNotValid, TooManyAttempts.
        """
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        at = self._clock()
        if scheme.lower() == "bearer":
            with self._engine.begin() as connection:
                return find_actor(connection, credentials.strip(), at=at)
        pair = basic_credentials(shown)
        if pair is None:
            raise NotSignedIn
        with self._engine.begin() as connection:
            count_grant(connection, pair[0], address=network, at=at)
        with self._engine.begin() as connection:
            client = prove_client(connection, *pair, at=at)
        if client is None:
            raise SignInRefused
        return client

    def _certificate_or_patience(
        self, client: Actor, checked: CheckedRequest, *, renews: bool, proof: str | None
    ) -> Response:
        agency, system = client.agency or "", system_of(client)
        application = self._desk.application_of_key(checked.key_fingerprint)
        if application is None:
            application = self._apply(client, agency, system, checked, renews=renews, proof=proof)
        elif application.holder != holder_of(agency, system):
            raise KeyReused
        return self._answer_for(application)

    def _apply(
        self,
        client: Actor,
        agency: str,
        system: str,
        checked: CheckedRequest,
        *,
        renews: bool,
        proof: str | None,
    ) -> Application:
        at, present = self._clock(), None
        if renews:
            present = self._desk.present(agency, system, at=at)
            if present is None:
                raise NothingToRenew
            # RFC 7030 §4.2.2: the subject is that of the certificate that is followed.
            if not list(checked.subject):
                raise SubjectNotRegistered(field="subject")
            check_subject(checked.subject, present.certificate.subject)
        wish = Wish(
            agency=agency,
            holder=system,
            request=checked,
            evidence=f"EST, {client.id}",
            renews=None if present is None else present.serial_number,
            proof=None if proof is None else _decoded(proof.encode()),
        )
        return self._desk.submit(wish, by=client, at=at)

    def _answer_for(self, application: Application) -> Response:
        """RFC 7030 §4.2.3: the certificate, or come back later, or no."""
        match application.state:
            case ApplicationState.ISSUED:
                return self._issued(self._desk.certificate(application.serial_number or 0))
            case ApplicationState.SUBMITTED | ApplicationState.ISSUING:
                return Response(
                    f"Application {application.number} waits for two officers' approval.\n",
                    status_code=HTTPStatus.ACCEPTED,
                    headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                    media_type="text/plain",
                )
            case _:
                raise ApplicationClosed(number=application.number, state=application.state.value)

    def _issued(self, issued: IssuedCertificate) -> Response:
        if issued.is_revoked:
            raise KeyReused
        der = _certificates_only([issued.certificate])
        return _base64_response(der, "application/pkcs7-mime; smime-type=certs-only")


def system_of(client: Actor) -> str:
    """Under which name a client's certificates stand: the random end of its id."""
    return client.id[-_LAST:]


def _certificates_only(certificates: Iterable[x509.Certificate]) -> bytes:
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)


def _base64_response(der: bytes, media_type: str) -> Response:
    return Response(
        base64.encodebytes(der),
        media_type=media_type,
        headers={"Content-Transfer-Encoding": "base64"},  # RFC 8951 §3.1: said, and believed by nobody
    )


def _decoded(body: bytes) -> bytes:
    """RFC 8951 §3: base64 with or without white space, whatever a header says.

    Raises:
        RequestMalformed: it is not.
    """
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise RequestMalformed from error


def _plain(error: IssuanceError) -> Response:
    """RFC 7030 §4.2.3: a sentence that a person can read."""
    status = status_of(type(error))
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:  # newer than the clients of RFC 7030
        status = HTTPStatus.BAD_REQUEST
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Basic realm="wathiqa"'
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    retry = error.facts.get("retry_after_seconds")
    if isinstance(retry, int):
        headers["Retry-After"] = str(retry)
    said = detail_of(error)
    return Response(f"{said.en}\n{said.ar}\n", status_code=status, headers=headers, media_type="text/plain")
