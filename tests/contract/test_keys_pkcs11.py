"""What a token may do to us, and what others may do to a token."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from soft_hsm import LABEL, PIN, SoftHsm

from keys import pkcs11 as custody_module
from keys.errors import (
    BackendMissing,
    KeyExists,
    KeyNotFound,
    KeyRefused,
    KeyUnavailable,
    PassphraseMissing,
    SignatureFaulty,
    UnsupportedUse,
)
from keys.passphrase import passphrase_from_environment
from keys.pkcs11 import Pkcs11Custody
from keys.pkcs11_objects import CURVES, key_name, make_pair
from keys.signer import Algorithm, Purpose
from keys.verification import verify_signature

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hsm(token: SoftHsm) -> SoftHsm:
    token.plug_in()
    token.wipe()
    return token


def find(session: pkcs11.Session, kind: ObjectClass, label: str) -> Any:
    (found,) = session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label})
    return found


# What the token holds


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        pytest.param(Attribute.LABEL, "root", id="another name"),
        pytest.param(Attribute.ID, key_name("a", Purpose.ROOT, Algorithm.P256), id="another purpose"),
        pytest.param(Attribute.EXTRACTABLE, True, id="let it out"),
        pytest.param(Attribute.SENSITIVE, False, id="show it"),
    ],
)
def test_who_knows_the_pin_cannot_change_a_key(hsm: SoftHsm, attribute: Attribute, value: object) -> None:
    hsm.custody().generate("a", purpose=Purpose.SEAL)

    with hsm.session() as session:
        private = find(session, ObjectClass.PRIVATE_KEY, "a")
        with pytest.raises(pkcs11.PKCS11Error):
            private[attribute] = value
        with pytest.raises(pkcs11.PKCS11Error):
            private.copy({attribute: value})
        with pytest.raises(pkcs11.PKCS11Error):
            private[Attribute.VALUE]
    assert hsm.custody().load("a").purpose is Purpose.SEAL


def test_a_key_of_another_program_is_neither_lent_nor_listed_nor_overwritten(hsm: SoftHsm) -> None:
    with hsm.session() as session:
        curve = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: CURVES[Algorithm.P256]}, local=True
        )
        curve.generate_keypair(store=True, label="seal-a", id=b"1", capabilities=MechanismFlag.SIGN)
    custody = hsm.custody()

    assert custody.key_ids() == []
    with pytest.raises(KeyRefused):
        custody.load("seal-a")
    with pytest.raises(KeyExists):
        custody.generate("seal-a", purpose=Purpose.SEAL)


def test_a_key_that_was_made_elsewhere_is_refused(hsm: SoftHsm) -> None:
    """Its name is right, but the token does not vouch that it made it (CKA_LOCAL)."""
    with hsm.session() as session:
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.PRIVATE_KEY,
                Attribute.KEY_TYPE: KeyType.EC,
                Attribute.EC_PARAMS: CURVES[Algorithm.P256],
                Attribute.VALUE: b"\x01" * 32,
                Attribute.TOKEN: True,
                Attribute.SIGN: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
                Attribute.MODIFIABLE: False,
                Attribute.LABEL: "seal-a",
                Attribute.ID: key_name("seal-a", Purpose.SEAL, Algorithm.P256),
            }
        )

    with pytest.raises(KeyRefused, match="does not vouch"):
        hsm.custody().load("seal-a")


def test_two_keys_of_one_name_are_refused(hsm: SoftHsm) -> None:
    hsm.custody().generate("a", purpose=Purpose.SEAL)
    with hsm.session() as session:
        make_pair(session, "a", Purpose.ROOT, Algorithm.P256)

    with pytest.raises(KeyRefused, match="several"):
        hsm.custody().load("a")


def test_a_public_half_put_in_place_of_the_own_one_is_refused(hsm: SoftHsm) -> None:
    hsm.custody().generate("a", purpose=Purpose.SEAL)
    with hsm.session() as session:
        public = find(session, ObjectClass.PUBLIC_KEY, "a")
        name, point = public[Attribute.ID], public[Attribute.EC_POINT]
        public.destroy()
        with pytest.raises(KeyRefused, match="missing or was replaced"):
            hsm.custody().load("a")
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.PUBLIC_KEY,
                Attribute.KEY_TYPE: KeyType.EC,
                Attribute.EC_PARAMS: CURVES[Algorithm.P256],
                Attribute.EC_POINT: point,
                Attribute.TOKEN: True,
                Attribute.LABEL: "a",
                Attribute.ID: name,
            }
        )

    with pytest.raises(KeyRefused, match="missing or was replaced"):
        hsm.custody().load("a")


def test_a_race_with_another_process_leaves_one_key_or_none(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Theirs was made after we looked: who sees two afterwards withdraws its own."""
    hsm.custody().generate("a", purpose=Purpose.SEAL)
    monkeypatch.setattr(custody_module, "_require_free", lambda *_: None)
    with pytest.raises(KeyExists):
        hsm.custody().generate("a", purpose=Purpose.ROOT)

    assert hsm.labels(ObjectClass.PRIVATE_KEY) == ["a"]
    assert hsm.labels(ObjectClass.PUBLIC_KEY) == ["a"]
    assert hsm.custody().load("a").purpose is Purpose.SEAL


