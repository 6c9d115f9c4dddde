import zlib
from datetime import timedelta
from typing import Any

import pytest

from keys.errors import WrongPurpose
from signing.formats.cbor import Tagged, encode_cbor, parse_cbor
from signing.formats.status_list import (
    MAX_ENTRIES,
    MIN_ENTRIES,
    REVOKED_FOR,
    RevocationReason,
    Status,
    StatusList,
    UnknownStatus,
    parse_status_list,
)
from signing.status_lists import StatusListSigner


def test_entries_lie_as_the_specification_draws_them() -> None:
    """Token Status List §4.1: the entry before stands in the lower bits of an octet."""
    entries = StatusList(bytes.fromhex("21 30 bc") + bytes(MIN_ENTRIES // 2 - 3))
    assert [entries.get(i).value for i in range(6)] == [1, 2, 0, 3, 12, 11]


@pytest.mark.parametrize("value", sorted({*range(16)} - {*Status}))
def test_a_value_that_nobody_has_given_a_meaning_is_refused(value: int) -> None:
    """0 to 3 and 11 to 15 are given; the others are for later versions of the specification."""
    entries = StatusList(bytes([value]) + bytes(MIN_ENTRIES // 2 - 1))
    with pytest.raises(UnknownStatus):
        entries.get(0)
    with pytest.raises(ValueError, match="Status"):
        entries.set(0, value)


def test_every_reason_for_a_revocation_has_its_value() -> None:
    assert set(REVOKED_FOR) == set(RevocationReason)


def test_unused_entries_say_not_issued_and_neighbours_stay() -> None:
    entries = StatusList.not_issued(MIN_ENTRIES)
    assert len(entries) == MIN_ENTRIES
    for index, status in ((0, 0), (1, 1), (2, 2), (MIN_ENTRIES - 1, 0)):
        entries.set(index, status)
    assert [entries.get(i) for i in range(4)] == [
        Status.VALID,
        Status.REVOKED,
        Status.SUSPENDED,
        Status.NOT_ISSUED,
    ]
    assert StatusList.decompress(entries.compress()) == entries


@pytest.mark.parametrize("index", [-1, MIN_ENTRIES])
def test_an_index_outside_the_list_is_refused(index: int) -> None:
    with pytest.raises(IndexError):
        StatusList.not_issued().get(index)
    with pytest.raises(IndexError):
        StatusList.not_issued().set(index, Status.VALID)


def test_a_status_of_more_than_four_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        StatusList.not_issued().set(0, 16)


_WHOLE = zlib.compress(bytes(MIN_ENTRIES // 2))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zlib",
        _WHOLE[:-1],
        _WHOLE + b"\0",
        zlib.compress(bytes(10)),
        zlib.compress(bytes(MAX_ENTRIES // 2 + 1)),
        zlib.compress(bytes(200 << 20)),
    ],
    ids=["empty", "not zlib", "cut short", "bytes behind", "too few", "too many", "a bomb of 200 MB"],
)
def test_a_list_that_does_not_inflate_properly_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="list"):
        StatusList.decompress(data)


def test_a_list_of_mostly_valid_documents_is_small(world: Any) -> None:
    """Two kilobytes at one in a hundred revoked: cheap on a slow network."""
    entries = StatusList(bytes(MIN_ENTRIES // 2))
    for index in range(0, MIN_ENTRIES, 100):
        entries.set((index * 7919) % MIN_ENTRIES, Status.REVOKED)
    world.entries = entries
    world.publish_status()
    assert (world.public / "status/1.cwt").stat().st_size < 4096


def test_the_signed_list_says_what_it_is(world: Any) -> None:
    signed = parse_status_list((world.public / "status/1.cwt").read_bytes())
    assert signed.claims.uri == "https://verify.wathiqa.example/status/1.cwt"
    assert signed.claims.expires_at - signed.claims.issued_at == timedelta(days=3)
    assert signed.claims.entries == world.entries
    signed.message.verify_signature(world.status.public_key)


@pytest.mark.parametrize(
    ("claim", "value"),
    [(2, None), (4, 1), (65533, {"bits": 1, "lst": _WHOLE}), (65533, {"bits": 2}), (65534, -1), (7, 1)],
    ids=["no subject", "expired before issued", "one bit", "no entries", "negative ttl", "one claim more"],
)
def test_other_claims_are_refused(world: Any, claim: int, value: Any) -> None:
    outer = parse_cbor((world.public / "status/1.cwt").read_bytes())
    assert isinstance(outer, Tagged)
    protected, unprotected, content, signature = outer.value  # type: ignore[misc]
    claims = dict(parse_cbor(content))  # type: ignore[arg-type]
    claims[claim] = value
    changed = encode_cbor(Tagged(18, [protected, unprotected, encode_cbor(claims), signature]))
    with pytest.raises(ValueError, match="member"):
        parse_status_list(changed)


def test_only_a_status_key_signs_status_lists(world: Any) -> None:
    signer = StatusListSigner(signer=world.seal, kid=b"abcd", verify_origin="https://verify.wathiqa.example")
    with pytest.raises(WrongPurpose):
        signer.sign(1, world.entries, world.claims().issued_at)
