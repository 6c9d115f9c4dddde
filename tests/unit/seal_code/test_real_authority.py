"""The chain as our own authority issues it: Python and the browser both follow it to the root."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from ca.hierarchy import establish
from ca.names import Agency
from ca.publication import publish
from ca.store import metadata
from ca.urls import PublicUrls
from signing.formats.trust_list import FILE_NAME
from signing.trust_lists import sign_trust_list
from verify.publishing.publication import publish_page
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import load_trust


def test_a_seal_under_our_own_authority(
    world: Any, page: Page, tmp_path: Path, offline_root: Any, open_keyring: Any
) -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    at = world.claims().issued_at - timedelta(days=3)
    keyring = open_keyring(tmp_path, lambda: at)
    offline_root(keyring, engine).found(at=at)
    hierarchy = establish(
        keyring,
        engine,
        at=at,
        urls=PublicUrls(),
        agencies=[
            Agency(
                code="civil-registry",
                name_ar="مديرية الأحوال المدنية",
                name_en="Directorate of Civil Status",
                organization_identifier="GO:SY-CIVIL-STATUS",
            )
        ],
    )
    publish(world.public, hierarchy, engine, at=at)
    engine.dispose()
    credential = hierarchy.trust_list_signer
    signed = sign_trust_list(world.trust_list(), signer=credential.signer, certificate=credential.certificate)
    (world.public / FILE_NAME).write_bytes(signed)
    root_key = hierarchy.root.certificate.public_key()
    anchor = root_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    publish_page(world.public, verify_origin=world.origin, trust_anchor_spki=anchor)

    today = world.claims().issued_at + timedelta(hours=6)
    trust = load_trust(world.public, at=today)
    assert validate_seal_code(world.seal_text(), trust=trust, at=today).reason is Reason.IN_FORCE
    assert trust.certificates
    assert trust.crls
    page.goto(world.seal_text())
    page.locator("#verdict").wait_for()
    assert page.locator("#verdict").get_attribute("data-reason") == "in-force"
