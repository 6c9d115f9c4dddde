"""Agencies are enrolled, and their certificates taken out of force, over HTTP; and what the world sees."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp
from installed_service import CIVIL, WORKERS, Town, certificate_request

from ca.names import agency_name
from issuance.agencies import AGENCIES
from issuance.authority.est import PROOF_HEADER, RETRY_AFTER_SECONDS
from issuance.authority.naming import certified, key_digest
from issuance.identity import accounts, machines
from issuance.identity.actors import system_actor
from issuance.identity.permissions import MACHINE_PERMISSIONS, Permission, Role
from keys.errors import KeyUnavailable

WHY = {"why": "the card was reported lost"}
REGISTRY = next(agency for agency in AGENCIES if agency.id == CIVIL)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _officer(town: Town, name: str) -> str:
    return town.staff(Role.REGISTRATION_OFFICER, office=name)


def _approve(town: Town, number: str, name: str, *, expect: int = 200) -> Any:
    return town.post(f"/authority/applications/{number}/approvals", _officer(town, name), expect=expect)


def _published(town: Town, serial: str) -> x509.Certificate:
    return x509.load_der_x509_certificate((town.layout.public / f"certificates/{serial}.cer").read_bytes())


def _listed(town: Town, serial: str) -> x509.RevokedCertificate | None:
    crl = x509.load_der_x509_crl((town.layout.public / "crl/issuing.crl").read_bytes())
    return crl.get_revoked_certificate_by_serial_number(int(serial, 16))


def _asked(town: Town, serial: str) -> ocsp.OCSPResponse:
    """What the responder says now."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        _published(town, serial), town.service.trust_services.hierarchy.issuing.certificate, hashes.SHA256()
    )
    answer = town.ask(
        "POST",
        "/ocsp",
        content=builder.build().public_bytes(Encoding.DER),
        headers={"Content-Type": "application/ocsp-request"},
    )
    return ocsp.load_der_ocsp_response(answer.content)


def _signed_before(town: Town, serial: str) -> ocsp.OCSPResponse:
    """What lies beside the certificates for everybody to fetch."""
    return ocsp.load_der_ocsp_response((town.layout.public / f"ocsp/{serial}.ors").read_bytes())


def _trail(town: Town, about: str) -> list[tuple[str, str]]:
    found = town.get(f"/audit/entries?object_kind=application&object_id={about}", town.staff(Role.AUDITOR))
    return [(entry["action"], entry["actor_kind"]) for entry in found["items"]]


# Enrolment


def test_two_officers_enrol_a_system_and_the_world_sees_its_certificate(town: Town) -> None:
    key = _new_key()
    number = town.application(key=key)
    first = _approve(town, number, "one")
    assert (first["state"], first["approvals_counted"], first["certificate"]) == ("submitted", 1, None)

    second = _approve(town, number, "two")

    serial = second["certificate"]
    assert second["state"] == "issued"
    certificate = _published(town, serial)
    assert certificate.public_key() == key.public_key()
    assert certificate.subject == agency_name(certified(REGISTRY))
    assert _asked(town, serial).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert _signed_before(town, serial).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert _trail(town, number) == [
        ("authority.application-submit", "machine"),
        ("authority.application-approve", "staff"),
        ("authority.application-approve", "staff"),
        ("authority.application-issue", "staff"),
        ("authority.application-issued", "staff"),
    ]
    shown = town.get(f"/authority/certificates/{serial}", town.staff(Role.AUDITOR))
    assert shown["status"] == "in-force"
    assert x509.load_pem_x509_certificate(shown["pem"].encode()) == certificate


def test_the_same_officer_twice_is_one_and_says_so(town: Town) -> None:
    number = town.application()
    _approve(town, number, "one")
    again = _approve(town, number, "one", expect=409)
    assert again["code"] == "application-approved-before"
    assert _approve(town, number, "two")["state"] == "issued"


