"""Who may do what: every route, asked by every kind of caller.

The table is the whole expectation. A row's objects are made for that row, so that what one caller
changes is seen only by the callers to the right of it: `409` after a `200` means "done already".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from installed_service import CIVIL, WORKERS, Delivered, Town, certificate_request

from issuance.catalogue.models import DocumentKind
from issuance.identity.access import assert_every_route_declares, doors
from issuance.identity.permissions import MACHINE_PERMISSIONS, Role
from issuance.problems import Sentence
from issuance.requests.lifecycle import State
from issuance.web import ELSEWHERE

# citizen: the applicant of every object named here; foreign: an officer of another agency;
# registration, security: officers of the authority; machine: a system of the same agency with every scope
# there is; bare: one with none.
TABLE = """
ROUTE  anonymous citizen other clerk officer foreign registrar auditor treasurer administrator registration security machine bare
GET /services                                           all 200
GET /services/{service}                                 all 200
GET /openapi.json                                       all 200
GET /docs                                               all 200
GET /docs-start.js                                      all 200
GET /crl/{name}.crl                                     all 200
GET /certificates/{name}.cer                            all 200
GET /ocsp/{name}.ors                                    all 200
GET /ocsp/{request:path}                                all 200
GET /d/{token}                                          all 200
POST /sign-in/codes                                     all 202
POST /sign-in/code                                      all 401
POST /sign-in/password                                  all 401
POST /oauth/token                                       all 401
POST /tsa                                               all 415
POST /ocsp                                              all 415
POST /webhooks/payments/{provider}                      all 401
POST /api/documents/check                               all 404
POST /api/verifications/document                        all 200
GET /session                                            401 200 200 200 200 200 200 200 200 200 200 200 200 200
DELETE /session                                         401 204 204 204 204 204 204 204 204 204 204 204 204 204
PUT /session/password                                   401 403 403 401 401 401 401 401 401 401 401 401 403 403
POST /requests                                          401 201 403 201 403 403 403 403 403 403 403 403 403 403
GET /requests                                           401 200 200 200 200 200 200 403 403 403 403 403 200 403
GET /requests/{number}                                  401 200 404 200 200 404 200 403 403 403 403 403 200 403
PUT /requests/{number}/attachments/{document}           401 204 404 204 403 403 403 403 403 403 403 403 403 403
POST /requests/{number}/submission                      401 200 404 200 403 403 403 403 403 403 403 403 403 403
POST /requests/{number}/cancellation                    401 200 404 200 403 403 200 403 403 403 403 403 403 403
POST /requests/{number}/decision                        401 403 403 403 200 403 409 403 403 403 403 403 403 403
POST /requests/{number}/resumption                      401 403 403 403 403 403 200 403 403 403 403 403 403 403
POST /requests/{number}/abandonment                     401 403 403 403 403 403 409 403 403 403 403 403 403 403
POST /requests/{number}/answer                          401 403 403 403 403 403 403 403 403 403 403 403 202 403
POST /requests/{number}/payments                        401 201 404 201 403 403 403 403 403 403 403 403 403 403
GET /requests/{number}/payments                         401 200 404 200 403 403 403 200 200 403 403 403 200 403
GET /requests/{number}/payments/{payment}               401 200 404 200 403 403 403 200 200 403 403 403 200 403
POST /requests/{number}/payments/{payment}/cash-receipt 401 403 403 201 403 403 403 403 403 403 403 403 403 403
POST /refunds/{refund}/cash-receipt                     401 403 403 201 403 403 403 403 403 403 403 403 403 403
POST /payments/{payment}/held-refund                    401 403 403 403 403 403 403 403 404 403 403 403 403 403
GET /requests/{number}/documents                        401 200 404 200 200 404 200 403 403 403 403 403 200 403
GET /documents/{number}                                 401 200 404 200 200 404 200 403 403 403 403 403 200 403
GET /documents/{number}/file                            401 200 404 200 200 404 200 403 403 403 403 403 200 403
POST /documents/{number}/links                          401 200 404 200 200 404 200 403 403 403 403 403 200 403
POST /documents/{number}/hand-over                      401 403 403 200 403 403 403 403 403 403 403 403 403 403
POST /documents/{number}/suspension                     401 403 403 403 200 404 409 403 403 403 403 403 403 403
POST /documents/{number}/release                        401 403 403 403 200 404 409 403 403 403 403 403 403 403
POST /documents/{number}/revocation                     401 403 403 403 403 403 200 403 403 403 403 403 403 403
POST /documents/{number}/supersession                   401 403 403 403 403 403 200 403 403 403 403 403 403 403
POST /api/verifications                                 401 403 403 403 403 403 403 403 403 403 403 403 200 403
GET /ledger/accounts                                    401 403 403 403 403 403 403 200 200 403 403 403 200 403
GET /ledger/statements/{agency}/{day}                   401 403 403 403 403 403 403 200 200 403 403 403 200 403
GET /audit/entries                                      401 403 403 403 403 403 403 200 403 403 403 403 403 403
GET /audit/head                                         401 403 403 403 403 403 403 200 403 403 403 403 403 403
GET /audit/export                                       401 403 403 403 403 403 403 200 403 403 403 403 403 403
GET /audit/mine                                         401 200 200 403 403 403 403 403 403 403 403 403 403 403
POST /citizens                                          401 403 403 201 403 403 403 403 403 403 403 403 403 403
GET /accounts                                           401 403 403 403 403 403 403 403 403 200 403 403 403 403
POST /accounts                                          401 403 403 403 403 403 403 403 403 201 403 403 403 403
PUT /accounts/{account_id}/roles                        401 403 403 403 403 403 403 403 403 204 403 403 403 403
DELETE /accounts/{account_id}                           401 403 403 403 403 403 403 403 403 204 403 403 403 403
POST /clients                                           401 403 403 403 403 403 403 403 403 201 403 403 403 403
PUT /clients/{client_id}/quota                          401 403 403 403 403 403 403 403 403 204 403 403 403 403
DELETE /clients/{client_id}                             401 403 403 403 403 403 403 403 403 204 403 403 403 403
GET /.well-known/est/cacerts                            all 200
GET /.well-known/est/csrattrs                           all 200
POST /.well-known/est/simpleenroll                      401 403 403 403 403 403 403 403 403 403 403 403 202 403
POST /.well-known/est/simplereenroll                    401 403 403 403 403 403 403 403 403 403 403 403 409 403
POST /authority/applications                            401 403 403 403 403 403 403 403 403 403 201 403 201 403
GET /authority/applications                             401 403 403 403 403 403 403 200 403 403 200 200 200 403
GET /authority/applications/{number}                    401 403 403 403 403 403 403 200 403 403 200 200 200 403
POST /authority/applications/{number}/approvals         401 403 403 403 403 403 403 403 403 403 200 403 403 403
POST /authority/applications/{number}/rejection         401 403 403 403 403 403 403 403 403 403 200 403 403 403
POST /authority/applications/{number}/withdrawal        401 403 403 403 403 403 403 403 403 403 200 403 409 403
GET /authority/certificates                             401 403 403 403 403 403 403 200 403 403 200 200 200 403
GET /authority/certificates/{serial}                    401 403 403 403 403 403 403 200 403 403 200 200 200 403
POST /authority/certificates/{serial}/suspension        401 403 403 403 403 403 403 403 403 403 403 200 403 403
POST /authority/certificates/{serial}/release           401 403 403 403 403 403 403 403 403 403 403 200 403 403
POST /authority/certificates/{serial}/revocation        401 403 403 403 403 403 403 403 403 403 403 200 403 403
"""  # noqa: E501  (a table is wider than a sentence)
CALLERS = tuple(TABLE.split("\n")[1].split()[1:])
NOT_PROBLEMS = ("/oauth/token", "/.well-known/est/")  # these answer in their own specification's form


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    statuses: tuple[int, ...]


def _rows() -> Iterator[Row]:
    for line in TABLE.strip().splitlines()[1:]:
        method, path, *statuses = line.split()
        if statuses[0] == "all":
            statuses = statuses[1:] * len(CALLERS)
        yield Row(method, path, tuple(map(int, statuses)))


class Place:
    """The objects that a row of the table is about, made when a row first asks for one."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.case, self.other = town.case(), town.case()

    @property
    def token(self) -> str:
        return self.town.citizen(self.case.applicant)

    @cached_property
    def draft(self) -> str:
        return self.town.draft(self.case, self.token)

    @cached_property
    def unpaid(self) -> str:
        return self.town.submitted(self.case, self.token)

    @cached_property
    def held(self) -> Delivered:
        return self.town.delivered(self.case, self.token)

    @cached_property
    def newer(self) -> Delivered:
        return self.town.delivered(self.case, self.token)

    @cached_property
    def undecided(self) -> str:
        self.case = self.town.case(DocumentKind.DIVORCE)
        number = self.town.paid(self.case, self.token)
        assert self.town.work(number) is State.AWAITING_DECISION
        return number

    @cached_property
    def set_aside(self) -> str:
        number = self.town.paid(self.case, self.token)
        words = Sentence(ar="للاختبار", en="For the test")
        self.town.service.fulfilment.hold(number, State.FETCHING_RECORD, code="test", words=words)
        return number

    @cached_property
    def waiting_cash(self) -> str:
        path = f"/requests/{self.unpaid}/payments"
        return str(self.town.post(path, self.token, {"provider": "cash"}, expect=201)["id"])

    @cached_property
    def cash_refund(self) -> str:
        self.case = self.town.unfinished_divorce()
        clerk = self.town.staff(Role.CLERK)
        path = f"/requests/{self.unpaid}/payments"
        amount = self.town.get(f"{path}/{self.waiting_cash}", clerk)["amount"]
        self.town.post(f"{path}/{self.waiting_cash}/cash-receipt", clerk, {"amount": amount}, expect=201)
        assert self.town.work(self.unpaid) is State.REFUSED
        return str(self.town.get(path, clerk)["items"][0]["refunds"][0]["id"])

    @cached_property
    def somebody(self) -> str:
        return self.town.account(Role.CLERK, office=f"office-{self.case.subject}")

    @cached_property
    def system(self) -> str:
        body = {"name": "نظام", "agency": CIVIL, "scopes": ["ledger:read"]}
        return str(self.town.post("/clients", self.town.staff(Role.ADMINISTRATOR), body, expect=201)["id"])

    @cached_property
    def application(self) -> str:
        return self.town.application()

    @cached_property
    def enrolled(self) -> str:
        return self.town.enrolled()

    @cached_property
    def on_hold(self) -> str:
        path = f"/documents/{self.held.number}/suspension"
        self.town.post(path, self.town.staff(Role.OFFICER), {"reason": "under-review"})
        return self.held.number

    @cached_property
    def suspended(self) -> str:
        path, security = f"/authority/certificates/{self.enrolled}", self.town.staff(Role.SECURITY_OFFICER)
        self.town.post(f"{path}/suspension", security, {"why": "the card was lost"})
        return self.enrolled


