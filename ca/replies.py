"""HTTP answers of the authority, without a framework: status, headers, DER.

Caching by RFC 5019 §6.2 and RFC 9111; entity tags and conditional requests by RFC 9110 §8.8, §13.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

TIMESTAMP_QUERY, TIMESTAMP_REPLY = "application/timestamp-query", "application/timestamp-reply"
OCSP_REQUEST, OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
CRL, CERTIFICATE = "application/pkix-crl", "application/pkix-cert"
CERTIFICATE_MAX_AGE_SECONDS = 86_400
RETRY_AFTER_SECONDS = 5
OK, NOT_MODIFIED = 200, 304
# Signed and public: anybody's verifier may read it, on whatever page it runs.
FOR_EVERYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; its length is said by whoever sends it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def uncached(media_type: str, body: bytes) -> Reply:
    """For one asker, and not to be kept."""
    headers = {**FOR_EVERYBODY, "Content-Type": media_type, "Cache-Control": "no-store"}
    return Reply(status=OK, headers=headers, body=body)


def cached(
    media_type: str, body: bytes, *, this_update: datetime, next_update: datetime, now: datetime
) -> Reply:
    """To be kept until half of its life has passed, so that a newer one is seen in time."""
    half = this_update + (next_update - this_update) / 2
    seconds = max(0, int((half - now).total_seconds()))
    headers = {
        **_lasting(media_type, body, this_update, next_update),
        "Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate",
    }
    return Reply(status=OK, headers=headers, body=body)


def lasting(media_type: str, body: bytes) -> Reply:
    """To be kept for a day: it does not change under its name while it is in force."""
    headers = {
        **FOR_EVERYBODY,
        "Content-Type": media_type,
        "ETag": entity_tag(body),
        "Cache-Control": f"public, max-age={CERTIFICATE_MAX_AGE_SECONDS}",
    }
    return Reply(status=OK, headers=headers, body=body)


def refused(status: int, words: str, **headers: str) -> Reply:
    """A request that HTTP itself lets us refuse; `Retry_After` becomes `Retry-After`."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    plain = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Reply(status=status, headers={**FOR_EVERYBODY, **plain, **said}, body=words.encode() + b"\n")


def busy() -> Reply:
    """Too much at once."""
    return refused(503, "too much at once; try again", Retry_After=str(RETRY_AFTER_SECONDS))


def unless_known(reply: Reply, *, if_none_match: str | None, if_modified_since: str | None) -> Reply:
    """The same, or 304 where the asker has it already (RFC 9110 §13.2.2)."""
    tag, modified = reply.headers.get("ETag"), reply.headers.get("Last-Modified")
    if if_none_match is not None:
        tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
        is_known = tag is not None and bool(tags & {tag, "*"})
    else:
        # Ours are compared as they were given out: no date arithmetic that could be got wrong.
        is_known = modified is not None and if_modified_since == modified
    if not is_known or reply.status != OK:
        return reply
    headers = {name: value for name, value in reply.headers.items() if name != "Content-Type"}
    return Reply(status=NOT_MODIFIED, headers=headers, body=b"")


def entity_tag(body: bytes) -> str:
    """A strong tag: the digest of the octets."""
    return f'"{hashlib.sha256(body).hexdigest()}"'


@lru_cache(maxsize=_KEPT)
def _lasting(media_type: str, body: bytes, this_update: datetime, next_update: datetime) -> Mapping[str, str]:
    """What stays the same for every asker."""
    return {
        **FOR_EVERYBODY,
        "Content-Type": media_type,
        "ETag": entity_tag(body),
        "Last-Modified": format_datetime(this_update, usegmt=True),
        "Expires": format_datetime(next_update, usegmt=True),
    }
