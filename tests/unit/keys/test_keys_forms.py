import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.der import SEQUENCE, SET, tlv
from keys.errors import FormRefused
from keys.forms import MAX_OCTETS, check_form, form_of, log_head
from keys.signer import Algorithm, Purpose
from signing.formats.cbor import encode_cbor
from signing.formats.cose import protect, to_be_signed

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
OTHER = ec.generate_private_key(ec.SECP256R1()).public_key()
CERTIFIED = {
    Purpose.ISSUING,
    Purpose.SEAL,
    Purpose.OFFICER,
    Purpose.OCSP,
    Purpose.TIMESTAMP,
    Purpose.TRUST_LIST,
}
ORIGIN = b"WATHIQA1 https://verify.wathiqa.example"


def accepts(purpose: Purpose, data: bytes, *, key: Any = KEY, algorithm: Algorithm = Algorithm.P256) -> bool:
    form = form_of(purpose, algorithm=algorithm, public_key=key)
    try:
        check_form(form, data, key_id="a", purpose=purpose)
    except FormRefused:
        return False
    return True


# Seals and officers' signatures are of one form: their attributes name the certificate they belong to.
# An authority's key that signed both a root's and an issuing CA's objects would be one key under two names.
EXPLAINED = {
    (Purpose.SEAL, Purpose.OFFICER),
    (Purpose.OFFICER, Purpose.SEAL),
    (Purpose.ISSUING, Purpose.ROOT),
}


@pytest.mark.parametrize("asked", Purpose)
@pytest.mark.parametrize("made_for", Purpose)
def test_nothing_that_one_purpose_signs_is_signed_by_another(
    specimen: Callable[..., bytes], made_for: Purpose, asked: Purpose
) -> None:
    data = specimen(made_for, KEY)

    expected = asked is made_for or (made_for, asked) in EXPLAINED
    assert accepts(asked, data) is expected
    if {made_for, asked} == {Purpose.ROOT, Purpose.ISSUING}:
        assert not accepts(asked, data, key=OTHER)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_request_is_signed_by_the_key_it_is_about_where_that_is_certified(
    makers: Any, purpose: Purpose
) -> None:
    signs_it = purpose in CERTIFIED or purpose is Purpose.ROOT
    assert accepts(purpose, makers.request(KEY)) is signs_it
    assert not accepts(purpose, makers.request(OTHER))
    assert not accepts(purpose, makers.request(KEY) + b"\0")


def test_an_authority_signs_only_what_names_its_key(makers: Any) -> None:
    for purpose in (Purpose.ROOT, Purpose.ISSUING):
        assert accepts(purpose, makers.certificate(OTHER, issuer=KEY, authority=False))
        assert accepts(purpose, makers.revocation_list(KEY))
        assert not accepts(purpose, makers.certificate(OTHER, issuer=OTHER, authority=False))
        assert not accepts(
            purpose, makers.certificate(OTHER, issuer=KEY, authority=False, names_issuer=False)
        )
        assert not accepts(purpose, makers.revocation_list(OTHER))


def test_an_issuing_ca_never_certifies_an_authority(makers: Any) -> None:
    below = makers.certificate(OTHER, issuer=KEY, authority=True)

    assert accepts(Purpose.ROOT, below)
    assert not accepts(Purpose.ISSUING, below)
    assert not accepts(Purpose.ISSUING, makers.own_certificate(KEY))


def test_a_root_signs_no_other_roots_certificate(makers: Any) -> None:
    assert accepts(Purpose.ROOT, makers.own_certificate(KEY))
    assert not accepts(Purpose.ROOT, makers.own_certificate(OTHER))


def test_the_algorithm_inside_is_the_keys_own(makers: Any, specimen: Callable[..., bytes]) -> None:
    certificate = makers.certificate(OTHER, issuer=KEY, authority=False)

    assert not accepts(Purpose.ISSUING, certificate, algorithm=Algorithm.P384)
    assert not accepts(Purpose.ISSUING, certificate, algorithm=Algorithm.ML_DSA_65)
    assert not accepts(Purpose.STATUS, specimen(Purpose.STATUS, KEY), algorithm=Algorithm.ED25519)


def _answer(
    *, alg: str = "ES256", typ: str = "wathiqa-verifications+jwt", claims: str = '{"verifications":[]}'
) -> bytes:
    header = f'{{"alg":"{alg}","kid":"{"k" * 43}","typ":"{typ}"}}'
    return b".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in (header, claims))


def _bundle(*, claim: int = -65540, media_type: str = "application/wathiqa-trust-bundle+cwt") -> bytes:
    return to_be_signed(protect({16: media_type, 33: b"certificate"}), encode_cbor({4: 2, 6: 1, claim: {}}))


@pytest.mark.parametrize("purpose", Purpose)
def test_a_trust_bundle_is_signed_by_the_key_of_trust_lists_alone(purpose: Purpose) -> None:
    assert accepts(purpose, _bundle()) is (purpose is Purpose.TRUST_LIST)
    assert not accepts(purpose, _bundle(claim=-65539))
    assert not accepts(purpose, _bundle(media_type="application/wathiqa-trust-list+cwt"))


