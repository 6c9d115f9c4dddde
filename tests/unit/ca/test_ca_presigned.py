"""Answers signed beforehand: when, in which order, and what is at hand of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self

import pytest
from cryptography.x509 import ocsp
from sqlalchemy import Connection, event, select

from ca.errors import ClockWrong, LinterRefuses, SignatureWrong
from ca.intents import IntentState
from ca.ocsp import OcspResponder
from ca.ocsp_request import CertificateId, StatusRequest
from ca.presigned import LOOK_EVERY_SECONDS, PresignedAnswers
from ca.presigning import RENEW_AFTER, load_presigned, presign_due
from ca.profiles import PROFILES
from ca.reasons import RevocationReason
from ca.revocation import release, revoke, suspend
from ca.store import find_certificates
from ca.tables import intents
from keys.errors import KeyUnavailable


class Key:
    """The responder's key, counted, and broken where a test wants it."""

    def __init__(self, signer: Any) -> None:
        self._signer = signer
        self.key_id, self.purpose = signer.key_id, signer.purpose
        self.algorithm, self.public_key = signer.algorithm, signer.public_key
        self.signed: list[bytes] = []
        self.answers: Callable[[bytes], bytes] = lambda signature: signature

    def sign(self, data: bytes, *, purpose: Any) -> bytes:
        signature = self._signer.sign(data, purpose=purpose)
        self.signed.append(data)
        return self.answers(signature)


@pytest.fixture
def key(pki: Any) -> Key:
    return Key(pki.hierarchy.ocsp.signer)


@pytest.fixture
def responder(pki: Any, key: Key) -> OcspResponder:
    return OcspResponder(
        issuer_name="issuing",
        issuer=pki.hierarchy.issuing.certificate,
        certificate=pki.hierarchy.ocsp.certificate,
        signer=key,
    )


def answers(pki: Any) -> dict[tuple[str, int], Any]:
    with pki.engine.connect() as connection:
        return {
            (each.hash_name, each.serial_number): ocsp.load_der_ocsp_response(each.der)
            for each in load_presigned(connection)
        }


def seal(pki: Any) -> int:
    serial: int = pki.hierarchy.seal("civil-registry").certificate.serial_number
    return serial


def states(pki: Any) -> list[str]:
    with pki.engine.connect() as connection:
        query = select(intents.c.state).where(intents.c.kind == "ocsp")
        return list(connection.execute(query).scalars())


def test_every_certificate_with_ocsp_gets_an_answer_for_each_name_of_its_issuer(
    pki: Any, responder: OcspResponder
) -> None:
    made = presign_due(pki.engine, responder, at=pki.now)
    with pki.engine.connect() as connection:
        issued = find_certificates(connection, issuer="issuing")
    expected = {
        (name, row.serial_number)
        for row in issued
        if PROFILES[row.profile].has_ocsp
        for name in ("sha1", "sha256")
    }

    found = answers(pki)
    assert found.keys() == expected
    assert made == len(expected) >= 6
    assert {each.certificate_status for each in found.values()} == {ocsp.OCSPCertStatus.GOOD}


def test_nothing_is_signed_again_before_half_a_day(pki: Any, responder: OcspResponder) -> None:
    made = presign_due(pki.engine, responder, at=pki.now)
    assert presign_due(pki.engine, responder, at=pki.now) == 0
    assert presign_due(pki.engine, responder, at=pki.later(hours=11)) == 0
    assert presign_due(pki.engine, responder, at=pki.later(hours=1)) == made
    assert {each.this_update_utc for each in answers(pki).values()} == {pki.now}
    assert timedelta(days=1) > RENEW_AFTER


def test_a_revocation_drops_the_answer_at_once_and_the_next_one_says_so(
    pki: Any, responder: OcspResponder
) -> None:
    presign_due(pki.engine, responder, at=pki.now)
    with pki.engine.begin() as connection:
        revoke(
            connection,
            seal(pki),
            reason=RevocationReason.KEY_COMPROMISE,
            at=pki.later(hours=2),
            invalid_since=pki.now - timedelta(hours=1),
        )
    assert ("sha256", seal(pki)) not in answers(pki)
    assert presign_due(pki.engine, responder, at=pki.now) == 2

    for name in ("sha1", "sha256"):
        said = answers(pki)[name, seal(pki)]
        assert said.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert said.revocation_time_utc == pki.now
        dates = [each.value for each in said.single_extensions]
        assert [date.invalidity_date_utc for date in dates] == [pki.now - timedelta(hours=1)]


