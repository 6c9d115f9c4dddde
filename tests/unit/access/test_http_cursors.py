"""Cursors: only ours, only for their list and caller; pages neither repeat nor skip."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance.audit import trail
from issuance.http.cursors import Cursors
from issuance.http.errors import CursorNotValid
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Role

CURSORS = Cursors(bytes(32))
LEILA = Actor(kind=ActorKind.CITIZEN, id="leila", permissions=frozenset())
SAMI = Actor(kind=ActorKind.CITIZEN, id="sami", permissions=frozenset())

positions = st.lists(st.one_of(st.text(max_size=20), st.integers(-(2**53), 2**53)), max_size=3)


@given(positions)
def test_a_cursor_comes_back(position: Any) -> None:
    cursor = CURSORS.encode(position, listing="requests", actor=LEILA)

    assert CURSORS.decode(cursor, listing="requests", actor=LEILA) == position
    assert cursor.isascii()


@given(st.text(max_size=60))
def test_no_text_of_the_caller_s_is_a_cursor(text: Any) -> None:
    with pytest.raises(CursorNotValid):
        CURSORS.decode(text, listing="requests", actor=LEILA)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_is_accepted(place: Any, difference: Any) -> None:
    cursor = CURSORS.encode(["2026-11-22", 17], listing="requests", actor=LEILA)
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    sealed[place % len(sealed)] ^= difference
    forged = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    with pytest.raises(CursorNotValid):
        CURSORS.decode(forged, listing="requests", actor=LEILA)


@pytest.mark.parametrize(
    ("cursors", "listing", "actor"),
    [
        (CURSORS, "requests", SAMI),
        (CURSORS, "requests state=refused", LEILA),
        (CURSORS, "requestscitizen:leila", LEILA),
        (Cursors(bytes(31) + b"\x01"), "requests", LEILA),
    ],
    ids=["another caller", "other filters", "shifted boundary", "another key"],
)
def test_a_cursor_holds_for_its_list_its_caller_and_its_key(cursors: Any, listing: Any, actor: Any) -> None:
    cursor = CURSORS.encode([17], listing="requests", actor=LEILA)

    with pytest.raises(CursorNotValid):
        cursors.decode(cursor, listing=listing, actor=actor)


def test_one_cursor_has_one_spelling() -> None:
    cursor = CURSORS.encode([1], listing="requests", actor=LEILA)

    for other in (cursor + "=", cursor + "==", cursor + "\n", " " + cursor, cursor + "A"):
        with pytest.raises(CursorNotValid):
            CURSORS.decode(other, listing="requests", actor=LEILA)


@given(st.integers(0, 25), st.integers(1, 7))
def test_pages_neither_repeat_nor_skip(count: Any, limit: Any) -> None:
    rows, seen, cursor = list(range(count)), [], None
    for _ in range(count + 1):
        after = CURSORS.decode(cursor, listing="l", actor=LEILA)
        rest = [row for row in rows if after is None or row > after[0]]
        page = CURSORS.page(
            rest[: limit + 1], limit=limit, position=lambda row: [row], listing="l", actor=LEILA
        )
        seen += page.items
        cursor = page.next
        if cursor is None:
            break

    assert seen == rows


def test_over_http_an_auditor_walks_the_trail_and_a_forged_cursor_is_a_400(service: Any) -> None:
    service.hire("auditor", Role.AUDITOR)
    for name in ("a", "b", "c"):
        service.hire(name, Role.OFFICER)
    token = service.token_of("auditor")

    first = service.ask("GET", "/audit/entries?limit=2", token=token).json()
    cursor = first["next"]
    second = service.ask("GET", f"/audit/entries?limit=2&cursor={cursor}", token=token).json()
    forged = service.ask("GET", f"/audit/entries?cursor={cursor[:-2]}AA", token=token)
    elsewhere = service.ask(
        "GET", f"/audit/entries?object_kind=account&object_id=x&cursor={cursor}", token=token
    )

    assert [entry["sequence"] for entry in first["items"] + second["items"]] == [1, 2, 3, 4]
    for refused in (forged, elsewhere):
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-not-valid")


def test_a_person_sees_who_looked_at_their_record_and_nothing_else(service: Any) -> None:
    token = service.citizen_token()
    officer = Actor(kind=ActorKind.STAFF, id="o1", permissions=frozenset())
    with service.engine.begin() as connection:
        trail.record_read(connection, officer, "99010000017", reason="request R-26-1", at=service.clock())
        trail.record_read(connection, officer, "99010000025", reason="request R-26-2", at=service.clock())

    looks = service.ask("GET", "/audit/mine", token=token).json()["items"]

    assert [(look["by"], look["reason"]) for look in looks] == [("staff", "request R-26-1")]
