"""Signer processes that share a PKCS #11 token (SoftHSM), and a process that asks them and knows no PIN."""

import sys
from pathlib import Path

import pytest
from asn1crypto import cms, tsp

from issuance.custody import PIN_VARIABLE
from issuance.installation import initialise
from issuance.settings import Layout, Settings, load_settings
from issuance.signers import signers, start_keeper
from keys.errors import KeyUnavailable
from keys.signer import Purpose
from keys.verification import verify_signature

sys.path.insert(0, str(Path(__file__).parents[2] / "contract" / "custody"))

from soft_hsm import LABEL, PIN, SoftHsm


@pytest.fixture
def hsm(tmp_path: Path) -> SoftHsm:
    return SoftHsm(tmp_path / "softhsm")


@pytest.fixture
def layout(hsm: SoftHsm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    made = Layout(root=tmp_path / "service")
    settings = Settings(custody="pkcs11", pkcs11_module=hsm.library, pkcs11_token=LABEL)
    monkeypatch.setenv(PIN_VARIABLE, PIN)
    initialise(made, settings, passphrase_in_file=False, persons=30).close()
    return made


def test_they_sign_and_survive_a_token_that_is_pulled_out(
    hsm: SoftHsm, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = start_keeper(layout)
    monkeypatch.delenv(PIN_VARIABLE)
    data = signed_attributes()
    with signers(layout, load_settings(layout), keeper) as keyring:
        assert keyring is not None
        for key_id in ("issuing", "seal-civil-registry"):
            assert keyring.load(key_id).public_key
        lent = keyring.load("timestamp")

        for _ in range(2):
            signature = lent.sign(data, purpose=Purpose.TIMESTAMP)
            verify_signature(signature, data, algorithm=lent.algorithm, public_key=lent.public_key)
            with hsm.unplugged(), pytest.raises(KeyUnavailable):
                lent.sign(data, purpose=Purpose.TIMESTAMP)
        assert lent.sign(data, purpose=Purpose.TIMESTAMP)


def signed_attributes() -> bytes:
    """What a time-stamp's signature is over (RFC 3161, RFC 5652 §5.4)."""
    certificate = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": bytes(32)})]})
    values = {"content_type": "tst_info", "message_digest": bytes(32), "signing_certificate_v2": certificate}
    attributes = [cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values.items()]
    return bytes(cms.CMSAttributes(attributes).dump())
