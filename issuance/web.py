"""The web application: every route, under one ground."""

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from ca.http import create_router
from issuance.app import Service
from issuance.audit.http import AuditPages
from issuance.catalogue.http import CatalogueHttp
from issuance.documents.http import DocumentsHttp
from issuance.http.ground import lay_ground
from issuance.http.limits import Limits
from issuance.http.openapi import operation_id
from issuance.identity.access import assert_every_route_declares, public
from issuance.identity.administration import Administration
from issuance.identity.http import SignIn
from issuance.identity.tokens import StoredTokens
from issuance.ledger.http import LedgerPages
from issuance.payments.http import PaymentPages
from issuance.payments.treasury import RequestFees
from issuance.requests.http import RequestsHttp
from issuance.requests.opening import MAX_ATTACHMENT_BYTES
from verify.publication import PAGE_HEADERS

FRAMEWORK = {
    "/openapi.json": "the description of this interface is for everybody",
    "/docs": "as /openapi.json",
    "/": "published files: what a verifier needs, and the verification page",
}
# The API reference loads its reader from the framework's own address; everything else loads from here.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; "
    "style-src 'self' 'unsafe-inline' https://cdn.jsdelivr.net; img-src 'self' data: "
    "https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'"
)
VERSION = "0.1.0"


def create_app(service: Service) -> FastAPI:
    """The application over the parts of one process."""
    parts, engine, clock = service.parts, service.parts.engine, service.parts.clock
    app = FastAPI(
        title="Wathiqa",
        version=VERSION,
        summary="Official documents: requested, paid, sealed, delivered, verified.",
        generate_unique_id_function=operation_id,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
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
        ).router(),
        PaymentPages(engine=engine, exchange=service.exchange, access=RequestFees(), clock=clock).router(),
        DocumentsHttp(
            engine=engine,
            clock=clock,
            files=parts.files,
            statuses=parts.statuses,
            movements=service.movements,
            public_address=service.settings.public_address,
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
    for router in routers:
        app.include_router(router)
    trust = service.trust_services
    authority = create_router(lambda: trust.hierarchy, trust.engine, clock)
    app.include_router(authority, dependencies=[Depends(public("signed answers that everybody may ask for"))])
    app.mount("/", StaticFiles(directory=service.layout.public, html=True), name="public")
    lay_ground(
        app,
        authenticator=StoredTokens(engine, clock),
        limits=Limits(by_path={"/requests/": MAX_ATTACHMENT_BYTES + 1024}),
        policies={"/docs": _DOCS_POLICY, "/": PAGE_HEADERS["Content-Security-Policy"]},
    )
    assert_every_route_declares(app, elsewhere=FRAMEWORK)
    return app
