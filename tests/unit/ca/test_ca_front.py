"""Status and time-stamps over HTTP: what is at hand, what a stranger may take of us, what is never signed."""

import asyncio
import base64
import hashlib
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from fastapi import FastAPI
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import ca.front
from ca.errors import ClockNotTrusted
from ca.front import AuthorityFront
from ca.http import create_router
from ca.ocsp import OcspResponder
from ca.presigning import presign_due
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.services import AuthorityServices
from ca.timestamp import TimeStamper
from keys.der import BIT_STRING, INTEGER, NULL, OCTET_STRING, SEQUENCE, context, integer, tlv

OCSP_TYPE, TSA_TYPE = "application/ocsp-request", "application/timestamp-query"
MALFORMED, INTERNAL, TRY_LATER, UNAUTHORIZED = (bytes((0x30, 3, 10, 1, number)) for number in (1, 2, 3, 6))
SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()  # noqa: S303  (RFC 5019 names issuers so)


class Site:
    """An authority behind its front, whose uses of keys are counted."""

    def __init__(self, pki: Any, *, clock: Callable[[], datetime] | None = None) -> None:
        self.pki, self.signed = pki, []
        self.hierarchy = self
        self.services = AuthorityServices(
            lambda: self.hierarchy, pki.engine, pki.clock, trusted_clock=clock or pki.clock
        )
        app = FastAPI()
        app.include_router(create_router(self.services))
        app.add_middleware(AuthorityFront, services=self.services)
        self.app = app
        self._transport = httpx.ASGITransport(app)

    # As a hierarchy, whose keys count.

    def credentials(self) -> Any:
        return self.pki.hierarchy.credentials()

    def time_stamper(self, clock: Any, *, with_chain: bool) -> TimeStamper:
        credential = self.pki.hierarchy.timestamp
        chain = credential.chain[:1] if with_chain else ()
        return TimeStamper(self._counting(credential.signer), credential.certificate, chain, clock=clock)

    def ocsp_responder(self) -> OcspResponder:
        credential = self.pki.hierarchy.ocsp
        return OcspResponder(
            issuer_name="issuing",
            issuer=self.pki.hierarchy.issuing.certificate,
            certificate=credential.certificate,
            signer=self._counting(credential.signer),
        )

    def _counting(self, signer: Any) -> Any:
        signed = self.signed

        class Counting:
            key_id, purpose = signer.key_id, signer.purpose
            algorithm, public_key = signer.algorithm, signer.public_key

            def sign(self, data: bytes, *, purpose: Any) -> bytes:
                signed.append(data)
                answer: bytes = signer.sign(data, purpose=purpose)
                return answer

        return Counting()

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://pki") as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(send())

    def post(self, path: str, body: bytes, media_type: str) -> httpx.Response:
        return self.ask("POST", path, content=body, headers={"Content-Type": media_type})

    def ocsp(self, body: bytes) -> bytes:
        response = self.post("/ocsp", body, OCSP_TYPE)
        assert response.status_code == 200
        return response.content

    def tsa(self, body: bytes) -> bytes:
        response = self.post("/tsa", body, TSA_TYPE)
        assert response.status_code == 200
        return response.content


@pytest.fixture
def site(pki: Any) -> Site:
    return Site(pki)


class Bare:
    """A front behind which nobody is asked."""

    def __init__(self) -> None:
        def nobody() -> Any:
            pytest.fail("asked for what is not needed")

        self.services = AuthorityServices(nobody, None, nobody)  # type: ignore[arg-type]  # no books either
        app = FastAPI()
        app.include_router(create_router(self.services))
        self.app = AuthorityFront(app, services=self.services)
        self._transport = httpx.ASGITransport(self.app)

    ask, post = Site.ask, Site.post


@pytest.fixture
def bare() -> Bare:
    return Bare()


@pytest.fixture
def presigned(pki: Any, site: Site) -> Site:
    """Answers are signed beforehand, and the site has looked once."""
    presign_due(pki.engine, pki.hierarchy.ocsp_responder(), at=pki.now)
    site.ocsp(request(pki))
    site.signed.clear()
    return site


def request(pki: Any, algorithm: hashes.HashAlgorithm = SHA1, nonce: bytes | None = None) -> bytes:
    pair = (pki.hierarchy.seal("civil-registry").certificate, pki.hierarchy.issuing.certificate)
    builder = ocsp.OCSPRequestBuilder().add_certificate(*pair, algorithm)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def by_get(der: bytes) -> str:
    return "/ocsp/" + base64.b64encode(der).decode().replace("/", "%2F").replace("+", "%2B")


