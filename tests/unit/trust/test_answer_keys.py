"""The keys that sign answers to verifications: published before they sign, and for as long as they count."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from code_key_site import CodeKeySite
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from issuance.verification.answer_keys import ADVANCE, ANSWER_LINE, FILE_NAME, AnswerKeys
from keys.errors import FormRefused, WrongPurpose
from keys.signer import Purpose
from keys.states import ADVISED_PERIOD

CLAIMS: dict[str, Any] = {"aud": "bank-1", "verifications": [{"id": "1"}]}


@pytest.fixture
def answer_keys(site_of_codes: CodeKeySite) -> AnswerKeys:
    return AnswerKeys(keyring=site_of_codes.keyring, public=site_of_codes.public)


def published(site: CodeKeySite) -> dict[str, Any]:
    listed = json.loads((site.public / FILE_NAME).read_bytes())["keys"]
    return {each["kid"]: each for each in listed}


def signer_of(site: CodeKeySite, answer: bytes) -> str:
    """The identifier of the published key that signed an answer.

    Raises:
        KeyError: no key of this name is published.
        InvalidSignature: it did not sign this.
    """
    header, payload, signature = answer.split(b".")
    kid: str = json.loads(_octets(header))["kid"]
    key, raw = published(site)[kid], _octets(signature)
    x, y = (int.from_bytes(_octets(key[name].encode()), "big") for name in ("x", "y"))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public_key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public_key.verify(der, header + b"." + payload, ec.ECDSA(hashes.SHA256()))
    return kid


def _octets(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def test_an_answer_is_signed_by_the_key_that_is_published(
    site_of_codes: CodeKeySite, answer_keys: AnswerKeys
) -> None:
    site = site_of_codes
    answer_keys.publish(at=site.now)
    answer = answer_keys.sign(CLAIMS, at=site.now)

    assert signer_of(site, answer) in published(site)
    assert json.loads(_octets(answer.split(b".")[1])) == CLAIMS
    (key,) = published(site).values()
    assert {name: key[name] for name in ("alg", "crv", "kty", "use")} == {
        "alg": "ES256",
        "crv": "P-256",
        "kty": "EC",
        "use": "sig",
    }
    assert "d" not in key
    header, payload, signature = answer.split(b".")
    with pytest.raises(InvalidSignature):
        signer_of(site, b".".join((header, payload[:-4] + b"fX0A", signature)))


def test_the_next_key_is_published_before_it_signs_and_the_last_one_stays(
    site_of_codes: CodeKeySite, answer_keys: AnswerKeys
) -> None:
    site = site_of_codes
    answer_keys.publish(at=site.now)
    old = answer_keys.sign(CLAIMS, at=site.now)
    first = signer_of(site, old)

    site.now += ADVISED_PERIOD[Purpose.ANSWER] - ADVANCE
    answer_keys.publish(at=site.now)
    answer_keys.publish(at=site.now)
    assert len(published(site)) == 2
    assert signer_of(site, answer_keys.sign(CLAIMS, at=site.now)) == first
    site.now += ADVANCE
    second = signer_of(site, answer_keys.sign(CLAIMS, at=site.now))

    assert second != first
    assert published(site)[second]["nbf"] == int(site.now.timestamp())
    site.now += timedelta(days=30)
    answer_keys.publish(at=site.now)
    assert signer_of(site, old) == first
    assert published(site)[first]["exp"] < int(site.now.timestamp())


def test_what_a_stolen_key_signed_is_worth_nothing_once_it_is_replaced_and_destroyed(
    site_of_codes: CodeKeySite, answer_keys: AnswerKeys
) -> None:
    site = site_of_codes
    answer_keys.publish(at=site.now)
    stolen = answer_keys.sign(CLAIMS, at=site.now)
    site.keyring.replace(ANSWER_LINE, at=site.now)
    site.keyring.destroy(ANSWER_LINE, at=site.now)
    answer_keys.publish(at=site.now)

    with pytest.raises(KeyError):
        signer_of(site, stolen)
    assert signer_of(site, answer_keys.sign(CLAIMS, at=site.now)) in published(site)


def test_the_key_signs_answers_and_nothing_else(site_of_codes: CodeKeySite, answer_keys: AnswerKeys) -> None:
    site = site_of_codes
    answer_keys.tend(at=site.now)
    signer = site.keyring.load(ANSWER_LINE)
    with pytest.raises(FormRefused):
        signer.sign(b"eyJhbGciOiJFUzI1NiJ9.e30", purpose=Purpose.ANSWER)
    with pytest.raises(FormRefused):
        answer_keys.sign({"scope": "everything"}, at=site.now)
    with pytest.raises(WrongPurpose):
        signer.sign(b"x", purpose=Purpose.STATUS)