def _json(body: Callable[[Place], Any]) -> Callable[[Place], dict[str, Any]]:
    return lambda place: {"json": body(place)}


def _est(_: Place) -> dict[str, Any]:
    body = "".join(certificate_request().splitlines()[1:-1])
    return {"content": body, "headers": {"Content-Type": "application/pkcs10"}}


# What is sent where: the path with its objects, and what goes with it.
ASKED: dict[str, tuple[Callable[[Place], str], Callable[[Place], dict[str, Any]]]] = {
    "GET /services/{service}": (lambda _: "/services/birth", lambda _: {}),
    "GET /crl/{name}.crl": (lambda _: "/crl/issuing.crl", lambda _: {}),
    "GET /certificates/{name}.cer": (lambda _: "/certificates/issuing.cer", lambda _: {}),
    "GET /ocsp/{name}.ors": (
        lambda place: f"/ocsp/{next((place.town.layout.public / 'ocsp').glob('*.ors')).name}",
        lambda _: {},
    ),
    "GET /ocsp/{request:path}": (lambda _: "/ocsp/AAAA", lambda _: {}),
    "GET /d/{token}": (lambda place: place.town.link(place.held.request), lambda _: {}),
    "POST /sign-in/codes": (
        lambda _: "/sign-in/codes",
        _json(lambda place: {"national_number": place.case.subject, "phone": place.town.new_phone()}),
    ),
    "POST /sign-in/code": (lambda _: "/sign-in/code", _json(lambda _: {"challenge": "no", "code": "000000"})),
    "POST /sign-in/password": (
        lambda _: "/sign-in/password",
        _json(lambda place: {"login": f"nobody-{place.town.new_phone()}", "password": "not the password"}),
    ),
    "POST /webhooks/payments/{provider}": (lambda _: "/webhooks/payments/e-payments", _json(lambda _: {})),
    "POST /api/documents/check": (
        lambda _: "/api/documents/check",
        _json(lambda place: {"number": place.town.new_phone(), "code": "0" * 12}),
    ),
    "POST /api/verifications/document": (
        lambda _: "/api/verifications/document",
        lambda _: {
            "content": b"%PDF-1.7",
            "headers": {"Content-Type": "application/pdf", "Wathiqa-Consent": "judge-once"},
        },
    ),
    "POST /api/verifications": (
        lambda _: "/api/verifications",
        _json(lambda _: {"seals": [{"id": "1", "text": "not a seal code"}]}),
    ),
    "PUT /session/password": (
        lambda _: "/session/password",
        _json(lambda _: {"old_password": "wrong", "new_password": "a new one that is long enough"}),
    ),
    "POST /requests": (
        lambda _: "/requests",
        _json(lambda place: place.town.wish(place.case, channel="abroad")),
    ),
    "GET /requests/{number}": (lambda place: f"/requests/{place.draft}", lambda _: {}),
    "PUT /requests/{number}/attachments/{document}": (
        lambda place: f"/requests/{place.draft}/attachments/identity",
        lambda _: {"content": b"%PDF-1.7", "headers": {"Content-Type": "application/pdf"}},
    ),
    "POST /requests/{number}/submission": (
        lambda place: f"/requests/{place.draft}/submission",
        _json(lambda _: {}),
    ),
    "POST /requests/{number}/cancellation": (
        lambda place: f"/requests/{place.unpaid}/cancellation",
        lambda _: {},
    ),
    "POST /requests/{number}/decision": (
        lambda place: f"/requests/{place.undecided}/decision",
        _json(lambda _: {"approve": True}),
    ),
    "POST /requests/{number}/resumption": (
        lambda place: f"/requests/{place.set_aside}/resumption",
        lambda _: {},
    ),
    "POST /requests/{number}/abandonment": (
        lambda place: f"/requests/{place.unpaid}/abandonment",
        lambda _: {},
    ),
    "POST /requests/{number}/answer": (lambda place: f"/requests/{place.unpaid}/answer", lambda _: {}),
    "POST /requests/{number}/payments": (
        lambda place: f"/requests/{place.unpaid}/payments",
        _json(lambda _: {"provider": "cash"}),
    ),
    "GET /requests/{number}/payments": (lambda place: f"/requests/{place.unpaid}/payments", lambda _: {}),
    "GET /requests/{number}/payments/{payment}": (
        lambda place: f"/requests/{place.unpaid}/payments/{place.waiting_cash}",
        lambda _: {},
    ),
    "POST /requests/{number}/payments/{payment}/cash-receipt": (
        lambda place: f"/requests/{place.unpaid}/payments/{place.waiting_cash}/cash-receipt",
        _json(lambda _: {"amount": {"minor": 3500, "currency": "SYP"}}),
    ),
    "POST /refunds/{refund}/cash-receipt": (
        lambda place: f"/refunds/{place.cash_refund}/cash-receipt",
        lambda _: {},
    ),
    "POST /payments/{payment}/held-refund": (
        lambda _: "/payments/P-00000000/held-refund",
        lambda _: {},
    ),
    "GET /requests/{number}/documents": (
        lambda place: f"/requests/{place.held.request}/documents",
        lambda _: {},
    ),
    "GET /documents/{number}": (lambda place: f"/documents/{place.held.number}", lambda _: {}),
    "GET /documents/{number}/file": (lambda place: f"/documents/{place.held.number}/file", lambda _: {}),
    "POST /documents/{number}/links": (lambda place: f"/documents/{place.held.number}/links", lambda _: {}),
    "POST /documents/{number}/hand-over": (
        lambda place: f"/documents/{place.held.number}/hand-over",
        _json(lambda _: {"receiver": "صاحب العلاقة", "proof": "بطاقة شخصية"}),
    ),
    "POST /documents/{number}/suspension": (
        lambda place: f"/documents/{place.held.number}/suspension",
        _json(lambda _: {"reason": "under-review"}),
    ),
    "POST /documents/{number}/release": (
        lambda place: f"/documents/{place.on_hold}/release",
        lambda _: {},
    ),
    "POST /documents/{number}/revocation": (
        lambda place: f"/documents/{place.held.number}/revocation",
        _json(lambda _: {"reason": "holder-asked"}),
    ),
    "POST /documents/{number}/supersession": (
        lambda place: f"/documents/{place.held.number}/supersession",
        _json(lambda place: {"by": place.newer.number}),
    ),
    "GET /ledger/statements/{agency}/{day}": (
        lambda _: f"/ledger/statements/{CIVIL}/2026-11-22",
        lambda _: {},
    ),
    "POST /citizens": (
        lambda _: "/citizens",
        _json(lambda place: {"national_number": place.other.subject, "phone": place.town.new_phone()}),
    ),
    "POST /accounts": (
        lambda _: "/accounts",
        _json(
            lambda place: {
                "login": f"new-{place.case.subject}",
                "full_name": "موظف جديد",
                "password": "نخلة الباب القديم تسعة",
                "roles": ["auditor"],
            }
        ),
    ),
    "PUT /accounts/{account_id}/roles": (
        lambda place: f"/accounts/{place.somebody}/roles",
        _json(lambda _: {"roles": ["officer"]}),
    ),
    "DELETE /accounts/{account_id}": (lambda place: f"/accounts/{place.somebody}", lambda _: {}),
    "POST /clients": (
        lambda _: "/clients",
        _json(lambda _: {"name": "نظام", "agency": CIVIL, "scopes": ["ledger:read"]}),
    ),
    "PUT /clients/{client_id}/quota": (
        lambda place: f"/clients/{place.system}/quota",
        _json(lambda _: {"a_day": 20_000}),
    ),
    "DELETE /clients/{client_id}": (lambda place: f"/clients/{place.system}", lambda _: {}),
    "POST /.well-known/est/simpleenroll": (lambda _: "/.well-known/est/simpleenroll", _est),
    "POST /.well-known/est/simplereenroll": (lambda _: "/.well-known/est/simplereenroll", _est),
    "POST /authority/applications": (
        lambda _: "/authority/applications",
        _json(lambda _: {"agency": CIVIL, "system": "archive", "request": certificate_request()}),
    ),
    **{
        f"{method} /authority/applications/{{number}}{act}": (
            lambda place, act=act: f"/authority/applications/{place.application}{act}",
            _json(lambda _, body=body: body) if body else lambda _: {},
        )
        for method, act, body in (
            ("GET", "", None),
            ("POST", "/approvals", None),
            ("POST", "/rejection", {"reason": "the letter is not signed"}),
            ("POST", "/withdrawal", None),
        )
    },
    **{
        f"{method} /authority/certificates/{{serial}}{act}": (
            lambda place, act=act: (
                f"/authority/certificates/{place.suspended if act == '/release' else place.enrolled}{act}"
            ),
            _json(lambda _, body=body: body) if body else lambda _: {},
        )
        for method, act, body in (
            ("GET", "", None),
            ("POST", "/suspension", {"why": "the card was lost"}),
            ("POST", "/release", {"why": "the card was found"}),
            ("POST", "/revocation", {"reason": "keyCompromise", "why": "the card was stolen"}),
        )
    },
}