def query(**changes: Any) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(b"x").digest()}
    der: bytes = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **changes}).dump()
    return der


@pytest.mark.parametrize("algorithm", [SHA1, SHA256], ids=["SHA-1", "SHA-256"])
def test_what_was_signed_beforehand_is_given_out_without_a_key(
    pki: Any, presigned: Site, algorithm: hashes.HashAlgorithm
) -> None:
    der = request(pki, algorithm)
    got, posted = presigned.ask("GET", by_get(der)).content, presigned.ocsp(der)

    assert got == posted
    assert ocsp.load_der_ocsp_response(got).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert ocsp.load_der_ocsp_response(got).hash_algorithm.name == algorithm.name
    assert presigned.signed == []


def test_a_nonce_is_answered_live(pki: Any, presigned: Site) -> None:
    """RFC 9654 §2.1."""
    answer = ocsp.load_der_ocsp_response(presigned.ocsp(request(pki, nonce=b"0123456789abcdef")))

    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"
    assert len(presigned.signed) == 1


def test_a_revocation_is_told_by_a_site_that_keeps_answers(
    pki: Any, presigned: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    serial = pki.hierarchy.seal("civil-registry").certificate.serial_number
    with pki.engine.begin() as connection:
        revoke(connection, serial, reason=RevocationReason.KEY_COMPROMISE, at=pki.now)
    monkeypatch.setattr(presigned.services.presigned, "_elapsed", lambda: 1e9)
    said = ocsp.load_der_ocsp_response(presigned.ask("GET", by_get(request(pki))).content)

    assert said.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert len(presigned.signed) == 1


def test_whoever_revokes_in_this_process_is_told_of_it_at_once(pki: Any, presigned: Site) -> None:
    """What was revoked is followed by a new hierarchy, which is another object."""
    serial = pki.hierarchy.seal("civil-registry").certificate.serial_number
    der = request(pki)
    with pki.engine.begin() as connection:
        revoke(connection, serial, reason=RevocationReason.KEY_COMPROMISE, at=pki.now)
    presigned.hierarchy = Site(pki)

    said = ocsp.load_der_ocsp_response(presigned.ocsp(der))
    assert said.certificate_status is ocsp.OCSPCertStatus.REVOKED


def test_several_certificates_in_one_request_get_one_answer_about_all(pki: Any, presigned: Site) -> None:
    """RFC 6960 §4.1; RFC 5019 has clients ask about one, and does not forbid us to answer."""
    ours = ocsp.load_der_ocsp_request(request(pki))
    serials = [
        pki.hierarchy.seal("workers-register").certificate.serial_number,
        ours.serial_number,
        12345,
    ]
    der = asking(*(certificate_id(ours, serial) for serial in serials))
    answer = ocsp.load_der_ocsp_response(presigned.ocsp(der))

    assert [each.serial_number for each in answer.responses] == serials
    statuses = [each.certificate_status for each in answer.responses]
    assert statuses == [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.UNKNOWN]


def certificate_id(like: Any, serial: int) -> bytes:
    oid = bytes.fromhex("06052b0e03021a")
    return tlv(
        SEQUENCE,
        tlv(SEQUENCE, oid, tlv(NULL)),
        tlv(OCTET_STRING, like.issuer_name_hash),
        tlv(OCTET_STRING, like.issuer_key_hash),
        integer(serial),
    )


def asking(*ids: bytes, more: bytes = b"", signature: bytes = b"") -> bytes:
    asked = tlv(SEQUENCE, *(tlv(SEQUENCE, each) for each in ids))
    return tlv(SEQUENCE, tlv(SEQUENCE, more, asked), signature)


def test_a_signed_request_is_answered_whoever_signed_it(pki: Any, presigned: Site) -> None:
    """RFC 5019 §2.1.2 lets us ignore it: everybody gets the same answer."""
    ours = ocsp.load_der_ocsp_request(request(pki))
    signature = tlv(
        context(0),
        tlv(SEQUENCE, tlv(SEQUENCE, bytes.fromhex("06082a8648ce3d040302")), tlv(BIT_STRING, b"\0")),
    )
    der = asking(certificate_id(ours, ours.serial_number), signature=signature)

    assert presigned.ocsp(der) == presigned.ocsp(request(pki))


# Caching.


def test_an_answer_that_a_cache_has_is_not_sent_again(pki: Any, presigned: Site) -> None:
    """RFC 5019 §6.2, RFC 9110 §13."""
    path = by_get(request(pki))
    first = presigned.ask("GET", path).headers
    for header in (
        {"If-None-Match": first["etag"]},
        {"If-None-Match": f'"other", W/{first["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first["last-modified"]},
    ):
        again = presigned.ask("GET", path, headers=header)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first["etag"]
        assert again.headers["cache-control"] == first["cache-control"]
    for header in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first["last-modified"]},
        {"If-Modified-Since": "Sun, 22 Nov 2026 07:59:59 GMT"},
    ):
        assert presigned.ask("GET", path, headers=header).status_code == 200


