"""A publishing site and a verifier's store."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from signing.formats.trust_bundle import FILE_NAME, Bundle
from signing.trust_bundles import sign_bundle
from verify.bundle.opening import open_trust
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.store import TrustStore
from verify.bundle.update import Update, VouchedRoot, update_store
from verify.reasons import Reason
from verify.seal import validate_seal_code


class World:
    """The bundle at hand is published; the store is yet to be made."""

    def __init__(self, site: Any, store: TrustStore) -> None:
        self.site, self.store = site, store
        self.first = site.publish_all()

    @property
    def vouched(self) -> VouchedRoot:
        return VouchedRoot.from_pem((self.site.public / "root.pem").read_bytes())

    def update(self, place: Path | None = None, **choice: Any) -> Update:
        return update_store(self.store, place or self.site.public, at=self.site.now, **choice)

    def refusal(self, place: Path | None = None, **choice: Any) -> tuple[BundleProblem, str]:
        with pytest.raises(BundleError) as caught:
            self.update(place, **choice)
        return caught.value.problem, caught.value.artefact

    def published_later(self) -> Bundle:
        self.site.later(hours=1)
        return self.site.publish_all()  # type: ignore[no-any-return]  (a fixture's class)

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.site.public, self.site.root / name))

    def sign(self, bundle: Bundle, place: Path | None = None) -> None:
        signer = self.site.signer
        signed = sign_bundle(bundle, signer=signer.signer, certificate=signer.certificate)
        ((place or self.site.public) / FILE_NAME).write_bytes(signed)

    def reason(self, text: str, at: datetime | None = None) -> Reason:
        at = at or self.site.now
        return validate_seal_code(text, trust=open_trust(self.store, at=at), at=at).reason


def changed(bundle: Bundle, **changes: Any) -> Bundle:
    values = {name: getattr(bundle, name) for name in Bundle.__slots__}
    return Bundle(**{**values, "version": bundle.version, **changes})
