import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keys import gates
from keys.adoption import adopt, adopt_existing
from keys.classes import KeyClass
from keys.custody import Custody
from keys.errors import (
    FormRefused,
    IllegalTransition,
    KeyExists,
    KeyNotActive,
    KeyNotFound,
    KeyNotRegistered,
    KeyRefused,
    KeyUnavailable,
    KeyUsedUp,
    SignatureFaulty,
    UnloggedUse,
    UseLogFailed,
    WrongPurpose,
)
from keys.keyring import Keyring, KeyState
from keys.signer import Algorithm, Purpose, Signer
from keys.states import OVERLAP, TRANSITIONS
from keys.use_log import each_entry, verify_log
from keys.verification import verify_signature

DAY = timedelta(days=1)
LINE = "seal-a"
HELD = [purpose for purpose in Purpose if purpose is not Purpose.ROOT]


@pytest.fixture
def keyring(place: Any) -> Any:
    return place.open()


@pytest.fixture
def sign(specimen: Callable[..., bytes]) -> Callable[[Signer], bytes]:
    """Sign what the key is for, and assert that it is signed."""

    def sign(signer: Signer) -> bytes:
        data = specimen(signer.purpose, signer.public_key)
        signature = signer.sign(data, purpose=signer.purpose)
        verify_signature(signature, data, algorithm=signer.algorithm, public_key=signer.public_key)
        return signature

    return sign


def test_it_is_a_keyring_and_a_custody(keyring: Any) -> None:
    assert isinstance(keyring, Keyring)
    assert isinstance(keyring, Custody)


@pytest.mark.parametrize("purpose", HELD)
def test_a_key_of_each_purpose_signs_what_it_is_for_and_nothing_else(
    place: Any, keyring: Any, sign: Any, specimen: Any, purpose: Purpose
) -> None:
    signer = keyring.obtain("a", purpose=purpose, at=place.clock())

    sign(signer)
    with pytest.raises(FormRefused):
        signer.sign(b"data", purpose=purpose)
    other = next(each for each in Purpose if each is not purpose)
    with pytest.raises(WrongPurpose):
        signer.sign(specimen(purpose, signer.public_key), purpose=other)

    assert keyring.record("a").uses == 1


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ML_DSA_65, Algorithm.RSA3072])
def test_every_algorithm_goes_through_the_gates(
    place: Any, keyring: Any, sign: Any, algorithm: Algorithm
) -> None:
    sign(keyring.obtain("log", purpose=Purpose.LOG, algorithm=algorithm, at=place.clock()))

    (record,) = keyring.records()
    assert (record.algorithm, record.uses) == (algorithm, 1)


def test_a_root_s_key_is_not_for_a_service(place: Any, keyring: Any) -> None:
    """One from before ceremonies is registered, so that it can be found, and lent to nobody."""
    with pytest.raises(WrongPurpose):
        keyring.obtain("root", purpose=Purpose.ROOT, at=place.clock())
    place.custody().generate("root", purpose=Purpose.ROOT)
    adopt(place.registers[0], place.custody().load("root"), backend="software", at=place.clock())

    with pytest.raises(KeyNotFound):
        keyring.load("root")
    assert keyring.key_ids() == []


def test_what_another_process_opens_is_the_same(place: Any, keyring: Any, sign: Any) -> None:
    made = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    again = place.open().obtain(LINE, purpose=Purpose.SEAL, at=place.clock())

    assert again.public_key == made.public_key
    sign(again)
    assert keyring.record(LINE).uses == 1


def test_a_line_of_another_purpose_is_refused(place: Any, keyring: Any) -> None:
    keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())

    with pytest.raises(WrongPurpose):
        keyring.obtain(LINE, purpose=Purpose.SEAL_CODE, at=place.clock())


def test_rotation_overlaps(place: Any, keyring: Any, sign: Any) -> None:
    old = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    begins = place.clock() + 10 * DAY

    waiting = keyring.rotate(LINE, at=place.clock(), active_from=begins)
    assert (waiting.key_id, waiting.generation, waiting.state) == ("seal-a-2", 2, KeyState.PRE_ACTIVE)
    assert keyring.rotate(LINE, at=place.clock(), active_from=begins) == waiting
    new = keyring.load("seal-a-2")
    with pytest.raises(KeyNotActive):
        sign(new)
    assert keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock()).key_id == LINE

    place.clock.advance(10 * DAY)
    assert keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock()).key_id == "seal-a-2"
    sign(new)
    sign(old)  # whoever had it still may

    place.clock.advance(OVERLAP[Purpose.SEAL])
    sign(new)
    with pytest.raises(KeyNotActive):
        sign(old)
    assert [each.state for each in keyring.generations(LINE)] == [KeyState.RETIRED, KeyState.ACTIVE]