def test_an_answer_is_kept_for_half_its_life(pki: Any, presigned: Site) -> None:
    path = by_get(request(pki))
    ages = []
    for _ in range(3):
        ages.append(presigned.ask("GET", path).headers["cache-control"].split(",")[0])
        pki.later(hours=8)

    assert ages == [f"max-age={18 * 3600}", f"max-age={10 * 3600}", f"max-age={2 * 3600}"]


def test_an_unknown_serial_is_not_to_be_kept(pki: Any, presigned: Site) -> None:
    """It may be issued in a moment."""
    ours = ocsp.load_der_ocsp_request(request(pki))
    response = presigned.ask("GET", by_get(asking(certificate_id(ours, 4711))))

    assert response.headers["cache-control"] == "no-store"
    said = ocsp.load_der_ocsp_response(response.content)
    assert said.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    assert said.next_update_utc is not None
    assert (said.next_update_utc - pki.now).total_seconds() <= 600


def test_lists_and_certificates_carry_tags_too(presigned: Site) -> None:
    for path in ("/crl/issuing.crl", "/certificates/issuing.cer", "/certificates/ocsp.cer"):
        first, head = presigned.ask("GET", path), presigned.ask("HEAD", path)
        tag = first.headers["etag"]

        assert tag == f'"{hashlib.sha256(first.content).hexdigest()}"'
        assert presigned.ask("GET", path, headers={"If-None-Match": tag}).status_code == 304
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
        assert head.headers["content-length"] == str(len(first.content))


def test_the_head_of_an_answer(pki: Any, presigned: Site) -> None:
    path = by_get(request(pki))
    head, full = presigned.ask("HEAD", path), presigned.ask("GET", path)

    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(full.headers)


# What is not asked as it should be.


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/tsa", 405, "POST"),
        ("PUT", "/tsa", 405, "POST"),
        ("GET", "/ocsp", 405, "POST"),
        ("DELETE", "/ocsp", 405, "POST"),
        ("POST", "/ocsp/AAAA", 405, "GET"),
        ("PUT", "/ocsp/AAAA", 405, "GET"),
    ],
)
def test_other_methods_are_not_allowed(bare: Bare, method: str, path: str, status: int, allow: str) -> None:
    response = bare.ask(method, path)

    assert (response.status_code, response.headers["allow"]) == (status, allow)


@pytest.mark.parametrize(
    ("path", "media_type"), [("/tsa", OCSP_TYPE), ("/ocsp", TSA_TYPE), ("/tsa", "text/plain"), ("/ocsp", "")]
)
def test_another_media_type_is_not_read(bare: Bare, path: str, media_type: str) -> None:
    assert bare.post(path, query(), media_type).status_code == 415


@pytest.mark.parametrize("media_type", [OCSP_TYPE.upper(), f"{OCSP_TYPE}; charset=binary"])
def test_a_media_type_is_read_as_http_has_it(pki: Any, presigned: Site, media_type: str) -> None:
    assert presigned.post("/ocsp", request(pki), media_type).status_code == 200