def test_a_suspension_is_a_revocation_that_can_be_lifted(pki: Any, responder: OcspResponder) -> None:
    """RFC 6960 §2.2: on hold."""
    presign_due(pki.engine, responder, at=pki.now)
    with pki.engine.begin() as connection:
        suspend(connection, seal(pki), at=pki.later(minutes=1))
    presign_due(pki.engine, responder, at=pki.now)
    said = answers(pki)["sha1", seal(pki)]
    assert said.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert said.revocation_reason.value == "certificateHold"
    with pki.engine.begin() as connection:
        release(connection, seal(pki), at=pki.later(minutes=1))
    assert ("sha1", seal(pki)) not in answers(pki)
    presign_due(pki.engine, responder, at=pki.now)

    assert answers(pki)["sha1", seal(pki)].certificate_status is ocsp.OCSPCertStatus.GOOD


def test_a_renewed_responder_signs_all_anew(pki: Any) -> None:
    first = presign_due(pki.engine, pki.hierarchy.ocsp_responder(), at=pki.now)
    pki.later(days=25)
    pki.establish()

    assert presign_due(pki.engine, pki.hierarchy.ocsp_responder(), at=pki.now) == first
    assert {each.certificates[0] for each in answers(pki).values()} == {pki.hierarchy.ocsp.certificate}


def test_an_ended_certificate_gets_no_more_answers(pki: Any, responder: OcspResponder) -> None:
    pki.later(days=29, hours=23)
    presign_due(pki.engine, responder, at=pki.now)

    assert {each.next_update_utc for each in answers(pki).values()} == {
        pki.hierarchy.ocsp.certificate.not_valid_after_utc
    }, "never beyond the responder's own end"


def test_a_clock_set_back_signs_nothing(pki: Any, responder: OcspResponder, key: Key) -> None:
    presign_due(pki.engine, responder, at=pki.later(hours=5))
    signed = len(key.signed)
    with pki.engine.begin() as connection:
        revoke(connection, seal(pki), reason=RevocationReason.SUPERSEDED, at=pki.now)
    with pytest.raises(ClockWrong):
        presign_due(pki.engine, responder, at=pki.later(hours=-1))

    assert len(key.signed) == signed


def test_a_draft_that_the_linter_refuses_is_not_signed(
    pki: Any, responder: OcspResponder, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ca.ocsp_response.generalized_time", lambda _: b"20261122080000.0Z")
    with pytest.raises((LinterRefuses, ValueError)):
        presign_due(pki.engine, responder, at=pki.now)

    assert (key.signed, states(pki), answers(pki)) == ([], [], {})


def test_a_faulty_signature_is_never_given_out(pki: Any, responder: OcspResponder, key: Key) -> None:
    key.answers = lambda signature: signature[:-1] + bytes((signature[-1] ^ 1,))
    with pytest.raises(SignatureWrong):
        presign_due(pki.engine, responder, at=pki.now)

    assert answers(pki) == {}


def test_a_key_that_goes_away_in_the_middle_loses_nothing(
    pki: Any, responder: OcspResponder, key: Key
) -> None:
    def unplugged(signature: bytes) -> bytes:
        if len(key.signed) == 3:
            raise KeyUnavailable(key_id="ocsp", reason="unplugged")
        return signature

    key.answers = unplugged
    with pytest.raises(KeyUnavailable):
        presign_due(pki.engine, responder, at=pki.now)
    assert answers(pki) == {}
    assert set(states(pki)) == {IntentState.SIGNING}
    presign_due(pki.engine, responder, at=pki.now)

    assert len(answers(pki)) >= 6


class Crash(Exception):
    """The process dies here."""


class Killed:
    """Breaks the n-th durable write: before it is on the disk, or right after."""

    def __init__(self, engine: Any, number: int, *, persisted: bool) -> None:
        self._engine, self._left, self._persisted = engine, number, persisted

    def __enter__(self) -> Self:
        event.listen(self._engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "commit", self._commit)

    def _commit(self, connection: Connection) -> None:
        self._left -= 1
        if self._left == 0:
            if self._persisted:
                connection.connection.commit()
            raise Crash


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["intents", "signing begins", "answers", "tidying"])
def test_a_crash_at_a_durable_write_leaves_whole_answers_or_none_and_the_next_run_completes(
    pki: Any, responder: OcspResponder, key: Key, number: int, *, persisted: bool
) -> None:
    with Killed(pki.engine, number, persisted=persisted), pytest.raises(Crash):
        presign_due(pki.engine, responder, at=pki.now)

    found = answers(pki)
    assert len(found) in {0, len(key.signed)}
    with pki.engine.connect() as connection:
        intended = set(connection.execute(select(intents.c.to_be_signed)).scalars())
    assert set(key.signed) <= intended, "what was signed was intended before"
    if number <= 2:
        assert key.signed == []
    presign_due(pki.engine, responder, at=pki.now)
    assert len(answers(pki)) >= 6