def test_replacing_stops_all_older_keys_at_once(place: Any, keyring: Any, sign: Any) -> None:
    old = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    keyring.rotate(LINE, at=place.clock(), active_from=place.clock() + DAY)

    new = keyring.replace(LINE, at=place.clock())

    assert (new.key_id, new.state) == ("seal-a-3", KeyState.ACTIVE)
    assert [each.state for each in keyring.generations(LINE)[:2]] == [KeyState.RETIRED] * 2
    with pytest.raises(KeyNotActive):
        sign(old)
    sign(keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock()))


def test_a_suspended_key_is_stopped_in_every_process_until_it_is_resumed(
    place: Any, keyring: Any, sign: Any
) -> None:
    elsewhere = place.open()
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    sign(signer)

    elsewhere.suspend(LINE, at=place.clock())
    with pytest.raises(KeyNotActive):
        sign(signer)
    with pytest.raises(KeyNotActive):
        keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    elsewhere.resume(LINE, at=place.clock())
    sign(signer)


def test_a_retired_key_never_returns_even_if_the_clock_goes_back(place: Any, keyring: Any, sign: Any) -> None:
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    keyring.limit(LINE, max_uses=None, retires_at=place.clock() + DAY)
    place.clock.advance(DAY)
    with pytest.raises(KeyNotActive):
        keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())

    place.clock.advance(-DAY)

    with pytest.raises(KeyNotActive):
        sign(signer)
    with pytest.raises(IllegalTransition):
        keyring.resume(LINE, at=place.clock())


def test_a_key_is_used_as_often_as_it_may_be_by_all_processes_together(
    place: Any, keyring: Any, sign: Any
) -> None:
    here = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    keyring.limit(LINE, max_uses=20, retires_at=None)
    signers = [here, place.open().load(LINE)]

    def attempt(number: int) -> bool:
        try:
            sign(signers[number % 2])
        except KeyUsedUp:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(attempt, range(60)))

    assert sum(done) == 20
    assert keyring.record(LINE).uses == 20
    verify_log(place.log(KeyClass.SEALS))


def test_destroying_takes_the_key_away_and_keeps_the_record(place: Any, keyring: Any, sign: Any) -> None:
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    with pytest.raises(IllegalTransition):
        keyring.destroy(LINE, at=place.clock())
    keyring.retire(LINE, at=place.clock())

    destroyed = keyring.destroy(LINE, at=place.clock())

    assert destroyed.state is KeyState.DESTROYED
    assert place.custody().key_ids() == []
    assert keyring.key_ids() == []
    assert [each.key_id for each in keyring.records()] == [LINE]
    for attempt in (lambda: sign(signer), lambda: keyring.load(LINE)):
        with pytest.raises((KeyNotActive, KeyNotFound)):
            attempt()
    with pytest.raises(KeyExists):
        keyring.generate(LINE, purpose=Purpose.SEAL)


@pytest.mark.parametrize("before", KeyState)
@pytest.mark.parametrize("after", KeyState)
def test_only_the_table_s_transitions_happen(
    place: Any, keyring: Any, before: KeyState, after: KeyState
) -> None:
    at = place.clock()
    keyring.obtain(LINE, purpose=Purpose.SEAL, at=at)
    if before is KeyState.PRE_ACTIVE:
        key_id = keyring.rotate(LINE, at=at, active_from=at + DAY).key_id
    else:
        key_id = LINE
        reach: dict[KeyState, list[Any]] = {
            KeyState.ACTIVE: [],
            KeyState.SUSPENDED: [keyring.suspend],
            KeyState.RETIRED: [keyring.retire],
            KeyState.DESTROYED: [keyring.retire, keyring.destroy],
        }
        for step in reach[before]:
            step(key_id, at=at)
    acts: dict[KeyState, Any] = {
        KeyState.ACTIVE: keyring.resume,
        KeyState.SUSPENDED: keyring.suspend,
        KeyState.RETIRED: keyring.retire,
        KeyState.DESTROYED: keyring.destroy,
    }
    if after not in acts:
        assert not any(after in following for following in TRANSITIONS.values())
        return

    # Resuming is narrower than the table: a day that has not come is not brought on by it. Destroying again
    # completes what was begun.
    allowed = after in TRANSITIONS[before] and not (
        before is KeyState.PRE_ACTIVE and after is KeyState.ACTIVE
    )
    if allowed or before is after is KeyState.DESTROYED:
        assert acts[after](key_id, at=at).state is after
    else:
        with pytest.raises(IllegalTransition):
            acts[after](key_id, at=at)
        assert keyring.record(key_id).state is before


