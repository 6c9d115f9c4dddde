"""Signing and checking webhooks (Standard Webhooks 1.0, symmetric scheme `v1`).

    webhook-id         unique for the message, the same on every delivery attempt
    webhook-timestamp  seconds since 1970 of this attempt
    webhook-signature  `v1,` + base64 HMAC-SHA-256 over `id.timestamp.body`;
                       several, separated by spaces, while secrets rotate

Pure: what was received before is the caller's to know.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from issuance.payments.errors import WebhookRefused

# Standard Webhooks, "Verifying webhook authenticity": allowed difference of clocks, both ways.
WINDOW_SECONDS = 300
SECRET_PREFIX = "whsec_"  # noqa: S105  (the prefix that marks a secret, not one)
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64  # Standard Webhooks, "Symmetric signatures"
MAX_BODY_BYTES = 64 * 1024
MAX_SIGNATURES = 16
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def parse_secret(text: str) -> bytes:
    """The key in `whsec_` + base64.

    Raises:
        ValueError: another form, or a key outside 24 to 64 bytes.
    """
    if not text.startswith(SECRET_PREFIX):
        raise ValueError("a webhook secret begins with whsec_")
    key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise ValueError("a webhook secret holds 24 to 64 bytes")
    return key


def sign_webhook(webhook_id: str, body: bytes, *, keys: Sequence[bytes], at: datetime) -> dict[str, str]:
    """The three headers, with one signature for each key."""
    timestamp = str(int(at.timestamp()))
    signatures = (_signature(key, webhook_id, timestamp, body) for key in keys)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature.decode()}" for signature in signatures),
    }


def verify_webhook(headers: Mapping[str, str], body: bytes, *, keys: Sequence[bytes], at: datetime) -> str:
    """Check that one of `keys` signed this body within five minutes of `at`; the answer is its id.

    Raises:
        WebhookRefused: with `reason` for the log: `malformed`, `too-old`, `from-the-future` or `forged`.
    """
    received = {name.lower(): value for name, value in headers.items()}
    webhook_id = received.get("webhook-id", "")
    timestamp = received.get("webhook-timestamp", "")
    if len(body) > MAX_BODY_BYTES or not _ID.fullmatch(webhook_id) or not _TIMESTAMP.fullmatch(timestamp):
        raise WebhookRefused(reason="malformed")
    given = _given_signatures(received.get("webhook-signature", ""))
    expected = [base64.b64decode(_signature(key, webhook_id, timestamp, body)) for key in keys]
    # No early exit: every pair is compared, so that timing tells nothing of which key matched.
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in given]
    if not any(matches):
        raise WebhookRefused(reason="forged")
    age_seconds = int(at.timestamp()) - int(timestamp)
    if age_seconds > WINDOW_SECONDS:
        raise WebhookRefused(reason="too-old")
    if age_seconds < -WINDOW_SECONDS:
        raise WebhookRefused(reason="from-the-future")
    return webhook_id


def _signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> bytes:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


def _given_signatures(header: str) -> list[bytes]:
    """The `v1` signatures of the header; other versions are passed over, as the specification asks."""
    given = []
    for part in header.split(" ")[:MAX_SIGNATURES]:
        version, _, signature = part.partition(",")
        if version == "v1":
            try:
                given.append(base64.b64decode(signature, validate=True))
            except (binascii.Error, ValueError):
                continue
    return given
