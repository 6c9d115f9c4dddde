"""Rendered, sealed and published by the real parts; judged by ours and by other makers' tools."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import page
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pypdf import PdfReader
from sqlalchemy import Engine, StaticPool, create_engine

from ca.evidence import RevocationEvidence
from ca.hierarchy import Hierarchy, establish
from ca.names import Agency
from ca.publication import publish
from ca.store import metadata
from ca.urls import PublicUrls
from issuance.rendering.renderer import Renderer
from keys.signer import Algorithm, Purpose, Signer
from signing.formats.claims import SealClaims, record_digest
from signing.formats.document_number import make_document_number
from signing.formats.profiles import profile_of_kind, seal_fields
from signing.formats.status_list import Status, StatusList, status_list_name
from signing.formats.trust_list import Agency as ListedAgency
from signing.formats.trust_list import SealKey, StatusKey, TrustList
from signing.pades.revocation import RevocationData
from signing.pades.sealer import Sealer
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import packaged_set
from signing.seal_codes import SealCode, SealCodeSigner, key_identifier
from signing.status_lists import StatusListSigner
from signing.trust_lists import sign_trust_list
from verify.documents import validate_document
from verify.trust import load_trust
from verify.verdict import Verdict

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CHECKED_AT = NOW + timedelta(hours=3)
ORIGIN = "https://verify.wathiqa.example"
AGENCY = "workers-register"
IDENTIFIER = "NTRSY-0041776"
NUMBER = make_document_number(2026, 17)


@dataclass
class Works:
    """A sealed document on disk beside all that is published."""

    public: Path
    document: Path
    code: str


def embedded() -> dict[str, Any]:
    def text(ar: str, en: str) -> dict[str, str]:
        return {"ar": ar, "en": en}

    person = {
        "national_number": "99010000017",
        "given_name": text("ليلى", "Layla"),
        "family_name": text("الخطيب", "Al-Khatib"),
        "father_name": text("سامر", "Samer"),
        "mother_name": text("هدى", "Huda"),
        "sex": "female",
        "birth_date": "1999-03-01",
        "birth_place": text("دمشق", "Damascus"),
        "nationality": "SY",
        "registration": {
            "governorate": "SY-DI",
            "civil_registry_office": text("أمانة دمشق", "Damascus office"),
            "registry_place": text("الصالحية", "Salihiyya"),
            "registry_number": "123",
        },
    }
    document = {
        "number": NUMBER,
        "issued_on": "2026-11-22",
        "valid_until": "2027-02-20",
        "agency": AGENCY,
        "service": "non-employment",
        "service_version": 1,
        "issued_at_office": text("مركز خدمة المواطن في دمشق", "Citizen Service Centre, Damascus"),
        "request_number": "R-26-7KQ2M9XA4",
        "purpose": None,
        "template": packaged_set().digest,
        "check_code": "7KQ2M9XA4RTB",
    }
    return {
        "$schema": f"{ORIGIN}/schemas/non-employment-1.json",
        "kind": "non-employment",
        "document": document,
        "record": {"person": person, "statement": {"as_of": "2026-11-22", "result": "not-employed"}},
    }


@pytest.fixture(scope="module", params=[Algorithm.P256, Algorithm.RSA3072])
def works(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    offline_root: Any,
    open_keyring: Any,
) -> Iterator[Works]:
    folder = tmp_path_factory.mktemp("works")
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    keyring = open_keyring(folder, lambda: NOW)
    offline_root(keyring, engine).found(at=NOW)
    agency = Agency(
        code=AGENCY,
        name_ar="سجل العاملين",
        name_en="Workers' Register",
        organization_identifier=IDENTIFIER,
    )
    hierarchy = establish(
        keyring,
        engine,
        at=NOW,
        urls=PublicUrls(),
        agencies=[agency],
        seal_algorithms={AGENCY: request.param},
    )
    code_key = keyring.generate("seal-code", purpose=Purpose.SEAL_CODE)
    status_key = keyring.generate("status", purpose=Purpose.STATUS)
    record = embedded()
    code = _seal_code(record, code_key)
    pdf = Renderer().render(record, SealSymbol(prefix=code.prefix, digits=code.digits), at=NOW)
    document, public = folder / "document.pdf", folder / "public"
    document.write_bytes(_sealer(hierarchy, engine).seal(pdf, at=NOW))
    publish(public, hierarchy, engine, at=CHECKED_AT)
    _publish_lists(public, hierarchy, code_key, status_key)
    yield Works(public=public, document=document, code=code.text)
    engine.dispose()


def _seal_code(record: dict[str, Any], signer: Signer) -> SealCode:
    profile = profile_of_kind("non-employment")
    claims = SealClaims(
        issued_at=NOW,
        expires_at=NOW + timedelta(days=90),
        profile=profile.code,
        status_list=1,
        status_index=4711,
        number=NUMBER,
        agency=2,
        fields=seal_fields(profile, record),
        record_digest=record_digest(record),
    )
    kid = key_identifier(signer.public_key)
    return SealCodeSigner(signer=signer, kid=kid, verify_origin=ORIGIN).sign(claims)


def _sealer(hierarchy: Hierarchy, engine: Engine) -> Sealer:
    credential = hierarchy.seal(AGENCY)
    evidence = RevocationEvidence(hierarchy, engine)

    def revocation(at: datetime) -> RevocationData:
        found = evidence.for_seal(AGENCY, at=at)
        return RevocationData(
            crls=found.crls,
            certificates=tuple(each.public_bytes(Encoding.DER) for each in found.certificates),
        )

    stamper = hierarchy.time_stamper(lambda: NOW)
    return Sealer(credential.signer, credential.certificate, credential.chain, stamper.token, revocation)


def _publish_lists(public: Path, hierarchy: Hierarchy, code_key: Signer, status_key: Signer) -> None:
    window = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=365)}
    kid, status_kid = key_identifier(code_key.public_key), key_identifier(status_key.public_key)
    trust_list = TrustList(
        version=1,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=30),
        verify_origin=ORIGIN,
        agencies=(
            ListedAgency(
                code=2,
                id=AGENCY,
                ar="سجل العاملين",
                en="Workers' Register",
                organization_identifier=IDENTIFIER,
            ),
        ),
        seal_keys=(SealKey(kid=kid, public_key=code_key.public_key, agency=2, profiles=(7,), **window),),
        status_keys=(StatusKey(kid=status_kid, public_key=status_key.public_key, **window),),
    )
    signer = hierarchy.trust_list_signer
    (public / "trust-list.cwt").write_bytes(
        sign_trust_list(trust_list, signer=signer.signer, certificate=signer.certificate)
    )
    entries = StatusList.not_issued()
    entries.set(4711, Status.VALID)
    lists = StatusListSigner(signer=status_key, kid=status_kid, verify_origin=ORIGIN)
    target = public / status_list_name(1)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(lists.sign(1, entries, CHECKED_AT))


def run(works: Works, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from verify.app import main; main()"]
    options = ["--trust", str(works.public), "--at", CHECKED_AT.isoformat()]
    return subprocess.run(
        [*command, *arguments, *options], check=False, capture_output=True, text=True, timeout=60
    )


def test_genuine_by_the_published_files_alone(works: Works) -> None:
    trust = load_trust(works.public, at=CHECKED_AT)
    report = validate_document(works.document.read_bytes(), trust=trust, at=CHECKED_AT)

    assert report.verdict is Verdict.GENUINE, report.checks


@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_conformance_of_the_real_page(works: Works, profile: str) -> None:
    report = page.validate_pdf_bytes(works.document.read_bytes(), profile=profile)

    # Its reading of ISO 19005-3 §6.4.3 allows no revision behind a signature; veraPDF's does.
    assert {each.rule_id for each in report.failures} <= {"PDFA3A-SIGNATURE-BYTERANGE-001"}


def test_command_says_genuine(works: Works) -> None:
    done = run(works, str(works.document), "--json")

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "genuine"
    assert report["document"]["number"] == NUMBER


def test_command_says_forged_and_speaks_arabic(works: Works, tmp_path: Path) -> None:
    forged = tmp_path / "forged.pdf"
    forged.write_bytes(works.document.read_bytes() + b" ")
    done = run(works, str(works.document), str(forged))

    assert done.returncode == 1
    assert "✖ غير أصلية" in done.stdout
    assert "✔ أصلية وسارية" in done.stdout


def test_command_judges_a_symbol_alone(works: Works) -> None:
    assert run(works, "--seal", works.code).returncode == 0
    assert run(works, "--seal", works.code[:-1]).returncode == 1


def test_command_without_the_status_list_cannot_decide(works: Works, tmp_path: Path) -> None:
    partial = tmp_path / "public"
    shutil.copytree(works.public, partial)
    shutil.rmtree(partial / "status")
    poorer = Works(public=partial, document=works.document, code="")

    assert run(poorer, str(works.document)).returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [["missing.pdf"], [], ["--no-such-option"], ["x.pdf", "--at", "yesterday"]],
    ids=["no such file", "nothing to judge", "unknown option", "no instant"],
)
def test_command_that_could_not_run(works: Works, arguments: list[str]) -> None:
    done = run(works, *arguments)

    assert done.returncode == 3
    assert done.stderr.startswith("wathiqa-verify: ")


def needs(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


@pytest.mark.interop
def test_pdfsig_calls_the_signature_valid(works: Works) -> None:
    needs("pdfsig")
    done = subprocess.run(["pdfsig", works.document], check=False, capture_output=True, text=True, timeout=60)

    assert "Signature is Valid." in done.stdout
    # A store follows the seal (PAdES-B-LT); `wathiqa-verify` says that it is nothing else.
    assert "Not total document signed" in done.stdout
    assert "ETSI.CAdES.detached" in done.stdout


@pytest.mark.interop
def test_openssl_verifies_signature_and_time_stamp(works: Works, tmp_path: Path) -> None:
    needs("openssl")
    pdf = works.document.read_bytes()
    value = PdfReader(works.document).root_object["/AcroForm"]["/Fields"][0].get_object()["/V"]
    _, end, second, length = value["/ByteRange"]
    content = pdf[:end] + pdf[second : second + length]
    (tmp_path / "content").write_bytes(content)
    (tmp_path / "seal.der").write_bytes(bytes(value["/Contents"].original_bytes))
    seconds = str(int(CHECKED_AT.timestamp()))
    command = f"openssl cms -verify -binary -inform DER -in seal.der -content content -purpose any -out out \
-CAfile {works.public / 'root.pem'} -attime {seconds}"
    done = subprocess.run(
        command.split(), check=False, capture_output=True, text=True, cwd=tmp_path, timeout=60
    )

    assert done.returncode == 0, done.stderr