def test_a_key_that_the_register_does_not_know_is_not_used_until_it_is_adopted(
    place: Any, keyring: Any, sign: Any
) -> None:
    stranger = place.custody().generate(LINE, purpose=Purpose.SEAL)

    for attempt in (
        lambda: keyring.load(LINE),
        lambda: keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock()),
        lambda: keyring.generate(LINE, purpose=Purpose.SEAL),
    ):
        with pytest.raises(KeyNotRegistered, match="wathiqa keys adopt seal-a"):
            attempt()
    assert keyring.key_ids() == []

    adopt(place.registers[0], stranger, backend="software", at=place.clock())
    sign(keyring.load(LINE))


def test_an_installation_from_before_the_register_is_adopted_once(
    place: Any, keyring: Any, sign: Any
) -> None:
    custody = place.custody()
    for key_id in (LINE, "seal-a-2"):
        custody.generate(key_id, purpose=Purpose.SEAL)
    register = place.registers[0]

    adopt_existing(register, custody, backend="software", at=place.clock())

    assert [(each.key_id, each.generation, each.state) for each in keyring.generations(LINE)] == [
        (LINE, 1, KeyState.RETIRED),
        ("seal-a-2", 2, KeyState.ACTIVE),
    ]
    sign(keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock()))
    custody.generate("planted", purpose=Purpose.SEAL)
    adopt_existing(register, custody, backend="software", at=place.clock())
    with pytest.raises(KeyNotRegistered):
        keyring.load("planted")


def test_a_key_that_was_swapped_in_the_backend_is_noticed(place: Any, keyring: Any) -> None:
    keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    custody = place.custody()
    custody.erase(LINE)
    custody.generate(LINE, purpose=Purpose.SEAL)

    with pytest.raises(KeyRefused):
        place.open().load(LINE)


