"""Generations of the keys of seal codes and status lists: listed, signing, followed by others."""

from datetime import timedelta
from itertools import pairwise

import pytest
from code_key_site import LINE, CodeKeySite

from issuance.code_keys import ADVANCE, CODE_KEY_SIGNS_FOR, OTHERS_ADVANCE, advance_of
from issuance.due import Due, due_publications
from keys.errors import KeyNotActive, KeyNotFound
from signing.formats.trust_list import FILE_NAME, LIFETIME, KeyState
from signing.seal_codes import key_identifier
from signing.trust_lists import NotASuccessor
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import TrustRefused, load_trust

SECOND = timedelta(seconds=1)


@pytest.fixture
def site(site_of_codes: CodeKeySite) -> CodeKeySite:
    site_of_codes.publish()
    return site_of_codes


def test_a_next_generation_is_listed_longer_than_any_list_is_believed_before_it_signs(
    site: CodeKeySite,
) -> None:
    made = site.code_keys.rotate(LINE, at=site.now)
    site.publish()
    first, second = site.seal_keys()
    assert second.not_before == made.active_from == site.now + ADVANCE
    assert second.not_before - site.listed().issued_at > LIFETIME
    assert first.not_after == made.active_from + timedelta(days=7)
    assert site.generation(site.code()) == 1

    site.pass_days(31)
    assert site.generation(site.code()) == 2
    assert site.generation(site.code(site.now - SECOND)) == 1, "begun before, sealed now"

    site.pass_days(8)
    assert [key.state for key in site.seal_keys()] == [KeyState.RETIRED, KeyState.ACTIVE]
    assert site.generation(site.code()) == 2


def test_a_verifier_that_was_offline_all_the_time_never_meets_a_key_it_lacks(site: CodeKeySite) -> None:
    """Its list has expired before the next generation signs."""
    site.publish_status()
    offline = load_trust(site.public, at=site.now)
    site.code_keys.rotate(LINE, at=site.now)
    for _ in range(45):
        site.later(days=1)
        site.make_round()
        text = site.code()
        said = validate_seal_code(text, trust=offline, at=site.now).reason
        assert said in {Reason.STATUS_STALE, Reason.TRUST_STALE}
    assert site.generation(text) == 2


def test_what_was_sealed_by_an_earlier_key_stands(site: CodeKeySite) -> None:
    text = site.code()
    site.code_keys.rotate(LINE, at=site.now)
    site.pass_days(50)
    site.publish_status()
    assert site.seal_keys()[0].not_after < site.now
    assert site.reason(text) is Reason.IN_FORCE


def test_the_key_before_signs_what_was_begun_in_its_time_and_nothing_later(site: CodeKeySite) -> None:
    site.code_keys.rotate(LINE, at=site.now)
    site.pass_days(60)
    with pytest.raises(KeyNotActive):
        site.code(site.now - timedelta(days=40))
    site.publish_status()
    assert site.reason(site.forge(site.private(LINE), site.now)) is Reason.KEY_NOT_PERMITTED


def test_nothing_is_signed_by_a_key_that_is_not_published(site_of_codes: CodeKeySite) -> None:
    site = site_of_codes
    with pytest.raises(KeyNotActive, match="not in the published trust list"):
        site.code()
    with pytest.raises(KeyNotActive):
        site.publish_status()
    site.publish()
    assert site.generation(site.code()) == 1


def test_a_generation_made_in_haste_is_listed_first_and_dated_afterwards(site: CodeKeySite) -> None:
    """`wathiqa keys rotate --in 0`: it signs as soon as it is published, and nothing from before."""
    site.later(hours=1)
    site.keyring.rotate(LINE, at=site.now, active_from=site.now)
    site.later(hours=1)
    assert site.generation(site.code()) == 1
    site.publish()
    assert site.seal_keys()[1].not_before == site.now
    assert site.generation(site.code()) == 2
    assert site.generation(site.code(site.now - SECOND)) == 1


