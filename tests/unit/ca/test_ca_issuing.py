from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from sqlalchemy import func, select

from ca import certificates as issuing
from ca.certificates import CertificateRequest, Issuer, issue, prepare, sign
from ca.errors import AlreadyRedeemed, CaError, ProfileViolation, SerialCollision, SignatureWrong, TbsChanged
from ca.lint import lint_certificate
from ca.names import Agency, agency_name
from ca.profiles import PROFILES, ProfileName
from ca.serials import check_serial, random_serial
from ca.store import (
    find_certificates,
    load_certificate,
    redeem_intent,
    reserve_serial,
    save_intent,
    save_issued,
    serials,
)
from ca.throwaway import ThrowawaySigner
from ca.urls import PublicUrls
from keys.errors import KeyUnavailable, WrongPurpose
from keys.signer import Algorithm, Purpose

URLS = PublicUrls()


def a_request(**changes: Any) -> CertificateRequest:
    agency = Agency(code="x", name_ar="جهة", name_en="Agency", organization_identifier="GO:SY-X")
    facts = {
        "profile": ProfileName.SEAL,
        "name": "seal-x",
        "subject": agency_name(agency),
        "key_id": "seal-x",
        "public_key": ec.generate_private_key(ec.SECP256R1()).public_key(),
    }
    return CertificateRequest(**(facts | changes))


def test_every_certificate_is_as_its_profile_says_and_issued_by_its_issuer(pki: Any) -> None:
    for credential in pki.hierarchy.credentials():
        issuer = credential.chain[0] if credential.chain else None
        name = ProfileName(credential.name.removesuffix("-civil-registry").removesuffix("-workers-register"))

        lint_certificate(credential.certificate, PROFILES[name], issuer=issuer)
        credential.certificate.verify_directly_issued_by(issuer or credential.certificate)
        if credential.name != "root":
            assert credential.certificate.public_key() == credential.signer.public_key


def test_a_seal_certificate_says_content_commitment_and_nothing_else(pki: Any) -> None:
    certificate = pki.hierarchy.seal("civil-registry").certificate
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)

    assert usage.critical
    assert usage.value.content_commitment
    assert not usage.value.digital_signature
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert not extended.critical
    # documentSigning alone, or none at all, is not trusted by readers on Poppler and NSS.
    assert ExtendedKeyUsageOID.EMAIL_PROTECTION in extended.value
    assert ExtendedKeyUsageOID.SERVER_AUTH not in extended.value


def test_a_seal_certificate_names_the_agency_in_both_languages(pki: Any) -> None:
    subject = pki.hierarchy.seal("civil-registry").certificate.subject
    said = {attribute.oid: attribute.value for attribute in subject}

    assert said == {
        NameOID.COUNTRY_NAME: "SY",
        NameOID.ORGANIZATION_NAME: "Directorate of Civil Status",
        NameOID.ORGANIZATION_IDENTIFIER: "GO:SY-CIVIL-STATUS",
        NameOID.COMMON_NAME: "مديرية الأحوال المدنية",
    }


def test_rsa_is_selectable_for_an_agency(empty: Any) -> None:
    hierarchy = empty().establish(seal_algorithms={"workers-register": Algorithm.RSA3072})

    assert isinstance(hierarchy.seal("workers-register").certificate.public_key(), rsa.RSAPublicKey)
    assert isinstance(hierarchy.seal("civil-registry").certificate.public_key(), ec.EllipticCurvePublicKey)


@pytest.mark.parametrize(
    "serial",
    [
        pytest.param(0, id="serial of zero"),
        pytest.param(-1, id="negative serial"),
        pytest.param(1 << 159, id="serial of 21 octets"),
        pytest.param(1 << 200, id="serial of 26 octets"),
    ],
)
def test_a_serial_number_out_of_bounds_is_refused(pki: Any, serial: int) -> None:
    """RFC 5280 §4.1.2.2."""
    issuer = pki.hierarchy.issuing.as_issuer()

    with pytest.raises(ProfileViolation, match="serial number"):
        issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS, serial_source=lambda: serial)