@pytest.mark.parametrize("step", ["generate", "add"])
def test_a_process_that_dies_while_making_a_key_leaves_nothing_in_the_way(
    place: Any, sign: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """After the intent, and after the backend made the key: the next attempt takes it up."""
    custody = place.custody()
    keyring = place.open(custody)

    class Dies(Exception):
        pass

    def die(*_: object, **__: object) -> None:
        raise Dies

    with monkeypatch.context() as patch:
        if step == "generate":
            patch.setattr(custody, "generate", die)
        else:
            patch.setattr(place.registers[-1], "add", die)
        with pytest.raises(Dies):
            keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    held = place.custody().key_ids()

    sign(place.open().obtain(LINE, purpose=Purpose.SEAL, at=place.clock()))
    assert held == ([] if step == "generate" else [LINE])
    assert place.custody().key_ids() == [LINE]


class Double:
    """A custody that misbehaves behind the guard."""

    def __init__(self, custody: Any) -> None:
        self.custody = custody
        self.used = 0
        self.fault: str | None = None
        self.proves = False

    def load(self, key_id: str) -> Any:
        inner = self.custody.load(key_id)
        outer = self

        class Faulty:
            key_id, purpose = inner.key_id, inner.purpose
            algorithm, public_key = inner.algorithm, inner.public_key

            def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
                if outer.fault == "unplugged":
                    raise KeyUnavailable(key_id=key_id, reason="unplugged")
                outer.used += 1
                signature: bytes = inner.sign(data, purpose=purpose)
                return (
                    signature[:-1] + bytes([signature[-1] ^ 1]) if outer.fault == "flips a bit" else signature
                )

        class Proving(Faulty):
            proves_signatures = True

        return Proving() if self.proves else Faulty()

    def generate(self, key_id: str, **options: Any) -> Any:
        self.custody.generate(key_id, **options)
        return self.load(key_id)

    def key_ids(self) -> list[str]:
        found: list[str] = self.custody.key_ids()
        return found

    def use_count(self, key_id: str) -> int:
        assert key_id == LINE
        return self.used


def test_a_wrong_signature_never_leaves(place: Any, sign: Any) -> None:
    backend = Double(place.custody())
    signer = place.open(backend).obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    backend.fault = "flips a bit"

    with pytest.raises(SignatureFaulty):
        sign(signer)


def test_what_the_backend_has_proven_is_not_verified_twice(
    place: Any, sign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    monkeypatch.setattr(gates, "require_signature", lambda *_, **given: verified.append(given["key_id"]))
    backend = Double(place.custody())
    sign(place.open(backend).obtain(LINE, purpose=Purpose.SEAL, at=place.clock()))
    backend.proves = True
    sign(place.open(backend).obtain(LINE, purpose=Purpose.SEAL, at=place.clock()))

    assert verified == [LINE]


def test_an_unplugged_backend_leaves_an_entry_and_no_signature(place: Any, sign: Any) -> None:
    backend = Double(place.custody())
    keyring = place.open(backend)
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    backend.fault = "unplugged"
    with pytest.raises(KeyUnavailable):
        sign(signer)
    backend.fault = None

    sign(signer)

    assert keyring.record(LINE).uses == 2
    keyring.reconcile()


def test_a_use_behind_the_log_s_back_is_found_out(place: Any, sign: Any) -> None:
    backend = Double(place.custody())
    keyring = place.open(backend)
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    sign(signer)
    keyring.reconcile()

    backend.load(LINE).sign(b"behind the guard's back", purpose=Purpose.SEAL)

    with pytest.raises(UnloggedUse):
        keyring.reconcile()


def test_key_files_count_their_own_uses(place: Any, sign: Any) -> None:
    custody = place.custody()
    keyring = place.open(custody)
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    sign(signer)
    keyring.reconcile()

    custody.load(LINE).sign(b"past the guard", purpose=Purpose.SEAL)

    with pytest.raises(UnloggedUse):
        keyring.reconcile()


def test_what_cannot_be_logged_is_not_signed(place: Any, sign: Any) -> None:
    backend = Double(place.custody())
    keyring = place.open(backend)
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    place.logs[-1][KeyClass.SEALS].close()

    with pytest.raises(UseLogFailed):
        sign(signer)

    assert backend.used == 0


def test_a_refused_form_is_neither_logged_nor_signed(place: Any, keyring: Any) -> None:
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())

    with pytest.raises(FormRefused):
        signer.sign(b"anything", purpose=Purpose.SEAL)

    assert keyring.record(LINE).uses == 0


def test_an_entry_says_what_was_signed_by_which_key_for_whom(place: Any, keyring: Any, specimen: Any) -> None:
    signer = keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    data = specimen(Purpose.SEAL, signer.public_key)
    signer.sign(data, purpose=Purpose.SEAL)

    (entry,) = each_entry(place.log(KeyClass.SEALS))
    assert (entry.sequence, entry.key_id, entry.purpose) == (1, LINE, Purpose.SEAL)
    assert entry.digest == hashlib.sha256(data).digest()
    assert (entry.at, entry.caller) == (place.clock(), "in-process")


def test_keys_of_another_class_are_as_if_they_were_not_there(place: Any, keyring: Any) -> None:
    keyring.obtain(LINE, purpose=Purpose.SEAL, at=place.clock())
    services = place.open(classes=(KeyClass.SERVICES,))

    assert services.key_ids() == []
    assert services.records() == ()
    with pytest.raises(KeyNotFound):
        services.load(LINE)
    with pytest.raises(KeyNotFound):
        services.replace(LINE, at=place.clock())
    with pytest.raises(WrongPurpose):
        services.obtain("seal-b", purpose=Purpose.SEAL, at=place.clock())
    assert place.custody().key_ids() == [LINE]


def test_two_processes_that_make_the_same_line_at_once_make_one_key(place: Any) -> None:
    keyrings = [place.open() for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        made = list(
            threads.map(lambda each: each.obtain(LINE, purpose=Purpose.SEAL, at=place.clock()), keyrings)
        )

    assert len({_point(each) for each in made}) == 1
    assert len(keyrings[0].generations(LINE)) == 1


def _point(signer: Signer) -> object:
    assert isinstance(signer.public_key, ec.EllipticCurvePublicKey)
    return signer.public_key.public_numbers()