# A token that goes away


def test_a_token_pulled_out_answers_unavailable_and_signs_again_when_back(hsm: SoftHsm) -> None:
    custody = hsm.custody()
    signer = custody.generate("a", purpose=Purpose.SEAL)
    with hsm.unplugged():
        for _ in range(2):
            with pytest.raises(KeyUnavailable):
                signer.sign(b"data", purpose=Purpose.SEAL)
        with pytest.raises(KeyUnavailable):
            custody.generate("b", purpose=Purpose.SEAL)
        with pytest.raises(KeyUnavailable):
            custody.load("c")
        with pytest.raises(KeyUnavailable):
            custody.key_ids()
        with pytest.raises(KeyUnavailable):
            hsm.custody().load("a")

    signature = signer.sign(b"data", purpose=Purpose.SEAL)
    verify_signature(signature, b"data", algorithm=signer.algorithm, public_key=signer.public_key)
    assert custody.key_ids() == ["a"]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda custody: custody.load("b"), id="for a key that there is not"),
        pytest.param(lambda custody: custody.load("a"), id="for a key"),
        pytest.param(lambda custody: custody.key_ids(), id="for all"),
        pytest.param(lambda custody: custody.generate("b", purpose=Purpose.SEAL), id="for a new one"),
    ],
)
def test_a_token_pulled_out_is_not_taken_for_an_empty_one(
    hsm: SoftHsm, ask: Callable[[Pkcs11Custody], object]
) -> None:
    """SoftHSM finds nothing then, and calls that a success; a key would be made a second time."""
    hsm.custody().generate("a", purpose=Purpose.SEAL)
    custody = hsm.custody()
    assert custody.key_ids() == ["a"]

    with hsm.unplugged(), pytest.raises(KeyUnavailable):
        ask(custody)


def test_a_token_that_was_away_between_two_signatures_is_not_noticed(hsm: SoftHsm) -> None:
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)
    with hsm.unplugged(), pytest.raises(KeyUnavailable):
        hsm.custody().key_ids()  # which resets the library that both share

    signature = signer.sign(b"data", purpose=Purpose.SEAL)
    verify_signature(signature, b"data", algorithm=signer.algorithm, public_key=signer.public_key)


class GoesAway:
    """The library's boundary: a private key whose token is pulled out in the middle of C_Sign."""

    def __init__(self, fault: type[Exception], times: int) -> None:
        self.fault, self.times, self.asked = fault, times, 0

    def __call__(self, key: Any, data: bytes, algorithm: Algorithm) -> bytes:
        self.asked += 1
        if self.asked <= self.times:
            key.sign(data[:32].ljust(32), mechanism=pkcs11.Mechanism.ECDSA)
            raise self.fault
        return _SIGN_WITH(key, data, algorithm)


_SIGN_WITH = custody_module.sign_with
PULLED_OUT = [
    pkcs11.DeviceRemoved,
    pkcs11.SessionHandleInvalid,
    pkcs11.TokenNotPresent,
    pkcs11.UserNotLoggedIn,
    pkcs11.DeviceError,
    pkcs11.ObjectHandleInvalid,
    pkcs11.GeneralError,
]


@pytest.mark.parametrize("fault", PULLED_OUT)
def test_pulled_out_in_mid_signature_it_is_asked_once_more(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)
    token = GoesAway(fault, times=1)
    monkeypatch.setattr(custody_module, "sign_with", token)

    signature = signer.sign(b"data", purpose=Purpose.SEAL)

    assert token.asked == 2
    verify_signature(signature, b"data", algorithm=signer.algorithm, public_key=signer.public_key)


@pytest.mark.parametrize("fault", PULLED_OUT)
def test_pulled_out_again_and_again_it_is_unavailable_and_nothing_is_signed(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)
    token = GoesAway(fault, times=9)
    monkeypatch.setattr(custody_module, "sign_with", token)

    with pytest.raises(KeyUnavailable):
        signer.sign(b"data", purpose=Purpose.SEAL)
    assert token.asked == 2


@pytest.mark.parametrize("answer", [b"", b"\0" * 63, b"\0" * 64, b"\1" * 64, b"\0" * 128], ids=len)
def test_half_a_signature_and_a_wrong_one_are_thrown_away(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)

    class Token:
        label = "a"

        def sign(self, *_: object, **__: object) -> bytes:
            return answer

    monkeypatch.setattr(
        custody_module, "sign_with", lambda _, data, algorithm: _SIGN_WITH(Token(), data, algorithm)
    )
    with pytest.raises(SignatureFaulty):
        signer.sign(b"data", purpose=Purpose.SEAL)


def test_another_token_of_the_same_name_signs_nothing_for_the_first_ones_key(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    """Its key has the same name, too; what it answers does not verify."""
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)
    other = SoftHsm(tmp_path)
    with hsm.unplugged():
        other.custody().generate("a", purpose=Purpose.SEAL)
        with pytest.raises(SignatureFaulty):
            signer.sign(b"data", purpose=Purpose.SEAL)
    hsm.plug_in()


def test_a_key_erased_by_another_process_signs_nothing_more(hsm: SoftHsm) -> None:
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)
    hsm.wipe()

    with pytest.raises(KeyNotFound):
        signer.sign(b"data", purpose=Purpose.SEAL)


def test_one_custody_may_close_or_reset_while_threads_sign_with_another(hsm: SoftHsm) -> None:
    signer = hsm.custody().generate("a", purpose=Purpose.SEAL)
    other = hsm.custody()

    def sign(number: int) -> bytes:
        if number % 16 == 0:
            other.key_ids()
            other.close()
        for _ in range(20):  # each close logs every session of the process out
            try:
                return signer.sign(b"data", purpose=Purpose.SEAL)
            except KeyUnavailable:
                continue
        raise AssertionError("never")

    with ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(sign, range(96)))
    for signature in signatures:
        verify_signature(signature, b"data", algorithm=signer.algorithm, public_key=signer.public_key)
    assert len(set(signatures)) == 96


# PIN, library, processes