def test_a_suspended_key_is_stood_in_for_by_the_one_before_it(site: CodeKeySite) -> None:
    site.keyring.rotate(LINE, at=site.now, active_from=site.later(hours=1))
    site.publish()
    site.later(hours=1)
    assert site.generation(site.code()) == 2
    site.keyring.suspend(f"{LINE}-2", at=site.now)
    assert site.generation(site.code()) == 1
    site.keyring.suspend(LINE, at=site.now)
    with pytest.raises(KeyNotActive):
        site.code()
    site.keyring.resume(f"{LINE}-2", at=site.now)
    assert site.generation(site.code()) == 2


def test_keys_follow_one_another_by_themselves(site: CodeKeySite) -> None:
    """Seven years without anybody looking; a round every 29 days, as long as a list lives."""
    for _ in range(7 * 365 // 29):
        site.later(days=29)
        site.make_round()
        assert site.generation(site.code()) >= 1, "never a day without a key"
    keys = site.seal_keys()
    between = [key.not_before - before.not_before for before, key in pairwise(keys)]
    assert len(keys) == 4
    assert all(abs(each - CODE_KEY_SIGNS_FOR) < timedelta(days=31) for each in between)
    assert len(site.listed().status_keys) == 4
    assert all(key.kid == key_identifier(key.public_key) for key in keys)


def test_a_key_that_ends_sooner_is_followed_without_a_gap(site: CodeKeySite) -> None:
    """`wathiqa keys limit KEY --days 10`: there are no 31 days for the next one."""
    site.keyring.limit(LINE, max_uses=None, retires_at=site.now + timedelta(days=10))
    for _ in range(20):
        site.later(days=1)
        site.make_round()
        site.code()
    assert site.generation(site.code()) == 2
    first, second = site.seal_keys()
    assert first.not_after == second.not_before


def test_a_service_that_slept_for_years_goes_on_at_once(site: CodeKeySite) -> None:
    text = site.code()
    site.later(days=5 * 365)
    site.make_round()
    assert site.generation(site.code()) == 2
    site.publish_status()
    assert site.reason(text) is Reason.IN_FORCE


def test_a_key_that_people_stopped_is_followed_when_they_say_so(site: CodeKeySite) -> None:
    site.keyring.retire(LINE, at=site.now)
    site.pass_days(900, step=29)
    assert len(site.seal_keys()) == 1
    assert LINE not in {due.what for due in due_publications(site.public, site.code_keys, at=site.now)}
    site.keyring.replace(LINE, at=site.now)
    site.publish()
    assert site.generation(site.code()) == 2


def test_status_lists_pass_from_key_to_key(site: CodeKeySite) -> None:
    site.code_keys.rotate("status", at=site.now)
    for _ in range(40):
        site.later(days=1)
        site.make_round()
        site.publish_status()
        assert load_trust(site.public, at=site.now).status_list(1).issued_at == site.now
    first, second = site.listed().status_keys
    assert first.not_after < site.now < second.not_after


def test_how_long_before_it_signs_a_key_is_made(site: CodeKeySite) -> None:
    assert advance_of(LINE, site.keyring) == advance_of("status", site.keyring) == ADVANCE
    assert advance_of("trust-list", site.keyring) == OTHERS_ADVANCE
    with pytest.raises(KeyNotFound):
        advance_of("no-such-line", site.keyring)


def test_a_period_in_which_keys_would_overtake_one_another_is_refused(site: CodeKeySite) -> None:
    with pytest.raises(ValueError, match="62 days"):
        site.make_code_keys(signs_for=timedelta(days=61))
    assert site.make_code_keys(signs_for=timedelta(days=62)).lines


class TestNeverBack:
    def test_an_emptied_folder_does_not_set_the_list_back(self, site: CodeKeySite) -> None:
        site.later(hours=1)
        site.withdraw()
        before = site.listed()
        (site.public / FILE_NAME).unlink()
        site.later(hours=1)
        site.publish()
        assert site.listed().version == before.version + 1
        assert site.listed().seal_keys == before.seal_keys

    def test_a_folder_set_back_does_not_either(self, site: CodeKeySite) -> None:
        old = (site.public / FILE_NAME).read_bytes()
        site.later(hours=1)
        site.withdraw()
        before = site.listed()
        (site.public / FILE_NAME).write_bytes(old)
        site.later(hours=1)
        site.publish()
        assert site.listed().version == before.version + 1
        assert site.seal_keys()[0].state is KeyState.COMPROMISED

    def test_books_restored_from_a_backup_follow_what_was_published_since(self, site: CodeKeySite) -> None:
        old = site.kept.read_bytes()
        for _ in range(3):
            site.later(hours=1)
            site.publish()
        before = site.listed()
        site.kept.write_bytes(old)
        site.later(hours=1)
        site.publish()
        assert site.listed().version == before.version + 1

    def test_a_strangers_list_is_not_followed(self, site: CodeKeySite) -> None:
        """Who can write the published folder gets no key of his into what the root vouches for."""
        path = site.public / FILE_NAME
        signed = path.read_bytes()
        site.kept.unlink()
        path.write_bytes(signed[:-1] + bytes([signed[-1] ^ 1]))
        with pytest.raises(TrustRefused, match="signature"):
            site.publish()
        path.write_bytes(signed)
        site.publish()

    def test_a_clock_set_back_publishes_nothing(self, site: CodeKeySite) -> None:
        site.later(hours=2)
        site.publish()
        before = (site.public / FILE_NAME).read_bytes()
        site.later(hours=-1)
        with pytest.raises(NotASuccessor, match="earlier"):
            site.publish()
        assert (site.public / FILE_NAME).read_bytes() == before

    def test_who_waited_while_another_published_takes_the_others_instant(self, site: CodeKeySite) -> None:
        site.later(minutes=-1)
        before = site.listed()
        site.publish()
        assert (site.listed().version, site.listed().issued_at) == (before.version + 1, before.issued_at)

    def test_no_status_list_is_dated_before_the_one_that_it_follows(self, site: CodeKeySite) -> None:
        at = site.later(hours=2)
        site.publish_status()
        site.later(minutes=-1)
        site.publish_status()
        assert load_trust(site.public, at=site.now).status_list(1).issued_at == at
        site.later(hours=-1)
        with pytest.raises(NotASuccessor, match=r"status/1\.cwt"):
            site.publish_status()


class TestDue:
    def overdue(self, site: CodeKeySite) -> list[Due]:
        found = due_publications(site.public, site.code_keys, at=site.now)
        return [due for due in found if due.is_overdue(site.now)]

    def test_what_is_published_is_not_overdue(self, site: CodeKeySite) -> None:
        found = due_publications(site.public, site.code_keys, at=site.now)
        assert {due.what for due in found} == {FILE_NAME, *site.code_keys.lines}
        assert self.overdue(site) == []

    def test_lists_are_overdue_long_before_they_expire(self, site: CodeKeySite) -> None:
        site.publish_status()
        site.later(hours=13)
        assert [due.what for due in self.overdue(site)] == ["status/1.cwt"]
        site.later(hours=12)
        late = self.overdue(site)
        assert [due.what for due in late] == ["status/1.cwt", FILE_NAME]
        assert all(due.ends is not None and due.ends > site.now for due in late)

    def test_a_list_of_a_form_of_before_is_overdue(self, site: CodeKeySite) -> None:
        """Verifiers refuse it: whoever comes from 0.2.0 publishes anew."""
        site.publish_status()
        (site.public / "status/1.cwt").write_bytes(b"two bits an entry")

        assert [(due.what, due.ends) for due in self.overdue(site)] == [("status/1.cwt", None)]

    def test_nothing_published_is_overdue(self, site_of_codes: CodeKeySite) -> None:
        assert [due.what for due in self.overdue(site_of_codes)] == [FILE_NAME]

    def test_a_rotation_is_due_in_good_time(self, site: CodeKeySite) -> None:
        found = {due.what: due for due in due_publications(site.public, site.code_keys, at=site.now)}
        ends = found[LINE].ends
        assert ends is not None
        assert ends - found[LINE].by > timedelta(days=365)
        site.code_keys.rotate(LINE, at=site.now)
        found = {due.what: due for due in due_publications(site.public, site.code_keys, at=site.now)}
        assert LINE not in found