CALLING: dict[str, Callable[[Town, Place], str | None]] = {
    **{
        role: lambda town, _, role=role: town.staff(Role(role))
        for role in ("clerk", "officer", "registrar", "auditor", "treasurer", "administrator")
    },
    "registration": lambda town, _: town.staff(Role.REGISTRATION_OFFICER),
    "security": lambda town, _: town.staff(Role.SECURITY_OFFICER),
    "anonymous": lambda _town, _place: None,
    "citizen": lambda _, place: place.token,
    "other": lambda town, place: town.citizen(place.other.applicant),
    "foreign": lambda town, _: town.staff(Role.OFFICER, agency=WORKERS, office="aleppo-1"),
    "machine": lambda town, _: town.machine(*MACHINE_PERMISSIONS),
    "bare": lambda town, _: town.machine(),
}


@pytest.mark.parametrize("row", list(_rows()), ids=lambda row: f"{row.method} {row.path}")
def test_each_caller_gets_what_the_table_says(town: Town, row: Row) -> None:
    place = Place(town)
    path_of, given_of = ASKED.get(f"{row.method} {row.path}", (lambda _: row.path, lambda _: {}))
    path = path_of(place)  # made by those who may, before anybody asks
    answers = {
        name: town.ask(
            row.method, path, token=CALLING[name](town, place), address=town.new_address(), **given_of(place)
        )
        for name in CALLERS
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict(
        zip(CALLERS, row.statuses, strict=True)
    )
    for name, answer in answers.items():
        if answer.status_code >= 400 and not row.path.startswith(NOT_PROBLEMS):
            assert answer.headers["Content-Type"] == "application/problem+json", name
            problem = answer.json()
            assert problem["detail_ar"] != problem["detail_en"], name
            if answer.status_code == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer"), name


def test_the_table_names_every_route(town: Town) -> None:
    served = {
        f"{method} {path}"
        for door, _ in doors(town.app, elsewhere=ELSEWHERE)
        for methods, path in [door.split(" ", 1)]
        for method in methods.split(",")
        if method not in {"HEAD", "ANY"}
    }
    assert {f"{row.method} {row.path}" for row in _rows()} == served
    assert_every_route_declares(town.app, elsewhere=ELSEWHERE)


def test_an_ended_session_opens_nothing(town: Town) -> None:
    token = town.staff(Role.AUDITOR)
    assert town.ask("DELETE", "/session", token=token).status_code == 204
    answer = town.ask("GET", "/audit/head", token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token-not-valid")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_registrar_of_another_agency_withdraws_nothing_here(town: Town) -> None:
    place = Place(town)
    foreign = town.staff(Role.REGISTRAR, agency=WORKERS, office="aleppo-1")
    acts = {
        "suspension": {"reason": "under-review"},
        "revocation": {"reason": "fraud"},
        "supersession": {"by": place.held.number},
    }
    for act, body in acts.items():
        answer = town.ask("POST", f"/documents/{place.held.number}/{act}", token=foreign, json=body)
        assert answer.status_code == 404, act
    assert town.get(f"/documents/{place.held.number}", place.token)["state"] == "released"


def test_staff_keep_away_from_their_own_kins_requests(town: Town) -> None:
    """Law 376/1957: a registrar does not act on own, ascendants', descendants' or spouse's records."""
    place = Place(town)
    held, child = place.held, place.case.subject
    officer = town.staff(Role.OFFICER, national_number=place.case.applicant)
    registrar = town.staff(Role.REGISTRAR, national_number=child)
    clerk = town.staff(Role.CLERK, national_number=child)
    refused = [
        town.ask("GET", f"/requests/{held.request}", token=officer),
        town.ask("GET", f"/requests/{held.request}/documents", token=officer),
        town.ask("PUT", f"/requests/{held.request}/attachments/identity", token=clerk, content=b"%PDF-"),
        town.ask("POST", f"/requests/{held.request}/submission", token=clerk, json={}),
        town.ask("POST", f"/requests/{held.request}/cancellation", token=clerk),
        town.ask("POST", f"/requests/{held.request}/resumption", token=registrar),
        town.ask("POST", f"/requests/{held.request}/payments", token=clerk, json={"provider": "cash"}),
        town.ask("GET", f"/requests/{held.request}/payments", token=clerk),
        town.ask("GET", f"/documents/{held.number}", token=officer),
        town.ask("GET", f"/documents/{held.number}/file", token=registrar),
        town.ask("POST", f"/documents/{held.number}/revocation", token=registrar, json={"reason": "fraud"}),
        town.ask("POST", "/requests", token=clerk, json=town.wish(place.case, channel="desk")),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (403, "own-kins-record")
    ] * len(refused)


def test_a_machine_of_another_agency_sees_nothing_of_this_one(town: Town) -> None:
    place = Place(town)
    foreign = town.machine(*MACHINE_PERMISSIONS, agency=WORKERS)
    for path in (
        f"/requests/{place.held.request}",
        f"/documents/{place.held.number}/file",
        f"/requests/{place.held.request}/payments",
    ):
        assert town.ask("GET", path, token=foreign).status_code == 404, path
    assert town.ask("GET", f"/ledger/statements/{CIVIL}/2026-11-22", token=foreign).status_code == 403
    listed = town.get("/requests", foreign)["items"]
    assert {request["agency"] for request in listed} <= {WORKERS}
    parties = {account["party"] for account in town.get("/ledger/accounts", foreign)["items"]}
    assert parties <= {WORKERS}
