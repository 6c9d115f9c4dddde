import dataclasses
import functools
import hashlib
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from asn1crypto import cms, core, tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ca.timestamp
from ca import timestamp_token
from ca.errors import ClockNotTrusted, ProfileViolation
from ca.profiles import TIMESTAMP_POLICY
from ca.timestamp import TimeStamper
from ca.timestamp_policy import ORDERED, ORDERED_POLICY, SHARED
from ca.timestamp_request import RequestRefused
from keys.errors import KeyUnavailable

DIGEST = hashlib.sha256(b"document").digest()


def a_request(**changes: Any) -> bytes:
    fields = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST},
        "nonce": 0x1234567890ABCDEF,
        "cert_req": True,
    }
    der: bytes = tsp.TimeStampReq({k: v for k, v in (fields | changes).items() if v is not None}).dump()
    return der


def imprint(algorithm: str, digest: bytes) -> dict[str, Any]:
    return {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}


@pytest.fixture
def stamper(pki: Any) -> TimeStamper:
    made: TimeStamper = pki.hierarchy.time_stamper(pki.clock, with_chain=True)
    return made


def answer(stamper: TimeStamper, request: bytes) -> tuple[str, set[str], Any]:
    """Status, failure bits, token, as another library reads them."""
    # The library's TimeStampResp insists on a token, which RFC 3161 §2.4.2 leaves out of refusals.
    parts = core.SequenceOf.load(stamper.respond(request), strict=True, spec=core.Any)
    status = tsp.PKIStatusInfo.load(parts[0].dump(), strict=True)
    token = cms.ContentInfo.load(parts[1].dump(), strict=True) if len(parts) > 1 else None
    return status["status"].native, status["fail_info"].native or set(), token


def info_of(token: Any) -> Any:
    return token["content"]["encap_content_info"]["content"].parsed


def test_a_token_says_what_was_asked_and_when(pki: Any, stamper: TimeStamper) -> None:
    status, failures, token = answer(stamper, a_request())
    info = info_of(token)

    assert (status, failures) == ("granted", set())
    assert info["message_imprint"]["hashed_message"].native == DIGEST
    assert info["gen_time"].native == pki.now
    assert info["nonce"].native == 0x1234567890ABCDEF
    assert info["policy"].dotted == TIMESTAMP_POLICY
    assert info["accuracy"]["seconds"].native == 1
    assert info["ordering"].native is False


