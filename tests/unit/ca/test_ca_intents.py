"""What may be signed is what was written down, once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.pool import StaticPool

from ca.errors import AlreadyRedeemed, ProfileViolation, TbsChanged
from ca.intents import (
    Intended,
    IntentKind,
    OnlyTheseBytes,
    begin_signing,
    finish_signing,
    forget_signed,
    save_intents,
    sign_as_intended,
)
from ca.store import prepare_books
from ca.tables import intents
from ca.throwaway import ThrowawaySigner
from keys.errors import WrongPurpose
from keys.signer import Algorithm, Purpose, Signer

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    prepare_books(engine)
    yield engine
    engine.dispose()


def intended(subject: str = "issuing 7", to_be_signed: bytes = b"a list") -> Intended:
    return Intended(kind=IntentKind.CRL, subject=subject, key_id="issuing", to_be_signed=to_be_signed)


def test_a_signer_that_is_held_to_its_bytes_signs_them_once_and_no_others() -> None:
    held: Signer = OnlyTheseBytes(
        ThrowawaySigner(Algorithm.P256, Purpose.ISSUING), b"a list", what="issuing 7"
    )
    with pytest.raises(TbsChanged, match="issuing 7"):
        held.sign(b"another", purpose=Purpose.ISSUING)
    held.sign(b"a list", purpose=Purpose.ISSUING)
    with pytest.raises(AlreadyRedeemed, match="issuing 7"):
        held.sign(b"a list", purpose=Purpose.ISSUING)


def test_a_key_that_failed_once_is_not_asked_again_for_the_same_bytes() -> None:
    """It may have signed before its answer was lost."""
    held = OnlyTheseBytes(ThrowawaySigner(Algorithm.P256, Purpose.ISSUING), b"a list", what="issuing 7")
    with pytest.raises(WrongPurpose):
        held.sign(b"a list", purpose=Purpose.SEAL)
    with pytest.raises(AlreadyRedeemed):
        held.sign(b"a list", purpose=Purpose.ISSUING)


def test_an_intent_goes_one_way_and_keeps_its_bytes(engine: Engine) -> None:
    with engine.begin() as connection:
        save_intents(connection, [intended()], at=NOW)
        with pytest.raises(AlreadyRedeemed, match="issuing 7"):
            finish_signing(connection, [intended()])
        begin_signing(connection, [intended()])
        with pytest.raises(AlreadyRedeemed, match="issuing 7"):
            begin_signing(connection, [intended()])
        with pytest.raises(AlreadyRedeemed):
            finish_signing(connection, [intended(to_be_signed=b"other bytes")])
        finish_signing(connection, [intended()])
        with pytest.raises(AlreadyRedeemed):
            finish_signing(connection, [intended()])


def test_what_was_written_down_once_is_not_written_down_again(engine: Engine) -> None:
    with engine.begin() as connection:
        save_intents(connection, [intended()], at=NOW)
    with pytest.raises(AlreadyRedeemed), engine.begin() as connection:
        save_intents(connection, [intended("issuing 8"), intended(to_be_signed=b"other bytes")], at=NOW)

    with engine.connect() as connection:
        assert connection.execute(select(intents.c.subject)).scalars().all() == ["issuing 7"]


def test_a_batch_with_one_that_was_begun_before_signs_nothing(engine: Engine) -> None:
    signer = ThrowawaySigner(Algorithm.P256, Purpose.ISSUING)
    sign_as_intended(engine, [intended()], signer, purpose=Purpose.ISSUING, at=NOW)

    with pytest.raises(AlreadyRedeemed):
        sign_as_intended(engine, [intended("issuing 8"), intended()], signer, purpose=Purpose.ISSUING, at=NOW)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(intents)).scalar_one() == 1
    assert sign_as_intended(engine, [], signer, purpose=Purpose.ISSUING, at=NOW) == []


def test_only_what_was_signed_and_stored_is_forgotten(engine: Engine) -> None:
    done, begun, young = intended("a"), intended("b"), intended("c")
    with engine.begin() as connection:
        save_intents(connection, [done, begun, intended("d")], at=NOW)
        save_intents(connection, [young], at=NOW + timedelta(days=1))
        begin_signing(connection, [done, begun, young])
        finish_signing(connection, [done, young])
        assert forget_signed(connection, IntentKind.OCSP, before=NOW + timedelta(days=9)) == 0
        assert forget_signed(connection, IntentKind.CRL, before=NOW + timedelta(hours=1)) == 1
        assert connection.execute(select(intents.c.subject)).scalars().all() == ["b", "c", "d"]


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.RSA3072])
def test_a_throwaway_key_signs_as_the_real_one_would(algorithm: Algorithm) -> None:
    signer: Signer = ThrowawaySigner(algorithm, Purpose.OCSP)
    signature, key = signer.sign(b"draft", purpose=Purpose.OCSP), signer.public_key
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, b"draft", padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        digest = hashes.SHA384() if algorithm is Algorithm.P384 else hashes.SHA256()
        key.verify(signature, b"draft", ec.ECDSA(digest))


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ML_DSA_65])
def test_there_are_no_drafts_of_what_is_never_issued(algorithm: Algorithm) -> None:
    with pytest.raises(ProfileViolation, match="ECDSA or RSA"):
        ThrowawaySigner(algorithm, Purpose.ISSUING)
