import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

# Test folders are not packages; the helper beside this file is imported by its name.
sys.path.insert(0, str(Path(__file__).parent))

from enrolment_office import START, Office

from ca.applications import prepare_applications
from ca.certificates import CertificateRequest, Issuer, issue
from ca.names import Operator, authority_name
from ca.profiles import ProfileName
from ca.store import prepare_books
from ca.urls import PublicUrls
from issuance.database import open_database
from keys.key_file import ScryptCost
from keys.signer import Algorithm, Purpose
from keys.software import SoftwareCustody


def _custody(folder: Path) -> SoftwareCustody:
    return SoftwareCustody(folder, lambda: b"correct horse", cost=ScryptCost(n=2, p=1))


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books in which a root and an issuing authority stand: to be copied, never changed."""
    root = tmp_path_factory.mktemp("founded")
    engine = open_database(f"sqlite:///{root / 'authority.db'}")
    prepare_books(engine)
    prepare_applications(engine)
    custody, above = _custody(root / "keys"), None
    for profile, purpose, algorithm in (
        (ProfileName.ROOT, Purpose.ROOT, Algorithm.P384),
        (ProfileName.ISSUING, Purpose.ISSUING, Algorithm.P256),
    ):
        signer = custody.generate(profile.value, purpose=purpose, algorithm=algorithm)
        subject = authority_name(Operator(), f"Wathiqa {profile.value} CA")
        issuer = above or Issuer(name="root", subject=subject, signer=signer, certificate=None)
        request = CertificateRequest(
            profile=profile,
            name=profile.value,
            subject=subject,
            key_id=profile.value,
            public_key=signer.public_key,
        )
        certificate = issue(engine, issuer, request, at=START - timedelta(days=1), urls=PublicUrls())
        above = Issuer(name=profile.value, subject=subject, signer=signer, certificate=certificate)
        (root / f"{profile.value}.cer").write_bytes(certificate.public_bytes(Encoding.DER))
    engine.dispose()
    return root


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Iterator[Office]:
    """An authority with nobody enrolled yet."""
    copy = tmp_path / "authority.db"
    shutil.copy(founded / "authority.db", copy)
    engine = open_database(f"sqlite:///{copy}")
    certificate = x509.load_der_x509_certificate((founded / "issuing.cer").read_bytes())
    signer = _custody(founded / "keys").load("issuing")
    issuer = Issuer(name="issuing", subject=certificate.subject, signer=signer, certificate=certificate)
    yield Office(engine, issuer)
    engine.dispose()
