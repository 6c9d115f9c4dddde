"""Verification asked of the service: many at once, one file with consent, number and code from paper."""

import base64
import hashlib
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from importlib import resources
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from installed_service import Delivered, Town
from jsonschema import Draft202012Validator
from sqlalchemy import text

from issuance.identity.permissions import Permission, Role
from issuance.serving import Address, web_configuration
from issuance.verification.answer_keys import ANSWER_LINE
from issuance.verification.bulk import MAX_FILES

MANY, ONE, PAPER = "/api/verifications", "/api/verifications/document", "/api/documents/check"
REPORT = Draft202012Validator(
    json.loads((resources.files("verify.report") / "verification-report.schema.json").read_text("utf-8"))
)
AGREED = {"Content-Type": "application/pdf", "Wathiqa-Consent": "judge-once"}


@pytest.fixture(scope="module")
def held(shared_town: Town) -> Delivered:
    case = shared_town.case()
    return shared_town.delivered(case, shared_town.citizen(case.applicant))


@pytest.fixture
def bank(town: Town) -> str:
    return town.machine(Permission.VERIFICATIONS_MAKE, agency="bank-of-example")


def seals(*texts: str) -> dict[str, Any]:
    return {"seals": [{"id": str(number), "text": each} for number, each in enumerate(texts)]}


def documents(*files: bytes) -> dict[str, Any]:
    encoded = [base64.b64encode(each).decode() for each in files]
    return {"documents": [{"id": f"d{number}", "pdf": each} for number, each in enumerate(encoded)]}


