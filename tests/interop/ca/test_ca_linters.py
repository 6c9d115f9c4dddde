"""Linters judge every kind of certificate and list that we make: pkilint's commands, and ZLint."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from ca.certificates import Issuer, issue
from ca.crl import issue_crl
from ca.key_rules import KeyKind
from ca.profiles import PROFILES, ProfileName
from ca.reasons import RevocationReason
from ca.revocation import revoke, suspend
from ca.second_opinion import ACCEPTED, ETSI_TYPES
from ca.store import prepare_books
from ca.throwaway import ThrowawaySigner
from keys.signer import Algorithm, Purpose

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "unit/ca"))
from authority_by_hand import NOW, URLS, certified, good, issuer_of, issuing, request, root
from zlint import ask_zlint, find_zlint

pytestmark = pytest.mark.interop
SERIOUS = {"FATAL", "ERROR", "WARNING"}
# What ZLint says of our lists and is let stand: (list, lint). docs/certificates.md says why.
ZLINT_ACCEPTED = {
    ("issuing", "e_cab_crl_has_valid_reason_code"),
    ("root", "e_crl_next_update_invalid"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of every profile with every kind of key, and lists with every kind of entry."""
    folder = tmp_path_factory.mktemp("linted")
    for name, certificate in _certificates():
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    for name, der in _lists():
        crl = x509.load_der_x509_crl(der)
        (folder / f"{name}.crl").write_bytes(crl.public_bytes(Encoding.PEM))
    return folder


def _certificates() -> Iterator[tuple[str, x509.Certificate]]:
    key = rsa.generate_private_key(65537, 3072).public_key()
    for profile in ProfileName:
        yield f"{profile.value}.ec", good(profile)
        if profile is not ProfileName.ROOT and KeyKind.RSA in PROFILES[profile].keys:
            yield f"{profile.value}.rsa", certified(profile, issuer_of(profile), key)


def _lists() -> Iterator[tuple[str, bytes]]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    prepare_books(engine)
    signer = ThrowawaySigner(Algorithm.RSA3072, Purpose.ISSUING)
    by_rsa = Issuer(
        name="issuing-2",
        subject=issuing().subject,
        signer=signer,
        certificate=certified(ProfileName.ISSUING, root(), signer.public_key),
    )
    for name, issuer in (("root", root()), ("issuing", issuing()), ("issuing-rsa", by_rsa)):
        yield f"{name}.empty", issue_crl(engine, issuer, at=NOW).der
    reasons = [each for each in RevocationReason if each is not RevocationReason.CERTIFICATE_HOLD]
    later = NOW + timedelta(hours=2)
    for reason in reasons:
        serial = _issue(engine, reason.value)
        with engine.begin() as connection:
            revoke(connection, serial, reason=reason, at=later, invalid_since=NOW)
    yield "issuing.revoked", issue_crl(engine, issuing(), at=later).der
    with engine.begin() as connection:
        suspend(connection, _issue(engine, "held"), at=later)
    yield "issuing.held", issue_crl(engine, issuing(), at=later).der
    engine.dispose()


def _issue(engine: Any, name: str) -> int:
    wanted = request(ProfileName.SEAL, name=f"seal-{name}")
    return issue(engine, issuing(), wanted, at=NOW, urls=URLS).serial_number


def _pkilint(command: str, *arguments: str) -> set[str]:
    """The codes that one of its commands finds serious."""
    tool = shutil.which(command, path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip(f"{command} of pkilint is not installed")
    done = subprocess.run(
        [tool, "lint", "-f", "JSON", "-s", "ALL", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = json.loads(done.stdout)["results"]
    assert said, "it looked at something"
    found = [each for result in said for each in result["finding_descriptions"]]
    return {each["code"] for each in found if each["severity"] in SERIOUS}


def test_pkilint_finds_nothing_in_any_certificate(folder: Path) -> None:
    for path in sorted(folder.glob("*.pem")):
        profile = ProfileName(path.name.split(".")[0])
        accepted = {each.code for each in ACCEPTED if profile in each.profiles}
        assert _pkilint("lint_pkix_cert", str(path)) == set(), path.name
        if profile in ETSI_TYPES:
            kind = ETSI_TYPES[profile].replace("_", "-")
            assert _pkilint("lint_etsi_cert", "-t", kind, str(path)) <= accepted, path.name
        if profile is not ProfileName.ROOT:
            issuer = folder / f"{PROFILES[profile].issuer.value}.ec.pem"
            assert _pkilint("lint_pkix_signer_signee_cert_chain", str(issuer), str(path)) == set(), path.name


def test_pkilint_finds_nothing_in_any_list(folder: Path) -> None:
    for path in sorted(folder.glob("*.crl")):
        kind = "ARL" if path.name.startswith("root") else "CRL"
        assert _pkilint("lint_crl", "-t", kind, "-p", "PKIX", str(path)) == set(), path.name


def test_zlint_finds_nothing_in_any_certificate(folder: Path, request: pytest.FixtureRequest) -> None:
    tool = find_zlint(request.config.cache.mkdir("zlint"))  # type: ignore[union-attr]  # the cache is there
    for path in sorted(folder.glob("*.pem")):
        said, passed = ask_zlint(tool, path)
        assert said == {}, path.name
        assert passed > 50, "it looked at something"


def test_zlint_finds_nothing_in_any_list_but_what_is_accepted(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    tool = find_zlint(request.config.cache.mkdir("zlint"))  # type: ignore[union-attr]  # the cache is there
    found = set()
    for path in sorted(folder.glob("*.crl")):
        said, passed = ask_zlint(tool, path)
        found |= {(path.name.split(".")[0], name) for name in said}
        assert passed > 8, "it looked at something"

    assert found == ZLINT_ACCEPTED


def test_zlint_does_find_faults(folder: Path, request: pytest.FixtureRequest) -> None:
    """A linter that never complains proves nothing: a serial number of nought."""
    tool = find_zlint(request.config.cache.mkdir("zlint"))  # type: ignore[union-attr]  # the cache is there

    _, _, der = pem.unarmor((folder / "seal.ec.pem").read_bytes())
    raw = asn1.Certificate.load(der)
    raw["tbs_certificate"]["serial_number"] = 0
    broken = folder / "broken.txt"
    broken.write_bytes(pem.armor("CERTIFICATE", raw.dump(force=True)))

    assert "e_serial_number_not_positive" in ask_zlint(tool, broken)[0]
