"""The web application: every route, under one ground."""

from fastapi import Depends, FastAPI, Request, Response

from ca.front import AuthorityFront
from ca.http import create_router
from ca.services import AuthorityServices
from issuance.app import Service
from issuance.audit.http import AuditPages
from issuance.authority.est import EstHttp
from issuance.authority.http import AuthorityHttp
from issuance.catalogue.http import CatalogueHttp
from issuance.delivery.http import DeliveryHttp
from issuance.documents.http import DocumentsHttp
from issuance.http import reference
from issuance.http.ground import lay_ground
from issuance.http.limits import Limits
from issuance.http.openapi import operation_id
from issuance.http.published import PublishedFiles
from issuance.identity.access import assert_every_route_declares, public
from issuance.identity.administration import Administration
from issuance.identity.http import SignIn
from issuance.identity.tokens import StoredTokens
from issuance.ledger.http import LedgerPages
from issuance.payments.http import PaymentPages
from issuance.payments.treasury import RequestFees
from issuance.requests.access import RequestAccess
from issuance.requests.http import RequestsHttp
from issuance.requests.opening import MAX_ATTACHMENT_BYTES
from issuance.verification import http as verification

ELSEWHERE = {
    "/openapi.json": "the description of this interface is for everybody",
    reference.PATH: "as /openapi.json",
    reference.START: "as /openapi.json",
    reference.ASSETS: "as /openapi.json",
    "/": "published files: what a verifier needs, and the verification page",
}
VERSION = "0.3.0"
MAX_WEBHOOK_BYTES = 64 * 1024


def create_app(service: Service) -> FastAPI:
    """The application over the parts of one process."""
    parts, engine, clock = service.parts, service.parts.engine, service.parts.clock
    app = FastAPI(
        title="Wathiqa",
        version=VERSION,
        summary="Official documents: requested, paid, sealed, delivered, verified.",
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
    )
    identity = SignIn(
        engine=engine,
        clock=clock,
        passwords=service.passwords,
        sender=service.sender,
        code_key=service.secret.key("one-time codes"),
    )
    routers = (
        CatalogueHttp(parts.catalogue).router(),
        identity.router(),
        RequestsHttp(
            engine=engine,
            clock=clock,
            opening=service.opening,
            movements=service.movements,
            cursors=service.cursors,
            check_printable=parts.press.check_printable,
        ).router(),
        PaymentPages(
            engine=engine, exchange=service.exchange, access=RequestFees(service.registers), clock=clock
        ).router(),
        DeliveryHttp(
            engine=engine,
            clock=clock,
            files=parts.files,
            registers=service.registers,
            public_address=service.settings.public_address,
        ).router(),
        DocumentsHttp(
            engine=engine,
            clock=clock,
            statuses=parts.statuses,
            access=RequestAccess(service.registers),
        ).router(),
        verification.VerificationHttp(
            engine=engine,
            clock=clock,
            judges=service.judges,
            keys=service.trust_services.answer_keys,
            secret=service.secret,
            verify_origin=parts.verify_origin,
        ).router(),
        LedgerPages(engine=engine).router(),
        AuditPages(engine=engine, clock=clock, cursors=service.cursors).router(),
        Administration(
            engine=engine,
            clock=clock,
            passwords=service.passwords,
            person_exists=service.registers.is_registered,
        ).router(),
    )
    desk, trust = service.desk, service.trust_services
    enrolment = (
        AuthorityHttp(engine=engine, clock=clock, desk=desk, cursors=service.cursors).router(),
        EstHttp(
            engine=engine,
            clock=clock,
            desk=desk,
            authorities=lambda: (trust.hierarchy.issuing.certificate, *trust.hierarchy.issuing.chain),
        ).router(),
    )
    published = PublishedFiles(service.layout.public)

    async def signed_before(name: str, request: Request) -> Response:
        return await published.get_response(f"ocsp/{name}.ors", request.scope)

    for router in (*routers, *enrolment):
        app.include_router(router)
    signed = [Depends(public("signed answers that everybody may ask for"))]
    # Before the responder, whose path is whatever stands behind /ocsp/: an answer that is a file is a file.
    app.add_api_route("/ocsp/{name}.ors", signed_before, include_in_schema=False, dependencies=signed)
    authority = AuthorityServices(
        lambda: trust.hierarchy, trust.engine, clock, trusted_clock=trust.trusted_clock
    )
    app.include_router(create_router(authority), dependencies=signed)
    reference.install_reference(app)
    app.mount("/", published, name="public")
    lay_ground(
        app,
        authenticator=StoredTokens(engine, clock),
        limits=Limits(
            by_path={
                "/requests/": MAX_ATTACHMENT_BYTES + 1024,
                "/webhooks/": MAX_WEBHOOK_BYTES,
                **verification.MAX_BYTES,
            },
            large_json=verification.LARGE_JSON,
            read_by_route=verification.READ_BY_ROUTE,
        ),
        policies={reference.PATH: reference.POLICY},
    )
    # Outermost: what is asked a thousand times a second does not wait for what the others need.
    app.add_middleware(AuthorityFront, services=authority)
    assert_every_route_declares(app, elsewhere=ELSEWHERE)
    return app
