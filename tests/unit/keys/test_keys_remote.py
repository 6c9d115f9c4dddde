import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.classes import KeyClass
from keys.errors import (
    ActRefused,
    FormRefused,
    KeyExists,
    KeyNotActive,
    KeyNotFound,
    KeyUnavailable,
    KeyUsedUp,
    UnsupportedUse,
    WrongPurpose,
)
from keys.keyring import Keyring, KeyState
from keys.messages import MAX_FRAME, Channel, Message, encode_frame, parse_frame, socket_address
from keys.remote import RemoteKeyring, SignerLink
from keys.signer import Algorithm, Purpose, Signer
from keys.signer_acts import Acts
from keys.signer_server import SignerServer
from keys.use_log import each_entry, verify_log
from keys.verification import verify_signature

DAY = timedelta(days=1)
HELD = [purpose for purpose in Purpose if purpose is not Purpose.ROOT]


@dataclass
class Office:
    """Three signers in threads, and a keyring that asks them."""

    place: Any
    sockets: Path
    keyrings: list[RemoteKeyring] = field(default_factory=list)
    servers: dict[KeyClass, SignerServer] = field(default_factory=dict)

    @property
    def keyring(self) -> RemoteKeyring:
        return self.keyrings[0] if self.keyrings else self.another()

    def path(self, key_class: KeyClass) -> Path:
        return self.sockets / f"{key_class}.sock"

    def start(self, key_class: KeyClass, *, user: int | None = None) -> None:
        guarded = self.place.open(classes=(key_class,))
        server = SignerServer(guarded, self.path(key_class), clock=self.place.clock, user=user)
        threading.Thread(target=server.serve, daemon=True).start()
        self.servers[key_class] = server

    def another(self) -> RemoteKeyring:
        links = {each: SignerLink(self.path(each), look_for_seconds=0) for each in KeyClass}
        self.keyrings.append(RemoteKeyring(links))
        return self.keyrings[-1]

    @contextmanager
    def connection(self, key_class: KeyClass = KeyClass.SEALS) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            with socket_address(self.path(key_class)) as address:
                connection.connect(address)
            yield connection


@pytest.fixture
def office(place: Any, tmp_path: Path) -> Iterator[Office]:
    # A long path: sockets have room for 108 octets, directories do not care.
    sockets = tmp_path / ("a-folder-with-a-long-name-" * 4) / "signers"
    office = Office(place, sockets)
    for key_class in KeyClass:
        office.start(key_class)
    yield office
    for keyring in office.keyrings:
        keyring.close()
    for server in office.servers.values():
        server.stop()


@pytest.fixture
def sign(specimen: Callable[..., bytes]) -> Callable[[Signer], bytes]:
    def sign(signer: Signer) -> bytes:
        data = specimen(signer.purpose, signer.public_key)
        signature = signer.sign(data, purpose=signer.purpose)
        verify_signature(signature, data, algorithm=signer.algorithm, public_key=signer.public_key)
        return signature

    return sign


@pytest.mark.parametrize("purpose", HELD)
def test_every_purpose_is_signed_by_the_process_of_its_class(
    office: Office, sign: Any, purpose: Purpose
) -> None:
    assert isinstance(office.keyring, Keyring)
    signer = office.keyring.obtain("a", purpose=purpose, at=office.place.clock())

    sign(signer)
    with pytest.raises(FormRefused, match="does not sign this"):
        signer.sign(b"data", purpose=purpose)
    with pytest.raises(WrongPurpose):
        signer.sign(b"data", purpose=next(each for each in Purpose if each is not purpose))

    assert office.keyring.record("a").uses == 1
    assert office.keyring.load("a").public_key == signer.public_key
    assert office.keyring.key_ids() == ["a"]


@pytest.mark.parametrize("algorithm", Algorithm)
def test_every_algorithm_travels(office: Office, sign: Any, algorithm: Algorithm) -> None:
    sign(office.keyring.generate("log", purpose=Purpose.LOG, algorithm=algorithm))

    (record,) = office.keyring.records()
    assert (record.algorithm, record.uses) == (algorithm, 1)