def serve(app: Any, receive: Callable[[], Awaitable[Any]], path: str = "/tsa") -> dict[str, Any]:
    """One request whose body arrives as `receive` has it."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    media_type = TSA_TYPE if path == "/tsa" else OCSP_TYPE
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", media_type.encode())],
    }
    asyncio.run(app(scope, receive, send))
    return {"status": sent[0]["status"], "headers": dict(sent[0]["headers"]), "body": sent[1]["body"]}


def test_a_body_without_end_is_read_no_further_than_its_limit(bare: Bare) -> None:
    taken = 0

    async def receive() -> Any:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    answer = serve(AuthorityFront(bare.app, services=bare.services), receive)
    assert (answer["status"], answer["headers"][b"connection"]) == (413, b"close")
    assert taken == 5


def test_a_body_that_comes_too_slowly_is_not_waited_for(bare: Bare) -> None:
    async def receive() -> Any:
        await asyncio.Event().wait()

    front = AuthorityFront(bare.app, services=bare.services, body_within_seconds=0)
    answer = serve(front, receive)
    assert (answer["status"], answer["headers"][b"connection"]) == (408, b"close")


def test_too_many_at_once_are_asked_to_come_again(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ca.front, "MAX_WAITING", 2)
    front, going = AuthorityFront(bare.app, services=bare.services), threading.Event()
    monkeypatch.setattr(bare.services, "time_stamp", lambda _: going.wait(10) and ca.front.busy())

    async def receive() -> Any:
        return {"type": "http.request", "body": query()}

    async def scene() -> list[int]:
        statuses: list[int] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                going.set()

        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/tsa", "query_string": b""}
        scope["headers"] = [(b"content-type", TSA_TYPE.encode())]
        await asyncio.gather(*(front(dict(scope), receive, send) for _ in range(3)))
        return statuses

    assert asyncio.run(scene()) == [503] * 3
    assert going.is_set()


def test_an_error_of_ours_is_an_answer_without_a_trace(
    pki: Any, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(OcspResponder, "respond", broken)
    monkeypatch.setattr(TimeStamper, "respond", broken)

    assert site.ocsp(request(pki)) == INTERNAL
    assert b"secret" not in site.tsa(query())
    assert [record.exc_text is not None for record in caplog.records] == [True, True]
    assert site.signed == []


# The clock.


def test_without_a_lease_nothing_is_signed_and_what_was_signed_before_is_given_out(pki: Any) -> None:
    def nobody_vouches() -> datetime:
        raise ClockNotTrusted(reason="the clock was set back")

    site = Site(pki, clock=nobody_vouches)
    presign_due(pki.engine, pki.hierarchy.ocsp_responder(), at=pki.now)

    good = ocsp.load_der_ocsp_response(site.ocsp(request(pki)))
    assert good.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert site.ocsp(request(pki, nonce=b"1")) == TRY_LATER
    refusal = site.tsa(query())
    assert b"the time is not known" in refusal
    assert site.signed == []


# Bad input: each row with what is answered; nothing of it is signed.


def deep(levels: int) -> bytes:
    der = b"\x02\x01\x00"
    for _ in range(levels):
        der = tlv(SEQUENCE, der)
    return der


BAD_STATUS_REQUESTS: dict[str, Callable[[Any], bytes]] = {
    "nothing": lambda _: b"",
    "garbage": lambda _: b"\xde\xad\xbe\xef" * 30,
    "truncated DER": lambda like: request_of(like)[:-3],
    "an octet too many": lambda like: request_of(like) + b"\0",
    "indefinite length (BER)": lambda like: b"\x30\x80" + request_of(like)[2:] + b"\0\0",
    "a length of five octets": lambda _: b"\x30\x85\x01\x00\x00\x00\x00",
    "a length that is not the shortest": lambda like: b"\x30\x81\x10" + request_of(like)[2:18],
    "deep nesting": lambda _: deep(400),
    "no certificate": lambda _: asking(),
    "more certificates than sixteen": lambda _: asking(*[b"\x30\x00"] * 17),
    "a serial of 21 octets": lambda like: asking(certificate_id(like, 1 << 161)),
    "a serial with a superfluous zero": lambda like: asking(padded(certificate_id(like, 5))),
    "an empty integer": lambda _: asking(
        tlv(SEQUENCE, tlv(SEQUENCE, bytes.fromhex("06052b0e03021a")), tlv(OCTET_STRING), tlv(OCTET_STRING),
            tlv(INTEGER))
    ),
    "version 2": lambda like: asking(certificate_id(like, 5), more=tlv(context(0), integer(1))),
    "a critical extension that nobody knows": lambda like: extended(like, critical=True),
    "an extension that stands twice": lambda like: extended(like, twice=True),
    "a signature that is none": lambda like: asking(certificate_id(like, 5), signature=tlv(context(0), b"x")),
}  # fmt: skip


def padded(identifier: bytes) -> bytes:
    return tlv(SEQUENCE, identifier[2:-3] + b"\x02\x02\x00\x05")


def request_of(like: Any) -> bytes:
    return asking(certificate_id(like, 5))


def extended(like: Any, *, critical: bool = False, twice: bool = False) -> bytes:
    flag = b"\x01\x01\xff" if critical else b""
    extension = tlv(SEQUENCE, bytes.fromhex("06032a0304"), flag, tlv(OCTET_STRING, tlv(NULL)))
    extensions = tlv(context(2), tlv(SEQUENCE, *[extension] * (2 if twice else 1)))
    asked = tlv(SEQUENCE, tlv(SEQUENCE, certificate_id(like, 5)))
    return tlv(SEQUENCE, tlv(SEQUENCE, asked, extensions))


def test_a_malformed_status_request_is_told_so_and_nothing_is_signed(pki: Any, presigned: Site) -> None:
    """RFC 6960 §2.3."""
    like = ocsp.load_der_ocsp_request(request(pki))
    bad = {name: make(like) for name, make in BAD_STATUS_REQUESTS.items()}
    said = {name: presigned.ocsp(der) for name, der in bad.items()}
    got = {name: presigned.ask("GET", by_get(der)) for name, der in bad.items()}

    assert said == dict.fromkeys(bad, MALFORMED)
    assert {name: response.content for name, response in got.items()} == said
    assert {response.headers["cache-control"] for response in got.values()} == {"no-store"}
    assert presigned.signed == []


def test_a_harmless_extension_is_no_obstacle(pki: Any, presigned: Site) -> None:
    der = extended(ocsp.load_der_ocsp_request(request(pki)))
    said = ocsp.load_der_ocsp_response(presigned.ocsp(der))

    assert said.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_a_serial_that_nobody_issues_is_unknown(pki: Any, presigned: Site) -> None:
    like = ocsp.load_der_ocsp_request(request(pki))
    for serial in (0, -1, -(1 << 100)):
        said = ocsp.load_der_ocsp_response(presigned.ocsp(asking(certificate_id(like, serial))))
        assert said.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
        assert said.serial_number == serial


def test_another_issuer_is_unauthorized_and_nothing_is_signed(pki: Any, presigned: Site) -> None:
    """RFC 5019 §2.2.3; also where only one of several is another's, and for a hash that we do not offer."""
    ours = ocsp.load_der_ocsp_request(request(pki))
    stranger = tlv(
        SEQUENCE,
        tlv(SEQUENCE, bytes.fromhex("06052b0e03021a"), tlv(NULL)),
        tlv(OCTET_STRING, bytes(20)),
        tlv(OCTET_STRING, bytes(20)),
        integer(ours.serial_number),
    )
    assert presigned.ocsp(asking(stranger)) == UNAUTHORIZED
    assert presigned.ocsp(asking(certificate_id(ours, ours.serial_number), stranger)) == UNAUTHORIZED
    assert presigned.ocsp(request(pki, hashes.SHA512())) == UNAUTHORIZED
    assert presigned.signed == []


@pytest.mark.parametrize(
    ("path", "media_type", "most"), [("/tsa", TSA_TYPE, 4096), ("/ocsp", OCSP_TYPE, 2048)]
)
def test_an_oversized_request_is_not_parsed(
    bare: Bare, path: str, media_type: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ca.services._read", lambda _: pytest.fail("parsed"))
    assert bare.post(path, bytes(most + 1), media_type).status_code == 413
    assert bare.ask("GET", "/ocsp/" + "A" * (2 * 2048 + 1)).status_code == 414


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=300), position=st.integers(0, 90), cut=st.integers(0, 90))
@example(data=b"\x30" * 300, position=0, cut=90)
def test_whatever_is_sent_draws_an_answer_and_is_good_only_of_what_was_issued(
    pki: Any, presigned: Site, data: bytes, position: int, cut: int
) -> None:
    whole = request(pki)
    mixed = whole[:position] + data + whole[position + cut :]
    for der in (data, mixed):
        if len(der) > 2048:
            continue
        answer = ocsp.load_der_ocsp_response(presigned.services.status(der, may_be_kept=True).body)
        if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
            for single in answer.responses:
                known = single.serial_number == ocsp.load_der_ocsp_request(whole).serial_number
                assert known or single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN
