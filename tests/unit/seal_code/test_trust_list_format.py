from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from signing.formats.codes import CODE_TABLES
from signing.formats.fields import FieldKind
from signing.formats.profiles import PROFILES
from signing.formats.trust_list import KeyState, TrustList, encode_trust_list, parse_trust_list
from signing.trust_lists import NotASuccessor, require_successor, sign_trust_list

LISTED_AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)  # of the world's trust list
FAR = LISTED_AT + timedelta(days=1000)


def test_the_list_of_the_tests_is_of_that_day(world: Any) -> None:
    assert world.trust_list().issued_at == LISTED_AT


def test_a_trust_list_survives_its_encoding(world: Any) -> None:
    signed = parse_trust_list((world.public / "trust-list.cwt").read_bytes())
    assert signed.trust_list == world.trust_list()
    assert encode_trust_list(signed.trust_list) == signed.message.content
    signed.message.verify_signature(world.trust_signer.public_key)


def test_a_trust_list_lives_thirty_days_at_most(world: Any) -> None:
    issued_at = world.trust_list().issued_at
    with pytest.raises(ValueError, match="30 days"):
        encode_trust_list(world.trust_list(expires_at=issued_at + timedelta(days=31)))
    with pytest.raises(ValueError, match="30 days"):
        encode_trust_list(world.trust_list(expires_at=issued_at))


def test_the_certificate_must_be_the_signers(world: Any) -> None:
    certificate = parse_trust_list((world.public / "trust-list.cwt").read_bytes()).certificate
    with pytest.raises(ValueError, match="another key"):
        sign_trust_list(world.trust_list(), signer=replace(world.seal), certificate=certificate)


def _later(world: Any, **changes: Any) -> TrustList:
    later: TrustList = world.trust_list(version=8, **changes)
    return later