def test_the_largest_serial_number_has_twenty_octets() -> None:
    assert check_serial((1 << 159) - 1).bit_length() == 159
    assert {random_serial().bit_length() for _ in range(64)} == {128}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param(
            {"public_key": ed25519.Ed25519PrivateKey.generate().public_key()},
            "not Ed25519",
            id="Ed25519 seal",
        ),
        pytest.param(
            {"public_key": rsa.generate_private_key(65537, 2048).public_key()},
            "not RSA of 2048 bits",
            id="RSA of 2048 bits",
        ),
        pytest.param(
            {"public_key": ec.generate_private_key(ec.SECP521R1()).public_key()},
            "not secp521r1",
            id="a curve not listed",
        ),
    ],
)
def test_what_the_profile_forbids_is_refused_and_burns_the_serial(
    pki: Any, changes: dict[str, Any], rule: str
) -> None:
    issuer = pki.hierarchy.issuing.as_issuer()
    with pytest.raises(ProfileViolation, match=rule):
        issue(pki.engine, issuer, a_request(**changes), at=pki.now, urls=URLS, serial_source=lambda: 77)
    with pytest.raises(SerialCollision):
        issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS, serial_source=lambda: 77)


@pytest.mark.parametrize(
    "agency",
    [
        pytest.param({"name_ar": ""}, id="no name"),
        pytest.param({"name_ar": "  "}, id="a blank name"),
        pytest.param({"name_ar": "ا" * 65}, id="common name of 65 characters"),
        pytest.param({"name_en": "A" * 65}, id="organisation of 65 characters"),
        pytest.param({"name_ar": "سجل\u202eالعاملين"}, id="a character that turns the text around"),
        pytest.param({"name_en": "Reg\0ister"}, id="a null character"),
        pytest.param({"organization_identifier": "12345"}, id="identifier without scheme"),
        pytest.param({"organization_identifier": "GO:SY-" + "1" * 60}, id="identifier of 66 characters"),
    ],
)
def test_a_name_that_breaks_the_bounds_is_refused(agency: dict[str, str]) -> None:
    facts = {"code": "x", "name_ar": "جهة", "name_en": "Agency", "organization_identifier": "GO:SY-X"}

    with pytest.raises(ProfileViolation):
        agency_name(Agency(**(facts | agency)))


def test_what_changed_after_it_was_checked_is_not_signed(pki: Any) -> None:
    signer = Counting(pki.hierarchy.issuing.signer)
    issuer = replace(pki.hierarchy.issuing.as_issuer(), signer=signer)
    prepared = prepare(issuer, a_request(), serial=check_serial(99), at=pki.now, urls=URLS)
    changed = replace(prepared, builder=other_builder(issuer, pki.now))

    with pytest.raises(TbsChanged):
        sign(issuer, changed)
    assert signer.used == 0


def other_builder(issuer: Issuer, at: datetime) -> x509.CertificateBuilder:
    return prepare(issuer, a_request(), serial=check_serial(99), at=at, urls=URLS).builder


class Counting:
    """A signer that counts its uses, and may answer by another's key or not at all."""

    def __init__(self, signer: Any, answer: Any = None) -> None:
        self._signer, self._answer, self.used = signer, answer, 0
        self.key_id, self.purpose = signer.key_id, signer.purpose
        self.algorithm, self.public_key = signer.algorithm, signer.public_key

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        self.used += 1
        if isinstance(self._answer, Exception):
            raise self._answer
        signer = self._answer or self._signer
        signature: bytes = signer.sign(data, purpose=purpose)
        return signature


def test_a_key_that_answers_with_a_wrong_signature_is_found_out(pki: Any) -> None:
    other = ThrowawaySigner(Algorithm.P256, Purpose.ISSUING)
    signer = Counting(pki.hierarchy.issuing.signer, answer=other)
    issuer = replace(pki.hierarchy.issuing.as_issuer(), signer=signer)

    with pytest.raises(SignatureWrong):
        issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS)


