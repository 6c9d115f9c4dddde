"""A whole installation as it looks from outside, its clock in the test's hands.

Everything goes through the HTTP interface but three things: people are enrolled and signed in by
the domain's own functions (`test_api_journeys.py` does it over HTTP once), the stages of
fulfilment are run here instead of by a worker, and the payment provider is the sandbox, in
process, whose webhooks arrive when a test says so.
"""

import asyncio
import contextlib
import io
import itertools
import json
import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from issuance.app import compose
from issuance.catalogue.models import DocumentKind
from issuance.housekeeping import Housekeeping
from issuance.identity import accounts, citizens, machines
from issuance.identity.accounts import NewAccount
from issuance.identity.actors import ActorKind, system_actor
from issuance.identity.passwords import Passwords
from issuance.identity.permissions import NATIONAL_ROLES, Permission, Role
from issuance.identity.tokens import issue_token
from issuance.payments.sandbox.app import Sandbox, SandboxSettings, create_app
from issuance.payments.sandbox.faults import Fault, order_fault
from issuance.payments.sandbox.in_process import InProcessTransport
from issuance.registries.samples import (
    SampleCase,
    SampleSubjects,
    granted_cases,
    sample_subjects,
    unfinished_divorces,
)
from issuance.registries.tables import open_register
from issuance.requests.book import load_request
from issuance.requests.lifecycle import AUTOMATIC, State
from issuance.requests.stoppages import stoppage_of
from issuance.settings import Layout, load_settings
from issuance.web import create_app as create_service_app
from verify.app import main as verify_main

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IDENTITY_PAGE = b"%PDF-1.7\n% a picture of an identity card\n%%EOF\n"
STRANGER = "99000000009"  # in no register: nobody's kin
OFFICE, OTHER_OFFICE = "damascus-1", "aleppo-1"
CIVIL, WORKERS = "civil-registry", "workers-register"
PASSWORD = "صبر جميل والله المستعان 7"
_MANY = 2_000


def certificate_request(
    key: ec.EllipticCurvePrivateKey | None = None, subject: x509.Name | None = None
) -> str:
    """What an agency's system hands in, as PEM; its subject is left to the authority, unless one is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder(subject or x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@dataclass
class MovingClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Delivered:
    """A document and who holds it."""

    case: SampleCase
    request: str
    number: str
    pdf: bytes
    token: str
    seal_text: str
    check_code: str


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str = ""


@dataclass
class _Mailbox(httpx.BaseTransport):
    """Carries the sandbox's webhooks to the service and keeps a copy of each."""

    town: "Town"
    kept: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.kept.append(request)
        answer = self.town.ask("POST", request.url.path, content=request.content, headers=request.headers)
        return httpx.Response(answer.status_code)