def believed(town: Town, answer: httpx.Response) -> dict[str, Any]:
    """What a client with a JOSE library of its own takes from an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/jose"
    header, payload, signature = answer.text.split(".")
    said = json.loads(_octets(header))
    assert (said["alg"], said["typ"]) == ("ES256", "wathiqa-verifications+jwt")
    keys = town.ask("GET", "/answer-keys/keys.jwks")
    assert keys.headers["Content-Type"] == "application/jwk-set+json"
    (key,) = [each for each in keys.json()["keys"] if each["kid"] == said["kid"]]
    x, y = (int.from_bytes(_octets(key[name]), "big") for name in ("x", "y"))
    raw = _octets(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public_key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public_key.verify(der, f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = json.loads(_octets(payload))
    return claims


def _octets(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_many_seal_codes_and_files_get_one_signed_answer(town: Town, held: Delivered, bank: str) -> None:
    altered = held.seal_text[:-1] + ("0" if held.seal_text[-1] != "0" else "1")
    asked = {**seals(held.seal_text, altered), **documents(held.pdf, held.pdf + b"more", b"no document")}

    claims = believed(town, town.ask("POST", MANY, token=bank, json=asked))

    assert claims["iss"] == town.service.parts.verify_origin
    assert claims["aud"].startswith("bank-of-example-")
    assert claims["iat"] == int(town.clock().timestamp())
    told = [(each["id"], each["kind"], each["report"]["verdict"]) for each in claims["verifications"]]
    assert told == [
        ("0", "seal", "genuine"),
        ("1", "seal", "not-genuine"),
        ("d0", "document", "genuine"),
        ("d1", "document", "not-genuine"),
        ("d2", "document", "not-genuine"),
    ]
    sent = [held.seal_text.encode(), altered.encode(), held.pdf, held.pdf + b"more", b"no document"]
    assert [each["sha256"] for each in claims["verifications"]] == [
        hashlib.sha256(each).hexdigest() for each in sent
    ]
    assert claims["verifications"][0]["report"]["document"]["number"] == held.number
    for each in claims["verifications"]:
        REPORT.validate(each["report"])
    named = f"object_kind=verification&object_id={claims['jti']}"
    entries = town.get(f"/audit/entries?{named}", town.staff(Role.AUDITOR))["items"]
    (entry,) = entries
    assert entry["facts"] == {"seals": 2, "documents": 3}


def test_the_same_call_gets_the_same_answer_counts_once_and_lies_unreadable(
    town: Town, held: Delivered, bank: str
) -> None:
    asked = seals(held.seal_text)
    first, again = (town.ask("POST", MANY, token=bank, key="batch-7", json=asked) for _ in range(2))
    other = town.ask("POST", MANY, token=bank, json=asked)

    assert (first.content, first.headers["RateLimit"]) == (again.content, again.headers["RateLimit"])
    assert other.content != first.content
    assert [_left(answer) for answer in (first, again, other)] == [9_999, 9_999, 9_998]
    with town.engine.connect() as connection:
        kept = connection.scalars(text("SELECT body FROM idempotent_answers WHERE key = 'batch-7'")).one()
    assert first.content not in kept
    assert first.text.split(".")[1][:40].encode() not in kept
    reused = town.ask("POST", MANY, token=bank, key="batch-7", json=seals("something else"))
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")


def _left(answer: httpx.Response) -> int:
    return int(answer.headers["RateLimit"].split(";r=")[1].partition(";")[0])


def test_a_document_that_was_just_revoked_is_not_in_force_in_the_next_answer(town: Town, bank: str) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    asked = seals(held.seal_text)
    (before,) = believed(town, town.ask("POST", MANY, token=bank, json=asked))["verifications"]
    path = f"/documents/{held.number}/revocation"
    town.post(path, town.staff(Role.REGISTRAR), {"reason": "issued-in-error"})
    (after,) = believed(town, town.ask("POST", MANY, token=bank, json=asked))["verifications"]

    assert (before["report"]["verdict"], after["report"]["verdict"]) == ("genuine", "not-in-force")
    assert after["report"]["status"] == "revoked"


def test_a_quota_is_of_a_day_and_a_call_that_it_does_not_cover_costs_nothing(town: Town) -> None:
    body = {"name": "مصرف", "agency": "bank-of-example", "scopes": ["verifications:make"]}
    administrator = town.staff(Role.ADMINISTRATOR)
    client = town.post("/clients", administrator, body, expect=201)
    given = town.ask("PUT", f"/clients/{client['id']}/quota", token=administrator, json={"a_day": 3})
    assert given.status_code == 204

    def ask(count: int) -> httpx.Response:
        token = town.ask(
            "POST",
            "/oauth/token",
            auth=(client["id"], client["secret"]),
            data={"grant_type": "client_credentials"},
        ).json()["access_token"]
        return town.ask("POST", MANY, token=token, json=seals(*(["no seal code"] * count)))

    assert _left(ask(2)) == 1
    refused = ask(2)
    assert (refused.status_code, refused.json()["code"]) == (429, "quota-spent")
    midnight = town.clock().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert int(refused.headers["Retry-After"]) == (midnight - town.clock()).total_seconds()
    assert "3" in refused.json()["detail_en"]
    assert _left(ask(1)) == 0
    assert ask(1).status_code == 429
    today = town.clock.now
    try:
        town.clock.now += timedelta(days=1)
        assert _left(ask(3)) == 0
    finally:
        town.clock.now = today
    unknown = town.ask("PUT", "/clients/nobody/quota", token=administrator, json={"a_day": 3})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "client-unknown")


def test_without_a_key_nothing_goes_out_unsigned_and_nothing_is_counted(town: Town, bank: str) -> None:
    keyring = town.service.keyring
    keyring.suspend(ANSWER_LINE, at=town.clock())
    try:
        refused = town.ask("POST", MANY, token=bank, key="batch-8", json=seals("x"))
    finally:
        keyring.resume(ANSWER_LINE, at=town.clock())
    assert (refused.status_code, refused.json()["code"]) == (503, "verification-unavailable")
    assert _left(town.ask("POST", MANY, token=bank, key="batch-8", json=seals("x"))) == 9_999


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        pytest.param({}, 422, "fields-not-valid", id="nothing"),
        pytest.param(seals(*["x"] * 501), 422, "fields-not-valid", id="more codes than a call carries"),
        pytest.param(documents(*[b"x"] * (MAX_FILES + 1)), 422, "too-many-files", id="more files"),
        pytest.param({"documents": [{"id": "1", "pdf": "%%%"}]}, 422, "file-not-readable", id="no base64"),
        pytest.param(
            {"seals": [{"id": "a b", "text": "x"}]}, 422, "fields-not-valid", id="a name with a space"
        ),
        pytest.param(documents(bytes(7 << 20)), 413, "body-too-large", id="too much at once"),
    ],
)
def test_what_cannot_be_asked_is_told_and_not_counted(
    town: Town, bank: str, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = town.ask("POST", MANY, token=bank, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert _left(town.ask("POST", MANY, token=bank, json=seals("x"))) == 9_999


def test_a_file_is_judged_for_whoever_agrees_to_send_it_and_nothing_of_it_is_kept(
    town: Town, held: Delivered
) -> None:
    before = _stored(town)
    answers = [
        town.ask("POST", ONE, content=content, headers=AGREED, address=town.new_address())
        for content in (held.pdf, held.pdf[:-7], b"")
    ]

    assert [answer.json()["verdict"] for answer in answers] == ["genuine", "not-genuine", "not-genuine"]
    for answer in answers:
        REPORT.validate(answer.json())
    report = answers[0].json()
    assert (report["file"], report["document"]["number"]) == (None, held.number)
    assert _stored(town) == before


def _stored(town: Town) -> tuple[Any, ...]:
    """Every file of the installation but the databases, and how many rows each table has."""
    files = {path for path in town.layout.root.rglob("*") if ".db" not in path.name}
    with town.engine.connect() as connection:
        tables = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        rows = {
            name: connection.scalar(text(f'SELECT count(*) FROM "{name}"'))  # noqa: S608  (names of tables)
            for name in tables
            if name != "attempt_counts"
        }
    return files, rows


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"Content-Type": "application/pdf"}, 422, "consent-missing", id="nobody agreed"),
        pytest.param(
            {**AGREED, "Wathiqa-Consent": "yes"}, 422, "consent-missing", id="agreed to something else"
        ),
        pytest.param(
            {**AGREED, "Content-Type": "text/plain"}, 415, "media-type-not-supported", id="not a PDF's type"
        ),
    ],
)
def test_a_file_that_nobody_agreed_to_send_is_not_read(
    town: Town, held: Delivered, headers: dict[str, str], status: int, code: str
) -> None:
    answer = town.ask("POST", ONE, content=held.pdf, headers=headers, address=town.new_address())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_files_are_sent_from_one_place_only_so_often_and_only_so_large(town: Town) -> None:
    address, large = town.new_address(), bytes((8 << 20) + 1)
    refused = town.ask("POST", ONE, content=large, headers=AGREED, address=address)
    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")
    answers = [town.ask("POST", ONE, content=b"", headers=AGREED, address=address) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_no_log_of_a_verification_names_a_document(
    town: Town,
    held: Delivered,
    bank: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither what is logged, at any level, nor what a web server before it could: the addresses asked."""
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []

    def ask(method: str, path: str, **given: Any) -> httpx.Response:
        asked.append(path)
        return town.ask(method, path, address=town.new_address(), **given)

    code, number = held.check_code, held.number
    ask("GET", "/status/1.cwt")
    ask("GET", "/trust-list.cwt")
    ask("GET", "/answer-keys/keys.jwks")
    for typed in ((number, code), (number, "0" * 12), (number[:-1], code), (number + " " * 60, code)):
        ask("POST", PAPER, json={"number": typed[0], "code": typed[1]})
    for content in (held.pdf, held.pdf[:-1], held.pdf * 60):
        ask("POST", ONE, content=content, headers=AGREED)
    ask("POST", MANY, token=bank, json={**seals(held.seal_text, number), **documents(held.pdf)})
    ask("POST", MANY, token=bank, json={"seals": [{"id": number, "text": held.seal_text * 9}]})
    _without_documents(town, lambda: ask("POST", PAPER, json={"number": number, "code": code}))

    written = "\n".join([caplog.text, *capfd.readouterr(), *asked])
    assert "request " in caplog.text  # the one that the database refused
    for name in (number, code, held.seal_text[-60:], hashlib.sha256(held.pdf).hexdigest(), held.case.subject):
        assert name not in written
    assert web_configuration(town.app, Address(host="127.0.0.1", port=1)).access_log is False


def _without_documents(town: Town, act: Callable[[], httpx.Response]) -> None:
    """While the book of documents is not there: what goes wrong is logged."""
    with town.engine.begin() as connection:
        connection.execute(text("ALTER TABLE documents RENAME TO elsewhere"))
    try:
        assert act().status_code == 503
    finally:
        with town.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO documents"))
