"""Page cursors: where the next page begins, sealed so that only we can write one.

A cursor holds the sort key of the last row shown, never an offset, so rows that arrive
meanwhile neither repeat nor hide others. It is bound to one list (with its filters) and
one caller by a MAC (HMAC-SHA-256 truncated to 128 bits, RFC 2104 §5).
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeAlias, TypeVar, cast

from fastapi import Query

from issuance.http.errors import CursorNotValid
from issuance.identity.actors import Actor

Position: TypeAlias = list[str | int]

MAX_CURSOR_CHARACTERS = 512
MAX_PAGE = 100
_MAC_BYTES = 16
_T = TypeVar("_T")

PageLimit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most so many items.")]
PageCursor = Annotated[
    str | None, Query(max_length=MAX_CURSOR_CHARACTERS, description="`next` of the page before.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[_T]):
    """Some items of a list and, when there are more, the cursor of the next page."""

    items: Sequence[_T]
    next: str | None


class Cursors:
    """Writes and reads cursors under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: Position, *, listing: str, actor: Actor) -> str:
        """The cursor that continues `listing` after `position` for this actor."""
        payload = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
        sealed = self._mac(payload, listing, actor) + payload
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def decode(self, cursor: str | None, *, listing: str, actor: Actor) -> Position | None:
        """The position to continue after; None for the first page.

        Raises:
            CursorNotValid: tampered with, or of another list or caller.
        """
        if cursor is None:
            return None
        sealed = _decoded(cursor)
        mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload, listing, actor)):
            raise CursorNotValid
        return cast("Position", json.loads(payload))

    def page(
        self,
        rows: Sequence[_T],
        *,
        limit: int,
        position: Callable[[_T], Position],
        listing: str,
        actor: Actor,
    ) -> Page[_T]:
        """A page of `rows`, of which the caller fetched `limit + 1` to see whether there are more."""
        items = rows[:limit]
        more = len(rows) > limit
        next_page = self.encode(position(items[-1]), listing=listing, actor=actor) if more else None
        return Page(items=items, next=next_page)

    def _mac(self, payload: bytes, listing: str, actor: Actor) -> bytes:
        # Lengths in front, so that no two triples are the same bytes.
        parts = [listing.encode(), f"{actor.kind}:{actor.id}".encode(), payload]
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)[:_MAC_BYTES]


def _decoded(cursor: str) -> bytes:
    if len(cursor) > MAX_CURSOR_CHARACTERS or not cursor.isascii():
        raise CursorNotValid
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise CursorNotValid from error
    # One cursor, one spelling: the unused bits of the last character must be zero.
    if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() != cursor:
        raise CursorNotValid
    return sealed
