"""HTTP answers of the authority, without a framework: status, headers, DER.

Caching by RFC 5019 §6.2 and RFC 9111; entity tags and conditional requests by RFC 9110 §8.8, §13.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TypeAlias

TIMESTAMP_QUERY, TIMESTAMP_REPLY = "application/timestamp-query", "application/timestamp-reply"
OCSP_REQUEST, OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"
CRL, CERTIFICATE = "application/pkix-crl", "application/pkix-cert"
CERTIFICATE_MAX_AGE_SECONDS = 86_400
RETRY_AFTER_SECONDS = 5
OK, NOT_MODIFIED = 200, 304
# Signed and public: anybody's verifier may read it, on whatever page it runs.
FOR_EVERYBODY = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}
_KEPT = 1024


Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer."""

    status: int
    headers: Headers  # names in lower case, as ASGI wants them
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name.encode()), None)


def uncached(media_type: str, body: bytes) -> Reply:
    """For one asker, and not to be kept."""
    return _reply(OK, body, {"content-type": media_type, "cache-control": "no-store"})


def cached(
    media_type: str, body: bytes, *, this_update: datetime, next_update: datetime, now: datetime
) -> Reply:
    """To be kept until half of its life has passed, so that a newer one is seen in time."""
    half = this_update + (next_update - this_update) / 2
    seconds = max(0, int((half - now).total_seconds()))
    return _cached(media_type, body, this_update, next_update, seconds)


def lasting(media_type: str, body: bytes) -> Reply:
    """To be kept for a day: it does not change under its name while it is in force."""
    caching = f"public, max-age={CERTIFICATE_MAX_AGE_SECONDS}"
    return _reply(OK, body, {"content-type": media_type, "etag": entity_tag(body), "cache-control": caching})


def refused(status: int, words: str, **headers: str) -> Reply:
    """A request that HTTP itself lets us refuse; `retry_after` becomes `retry-after`."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    plain = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
    return _reply(status, words.encode() + b"\n", plain | said)


def busy() -> Reply:
    """Too much at once."""
    return refused(503, "too much at once; try again", retry_after=str(RETRY_AFTER_SECONDS))


def unless_known(reply: Reply, *, if_none_match: str | None, if_modified_since: str | None) -> Reply:
    """The same, or 304 where the asker has it already (RFC 9110 §13.2.2)."""
    if reply.status != OK or (if_none_match is None and if_modified_since is None):
        return reply
    tag, modified = reply.header("etag"), reply.header("last-modified")
    if if_none_match is not None:
        tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
        is_known = tag is not None and bool(tags & {tag, "*"})
    else:
        # Ours are compared as they were given out: no date arithmetic that could be got wrong.
        is_known = modified is not None and if_modified_since == modified
    if not is_known:
        return reply
    headers = tuple(pair for pair in reply.headers if pair[0] not in {b"content-type", b"content-length"})
    return Reply(status=NOT_MODIFIED, headers=headers, body=b"")


def entity_tag(body: bytes) -> str:
    """A strong tag: the digest of the octets."""
    return f'"{hashlib.sha256(body).hexdigest()}"'


@lru_cache(maxsize=_KEPT)
def _cached(
    media_type: str, body: bytes, this_update: datetime, next_update: datetime, max_age: int
) -> Reply:
    """Made once a second, however many ask."""
    headers = {
        "content-type": media_type,
        "etag": entity_tag(body),
        "last-modified": format_datetime(this_update, usegmt=True),
        "expires": format_datetime(next_update, usegmt=True),
        "cache-control": f"max-age={max_age}, public, no-transform, must-revalidate",
    }
    return _reply(OK, body, headers)


def _reply(status: int, body: bytes, headers: Mapping[str, str]) -> Reply:
    said = {**FOR_EVERYBODY, **headers, "content-length": str(len(body))}
    return Reply(
        status=status,
        headers=tuple((name.encode(), value.encode("latin-1")) for name, value in said.items()),
        body=body,
    )
