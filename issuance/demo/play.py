"""Plays the scenes from outside: every step is a call to the service's HTTP interface."""

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx

from issuance.catalogue.models import Channel
from issuance.demo.people import CLERK, OFFICER, Scene

PATIENCE_SECONDS = 60.0
PHONE = "+9639440{:05d}"
# The smallest file that is one: what an applicant would photograph is not the point here.
IDENTITY_PAGE = b"%PDF-1.7\n% a picture of an identity card\n%%EOF\n"
_CODE = re.compile(r"[0-9]{6}")
_LINK = re.compile(r"/d/([A-Za-z0-9_-]+)")
_T = TypeVar("_T")


class SceneFailed(Exception):
    """A scene did not go as it must; the message says at which step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What the applicant of a scene holds in the end."""

    scene: Scene
    request: str
    state: str
    number: str
    pdf: bytes
    timings: dict[str, int]  # microseconds per stage
    refunded_minor: int


class Stage:
    """The service, the payment provider and the outbox, as seen from outside."""

    def __init__(
        self,
        *,
        service_url: str,
        provider_url: str,
        provider_key: str,
        outbox: Path,
        passwords: dict[str, str],
    ) -> None:
        self._client = httpx.Client(base_url=service_url, timeout=30)
        self._provider = httpx.Client(
            base_url=provider_url, timeout=30, headers={"Authorization": f"Bearer {provider_key}"}
        )
        self._outbox = outbox
        self._tokens = {login: self._sign_in_staff(login, password) for login, password in passwords.items()}
        self._people: dict[str, tuple[str, str]] = {}  # national number → telephone, token

    def close(self) -> None:
        """Hang up."""
        self._client.close()
        self._provider.close()

    def begin(self, scene: Scene) -> str:
        """Ask, hand in, submit and pay; the number of the request."""
        at_desk = scene.channel is Channel.DESK
        phone, citizen = self._citizen(scene.applicant)
        token = self._tokens[CLERK] if at_desk else citizen
        wish = {
            "service": scene.service.value,
            "channel": scene.channel.value,
            "delivery": "electronic",
            "applicant": scene.applicant,
            "subject": scene.subject,
            "contact": phone,
        }
        number = self._post("/requests", token, wish, expect=201)["number"]
        definition = self._get(f"/services/{scene.service}", token)
        required = [each["id"] for each in definition["required_documents"] if each["when"] is None]
        if not at_desk:
            for document in required:
                self._attach(number, document, token)
        seen = required if at_desk else []
        self._post(f"/requests/{number}/submission", token, {"seen": seen})
        self._pay(number, token, at_desk=at_desk)
        return str(number)

    def approve_if_asked(self, scene: Scene, number: str) -> None:
        """The officer approves, where the service leaves the decision to one."""
        officer = self._tokens[OFFICER]
        if self._get(f"/services/{scene.service}", officer)["decision"] != "officer":
            return

        def arrived() -> str | None:
            state = str(self._get(f"/requests/{number}", officer)["state"])
            return state if state in {"awaiting-decision", "refused", "held"} else None

        if self._wait(arrived, f"{number}: the officer's turn") == "awaiting-decision":
            self._post(f"/requests/{number}/decision", officer, {"approve": True})

    def finish(self, scene: Scene, number: str) -> Delivered:
        """Wait for the end, follow the link, fetch the document."""
        phone, token = self._people[scene.applicant]
        request = self._wait(lambda: self._ended(number, token), f"{number}: delivered or refused")
        document = self._get(f"/requests/{number}/documents", token)["items"][0]
        link = self._wait(lambda: self._message(phone, number), f"{number}: message with a link")
        answer = self._client.get(f"/d/{link}")
        if answer.status_code != httpx.codes.OK:
            raise SceneFailed(f"{number}: the link answers {answer.status_code}")
        refunded = self._refunded(number, token) if scene.is_refused else 0
        return Delivered(
            scene=scene,
            request=number,
            state=request["state"],
            number=document["number"],
            pdf=answer.content,
            timings=document["timings"],
            refunded_minor=refunded,
        )

    def _citizen(self, national_number: str) -> tuple[str, str]:
        """Telephone and session of a citizen, enrolled by the clerk and signed in by one-time code."""
        if national_number not in self._people:
            phone = PHONE.format(len(self._people))
            body = {"national_number": national_number, "phone": phone}
            self._post("/citizens", self._tokens[CLERK], body, expect=201)
            challenge = self._post("/sign-in/codes", None, body, expect=202)["challenge"]
            code = self._wait(lambda: self._find(phone, _CODE), "one-time code")
            session = self._post("/sign-in/code", None, {"challenge": challenge, "code": code})
            self._people[national_number] = (phone, session["access_token"])
        return self._people[national_number]

    def _sign_in_staff(self, login: str, password: str) -> str:
        session = self._post("/sign-in/password", None, {"login": login, "password": password})
        return str(session["access_token"])

    def _attach(self, number: str, document: str, token: str) -> None:
        answer = self._client.put(
            f"/requests/{number}/attachments/{document}",
            content=IDENTITY_PAGE,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/pdf"},
        )
        _expect(answer, httpx.codes.NO_CONTENT)

    def _pay(self, number: str, token: str, *, at_desk: bool) -> None:
        provider = "cash" if at_desk else "e-payments"
        payment = self._post(f"/requests/{number}/payments", token, {"provider": provider}, expect=201)
        if at_desk:
            receipt = f"/requests/{number}/payments/{payment['id']}/cash-receipt"
            self._post(receipt, token, {"amount": payment["amount"]}, expect=201)
            return
        page = payment["pay_url"]
        answer = self._provider.post(page, data={"decision": "approve"})
        _expect(answer, httpx.codes.SEE_OTHER)

    def _ended(self, number: str, token: str) -> dict[str, Any] | None:
        request = self._get(f"/requests/{number}", token)
        if request["state"] == "held":
            raise SceneFailed(f"{number}: held: {request['timeline'][-1]['facts']}")
        return request if request["state"] in {"delivered", "refused"} else None

    def _refunded(self, number: str, token: str) -> int:
        def done() -> int | None:
            payments = self._get(f"/requests/{number}/payments", token)["items"]
            refunds = [refund for payment in payments for refund in payment["refunds"]]
            finished = [refund for refund in refunds if refund["state"] == "refunded"]
            return sum(refund["amount"]["minor"] for refund in finished) if finished else None

        return self._wait(done, f"{number}: refund")

    def _message(self, phone: str, number: str) -> str | None:
        return self._find(phone, _LINK, containing=number)

    def _find(self, phone: str, pattern: re.Pattern[str], *, containing: str = "") -> str | None:
        """The newest match in the messages to `phone`."""
        if not self._outbox.exists():
            return None
        for line in reversed(self._outbox.read_text(encoding="utf-8").splitlines()):
            message = json.loads(line)
            found = pattern.search(message["text"])
            if message["to"] == phone and containing in message["text"] and found:
                return found[found.re.groups]
        return None

    def _get(self, path: str, token: str) -> dict[str, Any]:
        answer = self._client.get(path, headers={"Authorization": f"Bearer {token}"})
        return _expect(answer, httpx.codes.OK)

    def _post(
        self, path: str, token: str | None, body: dict[str, Any], *, expect: int = httpx.codes.OK
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return _expect(self._client.post(path, json=body, headers=headers), expect)

    def _wait(self, ask: Callable[[], _T | None], what: str) -> _T:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while (found := ask()) is None:
            if time.monotonic() > give_up:
                raise SceneFailed(f"waited {PATIENCE_SECONDS:.0f} seconds for: {what}")
            time.sleep(0.05)
        return found


def _expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise SceneFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
        )
    return cast("dict[str, Any]", answer.json()) if answer.content else {}