def test_a_key_of_another_purpose_signs_no_certificate(pki: Any) -> None:
    seal = pki.hierarchy.seal("civil-registry")
    issuer = replace(pki.hierarchy.issuing.as_issuer(), signer=seal.signer)

    with pytest.raises((WrongPurpose, ProfileViolation)):
        issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS)
    prepared = prepare(
        pki.hierarchy.issuing.as_issuer(), a_request(), serial=check_serial(98), at=pki.now, urls=URLS
    )
    with pytest.raises(WrongPurpose):
        sign(issuer, prepared)


def test_an_intent_is_redeemed_once(pki: Any) -> None:
    issuer = pki.hierarchy.issuing.as_issuer()
    prepared = prepare(issuer, a_request(), serial=check_serial(123), at=pki.now, urls=URLS)
    with pki.engine.begin() as connection:
        reserve_serial(connection, check_serial(123), issuer="issuing", at=pki.now)
        save_intent(connection, prepared.intent)
        with pytest.raises(AlreadyRedeemed):
            redeem_intent(connection, replace(prepared.intent, to_be_signed=b"other"))
        redeem_intent(connection, prepared.intent)
        with pytest.raises(AlreadyRedeemed):
            redeem_intent(connection, prepared.intent)
        save_issued(connection, check_serial(123), b"der")
        with pytest.raises(AlreadyRedeemed):
            save_issued(connection, check_serial(123), b"other der")


@pytest.mark.parametrize("step", ["prepare", "save_intent", "redeem_intent", "sign", "save_issued"])
@pytest.mark.parametrize("done", [False, True], ids=["failed", "failed but done"])
def test_a_crash_at_any_step_burns_the_serial_and_issues_nothing(
    pki: Any, monkeypatch: pytest.MonkeyPatch, step: str, *, done: bool
) -> None:
    issuer = pki.hierarchy.issuing.as_issuer()
    original = getattr(issuing, step)

    def crash(*arguments: Any, **named: Any) -> None:
        if done:
            original(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(issuing, step, crash)
        with pytest.raises(KeyboardInterrupt):
            issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS, serial_source=lambda: 500)

    with pytest.raises(SerialCollision):
        issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS, serial_source=lambda: 500)
    issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS)
    with pki.engine.connect() as connection:
        assert len(find_certificates(connection, name="seal-x")) == 1


def test_where_the_audit_cannot_be_written_nothing_is_signed(pki: Any) -> None:
    signer = Counting(pki.hierarchy.issuing.signer)
    issuer = replace(pki.hierarchy.issuing.as_issuer(), signer=signer)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        issue(pki.engine, issuer, a_request(), at=pki.now, urls=URLS, audit=full_disk)
    assert signer.used == 0


def test_a_key_that_does_not_answer_can_be_asked_again(pki: Any) -> None:
    working = pki.hierarchy.issuing.as_issuer()
    failing = replace(
        working, signer=Counting(working.signer, answer=KeyUnavailable(key_id="issuing", reason="down"))
    )

    with pytest.raises(KeyUnavailable):
        issue(pki.engine, failing, a_request(), at=pki.now, urls=URLS)
    certificate = issue(pki.engine, working, a_request(), at=pki.now, urls=URLS)
    with pki.engine.connect() as connection:
        assert load_certificate(connection, certificate.serial_number).certificate == certificate
        assert connection.execute(select(func.count()).select_from(serials)).scalar_one() == 9


def test_no_certificate_outlives_its_issuer(pki: Any) -> None:
    issuing = pki.hierarchy.issuing
    at = issuing.certificate.not_valid_after_utc - timedelta(days=100)
    certificate = issue(pki.engine, issuing.as_issuer(), a_request(name="late"), at=at, urls=URLS)

    assert certificate.not_valid_after_utc == issuing.certificate.not_valid_after_utc


def test_an_issuer_that_has_expired_issues_nothing(pki: Any) -> None:
    at = pki.hierarchy.issuing.certificate.not_valid_after_utc + timedelta(seconds=1)

    with pytest.raises((CaError, ValueError)):
        issue(pki.engine, pki.hierarchy.issuing.as_issuer(), a_request(), at=at, urls=URLS)