def test_two_officers_at_the_same_moment_make_one_certificate(town: Town) -> None:
    number = town.application()
    path = f"/authority/applications/{number}/approvals"
    tokens = [_officer(town, name) for name in ("one", "two", "three")]
    with ThreadPoolExecutor(len(tokens)) as pool:
        answers = list(pool.map(lambda token: town.ask("POST", path, token=token), tokens))
    assert {answer.status_code for answer in answers} <= {200, 409}  # the third may come too late
    shown = town.get(f"/authority/applications/{number}", town.staff(Role.AUDITOR))
    assert shown["state"] == "issued"
    made = [each for each in town.service.desk.certificates() if each.key_id == number]
    assert [f"{each.serial_number:x}" for each in made] == [shown["certificate"]]


def test_an_officer_does_not_approve_what_they_handed_in(town: Town) -> None:
    officer = _officer(town, "one")
    body = {"agency": CIVIL, "system": "desk", "request": certificate_request(), "evidence": "letter 14"}
    number = town.post("/authority/applications", officer, body, expect=201)["number"]
    assert _approve(town, number, "one", expect=403)["code"] == "application-own"
    _approve(town, number, "two")
    assert _approve(town, number, "three")["state"] == "issued"


def test_the_approval_of_somebody_who_has_left_does_not_count(town: Town) -> None:
    number = town.application()
    _approve(town, number, "leaving")
    account = town.account(Role.REGISTRATION_OFFICER, office="leaving")
    with town.engine.begin() as connection:
        accounts.disable_account(connection, account, by=system_actor("test"), at=town.clock())
    second = _approve(town, number, "two")
    assert (second["state"], second["approvals_counted"]) == ("submitted", 1)
    assert _approve(town, number, "three")["state"] == "issued"


def test_an_officer_of_an_agency_gets_a_certificate_in_their_name(town: Town) -> None:
    account = town.account(Role.REGISTRAR, national_number="99343456858")
    person = {"account": account, "given_name": "هند", "surname": "المثال", "identifier": "OF:SY-1042"}
    body = {
        "agency": CIVIL,
        "officer": person,
        "request": certificate_request(),
        "evidence": "seen in person",
    }
    officer = _officer(town, "one")
    number = town.post("/authority/applications", officer, body, expect=201)["number"]
    for name in ("two", "three"):
        answer = _approve(town, number, name)
    certificate = _published(town, answer["certificate"])
    assert "هند المثال" in certificate.subject.rfc4514_string()

    elsewhere = body | {"agency": WORKERS, "request": certificate_request()}
    refused = town.post("/authority/applications", officer, elsewhere, expect=404)
    assert refused["code"] == "officer-unknown"
    machine = town.machine(Permission.CERTIFICATES_APPLY)
    town.post("/authority/applications", machine, body | {"request": certificate_request()}, expect=404)


