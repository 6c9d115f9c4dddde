"""Other makers read our bytes: cbor2 and cryptography by hand, pycose and python-cwt where there."""

import hashlib
import importlib
from datetime import UTC, datetime

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.formats.claims import SealClaims
from signing.formats.cose import encode_cose_key, raw_signature
from signing.formats.document_number import make_document_number
from signing.formats.seal_code import UnsignedSealCode, seal_code_text

pytestmark = pytest.mark.interop

ORIGIN = "https://verify.wathiqa.example"
KEY = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"interop").digest(), "big"), ec.SECP256R1())
UNSIGNED = UnsignedSealCode(
    claims=SealClaims(
        issued_at=datetime(2026, 11, 22, tzinfo=UTC),
        expires_at=datetime(2027, 2, 20, tzinfo=UTC),
        profile=3,
        status_list=1,
        status_index=77_777,
        number=make_document_number(2026, 1),
        agency=1,
        fields=("فاطمة", 99010000123, -7998, None, (("هێڤین", 1),)),
        record_digest=bytes(16),
    ),
    kid=b"kid0",
)
PAYLOAD = UNSIGNED.with_signature(
    raw_signature(KEY.sign(UNSIGNED.to_be_signed(ORIGIN), ec.ECDSA(hashes.SHA256())))
)
AAD = b"WATHIQA1 https://verify.wathiqa.example"


def test_read_by_the_specification_with_cbor2_and_cryptography() -> None:
    """Nothing of ours: digits, tag, Sig_structure and claims as docs/formats/seal-code.md words them."""
    digits = seal_code_text(ORIGIN, PAYLOAD).partition("#")[2]
    assert digits[0] == "1"
    groups = [digits[at : at + 17] for at in range(1, len(digits), 17)]
    sizes = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, 17: 7}
    payload = b"".join(int(group).to_bytes(sizes[len(group)], "little") for group in groups)
    message = cbor2.loads(payload)
    assert message.tag == 18
    protected, unprotected, content, signature = message.value
    assert cbor2.loads(protected) == {1: -7, 4: b"kid0"}
    assert unprotected == {}
    signed = cbor2.dumps(["Signature1", protected, AAD, content])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    KEY.public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    claims = cbor2.loads(content)
    assert claims[6] == 1_795_305_600
    assert list(claims[-65537][:5]) == [3, 1, 77_777, 260000000010, 1]
    assert claims[-65537][5].decode("cp1256") == "فاطمة"


def test_verified_by_pycose() -> None:
    messages = pytest.importorskip("pycose.messages", reason="pycose is not installed")
    keys = importlib.import_module("pycose.keys")
    message = messages.CoseMessage.decode(PAYLOAD)
    message.key = keys.CoseKey.from_dict(encode_cose_key(KEY.public_key(), kid=b"kid0"))
    message.external_aad = AAD
    assert message.verify_signature()


def test_verified_by_python_cwt() -> None:
    cwt = pytest.importorskip("cwt", reason="python-cwt is not installed")
    key = cwt.COSEKey.new(encode_cose_key(KEY.public_key(), kid=b"kid0") | {3: -7})
    assert cwt.COSE.new().decode(PAYLOAD, key, external_aad=AAD)
