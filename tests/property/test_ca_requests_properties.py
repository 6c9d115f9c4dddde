"""What strangers ask of the authority: what another library writes is read as meant, and nothing else is."""

import hashlib
from contextlib import suppress
from typing import Any

from asn1crypto import ocsp, tsp
from hypothesis import example, given
from hypothesis import strategies as st

from ca.ocsp_request import MAX_NONCE_OCTETS, MAX_REQUEST_OCTETS, CertificateId, parse_status_request
from ca.timestamp_request import RequestRefused, parse_time_stamp_request
from keys.der import SEQUENCE, tlv

NESTED = b"\x30\x80" * 500
CERTIFICATES = st.builds(
    CertificateId,
    hash_name=st.sampled_from(["sha1", "sha256"]),
    issuer_name_hash=st.binary(min_size=20, max_size=32),
    issuer_key_hash=st.binary(min_size=20, max_size=32),
    serial_number=st.integers(-(1 << 159), (1 << 159) - 1),
)


def written(asked: list[CertificateId], nonce: bytes | None) -> bytes:
    requests = [
        {
            "req_cert": {
                "hash_algorithm": {"algorithm": each.hash_name},
                "issuer_name_hash": each.issuer_name_hash,
                "issuer_key_hash": each.issuer_key_hash,
                "serial_number": each.serial_number,
            }
        }
        for each in asked
    ]
    tbs: dict[str, Any] = {"request_list": requests}
    if nonce is not None:
        tbs["request_extensions"] = [{"extn_id": "nonce", "critical": False, "extn_value": nonce}]
    der: bytes = ocsp.OCSPRequest({"tbs_request": tbs}).dump()
    return der


@given(
    asked=st.lists(CERTIFICATES, min_size=1, max_size=8),
    nonce=st.none() | st.binary(min_size=1, max_size=MAX_NONCE_OCTETS),
)
def test_a_status_request_is_read_as_another_library_meant_it(
    asked: list[CertificateId], nonce: bytes | None
) -> None:
    der = written(asked, nonce)
    if len(der) <= MAX_REQUEST_OCTETS:
        read = parse_status_request(der)
        assert (list(read.asked), read.nonce) == (asked, nonce)


@given(der=st.binary(max_size=600) | st.binary(max_size=600).map(lambda body: tlv(SEQUENCE, body)))
@example(der=NESTED)
@example(der=b"\x30" * 2048)
def test_no_octets_do_more_to_a_status_request_than_be_refused(der: bytes) -> None:
    read = None
    with suppress(ValueError):
        read = parse_status_request(der)
    assert read is None or read.asked


@given(der=st.binary(max_size=600) | st.binary(max_size=600).map(lambda body: tlv(SEQUENCE, body)))
@example(der=NESTED)
@example(der=b"\x30" * 4096)
def test_no_octets_do_more_to_a_time_stamp_request_than_be_refused(der: bytes) -> None:
    read = None
    with suppress(RequestRefused):
        read = parse_time_stamp_request(der)
    assert read is None or read.message_imprint in der


@given(
    name=st.sampled_from(["sha256", "sha384", "sha512"]),
    nonce=st.none() | st.integers(-(1 << 255), (1 << 255) - 1),
    policy=st.none() | st.sampled_from(["1.3.6.1.4.1.32473.760.2.1", "1.2.3.4"]),
    wants=st.booleans(),
)
def test_a_time_stamp_request_is_read_as_another_library_meant_it(
    name: str, nonce: int | None, policy: str | None, *, wants: bool
) -> None:
    digest = hashlib.new(name, b"document").digest()
    fields = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": name}, "hashed_message": digest},
        "req_policy": policy,
        "nonce": nonce,
        "cert_req": wants,
    }
    asked = tsp.TimeStampReq({key: value for key, value in fields.items() if value is not None})
    read = parse_time_stamp_request(asked.dump())

    assert (read.hash_name, read.nonce, read.wants_certificate) == (name, nonce, wants)
    assert read.message_imprint == asked["message_imprint"].dump()
    assert (read.policy is None) == (policy is None)
