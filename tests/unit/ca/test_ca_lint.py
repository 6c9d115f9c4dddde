"""pkilint (DigiCert) judges what the authority issues: RFC 5280, RFC 6960 and ETSI EN 319 412."""

import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import select

from ca.crl import issue_crl
from ca.errors import LinterRefuses
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.revocation import revoke, suspend
from ca.second_opinion import (
    ACCEPTED,
    Finding,
    find_in_certificate,
    find_in_crl,
    find_in_ocsp_response,
    require_good_crl,
    require_good_ocsp_response,
)
from ca.store import load_certificate, load_last_crl
from ca.tables import intents
from keys.signer import Algorithm, Purpose


def serious(findings: list[Finding], profile: ProfileName | None = None) -> set[str]:
    accepted = {each.code for each in ACCEPTED if profile in each.profiles}
    return {each.code for each in findings if each.is_serious} - accepted


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.RSA3072])
def test_every_certificate_of_an_authority_passes(empty: Any, algorithm: Algorithm) -> None:
    hierarchy = empty().establish(seal_algorithms={"civil-registry": algorithm})
    by_subject = {each.certificate.subject: each.der for each in hierarchy.credentials()}
    for credential in hierarchy.credentials():
        profile = ProfileName(credential.name if not credential.name.startswith("seal-") else "seal")
        issuer = by_subject[credential.certificate.issuer]
        above = None if issuer == credential.der else issuer
        assert serious(find_in_certificate(credential.der, profile, issuer=above), profile) == set()


def test_a_list_passes(pki: Any) -> None:
    revoked, held = (pki.hierarchy.seal(code).certificate for code in ("civil-registry", "workers-register"))
    with pki.engine.begin() as connection:
        revoke(
            connection,
            revoked.serial_number,
            reason=RevocationReason.KEY_COMPROMISE,
            at=pki.now,
            invalid_since=pki.now,
        )
        suspend(connection, held.serial_number, at=pki.now)
    crl = issue_crl(pki.engine, pki.hierarchy.issuing.as_issuer(), at=pki.now)

    assert serious(find_in_crl(crl.der)) == set()
    require_good_crl(crl.der)


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_an_ocsp_answer_passes(pki: Any, hash_name: str) -> None:
    with pki.engine.connect() as connection:
        issued = load_certificate(connection, pki.hierarchy.timestamp.certificate.serial_number)
    responder = pki.hierarchy.ocsp_responder()
    draft = responder.draft(issued, at=pki.now, hash_name=hash_name)
    answer = responder.complete(draft, responder.signer.sign(draft.to_be_signed, purpose=Purpose.OCSP))

    assert serious(find_in_ocsp_response(answer)) == set()
    require_good_ocsp_response(answer)


def test_the_judge_does_find_faults(pki: Any) -> None:
    """A linter that never complains proves nothing."""
    usage = bytes.fromhex("0404030201")  # keyUsage of the root: keyCertSign and cRLSign
    der = pki.hierarchy.root.der
    assert der.count(usage + b"\x06") == 1
    broken = der.replace(usage + b"\x06", usage + b"\x02")
    assert serious(find_in_certificate(broken, ProfileName.ROOT, issuer=None))

    crl = issue_crl(pki.engine, pki.hierarchy.issuing.as_issuer(), at=pki.now).der
    number = bytes.fromhex("0603551d14")  # the list's number becomes an extension that nobody knows
    assert crl.count(number) == 1
    with pytest.raises(LinterRefuses, match="number"):
        require_good_crl(crl.replace(number, bytes.fromhex("0603551d7f")))


def test_what_the_linter_refuses_is_not_signed(pki: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number is burnt, the key was not used, and the next list is as good as ever."""
    issuer = pki.hierarchy.issuing.as_issuer()
    bad = Finding(code="pkix.something", severity="WARNING", message="said aloud")
    with monkeypatch.context() as patch:
        patch.setattr("ca.second_opinion.find_in_crl", lambda _: [bad])
        with pytest.raises(LinterRefuses, match=r"pkix\.something said aloud"):
            issue_crl(pki.engine, issuer, at=pki.now)
    with pki.engine.connect() as connection:
        before = load_last_crl(connection, "issuing")
        assert connection.execute(select(intents.c.subject)).scalars().all() == ["issuing 1"]

    assert before is not None
    assert issue_crl(pki.engine, issuer, at=pki.now).number == before.number + 2


def test_commands_that_sign_nothing_do_not_wait_for_the_linter() -> None:
    script = (
        "import sys, ca.crl, ca.certificates, ca.publication\n"
        "sys.exit(any(name.startswith('pkilint') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