def run(program: str, hsm: SoftHsm) -> str:
    """A process of its own: login is one per process, so a wrong PIN counts only where nobody is in."""
    begin = f"""
        from keys.pkcs11 import Pkcs11Custody
        from keys.signer import Purpose
        from keys.errors import *
        asked = []
        def pin(text):
            return lambda: asked.append(1) or text.encode()
        def custody(text={PIN!r}):
            return Pkcs11Custody({hsm.library!r}, {LABEL!r}, pin(text))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(begin) + textwrap.dedent(program)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "SOFTHSM2_CONF": str(hsm.settings)},
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_wrong_pin_is_refused_and_never_sent_twice(hsm: SoftHsm) -> None:
    hsm.custody().generate("a", purpose=Purpose.SEAL)
    said = run(
        """
        wrong = custody("a pin of others")
        make = lambda: wrong.generate("b", purpose=Purpose.SEAL)
        for act in (lambda: wrong.load("a"), wrong.key_ids, make):
            try:
                act()
            except KeyRefused as error:
                print(error.code, "PinIncorrect" in error.facts["reason"], len(asked))
        print(custody().load("a").purpose)
        """,
        hsm,
    )
    assert said.splitlines() == ["key-refused True 1"] * 3 + ["seal"]


@pytest.mark.parametrize("flag", [pkcs11.TokenFlag.USER_PIN_FINAL_TRY, pkcs11.TokenFlag.USER_PIN_LOCKED])
def test_the_last_try_of_a_token_is_left_to_its_owner(
    hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, flag: pkcs11.TokenFlag
) -> None:
    """Signers that are started anew again and again would otherwise lock it."""

    class LastTry:
        flags = pkcs11.TokenFlag.LOGIN_REQUIRED | flag

        def open(self, **_: object) -> None:
            raise AssertionError("the PIN was sent")

    monkeypatch.setattr("keys.pkcs11_sessions._Connection._find_token", lambda _: LastTry())
    with pytest.raises(KeyRefused, match="own tool"):
        hsm.custody().load("a")


def test_a_forked_process_is_refused_and_the_first_one_goes_on(hsm: SoftHsm) -> None:
    hsm.custody().generate("a", purpose=Purpose.SEAL)
    said = run(
        """
        import os
        signer = custody().load("a")
        child = os.fork()
        if child == 0:
            for act in (lambda: signer.sign(b"data", purpose=Purpose.SEAL), custody().key_ids):
                try:
                    act()
                except UnsupportedUse as error:
                    print(error.facts["reason"], flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print(len(signer.sign(b"data", purpose=Purpose.SEAL)) > 64)
        """,
        hsm,
    )
    assert said.splitlines() == [
        "the process was forked after its token was opened",
        "the library was loaded before this process was forked",
        "True",
    ]


def test_what_is_not_installed_or_not_there_is_named(hsm: SoftHsm, tmp_path: Path) -> None:
    with pytest.raises(BackendMissing, match=r"no-such-library\.so"):
        Pkcs11Custody("/no-such-library.so", LABEL, PIN.encode).key_ids()
    (tmp_path / "text.so").write_text("no library", encoding="utf-8")
    with pytest.raises(BackendMissing, match=r"text\.so"):
        Pkcs11Custody(str(tmp_path / "text.so"), LABEL, PIN.encode).key_ids()
    with pytest.raises(KeyUnavailable, match="NoSuchToken"):
        Pkcs11Custody(hsm.library, "no such token", PIN.encode).key_ids()
    with pytest.raises(PassphraseMissing):
        Pkcs11Custody(hsm.library, LABEL, passphrase_from_environment("NO_SUCH_PIN")).key_ids()


def test_a_pin_that_is_no_text_is_refused_before_the_token_counts_it(hsm: SoftHsm) -> None:
    with pytest.raises(KeyRefused):
        Pkcs11Custody(hsm.library, LABEL, lambda: b"\xff\xfe").key_ids()


def test_what_the_token_cannot_do_is_said_so(hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise pkcs11.MechanismInvalid

    monkeypatch.setattr(custody_module, "make_pair", refuse)
    with pytest.raises(UnsupportedUse, match="MechanismInvalid"):
        hsm.custody().generate("a", purpose=Purpose.SEAL, algorithm=Algorithm.ED25519)