def _spoilt(specimen: Callable[..., bytes]) -> dict[str, tuple[Purpose, bytes]]:
    seal = specimen(Purpose.SEAL, KEY)
    body = seal[2:]
    claims = encode_cbor({4: 2, -65537: [1]})
    return {
        "attributes under SEQUENCE instead of SET": (Purpose.SEAL, tlv(SEQUENCE, body)),
        "attributes with something behind them": (Purpose.SEAL, seal + b"\0"),
        "no attributes at all": (Purpose.SEAL, tlv(SET)),
        "an attribute twice": (Purpose.SEAL, tlv(SET, body, body)),
        "attributes as signed data carries them": (Purpose.SEAL, b"\xa0" + seal[1:]),
        "attributes of a document in a time-stamp": (Purpose.TIMESTAMP, seal),
        "a bare digest": (Purpose.SEAL, bytes(32)),
        "nothing": (Purpose.SEAL, b""),
        "a seal code without external data": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4)}), claims),
        ),
        "a seal code of another format": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4)}), claims, external_aad=b"WATHIQA2 https://x.example"),
        ),
        "a seal code with a third header": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4), 3: "a/b"}), claims, external_aad=ORIGIN),
        ),
        "a seal code without its claim": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4)}), encode_cbor({4: 2}), external_aad=ORIGIN),
        ),
        "a seal code whose claims are no map": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4)}), encode_cbor([-65537]), external_aad=ORIGIN),
        ),
        "a seal code of several signers": (
            Purpose.SEAL_CODE,
            encode_cbor(["Signature", protect({4: bytes(4)}), ORIGIN, claims]),
        ),
        "claims with keys out of order": (
            Purpose.SEAL_CODE,
            to_be_signed(
                protect({4: bytes(4)}), b"\xa2\x3a\x00\x01\x00\x00\x80\x04\x02", external_aad=ORIGIN
            ),
        ),
        "claims with a tag": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4)}), b"\xa1\x3a\x00\x01\x00\x00\xc0\x00", external_aad=ORIGIN),
        ),
        "a number in a longer head than it needs": (
            Purpose.SEAL_CODE,
            to_be_signed(protect({4: bytes(4)}), b"\xa1\x3a\x00\x01\x00\x00\x18\x01", external_aad=ORIGIN),
        ),
        "a status list typed as a trust list": (
            Purpose.STATUS,
            specimen(Purpose.TRUST_LIST, KEY),
        ),
        "the head of a log with a second line": (Purpose.LOG, log_head("seals", 1, bytes(32)) + b"x\n"),
        "the head of a log at minus one": (Purpose.LOG, log_head("seals", -1, bytes(32))),
        "an answer that is typed as any token": (Purpose.ANSWER, _answer(typ="JWT")),
        "an answer without a signature to come": (Purpose.ANSWER, _answer(alg="none")),
        "an answer by another kind of key": (Purpose.ANSWER, _answer(alg="EdDSA")),
        "an answer about something else": (Purpose.ANSWER, _answer(claims='{"scope":"everything"}')),
        "an answer that is no object": (Purpose.ANSWER, _answer(claims='["verifications"]')),
        "an answer with padding": (Purpose.ANSWER, specimen(Purpose.ANSWER, KEY) + b"="),
    }


def test_what_is_nearly_of_the_form_is_refused(specimen: Callable[..., bytes]) -> None:
    accepted = [name for name, (purpose, data) in _spoilt(specimen).items() if accepts(purpose, data)]

    assert accepted == []


@pytest.mark.parametrize("purpose", Purpose)
def test_every_octet_counts(specimen: Callable[..., bytes], purpose: Purpose) -> None:
    """Cut short or lengthened anywhere at its end, it is something else."""
    data = specimen(purpose, KEY)

    assert accepts(purpose, data)
    assert not any(accepts(purpose, data[:length]) for length in range(len(data)))
    assert not accepts(purpose, data + b"\0")
    assert not accepts(purpose, data * 2)
    assert not accepts(purpose, bytes(MAX_OCTETS[purpose] + 1))


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(Purpose))
def test_any_bytes_are_refused_and_nothing_else_happens(data: bytes, purpose: Purpose) -> None:
    assert not accepts(purpose, data)


@settings(max_examples=150)
@given(st.data())
def test_a_flipped_bit_never_makes_one_purpose_s_bytes_another_s(
    specimen: Callable[..., bytes], data: st.DataObject
) -> None:
    made_for = data.draw(st.sampled_from(Purpose))
    original = bytearray(specimen(made_for, KEY))
    at = data.draw(st.integers(0, len(original) - 1))
    original[at] ^= 1 << data.draw(st.integers(0, 7))

    signed_by = {purpose for purpose in Purpose if accepts(purpose, bytes(original))}
    allowed = {made_for} | {asked for owner, asked in EXPLAINED if owner is made_for}
    if made_for is Purpose.ROOT:  # its one bit is whether it is an authority's; it names the same key
        allowed.add(Purpose.ISSUING)
    assert signed_by <= allowed