def test_the_present_key_renews_no_other_name(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody becomes a minister by the signature of the key that they have as a clerk."""
    monkeypatch.setattr("ca.enrolment.RENEWAL_WINDOW", timedelta(days=5 * 365))  # else years would pass
    account = town.account(Role.REGISTRAR, national_number="99343456858")
    clerk = {"account": account, "given_name": "هند", "surname": "المثال", "identifier": "OF:SY-1042"}
    key, applications = _new_key(), "/authority/applications"
    body = {"agency": CIVIL, "officer": clerk, "request": certificate_request(key), "evidence": "seen"}
    number = town.post(applications, _officer(town, "one"), body, expect=201)["number"]
    for name in ("two", "three"):
        serial = _approve(town, number, name)["certificate"]
    town.later(days=1)

    def renew(person: dict[str, str]) -> Any:
        request = certificate_request(_new_key())
        der = x509.load_pem_x509_csr(request.encode()).public_bytes(Encoding.DER)
        proof = base64.b64encode(key.sign(der, ec.ECDSA(hashes.SHA256()))).decode()
        wish = body | {"officer": person, "request": request, "renews": serial}
        wish |= {"present_key_signature": proof}
        return town.post(applications, _officer(town, "one"), wish, expect=201)

    minister = clerk | {"given_name": "وزير", "surname": "العدل", "identifier": "OF:SY-0001"}
    refused = renew(minister)
    assert (refused["state"], refused["approvals_needed"]) == ("submitted", 2)
    reason = {"reason": "a clerk"}
    town.post(f"/authority/applications/{refused['number']}/rejection", _officer(town, "two"), reason)
    renewed = renew(clerk)
    assert (renewed["state"], renewed["approvals_needed"]) == ("issued", 0)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"agency": WORKERS}, 404, "agency-unknown"),
        ({"agency": "no-such-agency"}, 404, "agency-unknown"),
        ({"request": "rubbish!"}, 422, "certificate-request-not-text"),
        ({"request": "MAA="}, 422, "certificate-request-malformed"),
        ({"renews": "ff"}, 409, "certificate-not-renewable"),
        ({"system": "Archive"}, 422, "fields-not-valid"),
        ({"system": None}, 422, "fields-not-valid"),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages(
    town: Town, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"agency": CIVIL, "system": "archive", "request": certificate_request()} | change
    machine = town.machine(Permission.CERTIFICATES_APPLY)
    problem = town.post("/authority/applications", machine, body, expect=status)
    assert problem["code"] == code
    assert problem["detail_ar"] != problem["detail_en"]


def test_the_same_request_again_is_the_same_application(town: Town) -> None:
    machine, request = town.machine(Permission.CERTIFICATES_APPLY), certificate_request()
    body = {"agency": CIVIL, "system": "archive", "request": request}
    first = town.post("/authority/applications", machine, body, expect=201)
    again = town.post("/authority/applications", machine, body, expect=201)
    assert again["number"] == first["number"]
    other = town.machine(Permission.CERTIFICATES_APPLY)
    refused = town.post("/authority/applications", other, body, expect=409)
    assert refused["code"] == "certificate-request-key-reused"


def test_a_key_of_the_service_itself_is_not_certified_again(town: Town) -> None:
    """Only whoever holds it could apply for it; the desk knows it all the same."""
    hierarchy, own = town.service.trust_services.hierarchy, town.service.desk.own_keys()
    assert key_digest(hierarchy.seal(CIVIL).signer.public_key) in own
    assert key_digest(hierarchy.timestamp.signer.public_key) in own


def test_the_same_call_again_has_the_same_answer_and_no_second_effect(town: Town) -> None:
    number = town.application()
    path = f"/authority/applications/{number}/approvals"
    answers = [town.ask("POST", path, token=_officer(town, "one"), key="same") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_an_error_gives_the_key_back(town: Town) -> None:
    machine = town.machine(Permission.CERTIFICATES_APPLY)
    body = {"agency": CIVIL, "system": "archive", "request": "MAA="}
    wrong = town.ask("POST", "/authority/applications", token=machine, json=body, key="k")
    right = town.ask(
        "POST",
        "/authority/applications",
        token=machine,
        json=body | {"request": certificate_request()},
        key="k",
    )
    assert (wrong.status_code, right.status_code) == (422, 201)


def test_a_system_of_another_agency_sees_nothing_of_this_one(town: Town) -> None:
    number, serial = town.application(), town.enrolled()
    foreign = town.machine(*MACHINE_PERMISSIONS, agency=WORKERS)
    for method, path in (
        ("GET", f"/authority/applications/{number}"),
        ("POST", f"/authority/applications/{number}/withdrawal"),
        ("GET", f"/authority/certificates/{serial}"),
    ):
        assert town.ask(method, path, token=foreign).status_code == 404, path
    listed = town.get("/authority/applications?limit=100", foreign)["items"]
    assert {each["agency"] for each in listed} <= {WORKERS}
    named = town.get("/authority/certificates?limit=100", foreign)["items"]
    assert named
    assert all("WORKERS" in each["subject"] for each in named)


def test_lists_are_paged_without_gap_or_repetition(town: Town) -> None:
    auditor, seen = town.staff(Role.AUDITOR), []
    town.enrolled()
    cursor = ""
    while cursor is not None:
        page = town.get(f"/authority/certificates?limit=3{cursor and '&cursor=' + cursor}", auditor)
        seen += [each["serial_number"] for each in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == len(town.service.desk.certificates())


def test_while_the_issuing_key_is_silent_approvals_are_kept_and_the_certificate_follows(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = town.application()
    _approve(town, number, "one")

    def silent(*_: Any, **__: Any) -> None:
        raise KeyUnavailable(key_id="issuing", reason="unplugged")

    monkeypatch.setattr("ca.certificates.sign", silent)
    assert _approve(town, number, "two", expect=503)["code"] == "issuing-key-unavailable"
    monkeypatch.undo()

    town.later(minutes=11)

    shown = town.get(f"/authority/applications/{number}", town.staff(Role.AUDITOR))
    assert shown["state"] == "issued"
    assert _published(town, shown["certificate"])


def test_what_nobody_decides_on_expires(town: Town) -> None:
    number = town.application()
    town.later(days=31)
    shown = town.get(f"/authority/applications/{number}", town.staff(Role.AUDITOR))
    assert shown["state"] == "expired"


# Taking out of force


def test_a_revocation_is_in_the_list_and_in_both_kinds_of_answer_at_once(town: Town) -> None:
    serial = town.enrolled()
    town.later(minutes=5)
    lost = town.clock() - timedelta(minutes=2)
    body = {**WHY, "reason": "keyCompromise", "invalid_since": lost.isoformat()}
    path = f"/authority/certificates/{serial}/revocation"

    done = town.post(path, town.staff(Role.SECURITY_OFFICER), body)

    assert (done["status"], done["reason"]) == ("revoked", "keyCompromise")
    entry = _listed(town, serial)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "keyCompromise"
    invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert invalid.invalidity_date_utc == lost.replace(microsecond=0)
    for answer in (_asked(town, serial), _signed_before(town, serial)):
        assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    history = town.get(f"/authority/certificates/{serial}", town.staff(Role.AUDITOR))["history"]
    by = f"staff:{town.account(Role.SECURITY_OFFICER)}"
    assert [(each["change"], each["by"]) for each in history] == [("revoked", by)]
    found = town.get(f"/audit/entries?object_kind=authority&object_id={serial}", town.staff(Role.AUDITOR))[
        "items"
    ]
    assert found[-1]["facts"]["why"] == WHY["why"]
    again = town.post(path, town.staff(Role.SECURITY_OFFICER), body, expect=409)
    assert again["code"] == "ca-not-revocable"


def test_a_suspension_is_seen_at_once_and_so_is_its_end(town: Town) -> None:
    serial, security = town.enrolled(), town.staff(Role.SECURITY_OFFICER)
    town.later(minutes=5)
    assert town.post(f"/authority/certificates/{serial}/suspension", security, WHY)["status"] == "suspended"
    held = _listed(town, serial)
    assert held is not None
    assert held.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "certificateHold"
    assert _asked(town, serial).certificate_status is ocsp.OCSPCertStatus.REVOKED

    town.later(minutes=5)
    assert town.post(f"/authority/certificates/{serial}/release", security, WHY)["status"] == "in-force"
    assert _listed(town, serial) is None
    for answer in (_asked(town, serial), _signed_before(town, serial)):
        assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    refused = town.post(f"/authority/certificates/{serial}/release", security, WHY, expect=409)
    assert refused["code"] == "ca-not-revocable"


@pytest.mark.parametrize("name", ["root", "issuing", "trust-list"])
def test_what_the_root_signed_is_not_revoked_here(town: Town, name: str) -> None:
    serial = next(each for each in town.service.desk.certificates() if each.name == name).serial_number
    for act, body in (("revocation", {**WHY, "reason": "superseded"}), ("suspension", WHY)):
        path = f"/authority/certificates/{serial:x}/{act}"
        refused = town.post(path, town.staff(Role.SECURITY_OFFICER), body, expect=409)
        assert refused["code"] == "ca-not-revocable"


def test_a_date_beyond_the_calendar_is_a_wrong_field(town: Town) -> None:
    body = {**WHY, "reason": "keyCompromise", "invalid_since": "0001-01-01T00:00:00+14:00"}
    path = "/authority/certificates/ff/revocation"
    refused = town.post(path, town.staff(Role.SECURITY_OFFICER), body, expect=422)
    assert refused["code"] == "fields-not-valid"


# EST


class System:
    """An agency's system with a client id and secret."""

    def __init__(self, town: Town, agency: str = CIVIL) -> None:
        self.town, self.address = town, town.new_address()
        with town.engine.begin() as connection:
            self.client = machines.create_client(
                connection,
                name="نظام الأرشيف",
                agency=agency,
                scopes=frozenset({Permission.CERTIFICATES_APPLY}),
                by=system_actor("test"),
                at=town.clock(),
            )

    def send(self, operation: str, request: str, **headers: str) -> Any:
        secret = f"{self.client.id}:{self.client.secret}".encode()
        return self.town.ask(
            "POST",
            f"/.well-known/est/{operation}",
            content="".join(request.splitlines()[1:-1]),
            headers={
                "Content-Type": "application/pkcs10",
                "Authorization": f"Basic {base64.b64encode(secret).decode()}",
                **headers,
            },
            address=self.address,
            key="",
        )

    def enrolled(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        request = certificate_request(key)
        assert self.send("simpleenroll", request).status_code == 202
        _approve_all(self.town)
        return _only(self.send("simpleenroll", request))


def _approve_all(town: Town) -> None:
    waiting = town.get("/authority/applications?state=submitted&limit=100", _officer(town, "one"))["items"]
    for each in waiting:
        for name in ("one", "two"):
            path = f"/authority/applications/{each['number']}/approvals"
            town.ask("POST", path, token=_officer(town, name))


def _only(answer: Any) -> x509.Certificate:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/pkcs7-mime; smime-type=certs-only"
    (certificate,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.content))
    return certificate


def test_est_says_who_the_authorities_are_and_what_is_wanted(town: Town) -> None:
    answer = town.ask("GET", "/.well-known/est/cacerts")
    assert answer.headers["Content-Type"] == "application/pkcs7-mime"
    found = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.content))
    hierarchy = town.service.trust_services.hierarchy
    assert set(found) == {hierarchy.issuing.certificate, *hierarchy.issuing.chain}
    wanted = town.ask("GET", "/.well-known/est/csrattrs")
    assert wanted.headers["Content-Type"] == "application/csrattrs"
    # SEQUENCE { SEQUENCE { id-ecPublicKey, SET { secp256r1 } }, ecdsa-with-SHA256 }
    assert base64.b64decode(wanted.content).hex() == (
        "3021301506072a8648ce3d0201310a06082a8648ce3d03010706082a8648ce3d040302"
    )


