from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from ca.hierarchy import Hierarchy, establish
from ca.names import Agency
from ca.publication import publish
from ca.store import metadata
from ca.urls import PublicUrls
from keys.signer import Algorithm


@dataclass
class Written:
    """An authority whose files other tools can read; its time is the machine's, because theirs is."""

    directory: Path
    hierarchy: Hierarchy
    engine: Engine
    now: datetime


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, offline_root: Any, open_keyring: Any) -> Any:
    directory = tmp_path_factory.mktemp("authority")
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    agencies = [
        Agency(
            code=code,
            name_ar="مديرية الأحوال المدنية",
            name_en="Directorate of Civil Status",
            organization_identifier="GO:SY-CIVIL-STATUS",
        )
        for code in ("ec", "rsa")
    ]
    now = datetime.now(UTC)
    keyring = open_keyring(directory / "keyring", lambda: now)
    offline_root(keyring, engine).found(at=now)
    hierarchy = establish(
        keyring,
        engine,
        at=now,
        urls=PublicUrls(),
        agencies=agencies,
        seal_algorithms={"rsa": Algorithm.RSA3072},
    )
    publish(directory, hierarchy, engine, at=now)
    for credential in hierarchy.credentials():
        pem = credential.certificate.public_bytes(Encoding.PEM)
        (directory / f"{credential.name}.pem").write_bytes(pem)
    yield Written(directory=directory, hierarchy=hierarchy, engine=engine, now=now)
    engine.dispose()