def test_a_later_list_may_add_and_retire(world: Any) -> None:
    added = replace(PROFILES[0], code=99, kind="another")
    reworded = replace(PROFILES[0], title_en="Extract of one person's entry")
    retired = world.seal_key(state=KeyState.RETIRED)
    more = world.seal_key(kid=b"more", not_before=world.trust_list().issued_at)
    require_successor(
        world.trust_list(),
        _later(world, profiles=(reworded, *PROFILES[1:], added), seal_keys=(retired, more)),
    )


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"not_after": LISTED_AT + SECOND}, id="stopped after the published list"),
        pytest.param({}, {"not_after": LISTED_AT, "state": KeyState.COMPROMISED}, id="stopped at it"),
        pytest.param({"state": KeyState.RETIRED}, {"state": KeyState.COMPROMISED}, id="found out later"),
        pytest.param({"profiles": (1, 2)}, {"profiles": (1, 2, 3)}, id="permitted more profiles"),
    ],
)
def test_a_key_may_lose(world: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
    earlier = world.trust_list(seal_keys=(world.seal_key(**before),))
    require_successor(earlier, _later(world, seal_keys=(world.seal_key(**{**before, **after}),)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"not_after": FAR}, id="a longer window"),
        pytest.param({}, {"not_before": LISTED_AT - timedelta(days=31)}, id="a window from earlier on"),
        pytest.param({}, {"not_before": LISTED_AT}, id="a window from later on"),
        pytest.param({}, {"not_after": LISTED_AT - SECOND}, id="stopped before what stands"),
        pytest.param({"state": KeyState.RETIRED}, {"state": KeyState.ACTIVE}, id="brought back"),
        pytest.param({"state": KeyState.COMPROMISED}, {"state": KeyState.RETIRED}, id="forgiven"),
        pytest.param({}, {"agency": 2}, id="given to another agency"),
        pytest.param({}, {"kid": b"else"}, id="called something else"),
        pytest.param({"profiles": (1, 2)}, {"profiles": (2,)}, id="a profile taken back"),
    ],
)
def test_a_key_never_gains_nor_changes(world: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
    earlier = world.trust_list(seal_keys=(world.seal_key(**before),))
    with pytest.raises(NotASuccessor):
        require_successor(earlier, _later(world, seal_keys=(world.seal_key(**{**before, **after}),)))


def test_a_new_key_signs_nothing_from_before_it_was_listed(world: Any) -> None:
    """Who has the earlier list takes such a code for nobody's: the list is younger and has no such key."""
    new = world.seal_key(kid=b"more", not_before=LISTED_AT - SECOND)
    with pytest.raises(NotASuccessor, match="before it was listed"):
        require_successor(world.trust_list(), _later(world, seal_keys=(world.seal_key(), new)))


def test_no_key_stands_twice(world: Any) -> None:
    twice = (world.seal_key(), world.seal_key(not_after=LISTED_AT))
    with pytest.raises(NotASuccessor, match="twice"):
        require_successor(world.trust_list(), _later(world, seal_keys=twice))


def test_the_window_of_a_status_key_may_be_closed_altogether(world: Any) -> None:
    (key,) = world.trust_list().status_keys
    closed = replace(key, not_after=key.not_before - SECOND)
    require_successor(world.trust_list(), _later(world, status_keys=(closed,)))
    for changed in ((), (replace(key, not_after=FAR),), (replace(key, not_before=LISTED_AT),)):
        with pytest.raises(NotASuccessor):
            require_successor(world.trust_list(), _later(world, status_keys=changed))


def test_the_verification_address_stays(world: Any) -> None:
    with pytest.raises(NotASuccessor, match="address"):
        require_successor(world.trust_list(), _later(world, verify_origin="https://other.example"))


def test_a_later_list_takes_nothing_back(world: Any) -> None:
    """Paper lasts longer than any list."""
    altered = replace(PROFILES[2], fields=PROFILES[2].fields[1:])
    tables = {**CODE_TABLES, "sex": tuple(reversed(CODE_TABLES["sex"]))[:1]}
    for changes in (
        {"version": 7},
        {"version": 8, "profiles": PROFILES[1:]},
        {"version": 8, "profiles": (*PROFILES[:2], altered, *PROFILES[3:])},
        {"version": 8, "tables": tables},
        {"version": 8, "agencies": ()},
        {"version": 8, "seal_keys": ()},
        {"version": 8, "issued_at": world.trust_list().issued_at - timedelta(days=1)},
    ):
        with pytest.raises(NotASuccessor):
            require_successor(world.trust_list(), world.trust_list(**changes))


def test_an_agency_keeps_its_organization_identifier(world: Any) -> None:
    """It is in the seal certificate of every document already issued."""
    first, *others = world.trust_list().agencies
    changed = (replace(first, organization_identifier="NTRSY-0041777"), *others)
    with pytest.raises(NotASuccessor, match="agency"):
        require_successor(world.trust_list(), _later(world, agencies=changed))


def test_an_organization_identifier_names_one_agency(world: Any) -> None:
    """Or a document that one of them sealed would pass for the other's."""
    first, second = world.trust_list().agencies
    shared = replace(second, organization_identifier=first.organization_identifier)
    nobodys = replace(first, organization_identifier="")
    for agencies in ((first, shared), (nobodys, second)):
        with pytest.raises(ValueError, match="organizationIdentifier"):
            encode_trust_list(world.trust_list(agencies=agencies))


def test_numbers_and_names_are_given_once() -> None:
    for numbers in (
        [profile.code for profile in PROFILES],
        [profile.kind for profile in PROFILES],
        *([code.number for code in codes] for codes in CODE_TABLES.values()),
        *([code.key for code in codes] for codes in CODE_TABLES.values()),
        *([field.name for field in profile.fields] for profile in PROFILES),
    ):
        assert len(set(numbers)) == len(numbers)


def test_every_field_can_be_shown() -> None:
    for profile in PROFILES:
        for field in (*profile.fields, *(column for rows in profile.fields for column in rows.columns)):
            assert field.label_ar
            assert field.label_en
            assert (field.table in CODE_TABLES) == (field.kind is FieldKind.CODE)
            assert (field.width > 0) == (field.kind is FieldKind.DIGITS) or field.kind is FieldKind.TEXT
            assert bool(field.columns) == (field.kind is FieldKind.ROWS)