class Town:
    """The service, the payment provider, and everybody around them."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root=root)
        self.clock = MovingClock()
        self.mailbox = _Mailbox(self)
        secret = self.layout.webhook_secret.read_text(encoding="utf-8").strip()
        self.webhook_secret = secret
        settings = load_settings(self.layout)
        sandbox = SandboxSettings(
            database_url=f"sqlite:///{self.layout.state / 'sandbox-payments.db'}",
            api_key=self.layout.payment_key.read_text(encoding="utf-8").strip(),
            webhook_secrets=(secret,),
            webhook_url=f"http://service/webhooks/payments/{settings.payment_provider}",
            base_url="http://sandbox",
            courier_idle_seconds=None,
        )
        self.sandbox_app = create_app(sandbox, clock=self.clock, client=httpx.Client(transport=self.mailbox))
        self.sandbox: Sandbox = self.sandbox_app.state.sandbox
        to_provider = InProcessTransport(self.sandbox_app)
        service = compose(self.layout, settings, clock=self.clock, to_provider=to_provider)
        cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.service = replace(service, passwords=cheap)
        self.engine = self.service.parts.engine
        self.app = create_service_app(self.service)
        self._housekeeping = Housekeeping(self.service)
        self._accounts: dict[tuple[object, ...], str] = {}
        self._used: set[str] = set()
        self._phones = itertools.count(944_000_001)
        self._addresses = itertools.count(1)
        register = open_register(self.layout.civil_register)
        with register.connect() as connection:
            self.samples: SampleSubjects = sample_subjects(connection)
            self._cases = {
                kind: iter(granted_cases(connection, kind, limit=_MANY)) for kind in self.samples.granted
            }
            self._unfinished = iter(unfinished_divorces(connection, limit=_MANY))
        register.dispose()

    def close(self) -> None:
        self.service.close()
        self.sandbox.engine.dispose()

    # Asking

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        key: str | None = None,
        address: str = "192.0.2.1",
        **given: Any,
    ) -> httpx.Response:
        """One request through the whole application, as from `address`.

        A POST gets a new idempotency key unless `key` names one; the empty key sends none.
        """
        headers = dict(given.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if method == "POST" and key != "":
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        return asyncio.run(self._send(method, path, address, headers=headers, **given))

    async def _send(self, method: str, path: str, address: str, **given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, client=(address, 4711), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, path, **given)

    def get(self, path: str, token: str | None = None) -> Any:
        """What a GET answers, which must be a success."""
        answer = self.ask("GET", path, token=token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, token: str | None, body: Any = None, *, expect: int = 200) -> Any:
        """What a POST answers, which must be as expected."""
        answer = self.ask("POST", path, token=token, json={} if body is None else body)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    def new_address(self) -> str:
        """A client address that nobody has called from, so that counts of attempts start at nought."""
        number = next(self._addresses)
        return f"198.18.{number // 256}.{number % 256}"

    # People

    def case(self, kind: DocumentKind | str = DocumentKind.BIRTH) -> SampleCase:
        """Somebody who may have such a document, and whom no other test has used."""
        return self._unused(self._cases[DocumentKind(kind)])

    def unfinished_divorce(self) -> SampleCase:
        return self._unused(self._unfinished)

    def _unused(self, cases: Iterator[SampleCase]) -> SampleCase:
        case = next(case for case in cases if self._used.isdisjoint({case.applicant, case.subject}))
        self._used |= {case.applicant, case.subject}
        return case

    def new_phone(self) -> str:
        return f"+963{next(self._phones)}"

    def citizen(self, national_number: str) -> str:
        """A session of this person."""
        at, by = self.clock(), system_actor("test")
        key = ("citizen", national_number)
        with self.engine.begin() as connection:
            if key not in self._accounts:
                self._accounts[key] = citizens.enrol_citizen(
                    connection, national_number, self.new_phone(), by=by, at=at
                )
            return issue_token(connection, ActorKind.CITIZEN, self._accounts[key], at=at).text

    def staff(
        self,
        role: Role,
        *,
        agency: str = CIVIL,
        office: str = OFFICE,
        national_number: str | None = None,
    ) -> str:
        """A session of somebody who has this role."""
        return self._staff_session(self.account(role, agency, office, national_number))

    def account(
        self, role: Role, agency: str = CIVIL, office: str = OFFICE, national_number: str | None = None
    ) -> str:
        """The id of the account that has this role, created when it is first needed."""
        key = (role, agency, office, national_number)
        if key not in self._accounts:
            national = role in NATIONAL_ROLES
            new = NewAccount(
                login=f"staff-{len(self._accounts)}",
                full_name="هند المثال",
                roles=frozenset({role}),
                agency=None if national else agency,
                office=None if national else office,
                national_number=national_number or (None if national else STRANGER),
            )
            hashed = self.service.passwords.hash(PASSWORD)
            with self.engine.begin() as connection:
                self._accounts[key] = accounts.create_account(
                    connection, new, password_hash=hashed, by=system_actor("test"), at=self.clock()
                )
        return self._accounts[key]

    def _staff_session(self, account: str) -> str:
        with self.engine.begin() as connection:
            return issue_token(connection, ActorKind.STAFF, account, at=self.clock()).text

    def machine(self, *scopes: Permission, agency: str = CIVIL) -> str:
        """A token of another agency's system, with these scopes."""
        held = frozenset(scopes) | {Permission.SESSION_END}
        with self.engine.begin() as connection:
            client = machines.create_client(
                connection, name="نظام", agency=agency, scopes=held, by=system_actor("test"), at=self.clock()
            )
            asked = " ".join(sorted(held))
            return issue_token(connection, ActorKind.MACHINE, client.id, at=self.clock(), scopes=asked).text

    # Certificates

    def application(self, *, system: str = "archive", key: ec.EllipticCurvePrivateKey | None = None) -> str:
        """The number of an application that nobody has decided on."""
        body = {"agency": CIVIL, "system": system, "request": certificate_request(key)}
        machine = self.machine(Permission.CERTIFICATES_APPLY)
        return str(self.post("/authority/applications", machine, body, expect=201)["number"])

    def enrolled(self, *, system: str = "archive", key: ec.EllipticCurvePrivateKey | None = None) -> str:
        """The serial number of a certificate that two officers approved."""
        number = self.application(system=system, key=key)
        for office in ("one", "two"):
            officer = self.staff(Role.REGISTRATION_OFFICER, office=office)
            answer = self.post(f"/authority/applications/{number}/approvals", officer)
        return str(answer["certificate"])

    # A request, step by step

    def wish(self, case: SampleCase, **changes: Any) -> dict[str, Any]:
        return {
            "service": case.service.value,
            "channel": "self-service",
            "delivery": "electronic",
            "applicant": case.applicant,
            "subject": case.subject,
            **changes,
        }

    def draft(self, case: SampleCase, token: str, **changes: Any) -> str:
        """An open request with its documents handed in."""
        number = str(self.post("/requests", token, self.wish(case, **changes), expect=201)["number"])
        assert self.hand_in(number, token).status_code == 204
        return number

    def hand_in(self, number: str, token: str, content: bytes = IDENTITY_PAGE) -> httpx.Response:
        headers = {"Content-Type": "application/pdf"}
        path = f"/requests/{number}/attachments/identity"
        return self.ask("PUT", path, token=token, content=content, headers=headers)

    def submitted(self, case: SampleCase, token: str, **changes: Any) -> str:
        """A request that waits for its payment."""
        number = self.draft(case, token, **changes)
        self.post(f"/requests/{number}/submission", token)
        return number

    def paid(self, case: SampleCase, token: str, **changes: Any) -> str:
        """A request whose fees were paid through the electronic provider."""
        number = self.submitted(case, token, **changes)
        payment = self.post(f"/requests/{number}/payments", token, {"provider": "e-payments"}, expect=201)
        self.payer_decides(payment["pay_url"])
        self.deliver_webhooks()
        return number

    def payer_decides(self, pay_url: str, decision: str = "approve") -> None:
        """The payer presses a button on the provider's page."""
        with httpx.Client(transport=InProcessTransport(self.sandbox_app)) as browser:
            answer = browser.post(pay_url, data={"decision": decision})
        assert answer.status_code == 303, answer.text

    def deliver_webhooks(self) -> int:
        """The provider's webhooks that are due arrive; how many were taken."""
        return self.sandbox.courier.deliver_due()

    def fault(self, fault: Fault, *, times: int = 1) -> None:
        """Let the provider misbehave at its next occasion."""
        with self.sandbox.engine.begin() as connection:
            order_fault(connection, fault, times=times)

    def state(self, number: str) -> State:
        with self.engine.begin() as connection:
            return load_request(connection, number).state

    def work(self, number: str) -> State:
        """Do what a worker does, until the request waits for somebody, is done or is held."""
        fulfilment, state = self.service.fulfilment, self.state(number)
        while state in AUTOMATIC:
            try:
                state = fulfilment.run(number, state)
            except Exception as error:  # noqa: BLE001  (as the worker: whatever it is, the request is set aside)
                stopped = stoppage_of(error)
                state = fulfilment.hold(number, state, code=stopped.code, words=stopped.words)
        return state

    def delivered(self, case: SampleCase, token: str, **changes: Any) -> Delivered:
        """A document in its holder's hands."""
        number = self.paid(case, token, **changes)
        assert self.work(number) is State.DELIVERED
        return self.holds(case, number, token)

    def holds(self, case: SampleCase, number: str, token: str) -> Delivered:
        """What a request led to."""
        (document,) = self.get(f"/requests/{number}/documents", token)["items"]
        pdf = self.ask("GET", f"/documents/{document['number']}/file", token=token)
        assert pdf.status_code == 200
        with self.engine.begin() as connection:
            row = connection.exec_driver_sql(
                "SELECT seal_text, check_code FROM documents WHERE number = ?", (document["number"],)
            ).one()
        return Delivered(
            case=case,
            request=number,
            number=document["number"],
            pdf=pdf.content,
            token=token,
            seal_text=row.seal_text,
            check_code=row.check_code,
        )

    # Time, messages, verification

    def later(self, **how_long: float) -> None:
        """Time passes, and the service keeps its house."""
        self.clock.now += timedelta(**how_long)
        self._housekeeping.make_round()

    def messages(self, *, containing: str) -> list[str]:
        """The texts sent so far in which this stands, oldest first."""
        if not self.layout.outbox.exists():
            return []
        lines = self.layout.outbox.read_text(encoding="utf-8").splitlines()
        texts = [json.loads(line)["text"] for line in lines]
        return [text for text in texts if containing in text]

    def link(self, number: str) -> str:
        """The path of the newest link that was sent for a request."""
        found = re.search(r"/d/[A-Za-z0-9_-]+", self.messages(containing=number)[-1])
        assert found is not None
        return found[0]

    def verify(self, *arguments: str, trust: Path | None = None) -> Ran:
        """Run `wathiqa-verify` at this instant with what is published."""
        public = str(trust or self.layout.public)
        return run(verify_main, "wathiqa-verify", *arguments, "--trust", public, "--at", f"{self.clock()}")


def run(entry: Any, *arguments: str) -> Ran:
    """Run the entry point of a command in this process."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", list(arguments)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            entry()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())