def test_what_is_told_of_keys_is_what_the_guard_knows(office: Office, place: Any) -> None:
    at = place.clock()
    for purpose in HELD:
        office.keyring.obtain(purpose.value, purpose=purpose, at=at)
    office.keyring.rotate("seal", at=at, active_from=at + DAY)

    beside = place.open()
    assert office.keyring.records() == beside.records()
    assert office.keyring.generations("seal") == beside.generations("seal")
    assert [each.state for each in office.keyring.generations("seal")] == [
        KeyState.ACTIVE,
        KeyState.PRE_ACTIVE,
    ]
    assert {each.log for each in office.keyring.heads()} == set(KeyClass)
    office.keyring.reconcile()


def test_the_signers_errors_arrive_as_what_they_are(office: Office, place: Any, sign: Any) -> None:
    at = place.clock()
    signer = office.keyring.obtain("seal-a", purpose=Purpose.SEAL, at=at)
    place.open().limit("seal-a", max_uses=1, retires_at=None)
    sign(signer)
    with pytest.raises(KeyUsedUp):
        sign(signer)
    office.keyring.suspend("seal-a", at=at)
    with pytest.raises(KeyNotActive) as caught:
        sign(signer)
    assert caught.value.facts == {"key_id": "seal-a", "state": "suspended"}
    with pytest.raises(KeyExists):
        office.keyring.generate("seal-a", purpose=Purpose.SEAL)
    for attempt in (office.keyring.load, office.keyring.record):
        with pytest.raises(KeyNotFound):
            attempt("nobody")
    assert office.keyring.generations("nobody") == ()


def test_over_the_socket_keys_are_stopped_and_followed_but_never_let_loose(
    office: Office, place: Any
) -> None:
    """A stolen web process may do harm by stopping keys; it cannot undo what stopped one, nor erase."""
    at, keyring = place.clock(), office.keyring
    keyring.obtain("seal-a", purpose=Purpose.SEAL, at=at)
    keyring.suspend("seal-a", at=at)

    for attempt in (
        lambda: keyring.resume("seal-a", at=at),
        lambda: keyring.limit("seal-a", max_uses=None, retires_at=None),
        lambda: keyring.destroy("seal-a", at=at),
    ):
        with pytest.raises(ActRefused):
            attempt()
    assert keyring.record("seal-a").state is KeyState.SUSPENDED
    assert keyring.replace("seal-a", at=at).key_id == "seal-a-2"
    assert keyring.retire("seal-a-2", at=at).state is KeyState.RETIRED


def test_the_time_is_the_signers_own(office: Office, place: Any, sign: Any) -> None:
    at = place.clock()
    office.keyring.obtain("seal-a", purpose=Purpose.SEAL, at=at)
    office.keyring.rotate("seal-a", at=at, active_from=at + DAY)

    later = office.keyring.obtain("seal-a", purpose=Purpose.SEAL, at=at + 5 * DAY)

    assert later.key_id == "seal-a"
    with pytest.raises(KeyNotActive):
        sign(office.keyring.load("seal-a-2"))


def test_nobody_is_asked_for_a_root_s_key(office: Office) -> None:
    with pytest.raises(UnsupportedUse, match="ceremonies"):
        office.keyring.obtain("root", purpose=Purpose.ROOT, at=office.place.clock())


def test_another_user_is_not_heard(office: Office) -> None:
    office.servers[KeyClass.SEALS].stop()
    office.start(KeyClass.SEALS, user=os.geteuid() + 1)

    with pytest.raises(KeyUnavailable):
        office.another().obtain("seal-a", purpose=Purpose.SEAL, at=office.place.clock())
    assert office.path(KeyClass.SEALS).stat().st_mode & 0o777 == 0o600
    assert office.sockets.stat().st_mode & 0o777 == 0o700


def test_many_ask_at_once(office: Office, place: Any, sign: Any) -> None:
    signers = [
        office.keyring.obtain(purpose.value, purpose=purpose, at=place.clock())
        for purpose in (Purpose.SEAL, Purpose.SEAL_CODE, Purpose.TIMESTAMP, Purpose.OCSP)
    ]

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(lambda number: sign(signers[number % 4]), range(240)))

    assert [office.keyring.record(each.key_id).uses for each in signers] == [60] * 4
    for key_class in (KeyClass.SEALS, KeyClass.SERVICES):
        assert verify_log(place.log(key_class)).sequence == 120


