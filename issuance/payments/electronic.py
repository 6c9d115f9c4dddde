"""A provider reached over HTTPS by the protocol of docs/formats/payment-provider.md.

One `httpx.Client` with timeouts is handed in and reused. An answer is read
strictly; what cannot be read is no answer: the outcome is then unknown.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from http import HTTPStatus

import httpx

from issuance.payments.errors import ProviderRefused, ProviderUnavailable, WebhookRefused
from issuance.payments.provider import (
    Capabilities,
    IntentOrder,
    RefundOrder,
    Seen,
    SeenState,
    StatementKind,
    StatementLine,
    WebhookNotice,
)
from issuance.payments.webhooks import verify_webhook
from signing.formats.canonical_json import JsonValue

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_TEXT_CHARACTERS = 2048
MAX_ID_CHARACTERS = 120  # the width of our column
MAX_CURRENCY_CHARACTERS = 16  # as above; ISO 4217 has three letters
# Definite refusals. 401 and 403 are not: they say that *we* are misconfigured, not that the payer may not
# pay; 408, 425 and 429 ask us to come again.
_REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.GONE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")
_WEB_ADDRESS = re.compile(r"https?://[!-~]{1,2000}")
_BEYOND_STORAGE = 2**63


class ElectronicProvider:
    """One electronic payment provider."""

    def __init__(
        self,
        *,
        name: str,
        client: httpx.Client,
        base_url: str,
        api_key: str,
        webhook_keys: Sequence[bytes],
        capabilities: Capabilities,
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._webhook_keys = tuple(webhook_keys)

    def create_intent(self, order: IntentOrder) -> Seen:
        """POST /v1/intents."""
        answer = self._call(
            "POST",
            "/v1/intents",
            {
                "reference": order.our_reference,
                "amount": {"minor": order.amount.minor, "currency": str(order.amount.currency)},
                "request_number": order.request_number,
                "expires_at": order.expires_at.astimezone(UTC).isoformat(),
            },
        )
        return self._seen(answer, order.our_reference)

    def sync_by_our_reference(self, our_reference: str) -> Seen | None:
        """GET /v1/intents/{reference}."""
        return self._look_up(f"/v1/intents/{our_reference}", our_reference)

    def refund(self, order: RefundOrder) -> Seen:
        """POST /v1/refunds."""
        answer = self._call(
            "POST",
            "/v1/refunds",
            {
                "reference": order.our_reference,
                "intent_reference": order.intent_reference,
                "amount": {"minor": order.amount.minor, "currency": str(order.amount.currency)},
            },
        )
        return self._seen(answer, order.our_reference)

    def sync_refund(self, our_reference: str) -> Seen | None:
        """GET /v1/refunds/{reference}."""
        return self._look_up(f"/v1/refunds/{our_reference}", our_reference)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> WebhookNotice:
        """Check the signature and read which reference changed; nothing else in it is used.

        Raises:
            WebhookRefused: forged, too old, from the future, or unreadable.
        """
        webhook_id = verify_webhook(headers, body, keys=self._webhook_keys, at=at)
        try:
            reference = json.loads(body)["data"]["reference"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise WebhookRefused(reason="malformed") from error
        if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
            raise WebhookRefused(reason="malformed")
        return WebhookNotice(webhook_id=webhook_id, our_reference=reference)

    def fetch_statement(self, day: date) -> tuple[StatementLine, ...]:
        """GET /v1/statements/{day}."""
        answer = self._call("GET", f"/v1/statements/{day.isoformat()}")
        try:
            return tuple(_statement_line(line) for line in _list(_object(answer)["lines"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderUnavailable(provider=self.name) from error

    def _look_up(self, path: str, our_reference: str) -> Seen | None:
        try:
            return self._seen(self._call("GET", path), our_reference)
        except _NeverReceived:
            return None

    def _call(self, method: str, path: str, body: JsonValue = None) -> JsonValue:
        try:
            response = self._client.request(
                method, f"{self._base_url}{path}", json=body, headers=self._headers, follow_redirects=False
            )
        except httpx.HTTPError as error:
            raise ProviderUnavailable(provider=self.name) from error
        if response.status_code in _REFUSALS:
            raise ProviderRefused(provider=self.name, status=response.status_code)
        answer = self._read(response)
        if response.status_code == HTTPStatus.NOT_FOUND and method == "GET" and _says_unknown(answer):
            raise _NeverReceived
        if response.status_code not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise ProviderUnavailable(provider=self.name, status=response.status_code)
        return answer

    def _read(self, response: httpx.Response) -> JsonValue:
        if len(response.content) > MAX_ANSWER_BYTES:
            raise ProviderUnavailable(provider=self.name)
        try:
            answer: JsonValue = json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable(provider=self.name, status=response.status_code) from error
        return answer

    def _seen(self, answer: JsonValue, our_reference: str) -> Seen:
        try:
            return _parse_seen(answer, our_reference)
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderUnavailable(provider=self.name) from error


class _NeverReceived(Exception):
    """The provider says, in the protocol's words, that it never received this reference."""


def _says_unknown(answer: JsonValue) -> bool:
    # A bare 404 may come from a proxy or a wrong path, and would make us believe that nothing was ordered.
    return isinstance(answer, dict) and answer.get("code") == "reference-unknown"


def _parse_seen(answer: JsonValue, our_reference: str) -> Seen:
    fields = _object(answer)
    if fields["reference"] != our_reference:
        raise ValueError("an answer about another reference")
    minor, currency = _amount(fields["amount"])
    pay_url = fields.get("pay_url")
    return Seen(
        state=SeenState(_text(fields["state"])),
        minor=minor,
        currency=currency,
        provider_reference=_text(fields["id"], longest=MAX_ID_CHARACTERS),
        pay_url=None if pay_url is None else _web_address(_text(pay_url)),
    )


def _statement_line(line: JsonValue) -> StatementLine:
    fields = _object(line)
    minor, currency = _amount(fields["amount"])
    at = datetime.fromisoformat(_text(fields["at"]))
    if at.tzinfo is None:
        raise ValueError("an instant without its zone")
    return StatementLine(
        kind=StatementKind(_text(fields["kind"])),
        our_reference=_text(fields["reference"]),
        provider_reference=_text(fields["id"], longest=MAX_ID_CHARACTERS),
        minor=minor,
        currency=currency,
        at=at.astimezone(UTC),
    )


def _amount(value: JsonValue) -> tuple[int, str]:
    fields = _object(value)
    minor, currency = fields["minor"], _text(fields["currency"], longest=MAX_CURRENCY_CHARACTERS)
    if type(minor) is not int or not 0 <= minor < _BEYOND_STORAGE:
        raise ValueError("an amount that is not an integer of minor units")
    return minor, currency


def _object(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _text(value: JsonValue, *, longest: int = MAX_TEXT_CHARACTERS) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ValueError("not a short text")
    return value


def _web_address(text: str) -> str:
    # It becomes a link for the payer: `javascript:` and the like must not pass.
    if not _WEB_ADDRESS.fullmatch(text):
        raise ValueError("not a web address")
    return text
