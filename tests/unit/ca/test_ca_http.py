import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from fastapi import FastAPI

from ca.http import create_router
from ca.services import AuthorityServices

DIGEST = hashlib.sha256(b"document").digest()


class Client:
    """Asks the application directly, without a server."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app)

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._send("GET", path))

    def post(self, path: str, **arguments: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", path, **arguments))

    async def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://pki") as client:
            return await client.request(method, path, **arguments)


def services(pki: Any, **arguments: Any) -> AuthorityServices:
    return AuthorityServices(lambda: pki.hierarchy, pki.engine, pki.clock, **arguments)


@pytest.fixture
def client(pki: Any) -> Client:
    app = FastAPI()
    app.include_router(create_router(services(pki)))
    return Client(app)


def ocsp_request(pki: Any, nonce: bytes | None = None) -> bytes:
    pair = (pki.hierarchy.seal("civil-registry").certificate, pki.hierarchy.issuing.certificate)
    builder = ocsp.OCSPRequestBuilder().add_certificate(*pair, hashes.SHA1())  # noqa: S303  (RFC 5019 names issuers so)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def tsa_request() -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST}
    der: bytes = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True}).dump()
    return der


def post(client: Client, path: str, body: bytes, content_type: str) -> Any:
    return client.post(path, content=body, headers={"Content-Type": content_type})


def test_a_time_stamp_over_http(client: Client) -> None:
    response = post(client, "/tsa", tsa_request(), "application/timestamp-query")

    assert response.headers["content-type"] == "application/timestamp-reply"
    assert response.headers["cache-control"] == "no-store"
    reply = tsp.TimeStampResp.load(response.content, strict=True)
    assert reply["status"]["status"].native == "granted"
    assert len(reply["time_stamp_token"]["content"]["certificates"]) == 2


def test_nonsense_gets_a_refusal_and_not_an_error(client: Client) -> None:
    response = post(client, "/tsa", b"nonsense", "application/timestamp-query")

    assert response.status_code == 200
    assert response.content[4:7].hex() == "020102"  # PKIStatus 2: rejection


def test_ocsp_by_post_and_by_get_is_one_answer(pki: Any, client: Client) -> None:
    request = ocsp_request(pki)
    by_post = post(client, "/ocsp", request, "application/ocsp-request")
    encoded = base64.b64encode(request).decode()

    for path in (f"/ocsp/{quote(encoded, safe='')}", f"/ocsp/{encoded}"):
        by_get = client.get(path)
        assert by_get.headers["content-type"] == "application/ocsp-response"
        response = ocsp.load_der_ocsp_response(by_get.content)
        assert response.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert response.tbs_response_bytes == ocsp.load_der_ocsp_response(by_post.content).tbs_response_bytes


def test_ocsp_by_get_may_be_cached_for_half_its_life(pki: Any, client: Client) -> None:
    """RFC 5019 §6.2."""
    headers = client.get(f"/ocsp/{base64.b64encode(ocsp_request(pki)).decode()}").headers

    assert headers["cache-control"] == f"max-age={18 * 3600}, public, no-transform, must-revalidate"
    assert headers["last-modified"] == "Sun, 22 Nov 2026 08:00:00 GMT"
    assert headers["expires"] == "Mon, 23 Nov 2026 20:00:00 GMT"


def test_an_answer_with_a_nonce_is_not_cached(pki: Any, client: Client) -> None:
    encoded = base64.b64encode(ocsp_request(pki, nonce=b"12345678")).decode()

    assert client.get(f"/ocsp/{encoded}").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/ocsp/!!!", "/ocsp/AAAA", "/ocsp/%00", "/ocsp/%D8%A7"])
def test_ocsp_by_get_of_nonsense_is_malformed(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert response.content == bytes.fromhex("30030a0101")
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "content_type", "octets"),
    [("/tsa", "application/timestamp-query", 4097), ("/ocsp", "application/ocsp-request", 2049)],
)
def test_an_oversized_or_mislabelled_request_is_not_read(
    client: Client, path: str, content_type: str, octets: int
) -> None:
    assert post(client, path, bytes(octets), content_type).status_code == 413
    assert post(client, path, b"", "text/plain").status_code == 415
    assert client.get("/ocsp/" + "A" * 5000).status_code == 414


def test_crls_and_certificates_are_served_as_files(pki: Any, client: Client) -> None:
    for name in ("root", "issuing"):
        response = client.get(f"/crl/{name}.crl")
        assert response.headers["content-type"] == "application/pkix-crl"
        assert x509.load_der_x509_crl(response.content).next_update_utc > pki.now + timedelta(days=1)
    for credential in pki.hierarchy.credentials():
        for name in (credential.name, f"{credential.certificate.serial_number:x}"):
            response = client.get(f"/certificates/{name}.cer")
            assert response.headers["content-type"] == "application/pkix-cert"
            assert response.content == credential.der


@pytest.mark.parametrize(
    "path",
    ["/crl/nobody.crl", "/certificates/nobody.cer", "/certificates/ab.cer", "/certificates/-1.cer",
     "/certificates/" + "f" * 400 + ".cer", "/crl/..%2froot.crl"],
)  # fmt: skip
def test_what_does_not_exist_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_addresses_inside_certificates_are_the_routes(pki: Any, client: Client) -> None:
    certificate = pki.hierarchy.seal("civil-registry").certificate
    point = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0]
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    urls = [point.full_name[0].value, *(description.access_location.value for description in access)]
    paths = [url.removeprefix("http://pki.wathiqa.example") for url in urls]

    assert paths == ["/crl/issuing.crl", "/ocsp", "/certificates/issuing.cer"]
    assert client.get(paths[0]).status_code == client.get(paths[2]).status_code == 200


def test_a_renewed_hierarchy_answers_at_once(pki: Any, client: Client) -> None:
    old = pki.hierarchy.ocsp.certificate
    pki.later(days=25)
    pki.establish()
    response = post(client, "/ocsp", ocsp_request(pki), "application/ocsp-request")

    assert ocsp.load_der_ocsp_response(response.content).certificates == [pki.hierarchy.ocsp.certificate]
    assert pki.hierarchy.ocsp.certificate != old