def test_a_token_is_signed_by_the_certificate_it_names(pki: Any, stamper: TimeStamper) -> None:
    """RFC 5652 §5.4, RFC 5816."""
    signed = cms.ContentInfo.load(stamper.token(DIGEST), strict=True)["content"]
    signer = signed["signer_infos"][0]
    attributes = {item["type"].native: item["values"][0] for item in signer["signed_attrs"]}
    der = pki.hierarchy.timestamp.der

    content = signed["encap_content_info"]["content"].parsed.dump()
    assert attributes["message_digest"].native == hashlib.sha256(content).digest()
    assert attributes["content_type"].native == "tst_info"
    named = attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native
    assert named == hashlib.sha256(der).digest()
    assert der in {choice.chosen.dump() for choice in signed["certificates"]}
    key = pki.hierarchy.timestamp.signer.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signer["signature"].native, signer["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA256()))


def test_a_token_is_canonical_der(stamper: TimeStamper) -> None:
    """Another library, writing anew what it read, writes the same octets: sets sorted, defaults left out."""
    token = stamper.token(DIGEST, nonce=7)

    assert cms.ContentInfo.load(token, strict=True).dump(force=True) == token


def test_certificates_are_sent_only_when_asked_for(stamper: TimeStamper) -> None:
    """RFC 3161 §2.4.1."""
    _, _, token = answer(stamper, a_request(cert_req=False))

    assert not token["content"]["certificates"]
    assert len(answer(stamper, a_request())[2]["content"]["certificates"]) == 2


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_every_listed_hash_is_stamped(stamper: TimeStamper, name: str) -> None:
    digest = hashlib.new(name, b"document").digest()
    status, _, token = answer(stamper, a_request(message_imprint=imprint(name, digest)))

    assert status == "granted"
    assert info_of(token)["message_imprint"]["hash_algorithm"]["algorithm"].native == name
    assert (
        info_of(cms.ContentInfo.load(stamper.token(digest, name)))["message_imprint"]["hashed_message"].native
        == digest
    )


@pytest.mark.parametrize(
    ("request_der", "failure"),
    [
        pytest.param(a_request(message_imprint=imprint("sha1", bytes(20))), "bad_alg", id="SHA-1"),
        pytest.param(a_request(message_imprint=imprint("md5", bytes(16))), "bad_alg", id="MD5"),
        pytest.param(a_request(message_imprint=imprint("1.2.3.4", bytes(32))), "bad_alg", id="unknown hash"),
        pytest.param(
            a_request(message_imprint=imprint("sha256", bytes(31))), "bad_data_format", id="short digest"
        ),
        pytest.param(
            a_request(message_imprint=imprint("sha256", bytes(64))), "bad_data_format", id="long digest"
        ),
        pytest.param(a_request(version=2), "bad_request", id="version 2"),
        pytest.param(a_request(req_policy="1.2.3.4"), "unaccepted_policy", id="a policy not offered"),
        pytest.param(a_request(nonce=1 << 300), "bad_request", id="a nonce of 38 octets"),
        pytest.param(
            a_request(extensions=[{"extn_id": "1.2.3.4", "critical": False, "extn_value": b""}]),
            "unaccepted_extensions",
            id="an extension",
        ),
        pytest.param(
            a_request(extensions=[{"extn_id": "1.2.3.4", "critical": True, "extn_value": b""}]),
            "unaccepted_extensions",
            id="a critical extension",
        ),
        pytest.param(a_request(req_policy=ORDERED_POLICY), "unaccepted_policy", id="order from a shared key"),
        pytest.param(b"", "bad_data_format", id="nothing"),
        pytest.param(b"\x30\x80\x00\x00", "bad_data_format", id="indefinite length"),
        pytest.param(b"\x30" * 200, "bad_data_format", id="nonsense"),
        pytest.param(a_request() + b"\0", "bad_data_format", id="an octet too many"),
        pytest.param(a_request()[:-1], "bad_data_format", id="an octet too few"),
        pytest.param(b"\x30\x82\x20\x00" + bytes(8192), "bad_request", id="oversized"),
    ],
)
def test_what_cannot_be_stamped_is_refused_with_its_reason(
    stamper: TimeStamper, request_der: bytes, failure: str
) -> None:
    """RFC 3161 §2.4.2."""
    status, failures, token = answer(stamper, request_der)

    assert (status, failures) == ("rejection", {failure})
    assert token is None


@pytest.mark.parametrize(
    ("microsecond", "shown"), [(0, 0), (999, 0), (1000, 1000), (120_500, 120_000), (999_999, 999_000)]
)
def test_the_time_is_said_in_milliseconds(
    pki: Any, stamper: TimeStamper, microsecond: int, shown: int
) -> None:
    """A whole second cut off would be the whole accuracy that is promised."""
    pki.now = pki.now.replace(microsecond=microsecond)
    token = stamper.token(DIGEST)

    at = info_of(cms.ContentInfo.load(token, strict=True))["gen_time"].native
    assert at == pki.now.replace(microsecond=shown)


def ordered(pki: Any, **changes: Any) -> TimeStamper:
    timestamp = pki.hierarchy.timestamp
    arguments = {"policies": [SHARED, ORDERED], "clock": pki.clock, "alone": True} | changes
    return TimeStamper(timestamp.signer, timestamp.certificate, (), **arguments)


def test_ordered_tokens_are_later_each_than_the_one_before_whatever_threads_ask(pki: Any) -> None:
    """RFC 3161 §2.4.2: by genTime alone; here the clock even stands still."""
    stamper, tokens = ordered(pki), []

    def ask() -> None:
        for _ in range(50):
            _, _, token = answer(stamper, a_request(req_policy=ORDERED_POLICY))
            tokens.append(info_of(token))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(info["ordering"].native for info in tokens)
    assert len({info["gen_time"].native for info in tokens}) == len(tokens) == 400
    assert stamper.token(DIGEST, nonce=1)
    assert not info_of(cms.ContentInfo.load(stamper.token(DIGEST)))["ordering"].native


def test_order_is_not_promised_for_a_key_that_others_stamp_with(pki: Any) -> None:
    with pytest.raises(ProfileViolation, match="nobody shares"):
        ordered(pki, alone=False)


def test_no_policy_promises_more_than_the_clock_keeps(pki: Any) -> None:
    exact = dataclasses.replace(SHARED, accuracy=timedelta(milliseconds=100))
    with pytest.raises(ProfileViolation, match="clock's lease"):
        ordered(pki, policies=[exact])


def test_a_form_that_another_library_would_write_otherwise_is_found_before_a_key_is_used(
    pki: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    timestamp, used = pki.hierarchy.timestamp, []
    counting = Counting(timestamp.signer, used)
    for name, wrong in {
        "_VERSION": b"\x02\x01\x02",
        "TST_INFO": b"\x06\x01\x2a",
        "SIGNING_CERTIFICATE_V2": b"\x06\x01\x2a",
        "fractional_time": lambda _: b"20261122080000.500Z",  # DER leaves trailing zeros out
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(timestamp_token, name, wrong)
            with pytest.raises(ProfileViolation):
                TimeStamper(counting, timestamp.certificate, (), clock=pki.clock)

    assert used == []


def test_a_form_is_judged_once_in_a_process_and_another_certificate_s_anew(
    pki: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[Any] = []
    monkeypatch.setattr(ca.timestamp, "lint_form", lambda _, certificate, __: judged.append(certificate))
    monkeypatch.setattr(ca.timestamp, "_judged_form", ca.timestamp._judged_form.__wrapped__)  # noqa: SLF001  (a cache of its own)
    monkeypatch.setattr(ca.timestamp, "_judged_form", functools.lru_cache(ca.timestamp._judged_form))  # noqa: SLF001  (as above)
    unit = pki.hierarchy.timestamp
    for chain in ((), (), unit.chain):
        TimeStamper(unit.signer, unit.certificate, chain, clock=pki.clock)

    assert judged == [unit.certificate] * 2


class Counting:
    """A signer that counts."""

    def __init__(self, signer: Any, used: list[bytes]) -> None:
        self._signer, self._used = signer, used
        self.key_id, self.purpose = signer.key_id, signer.purpose
        self.algorithm, self.public_key = signer.algorithm, signer.public_key

    def sign(self, data: bytes, *, purpose: Any) -> bytes:
        self._used.append(data)
        signature: bytes = self._signer.sign(data, purpose=purpose)
        return signature


def test_what_is_refused_is_not_signed(pki: Any) -> None:
    timestamp, used = pki.hierarchy.timestamp, []
    stamper = TimeStamper(Counting(timestamp.signer, used), timestamp.certificate, (), clock=pki.clock)
    refused = (
        b"",
        b"\x30\x80\x00\x00",
        a_request(version=3),
        a_request(req_policy="1.2.3.4"),
        a_request(message_imprint=imprint("sha1", bytes(20))),
        a_request(message_imprint=imprint("sha256", bytes(20))),
        a_request(nonce=1 << 300),
        b"\x30\x82\x20\x00" + bytes(8192),
    )
    for request in refused:
        assert answer(stamper, request)[0] == "rejection"
    pki.later(days=-1)
    assert answer(stamper, a_request())[1] == {"time_not_available"}
    assert used == []


def test_without_a_lease_nothing_is_stamped(pki: Any) -> None:
    lease = {"holds": True}

    def leased() -> datetime:
        if not lease["holds"]:
            raise ClockNotTrusted(reason="the clock was set back")
        return pki.clock()

    stamper = pki.hierarchy.time_stamper(leased)
    assert answer(stamper, a_request())[0] == "granted"
    lease["holds"] = False
    assert answer(stamper, a_request())[:2] == ("rejection", {"time_not_available"})
    lease["holds"] = True
    assert answer(stamper, a_request())[0] == "granted"


def test_the_offered_policy_may_be_asked_for(stamper: TimeStamper) -> None:
    assert answer(stamper, a_request(req_policy=TIMESTAMP_POLICY))[0] == "granted"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 100), value=st.integers(1, 255))
def test_no_changed_request_does_more_than_draw_an_answer(
    stamper: TimeStamper, position: int, value: int
) -> None:
    request = bytearray(a_request())
    request[position % len(request)] ^= value
    status, _, token = answer(stamper, bytes(request))

    if status == "granted":
        # What was granted is what was asked: another reader finds the same imprint in both.
        asked = tsp.TimeStampReq.load(bytes(request))["message_imprint"]
        assert info_of(token)["message_imprint"].dump() == asked.dump()


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param({"seconds": -5}, id="went back five seconds"),
        pytest.param({"days": 365 * 6}, id="stands after the certificate's end"),
        pytest.param({"days": -1}, id="stands before the certificate's issue"),
    ],
)
def test_a_clock_that_is_not_right_stamps_nothing(
    pki: Any, stamper: TimeStamper, moved: dict[str, float]
) -> None:
    stamper.token(DIGEST)
    pki.later(**moved)

    assert answer(stamper, a_request())[:2] == ("rejection", {"time_not_available"})
    with pytest.raises(RequestRefused):
        stamper.token(DIGEST)


def test_a_clock_that_steps_back_within_its_accuracy_is_let_be(pki: Any, stamper: TimeStamper) -> None:
    pki.later(seconds=10)
    stamper.token(DIGEST)
    pki.later(seconds=-1)

    assert answer(stamper, a_request())[0] == "granted"


def test_a_clock_that_is_known_to_be_wrong_stamps_nothing(pki: Any) -> None:
    def unsynchronised() -> datetime:
        raise RuntimeError("no time source answers")

    stamper = pki.hierarchy.time_stamper(unsynchronised)
    assert answer(stamper, a_request())[:2] == ("rejection", {"time_not_available"})


def test_a_clock_without_a_zone_stamps_nothing(pki: Any) -> None:
    stamper = pki.hierarchy.time_stamper(lambda: datetime(2026, 12, 1))  # noqa: DTZ001  (the mistake itself)

    assert answer(stamper, a_request())[:2] == ("rejection", {"time_not_available"})


def test_another_zone_is_the_same_instant(pki: Any) -> None:
    damascus = timezone(timedelta(hours=3))
    stamper = pki.hierarchy.time_stamper(lambda: pki.now.astimezone(damascus))

    assert info_of(cms.ContentInfo.load(stamper.token(DIGEST)))["gen_time"].native == pki.now.astimezone(UTC)


def test_a_key_that_does_not_answer_is_a_system_failure(pki: Any) -> None:
    timestamp = pki.hierarchy.timestamp

    class Down:
        key_id, purpose = timestamp.signer.key_id, timestamp.signer.purpose
        algorithm, public_key = timestamp.signer.algorithm, timestamp.signer.public_key

        def sign(self, _: bytes, *, purpose: object) -> bytes:
            raise KeyUnavailable(key_id=self.key_id, reason=str(purpose))

    stamper = TimeStamper(Down(), timestamp.certificate, (), clock=pki.clock)
    assert answer(stamper, a_request())[:2] == ("rejection", {"system_failure"})


def test_serial_numbers_of_tokens_do_not_repeat(stamper: TimeStamper) -> None:
    numbers = {
        info_of(cms.ContentInfo.load(stamper.token(DIGEST)))["serial_number"].native for _ in range(200)
    }

    assert len(numbers) == 200
    assert all(0 < number < 1 << 160 for number in numbers)


def test_only_a_time_stamping_certificate_and_its_own_key_will_do(pki: Any) -> None:
    timestamp, ocsp = pki.hierarchy.timestamp, pki.hierarchy.ocsp

    with pytest.raises(ProfileViolation, match="timeStamping"):
        TimeStamper(ocsp.signer, ocsp.certificate, (), clock=pki.clock)
    with pytest.raises(ProfileViolation, match="that of the signer"):
        TimeStamper(ocsp.signer, timestamp.certificate, (), clock=pki.clock)