# At hand.


@pytest.fixture
def seconds() -> list[float]:
    return [1000.0]


@pytest.fixture
def at_hand(pki: Any, seconds: list[float]) -> PresignedAnswers:
    return PresignedAnswers(pki.engine, elapsed=lambda: seconds[0])


def about(serial: int, nonce: bytes | None = None, copies: int = 1) -> StatusRequest:
    asked = CertificateId(hash_name="sha1", issuer_name_hash=b"", issuer_key_hash=b"", serial_number=serial)
    return StatusRequest(asked=(asked,) * copies, nonce=nonce)


def test_nothing_is_at_hand_before_the_first_look(
    pki: Any, responder: OcspResponder, at_hand: PresignedAnswers
) -> None:
    presign_due(pki.engine, responder, at=pki.now)
    assert at_hand.is_due
    assert at_hand.find(about(seal(pki)), at=pki.now) is None
    at_hand.look()
    found = at_hand.find(about(seal(pki)), at=pki.now)

    assert found is not None
    assert ocsp.load_der_ocsp_response(found.der).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_what_another_process_revoked_is_gone_within_seconds(
    pki: Any, responder: OcspResponder, at_hand: PresignedAnswers, seconds: list[float]
) -> None:
    presign_due(pki.engine, responder, at=pki.now)
    at_hand.look()
    with pki.engine.begin() as connection:
        revoke(connection, seal(pki), reason=RevocationReason.KEY_COMPROMISE, at=pki.now)
    seconds[0] += LOOK_EVERY_SECONDS
    assert at_hand.find(about(seal(pki)), at=pki.now) is None, "too long since the last look"
    at_hand.look()
    assert at_hand.find(about(seal(pki)), at=pki.now) is None, "the books say otherwise"
    # Signed anew in the very same second: seen all the same.
    presign_due(pki.engine, responder, at=pki.now)
    seconds[0] += LOOK_EVERY_SECONDS
    at_hand.look()
    found = at_hand.find(about(seal(pki)), at=pki.now)

    assert found is not None
    assert ocsp.load_der_ocsp_response(found.der).certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert LOOK_EVERY_SECONDS <= 60


def test_no_answer_of_a_day_ago_is_given_out(
    pki: Any, responder: OcspResponder, at_hand: PresignedAnswers
) -> None:
    presign_due(pki.engine, responder, at=pki.now)
    at_hand.look()

    assert at_hand.find(about(seal(pki)), at=pki.now + timedelta(hours=23, minutes=59)) is not None
    assert at_hand.find(about(seal(pki)), at=pki.now + timedelta(days=1)) is None
    assert at_hand.find(about(seal(pki)), at=pki.now - timedelta(seconds=1)) is None


def test_what_was_not_signed_beforehand_is_not_at_hand(
    pki: Any, responder: OcspResponder, at_hand: PresignedAnswers
) -> None:
    presign_due(pki.engine, responder, at=pki.now)
    at_hand.look()

    for request in (about(1), about(seal(pki), nonce=b"1"), about(seal(pki), copies=2)):
        assert at_hand.find(request, at=pki.now) is None


def test_a_look_without_changes_loads_nothing(
    at_hand: PresignedAnswers, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_hand.look()
    monkeypatch.setattr("ca.presigned.load_presigned", lambda _: pytest.fail("loaded anew"))
    for _ in range(3):
        seconds[0] += LOOK_EVERY_SECONDS
        at_hand.look()