def test_the_log_says_which_process_asked(office: Office, place: Any, sign: Any) -> None:
    sign(office.keyring.obtain("seal-a", purpose=Purpose.SEAL, at=place.clock()))

    (entry,) = each_entry(place.log(KeyClass.SEALS))
    assert entry.caller == f"process {os.getpid()} of user {os.geteuid()}"


def test_a_signer_that_is_gone_is_unavailable_and_found_again(office: Office, place: Any, sign: Any) -> None:
    signer = office.keyring.obtain("seal-a", purpose=Purpose.SEAL, at=place.clock())
    sign(signer)
    office.servers[KeyClass.SEALS].stop()

    with pytest.raises(KeyUnavailable):
        sign(signer)
    office.start(KeyClass.SEALS)

    sign(signer)  # over a new connection, with the signer that was lent before
    sign(office.another().load("seal-a"))


def test_a_signer_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keys.remote.ANSWER_WITHIN_SECONDS", 0.05)
    path = tmp_path / "seals.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        with pytest.raises(KeyUnavailable, match="timed out"):
            SignerLink(path).ask("ping")


def test_whoever_asks_and_does_not_listen_is_left(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers fill the pipe; the thread that sends them waits no longer than it must."""
    monkeypatch.setattr("keys.signer_server._SEND_WITHIN", struct.pack("ll", 0, 50_000))
    question = encode_frame(Message({"act": "records"}))
    with office.connection() as deaf:
        deaf.settimeout(0.2)
        with pytest.raises(OSError, match=r"timed out|Broken pipe|reset"):  # noqa: PT012  (until it is full)
            while True:
                deaf.sendall(question * 100)

    assert SignerLink(office.path(KeyClass.SEALS)).is_there()


def test_what_drops_connections_is_asked_again_a_few_times(tmp_path: Path) -> None:
    """As a process does that is being killed: its socket still takes connections."""
    path, asked = tmp_path / "seals.sock", []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def drop() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(4096))
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(encode_frame(Message({}, b"[]")))

        thread = threading.Thread(target=drop)
        thread.start()
        keyring = RemoteKeyring({KeyClass.SEALS: SignerLink(path)})
        assert keyring.key_ids() == []
        thread.join()
        keyring.close()

    assert len(asked) == 4


def test_what_may_not_be_done_twice_is_asked_once(tmp_path: Path) -> None:
    path, asked = tmp_path / "seals.sock", []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def drop() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))

        thread = threading.Thread(target=drop)
        thread.start()
        keyring = RemoteKeyring({KeyClass.SEALS: SignerLink(path, look_for_seconds=5)})
        with pytest.raises(KeyUnavailable):
            keyring.replace("seal-a", at=datetime.now(UTC))
        thread.join()
        keyring.close()

    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0\0\0",
        struct.pack(">IH", 4, 2) + b"{}",
        struct.pack(">IH", 4, 2) + b"[]",
        struct.pack(">I", MAX_FRAME + 1),
        encode_frame(Message({"error": "no-such-code", "facts": {}})),
        encode_frame(Message({"error": "key-not-active", "facts": {}})),
        encode_frame(Message({"error": ["key-not-active"], "facts": 1})),
        encode_frame(Message({}, b"not json")),
        encode_frame(Message({}, b"[1]")),
        encode_frame(Message({}, json.dumps({"key_id": "a"}).encode())),
    ],
)
def test_nonsense_for_an_answer_is_no_answer(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "seals.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def reply() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        keyring = RemoteKeyring({KeyClass.SEALS: SignerLink(path, look_for_seconds=0)})
        with pytest.raises(KeyUnavailable):
            keyring.record("a")
        keyring.close()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def all_of(connection: socket.socket) -> bytes:
    """What is answered until the other side closes, as it does with what it has not read."""
    answer = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


SHAPELESS = {
    "nothing before the end": b"\0\0\0\1",
    "a length beyond all bounds": struct.pack(">I", 2**32 - 1),
    "a length just beyond the bound": struct.pack(">I", MAX_FRAME + 1),
    "a header beyond its frame": struct.pack(">IH", 2, 9),
    "no JSON": struct.pack(">IH", 5, 3) + b"abc",
    "no object": struct.pack(">IH", 4, 2) + b"[]",
    "nested without end": struct.pack(">IH", 4002, 4000) + b"[" * 4000,
    "not UTF-8": struct.pack(">IH", 4, 2) + b"\xff\xfe",
}


@pytest.mark.parametrize("shape", SHAPELESS)
def test_a_message_without_form_is_refused_and_the_next_caller_served(office: Office, shape: str) -> None:
    with office.connection() as connection:
        connection.sendall(SHAPELESS[shape])
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        answer = all_of(connection)

    assert answer == b"" or parse_frame(answer[4:]).header["error"] == "key-act-refused"
    assert SignerLink(office.path(KeyClass.SEALS)).is_there()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ("key_id", "line", "purpose", "algorithm", "active_from")


class _Drip:
    """A connection on which an octet comes every few seconds, and never the last one."""

    def __init__(self) -> None:
        self.now, self.within = 0.0, 0.0

    def settimeout(self, seconds: float | None) -> None:
        self.within = 1e9 if seconds is None else seconds

    def recv(self, _: int) -> bytes:
        if self.within < 5.0:
            self.now += self.within
            raise TimeoutError
        self.now += 5.0
        return struct.pack(">I", 100)[:1] if self.now < 3600.0 else b""


def test_a_message_that_drips_is_given_up_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack: one octet a few seconds, each in time, held a thread of the signer for good."""
    drip = _Drip()
    monkeypatch.setattr("keys.messages.monotonic", lambda: drip.now)
    began = 5.0

    with pytest.raises(TimeoutError):
        Channel(drip).receive(within_seconds=10.0)  # type: ignore[arg-type]  # as much of a socket as is asked
    assert drip.now <= began + 10.0


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["sign", "obtain", "generate", "load", "record", "generations", "rotate", "replace", "x"]
    ),
    st.dictionaries(
        st.sampled_from(_FIELDS), _JSON | st.sampled_from(["seal", "P-256", "seal-a"]), max_size=5
    ),
    st.binary(max_size=64),
)
def test_whatever_is_asked_is_answered_and_nothing_is_signed(
    office: Office, act: str, header: dict[str, Any], body: bytes
) -> None:
    with office.connection() as connection:
        answer = Channel(connection).ask(Message({**header, "act": act}, body))

    assert act != "sign" or "error" in answer.header
    assert answer.header.get("error") != "key-unavailable"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_survived(office: Office, data: bytes) -> None:
    with office.connection(KeyClass.SERVICES) as connection:
        connection.sendall(data)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        answer = all_of(connection)

    assert answer == b"" or parse_frame(answer[4:]).header["error"] == "key-act-refused"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.binary(max_size=90), st.integers(1, 40)), min_size=1, max_size=5))
