"""A stolen key of seal codes or status lists: what it can still do, and what a crash on the way leaves."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from code_key_site import LINE, CodeKeySite

import issuance.trust_list_publication as publication
from keys.errors import KeyNotFound
from keys.keyring import KeyState
from keys.register import Register
from signing.formats.status_list import Status
from signing.formats.trust_list import FILE_NAME, parse_trust_list
from signing.formats.trust_list import KeyState as ListedState
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import TrustRefused, load_trust


@pytest.fixture
def site(site_of_codes: CodeKeySite) -> CodeKeySite:
    site_of_codes.publish()
    site_of_codes.later(hours=1)
    return site_of_codes


def test_codes_after_it_are_false_and_codes_before_it_undecided(site: CodeKeySite) -> None:
    stolen, before = site.private(LINE), site.code()
    site.later(hours=1)
    site.withdraw()
    site.later(hours=1)
    forged, dated_back = site.forge(stolen, site.now), site.forge(stolen, site.now - timedelta(hours=2))
    genuine = site.code()
    site.publish_status()

    assert site.reason(forged) is Reason.KEY_NOT_PERMITTED
    assert site.reason(before) is Reason.KEY_COMPROMISED
    assert site.reason(dated_back) is Reason.KEY_COMPROMISED, "it cannot be told from a genuine one"
    assert site.generation(genuine) == 2
    assert site.reason(genuine) is Reason.IN_FORCE


def test_a_verifier_that_is_offline_cannot_judge_the_new_key_and_does_not_call_it_false(
    site: CodeKeySite,
) -> None:
    offline = load_trust(site.public, at=site.now)
    site.withdraw()
    site.later(hours=1)
    text = site.code()
    assert validate_seal_code(text, trust=offline, at=site.now).reason is Reason.KEY_TOO_NEW


def test_it_is_never_taken_back(site: CodeKeySite) -> None:
    site.withdraw()
    for _ in range(3):
        site.later(hours=1)
        site.make_round()
    assert [key.state for key in site.seal_keys()] == [ListedState.COMPROMISED, ListedState.ACTIVE]


def test_said_twice_it_is_the_same(site: CodeKeySite) -> None:
    site.withdraw()
    once = site.listed().seal_keys
    site.later(hours=1)
    site.withdraw()
    assert site.listed().seal_keys == once


def test_the_key_that_waits_goes_too(site: CodeKeySite) -> None:
    site.code_keys.rotate(LINE, at=site.now)
    site.publish()
    site.later(hours=1)
    site.withdraw()
    states = [record.state for record in site.keyring.generations(LINE)]
    assert states == [KeyState.RETIRED, KeyState.RETIRED, KeyState.ACTIVE]
    site.later(hours=1)
    assert site.generation(site.code()) == 3


def test_an_older_key_is_withdrawn_alone(site: CodeKeySite) -> None:
    site.code_keys.rotate(LINE, at=site.now)
    site.pass_days(45)
    site.withdraw()
    assert [key.state for key in site.seal_keys()] == [ListedState.COMPROMISED, ListedState.ACTIVE]
    assert site.generation(site.code()) == 2


def test_status_lists_by_a_stolen_key_count_for_nothing(site: CodeKeySite) -> None:
    stolen = site.private("status")
    site.publish_status()
    site.later(hours=1)
    site.withdraw("status")
    closed = site.listed().status_keys[0]
    assert closed.not_after < closed.not_before
    site.entries.set(8, Status.VALID)
    for at in (site.now, site.now - timedelta(hours=1), closed.not_before, closed.not_after):
        site.publish_status(site.forge_list(stolen, at))
        with pytest.raises(TrustRefused, match="status key"):
            load_trust(site.public, at=site.now).status_list(1)
    site.publish_status()
    assert load_trust(site.public, at=site.now).status_list(1).issued_at == site.now


@pytest.mark.parametrize("key_id", ["trust-list", "never-made"])
def test_other_keys_are_not_withdrawn_here(site: CodeKeySite, key_id: str) -> None:
    before = site.listed()
    with pytest.raises(KeyNotFound):
        site.withdraw(key_id)
    assert site.listed() == before


class _Died(BaseException):
    """The process is gone."""


class _Dying:
    """Dies at the n-th durable write: before it is made, or after."""

    def __init__(self, at: int, *, persisted: bool) -> None:
        self.left, self._persisted = at, persisted

    def wrap(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left != 0:
                return write(*args, **kwargs)
            if self._persisted:
                write(*args, **kwargs)
            raise _Died

        return dying

    def break_writes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(publication, "write_public", self.wrap(publication.write_public))
        for act in ("intend", "add", "move"):
            monkeypatch.setattr(Register, act, self.wrap(getattr(Register, act)))


WRITES = 6  # two lists, each kept and published; the next key intended, and added with the other retired


@pytest.mark.parametrize("died_at", range(1, WRITES + 2))
@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
@pytest.mark.parametrize("key_id", [LINE, "status"])
def test_a_process_that_dies_on_the_way_leaves_what_the_next_round_completes(
    site: CodeKeySite, monkeypatch: pytest.MonkeyPatch, died_at: int, key_id: str, *, persisted: bool
) -> None:
    """The operator does not come back."""
    before, dying = site.listed(), _Dying(died_at, persisted=persisted)
    with monkeypatch.context() as patch:
        dying.break_writes(patch)
        with suppress(_Died):
            site.withdraw(key_id)
    assert (dying.left > 0) == (died_at > WRITES), "every write was broken once"
    is_known = any(_is_withdrawn(path.read_bytes(), key_id) for path in (site.public / FILE_NAME, site.kept))
    assert is_known == (died_at > 1 or persisted)

    site.reopen()
    site.later(hours=1)
    site.make_round()
    text = site.code()
    site.publish_status()
    assert site.reason(text) is Reason.IN_FORCE, "signing goes on, by keys that are listed"
    assert site.listed().version > before.version
    assert _is_withdrawn((site.public / FILE_NAME).read_bytes(), key_id) == is_known
    states = [record.state for record in site.keyring.generations(key_id)]
    assert states == ([KeyState.RETIRED, KeyState.ACTIVE] if is_known else [KeyState.ACTIVE])


def _is_withdrawn(signed: bytes, key_id: str) -> bool:
    listed = parse_trust_list(signed).trust_list
    if key_id == "status":
        return listed.status_keys[0].not_after < listed.status_keys[0].not_before
    return listed.seal_keys[0].state is ListedState.COMPROMISED