def test_a_system_applies_waits_for_two_officers_and_fetches_its_certificate(town: Town) -> None:
    system, key = System(town), _new_key()
    request = certificate_request(key)
    waiting = system.send("simpleenroll", request)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, str(RETRY_AFTER_SECONDS))
    assert system.send("simpleenroll", request).status_code == 202
    applied = town.get("/authority/applications?state=submitted&limit=100", _officer(town, "one"))["items"]
    assert len([each for each in applied if each["submitted_by"] == f"machine:{system.client.id}"]) == 1

    _approve_all(town)

    certificate = _only(system.send("simpleenroll", request))
    assert certificate.public_key() == key.public_key()
    assert certificate == _only(system.send("simpleenroll", request))
    assert certificate == _published(town, f"{certificate.serial_number:x}")


def test_the_present_key_renews_and_the_secret_alone_does_not(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stole the secret has no certificate without officers; who holds the key has one at once."""
    monkeypatch.setattr("ca.enrolment.RENEWAL_WINDOW", timedelta(days=5 * 365))  # else three years would pass
    system, key, new = System(town), _new_key(), _new_key()
    present = system.enrolled(key)
    town.later(days=1)
    request = certificate_request(new, present.subject)

    stolen = system.send("simplereenroll", certificate_request(_new_key(), present.subject))
    assert stolen.status_code == 202
    number = stolen.text.split()[1]
    town.post(f"/authority/applications/{number}/rejection", _officer(town, "one"), {"reason": "not ours"})

    der = x509.load_pem_x509_csr(request.encode()).public_bytes(Encoding.DER)
    proof = base64.b64encode(key.sign(der, ec.ECDSA(hashes.SHA256()))).decode()
    following = _only(system.send("simplereenroll", request, **{PROOF_HEADER: proof}))
    assert following.public_key() == new.public_key()
    assert following.subject == present.subject
    assert following.not_valid_before_utc < present.not_valid_after_utc < following.not_valid_after_utc

    refused = system.send("simplereenroll", request, **{PROOF_HEADER: "AAAA"})
    assert _only(refused) == following  # the request was answered before; its key is certified
    wrong = certificate_request(_new_key(), present.subject)
    assert system.send("simplereenroll", wrong, **{PROOF_HEADER: proof}).status_code == 400


def test_a_renewal_names_whom_it_renews_and_needs_something_to_renew(town: Town) -> None:
    system = System(town)
    nothing = system.send("simplereenroll", certificate_request())
    assert (nothing.status_code, "no certificate in force" in nothing.text) == (409, True)
    system.enrolled(_new_key())
    for subject in (x509.Name([]), x509.Name([*agency_name(certified(AGENCIES[1]))])):
        assert system.send("simplereenroll", certificate_request(_new_key(), subject)).status_code == 400


def test_est_refuses_in_sentences(town: Town) -> None:
    system, request = System(town), certificate_request()
    rejected = certificate_request()
    number = system.send("simpleenroll", rejected).text.split()[1]
    town.post(f"/authority/applications/{number}/rejection", _officer(town, "one"), {"reason": "no letter"})
    impostor = System(town)
    impostor.client = type(system.client)(id=system.client.id, secret="guessed")
    foreign = System(town, WORKERS)
    answers = {
        "rejected": (system.send("simpleenroll", rejected), 409, "rejected"),
        "another system's key": (foreign.send("simpleenroll", rejected), 409, "before"),
        "wrong secret": (impostor.send("simpleenroll", request), 401, "name or the password"),
        "not a request": (system.send("simpleenroll", "-\nrubbish!\n-"), 400, "PKCS #10"),
        "other type": (
            system.send("simpleenroll", request, **{"Content-Type": "application/json"}),
            415,
            "content type",
        ),
    }
    for name, (answer, status, words) in answers.items():
        assert (answer.status_code, words in answer.text) == (status, True), (name, answer.text)
        assert answer.headers["Content-Type"].startswith("text/plain"), name
    assert answers["wrong secret"][0].headers["WWW-Authenticate"] == 'Basic realm="wathiqa"'


def test_a_disabled_system_gets_nothing(town: Town) -> None:
    system = System(town)
    with town.engine.begin() as connection:
        machines.disable_client(connection, system.client.id, by=system_actor("test"), at=town.clock())
    assert system.send("simpleenroll", certificate_request()).status_code == 401