def test_a_message_in_pieces_arrives_whole_and_two_at_once_arrive_one_after_the_other(
    frames: list[tuple[bytes, int]],
) -> None:
    messages = [Message({"number": number}, body) for number, (body, _) in enumerate(frames)]
    sent = b"".join(encode_frame(message) for message in messages)
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def send() -> None:
            at = 0
            for _, size in [*frames, (b"", len(sent))]:
                ours.sendall(sent[at : at + size])
                at += size
            ours.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        thread.start()
        channel = Channel(theirs)
        arrived = [channel.receive(within_seconds=10) for _ in messages]
        assert channel.receive(within_seconds=10) is None
        thread.join()

    assert arrived == messages


@given(st.dictionaries(st.text(max_size=10), _JSON, max_size=4), st.binary())
def test_a_message_arrives_as_it_was_sent(header: dict[str, Any], body: bytes) -> None:
    message = Message(header, body)

    arrived = parse_frame(encode_frame(message)[4:])
    assert arrived.body == body
    assert json.dumps(arrived.header) == json.dumps(header)


def test_what_the_signer_does_not_expect_is_an_answer_too(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = place.open()

    def fail(_: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(keyring, "load", fail)
    answer = Acts(keyring, clock=place.clock).answer(Message({"act": "load", "key_id": "a"}))

    assert answer.header["error"] == "key-unavailable"
    assert "bug" not in json.dumps(answer.header)
